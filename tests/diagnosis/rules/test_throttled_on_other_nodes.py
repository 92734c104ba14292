"""What is throttled below its limit, and only on bigger nodes, counts their cores: no restart helps."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import node
from tests.diagnosis.rules.scenes import API, SHOP, errors, latency, shop
from tests.diagnosis.rules.tiny import Obj, figure, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Series


def sized(**cores: str) -> list[Obj]:
    """Return nodes with so many cores."""
    return [made | {"status": made["status"] | {"capacity": {"cpu": n}}} for k, n in cores.items() if (made := node(k))]


def held(name: str, *numbers: int, of: int, share: float = 0.5, **more: Any) -> list[tuple[str, Series]]:
    """Return the figures of a workload of which some pods are slow and throttled."""
    slow, signal = more.get("slow", 3.0), more.get("signal", "latency_p95_by_pod")
    made = []
    for index in range(of):
        bad, label = index in numbers, pod(name, index)
        made += [
            figure(signal, 0.1 if "latency" in signal else 0.0, slow if bad else 0.01, pod=label),
            figure("throttled_share", 0.01, 0.6 if bad else 0.01, pod=label, container=name),
            figure("cpu_share", 0.4, share if bad else 0.4, pod=label, container=name),
        ]
    return made


HOLDS = [
    Holds(
        "two of four pods moved to nodes with many cores",
        snapshot(
            shop(pods=4, nodes=("n1", "n2", "n3", "n4")),
            sized(n1="4", n2="4", n3="64", n4="96"),
            figures=[*held("shop", 2, 3, of=4), latency("shop")],
        ),
        (SHOP, "resource_exhaustion", "page_human"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
        alone=True,
        harmful=("restart_workload", "scale_workload"),
        sure=(0.8, 1.0),
    ),
    Holds(
        "most pods fail there, with time-outs",
        snapshot(
            workload("api", pods=3, nodes=("a", "b", "b")),
            sized(a="8", b="32"),
            figures=[
                *held("api", 1, 2, of=3, share=0.7, signal="error_ratio_by_pod", slow=0.4),
                errors("api", 0.3),
            ],
        ),
        (API, "resource_exhaustion", "page_human"),
        excludes=no("restart_workload", at=API),
    ),
    Holds(
        "nodes are not to be seen",
        snapshot(shop(pods=4), figures=[*held("shop", 2, of=4), latency("shop")]),
        (SHOP, "resource_exhaustion", "page_human"),
        sure=(0.5, 0.6),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the one that is throttled is at its limit: it is stuck in a loop",
        snapshot(shop(pods=4), figures=[*held("shop", 2, of=4, share=0.99), latency("shop")]),
        (SHOP, "service_crash", "restart_workload"),
    ),
    DoesNotHold(
        "a pod on a node of the same size is well",
        snapshot(
            shop(pods=4, nodes=("n1", "n2", "n3", "n4")),
            sized(n1="4", n2="64", n3="64", n4="64"),
            figures=[*held("shop", 2, of=4), latency("shop")],
        ),
        (SHOP, "service_crash", "restart_workload"),
    ),
]
