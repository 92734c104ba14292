"""Who hands work to the readers of a queue tells in its own log that it hands over many times as much as it did."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.marked import complains
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LEAST = 10
"""So many lines have to be told before a time to say how often such a line came."""
LONG = timedelta(minutes=20)
"""Who tells of less time than that before may have had a quiet hour."""
_HANDS = late(
    r"\b(?:en)?queued\b|\bqueu(?:ed|ing) |\bpublish(?:ed|ing)\b|\bdispatched\b|\bhanded (?:over|on|out)\b"
    r"|\b(?:job|task|message|event)s? (?:was |were )?(?:sent|created|scheduled|produced)\b"
    r"|\b(?:sent|scheduled|produced) (?:a |the )?(?:job|task|message|event)",
    re.IGNORECASE,
)
_AGAIN = late(r"\bre-?(?:queu|publish|deliver|tri|try)|\battempt\b|\bagain\b|\bin the queue\b", re.IGNORECASE)
"""What is handed over a second time comes of those that fail."""


def told_more(view: View, reader: Workload, began: datetime, start: datetime, least: float) -> Iterator[Evidence]:
    """Yield those who tell again and again that they hand on work, and since a time do it many times as often.

    ``least``: so many times as much comes now as those who read can do. Where what came before was so much less, they
    would have kept up with it, as they are now. Each pod is compared with itself, so that no pod which is gone is
    missed; who has fewer of them now than then is not told of.
    """
    for each in view.serving:
        if each is reader or role(each) or each.ready < each.wanted or _renewed(each, began):
            continue
        found = _times(view, each, began, start)
        if found is not None and found[0] >= least:
            fact = f"it tells {found[0]:.1f} times as often as before that it hands on work: {found[1].strip()[:160]}"
            yield Evidence("logs", each.ref, fact, start)


def _renewed(sender: Workload, began: datetime) -> bool:
    """Tell whether a sender was released since: it may tell the same in other words, or send more than it should."""
    return bool(sender.changes) and sender.released_at is not None and sender.released_at >= began


def _times(view: View, sender: Workload, began: datetime, start: datetime) -> tuple[float, str] | None:
    """Return how many times as often a sender's pods tell of what they hand on, and one such line."""
    made = {pod.name: pod.created for pod in sender.live}
    before = after = past = 0.0
    told = ""
    for log in view.logs_of(sender.live, previous=False):
        created = made.get(log.pod)
        lines = [(at, line) for line in log.lines if (at := stamp(line)) is not None]
        if created is None or created >= began or not lines or began - lines[0][0] < LONG:
            continue
        earlier, later, line = _counted(log, began, start)
        past += earlier
        before += earlier / (began - lines[0][0]).total_seconds()
        after += later / max((view.now - start).total_seconds(), 1.0)
        told = told or line
    return (after / before, told) if past >= LEAST and before else None


def _counted(log: Log, began: datetime, start: datetime) -> tuple[int, int, str]:
    """Return how often a pod told that it hands on work before one time and after another, and one such line."""
    earlier = later = 0
    told = ""
    for line in log.lines:
        if not _HANDS.search(line) or _AGAIN.search(line) or complains(line):
            continue
        at = stamp(line)
        if at is not None and at < began:
            earlier += 1
        elif at is not None and at >= start:
            later += 1
            told = line
    return earlier, later, told
