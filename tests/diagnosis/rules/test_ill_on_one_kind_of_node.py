"""Pods are ill on all nodes of one kind, and well on others: a new pod comes to such a node as well."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, again, node, pods_of, put
from tests.diagnosis.rules.scenes import SHOP, alert, errors, failing, rate, shop
from tests.diagnosis.rules.tiny import Obj, at, figure, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

OLD, NEW = "6.8.0", "6.14.0"
ASKED = ((0, 5), (1, 5), (2, 40), (3, 40))
READS = {"volumes": [{"name": "rates", "configMap": {"name": "rates"}}]}
NODES = ("n1", "n2", "n3", "n4")


def nodes(*kernels: str, what: str = "kernelVersion", **more: Any) -> list[Obj]:
    """Return nodes n1, n2 and so on with these kernels."""
    made = [node(f"n{number}", **more) for number in range(1, len(kernels) + 1)]
    return [
        each | {"status": each["status"] | {"nodeInfo": {"osImage": "Linux 24", what: kernel}}}
        for each, kernel in zip(made, kernels, strict=True)
    ]


def labelled(*pools: str) -> list[Obj]:
    """Return nodes of one system with a label each."""
    made = nodes(*(OLD for _ in pools))
    for each, pool in zip(made, pools, strict=True):
        each["metadata"]["labels"] = {"kubernetes.io/hostname": each["metadata"]["name"], "machine": pool}
    return made


def killed(objects: list[Obj], *numbers: int, reason: str = "OOMKilled", code: int = 137) -> list[Obj]:
    """Make some pods younger ones that are killed every ten minutes."""
    for number in numbers:
        each = pods_of(objects)[number]
        each["metadata"]["creationTimestamp"] = at(3 * HOUR)
        put(each, again(reason, code, age=300, restarts=5, lived=600))
    return objects


def four(*numbers: int, **more: Any) -> list[Obj]:
    return killed(shop(pods=4, nodes=NODES), *numbers, **more)


def young(objects: list[Obj], *numbers: int) -> list[Obj]:
    """Make some pods younger ones."""
    for number in numbers:
        each = pods_of(objects)[number]
        each["metadata"]["creationTimestamp"] = at(3 * HOUR)
        put(each, {"state": {"running": {"startedAt": at(3 * HOUR)}}}, ready=True)
    return objects


def pressed() -> list[tuple[str, Series]]:
    return [errors("shop", 0.3), rate("shop", 20, 60)]


def closed() -> list[Obj]:
    """Return nodes of which those with another kernel take no new pods."""
    made = nodes(OLD, OLD, NEW, NEW)
    return [*made[:2], *(each | {"spec": {"unschedulable": True}} for each in made[2:])]


def slow(*ratios: float) -> list[tuple[str, Series]]:
    return [*failing(*ratios), errors("shop", 0.3)]


def two(*, reason: str = "OOMKilled", other: str = "n4", **more: Any) -> Snapshot:
    """Return two of four pods that are killed on n3 and n4, and another program one of whose pods is as well."""
    index = killed(workload("index", pods=2, nodes=("n1", other)), 1, reason=reason)
    return snapshot(four(2, 3), index, nodes(OLD, OLD, NEW, NEW, **more), figures=pressed(), alerts=[alert()])


HOLDS = [
    Holds(
        "two of four are killed on nodes with a newer kernel, under more traffic",
        snapshot(four(2, 3), nodes(OLD, OLD, NEW, NEW), figures=pressed()),
        (SHOP, "configuration_error", "page_human"),
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
        harmful=("restart_workload", "rollback_workload", "scale_workload"),
        alone=True,
        sure=(0.7, 0.95),
    ),
    Holds(
        "another program is killed there, too",
        two(),
        (SHOP, "configuration_error", "page_human"),
        harmful=("restart_workload", "rollback_workload", "scale_workload"),
        alone=True,
    ),
    Holds(
        "they fail there by their figures, with another runtime",
        snapshot(
            young(four(), 2, 3),
            nodes("1.7", "1.7", "2.1", "2.1", what="containerRuntimeVersion"),
            figures=slow(0.001, 0.001, 0.6, 0.6),
        ),
        (SHOP, "configuration_error", "page_human"),
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
    ),
    Holds(
        "only a label tells the machines apart",
        snapshot(young(four(), 2, 3), labelled("small", "small", "big", "big"), figures=slow(0.001, 0.001, 0.6, 0.6)),
        (SHOP, "dependency_failure", "page_human"),
    ),
]
HOLDS += [
    Holds(
        "they were the first to read what was written since, too: it may be that",
        snapshot(
            young(shop(pods=4, nodes=NODES, spec=READS), 2, 3),
            thing("ConfigMap", "rates", written=4 * HOUR),
            nodes(OLD, OLD, NEW, NEW),
            figures=slow(0.001, 0.001, 0.6, 0.6),
        ),
        (SHOP, "configuration_error", "page_human"),
        sure=(0.4, 0.7),
    ),
    Holds(
        "no pod comes to any of these nodes any more",
        snapshot(young(four(), 2, 3), closed(), figures=slow(0.001, 0.001, 0.6, 0.6)),
        (SHOP, "configuration_error", "page_human"),
        excludes=no("rollback_workload", at=SHOP),
        spares=no("restart_workload", "scale_workload", at=SHOP),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "only a label tells the machines apart, and there is far more traffic",
        snapshot(four(2, 3), labelled("small", "small", "big", "big"), figures=pressed()),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "those that are killed get several times as many requests",
        snapshot(
            four(2, 3),
            nodes(OLD, OLD, NEW, NEW),
            figures=[*pressed(), *(figure("request_rate_by_pod", 5, now, pod=pod("shop", n)) for n, now in ASKED)],
        ),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "a pod on a node with that kernel is well",
        snapshot(four(2, 3), nodes(OLD, NEW, NEW, NEW), figures=pressed()),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "another program is killed on an old kernel as well",
        two(other="n2"),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "one node has the kernel: it may be that node's own fault",
        snapshot(four(3), nodes(OLD, OLD, OLD, NEW), figures=slow(0.001, 0.001, 0.001, 0.6)),
        (SHOP, "service_crash", "restart_workload"),
    ),
    DoesNotHold(
        "all that fail are older: those on the newer kernel are well, and so would a new one be",
        snapshot(young(four(), 2, 3), nodes(NEW, NEW, OLD, OLD), figures=slow(0.6, 0.6, 0.001, 0.001)),
        (SHOP, "service_crash", "restart_workload"),
    ),
    DoesNotHold(
        "nobody knows the nodes",
        snapshot(four(2, 3), figures=pressed()),
        (SHOP, "capacity", "scale_workload"),
    ),
]
