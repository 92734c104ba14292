"""Words of who misses an answer, or data, that come by way of a queue that grows: it lies with who works it off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._all_at_work import outruns
from tuheg_ir.diagnosis.rules._fed_by import OLD, share_a_store
from tuheg_ir.diagnosis.rules._hands_work import may_hand
from tuheg_ir.diagnosis.rules._readers import given_up, grown, reader, waiting
from tuheg_ir.diagnosis.rules._readers import queues as known_queues
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.releases import BEFORE, SOON, since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_MISSES = late(
    r"\bnot (?:there|available|received|ready|delivered|arrived|completed|done)?\s?in time\b"
    r"|\bnot (?:yet )?(?:received|arrived|delivered)\b"
    r"|\b(?:no|without an?y?) (?:answer|reply|response|result)s? (?:came|yet|received|within|in time|after|from)\b"
    r"|\bgave up waiting\b|\bwait(?:ed|ing) (?:for .{0,60}|.{0,20})(?:in vain|timed? ?out|too long|expired)"
    r"|\btimed? ?out (?:while |after )?(?:wait\w*|await\w*)\b|\bstill waiting for\b"
    r"|\b(?:reply|response|result) timeout\b",
    re.IGNORECASE,
)
"""How a program says that what it waits for did not come: no words of how it asked, or of what it was told."""
HAS_ITSELF = late(
    r"\ba?wait\w* (?:for|on|to (?:acquire|obtain|get)) (?:(?:an?|the|its|free|idle|available|next|database|db) ){0,3}"
    r"(?:connections?|(?:\w+[- ])?locks?|mutex|semaphores?|objects?|pool|permits?|slots?"
    r"|(?:workers?|threads?)(?! (?:reply|answer|response|result)))\b",
    re.IGNORECASE,
)
"""Words of who waits for something that lies within itself, or with a store: no queue brings it."""
_OF_LENGTH = late(
    r"\b(?:queue|backlog|task|job|message)s?\b.{0,60}\b(?:above|over|exceed\w*|beyond|long\w*|grow\w*|high|depth|behind)\b"
    r"|\b(?:backlog|high|long|growing|lagging) (?:\w+ )?queue\b",
    re.IGNORECASE,
)
"""How a program says that a queue is long."""


def behind_a_queue(view: View, workload: Workload, line: str, began: datetime | None) -> Evidence | None:
    """Return the queue that another, who was not released, no longer works off since about then; None: there is none.

    Only for who says that an answer does not come: what it waits for may come out of that queue.
    """
    if began is None or not _MISSES.search(line) or HAS_ITSELF.search(line):
        return None
    return next(_grown(view, workload, began), None)


def fed_late(view: View, workload: Workload, line: str, began: datetime | None, released: Workload) -> Evidence | None:
    """Return the queue of whose reader a workload has its data, where it says that these are old; None: there is none.

    Not where that reader is the one that was released.
    """
    if began is None or not OLD.search(line):
        return None
    queues = _grown(view, workload, began)
    by = ((each, view.workloads[each.object]) for each in queues if each.object != released.ref)
    return next((each for each, reader_of_it in by if share_a_store(view, reader_of_it, workload)), None)


def of_its_length(view: View, workload: Workload, line: str, released: Workload) -> bool:
    """Tell whether who tells the length of a queue only warns of it, while its reader is outrun, as quick as ever.

    Not where the released may fill that queue: it has a store or a broker in common with its reader.
    """
    if role(workload) or not _OF_LENGTH.search(line):
        return False
    told = (each for each in known_queues(view) if view.component(each.labels.get("component", "")) == workload.ref)
    by = (reader(view, each) for each in told if grown(view, each) is not None)
    others = (each for each in by if each is not None and each is not workload and each is not released)
    return any(outruns(view, each) and not may_hand(view, released, each) for each in others)


def _grown(view: View, workload: Workload, began: datetime) -> Iterator[Evidence]:
    for series in known_queues(view):
        grew = grown(view, series)
        by = reader(view, series) if grew is not None and not given_up(view, series) else None
        if grew is None or by is None or by is workload or since_release(by, began):
            continue
        if grew.since is None or BEFORE - SOON <= grew.since - began <= SOON:
            yield waiting(series, by.ref, grew)
