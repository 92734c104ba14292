"""Pods wait for a volume: its claim is not bound, or it hangs on another node."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pending, pods_of, put, waiting
from tests.diagnosis.rules.scenes import SHOP, shop
from tests.diagnosis.rules.tiny import Obj, event, pod, snapshot, thing

CLAIMS: dict[str, Any] = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}
CAPACITY = ("capacity", "page_human")
UNBOUND = "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims."


def pvc(phase: str) -> Obj:
    return thing("PersistentVolumeClaim", "data", age=400, spec={"storageClassName": "fast"}, status={"phase": phase})


def unbound(why: str = UNBOUND) -> list[Obj]:
    objects = shop(pods=1, ready=0, spec=CLAIMS)
    pending(pods_of(objects)[0], why)
    return objects


def creating() -> list[Obj]:
    objects = shop(pods=1, ready=0, spec=CLAIMS)
    put(pods_of(objects)[0], waiting("ContainerCreating"))
    return objects


HOLDS = [
    Holds(
        "its class does not exist",
        snapshot(
            unbound(),
            pvc("Pending"),
            event("PersistentVolumeClaim/data", "ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found'),
        ),
        ("PersistentVolumeClaim/data", "configuration_error", "page_human"),
        excludes=no("restart_workload", at=SHOP),
        harmful=("restart_workload",),
    ),
    Holds(
        "no volume there is suits its claim",
        snapshot(
            unbound("0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind."),
            pvc("Pending"),
        ),
        ("PersistentVolumeClaim/data", "configuration_error", "page_human"),
    ),
    Holds(
        "nodes are full, and its volume could not be made either",
        snapshot(
            unbound("0/2 nodes are available: 2 Insufficient cpu."),
            pvc("Pending"),
            event("PersistentVolumeClaim/data", "ProvisioningFailed", "rpc error: code = Internal desc = no such pool"),
        ),
        ("PersistentVolumeClaim/data", "configuration_error", "page_human"),
    ),
    Holds(
        "its node takes no further disk",
        snapshot(
            creating(),
            event(
                f"Pod/{pod('shop')}",
                "FailedAttachVolume",
                'AttachVolume.Attach failed for volume "pvc-1" : AttachmentLimitExceeded: maximum number of volumes',
            ),
            pvc("Bound"),
        ),
        (SHOP, "resource_exhaustion", "page_human"),
    ),
    Holds(
        "it hangs on another node",
        snapshot(
            creating(),
            event(f"Pod/{pod('shop')}", "FailedAttachVolume", 'Multi-Attach error for volume "pvc-1": already used'),
            pvc("Bound"),
        ),
        (SHOP, "dependency_failure", "page_human"),
        excludes=no("restart_workload", at=SHOP),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "its claim waits until it has a node, and no node takes a further volume",
        snapshot(
            unbound("0/2 nodes are available: 2 node(s) exceed max volume count."),
            pvc("Pending"),
            event("PersistentVolumeClaim/data", "WaitForPodScheduled", "waiting for pod shop to be scheduled"),
        ),
        (SHOP, *CAPACITY),
        harmful=("restart_workload", "scale_workload"),
    ),
    DoesNotHold(
        "its claim waits until it has a node, and all nodes are full",
        snapshot(unbound("0/2 nodes are available: 2 Insufficient memory."), pvc("Pending")),
        (SHOP, *CAPACITY),
    ),
    DoesNotHold("its claim is bound, and the pods are ready", snapshot(shop(spec=CLAIMS), pvc("Bound"))),
    DoesNotHold(
        "a ConfigMap to mount is missing",
        snapshot(
            creating(),
            event(
                f"Pod/{pod('shop')}",
                "FailedMount",
                'MountVolume.SetUp failed for volume "c" : configmap "gone" not found',
            ),
            pvc("Bound"),
        ),
        ("configuration_error", "page_human"),
    ),
]
