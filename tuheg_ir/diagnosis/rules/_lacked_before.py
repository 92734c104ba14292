"""What the new words of a release name was asked of somebody else in vain before it came: they only report it.

A page that is shown tells of pictures and files that others serve; its new pods have new logs, which begin with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.askers import answer_of
from tuheg_ir.diagnosis.view.marked import Marked
from tuheg_ir.diagnosis.view.silent import says
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

EARLIER = timedelta(minutes=5)
"""What failed so long before a release came is not of its roll-out."""
MOSTLY = 0.5
"""So large a share of the words has to name what was lacking already: each site has a few addresses of old."""
_PATH = late(r"(?://[^/\s\"'?#]+)?(/[\w%.~-]+(?:/[\w%.~-]+)+)")
"""A path of more than one part, without the host before it: a single part may be of anybody."""
_FAILED = 400


def lacked_before(view: View, workload: Workload, words: Marked, released: Workload) -> bool:
    """Tell whether most words of a log name what others answered with a failure before a release came."""
    came = released.released_at
    if came is None:
        return False
    named = list(_named(view, workload, words))
    lacking = _lacking(view, released, came - EARLIER) if named else set[str]()
    hit = [paths & lacking for paths in named if paths & lacking]
    return len(set[str]().union(*hit)) >= OFTEN and len(hit) >= MOSTLY * len(named)


def _named(view: View, workload: Workload, words: Marked) -> Iterator[set[str]]:
    """Yield the paths that each line of some words names."""
    said = says(words)
    for log in view.logs_of(workload.live, previous=False):
        yield from (set(_PATH.findall(line)) for line in log.lines if said(line))


def _lacking(view: View, released: Workload, until: datetime) -> set[str]:
    """Return the paths that others than a released workload told before then that they cannot answer."""
    found = set[str]()
    for other in view.serving:
        if other is not released:
            for log in view.logs_of(other.live, previous=False):
                for line in log.lines:
                    if answer_of(line) >= _FAILED and (at := stamp(line)) is not None and at < until:
                        found.update(_PATH.findall(line))
    return found
