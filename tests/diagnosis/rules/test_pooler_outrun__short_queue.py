"""Clients wait for a pooler's sessions for less than half a second on average, as some of them do for far longer.

Others have to tell of the queue, too. What is asked may have grown by and by, and goes on growing as the queue stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, SHOP, errors, logs, shop
from tests.diagnosis.rules.test_pooler_outrun import POOLER, ROOM, TOLD, URL, pooler, taken
from tests.diagnosis.rules.tiny import figure, log, pod, postgres, snapshot
from tuheg_ir.diagnosis.model import Log, Snapshot

Minute = tuple[float, float, float]
"""Transactions a second, how many milliseconds one takes, and for how many it waits."""
QUEUE = [380.0] * 12
WAITING = figure("pool_waiting", 0, 40, component="pgbouncer")


def minutes(*told: Minute, number: int = 0) -> Log:
    """Return what a pooler tells of itself, minute by minute until now."""
    lines = [
        f"[1] LOG stats: {rate:.0f} xacts/s, {2 * rate:.0f} queries/s, 0 client parses/s, in 9 B/s, out 9 B/s, "
        f"xact {1000 * xact:.0f} us, query 9000 us, wait {1000 * wait:.0f} us"
        for rate, xact, wait in told
    ]
    return log(pod("pgbouncer", number), *lines, since=60 * len(told))


def ramp(
    first: float = 120,
    last: float = 205,
    then: Sequence[float] = (260,) * 12,
    waits: Sequence[float] = (),
    took: float = 52,
) -> list[Log]:
    """Return how both instances had more and more to do for 24 minutes, and what they did as their clients waited."""
    before = [(first + (last - first) * n / 23, 52, 1) for n in range(24)]
    after = [(rate, took, wait) for rate, wait in zip(then, waits or QUEUE, strict=True)]
    return [minutes(*before, *after), minutes(*before, *after, number=1)]


def queue(
    *more: Any, told: list[Log] | None = None, figures: Any = (), line: str = TOLD, known: Any = ROOM, **of_shop: Any
) -> Snapshot:
    """Return a shop that is told for nine minutes that it waited for a session for too long."""
    said = logs("shop", line, since=540) if line else []
    return snapshot(
        *(more or (postgres(), pooler())),
        shop(env=URL, **of_shop),
        logs=[*(ramp() if told is None else told), *said],
        figures=[*known, errors("shop", since=540), *figures],
    )


HOLDS = [
    *(
        Holds(
            f"a transaction waits for far longer than it takes, {what}",
            seen,
            (POOLER, "capacity", "scale_workload"),
            excludes=(*no("scale_workload", "restart_workload", at=SHOP), *no("restart_connection_pool", at=POOLER)),
            harmful=("rollback_workload", "restart_connection_pool"),
            alone=True,
        )
        for what, seen in (
            ("and clients are told that they waited for too long", queue()),
            ("and those who wait are counted", queue(line="", figures=[WAITING])),
            ("and more and more is asked, also as they wait", queue(told=ramp(170, 190, (265,) * 12))),
            ("and twice as much is asked as half an hour ago", queue(told=ramp(120, 220))),
        )
    ),
    Holds(
        "a transaction waits for far longer than it takes, and the database has little room left",
        queue(known=taken(60)),
        (POOLER, "capacity", "page_human"),
        harmful=("scale_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        f"a transaction waits at a pooler, and {what}",
        seen,
        (),
        harmful=("scale_workload", "scale_database", "restart_connection_pool"),
    )
    for what, seen in (
        ("nobody else tells of a queue", queue(line="")),
        (
            "one client at most is counted as it waits",
            queue(line="", figures=[figure("pool_waiting", 0, 1, component="pgbouncer")]),
        ),
        ("hardly for longer than it takes", queue(told=ramp(waits=[102.0] * 12, took=60))),
        ("for a moment only", queue(told=ramp(waits=[30.0] * 12, took=5))),
        ("it takes far longer itself", queue(told=ramp(took=90))),
        ("no more is done than just before: somebody sits on the sessions", queue(told=ramp(then=(205,) * 12))),
        ("less is done than just before", queue(told=ramp(then=(181,) * 12))),
        ("hardly more is done than at first", queue(told=ramp(200, 205, (240,) * 12))),
        ("the queue is over", queue(told=ramp(waits=[*[380.0] * 8, *[1.0] * 4]))),
        ("one instance has no queue", queue(told=[ramp()[0], minutes(*[(120, 52, 1)] * 36, number=1)])),
        ("the database is busy", queue(figures=[figure("cpu_share", 0.3, 0.9, pod="postgres-0")])),
        ("its pods came with the queue", queue(postgres(), pooler(started=700))),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(
        "a transaction waits at a pooler since a client was released, which may ask for more",
        queue(before=OLD, released=760),
        instead=("rollback_workload",),
    ),
]
