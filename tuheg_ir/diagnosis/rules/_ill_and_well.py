"""Which pods of one template are ill and which are well: by how they ended, by their figures, or by their logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.nodes import nodes
from tuheg_ir.diagnosis.view.odd import PROVEN, odd_pods, odd_since, same_template, told_apart
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.pods import Container, Pod
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

AGAIN = 2
"""What ended once may have had bad luck."""
OF_LATE = timedelta(hours=6)
"""A container that ended longer ago is well again."""


class IllAndWell(NamedTuple):
    """Pods of one template that are ill, and those that are well; ``told``: pod -> what shows that it is ill.

    ``source`` is where that is told; ``reasons``: how the ill ones ended, if they did.
    """

    ill: tuple[Pod, ...]
    well: tuple[Pod, ...]
    told: Mapping[str, str]
    source: str
    reasons: frozenset[str] = frozenset()

    def older_ill(self) -> bool:
        """Tell whether all ill pods were made before all well ones: a new one would be well."""
        last, first = newest(pod.created for pod in self.ill), oldest(pod.created for pod in self.well)
        known = all(pod.created for pod in (*self.ill, *self.well))
        return known and last is not None and first is not None and last < first

    def evidence(self, view: View) -> Iterator[Evidence]:
        """Yield what shows that pods are ill."""
        for pod, what in sorted(self.told.items()):
            since = odd_since(view, [pod]) if self.source == "metrics" else None
            yield Evidence(self.source, f"Pod/{pod}", what, since)


@once
def ill_and_well(view: View, workload: Workload) -> IllAndWell | None:
    """Return the ill and the well pods of a workload, if all have one template and both kinds are there."""
    if len(workload.live) == 1:
        return None
    ended = {pod.name: again for pod in workload.live if (again := ended_again(view, pod))}
    measured = odd_pods(view, workload, few=False)
    seen = {pod: _said(containers[0]) for pod, containers in ended.items()}
    told, source = (seen, "objects") if seen else (measured, "metrics")
    if not told:
        told, source = told_apart(view, workload), "logs"
    if any(pod.node and not pod.ready and pod.name not in told for pod in workload.live):
        return None  # who does not come up is not well either, and nobody knows why
    ill = tuple(pod for pod in workload.live if pod.name in told)
    lived = max((c.ended.lived_s or 0.0 for each in ended.values() for c in each if c.ended), default=0.0)
    proven = max(PROVEN, timedelta(seconds=lived))
    rest = (pod for pod in workload.live if pod.name not in {*told, *measured} and pod.ready)
    well = tuple(pod for pod in rest if pod.started and not view.recent(pod.started, proven) and _steady(view, pod))
    if not ill or not well or not same_template((*ill, *well)):
        return None
    reasons = frozenset(c.ended.reason for each in ended.values() for c in each if c.ended)
    return IllAndWell(ill, well, told, source, reasons)


def ended_again(view: View, pod: Pod) -> tuple[Container, ...]:
    """Return the containers of a pod that ended badly again and again, and did so of late."""
    return tuple(
        each
        for each in pod.containers
        if not each.init and each.restarts >= AGAIN and each.ended and each.ended.badly
        if each.state in ("waiting", "terminated") or view.recent(each.ended.at, OF_LATE)
    )


def on_ailing_nodes(view: View, told: IllAndWell) -> bool:
    """Tell whether a node of ill pods is not well itself: that is nearer than whatever else tells them apart."""
    ailing = {node.name for node in nodes(view) if node.ails}
    return any(pod.node in ailing for pod in told.ill)


def _steady(view: View, pod: Pod) -> bool:
    """Tell whether no container of a pod ended badly of late."""
    ends = (each.ended for each in pod.containers if not each.init and each.ended)
    return not any(end.badly and view.recent(end.at, OF_LATE) for end in ends)


def _said(container: Container) -> str:
    how = container.ended.reason if container.ended and container.ended.reason else "ended"
    return f"{container.name}: {how} again and again, {container.restarts} restarts"
