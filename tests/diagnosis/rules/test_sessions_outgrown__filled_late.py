"""Pools that a release made larger, and that fill a database only by and by; what else may have filled it by then."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import IMAGE, OLD, SHOP, URL, errors, rate, shop
from tests.diagnosis.rules.test_sessions_outgrown import ONLY_BACK, OTHER, RAISED, SIZE
from tests.diagnosis.rules.tiny import DAY, NOW, figure, log, pod, postgres, series, snapshot, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

CART = workload("cart", env=URL, before=OLD, released=900)
LOCKED = "LOG:  process 71 still waiting for ShareLock on transaction 88 after 1000.5 ms"
OF_OTHERS = (
    *("HTTP_CLIENT_POOL_SIZE", "REDIS_POOL_SIZE", "KAFKA_MAX_CONNECTIONS", "HTTP_MAX_CONNECTIONS", "GRPC_POOL_SIZE"),
    *("AMQP_CONNECTION_LIMIT", "TASK_POOL_SIZE", "SERVER_TOMCAT_MAX_CONNECTIONS"),
)
NOTHING = ("rollback_workload",)
TAKEN = ("database_connection", "rollback_workload")


def counted(client: str, *steps: tuple[float, float], state: str = "idle") -> tuple[str, Series]:
    """Return how many sessions figures count of a client: (age from which on, how many)."""
    labels = {"component": "postgres", "client": client, "state": state}
    return "db_connections_by_client", series(labels, *steps)


RISES = ((3600, 16), (2900, 30), (2000, 44), (1200, 58), (600, 76))
MINE = counted("shop", *RISES)
BUSY = counted("shop", (3600, 4), state="active")
EVEN = rate("shop", 50, 52)
THEIRS = counted("api", (3600, 20), (500, 17))


def later(seconds: float, counts: tuple[str, Series]) -> tuple[str, Series]:
    """Return figures as another exporter counts them, so many seconds later."""
    signal, of = counts
    return signal, Series(of.labels, tuple((at + seconds, value) for at, value in of.points))


def since(age: float, counts: tuple[str, Series]) -> tuple[str, Series]:
    """Return figures that are counted only since so many seconds."""
    signal, of = counts
    return signal, Series(of.labels, tuple(each for each in of.points if each[0] >= NOW.timestamp() - age))


def works(before: float, now: float, signal: str = "cpu_share") -> tuple[tuple[str, Series], ...]:
    """Return the processor time of the shop's pods, which rose half an hour ago."""
    return tuple((signal, series({"pod": pod("shop", n)}, (3600, before), (2000, now))) for n in range(4))


def filled(
    *more: Any,
    was: str = "5",
    now: str = "24",
    held: tuple[tuple[str, Series], ...] = (MINE, BUSY, THEIRS),
    key: str = SIZE,
    seen: float = 3600,
    told: tuple[Any, ...] = (),
    figures: tuple[tuple[str, Series], ...] = (EVEN,),
    server: dict[str, Any] | None = None,
    **release: Any,
) -> Snapshot:
    """Return a database that is full since ten minutes; the shop's pools were set anew 50 minutes ago.

    ``seen``: for how many seconds it is told whose the sessions are.
    """
    setting = {"env": {**URL, key: now}, "before": {"env": {**URL, key: was}}, "released": 3000, "pods": 4}
    from_ = NOW.timestamp() - seen
    kept = [(s, Series(e.labels, tuple(p for p in e.points if p[0] >= from_))) for s, e in held]
    return snapshot(
        shop(**{**setting, **release}),
        workload("api", env=URL),
        workload("web", env={"SHOP_URL": "http://shop:8080"}),
        postgres(**(server or {})),
        *more,
        logs=[*OTHER, *told],
        figures=[
            figure("db_connections", 60, 98, 600, component="postgres"),
            figure("db_max_connections", 100, 100, component="postgres"),
            errors("api", 0.3, 580),
            *kept,
            *figures,
        ],
    )


HOLDS = [
    Holds(
        f"its pools filled the database by and by: {what}",
        world,
        RAISED,
        **ONLY_BACK,
    )
    for what, world in (
        ("of HikariCP", filled()),
        ("who has the sessions is told only since it was released", filled(seen=2400)),
        ("it was released hours ago", filled(released=9000)),
        ("another client was released since, and took no more", filled(CART)),
        (
            "of SQLAlchemy, in a word of its command",
            filled(args=["--pool-size=24"], before={"args": ["--pool-size=5"]}),
        ),
        ("its processor time alone tells what it has to do", filled(figures=works(0.2, 0.21))),
        ("so does that of a program without a limit", filled(figures=works(0.2, 0.21, "cpu_usage"))),
        ("another exporter counts the others", filled(held=(MINE, BUSY, later(7, THEIRS)))),
        ("each pod has several processes with a pool", filled(was="2", now="6", key="DATABASE_POOL_MAX")),
        ("the database told of a lock now and then", filled(told=(log("postgres-0", LOCKED, LOCKED, since=2000),))),
    )
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"its pools were set anew, much later the database is full, and {what}", world, harmful=NOTHING)
        for what, world in (
            ("that was yesterday", filled(released=DAY)),
            (
                "another client took as many",
                filled(held=(MINE, BUSY, counted("api", (3600, 3), (620, 20)))),
            ),
            (
                "another has most of them",
                filled(held=(counted("shop", (3600, 16), (1200, 24)), counted("api", (3600, 20), (900, 70)))),
            ),
            ("its pools of before could have held as many", filled(was="16", now="30")),
            ("so could those of two processes in each pod", filled(was="10", now="16")),
            (
                "it has few of them",
                filled(was="2", now="4", held=(counted("shop", (3600, 6), (900, 12)), counted("api", (3600, 10)))),
            ),
            ("it had as many before it", filled(held=(counted("shop", (3600, 76)), BUSY, THEIRS))),
            ("the database told of locks", filled(told=(log("postgres-0", *[LOCKED] * 9, since=1500),))),
            ("the database was started since: all came anew", filled(server={"started": 1500})),
            ("it has more to do", filled(figures=(rate("shop", 50, 120, 1500),))),
            ("who asks it has more to do", filled(figures=(EVEN, rate("web", 50, 120, 1500)))),
            ("its processor time tells of more to do", filled(figures=works(0.2, 0.6))),
            ("so does that of a program without a limit", filled(figures=works(0.2, 0.6, "cpu_usage"))),
            ("nothing tells what it has to do", filled(figures=())),
            (
                "another one that another exporter counts took as many",
                filled(held=(MINE, BUSY, later(7, counted("api", (3600, 3), (620, 20))))),
            ),
            ("the others are counted only since then", filled(held=(MINE, since(500, THEIRS)))),
            *((f"they hold no sessions of it: {key}", filled(key=key)) for key in OF_OTHERS),
            ("nobody tells whose the sessions are", filled(held=())),
        )
    ),
    *(
        DoesNotHold(f"a release took most of the sessions, and its pools are not why: {what}", world, (SHOP, *instead))
        for what, world, *instead in (
            ("they are smaller now", filled(was="24", now="5"), *TAKEN),
            ("all of them work", filled(held=(counted("shop", *RISES, state="active"), THEIRS)), *TAKEN),
            (
                "it leaves transactions open",
                filled(held=(counted("shop", *RISES, state="idle in transaction"), THEIRS)),
                *TAKEN,
            ),
            ("nobody tells what they do", filled(held=(counted("shop", *RISES, state=""), THEIRS)), *TAKEN),
            ("it is another program", filled(before=IMAGE), "code_defect", "rollback_workload"),
        )
    ),
]
