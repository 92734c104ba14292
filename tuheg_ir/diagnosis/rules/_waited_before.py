"""Words that tell how long something had waited: what waited before a release came does not wait for its sake."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.marked import Marked, shape_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SLACK = timedelta(minutes=1)
"""So far apart are the clocks of who began to wait and of who counts."""
TWICE = 2
"""One wait that is older than a release may be one that was forgotten long ago."""
MOSTLY = 0.5
"""What was under way as a release came is older than it too: where it is broken, more waits later that is not."""
_UNIT = r"(?:ms|millis|sec(?:ond)?s?|s|min(?:ute)?s?)"
_WAITED = late(
    rf"\b(?<!max )(?:wait(?:ed|ing)?|pending|queued)(?:[_-]?(?:for|since|time|age))?[_-]?(?P<in>{_UNIT})?"
    rf"[\"']?\s?[=:]\s?[\"']?(?P<field>\d{{1,9}}(?:\.\d+)?)\s?(?P<unit>{_UNIT})?\b"
    rf"|\b(?:waited|waiting|pending|queued) (?:for |since )?(?P<said>\d{{1,9}}(?:\.\d+)?) ?(?P<of>{_UNIT})\b",
    re.IGNORECASE,
)
"""How a program says how long it, or what it asks for, has waited so far; not how long it waits at most."""
_WILL = late(r"retr(?:y|ies)|back-?off|\bagain\b|attempt|\bnext\b|\bsleep|\b(?:before|until)\b", re.IGNORECASE)
"""Words beside how long something will wait from now on."""


def waited_before(view: View, workload: Workload, words: Marked) -> bool:
    """Tell whether a log says, after a release of its own, that most of what it tells of waits since before that."""
    came = workload.released_at
    if came is None:
        return False
    pods = [pod for pod in workload.live if pod.name in words.pods]
    lines = (line for log in view.logs_of(pods, previous=False) for line in log.lines)
    told = (line for line in lines if _WAITED.search(line) and shape_of(line) == words.shape)
    since = [began for began in map(_began, told) if began is not None]
    older = sum(began < came - SLACK for began in since)
    return older >= max(TWICE, MOSTLY * len(since))


def _began(line: str) -> datetime | None:
    """Return when that began to wait of which a line tells; None: it tells no unit, or not when, or what is to come."""
    found, at = _WAITED.search(line), stamp(line)
    unit = (found["in"] or found["unit"] or found["of"] or "").lower() if found else ""
    if found is None or at is None or not unit or (_may_be_to_come(found) and _WILL.search(line)):
        return None
    length = float(found["field"] or found["said"])
    if unit in ("ms", "millis"):
        return at - timedelta(milliseconds=length)
    return at - (timedelta(minutes=length) if unit.startswith("min") else timedelta(seconds=length))


def _may_be_to_come(found: re.Match[str]) -> bool:
    """Tell whether words are as well those of who will wait: wait=900s, waiting 900 s; not waited, or a field of it."""
    said = found[0].lower()
    past = said.startswith(("waited", "pending", "queued")) or (said.startswith("waiting") and found["field"])
    return not past
