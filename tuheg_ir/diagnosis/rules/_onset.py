"""What changed in the very minutes in which a trouble began."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.reading import created, written

BEFORE, AFTER = timedelta(minutes=6), timedelta(minutes=2)
"""So near to a change a trouble has to begin: nothing else connects the two."""
_SETTINGS = (
    *("ConfigMap", "Secret", "Service", "Ingress", "HTTPRoute", "NetworkPolicy", "ResourceQuota", "LimitRange"),
    *("HorizontalPodAutoscaler", "Node"),
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
