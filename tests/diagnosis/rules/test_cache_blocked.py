"""A cache that runs and answers slowly is behind all that ask it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CACHE, EMPTY, SHOP, UNREAD, WELL, errors, latency, logs, shop
from tests.diagnosis.rules.tiny import NOW, figure, log, pod, redis, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log

ASKS = {"REDIS_URL": "redis://redis:6379/0"}
BUSY = "ReplyError: BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
UNFOUND = "WARN redis: connection pool: failed to dial: lookup redis on 10.96.0.10:53: i/o timeout"
SLOW = {
    "its own figure": figure("cache_latency_p95", 0.001, 1.2, component="redis"),
    "its caller's figure": figure("dependency_latency_p95", 0.002, 1.5, component="shop", dependency="redis"),
    "its exporter": figure("cache_up", 1, 0, component="redis"),
}

FSYNC = "* Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for it"
IN_MAY = "1:M 12 May 2026 11:58:00.123 # Slow script detected: still in execution after 5001 ms"


def cache_says(line: str, times: int) -> dict[str, Any]:
    return {"logs": logs("redis", line, times=times)}


def gone(line: str) -> Log:
    """Return what a process of the cache repeated before another took its place."""
    return log(pod("redis"), *[line] * 9, since=1800)._replace(previous=True)


HUNG = "ERROR redis.exceptions.TimeoutError: Timeout reading from socket redis:6379"
STARVED = "the heartbeat has been running for 00:00:03. This could be caused by thread pool starvation."


def accused(*more: Log, said: str = STARVED) -> Any:
    """Return a shop whose own threads are taken by its words, that complains of the cache, and a cart that asks it."""
    told = [*logs("shop", said, 0, 1), *logs("shop", EMPTY, 0, 1), *more]
    return snapshot(shop(env=ASKS), workload("cart", env=ASKS), redis(), figures=[errors("shop")], logs=told)


def over(*cache: str, goes_on: bool = True, said: str = HUNG) -> Any:
    """Return a cache that its caller missed half an hour ago; both go on since, and the caller is slow."""
    later = [(600 - n * 60, "INFO GET /carts/7 200 2100ms") for n in range(9)] if goes_on else []
    return snapshot(
        shop(env=ASKS),
        redis(),
        figures=[latency("shop", now=3.0, since=1700)],
        logs=[
            timed(pod("shop"), (1800, said), *later),
            timed(pod("redis"), *((1810 - n * 1300, line) for n, line in enumerate(cache))),
        ],
    )


def cart(line: str) -> Log:
    return log(pod("cart"), *[line] * 9)


HOLDS = [
    *(
        Holds(f"its caller lacks threads, and {what}", world, (CACHE, "dependency_failure", "page_human"))
        for what, world in (
            ("nobody else tells how it is", accused()),
            ("another caller waits for it as well", accused(cart("GET /carts/7 200 19ms"), cart(EMPTY))),
            ("another caller fails", accused(cart("GET /carts/7 500 19ms"))),
            ("says so once", accused(cart("GET /carts/7 200 19ms"), said="INFO")),
        )
    ),
    *(
        Holds(
            f"its caller waits for answers: {what}",
            snapshot(shop(env=ASKS), redis(), figures=[errors("shop")], logs=logs("shop", line)),
            (CACHE, "dependency_failure", "page_human"),
        )
        for what, line in (
            ("none lies there unread", EMPTY),
            ("threads are left", UNREAD.replace("Busy=38", "Busy=1")),
            ("nothing waits for threads", UNREAD.replace("QueuedItems=85", "QueuedItems=0")),
        )
    ),
    Holds(
        "its caller waits for answers, of which one lies there in part",
        snapshot(shop(env=ASKS), redis(), figures=[errors("shop")], logs=[log(pod("shop"), *[EMPTY] * 8, UNREAD)]),
        (CACHE, "dependency_failure", "page_human"),
    ),
    Holds(
        "the process before told of a script that does not end",
        snapshot(shop(env=ASKS), redis(), figures=[errors("shop")], logs=[gone("# Slow script detected: 5001 ms")]),
        (CACHE, "dependency_failure", "restart_workload"),
    ),
    Holds(
        "it warned of its disk half an hour ago, and tells nothing since",
        over(FSYNC),
        (CACHE, "dependency_failure", "page_human"),
    ),
    Holds(
        "it told half an hour ago of a script, and goes on",
        over("# Slow script detected: still in execution after 5001 ms", "* 100 changes in 300 seconds. Saving..."),
        (CACHE, "dependency_failure", "restart_workload"),
    ),
    Holds(
        "it warns of its disk, and its caller is slow",
        snapshot(shop(env=ASKS), redis(), figures=[latency("shop", now=3.0)], **cache_says(FSYNC, 2)),
        (CACHE, "dependency_failure", "page_human"),
    ),
    Holds(
        "it warns of its disk again and again",
        snapshot(shop(env=ASKS), redis(), **cache_says(FSYNC, 9)),
        (CACHE, "dependency_failure", "page_human"),
    ),
    Holds(
        "it says once that a script does not end",
        snapshot(shop(env=ASKS), redis(), **cache_says("# Slow script detected: still in execution after 5001 ms", 1)),
        (CACHE, "dependency_failure", "restart_workload"),
    ),
    Holds(
        "it says so once, in the month of May",
        replace(
            snapshot(shop(env=ASKS), redis(), logs=[Log(pod("redis"), "redis", (IN_MAY,))]),
            taken_at=NOW + timedelta(days=69),
        ),
        (CACHE, "dependency_failure", "restart_workload"),
    ),
    *(
        Holds(
            f"{what} tells it",
            snapshot(shop(env=ASKS), redis(), figures=[told]),
            (CACHE, "dependency_failure", "page_human"),
            excludes=no("restart_workload", at=SHOP),
        )
        for what, told in SLOW.items()
    ),
    Holds(
        "its caller is slow, which is no finding of its own",
        snapshot(shop(env=ASKS), redis(), figures=[SLOW["its own figure"], latency("shop", now=3.0)]),
        (CACHE, "dependency_failure", "page_human"),
        alone=True,
    ),
    Holds(
        "a script that does not end goes with a restart",
        snapshot(shop(env=ASKS), redis(ready=0), logs=logs("shop", BUSY, times=1)),
        (CACHE, "dependency_failure", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"who complains lacks threads, and another caller is well: {line}",
            accused(cart(line)),
            (SHOP, "service_crash", "restart_workload"),
        )
        for line in ("GET /carts/7 200 19ms", "HTTP GET /carts/7 responded 200 in 9.3 ms")
    ),
    DoesNotHold(
        "its answers lie unread at the only one who complains, whose threads are all taken",
        snapshot(shop(env=ASKS), redis(), figures=[errors("shop")], logs=logs("shop", UNREAD)),
    ),
    DoesNotHold(
        "the process before warned of its disk, and its caller fails",
        snapshot(shop(env=ASKS), redis(), figures=[errors("shop")], logs=[gone(FSYNC)]),
    ),
    *(
        DoesNotHold(f"it did not answer for a moment, half an hour ago: {what}", over(*told))
        for what, told in (
            ("it warned of its disk", (FSYNC, "* Background saving terminated with success")),
            ("only its caller told of it", ("* Ready to accept connections tcp",)),
        )
    ),
    DoesNotHold(
        "it warned twice of its disk, and nobody who asks it is slow",
        snapshot(shop(env=ASKS), redis(), figures=[WELL], **cache_says(FSYNC, 2)),
    ),
    DoesNotHold(
        "two callers do not find its name in time",
        snapshot(
            shop(env=ASKS), workload("web", env=ASKS), redis(), logs=[*logs("shop", UNFOUND), *logs("web", UNFOUND)]
        ),
        ("Service/kube-dns", "network_fault", "page_human"),
    ),
    DoesNotHold(
        "it is fast",
        snapshot(shop(env=ASKS), redis(), figures=[figure("cache_latency_p95", 0.001, 0.004, component="redis")]),
    ),
]
