"""Clients queue for a pooler, or for its one thread, for more demand: not if it is slower, or one was released."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, errors, logs, rate, shop
from tests.diagnosis.rules.tiny import Obj, event, figure, log, pod, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Series

POOLER = "Deployment/pgbouncer"
URL = {"DATABASE_URL": "postgres://shop@pgbouncer:6432/shop"}
TOLD = "psycopg.errors.ProtocolViolation: query_wait_timeout"
QUIET = (45, 106_000, 40)
CROWD = (137, 108_000, 13_900_000)
ROOM = [
    figure("db_connections", 29, 31, component="postgres"),
    figure("db_max_connections", 400, 400, component="postgres"),
]


def taken(count: int) -> list[tuple[str, Series]]:
    """Return how many of its hundred sessions a database has given by now."""
    return [
        figure("db_connections", 29, count, component="postgres"),
        figure("db_max_connections", 100, 100, component="postgres"),
    ]


Minute = tuple[int, int, int]


def pooler(**more: Any) -> list[Obj]:
    return workload("pgbouncer", "edoburu/pgbouncer:1.23", port=6432, **({"env": {"DB_HOST": "postgres"}} | more))


def stats(
    before: Minute, now: Minute, number: int = 0, minutes: int = 10, query: tuple[int, int] = (2400, 2400)
) -> Log:
    lines = [
        f"[1] LOG stats: {rate} xacts/s, {15 * rate} queries/s, 0 client parses/s, in 9 B/s, out 9 B/s, "
        f"xact {xact} us, query {took} us, wait {wait} us"
        for (rate, xact, wait), took in [(before, query[0])] * minutes + [(now, query[1])] * minutes
    ]
    return log(pod("pgbouncer", number), *lines, since=1200)


SAID = logs("shop", TOLD, since=540)
TWO = [stats(QUIET, CROWD), stats(QUIET, CROWD, 1)]


def world(*more: list[Obj] | Obj, told: list[Log] = TWO, **figures: Any) -> Any:
    known = figures.pop("figures", ROOM)
    return snapshot(postgres(), *more, figures=[*known, errors("shop", since=540)], logs=[*told, *SAID])


ALONE = 'SQLSTATE[08006] [7] connection to server at "pgbouncer" (10.96.0.7), port 6432 failed: timeout expired'
EASY = (478, 1200, 80)
RUSH = (1150, 1200, 90)


def core(
    *more: list[Obj] | Obj,
    used: tuple[float, float] = (0.42, 1.0),
    grown: float = 150,
    line: str = ALONE,
    told: list[Log] | None = None,
    figures: list[Any] = ROOM,
    image: str = "bitnami/pgbouncer:1.22",
    envs: dict[str, str] | None = None,
    **of_pooler: Any,
) -> Any:
    """Return a shop that cannot connect to its pooler, which uses a whole core since there is more to do."""
    by = workload("pgbouncer", image, port=6432, env=envs or {"DB_HOST": "postgres"}, pods=1, **of_pooler)
    return snapshot(
        by,
        *more or (postgres(), shop(env=URL)),
        logs=[*([stats(EASY, RUSH)] if told is None else told), *logs("shop", line, 0, 1, since=540)],
        figures=[
            *figures,
            errors("shop", since=540),
            rate("shop", 50, grown, since=700),
            figure("cpu_usage", *used, 600, pod=pod("pgbouncer"), container="pgbouncer"),
        ],
    )


OUT = "HikariPool-1 - Connection is not available, request timed out after 3003ms (total=20, active=20, waiting=34)"


def inside(
    *,
    query: tuple[int, int] = (1400, 13_300),
    was: float = 11,
    active: float = 15,
    line: str = OUT,
    figures: Sequence[Any] = (),
    **more: Any,
) -> Any:
    """Return a shop whose own pool runs out, since its statements take long through a pooler that uses a whole core."""
    now = figure("db_connections_by_state", was, active, component="postgres", state="active")
    told = [stats(EASY, RUSH, query=query)]
    return core(line=line, told=told, figures=[*(figures or ROOM), now], **more)


CAPACITY = (POOLER, "capacity", "scale_workload")
HOLDS = [
    Holds(
        "its clients' own pools run out, as each statement waits for its thread and the database has little to do",
        inside(),
        CAPACITY,
        excludes=(*no("scale_workload", "restart_workload", at=SHOP), *no("restart_workload", at=POOLER)),
        harmful=("rollback_workload",),
        alone=True,
    ),
    Holds(
        "its one thread uses a whole core, of two that it may, and who comes in has a session at once",
        core(resources={"limits": {"cpu": "2"}}),
        CAPACITY,
        excludes=(*no("scale_workload", "restart_workload", at=SHOP), *no("restart_workload", at=POOLER)),
        alone=True,
        began=600,
    ),
    *(
        Holds(
            f"nobody knows that another instance's sessions find room: {what}",
            world,
            (POOLER, "capacity", "page_human"),
            harmful=("scale_workload",),
        )
        for what, world in (
            ("its database is outside", core(shop(env=URL), figures=[])),
            ("nobody measures its database", core(figures=[])),
            ("its database has given more than half of what it has", core(figures=taken(69))),
            (
                "one of its databases is outside",
                core(envs={"DATABASES": "a=host=postgres,b=host=b.rds.example.com"}),
            ),
            (
                "one of its databases is not measured",
                core(postgres(), postgres("orders"), shop(env=URL), envs={"DB_HOSTS": "postgres,orders"}),
            ),
        )
    ),
    Holds(
        "it counts those who wait for a session, and there are none",
        core(told=[], figures=[*ROOM, figure("pool_waiting", 0, 0, component="pgbouncer")]),
        CAPACITY,
    ),
    Holds(
        "nobody knows whether its sessions suffice: further instances might take more of them",
        core(told=[]),
        (POOLER, "capacity", "page_human"),
    ),
    Holds(
        "its database has no session left for further instances",
        core(told=[stats(EASY, RUSH), *logs("cart", "FATAL: sorry, too many clients already")]),
        (POOLER, "capacity", "page_human"),
    ),
    Holds(
        "three times the transactions, each as quick, and the database has room",
        world(pooler(), shop(env=URL)),
        (POOLER, "capacity", "scale_workload"),
        excludes=(*no("scale_workload", "restart_workload", at=SHOP), *no("restart_connection_pool", at=POOLER)),
    ),
    Holds(
        "nobody knows whether the database has room: somebody has to look",
        world(pooler(), shop(env=URL), figures=[]),
        (POOLER, "capacity", "page_human"),
    ),
    Holds(
        "it has little room left for further instances",
        world(
            pooler(),
            shop(env=URL),
            figures=taken(60),
        ),
        (POOLER, "capacity", "page_human"),
    ),
    Holds(
        "one of its databases has room, and nobody knows of the other one",
        world(pooler(env={"DB_HOSTS": "postgres,orders"}), postgres("orders"), shop(env=URL)),
        (POOLER, "capacity", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"its clients' own pools run out, and {what}", world, (), harmful=("scale_workload",))
        for what, world in (
            ("a statement takes as long as before through it", inside(query=(1400, 1900))),
            ("the database works at most of its sessions", inside(active=29)),
            (
                "the database works at five times as many as before, beside idle ones of others",
                inside(active=60, figures=[figure("db_connections", 129, 140, component="postgres"), ROOM[1]]),
            ),
            (
                "a statement takes three times as long, and the database works at twice as many",
                inside(query=(1400, 4400), was=7),
            ),
            ("the database worked at none before", inside(was=0)),
            ("nobody knows at how many the database works", core(line=OUT)),
            ("it does not use a whole core", inside(used=(0.42, 0.7))),
            ("it always used a whole core", inside(used=(0.95, 1.0))),
            ("no more is asked than before", inside(grown=52)),
        )
    ),
    DoesNotHold(
        "its clients' own pools run out, and one of them was released then",
        core(
            postgres(),
            shop(env=URL, before={"image": "shop:0"}, released=660),
            line=OUT,
            told=[stats(EASY, RUSH, query=(1400, 13_300))],
            figures=[*ROOM, figure("db_connections_by_state", 11, 15, component="postgres", state="active")],
        ),
        instead=("rollback_workload",),
    ),
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
    DoesNotHold("its one core has room", core(used=(0.42, 0.8)), instead=("unknown", "page_human")),
    DoesNotHold("it always used a whole core", core(used=(0.95, 1.0)), instead=("unknown", "page_human")),
    DoesNotHold(
        "it uses more than one core: several processes share its work",
        core(used=(0.42, 1.6)),
        instead=("unknown", "page_human"),
    ),
    DoesNotHold(
        "a pooler of many threads uses a whole core",
        core(image="ghcr.io/postgresml/pgcat:1.2"),
        instead=("unknown", "page_human"),
    ),
    DoesNotHold("no more is asked than before", core(grown=52), instead=("unknown", "page_human")),
    DoesNotHold(
        "it uses a whole core, and who calls it tells of another trouble",
        core(line="ERROR: relation cart does not exist"),
        instead=(SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "its clients wait for its sessions as well: those are short, or somebody holds them",
        core(told=[stats(EASY, (1150, 90_000, 9_000_000))]),
        instead=("unknown", "page_human"),
    ),
    DoesNotHold(
        "a client was released then, and may connect for each statement",
        core(postgres(), shop(env=URL, before={"image": "shop:0"}, released=660)),
        instead=("rollback_workload",),
    ),
    DoesNotHold("the queue is over", world(pooler(), shop(env=URL), told=[stats(CROWD, QUIET)])),
]
