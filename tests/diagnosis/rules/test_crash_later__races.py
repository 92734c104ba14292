"""Threads of a release of the night meet at one thing once the load of the day comes; no hour of the night shows it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import again, looping, pods_of, put
from tests.diagnosis.rules.scenes import IMAGE, SHOP, shop
from tests.diagnosis.rules.tiny import DAY, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

HOUR = 3600.0
MAPS = (
    "fatal error: concurrent map writes",
    "goroutine 79102 [running]:",
    "example.com/shop/internal/basket.(*Table).Put(0xc0001a2040)",
)
PYTHON = (
    "Traceback (most recent call last):",
    '  File "/app/worker.py", line 71, in flush',
    "RuntimeError: dictionary changed size during iteration",
)
JAVA = (
    'Exception in thread "main" java.util.ConcurrentModificationException',
    "\tat com.shop.Index.next(Index.java:90)",
)
NET = (
    "Unhandled exception. System.InvalidOperationException: Operations that change non-concurrent collections must have"
    " exclusive access. A concurrent update was performed on this collection and corrupted its state.",
)
CLOSED = ("panic: send on closed channel", "goroutine 91 [running]:")
POINTER = ("panic: runtime error: invalid memory address or nil pointer dereference", "goroutine 7 [running]:")
DEFECT = (SHOP, "code_defect", "rollback_workload")
PERSON = (SHOP, "service_crash", "page_human")
NO_PART = ("rollback_workload", "restart_workload")


def raced(
    *last: str,
    hours: float = 9,
    was: dict[str, Any] | None = None,
    code: int = 2,
    restarts: int = 3,
    lived: float = 400,
    crashed: int = 3,
    beside: tuple[Any, ...] = (),
    after: tuple[str, ...] = (),
    **more: Any,
) -> Snapshot:
    """Return a shop that was released hours ago, whose pods end of late: by what each tells last."""
    made = shop(pods=3, before=IMAGE if was is None else was, released=hours * HOUR, **more)
    for n, each in enumerate(pods_of(made)[:crashed]):
        if n:
            put(each, again("Error", code, age=300 + 90 * n, restarts=restarts, lived=lived))
        else:
            put(each, looping("Error", code, restarts=restarts, lived=lived), unready=60)
    said = [
        log(pod("shop", n), "INFO order stored", "\n".join(last), *after, since=600, previous=True)
        for n in range(crashed if last else 0)
    ]
    return snapshot(made, *beside, logs=said)


HOLDS = [
    *(
        Holds(f"since the load of the morning, {what}", world, DEFECT, excludes=no("restart_workload", at=SHOP))
        for what, world in (
            ("a map of Go is written by two at once", raced(*MAPS)),
            ("a map of Go is read and written at once", raced("fatal error: concurrent map read and map write")),
            ("a map of Go is walked and written at once", raced("fatal error: concurrent map iteration and map write")),
            ("a channel is closed under who sends", raced(*CLOSED)),
            ("a lock of Go is let go twice", raced("fatal error: sync: unlock of unlocked mutex")),
            ("a thread of Python walks what another fills", raced(*PYTHON, code=1)),
            ("a thread of Java does", raced(*JAVA, code=1)),
            ("a collection of .NET tells of it", raced(*NET, code=134)),
            ("and it ends within moments by now", raced(*MAPS, lived=40, restarts=9)),
            ("and one of three pods has not met it yet", raced(*MAPS, crashed=2)),
            (
                "and a program that it does not hear of was released since",
                raced(*MAPS, beside=(workload("pay", before=IMAGE, released=HOUR),)),
            ),
        )
    ),
    Holds(
        "it ends within moments by now, a few hours after its release",
        raced(*MAPS, hours=4, lived=40, restarts=9),
        DEFECT,
    ),
]
CONFIG = {"volumes": [{"name": "c", "configMap": {"name": "shop-config"}}]}
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"hours after a release, {what}", world, PERSON, NO_PART)
        for what, world in (
            ("a pointer is nil, as one message may bring it about", raced(*POINTER)),
            ("it ends and tells nothing", raced()),
            ("the template before served for a day only", raced(*MAPS, age=1.4 * DAY)),
            ("it has met all hours of a day", raced(*MAPS, hours=30)),
            ("it changed no code", raced(*MAPS, was={"env": {"A": "1"}}, env={"A": "2"})),
            (
                "it went on for long after it, and ended of something else",
                raced(*MAPS, after=("INFO order stored",) * 9),
            ),
            (
                "who calls it was released since, and may ask more at once",
                raced(
                    *MAPS, beside=(workload("web", env={"SHOP": "http://shop:8080"}, before=IMAGE, released=2 * HOUR),)
                ),
            ),
        )
    ),
    DoesNotHold(
        "what it reads was written since",
        raced(*MAPS, spec=CONFIG, beside=(thing("ConfigMap", "shop-config", written=900, data={"workers": "64"}),)),
        harmful=NO_PART,
    ),
    DoesNotHold("it is killed from without", raced(*MAPS, code=137), harmful=NO_PART),
    DoesNotHold(
        "hours after a release, one pod ended of it once",
        raced(*MAPS, crashed=1, restarts=1),
        (SHOP, "service_crash", "restart_workload"),
        harmful=("rollback_workload",),
    ),
]
