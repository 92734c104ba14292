"""A database, cache or broker has no processor left, and everything in front of it waits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._asking import asker
from tuheg_ir.diagnosis.rules._asks_it import who_asks
from tuheg_ir.diagnosis.rules._filled_less import stands_in
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._own_words import slow_at
from tuheg_ir.diagnosis.rules._saturated import saturated
from tuheg_ir.diagnosis.rules._served_well import served_well
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def when(view: View) -> Iterator[Match]:
    """A data service uses its whole CPU limit, and callers are slow or fail."""
    for found in saturated(view):
        workload, busy, hurts, callers, began, grew, released, _ = found
        alone = released[0] if len(released) == 1 and len(callers) > 1 else None
        if alone and alone.released_at and slow_at(view, workload, alone.released_at):
            alone = None  # it was slow before that came
        if alone and stands_in(view, workload):
            alone = None  # it is asked for what another one put into a cache before
        if alone and _may_ask_more(view, workload, alone) and not _grew_otherwise(view, workload, alone, grew):
            yield _of_release(view, workload, alone, (*busy[:2], *hurts[:2]), began)
            continue
        asks = None if released else asker(view, workload, found.since)
        if asks is not None:
            yield _of_statements(view, workload, *asks, (*busy[:2], *hurts[:2]), began)
            continue
        yield Match(
            component=workload.ref,
            evidence=(*busy, *hurts[:3]),
            certainty=0.65,
            since=found.since,
            explains=callers,
            excludes=(
                *not_for(
                    callers, f"{workload.ref} is the narrow place: more callers make it narrower", ("scale_workload",)
                ),
                *not_for((workload.ref,), "it would be cold and just as busy", ("restart_workload",)),
            ),
        )


def _may_ask_more(view: View, store: Workload, released: Workload) -> bool:
    """Tell whether a release may ask more of a store: of who does not ask it himself, settings alone hardly do."""
    himself = store.ref in view.graph.calls.get(released.ref, ())
    return himself or release_cause(view, released) != "configuration_error"


def _grew_otherwise(view: View, store: Workload, released: Workload, grew: datetime | None) -> bool:
    """Tell whether a caller's release had served well for minutes: a database's own data may have changed since."""
    return role(store) == "database" and served_well(view, released, grew)


def _of_release(
    view: View, store: Workload, released: Workload, seen: tuple[Evidence, ...], began: datetime | None
) -> Match:
    """Return that the one caller which was released as it began asks for more than the service can give."""
    # Who waits for its own pool is among them: slow statements keep the connections.
    suffer = behind(view, store.ref, *who_asks(view, store.ref), but=released.ref)
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


RULE = Rule(
    name="data_service_saturated",
    title="A database, cache or broker has no processor left",
    root_cause="capacity",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no data service uses its whole CPU limit while callers suffer",
)
