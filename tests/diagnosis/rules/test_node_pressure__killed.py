"""A node is short of memory, and the kernel kills who has room below its own limit: neither a leak nor a limit."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, again, node, pods_of, put
from tests.diagnosis.rules.scenes import IMAGE, SHOP, errors, failing
from tests.diagnosis.rules.tiny import DAY, Obj, at, event, figure, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

LIMIT: dict[str, Any] = {"resources": {"limits": {"memory": "2Gi"}}}
FREE: dict[str, Any] = {"resources": {"requests": {"memory": "256Mi"}}}
BOUND: dict[str, Any] = {"resources": {"limits": {"memory": "512Mi"}}}
KILLS = "System OOM encountered, victim process: ruby, pid: 60418"
AGENT, N2 = "DaemonSet/agent", "Node/n2"


def small(size: str = "16266420Ki", **pressures: Any) -> Obj:
    """Return n2, of 16 GB, short of memory or without a word of that."""
    made = node("n2", **pressures)
    made["status"]["capacity"] = {"memory": size}
    return made


SAYS = small(MemoryPressure="True")
SILENT = small()
TOLD = event(N2, "SystemOOM", KILLS, age=200, count=1)
LONG_AGO = {**TOLD, "firstTimestamp": at(3200), "lastTimestamp": at(3000)}


def agent(**more: Any) -> list[Obj]:
    """Return an agent on each node; of another namespace, its memory may not be measured."""
    return workload("agent", **{"kind": "DaemonSet", "service": False, "age": 9 * DAY, **FREE, **more})


def shop(*, ages: float = 200, restarts: int = 4, **more: Any) -> list[Obj]:
    """Return a shop of two pods, the one on n2 killed for memory again and again."""
    made = workload("shop", **{"nodes": ("n1", "n2"), "age": 20 * DAY, **LIMIT, **more})
    put(pods_of(made)[1], again("OOMKilled", 137, age=ages, restarts=restarts, lived=500))
    return made


def held(mine: float = 1.1e9, eater: float = 0.0, *, first: float = 3e8) -> list[tuple[str, Series]]:
    """Return the memory of the pod that is killed, which fills anew after each start, and of the agent on n2."""
    found = [figure("memory_bytes", first, mine, 500, pod=pod("shop", 1))]
    return [*found, figure("memory_bytes", 4e8, eater, 3000, pod="agent-1")] if eater else found


def world(
    *objects: Any,
    figures: list[tuple[str, Series]] | None = None,
    told: tuple[Obj, ...] = (TOLD,),
    n2: Obj = SAYS,
    **more: Any,
) -> Snapshot:
    """Return a shop that is killed on n2 while its requests fail."""
    seen = [errors("shop", 0.2), *failing(0.001, 0.2), *(held() if figures is None else figures)]
    return snapshot(shop(**more), *objects, node("n1"), n2, list(told), figures=seen)


LOST_LIMIT = agent(released=15 * HOUR, before=BOUND)
NOT_SHOP = no("restart_workload", "rollback_workload", "scale_workload", at=SHOP)
HOLDS = [
    Holds(
        "who lost its limit fills the node, and nobody measures that",
        world(LOST_LIMIT),
        (AGENT, "resource_exhaustion", "rollback_workload"),
        excludes=NOT_SHOP,
        alone=True,
    ),
    Holds(
        "so it is where the shop was released a while before",
        world(LOST_LIMIT, before=IMAGE, released=1500),
        (AGENT, "resource_exhaustion", "rollback_workload"),
        excludes=NOT_SHOP,
        alone=True,
    ),
    Holds(
        "the node says nothing itself, and what its pods hold leaves none",
        world(LOST_LIMIT, figures=held(eater=1.4e10), n2=SILENT),
        (AGENT, "resource_exhaustion", "rollback_workload"),
        excludes=NOT_SHOP,
        alone=True,
    ),
    *(
        Holds(
            f"nobody knows who fills the node, and {what}",
            found,
            (N2, "resource_exhaustion", "page_human"),
            excludes=NOT_SHOP,
            alone=True,
        )
        for what, found in (
            ("what is killed had half of its limit left", world()),
            ("what is killed has no limit, and holds little", world(**FREE)),
            ("what is killed may have an eighth of the node at most, without figures", world(figures=[])),
            ("no event is left but the node is under pressure since", world(told=())),
        )
    ),
]
ODD = ("service_crash", "restart_workload")
DOES_NOT_HOLD = [
    DoesNotHold(what, found, ODD)
    for what, found in (
        ("it came to its own limit, and some tell that of the node", world(figures=held(2.1e9), n2=SILENT)),
        ("it had room when it was measured last, and so has the node", world(n2=SILENT)),
        ("nobody measures it, and the node says nothing itself", world(figures=[], n2=SILENT)),
        (
            "the node killed another one long before",
            world(told=(LONG_AGO,), figures=held(eater=1.4e10), n2=SILENT),
        ),
        (
            "it fills the node itself, without a limit",
            world(figures=held(1.3e10), n2=SILENT, **FREE),
        ),
    )
]
