"""An alert counts pages of files as memory of a program: what it holds by itself has room, and does not grow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds
from tests.diagnosis.rules.pods import again, pods_of, put
from tests.diagnosis.rules.scenes import SHOP, alert, errors
from tests.diagnosis.rules.tiny import log, pod, series, snapshot, workload
from tuheg_ir.diagnosis.model import Alert, Series, Snapshot

GIB = 2.0**30
LIMIT: dict[str, Any] = {"resources": {"limits": {"memory": "2Gi"}}}
ACTS = ("restart_workload", "rollback_workload", "scale_workload", "isolate_workload")
LEAK = "container_memory_usage_bytes / limit = 0.97 after growing for over an hour; possible memory leak"
SET = "working set above 90% of 2Gi for 15m and rising"
GROWS = ((3600, 0.5), (2400, 0.7), (1200, 0.9), (300, 0.98))
FULL = ((3600, 0.97),)
SMALL = ((3600, 0.12), (1800, 0.121), (600, 0.119))
LEAKS = tuple((3600 - 120 * n, 0.3 + 0.003 * n) for n in range(30))
KEPT_IN_MEMORY = {"volumes": [{"name": "tmp", "emptyDir": {"medium": "Memory"}}]}
MANY = ["ERROR java.lang.OutOfMemoryError: Cannot reserve memory"] * 4
Steps = Sequence[tuple[float, float]]


def counted(signal: str, steps: Steps, number: int, *, share: bool = False, of: str = "shop") -> tuple[str, Series]:
    """Return a figure of a pod's memory over the last hour, given as shares of two GiB."""
    whole = 1.0 if share else 2 * GIB
    labels = {"pod": pod("shop", number), "container": of} if of else {"pod": pod("shop", number)}
    return signal, series(labels, *((age, value * whole) for age, value in steps))


def cached(
    fires: Alert | None = None,
    *,
    held: Steps = GROWS,
    needed: Steps = SMALL,
    own: Steps = SMALL,
    files: Steps = (),
    of: str = "shop",
    killed: float = 0,
    line: Sequence[str] = (),
    users: float = 0.001,
    image: str = "registry.example/shop:1",
    **more: Any,
) -> Snapshot:
    """Return a shop of two pods that hold so much, need so much and have so much of their own, and an alert of it."""
    objects = workload("shop", image, **LIMIT, **more)
    if killed:
        put(pods_of(objects)[0], again("OOMKilled", 137, age=killed))
    figures = [errors("shop", users)]
    for number in range(2):
        given = (("memory_with_files", held), ("memory_bytes", needed), ("memory_files", files))
        figures += [counted(signal, steps, number) for signal, steps in given if steps]
        figures += [counted("memory_own", own, number, of=of)] if own else []
        figures += [counted("memory_share", needed, number, share=True)] if needed else []
    told = [log(pod("shop", 0), *line, of="shop")] if line else []
    return snapshot(objects, logs=told, figures=figures, alerts=[fires or fire()])


def fire(says: str = LEAK, name: str = "ContainerMemoryLeakSuspected", **labels: str) -> Alert:
    return alert(name, pod=pod("shop", 0), **labels)._replace(annotations={"summary": says})


REST = ((3600, 0.38), (2400, 0.58), (1200, 0.78), (300, 0.86))
HOLDS = [
    *(
        Holds(f"of a leak, and it is pages of files: {what}", world, (SHOP, *HEALTHY), alone=True, harmful=ACTS)
        for what, world in (
            ("all of it is counted", cached(files=REST)),
            ("somebody is woken for it", cached(fire(severity="critical"), files=REST)),
            ("the working set tells it", cached(own=())),
            ("the program tells how much it holds", cached(files=REST, of="")),
            ("it was full all the time", cached(held=FULL, files=((3600, 0.85),))),
            (
                "the working set counts them too",
                cached(fire(SET), needed=GROWS, held=(), files=REST),
            ),
            ("it is a server of search", cached(fire(SET), needed=GROWS, files=REST, image="elasticsearch:8")),
            ("it was released an hour ago", cached(files=REST, before={"image": "shop:0"}, released=3700)),
            ("only the working set is measured, and the alert says what it counts", cached(held=(), own=())),
            ("only that, and it speaks of the limit", cached(fire("above 90% of its limit"), held=(), own=())),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"of memory, and {what}", world, ("resource_exhaustion", "restart_workload"))
        for what, world in (
            ("nobody knows what the rest is", cached(fire(SET), needed=GROWS, held=GROWS)),
            ("nobody counts what its processes hold", cached(fire(SET), needed=GROWS, held=GROWS, own=(), files=REST)),
        )
    ),
    *(
        DoesNotHold(f"of memory, and {what}", world, harmful=("no_action",))
        for what, world in (
            ("the processes hold ever more", cached(own=LEAKS, files=REST)),
            ("the working set grows with them", cached(own=LEAKS, needed=LEAKS, files=REST)),
            ("they hold nearly all", cached(fire(SET), needed=FULL, held=FULL, own=((3600, 0.85),), files=REST)),
            ("its files are kept in memory", cached(files=REST, spec=KEPT_IN_MEMORY)),
            ("it is a cache, whose memory are its data", cached(fire(SET), needed=GROWS, files=REST, image="redis:7")),
            ("one was killed for it", cached(files=REST, killed=600)),
            ("it tells of too little memory", cached(files=REST, line=MANY)),
            ("users suffer", cached(files=REST, users=0.3)),
            ("it is the heap that the alert is of", cached(fire("heap memory at 97%", "HeapHigh"), files=REST)),
            ("it grew for days", cached(fire(f"{LEAK}, for 6 days"), files=REST)),
            ("somebody is woken, and files are not counted", cached(fire(severity="critical"), held=(), own=())),
            ("it may be a slow leak", cached(fire("memory grows without end"), held=(), own=())),
            ("its working set grows", cached(held=(), own=(), needed=LEAKS)),
            ("its pods are younger than the alert", cached(held=(), own=(), started=-10)),
        )
    ),
]
