"""Data services that have no processor left while those in front suffer, and whose release came as that began."""

from __future__ import annotations

from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._asks_it import who_asks
from tuheg_ir.diagnosis.rules._figures import busy_pods, felt_from
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.programs import DATA, of_role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.work import work_of
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

BUSY = 0.9
SOON = timedelta(minutes=10)
"""What a release asks too much of is busy that soon after it."""


class Saturated(NamedTuple):
    """A data service without a processor left: what tells so, who suffers with it, since when, and who was released.

    ``began``: it is busy or somebody suffers; ``rose``: its use began to rise to that, if it was idle before; ``grew``:
    the first of both.
    """

    store: Workload
    busy: tuple[Evidence, ...]
    hurts: tuple[Evidence, ...]
    callers: tuple[str, ...]
    began: datetime | None
    grew: datetime | None
    released: tuple[Workload, ...]
    rose: datetime | None

    @property
    def since(self) -> datetime | None:
        """Return since when it is busy."""
        return oldest(each.time for each in self.busy)


@once_a_view
def saturated(view: View) -> tuple[Saturated, ...]:
    """Return the data services that use their whole CPU limit while callers are slow or fail."""
    return tuple(found for store in of_role(view.workloads, *DATA) if (found := _saturated(view, store)))


def _saturated(view: View, store: Workload) -> Saturated | None:
    busy = tuple(busy_pods(view, store, BUSY))
    if not busy:
        return None
    callers = who_asks(view, store.ref)
    hurts = tuple(felt_from(view, store.ref, callers))
    if not hurts:
        return None
    began = oldest(e.time for e in (*busy, *hurts))
    rose = oldest(_grew_since(view, pod.name) for pod in store.live)
    grew = oldest((began, rose))
    known = [w for ref in callers if (w := view.workloads.get(ref))]
    released = tuple(w for w in known if since_release(w, began, SOON) or since_release(w, grew, SOON))
    return Saturated(store, busy, hurts, callers, began, grew, released, rose)


def _grew_since(view: View, pod: str) -> datetime | None:
    """Return when a pod's use of its processor began to rise to what it is, if it was idle before."""
    work = work_of(view, pod)
    if work is None or work.now < BUSY or work.was > BUSY / 2:
        return None
    return view.figures.crossed("cpu_share", work.was + (work.now - work.was) / 5, pod=pod)
