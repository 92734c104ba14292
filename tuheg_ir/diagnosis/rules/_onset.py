"""What changed in the very minutes in which a trouble began."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.view.changes import reads
from tuheg_ir.diagnosis.view.reading import created, mapping, written
from tuheg_ir.diagnosis.view.releases import soon_after
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import reached

BEFORE, AFTER = timedelta(minutes=6), timedelta(minutes=2)
"""So near to a change a trouble has to begin: nothing else connects the two."""
_SETTINGS = (
    *("ConfigMap", "Secret", "Service", "Ingress", "HTTPRoute", "NetworkPolicy", "ResourceQuota", "LimitRange"),
    *("HorizontalPodAutoscaler", "Node", "VirtualService", "DestinationRule", "BackendTrafficPolicy"),
)
"""What else may have changed in the same minutes; then nobody can tell which of them it was."""


def near(at: datetime | None, began: datetime) -> bool:
    """Tell whether a trouble began in the minutes of a change."""
    return at is not None and -AFTER <= began - at <= BEFORE


def others_written(view: View) -> Iterator[datetime | None]:
    """Yield when settings, ways and policies were made and last written."""
    for kind in _SETTINGS:
        for obj in view.snapshot.of(kind):
            yield written(obj)
            yield created(obj)


def way_changed(
    view: View, caller: Workload, called: Workload, began: datetime, *, in_its_minutes: bool = False
) -> bool:
    """Tell whether the way between two workloads or the caller's settings changed too, which no rollback takes back.

    ``in_its_minutes``: what was written earlier is known to have hurt nobody until then.
    """
    way = [service.obj for service in view.leading_to(called.ref)]
    way += [policy.obj for policy in view.policies if {caller.ref, called.ref} & {*policy.binds}]
    times = [*map(written, way), *_settings(view, caller)]
    return any(near(at, began) if in_its_minutes else soon_after(began, at) for at in times)


def _settings(view: View, workload: Workload) -> Iterator[datetime | None]:
    """Yield when what a template reads was written, but for what none of its containers was started with yet."""
    for kind, named in sorted(reads(workload.template)):
        at = written(mapping(view.objects(kind).get(named)))
        if at is None or reached(workload, f"{kind}/{named}", at):
            yield at
