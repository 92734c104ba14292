"""A Service was switched to another set of pods, which runs an older program than the one that it was taken from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._former_colour import brought
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._twins import another_program, in_another_slot, programs
from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.reading import created, last_write, oldest
from tuheg_ir.diagnosis.view.releases import soon_after
from tuheg_ir.diagnosis.view.trouble import OFTEN, suffering, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

HOURS = timedelta(hours=6)
DAY = timedelta(days=1)
"""The program that a Service leads to is so much older than the one that stands idle."""


def when(view: View) -> Iterator[Match]:
    """A Service was written, users of what it selects suffer since, and a newer version of the same stands by."""
    for service in view.services.values():
        at, made = last_write(service.obj), created(service.obj)
        if at is None or made is None or at <= made or not view.recent(at, HOURS) or len(service.backends) != 1:
            continue
        stale = view.workloads[service.backends[0]]
        idle = [w for w in view.serving if _stands_by(view, service, stale, w)]
        seen = list(_since(view, stale, at))
        if len(idle) == 1 and seen:
            yield _match(view, service, stale, idle[0], at, seen)


def _stands_by(view: View, service: Service, stale: Workload, other: Workload) -> bool:
    """Tell whether a workload is a newer version of what a Service selects, complete and well, and differs in a slot.

    All but one of the labels that the Service asks for are its own as well.
    """
    if other is stale or not in_another_slot(service.selector, other):
        return False
    same = not another_program(stale, other) and programs(stale, tags=True) != programs(other, tags=True)
    whole = bool(other.ready) and other.ready >= other.wanted and not any(troubles(view, other.ref))
    mine, theirs = brought(stale), brought(other)
    return same and whole and mine is not None and theirs is not None and theirs - mine >= DAY


def _since(view: View, stale: Workload, at: datetime) -> Iterator[Evidence]:
    """Yield what users feel since a time, or the errors that its logs repeat since then while an alert tells of it."""
    yield from (seen for seen, since in troubles(view, stale.ref) if soon_after(since, at))
    hits = [h for h in view.hits_of(stale.ref) if not h.previous and h.count >= OFTEN]
    said = list(suffering(view, stale.ref))
    began = oldest(h.first for h in hits)
    if said and soon_after(began, at):
        yield from (view.hit_evidence(hit) for hit in hits[:2])
        yield said[0]


def _match(view: View, service: Service, stale: Workload, idle: Workload, at: datetime, seen: list[Evidence]) -> Match:
    now, then = sorted(programs(stale, tags=True)), sorted(programs(idle, tags=True))
    hit = behind(view, stale.ref)
    return Match(
        component=service.ref,
        evidence=(
            Evidence("objects", service.ref, f"it was written; it selects {stale.ref}, users suffer since", at),
            Evidence("objects", stale.ref, f"it runs {', '.join(now)}", brought(stale)),
            Evidence("objects", idle.ref, f"it runs {', '.join(then)}, is well, and is not selected", brought(idle)),
            *seen[:3],
        ),
        certainty=0.75,
        since=at,
        explains=hit,
        excludes=not_for(hit, f"it is the older program that {service.ref} was switched to"),
    )


RULE = Rule(
    name="switched_to_stale",
    title="A Service was switched to an older version than the one that stands by",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no Service was switched to the older of two versions since its users suffer",
)
