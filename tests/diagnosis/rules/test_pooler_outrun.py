"""Clients queue for a pooler's sessions; only where each session is as quick as before is it for more demand."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import Obj, event, figure, log, pod, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Log

POOLER = "Deployment/pgbouncer"
URL = {"DATABASE_URL": "postgres://shop@pgbouncer:6432/shop"}
TOLD = "psycopg.errors.ProtocolViolation: query_wait_timeout"
QUIET = (45, 106_000, 40)
CROWD = (137, 108_000, 13_900_000)
ROOM = [
    figure("db_connections", 29, 31, component="postgres"),
    figure("db_max_connections", 400, 400, component="postgres"),
]
Minute = tuple[int, int, int]


def pooler(**more: Any) -> list[Obj]:
    return workload("pgbouncer", "edoburu/pgbouncer:1.23", port=6432, env={"DB_HOST": "postgres"}, **more)


def stats(before: Minute, now: Minute, number: int = 0, minutes: int = 10) -> Log:
    lines = [
        f"[1] LOG stats: {rate} xacts/s, {15 * rate} queries/s, 0 client parses/s, in 9 B/s, out 9 B/s, "
        f"xact {xact} us, query 2400 us, wait {wait} us"
        for rate, xact, wait in [before] * minutes + [now] * minutes
    ]
    return log(pod("pgbouncer", number), *lines, since=1200)


SAID = logs("shop", TOLD, since=540)
TWO = [stats(QUIET, CROWD), stats(QUIET, CROWD, 1)]


def world(*more: list[Obj] | Obj, told: list[Log] = TWO, **figures: Any) -> Any:
    known = figures.pop("figures", ROOM)
    return snapshot(postgres(), *more, figures=[*known, errors("shop", since=540)], logs=[*told, *SAID])


HOLDS = [
    Holds(
        "three times the transactions, each as quick, and the database has room",
        world(pooler(), shop(env=URL)),
        (POOLER, "database_connection", "scale_workload"),
        excludes=(*no("scale_workload", "restart_workload", at=SHOP), *no("restart_connection_pool", at=POOLER)),
    ),
    Holds(
        "nobody knows whether the database has room: somebody has to look",
        world(pooler(), shop(env=URL), figures=[]),
        (POOLER, "database_connection", "page_human"),
    ),
    Holds(
        "it has little room left for further instances",
        world(
            pooler(),
            shop(env=URL),
            figures=[
                figure("db_connections", 29, 60, component="postgres"),
                figure("db_max_connections", 100, 100, component="postgres"),
            ],
        ),
        (POOLER, "database_connection", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "each transaction takes longer: what is slow is behind, or within them",
        world(pooler(), shop(env=URL), told=[stats(QUIET, (137, 900_000, 13_900_000))]),
    ),
    DoesNotHold(
        "no more is done than before: somebody sits on the sessions",
        world(pooler(), shop(env=URL), told=[stats(QUIET, (44, 108_000, 13_900_000))]),
    ),
    DoesNotHold(
        "one of its instances tells nothing of the kind",
        world(pooler(), shop(env=URL), told=[stats(QUIET, CROWD), stats(QUIET, QUIET, 1)]),
    ),
    DoesNotHold(
        "a client was released then, and may ask for more",
        world(pooler(), shop(env=URL, before={"image": "shop:0"}, released=660)),
        instead=("rollback_workload",),
    ),
    DoesNotHold(
        "an instance of it is gone, and the others have its work",
        world(pooler(ready=1), shop(env=URL)),
    ),
    DoesNotHold(
        "it was scaled down, and the others have the work of those that went",
        world(
            pooler(),
            shop(env=URL),
            event(POOLER, "ScalingReplicaSet", "Scaled down replica set pgbouncer-r1 to 2 from 4", age=700),
        ),
    ),
    DoesNotHold("its pods are younger than the queue", world(pooler(started=590), shop(env=URL))),
    DoesNotHold(
        "the database is busy itself",
        world(
            pooler(),
            shop(env=URL),
            figures=[*ROOM, figure("cpu_share", 0.2, 0.95, pod="postgres-0")],
        ),
    ),
    DoesNotHold(
        "the log begins with the queue: nobody knows how it was before",
        world(pooler(), shop(env=URL), told=[stats(CROWD, CROWD)]),
    ),
    DoesNotHold("the queue is over", world(pooler(), shop(env=URL), told=[stats(CROWD, QUIET)])),
]
