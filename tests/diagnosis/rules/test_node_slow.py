"""Odd pods of several workloads, and what they share is the node."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import API, SHOP, WEB, errors, logs
from tests.diagnosis.rules.tiny import figure, pod, snapshot, workload
from tests.diagnosis.worlds import NODES
from tuheg_ir.diagnosis.model import Snapshot

SLOW = ("Node/n2", "resource_exhaustion", "page_human")


def slow(**where: tuple[float, float]) -> Snapshot:
    """Return workloads whose pods on n1 and n2 take so long."""
    figures = [
        figure("latency_p95_by_pod", 0.1, value, pod=pod(name, index))
        for name, pair in where.items()
        for index, value in enumerate(pair)
    ]
    return snapshot(*(workload(name) for name in where), NODES, figures=figures)


HOLDS = [
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
