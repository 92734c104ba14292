"""The zones of nodes, and pods that are ill in one zone alone while their like are well in all others."""

from __future__ import annotations

from collections.abc import Mapping

from tuheg_ir.diagnosis.rules._ill_and_well import IllAndWell, ill_and_well, on_ailing_nodes
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.reading import labels
from tuheg_ir.diagnosis.view.stores import is_store
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_ZONE = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")
SEVERAL = 2
"""Of one node, or one workload, it may be bad luck."""


class InOneZone(NamedTuple):
    """The zone in which alone pods are ill, and whose pods those are."""

    zone: str
    found: Mapping[str, IllAndWell]


@once_a_view
def zones(view: View) -> Mapping[str, str]:
    """Return node -> its zone, of the nodes that tell one."""
    told = {name: labels(obj) for name, obj in view.objects("Node").items()}
    named = {name: next((str(own[key]) for key in _ZONE if own.get(key)), "") for name, own in told.items()}
    return {name: zone for name, zone in named.items() if zone}


@once_a_view
def in_one_zone(view: View) -> InOneZone | None:
    """Return the one zone in which alone pods of several workloads are ill, on several nodes; None: there is none.

    By figures alone: of words the pods of one zone may have more for many reasons.
    """
    of = zones(view)
    if len(set(of.values())) < SEVERAL:
        return None
    groups: dict[str, dict[str, IllAndWell]] = {}
    for workload in view.serving:
        told = None if is_store(workload) else ill_and_well(view, workload)
        if told is None or told.source != "metrics" or told.older_ill() or on_ailing_nodes(view, told):
            continue
        ill, well = ({of.get(pod.node, "") for pod in pods} for pods in (told.ill, told.well))
        if len(ill) == 1 and not ill & {"", *well} and "" not in well:
            groups.setdefault(ill.pop(), {})[workload.ref] = told
    clear = [InOneZone(zone, found) for zone, found in groups.items() if _clear(found)]
    return clear[0] if len(clear) == 1 and len(groups) == 1 else None


def ill_by_zone(view: View, workload: Workload) -> bool:
    """Tell whether pods of a workload are ill in one zone alone, as those of others are: new ones come there too."""
    found = in_one_zone(view)
    return found is not None and workload.ref in found.found


def _clear(found: Mapping[str, IllAndWell]) -> bool:
    return len(found) >= SEVERAL and len({pod.node for told in found.values() for pod in told.ill}) >= SEVERAL
