"""Odd pods of several workloads, and what they share is the node."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import API, SHOP, WEB, errors, logs
from tests.diagnosis.rules.tiny import Obj, event, figure, pod, snapshot, workload
from tests.diagnosis.worlds import NODES
from tuheg_ir.diagnosis.model import Series, Snapshot

SLOW = ("Node/n2", "resource_exhaustion", "page_human")


def slow(*more: Obj, also: Collection[tuple[str, Series]] = (), **where: tuple[float, float]) -> Snapshot:
    """Return workloads whose pods on n1 and n2 take so long."""
    figures = [
        figure("latency_p95_by_pod", 0.1, value, pod=pod(name, index))
        for name, pair in where.items()
        for index, value in enumerate(pair)
    ]
    return snapshot(*(workload(name) for name in where), NODES, *more, figures=[*figures, *also])


BAD_LINK = ("Node/n2", "network_fault", "page_human")
BOTH: dict[str, Any] = {"shop": (0.1, 2.5), "cart": (0.1, 2.5)}


def down(message: str, count: int = 40) -> Obj:
    """Return that a kernel told of an interface of n2, since before pods there were slow."""
    return event("Node/n2", "KernelMessage", message, age=300, count=count)


def by_node(signal: str, first: float, second: float, since: float = 600) -> list[tuple[str, Series]]:
    return [figure(signal, 0.0, value, since, node=node) for node, value in (("n1", first), ("n2", second))]


LINK_DOWN = (
    "ixgbe 0000:3b:00.0 enp59s0f0: NIC Link is Down",
    "bond0: link status definitely down for interface eth1, disabling it",
    "NETDEV WATCHDOG: eth0 (e1000e): transmit queue 0 timed out",
    "eth0: Lost carrier",
)

HOLDS = [
    *(
        Holds(f"and its link goes down again and again: {message[:30]}", slow(down(message), **BOTH), BAD_LINK)
        for message in LINK_DOWN
    ),
    Holds(
        "and it alone sends much again",
        slow(also=by_node("node_retransmit_share", 0.001, 0.08), **BOTH),
        BAD_LINK,
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds("and it alone receives damaged packets", slow(also=by_node("node_receive_errors", 0, 60), **BOTH), BAD_LINK),
    Holds("all nodes send much again", slow(also=by_node("node_retransmit_share", 0.07, 0.08), **BOTH), SLOW),
    Holds("its link went down once", slow(down(LINK_DOWN[0], count=1), **BOTH), SLOW),
    Holds("the interfaces of pods went down", slow(down("veth12ab: Lost carrier"), **BOTH), SLOW),
    Holds(
        "it received damaged packets only long after",
        slow(also=by_node("node_receive_errors", 0, 60, since=120), **BOTH),
        SLOW,
    ),
    Holds(
        "what is on it is slow, and nothing else",
        slow(shop=(0.1, 2.5), cart=(0.1, 2.5)),
        SLOW,
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
    ),
    Holds(
        "what is on it fails and reaches nobody",
        snapshot(
            workload("api", pods=4),
            workload("web", pods=4),
            NODES,
            figures=[
                *(
                    figure("error_ratio_by_pod", 0.0, 0.8 if n % 2 else 0.0, pod=pod(name, n))
                    for name in ("api", "web")
                    for n in range(4)
                ),
                errors("api", 0.4),
                errors("web", 0.4),
            ],
            logs=logs("api", "dial tcp 10.1.1.1:8080: i/o timeout", 1, 3),
        ),
        SLOW,
        excludes=(*no("rollback_workload", at=API), *no("rollback_workload", at=WEB)),
        harmful=("rollback_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "they are on two nodes",
        slow(shop=(0.1, 2.5), cart=(2.5, 0.1)),
        ("Deployment/cart", "service_crash", "restart_workload"),
    ),
    DoesNotHold("one workload alone", slow(shop=(0.1, 2.5)), (SHOP, "service_crash", "restart_workload")),
]
