"""Pods wait on a node where the driver of their volumes is not registered."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import node, pods_of, put, waiting
from tests.diagnosis.rules.scenes import SHOP
from tests.diagnosis.rules.tiny import Obj, event, pod, snapshot, thing, workload
from tests.diagnosis.worlds import NODES

ATTACH = 'AttachVolume.Attach failed for volume "pvc-1" : CSINode n2 does not contain driver ebs.csi.aws.com'
MOUNT = (
    'MountVolume.MountDevice failed for volume "pvc-2" : kubernetes.io/csi: attacher.MountDevice failed to create '
    "newCsiDriverClient: driver name cephfs.csi.ceph.com not found in the list of registered CSI drivers"
)
LEDGER = "StatefulSet/ledger"


def stuck(name: str, *nodes: str, kind: str = "Deployment") -> list[Obj]:
    """Return a workload whose pods wait for their volumes on some nodes."""
    objects = workload(name, kind=kind, pods=len(nodes), ready=0, nodes=nodes)
    for each in pods_of(objects):
        put(each, waiting("ContainerCreating"))
    return objects


def told(name: str, message: str, reason: str = "FailedAttachVolume") -> Obj:
    return event(f"Pod/{name}", reason, message)


HOLDS = [
    Holds(
        "two workloads wait on one node: it is one trouble",
        snapshot(
            *(stuck("shop", "n2"), stuck("ledger", "n2", kind="StatefulSet"), NODES),
            *(told(pod("shop"), ATTACH), told("ledger-0", ATTACH)),
            *(thing("CSINode", name, spec={"drivers": None}) for name in ("n1", "n2")),
        ),
        ("Node/n2", "dependency_failure", "page_human"),
        excludes=(*no("rollback_workload", "restart_workload", at=SHOP), *no("rollback_workload", at=LEDGER)),
        alone=True,
    ),
    Holds(
        "the kubelet knows no such driver",
        snapshot(stuck("shop", "n1"), node("n1"), told(pod("shop"), MOUNT, "FailedMount")),
        ("Node/n1", "dependency_failure", "page_human"),
        alone=True,
    ),
    Holds(
        "no node has it",
        snapshot(stuck("shop", "n1", "n2"), NODES, *(told(pod("shop", n), MOUNT, "FailedMount") for n in range(2))),
        ("CSIDriver/cephfs.csi.ceph.com", "dependency_failure", "page_human"),
        alone=True,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the volume hangs on another node",
        snapshot(stuck("shop", "n1"), told(pod("shop"), 'Multi-Attach error for volume "pvc-1": already used')),
        (SHOP, "dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "the driver came a minute later, and the pod is ready",
        snapshot(workload("shop"), told(pod("shop"), ATTACH)),
    ),
]
