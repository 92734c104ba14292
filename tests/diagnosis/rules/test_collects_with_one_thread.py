"""A lower limit made a JVM collect with one thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, pods_of
from tests.diagnosis.rules.scenes import CALLS_CART, CART, SHOP, latency, logs, rate, shop
from tests.diagnosis.rules.tiny import DAY, pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

Lines = tuple[str, ...]


def limits(cpu: str = "", memory: str = "4Gi") -> dict[str, Any]:
    """Return a container with limits; "" is none."""
    return {"resources": {"limits": {**({"cpu": cpu} if cpu else {}), "memory": memory}}}


def full(left: int = 1310, *, why: str = "Allocation Failure", took: str = "4573.958ms", most: int = 2227) -> str:
    return f"[info][gc] GC(3099) Pause Full ({why}) {most - 80}M->{left}M({most}M) {took}"


YOUNG = "[info][gc] GC(3098) Pause Young (Allocation Failure) 1939M->1541M(2227M) 183.922ms"
SERIAL = ("[info][gc] Using Serial", YOUNG, *[full()] * 8)
G1 = (
    "[info][gc] Using G1",
    "[info][gc] GC(7) Pause Young (Normal) (G1 Evacuation Pause) 1957M->1351M(2304M) 39.181ms",
    *[full(why="G1 Compaction Pause")] * 8,
)
PARALLEL = ("[info][gc] Using Parallel", YOUNG, *[full(why="Ergonomics")] * 8)
OF_JAVA_8 = (
    "[Full GC (Allocation Failure) [Tenured: 1398144K->811000K(1398144K), 3.5312 secs] "
    "2212000K->911000K(2227000K), [Metaspace: 90012K->90012K(1132544K)], 3.5356 secs] "
    "[Times: user=3.50 sys=0.02, real=3.54 secs]",
) * 8
OF_A_MONITOR = (
    "WARN GCInspector.java:284 - MarkSweepCompact GC in 4217ms.  Tenured Gen: 2112345678 -> 1310345678;",
) * 8
GAVE_UP = "ERROR timeout of 3000ms exceeded calling http://cart:8080/search"


def said(lines: Sequence[str], of: str = "cart", *, first: float = 1500, last: float = 60) -> list[Log]:
    """Return the logs of both pods that tell these lines within the last half hour."""
    step = (first - last) / max(1, len(lines) - 1)
    return [timed(pod(of, number), *((first - n * step, x) for n, x in enumerate(lines))) for number in (0, 1)]


def counted(*ups: float) -> list[Log]:
    """Return logs whose lines bear no time but the seconds since the start of their container."""
    lines = tuple(each.replace("[info]", f"[{up:.3f}s][info]") for up in ups for each in (YOUNG, full()))
    return [Log(pod("cart", number), "cart", lines) for number in (0, 1)]


def search(
    lines: Sequence[str] = SERIAL,
    *more: Any,
    before: dict[str, Any] | None = None,
    now: dict[str, Any] | None = None,
    ago: float = 3 * DAY,
    slow: float = 1400,
    told: Sequence[Log] = (),
    shops: dict[str, Any] | None = None,
    older: int = 0,
    **cart: Any,
) -> Snapshot:
    """Return a shop that waits for a cart whose limits were cut, and what the pods of the cart tell."""
    made = workload(
        "cart",
        before={**limits("2"), **(before or {})},
        released=ago,
        age=90 * DAY,
        **{**limits("900m"), **(now or {}), **cart},
    )
    for each in pods_of(made)[:older]:
        each["metadata"]["ownerReferences"][0]["name"] = "cart-r1"
    figures = [latency("shop", now=3.0, since=slow), latency("cart", now=2.5, since=slow), rate("cart", 20, 40)]
    return snapshot(
        shop(env=CALLS_CART, **(shops or {})),
        made,
        *more,
        figures=figures,
        logs=[*(told or said(lines)), *logs("shop", GAVE_UP, 0, 1, times=12, since=1300)],
    )


RIGHT = (CART, "configuration_error", "rollback_workload")
HOLDS = [
    Holds(
        "cut days ago: its gc log tells since the load came",
        search(),
        RIGHT,
        excludes=[*no("restart_workload", at=CART), *no("rollback_workload", "restart_workload", at=SHOP)],
        alone=True,
    ),
    Holds("cut today, in the log of Java 8", search(OF_JAVA_8, ago=HOUR, slow=1400), RIGHT, alone=True),
    Holds("there was no limit before", search(before=limits()), RIGHT),
    Holds("a pod from before the cut does well", search(told=[*said(G1)[:1], *said(SERIAL)[1:]], older=1), RIGHT),
    Holds("the first lines of the log are gone", search(SERIAL[1:]), RIGHT),
    Holds("it counts the seconds since its start", search(told=counted(5900, 6300, 6700, 7000), ago=7200.0), RIGHT),
    Holds("a monitor of its own names the collector", search(OF_A_MONITOR), RIGHT),
    Holds(
        "the memory was cut, which is too little for a large machine",
        search(before=limits("4", "6Gi"), now=limits("4", "1536Mi")),
        RIGHT,
    ),
    Holds(
        "a caller was released long after it began",
        search(shops={"before": {"image": "registry.example/shop:0"}, "released": 400}),
        RIGHT,
        harmful=("restart_workload",),
    ),
    Holds(
        "another program came with it days ago",
        search(before={"image": "registry.example/cart:0"}),
        (CART, "configuration_error", "page_human"),
        harmful=("rollback_workload",),
    ),
]
PICKED = "Picked up JDK_JAVA_OPTIONS: -XX:+UseSerialGC"
CHOSEN: dict[str, Any] = {"env": {"JAVA_TOOL_OPTIONS": "-XX:+UseSerialGC -Xmx2g"}}
BACK = ("rollback_workload",)
SLOW = ("dependency_failure", "page_human")
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, SLOW, harmful=BACK)
        for what, world in (
            ("it sees two processors yet", search(now=limits("1500m"))),
            ("it saw one before as well", search(before=limits("1"), now=limits("500m"))),
            ("both are small machines by memory", search(before=limits("4", "1536Mi"), now=limits("4", "1Gi"))),
            ("the limit was raised to one", search(before=limits("500m"), now=limits("1"))),
            ("it collects with many threads, under a load that has grown", search(G1)),
            ("it collects with many threads of another collector", search(PARALLEL)),
            ("its stops are short", search((*SERIAL[:2], *[full(took="183.958ms")] * 8))),
            ("two long stops are no more than a start's", search(SERIAL[:4])),
            ("its stops are of the night", search(told=said(SERIAL, first=9 * HOUR, last=8 * HOUR))),
            ("somebody asks for its collections", search((*SERIAL[:2], *[full(why="System.gc()")] * 8))),
            ("its heap is too small for what it keeps", search((*SERIAL[:2], *[full(2130)] * 8))),
            ("it leaks", search((*SERIAL[:2], *(full(1000 + 100 * n) for n in range(9))))),
            ("somebody chose that collector", search(**CHOSEN)),
            (
                "it tells that it was told which one to take",
                search((PICKED, *SERIAL)),
            ),
            ("somebody chose another collector", search(env={"JAVA_TOOL_OPTIONS": "-XX:+UseParallelGC"})),
            ("it tells that it was told another one", search((PICKED.replace("Serial", "G1"), *SERIAL))),
            ("its log names no collector: any collects a full heap so", search(SERIAL[2:])),
            ("it was cut long ago", search(ago=30 * DAY)),
            ("it was slow before it was cut", search(ago=1200, slow=2000)),
            ("a pod from before the cut tells the same", search(older=1)),
            ("one of its pods tells it", search(told=[*said(SERIAL)[:1], *said(G1)[1:]])),
        )
    ),
    DoesNotHold(
        "its caller's release, after which it began, asks for more",
        search(shops={"before": {"image": "registry.example/shop:0"}, "released": 1560}),
        ("page_human",),
    ),
    DoesNotHold(
        "nobody suffers",
        snapshot(workload("cart", before=limits("2"), released=3 * DAY, **limits("1")), logs=said(SERIAL)),
        harmful=BACK,
    ),
]
