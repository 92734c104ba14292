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


def in_group(now: Obj, was: Obj | None = None, *, age: float = 1200) -> list[Obj]:
    """Return a shop whose pod waits; ``was``: what its pods were allowed before a release, {} for nothing."""
    past = {"age": age} if was is None else {"before": {"image": "registry.example/shop:0"}, "released": age}
    objects = shop(pods=1, ready=0, spec={**CLAIMS, "securityContext": now}, **past)
    if was is not None:
        first = next(each for each in objects if each["kind"] == "ReplicaSet")
        first["spec"]["template"]["spec"] |= {"securityContext": was}
    put(pods_of(objects)[0], waiting("ContainerCreating"))
    return objects


def of_pod(reason: str, message: str, *, kind: str = "Warning", age: float = 60) -> Obj:
    return event(f"Pod/{pod('shop')}", reason, message, kind=kind, age=age)


def walks(*, age: float = 60) -> Obj:
    where = "Setting volume ownership for 7592/volumes/kubernetes.io~csi/pvc-1/mount"
    return of_pod("VolumePermissionChangeInProgress", f"{where}, processed 87272 files.", age=age)


GROUP: Obj = {"fsGroup": 2000, "runAsUser": 2000}
QUICK: Obj = {**GROUP, "fsGroupChangePolicy": "OnRootMismatch"}
LATE = of_pod(
    "FailedMount",
    "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[]: "
    "context deadline exceeded",
)
ATTACHED = of_pod("SuccessfulAttachVolume", 'AttachVolume.Attach succeeded for volume "pvc-1"', kind="Normal", age=1100)
BACK = (SHOP, "configuration_error", "rollback_workload")
PERSON = (SHOP, "configuration_error", "page_human")


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
    Holds(
        "its release has the owner of each file set anew, and going back does not",
        snapshot(in_group(GROUP, QUICK), walks(), LATE, ATTACHED, pvc("Bound")),
        BACK,
        excludes=no("restart_workload", at=SHOP),
        harmful=("restart_workload", "scale_workload"),
    ),
    Holds(
        "its release gave its pods a group, which none of the files has",
        snapshot(in_group(GROUP, {"runAsUser": 2000}), walks(), pvc("Bound")),
        BACK,
    ),
    Holds(
        "an older kubelet tells only that it waited in vain, and the volume is attached",
        snapshot(in_group({**GROUP, "fsGroupChangePolicy": "Always"}, QUICK), LATE, ATTACHED, pvc("Bound")),
        BACK,
    ),
    Holds(
        "a driver refused it, though the release has the owners set anew",
        snapshot(
            in_group(GROUP, QUICK),
            of_pod("FailedMount", 'MountVolume.MountDevice failed for volume "pvc-1" : rpc error: deadline exceeded'),
            ATTACHED,
            pvc("Bound"),
        ),
        (SHOP, "dependency_failure", "page_human"),
    ),
    Holds(
        "it is not attached yet, though the release has the owners set anew",
        snapshot(in_group(GROUP, QUICK), LATE, pvc("Bound")),
        (SHOP, "dependency_failure", "page_human"),
    ),
    Holds(
        "each start sets all files anew, and no release brought that",
        snapshot(in_group(GROUP), walks(), pvc("Bound")),
        PERSON,
        excludes=no("restart_workload", at=SHOP),
    ),
    Holds(
        "its release has another group: going back leaves files of both",
        snapshot(in_group({**QUICK, "fsGroup": 3000}, QUICK), walks(), pvc("Bound")),
        PERSON,
    ),
    Holds(
        "its release has the same policy as the one before",
        snapshot(in_group(GROUP, {**GROUP, "runAsNonRoot": True}), walks(), pvc("Bound")),
        PERSON,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the owners are set since two minutes",
        snapshot(in_group(GROUP, QUICK, age=120), walks(age=30), pvc("Bound")),
    ),
    DoesNotHold(
        "the owners were set four minutes ago, and it gets no network since",
        snapshot(
            in_group(GROUP, QUICK),
            walks(age=240),
            of_pod("FailedCreatePodSandBox", 'plugin type="calico" failed (add): no IP addresses available in range'),
            pvc("Bound"),
        ),
        ("Node/n1", "network_fault", "page_human"),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "the owners were set four minutes ago, and its image is fetched",
        snapshot(
            in_group(GROUP, QUICK),
            walks(age=240),
            of_pod("Pulling", 'Pulling image "registry.example/shop:1"', kind="Normal"),
            pvc("Bound"),
        ),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    DoesNotHold(
        "the owners were set half an hour ago, and it waits for something else",
        snapshot(in_group(GROUP, QUICK, age=2400), walks(age=1800), pvc("Bound")),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
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
