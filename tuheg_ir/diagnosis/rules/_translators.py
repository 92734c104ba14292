"""Who gives the pods of a node the node's address, and a port of it, for what goes out: how it chooses the port."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._more_ports import SUSPECT
from tuheg_ir.diagnosis.view.reading import at, items, text
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_IMAGES = (
    late(r"ip-masq|masquerade", re.IGNORECASE),
    late(
        r"amazon-k8s-cni|calico/node|calico-node|cilium/cilium|quay\.io/cilium|flannel|kube-router|weave-?kube|kindnet"
        r"|antrea|kube-ovn",
        re.IGNORECASE,
    ),
)
"""Programs that do nothing else, and network plugins: those do it where none of the former runs.

kube-proxy does it for what came in by a Service alone.
"""
_ELSEWHERE = late(r"external_?snat", re.IGNORECASE)
_RANDOM = late(r"randomi[sz]e_?snat|random[_-]?fully", re.IGNORECASE)
_OF_PORTS = late(r"snat|masq|random[_-]?fully", re.IGNORECASE)
_YES = ("true", "1", "yes", "prng")


class Translator(NamedTuple):
    """A DaemonSet that gives out ports, and what its settings tell of how."""

    workload: Workload
    told: str
    brought: bool


def translator(view: View, began: datetime | None) -> Translator | None:
    """Return who gives out ports on all nodes; None if nobody that is read does, or none can be told from others.

    ``brought``: its release before trouble began set how it does that.
    """
    for images in _IMAGES:
        found = [each for each in view.serving if each.kind == "DaemonSet" and _is(each, images)]
        if len(found) == 1:
            mine = found[0]
            told = next((f"{key}={value}" for key, value in view.graph.settings(mine) if _RANDOM.search(key)), "")
            return Translator(mine, told, _brought(view, mine, began))
        if found:
            return None
    return None


def clashes_not(view: View) -> bool:
    """Tell whether addresses are translated elsewhere than on nodes, or ports are chosen so that hardly two clash."""
    daemons = (each for each in view.serving if each.kind == "DaemonSet" and any(_is(each, i) for i in _IMAGES))
    return any(
        bool(_ELSEWHERE.search(key) or _RANDOM.search(key)) and value.strip().lower() in _YES
        for each in daemons
        for key, value in view.graph.settings(each)
    )


def settings_of_ports(translates: Workload) -> Evidence:
    """Return what a release changed of how ports are given out."""
    said = "; ".join(
        f"{each.field}: {each.before} -> {each.after}" for each in translates.changes if _OF_PORTS.search(each.field)
    )
    return Evidence("objects", translates.ref, f"its release changed how ports are given out: {said[:160]}")


def _is(workload: Workload, images: re.Pattern[str]) -> bool:
    """Tell whether a workload runs such a program in its nodes' network."""
    at_home = bool(at(workload.template, "spec", "hostNetwork"))
    return at_home and any(
        images.search(text(each, "image")) for each in items(workload.template, "spec", "containers")
    )


def _brought(view: View, workload: Workload, began: datetime | None) -> bool:
    when = workload.released_at
    if when is None or began is None or when >= began or workload.returned or not releases(view, workload, SUSPECT):
        return False
    return any(each.aspect == "env" and _OF_PORTS.search(each.field) for each in workload.changes)
