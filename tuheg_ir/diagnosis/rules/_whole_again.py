"""The state of a cluster of stores that an alert speaks of, as its members tell it themselves, and when it ended."""

from __future__ import annotations

from datetime import timedelta

from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.rules._figures import is_well
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.view.programs import DATA, of_role
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

ENDS = timedelta(minutes=15)
"""An alert that fires for longer after its matter was over goes by something else."""
_ILL = ("cluster_degraded", "cluster_split")


def whole_again(view: View, alert: Alert, ref: str) -> Evidence | None:
    """The cluster of the alert told after the alert began that it is whole, and has not said otherwise since."""
    stores = of_role(view.workloads, *DATA)
    meant = [w for w in stores if w.ref == ref] or [w for w in stores if view.hits_of(w.ref, "cluster_whole", *_ILL)]
    if len(meant) != 1 or alert.starts_at is None:
        return None  # of two clusters nobody can tell which one is meant
    store = meant[0]
    told = max(view.hits_of(store.ref, "cluster_whole"), key=lambda h: str(h.last), default=None)
    worse = newest(hit.last for hit in view.hits_of(store.ref, *_ILL))
    if told is None or told.last is None or told.last < alert.starts_at or not view.recent(told.last, ENDS):
        return None
    if (worse is not None and worse >= told.last) or not _complete(store):
        return None
    if not is_well(view, behind(view, store.ref)):
        return None
    return Evidence("logs", store.ref, f"{alert.name} fires; since then: {told.line}", told.last)


def _complete(store: Workload) -> bool:
    return store.ready >= store.wanted and all(pod.ready for pod in store.live)
