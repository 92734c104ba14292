"""How much of its former work a pod does: by the processor time that it uses, or the requests that it takes."""

from __future__ import annotations

import math

from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple


class Work(NamedTuple):
    """How much a pod did at first, and how much it does now, in what the signal counts."""

    was: float
    now: float

    @property
    def left(self) -> float:
        """Return the share of its former work that it does now; without end for who did none."""
        return self.now / self.was if self.was else math.inf


def work_of(view: View, pod: str, signal: str = "cpu_share") -> Work | None:
    """Return how much a pod did and does; None: nobody knows."""
    was, now = view.figures.first(signal, pod=pod), view.figures.now(signal, pod=pod)
    return None if was is None or now is None else Work(was, now)


def work_of_all(view: View, workload: Workload, signal: str = "cpu_share") -> dict[str, Work]:
    """Return pod -> how much it did and does, of a workload's live pods; {} if nobody knows it of one of them."""
    known = {pod.name: work for pod in workload.live if (work := work_of(view, pod.name, signal)) is not None}
    return known if len(known) == len(workload.live) else {}
