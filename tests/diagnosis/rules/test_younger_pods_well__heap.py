"""Older processes whose heaps have no room stand still; younger ones of the same template have room and are well."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import again, pods_of, put, younger
from tests.diagnosis.rules.scenes import IMAGE, SHOP, latency, logs, shop
from tests.diagnosis.rules.tiny import DAY, figure, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

NODE = '{"level":"info","msg":"runtime","heapUsedMb":%d,"heapLimitMb":1024,"loopMs":31}'
V8 = 'INFO v8 {"total_heap_size":1061158912,"used_heap_size":%d000000,"heap_size_limit":1024000000}'
JAVA = "INFO Health - heap.used=%dM heap.max=1024M threads=61"
WHOLE = "[info][gc] GC(98) Pause Full (G1 Compaction Pause) 1022M->%dM(1024M) 3985.758ms"
PART = "[info][gc] GC(99) Pause Young (Normal) (G1 Evacuation Pause) 720M->%dM(1024M) 19.892ms"
STILL = "WARN gc pause of 1611 ms freed 0.2 MB"
LOOP = '{"level":"warn","msg":"event loop delayed","p99Ms":2711}'
NO_HEAP = "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory"
OURS = (SHOP, "resource_exhaustion", "restart_workload")
SLOW = figure("dependency_latency_p95", 0.04, 4.2, component="web", dependency="shop")
LATE = "WARN POST http://shop:8080/orders: context deadline exceeded (Client.Timeout exceeded while awaiting headers)"


def world(
    line: str = NODE,
    *more: Log,
    old: tuple[int, ...] = (1019, 1021),
    young: tuple[int, ...] = (310,),
    warns: str = STILL,
    felt: Any = SLOW,
    beside: tuple[tuple[str, Series], ...] = (),
    ended: bool = False,
    least: str = "",
    **like: Any,
) -> Snapshot:
    """Return three pods of the shop, the last of which is younger, and how full each tells that its heap is.

    ``ended``: the process before that of the last one had no heap left, 40 minutes ago. ``least``: its own line.
    """
    objects = younger(shop(**{"pods": 3, "age": 26 * DAY, "env": {"STOCK_URL": "http://stock:8080"}, **like}), 1)
    if ended:
        put(pods_of(objects)[-1], again("Error", 134, age=2400, lived=25 * DAY))
    told = [log(pod("shop", n), *[*(line % used for used in old), warns] * 8, since=3000) for n in (0, 1)]
    fine = log(pod("shop", 2), *[(least or line) % used for used in young] * 12, since=800)
    last = [log(pod("shop", 2), NO_HEAP, since=2405, previous=True)] if ended else []
    return snapshot(
        objects,
        workload("web", env={"SHOP_URL": "http://shop:8080"}),
        workload("stock"),
        figures=[*([felt] if felt else []), *beside],
        logs=[*told, fine, *last, *more],
    )


HOLDS = [
    *(
        Holds(
            f"their heaps are full for the whole hour, and they stand still: {what}",
            found,
            OURS,
            excludes=no("rollback_workload", at=SHOP),
            harmful=("rollback_workload", "scale_workload"),
        )
        for what, found in (
            ("Node tells it of its loop", world(warns=LOOP)),
            ("V8 counts bytes", world(V8)),
            ("Java tells it in words", world(JAVA)),
            ("the JVM logs each collection", world(WHOLE, least=PART, warns="INFO order taken")),
            ("its callers tell of it, and nobody measures it", world(NODE, *logs("web", LATE), felt=None)),
            ("and a release is of last month", world(before=IMAGE, released=25 * DAY)),
        )
    ),
    Holds("one of their like ended for it, and is well since", world(warns="INFO order taken", ended=True), OURS),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, found)
        for what, found in (
            ("the heaps are full, and nobody feels it", world(felt=None)),
            ("a heap swings", world(old=(1019, 700))),
            ("the younger one's heap is as full", world(young=(1003,))),
            ("the younger one's heap was as full a while ago", world(young=(1003, 310))),
            ("they do not stand still, and none ended for it", world(warns="INFO order taken")),
            (
                "the JVM collects all in a moment",
                world(WHOLE.replace("3985", "398"), least=PART, warns="INFO order taken"),
            ),
            ("the younger one collects all and frees as little", world(WHOLE, young=(1003,), warns="INFO order taken")),
            ("what is young alone is collected", world(PART, warns="INFO order taken")),
            ("only its room of now is told, not how large it may become", world(NODE.replace("Limit", "Total"))),
            ("the two are told in different units", world(JAVA.replace("1024M", "1G"))),
            ("a release of yesterday may fill them", world(before=IMAGE, released=DAY)),
            ("whom they ask is slow", world(beside=(latency("stock", 0.05, 4.0),))),
        )
    ),
]
