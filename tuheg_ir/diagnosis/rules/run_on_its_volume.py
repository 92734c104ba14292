"""A run works on the volume of a data service while users wait for it: most often a backup out of its hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import said_by_callers
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._saturated import BUSY
from tuheg_ir.diagnosis.rules._users import MORE
from tuheg_ir.diagnosis.view.batch import started
from tuheg_ir.diagnosis.view.changes import volumes_of
from tuheg_ir.diagnosis.view.claims import claims_of
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.pods import controller
from tuheg_ir.diagnosis.view.programs import DATA, of_role
from tuheg_ir.diagnosis.view.reading import mapping, oldest, ref, whole
from tuheg_ir.diagnosis.view.releases import BEFORE, since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SOON = timedelta(minutes=5)
"""Whoever reads a whole volume does so from its start."""


def when(view: View) -> Iterator[Match]:
    """Callers wait for a data service with processor left since the minute in which a run on its volume began."""
    for server in of_role(view.workloads, *DATA):
        waits = tuple(seen for _, seen in said_by_callers(view, server.ref))
        began = oldest(seen.time for seen in waits)
        runs = {controller(run) or ref(run): run for run in _runs(view, server, began)}
        if began is None or len(runs) != 1 or _otherwise(view, server, began):
            continue
        (component, run), *_ = runs.items()
        suffer = behind(view, server.ref)
        fact = f"it works on the volume of {server.ref} and goes on"
        yield Match(
            component=component,
            evidence=(Evidence("objects", ref(run), fact, started(run)), *waits[:3]),
            certainty=0.65,
            since=began,
            explains=suffer,
            excludes=not_for(suffer, f"it waits for a disk that {ref(run)} keeps busy, and will after a start as well"),
        )


def _runs(view: View, server: Workload, began: datetime | None) -> Iterator[Obj]:
    """Yield the Jobs that go on, use a volume of a data service, and began right before a moment."""
    claims = set(claims_of(server))
    for run in view.snapshot.of("Job"):
        start = started(run)
        if began is None or start is None or not whole(run, "status", "active"):
            continue
        volumes = volumes_of(mapping(run, "spec", "template"))
        on_it = any(kind == "PersistentVolumeClaim" and named in claims for kind, named, *_ in volumes)
        if on_it and BEFORE <= began - start <= SOON:
            yield run


def _otherwise(view: View, server: Workload, began: datetime) -> bool:
    """Tell whether there is another reason: no processor left, more to do, or a release in the same minutes."""
    shares = (view.figures.now("cpu_share", pod=pod.name) for pod in server.live)
    if any(share is not None and share >= BUSY for share in shares):
        return True
    near = [view.workloads[each] for each in behind(view, server.ref) if each in view.workloads]
    return any(since_release(each, began) or (traffic_growth(view, each.ref) or 1.0) >= MORE for each in near)


RULE = Rule(
    name="run_on_its_volume",
    title="A run keeps the disk of a data service busy while users wait for it",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no data service is slow since a run on its volume began",
)
