"""Pods that are killed for memory on nodes of another make only take the machine's memory for their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import again, node, pods_of, put
from tests.diagnosis.rules.scenes import API, IMAGE, SHOP, rate
from tests.diagnosis.rules.tiny import DAY, Obj, at, figure, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

OLD, NEW = "6.8.0", "6.14.0"
EVERYWHERE = ("n1", "n2", "n3", "n4")
MORE_TRAFFIC = rate("shop", 20, 60, 3000)


def made(name: str, kernel: str, **labels: str) -> Obj:
    """Return a node of some make."""
    found = node(name)
    found["status"]["nodeInfo"] = {"kernelVersion": kernel, "osImage": "Ubuntu 24.04"}
    found["metadata"]["labels"] = labels
    return found


def placed(name: str, killed: Sequence[int], *, pods: int = 4, restarts: int = 5, **more: Any) -> list[Obj]:
    """Return a workload on all nodes, of which some pods are killed again and again."""
    objects = workload(name, pods=pods, **{"nodes": EVERYWHERE, **more})
    for number in killed:
        put(pods_of(objects)[number], again("OOMKilled", 137, age=300, restarts=restarts), unready=300)
    return objects


def world(*objects: list[Obj], kernels: Sequence[str] = (OLD, OLD, NEW, NEW), **more: Any) -> Snapshot:
    """Return workloads on four nodes."""
    return snapshot(*objects, [made(*each) for each in zip(EVERYWHERE, kernels, strict=True)], **more)


def younger_well(objects: list[Obj]) -> list[Obj]:
    """Return a workload whose pods that are well were made long after the others."""
    for each in pods_of(objects)[:2]:
        each["metadata"]["creationTimestamp"] = at(600)
    return objects


FOUND = (SHOP, "resource_exhaustion", "page_human")
BARRED = no("scale_workload", "rollback_workload", "restart_workload", at=SHOP)

HOLDS = [
    Holds(
        "two of four, on the nodes with a newer kernel, under more traffic",
        world(placed("shop", (2, 3)), figures=[MORE_TRAFFIC]),
        FOUND,
        excludes=BARRED,
        harmful=("scale_workload", "restart_workload"),
        alone=True,
    ),
    Holds(
        "the same since a release that had the pods placed anew",
        world(placed("shop", (2, 3), before=IMAGE, released=5000)),
        FOUND,
        excludes=BARRED,
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "one each of two programs",
        world(placed("shop", (2,), pods=3), placed("api", (2,), pods=3)),
        (API, "resource_exhaustion", "page_human"),
        excludes=no("scale_workload", at=SHOP),
        harmful=("rollback_workload", "restart_workload", "scale_workload"),
        alone=True,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the nodes are all of one make: more traffic is shared by more replicas",
        world(placed("shop", (2, 3)), kernels=(OLD,) * 4, figures=[MORE_TRAFFIC]),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "one pod only",
        world(placed("shop", (3,)), kernels=(OLD, OLD, OLD, NEW), figures=[MORE_TRAFFIC]),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "each was killed once: the others may be next",
        world(placed("shop", (2, 3), restarts=1), figures=[MORE_TRAFFIC]),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "one of those on older nodes was killed as well",
        world(placed("shop", (1, 2, 3)), figures=[MORE_TRAFFIC]),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "those that are well are far younger",
        world(younger_well(placed("shop", (2, 3), age=10 * DAY)), figures=[MORE_TRAFFIC]),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "those that are killed get several times as many requests",
        world(
            placed("shop", (2, 3)),
            figures=[
                MORE_TRAFFIC,
                *(figure("request_rate_by_pod", 5, 5 if n < 2 else 40, pod=pod("shop", n)) for n in range(4)),
            ],
        ),
        (SHOP, "capacity", "scale_workload"),
    ),
]
