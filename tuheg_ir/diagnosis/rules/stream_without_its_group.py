"""Readers of a stream ask for a group that the store lost while they ran, and only a start of theirs makes it.

Redis keeps the places of a stream's readers with its data: who starts empty, or is emptied, has neither. The stream is
made again by who writes first, its group by nobody. Where settings show that readers make it at each start, and from
the beginning, their start ends it; from the end on what came meanwhile is never read, and a person has to do it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._repeated import Repeated, repeated
from tuheg_ir.diagnosis.view.programs import of_role, role
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

OFTEN = 5
"""Who makes the group by itself when it is told so is told once or twice."""
SOON = timedelta(minutes=15)
"""Readers are told so soon after a store came back: they try again in seconds, or a minute or two."""
_GONE = late(r"\bNOGROUP No such (?:key '[^']{1,300}' or )?consumer group '[^']{1,300}'")
"""How Redis, and what speaks as it does, tells of it; all clients pass it on."""
_WORDS = ("nogroup",)
_MADE = late(r"group.{0,20}(?:create|make|ensure|init)|(?:create|make|ensure|init).{0,20}group", re.IGNORECASE)
_AT_START = late(r"(?:on|at)?[-_ ]?(?:start(?:[-_ ]?up)?|boot|init)", re.IGNORECASE)
"""Settings that tell when a group is made."""
_PLACE = late(r"group.{0,20}(?:from|start|offset|position|begin)", re.IGNORECASE)
_FIRST = late(r"0(?:-0)?|earliest|beginning|first|oldest", re.IGNORECASE)
"""Settings that tell from where it reads: from the beginning."""
_COMMAND = late(r"\bxgroup create \S{1,200} \S{1,200} (\S{1,40})", re.IGNORECASE)
"""The command itself, as an init container or a wrapper gives it."""


class _Lost(NamedTuple):
    """The store of a reader, and when it was started shortly before the group was missed."""

    store: str
    at: datetime


def when(view: View) -> Iterator[Match]:
    """Readers that run for longer repeat that a stream or its group is not there."""
    for workload in view.serving:
        seen = None if role(workload) else repeated(view, workload, _GONE, _WORDS, OFTEN)
        if seen is not None and _ran_before(workload, seen):
            yield _match(view, workload, seen)


def _ran_before(workload: Workload, seen: Repeated) -> bool:
    """Tell whether all pods that miss the group run for longer: it was there, or they made it."""
    starts = [pod.started for pod in workload.live if pod.name in seen.pods]
    return all(start is not None and start < seen.since - timedelta(minutes=1) for start in starts)


def _lost(view: View, workload: Workload, seen: Repeated) -> _Lost | None:
    """Return the one store of a reader, if it was started shortly before the reader missed its group."""
    stores = [each for each in of_role(view.workloads, "cache") if each.ref in view.graph.calls.get(workload.ref, ())]
    start = newest(pod.started for pod in stores[0].live) if len(stores) == 1 else None
    near = start is not None and timedelta(minutes=-1) <= seen.since - start <= SOON
    return _Lost(stores[0].ref, start) if start is not None and near else None


def _made_at_start(view: View, workload: Workload) -> str:
    """Return the settings that show that a start makes the group, from the beginning of the stream; "" if none do."""
    settings = [(key, value.strip()) for key, value in view.graph.settings(workload)]
    given = _COMMAND.search(" ".join(value for key, value in settings if not key))
    if given:
        return given[0] if _FIRST.fullmatch(given[1].strip("\"';")) else ""
    at = [(k, v) for k, v in settings if k and _MADE.search(k) and not _PLACE.search(k) and _AT_START.fullmatch(v)]
    place = [(k, v) for k, v in settings if k and _PLACE.search(k)]
    if not at or not place or not all(_FIRST.fullmatch(v) for _, v in place):
        return ""
    return ", ".join(f"{key}={value}" for key, value in (*at, *place))


def _match(view: View, workload: Workload, seen: Repeated) -> Match:
    lost, made = _lost(view, workload, seen), _made_at_start(view, workload)
    began = (Evidence("objects", lost.store, "it was started shortly before", lost.at),) if lost else ()
    shown = (Evidence("objects", workload.ref, f"its start makes the group: {made}"),) if made else ()
    acts = bool(lost and made)
    return Match(
        component=workload.ref,
        evidence=(seen.told(), *began, *shown),
        certainty=0.75,
        root_cause="code_defect" if acts else "",
        remedy="restart_workload" if acts else "",
        since=seen.since,
        explains=behind(view, workload.ref, but=workload.ref),
        excludes=(
            *not_for((workload.ref,), "it read the stream as it is until the group was gone", ("rollback_workload",)),
            *not_for(
                (lost.store,) if lost else (),
                "what it held is gone: a further start loses what came since",
                (*RESTARTS, "rollback_workload", "scale_workload", "scale_database"),
            ),
        ),
    )


RULE = Rule(
    name="stream_without_its_group",
    title="Readers of a stream miss the group that its store has lost",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no readers that run for longer repeat that a stream's group is not there",
)
