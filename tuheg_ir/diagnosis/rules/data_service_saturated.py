"""A database, cache or broker has no processor left, and everything in front of it waits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._asking import asker
from tuheg_ir.diagnosis.rules._figures import busy_pods, felt, said_by_callers
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._served_well import served_well
from tuheg_ir.diagnosis.view.programs import DATA, of_role, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence, since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.work import work_of
from tuheg_ir.diagnosis.view.workloads import Workload

BUSY = 0.9
SOON = timedelta(minutes=10)
"""What a release asks too much of is busy that soon after it."""


def when(view: View) -> Iterator[Match]:
    """A data service uses its whole CPU limit, and callers are slow or fail."""
    for workload in of_role(view.workloads, *DATA):
        busy = tuple(busy_pods(view, workload, BUSY))
        callers = behind(view, workload.ref, but=workload.ref)
        hurts = tuple(_hurts(view, workload, callers))
        if not busy or not hurts:
            continue
        began = oldest(e.time for e in (*busy, *hurts))
        grew = oldest((began, *(_grew_since(view, pod.name) for pod in workload.live)))
        released = [
            w
            for ref in callers
            if (w := view.workloads.get(ref)) and (since_release(w, began, SOON) or since_release(w, grew, SOON))
        ]
        if len(released) == 1 and len(callers) > 1 and not _grew_otherwise(view, workload, released[0], grew):
            yield _of_release(view, workload, released[0], (*busy[:2], *hurts[:2]), began)
            continue
        asks = None if released else asker(view, workload, oldest(e.time for e in busy))
        if asks is not None:
            yield _of_statements(view, workload, *asks, (*busy[:2], *hurts[:2]), began)
            continue
        yield Match(
            component=workload.ref,
            evidence=(*busy, *hurts[:3]),
            certainty=0.65,
            since=oldest(e.time for e in busy),
            explains=callers,
            excludes=(
                *not_for(
                    callers, f"{workload.ref} is the narrow place: more callers make it narrower", ("scale_workload",)
                ),
                *not_for((workload.ref,), "it would be cold and just as busy", ("restart_workload",)),
            ),
        )


def _grew_otherwise(view: View, store: Workload, released: Workload, grew: datetime | None) -> bool:
    """Tell whether a caller's release had served well for minutes: a database's own data may have changed since."""
    return role(store) == "database" and served_well(view, released, grew)


def _of_release(
    view: View, store: Workload, released: Workload, seen: tuple[Evidence, ...], began: datetime | None
) -> Match:
    """Return that the one caller which was released as it began asks for more than the service can give."""
    suffer = behind(view, store.ref, but=released.ref)
    return Match(
        component=released.ref,
        evidence=(*seen, *release_evidence(released)),
        certainty=0.6,
        root_cause=release_cause(view, released),
        remedy="rollback_workload",
        since=began,
        explains=suffer,
        excludes=not_for((store.ref,), "it would be cold and just as busy", ("restart_workload",)),
    )


def _of_statements(
    view: View, store: Workload, ref: str, told: Evidence, seen: tuple[Evidence, ...], began: datetime | None
) -> Match:
    """Return that statements of one client, which run for as long as it lasts, take the processor from all others."""
    suffer = behind(view, store.ref, but=ref)
    return Match(
        component=ref,
        evidence=(told, *seen),
        certainty=0.65,
        root_cause="resource_exhaustion",
        since=began,
        explains=suffer,
        excludes=(
            *not_for((*suffer, ref), f"{told.object} is busy with statements that no client's start ends"),
            *not_for((store.ref,), "it would be cold, and end everybody's work", ("restart_workload",)),
        ),
    )


def _grew_since(view: View, pod: str) -> datetime | None:
    """Return when a pod's use of its processor began to rise to what it is, if it was idle before."""
    work = work_of(view, pod)
    if work is None or work.now < BUSY or work.was > BUSY / 2:
        return None
    return view.figures.crossed("cpu_share", work.was + (work.now - work.was) / 5, pod=pod)


def _hurts(view: View, workload: Workload, callers: tuple[str, ...]) -> Iterator[Evidence]:
    yield from (evidence for _, evidence in said_by_callers(view, workload.ref))
    for ref in callers:
        yield from felt(view, ref)


RULE = Rule(
    name="data_service_saturated",
    title="A database, cache or broker has no processor left",
    root_cause="capacity",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no data service uses its whole CPU limit while callers suffer",
)
