"""An autoscaler asks for a figure by a name that a release took from it, and reads the empty answer as nought.

KEDA and its like take an empty answer of Prometheus for 0: no error, no fallback. They cut the workers to the minimum
while more and more waits, and whoever counts that counts it on, under the figure's new name.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import HOURS, behind, not_for
from tuheg_ir.diagnosis.rules._readers import LEAST, named_in, queues
from tuheg_ir.diagnosis.rules.autoscaler_watches_another import reads_nothing, target
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import items, mapping, moment, text
from tuheg_ir.diagnosis.view.releases import release_evidence
from tuheg_ir.diagnosis.view.scaling import Autoscaler, autoscaler, is_paused, scaled_by
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

AROUND = timedelta(minutes=10)
"""A figure ends with the last pod that bore its old name, minutes after a release began."""
SLACK = timedelta(minutes=2)


class _Renamed(NamedTuple):
    """Who counts what waits, and how much that is now."""

    teller: Workload
    waits: float


def when(view: View) -> Iterator[Match]:
    """It reads nothing since a release of who counts what waits, has cut the workers since, and much waits by that."""
    for scaled in view.snapshot.of("ScaledObject"):
        worker = view.workloads.get(scaled_by(scaled))
        until = moment(scaled, "status", "lastActiveTime")
        scaler = autoscaler(view, worker.ref) if worker else None
        if worker is None or scaler is None or until is None or is_paused(scaled) or not _asks(scaled):
            continue
        if scaler.blind or not view.recent(until, HOURS) or not reads_nothing(scaler):
            continue
        cut = moment(scaler.obj, "status", "lastScaleTime")
        found = _renamed(view, worker, scaler, until) if cut is not None and cut >= until else None
        if found is not None:
            yield _match(view, worker, scaler, found, until, cut)


def _asks(scaled: Obj) -> bool:
    """Tell whether all that a ScaledObject goes by are answers to a query: what names no series has an empty one."""
    triggers = items(scaled, "spec", "triggers")
    return bool(triggers) and all(text(mapping(t, "metadata"), "query") for t in triggers)


def _renamed(view: View, worker: Workload, scaler: Autoscaler, until: datetime) -> _Renamed | None:
    """Return the one workload that was released as the autoscaler last read something, and counts that much waits."""
    least = max(LEAST, 2 * target(scaler) * max(1, scaler.now))
    found: dict[str, _Renamed] = {}
    for series in queues(view):
        teller = view.workloads.get(view.component(named_in(series)))
        if teller is None or teller is worker or not teller.changed("image") or teller.released_at is None:
            continue
        near = -SLACK <= until - teller.released_at <= AROUND
        if near and (series.last or 0.0) >= least:
            found[teller.ref] = _Renamed(teller, series.last or 0.0)
    return next(iter(found.values())) if len(found) == 1 else None


def _match(
    view: View, worker: Workload, scaler: Autoscaler, found: _Renamed, until: datetime, cut: datetime | None
) -> Match:
    teller = found.teller
    asked = [each.ref for each in view.called(worker.ref) if role(each) not in DATA]
    suffer = tuple(dict.fromkeys((worker.ref, *asked, *behind(view, worker.ref, *asked, but=teller.ref))))
    rescaled = view.events_of(scaler.ref, "SuccessfulRescale", within=HOURS)[:1]
    few = "it works as fast as it did: its autoscaler keeps it small"
    return Match(
        component=teller.ref,
        evidence=(
            Evidence("objects", scaler.ref, f"it reads nothing of what it asks for since then: {worker.name}", until),
            *release_evidence(teller),
            Evidence("metrics", teller.ref, f"{found.waits:.0f} messages wait, as {teller.name} itself counts them"),
            Evidence("objects", worker.ref, f"its autoscaler set it to {scaler.now} replicas since", cut),
            *(view.event_evidence(each) for each in rescaled),
        ),
        certainty=0.6,
        since=until,
        explains=suffer,
        excludes=(
            *not_for((worker.ref,), few, (*RESTARTS, "rollback_workload")),
            *not_for(asked, f"it waits for {worker.ref}", ("restart_workload", "rollback_workload", "scale_workload")),
            *not_for((teller.ref,), "each of its pods counts by the new name", (*RESTARTS, "scale_workload")),
        ),
    )


RULE = Rule(
    name="autoscaler_reads_nothing",
    title="An autoscaler reads nothing since a release of who counts what waits",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no autoscaler that asks for a figure reads nothing since a release of who counts how much waits",
)
