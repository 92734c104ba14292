"""Sessions that are asleep became ever more for an hour: what its program waits for meanwhile is no reason of that."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import errors
from tests.diagnosis.rules.test_sessions_leaked import LOCKED_OUT, OUT_OF_TIME, SECRET
from tests.diagnosis.rules.tiny import NOW, figure, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

FEED = "Deployment/feed"
FULL = "ERROR 1040 (HY000): Too many connections"
SLOTS = 'pq: remaining connection slots are reserved for roles with the SUPERUSER attribute (SQLSTATE "53300")'
RESET = "WARN feed volta closed: read tcp 10.1.0.4:41022->203.0.113.9:443: read: connection reset by peer"
EVER_MORE = tuple(range(40, 172, 4))
WITH_WAITS = (*range(40, 120, 4), 117, 122, 120, 126, *range(126, 172, 4))


def climbing(
    *held: float,
    said: Any = RESET,
    line: str = FULL,
    state: str = "Sleep",
    by: str = "feed",
    more: Any = (),
    **rest: Any,
) -> Snapshot:
    """Return a full store, and a feed that breaks off again and again: how many sessions it had in the last hour."""
    rest = {"service": False, "env": SECRET, "pods": 1, **rest}
    points = tuple((NOW.timestamp() - 3600 + n * 3600 / (len(held) - 1), float(v)) for n, v in enumerate(held))
    of: dict[str, Any] = {"component": "mysql", "user": "feed"}
    return snapshot(
        workload("cart", env={"DB_HOST": "mysql"}),
        workload("feed", **rest),
        workload("mysql", "mysql:8.0", kind="StatefulSet", pods=1, port=3306),
        logs=[
            *(log(pod(name), *[line] * 9, since=280) for name in ("cart", by)),
            log(pod("feed"), *[said] * 60, since=3500),
        ],
        figures=[
            figure("db_max_connections", 200, 200, component="mysql"),
            figure("db_connections", 90, 198, 300, component="mysql"),
            errors("cart", 0.4, 280),
            ("db_connections_by_client", Series({**of, "state": state}, points)),
            figure("db_connections_by_client", 3, 3, **of, state="Query"),
            figure("db_connections_by_client", 14, 14, component="mysql", user="cart", state="Sleep"),
            *more,
        ],
    )


LEAKS = (FEED, "database_connection", "restart_connection_pool")
HOLDS = [
    Holds(
        f"its feed breaks off all the while, {what}",
        world,
        LEAKS,
        excludes=no("scale_workload", at=FEED),
        harmful=("scale_database", "rollback_workload"),
    )
    for what, world in (
        ("and nothing is given back", climbing(*EVER_MORE)),
        ("some are given back, and another store says so", climbing(*WITH_WAITS, line=SLOTS, state="idle")),
        ("and whom it calls does not answer in time", climbing(*EVER_MORE, said=OUT_OF_TIME)),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(
        f"a client's sessions are asleep and became many, it is kept waiting, {what}",
        world,
        harmful=("restart_connection_pool", "rollback_workload"),
    )
    for what, world in (
        ("and they became so all at once", climbing(*[40] * 16, *[170] * 17)),
        ("and they became so in half an hour, and are as many since", climbing(*range(40, 172, 8), *[170] * 17)),
        ("and it had few until half an hour ago", climbing(*[40] * 17, *range(40, 172, 8))),
        ("and most were given back amid that", climbing(*range(40, 120, 4), *range(40, 172, 10))),
        ("and it had nearly as many an hour ago", climbing(*range(110, 171, 2))),
        ("and it waits for a lock", climbing(*EVER_MORE, said=LOCKED_OUT)),
        ("and it is refused none", climbing(*EVER_MORE, by="cart")),
        ("and all of them are at work", climbing(*EVER_MORE, state="Query")),
        ("and nobody knows how many requests it gets", climbing(*EVER_MORE, service=True)),
        (
            "and it was released two hours ago",
            climbing(*EVER_MORE, before={"args": ["--workers=4"]}, args=["--workers=9"], released=7200),
        ),
    )
]
