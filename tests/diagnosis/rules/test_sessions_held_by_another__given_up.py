"""Pools gave up their connections while nothing passed to the database, which has kept the sessions of all of them.

It counts more from a pod's address than its pool has since that time, and as many before. What a program opens beside
its pool, or forgets, makes the database count more and more, and what it works on still is no session of nobody.
"""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import IMAGE, SHOP, errors, shop
from tests.diagnosis.rules.tiny import figure, log, pod, series, snapshot, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

MYSQL = "StatefulSet/mysql"
CUT = 1500.0
"""Nothing passed so long ago."""
WELL = CUT - 300
OF_USER = "(conn=7) User 'shop' has exceeded the 'max_user_connections' resource (current value: 50)"
OF_ALL = "ERROR 1040 (HY000): Too many connections"
MAY = {"MYSQL_HOST": "mysql", "MYSQL_USER": "shop"}
Told = list[tuple[str, Series]]
Steps = tuple[tuple[float, float], ...]
POOL: Steps = ((3600, 20), (CUT, 0), (WELL, 5))
KEPT: Steps = ((3600, 20), (WELL, 25))


def sleeps(each: float, before: float = 0) -> Told:
    """Return for how long all sessions of the database sleep together, of which so many do since the cut."""
    points = [
        (at, 900 + before * n * 30 + each * max(0.0, 30 * n - (3600 - CUT)))
        for n, (at, _) in enumerate(series({}, (3600, 0)).points)
    ]
    return [("db_idle_seconds", Series({"component": "mysql"}, tuple(points)))]


def cut(
    *beside: Any,
    pool: Steps = POOL,
    kept: Steps = KEPT,
    at_work: float = 8,
    said: str = OF_USER,
    most: float = 0,
    used: float = 60,
    told: Told | None = None,
    more: Any = (),
    **released: Any,
) -> Snapshot:
    """Return a shop that is refused sessions, what its two pools have and what the database counts of each pod.

    ``most``: how many sessions the database grants, of which ``used`` are taken; 0 if nobody tells.
    """
    objects = shop(env=MAY, pods=2, **released)
    figures = list(sleeps(40) if told is None else told)
    for each in pods_of(objects):
        name, address = each["metadata"]["name"], each["status"]["podIP"]
        figures.append(("pool_open", series({"pod": name}, *pool)))
        figures.append(("db_sessions_by_address", series({"component": "mysql", "address": address}, *kept)))
    limits = [figure("db_connections", 40, used, CUT, component="mysql")] if most else []
    limits += [figure("db_max_connections", most, most, component="mysql")] if most else []
    return snapshot(
        objects,
        workload("mysql", "mysql:8", kind="StatefulSet", pods=1, port=3306),
        *beside,
        figures=[
            *figures,
            *limits,
            figure("db_sessions_at_work", 9, at_work, CUT, component="mysql"),
            errors("shop", 0.5, CUT),
        ],
        logs=[log(pod("shop"), *[said] * 9, since=WELL), *more],
    )


HOLDS = [
    *(
        Holds(
            f"a database keeps the sessions that pools gave up{what}",
            world,
            (SHOP, "database_connection", "restart_connection_pool"),
            excludes=(
                *no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
                *no("restart_workload", "scale_database", at=MYSQL),
            ),
            harmful=("restart_workload", "rollback_workload", "scale_workload", "scale_database"),
            alone=True,
        )
        for what, world in (
            (", and one user may have no more", cut()),
            (", and nobody may have more", cut(said=OF_ALL, most=60)),
            (", and nobody tells for how long they sleep, but hardly any works", cut(told=[])),
            (", and others slept before", cut(told=sleeps(40, before=25))),
            (", of which a pool closed one after another", cut(pool=((3600, 20), (CUT, 14), (CUT - 60, 0), (WELL, 5)))),
        )
    ),
]
HARM = ("restart_connection_pool", "scale_database", "scale_workload", "restart_workload")
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a database counts more sessions than pools have, {what}", world, harmful=HARM)
        for what, world in (
            ("and did so before", cut(kept=((3600, 40), (WELL, 45)))),
            ("and they became more while the pools had as many", cut(pool=((3600, 20),), kept=((3600, 20), (CUT, 45)))),
            ("since moments ago", cut(pool=((3600, 20), (300, 5)), kept=((3600, 20),), told=[])),
            ("and has given them back", cut(kept=((3600, 20), (WELL, 25), (600, 5)))),
            ("and works for most of them", cut(told=[], at_work=40)),
            ("and they do not sleep", cut(told=sleeps(4))),
            ("and nobody tells what they do", cut(told=[], at_work=99)),
            ("but by two", cut(pool=((3600, 20), (CUT, 0), (WELL, 23)))),
            ("and there would be no room without them", cut(said=OF_ALL, most=400, used=398)),
            (
                "and others are refused by their own limit too",
                cut(*workload("cart", env=MAY), more=[log(pod("cart"), *[OF_USER] * 9)]),
            ),
            ("and few of its own are of no use", cut(pool=((3600, 20), (CUT, 12), (WELL, 15)))),
        )
    ),
    DoesNotHold(
        "pools have fewer than a database keeps since a release, which may close none of them",
        cut(before=IMAGE, released=CUT + 60),
        (SHOP, "code_defect", "rollback_workload"),
        harmful=("restart_connection_pool", "scale_database", "scale_workload"),
    ),
    DoesNotHold(
        "pools have fewer than a database keeps, and nobody is refused",
        cut(said="GET /orders 200 20ms"),
    ),
]
