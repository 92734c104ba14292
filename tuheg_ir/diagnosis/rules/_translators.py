"""Who gives the pods of a node the node's address, and a port of it, for what goes out: how it chooses the port."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.reading import at, items, text
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

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
_HOW_RANDOM = {"none": 0, "false": 0, "no": 0, "0": 0, "hashrandom": 1, "prng": 2, "true": 2, "yes": 2, "1": 2}
"""Values of such a setting: in turn, by a hash of the connection, at random. What else is said is not understood."""
_YES = ("true", "1", "yes", "prng")


class Translator(NamedTuple):
    """A DaemonSet that gives out ports, and what its settings tell of how."""

    workload: Workload
    told: str
    brought: bool


def translator(view: View, began: datetime | None) -> Translator | None:
    """Return who gives out ports on all nodes; None if nobody that is read does, or none can be told from others.

    ``brought``: trouble began with its release, which has it choose less at random than before.
    """
    for images in _IMAGES:
        found = [each for each in view.serving if each.kind == "DaemonSet" and _is(each, images)]
        if len(found) == 1:
            mine = found[0]
            told = next((f"{key}={value}" for key, value in view.graph.settings(mine) if _RANDOM.search(key)), "")
            return Translator(mine, told, _brought(mine, began))
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
    said = "; ".join(each.told() for each in _less_random(translates))
    return Evidence("objects", translates.ref, f"its release changed how ports are given out: {said[:160]}")


def _is(workload: Workload, images: re.Pattern[str]) -> bool:
    """Tell whether a workload runs such a program in its nodes' network."""
    at_home = bool(at(workload.template, "spec", "hostNetwork"))
    return at_home and any(
        images.search(text(each, "image")) for each in items(workload.template, "spec", "containers")
    )


def _brought(workload: Workload, began: datetime | None) -> bool:
    """Tell whether connections clash since a release that chooses ports less at random.

    Another setting of addresses makes no two connections alike, and what nodes ran well with for hours is not to blame.
    """
    when = workload.released_at
    if when is None or began is None or when >= began or workload.returned or not since_release(workload, began):
        return False
    return next(_less_random(workload), None) is not None


def _less_random(workload: Workload) -> Iterator[Change]:
    """Yield what a release changed to a choice of ports that is less random, where both are understood."""
    for each in workload.changes:
        if each.aspect == "env" and _RANDOM.search(each.field):
            was, now = (_HOW_RANDOM.get(value.strip().lower()) for value in (each.before, each.after))
            if was is not None and now is not None and now < was:
                yield each
