"""Pools times replicas: more replicas want more sessions than there are, and further ones make it worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import (
    API,
    FATAL,
    IMAGE,
    OLD,
    REFUSED,
    SHOP,
    URL,
    autoscaler,
    errors,
    logs,
    pool,
    rate,
    shop,
)
from tests.diagnosis.rules.sessions import full
from tests.diagnosis.rules.tiny import (
    DAY,
    Obj,
    at,
    database,
    event,
    figure,
    pod,
    postgres,
    secret_key,
    session,
    snapshot,
    workload,
)
from tuheg_ir.diagnosis.model import Series, Session, Snapshot

POOLS = (session(SHOP, "idle", 70), session(SHOP, "active", 26))
WEB = "Deployment/web"
OUTGROWN = (SHOP, "database_connection", "page_human")


def scaled(told: str) -> Snapshot:
    """Return a shop of six pods, of which an event tells how it came to them."""
    return full(event(SHOP, "ScalingReplicaSet", told, kind="Normal"), of=shop(env=URL, pods=6), sessions=POOLS)


def measured(signal: str, before: float, now: float, pods: int = 6) -> Snapshot:
    figures = [figure(signal, before, now, since=900, component="shop")]
    return full(of=shop(env=URL, pods=pods), sessions=POOLS, figures=figures)


def asked_for(*figures: tuple[str, Series]) -> Snapshot:
    """Return a shop that grew after it got many more requests, as a release of the one who asks it began."""
    web = workload("web", env={"SHOP_URL": "http://shop:8080"}, before=IMAGE, released=960)
    grew = [figure("replicas_wanted", 2, 6, since=800, component="shop"), rate("shop", 60, 480, since=900)]
    return full(web, of=shop(env=URL, pods=6), sessions=POOLS, figures=[*grew, *figures])


def after_a_rush(
    *taken: int,
    pods: int = 6,
    counting: int = 6,
    since: float = 700,
    in_turn: bool = False,
    silent: float = 0,
) -> Snapshot:
    """Return a shop that got more pods half an hour ago, a database that is full since, and what their pools took.

    ``in_turn``: each took it at another time. ``silent``: for how many seconds nothing was counted.
    """
    turns = [(*[0] * 2 * n, *taken)[: len(taken)] if in_turn else taken for n in range(counting)]
    counts = [pool(pod("shop", number), *turn) for number, turn in enumerate(turns)]
    told = [(s, Series(e.labels, tuple((t - silent, v) for t, v in e.points))) for s, e in counts]
    objects = workload("shop", env=URL, pods=pods, released=9 * DAY)
    for each in pods_of(objects)[2:]:
        each["metadata"]["creationTimestamp"] = at(1800)
    return snapshot(
        objects,
        workload("api", env=URL),
        postgres(),
        logs=OTHER,
        figures=[
            figure("replicas_wanted", 2, pods, since=1800, component="shop"),
            figure("db_connections", 20, 97, since=since, component="postgres"),
            figure("db_max_connections", 100, 100, component="postgres"),
            errors("api", 0.3, 240),
            *told,
        ],
    )


RUSH = (1, 4, 12, 15, 15, 14, 3, 1, 0, 1, 1, 0, 1)
SIZE = "SPRING_DATASOURCE_HIKARI_MAXIMUM_POOL_SIZE"
HELD = (session(SHOP, "idle", 76), session(API, "active", 20))
OTHER = logs("api", f'psycopg.OperationalError: connection to server at "postgres", port 5432 failed: {FATAL}')
RAISED = (SHOP, "configuration_error", "rollback_workload")
ONLY_BACK: dict[str, Any] = {
    "excludes": (*no("restart_workload", "scale_workload", at=SHOP), *no("restart_workload", at=API)),
    "harmful": ("restart_workload", "restart_connection_pool", "scale_workload", "scale_database"),
    "alone": True,
}
"""Of pools that are too large nothing helps but their former size."""
DB_FULL = ("StatefulSet/postgres", "database_connection", "page_human")


def larger(
    was: str = "10",
    now: str = "40",
    *beside: list[Obj],
    key: str = SIZE,
    sessions: Sequence[Session] = (),
    **more: Any,
) -> Snapshot:
    """Return a shop whose release set its pool anew, and a neighbour that the database refuses since then."""
    setting = {"env": {**URL, key: now}, "before": {**IMAGE, "env": {**URL, key: was}}, "released": 500}
    return snapshot(
        shop(pods=4, **{**setting, **more}),
        workload("api", env=URL),
        postgres(),
        *beside,
        logs=OTHER,
        databases=[database(*sessions)] if sessions else [],
        figures=[errors("api", 0.3, 240)],
    )


SECRET = secret_key("db")
AS_API = {"DATABASE_URL": "postgres://api@postgres:5432/shop"}
RETURNED = ("rollback_workload",)


def hidden(*told: tuple[str, float, float], beside: list[Obj] | None = None, was: str = "10", **more: Any) -> Snapshot:
    """Return a shop whose Secret keeps the address of its database, and whose release set its pool anew.

    It is not refused itself: an api is. ``told``: of a user, how many sessions figures count, before and now.
    """
    setting: dict[str, Any] = {"DATABASE_URL": SECRET, "DB_POOL_SIZE": "40"}
    before: dict[str, Any] = {"env": {**setting, "DB_POOL_SIZE": was}}
    return snapshot(
        workload("shop", **{"pods": 4, "env": setting, "before": before, "released": 500, **more}),
        workload("api", env=AS_API),
        postgres(),
        beside or [],
        logs=OTHER,
        figures=[
            errors("api", 0.3, 240),
            *(
                figure("db_connections_by_client", low, high, 450, component="postgres", user=user, state="idle")
                for user, low, high in told
            ),
            *([figure("db_connections", 40, 97, 440, component="postgres")] if told else []),
            *([figure("db_max_connections", 100, 100, component="postgres")] if told else []),
        ],
    )


MEASURED = [
    figure("db_connections", 40, 97, 600, component="postgres"),
    figure("db_max_connections", 100, 100, component="postgres"),
    figure("replicas_wanted", 2, 3, since=900, component="shop"),
]


def unlimited(**users: float) -> Snapshot:
    """Return the same where nobody counts all sessions, nor tells how many there may be."""
    world = counted(**users)
    return replace(
        world,
        metrics={
            k: v for k, v in world.metrics.items() if not k.startswith(("db_c", "db_max")) or k.endswith("_client")
        },
    )


def counted(*figures: tuple[str, Series], **users: float) -> Snapshot:
    """Return a shop that got one replica more, a refused api, and how many sessions figures count of each user."""
    told = [
        figure("db_connections_by_client", 5, held, component="postgres", user=user, state="idle")
        for user, held in users.items()
    ]
    return snapshot(
        shop(env=URL, pods=3),
        workload("api", env=AS_API),
        postgres(),
        logs=[REFUSED, *OTHER],
        figures=[*MEASURED, *told, *figures, errors("shop", 0.3, 500)],
    )


def in_steps(*ages: float, last: float) -> Snapshot:
    """Return a shop to which an autoscaler gave pods of some ages, and a database that is full since ten minutes."""
    objects = workload("shop", env=URL, pods=6)
    for each, age in zip(pods_of(objects)[6 - len(ages) :], ages, strict=True):
        each["metadata"]["creationTimestamp"] = at(age)
    scaler = autoscaler("shop", 6, 9)
    scaler["status"]["lastScaleTime"] = at(last)
    held = figure("db_connections_by_client", 40, 80, component="postgres", user="shop", state="active")
    return snapshot(
        objects,
        workload("api", env=AS_API),
        postgres(),
        scaler,
        logs=[REFUSED, *OTHER],
        figures=[*MEASURED[:2], held, errors("shop", 0.3, 500)],
    )


HOLDS = [
    Holds(
        "an autoscaler gave it pods in steps, and the last came after it was full", in_steps(700, 90, last=90), OUTGROWN
    ),
    Holds("figures tell that it holds most of them", counted(shop=80, api=15), OUTGROWN),
    Holds("figures tell users that are nobody's", counted(app=80, other=15), OUTGROWN),
    Holds(
        "another client had grown long before, and it had room then",
        counted(figure("replicas_wanted", 1, 4, since=2700, component="api"), app=80, other=15),
        OUTGROWN,
        alone=True,
    ),
    Holds(
        "another client grew when the database was full, as it waited",
        counted(figure("replicas_wanted", 1, 4, since=500, component="api"), app=80, other=15),
        OUTGROWN,
    ),
    Holds("only refusals tell that it is full, and it has most", unlimited(shop=80, api=15), OUTGROWN),
    Holds(
        "a release made the pools of a client larger whose address is in a Secret, and figures count its sessions",
        hidden(("shop", 12, 75), ("api", 22, 22)),
        RAISED,
    ),
    *(
        Holds(
            f"a release made its pools larger: {what}",
            world,
            RAISED,
            excludes=(
                *no("restart_workload", at=SHOP),
                *no("restart_workload", at=API),
                *no("scale_workload", at=SHOP),
            ),
            harmful=("scale_database", "restart_connection_pool"),
            alone=True,
        )
        for what, world in (
            ("a neighbour is refused", larger()),
            (
                "who may be a client too was released then as well",
                larger("10", "40", workload("cart", env={"DATABASE_URL": SECRET}, before=OLD, released=500)),
            ),
            ("and it has most of the sessions", larger(sessions=HELD)),
            ("the least that each keeps open", larger(key="DB_POOL_MIN_IDLE")),
            (
                "in a word of its command",
                larger(args=["serve", "--db-pool-size=40"], before={"args": ["serve", "--db-pool-size=10"]}),
            ),
        )
    ),
    *(
        Holds(
            f"a rush is over, and has left its pools open: {what}",
            world,
            (SHOP, "database_connection", "restart_connection_pool"),
            excludes=no("scale_workload", at=SHOP),
            harmful=("scale_workload", "rollback_workload"),
            alone=True,
        )
        for what, world in (
            ("each pod counts", after_a_rush(*RUSH)),
            ("some of them count", after_a_rush(*RUSH, counting=3)),
        )
    ),
    *(
        Holds(f"it got more pods, and {what}", world, OUTGROWN, excludes=no("restart_connection_pool", at=SHOP))
        for what, world in (
            ("its pools are in use", after_a_rush(1, 4, 12, 15, 15, 14, 15, 15, 14, 15, 15)),
            ("its pools were never much in use: each keeps all open", after_a_rush(*[1, 0] * 8)),
            ("it filled the database as they came", after_a_rush(*RUSH, since=1740)),
            ("each took much at another time", after_a_rush(1, 12, 12, *[0] * 14, in_turn=True)),
            ("they took much before it was full", after_a_rush(1, 12, 15, 14, 1, 0, 1, 0, 1, 1, 0, 1, 1)),
            ("nothing is counted of them now", after_a_rush(*RUSH, silent=400)),
            ("one of them counts", after_a_rush(*RUSH, counting=1)),
            ("none counts", after_a_rush(*RUSH, counting=0)),
        )
    ),
    Holds("as wanted", measured("replicas_wanted", 2, 6), OUTGROWN, excludes=no("scale_workload", at=SHOP)),
    Holds("by an autoscaler", measured("hpa_replicas", 2, 6), OUTGROWN, excludes=no("scale_workload", at=SHOP)),
    Holds("an event tells it", scaled("Scaled up replica set shop-r1 to 6 from 2"), OUTGROWN),
    Holds("an event of newer clusters tells it", scaled("Scaled up replica set shop-r1 from 2 to 6"), OUTGROWN),
    Holds(
        "more requests of users",
        asked_for(rate("web", 40, 300, since=900)),
        OUTGROWN,
        excludes=no("scale_workload", at=SHOP),
    ),
    Holds(
        "by an autoscaler, and users suffer",
        snapshot(
            postgres(),
            workload("api", pods=10, env=URL),
            autoscaler("api", 10, 10),
            event(
                "HorizontalPodAutoscaler/api",
                "SuccessfulRescale",
                "New size: 10; reason: cpu resource utilization above target",
                kind="Normal",
                age=600,
            ),
            databases=[database(session(API, "idle", 60), session(API, "active", 37))],
            figures=[errors("api", 0.3), figure("replicas_wanted", 4, 10, 620, component="api")],
            logs=logs("api", FATAL),
        ),
        (API, "database_connection", "page_human"),
        harmful=("rollback_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "an autoscaler gave it a pod after it was full, and another was made anew long before",
        in_steps(3000, 300, last=300),
        DB_FULL,
    ),
    DoesNotHold("all pods that an autoscaler gave it came after it was full", in_steps(300, 90, last=90), DB_FULL),
    DoesNotHold(
        "it has a replica more, and figures tell that another has most of the sessions",
        counted(shop=15, api=80),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "it has a replica more and few of the sessions, and only refusals tell that there are no more",
        unlimited(shop=15, api=80),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold("the same, and one replica has one of them", unlimited(shop=2, app=90), harmful=RETURNED),
    *(
        DoesNotHold(f"a release set its pool anew, its address is in a Secret, and {what}", world, harmful=RETURNED)
        for what, world in (
            ("nothing tells who has the sessions", hidden()),
            ("there is another database that it may use", hidden(beside=postgres("ledger-db"))),
            ("figures tell that another has most of the sessions", hidden(("shop", 12, 20), ("api", 22, 77))),
        )
    ),
    *(
        DoesNotHold(f"a release set its pool anew, and {what}", world, instead)
        for what, world, instead in (
            ("it is smaller", larger("40", "10"), DB_FULL),
            ("hardly larger", larger("10", "12"), DB_FULL),
            ("what it set is for how long it waits", larger(key="DB_POOL_TIMEOUT_MS"), DB_FULL),
            ("what it set is how many threads work", larger(key="WORKER_POOL_THREADS_MAX"), DB_FULL),
            ("that was hours before", larger(released=9000), DB_FULL),
            (
                "another client was released then as well",
                larger("10", "40", workload("cart", env=URL, before=OLD, released=500)),
                DB_FULL,
            ),
        )
    ),
    DoesNotHold(
        "a release made its pool larger, and another has most of the sessions",
        larger(sessions=(session(SHOP, "idle", 20), session(API, "active", 76))),
        DB_FULL,
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "a release made its pool larger, and forgets transactions",
        larger(sessions=(session(SHOP, "idle in transaction", 76, age_s=400), session(API, "active", 20))),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "it leaves its transactions open, and the oldest is a few seconds old as yet",
        larger(sessions=(session(SHOP, "idle in transaction", 76, age_s=6), session(API, "active", 20))),
        harmful=("restart_workload", "scale_workload"),
    ),
    DoesNotHold(
        "its replicas never changed",
        measured("replicas_wanted", 2, 2, pods=2),
        ("StatefulSet/postgres", "database_connection", "page_human"),
    ),
    DoesNotHold(
        "its replicas grew for the requests that a caller's release multiplied before",
        asked_for(rate("web")),
        (WEB, "code_defect", "rollback_workload"),
        harmful=("scale_workload",),
    ),
    DoesNotHold(
        "a roll-out scales as well, and is no growth",
        full(
            event(SHOP, "ScalingReplicaSet", "Scaled up replica set shop-r2 to 2 from 1", kind="Normal"),
            of=shop(env=URL, before=IMAGE),
            sessions=POOLS,
        ),
        ("StatefulSet/postgres", "database_connection", "page_human"),
    ),
]
