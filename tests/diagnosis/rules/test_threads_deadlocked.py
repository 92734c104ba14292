"""Threads of a process wait for each other, as its runtime says, and what they did is done no more."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, again, pods_of, put
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, errors, shop
from tests.diagnosis.rules.tiny import at, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

HOTSPOT = (
    "Found one Java-level deadlock:",
    "=============================",
    '"worker-3":',
    "  waiting to lock monitor 0x00007f1c5c0031a0 (object 0x00000000c41f0a10, a example.Pool),",
    '  which is held by "balancer"',
    '"balancer":',
    "  waiting to lock monitor 0x00007f1c5c003290 (object 0x00000000c41e7720, a example.Book),",
    '  which is held by "worker-3"',
    "Found 1 deadlock.",
)
WATCHED = (f"{at(200)} WARN [watchdog] Found one Java-level deadlock: worker-3, balancer",)
OPENJ9 = ("1LKDEADLOCK    Deadlock detected !!!", '2LKDEADLOCKTHR  Thread "worker-3" (0x1)')
WATCHER = ("2 deadlocked threads found: worker-3 waits for balancer, balancer waits for worker-3",)
ASKED = (
    f'{at(200)} WARN findDeadlockedThreads: "worker-3" BLOCKED on Book@5d owned by "balancer"; "balancer" BLOCKED',
)
COUNTED = (f"{at(200)} ERROR ThreadMXBean.findDeadlockedThreads() returned [23, 41]",)
IN_TURN = (
    f"{at(200)} CRITICAL watchdog: 'worker-3' waits for lock A held by 'balancer', 'balancer' for lock B held by"
    " 'worker-3': deadlock",
)
LISTED = (f'{at(200)} WARN findDeadlockedThreads: ["worker-3", "balancer"]',)
NAMED = (f'{at(200)} WARN findDeadlockedThreads="tx-writer,no-reply-1"',)
UNRESOLVED = (
    f"{at(200)} CRITICAL thread 'tx-writer' waits for mutex A held by 'session-1', 'session-1' for mutex B held by"
    " 'tx-writer': a deadlock that cannot be resolved",
)
NONE = (
    "no deadlocked threads found",
    "0 deadlocked threads detected",
    "Found 0 Java-level deadlocks",
    "The watchdog has not detected any deadlocked threads",
    "deadlocked threads found: 0",
    "Found 0 deadlocked threads",
    "ThreadMXBean.findDeadlockedThreads() returned null",
    "findDeadlockedThreads: []",
    *(f"findDeadlockedThreads{each}" for each in ('="none"', '="[]"', '="null" blocked=0', ": 'none'", "=[0 threads]")),
    *(f"findDeadlockedThreads{each}" for each in (" returned [0]", ': "no deadlocked threads"', ': ["none"]', '=""')),
    'findDeadlockedThreads="none", oldest wait: "db query"',
    "findDeadlockedThreads: 12 threads checked",
    "no findDeadlockedThreads found 2 threads waiting for db",
    "deadlocked threads found: []",
    'deadlocked threads detected: "none"',
    "Found [0] deadlocked threads",
    "found deadlocked threads: none",
    "findDeadlockedThreads took 3 ms",
    "at java.management/sun.management.ThreadImpl.findDeadlockedThreads(ThreadImpl.java:401)",
    "no deadlock: 'worker-3' waits for lock A held by 'balancer', 'balancer' for lock B held by 'worker-4'",
)
OF_THE_DATABASE = ("ERROR: deadlock detected", "DETAIL: Process 7 waits for ShareLock on transaction 9")
IN_A_DATABASE = (
    'deadlock detected by postgres, rolled back: "tx 71" waits for row locked by "tx 72", "tx 72" for row locked by'
    ' "tx 71"',
    "deadlock: 'session 71' waits for lock on orders held by 'session 72', 'session 72' for lock on items held by"
    " 'session 71'",
)
BETWEEN_PROGRAMS = "deadlock: 'a-0' waits for lease x held by 'b-0', 'b-0' waits for lock y held by 'a-0'"
OF_USERS = "deadlock of edits: 'ann' wants part 3 locked by 'bob', 'bob' wants part 4 locked by 'ann'"
SETTLED = (
    "deadlock resolved: 'worker-3' waits for lock A held by 'balancer', 'balancer' for lock B held by 'worker-3'",
    "2 deadlocked threads found: worker-3 backed off",
)
KEPT = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "shop"}}]}
FIRES = alert("OrdersNotAssigned")


def told(
    *dump: str, stopped: float = 1800, every: float = 60, works: Collection[float] = (), previous: bool = False
) -> Log:
    """Return a log of orders that were assigned until so long ago, then a dump, and of nothing but its health since.

    ``every``: how many seconds were between two; ``works``: ages at which some more were assigned.
    """
    lines = [f"{at(stopped + every * n)} INFO (worker-{n % 3}) order {n} assigned" for n in range(20, 0, -1)]
    lines += [f"{at(age)} INFO health UP" for age in range(int(stopped), 300, -300)]
    lines += [f"{at(240)} Full thread dump", *dump]
    lines += [f"{at(age)} INFO (worker-0) order 9 assigned" for age in works]
    return Log(pod("shop"), "shop", tuple(lines), previous)


def stands(
    *dump: str, alerts: Any = (FIRES,), objects: Any = None, figures: Any = (), beside: Any = (), **more: Any
) -> Snapshot:
    """Return a shop of which one pod tells of a deadlock, in a namespace that an alert speaks of."""
    return snapshot(objects or shop(), beside, logs=[told(*(dump or HOTSPOT), **more)], figures=figures, alerts=alerts)


def fails(*, since: float) -> Snapshot:
    """Return the shop and a caller whose requests fail since so many seconds; no alert fires."""
    return stands(
        alerts=(), figures=[errors("web", since=since)], beside=workload("web", env={"SHOP": "http://shop:8080"})
    )


def started_again() -> Any:
    """Return the shop whose container ended since it told of the deadlock."""
    objects = shop()
    put(pods_of(objects)[0], again("Error", 143, age=200))
    return objects


RESTART = (SHOP, "service_crash", "restart_workload")

HOLDS = [
    *(
        Holds(
            f"{what} tells of it, and it assigns nothing since",
            stands(*dump),
            RESTART,
            excludes=no("rollback_workload", at=SHOP),
            harmful=("rollback_workload", "scale_workload"),
            began=1860,
        )
        for what, dump in (
            ("its runtime", HOTSPOT),
            ("another runtime", OPENJ9),
            ("who asks its runtime", WATCHER),
            ("its logger", WATCHED),
            ("its watchdog names who holds what", ASKED),
            ("its watchdog names the numbers of its threads", COUNTED),
            ("two that hold what the other waits for, in any language", IN_TURN),
            ("its watchdog lists its threads", LISTED),
            ("its watchdog lists its threads in a row, which are called like other things", NAMED),
            ("two that are called like what a database has, and do not get apart", UNRESOLVED),
        )
    ),
    Holds("it was released days before", stands(objects=shop(before=IMAGE, released=50 * HOUR)), RESTART),
    Holds(
        "nobody is alerted, and a caller's requests fail since",
        fails(since=1500),
        RESTART,
        excludes=no("rollback_workload", at=SHOP),
        harmful=("rollback_workload", "scale_workload"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, (), harmful=("restart_workload",))
        for what, world in (
            ("other threads do the same work", stands(works=(200, 100))),
            ("it did nothing for longer before", stands(stopped=400)),
            ("it told of that only at its start", stands(every=20, objects=shop(started=2300))),
            *((f"it finds none: {line}", stands(line)) for line in NONE),
            ("it is of transactions in a database", stands(*OF_THE_DATABASE)),
            *((f"it is of whom a database ends: {line}", stands(line)) for line in IN_A_DATABASE),
            ("it is between programs that take leases", stands(BETWEEN_PROGRAMS)),
            ("it is of those who use it, and of no threads", stands(OF_USERS)),
            *((f"one of them gave way: {line}", stands(line)) for line in SETTLED),
            ("it came soon after a release, and may come again", stands(objects=shop(before=IMAGE, released=3 * HOUR))),
            ("it has started again since", stands(objects=started_again(), previous=True)),
            ("nothing is wrong anywhere", stands(alerts=(), figures=[errors("shop", 0.001)])),
            ("something was wrong before it alone", fails(since=3000)),
            (
                "others fail who do not call it",
                stands(alerts=(), figures=[errors("web", since=1500)], beside=workload("web")),
            ),
            ("it had done nothing for hours when it told of it", stands(stopped=4 * HOUR)),
            ("it keeps data", stands(objects=shop(spec=KEPT))),
            ("it is a program of others", stands(objects=shop(image="confluentinc/cp-kafka:7.6"))),
        )
    ),
    DoesNotHold("it has been so for more than half a day", stands(stopped=13 * HOUR), ASK),
]
