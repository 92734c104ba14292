"""A cache that counts its keys in its own log: when they came up to as many as it has room for, and stayed so many."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

MORE = 1.05
"""So many times the keys of before: it had room for those."""
EVEN = 0.02
"""What throws out a key for each that comes holds about as many all the time."""
_OFTEN = 3
_COUNTS = late(r"\bDB (\d{1,4}): (\d{1,12}) keys \(\d{1,12} volatile\) in \d{1,12} slots HT\b")
"""How Redis and its kin count keys every few seconds or minutes, at their talkative level."""


def came_up_to_its_room(view: View, cache: Workload) -> Evidence | None:
    """Return since when a full cache holds as many keys as fit, after it had held fewer; None if that is not told.

    While it held fewer it threw none out: what it evicts it does since then, though figures do not go back so far.
    """
    for log in view.logs_of(cache.live, previous=False):
        if not speaks_of(log, ("slots ht",)):
            continue
        counts: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
        for line in log.lines:
            said, at = _COUNTS.search(line), stamp(line)
            if said is not None and at is not None:
                counts[said.group(1)].append((at, int(said.group(2))))
        # What fills it is the largest of its parts.
        for told in sorted(counts.values(), key=lambda told: told[-1][1])[-1:]:
            if turn := _turn(told):
                before, now, since = turn
                fact = f"it held {before} keys until then, and holds {now} all the time since: no more fit"
                return Evidence("logs", f"Pod/{log.pod}", fact, since)
    return None


def _turn(told: list[tuple[datetime, int]]) -> tuple[int, int, datetime] | None:
    """Return the most keys before, those now, and since when these are even."""
    now = told[-1][1]
    even = len(told)
    while even and abs(told[even - 1][1] - now) <= EVEN * now:
        even -= 1
    before = [keys for _, keys in told[:even]]
    if len(before) < _OFTEN or len(told) - even < _OFTEN or max(before) * MORE > now:
        return None
    return max(before), now, told[even][0]
