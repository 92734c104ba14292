"""Whether a volume claim can be enlarged: its class allows it, nothing is on its way, and there is room for that."""

from __future__ import annotations

from datetime import timedelta

from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.rules._storage_checks import failing
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

LARGER = 0.1
"""Share of it by which a claim would have to grow at least to be of use."""
_FAILED = ("VolumeResizeFailed", "FileSystemResizeFailed", "ExternalExpandFailed")
_WITHIN = timedelta(days=1)


class Size(NamedTuple):
    """How much a claim has, in bytes and as it is told, and the class that allows it to have more."""

    has: float
    told: str
    of: str


def may_grow(view: View, claim: str) -> Size | None:
    """Return how much a claim has that can be enlarged; None if nobody knows that, or it cannot.

    One that asks for more than it has is enlarged already, and has been tried where that failed.
    """
    obj = view.objects("PersistentVolumeClaim").get(claim)
    kind = text(obj, "spec", "storageClassName")
    has = number(told := mapping(obj, "status", "capacity").get("storage"))
    asks = number(mapping(obj, "spec", "resources", "requests").get("storage"))
    if text(view.objects("StorageClass").get(kind), "allowVolumeExpansion").lower() != "true":
        return None
    if not has or asks is None or asks > has:
        return None
    if any(text(each, "status") == "True" for each in items(obj, "status", "conditions")):
        return None
    if view.events_of(f"PersistentVolumeClaim/{claim}", *_FAILED, within=_WITHIN) or failing(view):
        return None
    return None if _is_barred(view, kind, has) else Size(has, str(told), kind)


def _is_barred(view: View, kind: str, has: float) -> bool:
    """Tell whether a quota leaves no room for a larger claim, of all classes together or of one."""
    names = ("requests.storage", f"{kind}.storageclass.storage.k8s.io/requests.storage")
    for quota in view.snapshot.of("ResourceQuota"):
        hard, used = mapping(quota, "status", "hard"), mapping(quota, "status", "used")
        for each in names:
            most = number(hard.get(each))
            if most is not None and (number(used.get(each)) or 0.0) + LARGER * has > most:
                return True
    return False
