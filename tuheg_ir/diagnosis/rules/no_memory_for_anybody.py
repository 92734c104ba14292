"""A store refuses whoever asks, as all of its memory is in use, and nobody asks for another thing than before.

It says so itself, or its clients repeat it: the limit of the whole server was met, and not that of one request. Where
neither it nor anybody who asks it was changed, it is the work of all that has outgrown its memory. A start empties it
for minutes and takes its share from the others, more callers ask for more: a person gives it more, or asks less of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._capacity import asked_more
from tuheg_ir.diagnosis.rules._helping import HOURS, behind, not_for, settings_written
from tuheg_ir.diagnosis.rules._repeated import Repeated, repeated
from tuheg_ir.diagnosis.view.programs import of_role, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.trouble import suffering
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

OFTEN = 5
"""A server that is full for a moment refuses a few."""
JUST = timedelta(minutes=1)
"""What is changed so soon after the first word of it may still be behind it: clocks differ."""
_OF_ALL = {
    "search": late(r"\[parent\] Data too large|\bMemory Circuit Breaker triggered as JVM heap", re.IGNORECASE),
    "database": late(
        r"\bMemory limit \(total\) exceeded|\broot: memory budget exceeded|\bglobal RSS memory limit exceeded"
        r"|\binsufficient system memory in resource pool",
        re.IGNORECASE,
    ),
}
"""How servers, by their role, say that the memory of all their work together is used up, as clients repeat it."""
_WORDS = ("data too large", "memory circuit breaker", "memory limit", "memory budget", "system memory")


def when(view: View) -> Iterator[Match]:
    """A store repeats, or its clients do, that all of its memory is in use, and neither of them was changed."""
    for store in of_role(view.workloads, *_OF_ALL):
        told = [each for ref in (store.ref, *_who_ask(view, store)) if (each := _told(view, store, ref)) is not None]
        began = oldest(each.since for each in told)
        if began is None:
            continue
        suffer = behind(view, store.ref, but=store.ref)
        felt = tuple(suffering(view, store.ref))
        if _asks_otherwise(view, (store.ref, *suffer), began):
            continue
        if not felt and all(view.owner_of(each.pod) == store.ref for each in told):
            continue
        yield Match(
            component=store.ref,
            evidence=(*(each.told() for each in told[:3]), *asked_more(view, store), *felt[:1]),
            certainty=0.75,
            since=began,
            explains=suffer,
            excludes=(
                *not_for(suffer, f"{store.ref} has no memory for what is asked of it: more of it is refused as well"),
                *not_for(
                    (store.ref,),
                    "the same work fills it again, and what it keeps in memory is read anew",
                    (*RESTARTS, "rollback_workload"),
                ),
            ),
        )


def _who_ask(view: View, store: Workload) -> list[str]:
    """Return who calls a store, and no other one of its role: whose memory a line is about is known then."""
    found = []
    for ref in sorted(view.graph.callers(store.ref)):
        asked = (view.workloads[each] for each in view.graph.calls.get(ref, ()) if each in view.workloads)
        if [each.ref for each in asked if role(each) == role(store)] == [store.ref]:
            found.append(ref)
    return found


def _told(view: View, store: Workload, ref: str) -> Repeated | None:
    workload, words = view.workloads.get(ref), _OF_ALL[role(store)]
    told = repeated(view, workload, words, _WORDS, OFTEN) if workload else None
    said = words.search(told.line) if told else None
    # Where and when it was said often stands long before what was said.
    return told._replace(line=told.line[said.start() :]) if told and said else told


def _asks_otherwise(view: View, refs: tuple[str, ...], began: datetime) -> bool:
    """Tell whether one of those who ask, or who is asked, was changed in the hours before, or runs for once only."""
    for workload in (view.workloads[ref] for ref in refs if ref in view.workloads):
        at = workload.released_at if workload.changes else None
        if at is not None and began - HOURS <= at <= began + JUST:
            return True
        if (workload.kind in BATCH and workload.live) or settings_written(view, workload, began):
            return True
    return False


RULE = Rule(
    name="no_memory_for_anybody",
    title="A store refuses whoever asks, as the work of all has outgrown its memory",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no store tells that all of its memory is in use, with nobody changed who asks it",
)
