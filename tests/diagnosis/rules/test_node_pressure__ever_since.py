"""A release grows evenly for hours until its node is short: within the last of them it grew by little."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, node
from tests.diagnosis.rules.scenes import IMAGE, SHOP, WELL, rate
from tests.diagnosis.rules.test_node_pressure import GONE, MEMORY, climb, evictions, small
from tests.diagnosis.rules.tiny import DAY, Obj, at, figure, snapshot, workload
from tests.diagnosis.worlds import NODES
from tuheg_ir.diagnosis.model import Series, Snapshot

RENDER = "Deployment/render"
LITTLE: dict[str, Any] = {"requests": {"memory": "512Mi"}}
MORE_CPU: dict[str, Any] = {"resources": {"requests": {"memory": "512Mi", "cpu": "2"}}}


def memory(mine: float = 8e9, now: float = 1e10, like: float = 7.6e9, like_now: float = 9.5e9, **of: Any) -> Any:
    """Return what the pod on n2 held an hour ago and holds now, and what its like elsewhere did."""
    return [*climb(mine, now, **of), *climb(like, like_now, of="render-pod1")]


def filling(
    *more: tuple[str, Series], figures: Any = None, place: Obj | None = None, back: float = 0.0, **of: Any
) -> Snapshot:
    """Return n2, which evicts the shop, and what was released there five hours ago and has grown ever since.

    ``back``: that release was made so many seconds ago for the first time, and went back to now.
    """
    nodes = ("n2", "n3")
    made = {"released": 5 * HOUR, "before": IMAGE, "age": 20 * DAY, "service": False, "resources": LITTLE, **of}
    render = workload("render", nodes=nodes, **made)
    for each in render if back else ():
        if each["metadata"]["name"] == "render-r2":
            each["metadata"]["creationTimestamp"] = at(back)
    n2 = small() if place is None else place
    return snapshot(evictions(MEMORY, 1), GONE, render, n2, figures=[*(figures or memory()), *more])


def whole(size: str) -> Obj:
    """Return n2, short of a memory of that size."""
    made = small()
    made["status"]["capacity"] = {"memory": size}
    return made


OUTGROWN = figure("memory_bytes", 1.1e10, 1.1e10, 1500, pod="shop-pod1")
HOLDS = [
    *(
        Holds(
            f"a release has grown evenly ever since, far beyond what it asks for: {what}",
            world,
            (RENDER, "resource_exhaustion", "rollback_workload"),
            excludes=no("rollback_workload", at=SHOP),
            alone=True,
            harmful=("scale_workload", "restart_workload"),
        )
        for what, world in (
            ("five hours after other code came", filling()),
            (
                "twenty hours after other settings came",
                filling(
                    figures=memory(9.5e9, 1e10, 9e9, 9.47e9),
                    released=20 * HOUR,
                    before={"env": {"RETAIN_FRAMES": "off"}},
                    env={"RETAIN_FRAMES": "on"},
                ),
            ),
            ("it asks for nothing at all", filling(resources={})),
            ("it may have more than the node has", filling(resources={**LITTLE, "limits": {"memory": "64Gi"}})),
            ("its pods were made anew an hour after it", filling(released=6 * HOUR, started=5 * HOUR)),
            ("it asks for nought", filling(resources={"requests": {"memory": "0"}, "limits": {"memory": "64Gi"}})),
            ("one pod of it", filling(figures=climb(8e9, 1e10), pods=1)),
        )
    ),
    *(
        Holds(
            f"a release has grown, and is not known to have filled it: {what}",
            world,
            ("Node/n2", "resource_exhaustion", "page_human"),
            harmful=("rollback_workload", "restart_workload"),
        )
        for what, world in (
            ("it took most of it as it started", filling(figures=memory(9.8e9, 1e10, 9.8e9, 1e10))),
            ("it has come to rest", filling(figures=memory(rest=1800))),
            ("it began to grow only lately", filling(figures=memory(5.2e9, 1e10, 5.2e9, 1e10), released=20 * HOUR)),
            ("its like elsewhere are small", filling(figures=memory(like=3e8, like_now=3e8))),
            ("nobody measures its like", filling(figures=climb(8e9, 1e10))),
            ("another one there is larger", filling(OUTGROWN)),
            ("it asks for a good part of that", filling(resources={"requests": {"memory": "3Gi"}})),
            ("it holds a small part of the node", filling(place=whole("131072000Ki"))),
            ("nobody knows how large the node is", filling(place=node("n2", MemoryPressure="True"))),
            ("the template before was as short-lived", filling(age=8 * HOUR)),
            (
                "it asks for more processors, and no more",
                filling(before={"resources": LITTLE}, **MORE_CPU),
            ),
            (
                "its pods are of today, and those of the night filled nothing",
                filling(released=20 * HOUR, started=5 * HOUR),
            ),
            ("it went back to what it was a month ago", filling(back=30 * DAY)),
            ("it is asked for twice as much", filling(rate("render", 20, 45))),
            ("it is a cache", filling(image="redis:7", before={"image": "redis:6"})),
            ("it was released two days ago", filling(released=2 * DAY, figures=memory(9.8e9, 1e10, 9.8e9, 1e10))),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a release grows evenly, and no node is short of anything",
        snapshot(
            workload("render", nodes=("n2", "n3"), released=5 * HOUR, before=IMAGE, age=20 * DAY, resources=LITTLE),
            NODES,
            figures=[*memory(), WELL],
        ),
        harmful=("rollback_workload",),
    ),
]
