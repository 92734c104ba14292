"""A client of a pooler was released as others began to queue: it is not why, where it has a pool of its own.

The log of PgBouncer tells as which user of which database a client came, and who waited for too long.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, SHOP, errors, logs, shop
from tests.diagnosis.rules.test_pooler_outrun import POOLER, ROOM, TOLD, URL, pooler
from tests.diagnosis.rules.tiny import pod, postgres, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

INI = "[databases]\napp = host=postgres port=5432\n[pgbouncer]\npool_mode = transaction\ndefault_pool_size = 20\n"
RELEASED = 900
"""So long ago the timetable was released; clients wait since 720 seconds."""
Said = tuple[float, str]


def address(name: str, number: int = 0) -> str:
    """Return where a pod of a workload is."""
    return f"10.1.{sum(map(ord, name)) % 250}.{number + 1}"


def comes(who: str, pool: str, at: float = 880) -> Said:
    """Return how the pooler tells that a pod of a workload logs in."""
    base, _, user = pool.partition("/")
    return at, f"[1] LOG C-0x55d0c1c0c2c: {pool}@{address(who)}:41298 login attempt: db={base} user={user} tls=no"


def waited(who: str, pool: str, at: float = 500) -> Said:
    """Return how it tells that a pod of a workload waited for too long."""
    return at, f"[1] WARNING C-0x55d0c123bb8: {pool}@{address(who)}:35350 pooler error: query_wait_timeout"


LOGINS = (comes("timetable", "app/timetable"), waited("shop", "app/shop"), waited("shop", "app/shop", 300))


def of(*said: Said, first: float = 2160, number: int = 0) -> Log:
    """Return the log of the pooler: three times as much is done since a queue, and each takes as long as before."""
    minutes = (
        (at, f"[1] LOG stats: {260 if at <= 720 else 90} xacts/s, 9 queries/s, in 9 B/s, out 9 B/s, "
             f"xact 52000 us, query 9000 us, wait {380_000 if at <= 720 else 900} us")
        for at in range(int(first), 0, -60)
    )  # fmt: skip
    return timed(pod("pgbouncer", number), *sorted((*minutes, *said), key=lambda each: -each[0]))


def world(
    *more: Any, told: Sequence[Log] = (of(*LOGINS),), ini: str = INI, envs: dict[str, str] | None = None, **of_shop: Any
) -> Snapshot:
    """Return a shop that waits for sessions of a pooler since three minutes after a timetable was released."""
    maps = {"volumes": [{"name": "ini", "configMap": {"name": "pgbouncer-ini"}}]}
    return snapshot(
        postgres(),
        pooler(env={"DB_HOST": "postgres"} | (envs or {}), spec=maps, pods=1),
        thing("ConfigMap", "pgbouncer-ini", data={"pgbouncer.ini": ini}),
        workload("timetable", env=URL, before=OLD, released=RELEASED, pods=1),
        shop(env=of_shop.pop("env", URL), **of_shop),
        *more,
        logs=[*told, *logs("shop", TOLD, since=540)],
        figures=[*ROOM, errors("shop", since=700)],
    )


HOLDS = [
    Holds(
        "the released client comes as another user, and nobody waits in its pool",
        world(),
        (POOLER, "capacity", "scale_workload"),
        excludes=(*no("scale_workload", "restart_workload", at=SHOP), *no("restart_connection_pool", at=POOLER)),
        harmful=("rollback_workload", "restart_connection_pool", "scale_database"),
    ),
    Holds(
        "the released client comes into another database",
        world(told=[of(comes("timetable", "plans/shop"), waited("shop", "app/shop"))]),
        (POOLER, "capacity", "scale_workload"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "a limit of all sessions is named and off, and who may look at the pooler is named",
        world(ini=INI + "max_db_connections = 0\nadmin_users = admin\nauth_user = lookup\n"),
        (POOLER, "capacity", "scale_workload"),
        harmful=("rollback_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(f"a client was released as others began to wait, and {what}", seen, (), harmful=("scale_workload",))
    for what, seen in (
        ("it waits in the same pool", world(told=[of(*LOGINS, waited("timetable", "app/shop"))])),
        ("it comes by the same pool", world(told=[of(comes("timetable", "app/shop"), waited("shop", "app/shop"))])),
        ("it comes by both pools", world(told=[of(*LOGINS, comes("timetable", "app/shop"))])),
        ("others wait in its pool as well", world(told=[of(*LOGINS, waited("shop", "app/timetable"))])),
        ("nobody tells as whom it comes", world(told=[of(*LOGINS[1:])])),
        ("nobody tells who waits", world(told=[of(LOGINS[0])])),
        ("the log begins after it", world(told=[of(*LOGINS, first=890)])),
        ("one limit is set for all sessions of a database", world(ini=INI + "max_db_connections = 20\n")),
        ("all go on as one user", world(ini=INI.replace("port=5432", "port=5432 user=app"))),
        ("all go on as one user that a variable names", world(envs={"DB_USER": "app"})),
        ("nobody knows how large a pool is", world(ini="[databases]\napp = host=postgres\n")),
        (
            "it asks those who wait",
            world(workload("board", env={"SHOP_URL": "http://shop:8080"} | URL, before=OLD, released=RELEASED, pods=1),
                  told=[of(*LOGINS, comes("board", "app/board"))]),
        ),
    )
]  # fmt: skip
