"""A replica that is thrown off each time it copies never catches up, whoever starts it anew."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CART, OLD, SHOP, errors, shop
from tests.diagnosis.rules.tiny import Obj, at, log, pod, redis, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

CACHE = "StatefulSet/redis"
THROWN = (
    "# Client id=1921 addr=10.71.2.34:39060 laddr=10.71.1.27:6379 fd=11 name= age=39 idle=38 flags=S db=0 sub=0 "
    "psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=20474 argv-mem=0 multi-mem=0 rbs=1024 rbp=0 obl=0 oll=16380 "
    "omem=268640248 tot-mem=268662248 events=r cmd=psync user=default redir=-1 resp=2 scheduled to be closed ASAP for "
    "overcoming of output buffer limits."
)
OLDER = (
    "# Client addr=10.71.2.34:38413 fd=499 name= age=210 idle=103 flags=S db=0 sub=0 psub=0 multi=-1 qbuf=0 "
    "qbuf-free=0 obl=0 oll=4102 omem=98005232 events=rw cmd=sync scheduled to be closed ASAP for overcoming of output "
    "buffer limits."
)
READER = THROWN.replace("flags=S", "flags=N").replace("cmd=psync", "cmd=mget")
SUBSCRIBER = THROWN.replace("flags=S", "flags=P").replace("cmd=psync", "cmd=subscribe")
ASKS = "* Replica 10.71.2.34:6379 asks for synchronization"
BACK = "* Synchronization with replica 10.71.2.34:6379 succeeded"
SENT = "* Synchronization with slave succeeded"
PART = "* Partial resynchronization request from 10.71.2.34:6379 accepted. Sending 81920 bytes of backlog."
LACK = "* Unable to partial resync with replica 10.71.2.34:6379 for lack of backlog (Replica request was: 91084681331)."
TYPE = "ERROR TypeError: total is undefined"
DOWN = (
    "RedisCommandExecutionException: MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."
)


def world(*said: tuple[float, str], released: float = 2000, beside: Iterable[Obj] = (), **more: Any) -> Snapshot:
    """Return a cache of three, whose first pod tells lines at their ages, and a caller that was released and fails."""
    store: list[Obj] = redis(kind="StatefulSet", pods=3)
    lines = tuple(f"1:M {at(age)} {line}" for age, line in sorted(said, reverse=True))
    caller = shop(env={"REDIS_URL": "redis://redis:6379"}, before=OLD, released=released)
    says = Log("shop-pod0", "shop", tuple(f"{at(900 - 60 * n)} ERROR {DOWN}" for n in range(14)))
    logs = [Log("redis-0", "redis", lines), says, *more.get("logs", ())]
    return snapshot(store, caller, beside, logs=logs, figures=[errors("shop", 0.5, 900), *more.get("figures", ())])


def again(line: str, *then: str, times: int = 12, since: float = 900, every: float = 70) -> Iterable[tuple[float, str]]:
    """Return a line, and what follows it by some seconds, over and over."""
    for n in range(times):
        yield since - every * n, line
        yield from ((since - every * n - 10 * (k + 1), each) for k, each in enumerate(then))


HOLDS = [
    Holds(
        what,
        told,
        (CACHE, "configuration_error", "page_human"),
        excludes=(
            *no("restart_workload", "rollback_workload", "scale_workload", at=CACHE),
            *no("rollback_workload", "restart_workload", at=SHOP),
        ),
        harmful=("rollback_workload", "restart_workload", "scale_workload"),
        alone=True,
    )
    for what, told in (
        ("both are thrown off each minute", world((9000, BACK), *again(THROWN, LACK, ASKS))),
        ("an older one tells of it", world(*again(OLDER, ASKS))),
        ("it is sent all to the end, and thrown off while it reads that", world(*again(SENT, OLDER, ASKS))),
        (
            "it was sent all to the end once more just now, as it was each time",
            world(*again(SENT, OLDER, ASKS), (5, SENT)),
        ),
    )
] + [
    *(
        Holds(
            f"another caller fails since {what}",
            world(
                (9000, BACK),
                *again(THROWN, LACK, ASKS),
                beside=workload("cart", env={"REDIS_URL": "redis://redis:6379"}, before=OLD, released=released),
                figures=[errors("cart", 0.6, released - 20)],
                logs=[log(pod("cart", n), *[TYPE] * 20, since=released - 20) for n in range(2)],
            ),
            (CACHE, "configuration_error", "page_human"),
            spares=no("rollback_workload", at=CART),
            harmful=("restart_workload", "scale_workload"),
        )
        for what, released in (
            ("a later release of its own", 400),
            ("a release of its own, before any replica was thrown off", 1500),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, told, ("dependency_failure", "page_human"))
    for what, told in (
        ("clients read too slowly", world(*again(READER))),
        ("subscribers read too slowly", world(*again(SUBSCRIBER))),
        ("it was thrown off twice", world(*again(THROWN, ASKS, times=2, since=300))),
        ("it is back since", world(*again(THROWN, ASKS), (30, BACK))),
        ("it is back with the part that it missed", world(*again(THROWN, ASKS), (30, PART))),
        (
            "it is thrown off each quarter of an hour, and gets the part that it missed",
            world(*((age, line) for n in range(4) for age, line in ((900 * n + 60, THROWN), (900 * n + 40, PART)))),
        ),
        (
            "it was sent all to the end, and is not thrown off again as it was each time",
            world(*again(SENT, OLDER, ASKS), (60, SENT)),
        ),
        ("it was thrown off an hour ago", world(*again(THROWN, ASKS, since=5000))),
        (
            "it is thrown off once a day, and well in between",
            world(
                *((age, line) for n in (0, 1, 2) for age, line in ((86400 * n + 60, THROWN), (86400 * n + 20000, BACK)))
            ),
        ),
        ("replicas ask anew, as their network is cut", world(*again(ASKS, LACK))),
    )
]
