"""A service that leaves transactions open: its pool is restarted, or the release that brought it is rolled back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import FORGOTTEN, IMAGE, REFUSED, SHOP, URL, WORKING, errors, logs, pool, rate, shop
from tests.diagnosis.rules.sessions import full
from tests.diagnosis.rules.tiny import (
    DAY,
    NOW,
    at,
    database,
    figure,
    log,
    pod,
    postgres,
    secret_key,
    session,
    snapshot,
    workload,
)
from tuheg_ir.diagnosis.model import Log, Series, Snapshot
from tuheg_ir.diagnosis.rules._holders import measured_holders
from tuheg_ir.diagnosis.view.view import View

LEAK = (SHOP, "database_connection", "restart_connection_pool")
SYNC = workload("sync", env=URL, service=False, before={"image": "registry.example/sync:0"}, released=3000)
WAITS = "HikariPool-1 - Connection is not available, request timed out after 30000ms."
KNOWN = {"shop": {"kind": "Deployment"}, "worker": {"kind": "Deployment"}}

UNUSED = session(SHOP, "idle", 70, age_s=30000)
ROOM = [figure("db_max_connections", 100, 100, component="postgres")]

LOST = "WARN HikariPool-1 - Connection leak detection triggered for org.postgresql.jdbc.PgConnection@4f"
NO_SLOT = 'OperationalError: connection to server at "postgres", port 5432 failed: FATAL:  too many clients already'
LOCKED = "[71] LOG:  process 71 still waiting for ShareLock on transaction 88 after 1000.5 ms"


def told(*more: Any, leaks: float = 1100, released: float = 1200, **rest: Any) -> Snapshot:
    """Return a shop whose pool tells of leaks, some time after its release; for ten minutes no session is left."""
    return snapshot(
        shop(env=URL, before=IMAGE, released=released),
        workload("cart", env=URL),
        postgres(),
        *more,
        logs=[
            log(pod("shop"), *[LOST] * 9, since=leaks),
            log(pod("cart"), *[NO_SLOT] * 9, since=600),
            *rest.pop("logs", ()),
        ],
        figures=[errors("cart", 0.6), *rest.pop("figures", ())],
    )


OFFICE = "Deployment/back-office"
DRIVER, NOBODY = "PostgreSQL JDBC Driver", ""


def counted(*clients: tuple[str, str, float], office: Any = None, since: float = 1800, **released: Any) -> Snapshot:
    """Return a full database, a shop that is refused, and an office; figures tell who is idle in transactions.

    ``clients``: (name, user, how many); ``released``: how the shop was, since half an hour before it grew.
    """
    idle = sum(count for *_, count in clients)
    of = {"component": "postgres", "state": "idle in transaction"}
    labelled = [({k: v for k, v in (("client", name), ("user", user)) if v}, n) for name, user, n in clients]
    return full(
        office or workload("back-office", env={"DB_HOST": "postgres"}),
        of=shop(env=URL, **{"before": IMAGE, "released": since + 1800, **released}),
        figures=[
            *ROOM,
            figure("db_connections", 30, 98, component="postgres"),
            figure("db_connections_by_state", 1, idle, since, **of),
            *(figure("db_connections_by_client", 1, count, since, **of, **named) for named, count in labelled),
        ],
    )


KEPT = (3, 9, 16, 22, 29, 35, 34, 41, 47, 53, 60, 66, 70, 70, 70)
LEVEL = (4, 6, 5, 4, 6, 5)
SECRET = {"DSN": secret_key("db")}
CANARY = "Deployment/shop-canary"


def canary(*more: Any, taken: tuple[int, ...] = KEPT, other: tuple[int, ...] = LEVEL, **rest: Any) -> Snapshot:
    """Return a full database, two clients that were released of late, and how much their pools have taken since."""
    old: dict[str, Any] = {"pods": 1, "env": SECRET}
    new: dict[str, Any] = {
        "image": "registry.example/shop:2",
        "before": {"image": "registry.example/shop:1"},
        "released": 1230,
    }
    return snapshot(
        workload("shop", **old),
        workload("shop-canary", **old, **new),
        workload("cart", **old, before={"image": "registry.example/cart:0"}, released=2400),
        postgres(),
        logs=[log(pod(name), *[NO_SLOT] * 9, since=280) for name in ("cart", "shop-canary")],
        figures=[
            *ROOM,
            errors("cart", 0.4, 280),
            figure("db_connections", 60, 99, 300, component="postgres"),
            pool(pod("shop-canary"), *taken),
            pool(pod("cart"), *other, since=2380),
            *more,
        ],
        **rest,
    )


DIRECT = {"DB_HOST": "postgres"}
ELSEWHERE = "prod.cluster-x.eu-central-1.rds.amazonaws.com"
PASSWORD = secret_key("db")
BATCHES, LEDGER = "Deployment/ledger-worker", "ledger-worker"


def lying(
    age: float,
    *others: tuple[str, str],
    user: str = "ledger",
    env: Any = DIRECT,
    beside: Any = (),
    said: Sequence[Log] = (),
    **more: Any,
) -> Snapshot:
    """Return a full database, a cart that is refused, and a worker that nobody calls; figures tell users and ages.

    ``others``: (user, program) of more clients, each of which has a few sessions; ``beside``: what else is there;
    ``said``: further logs.
    """
    open_ones: dict[str, Any] = {"component": "postgres", "user": user, "state": "idle in transaction"}
    few: list[dict[str, Any]] = [
        {"component": "postgres", "user": each, "state": "idle"} for each in ("cart", *(u for u, _ in others))
    ]
    return snapshot(
        workload("cart", env=DIRECT),
        workload(LEDGER, env=env, service=False, **more),
        *(workload(name, env=DIRECT) for _, name in others),
        *beside,
        postgres(),
        logs=[log(pod("cart"), *[NO_SLOT] * 9, since=280), *said],
        figures=[
            *ROOM,
            errors("cart", 0.4, 280),
            figure("db_connections", 30, 98, 300, component="postgres"),
            figure("db_connections_by_client", 1, 70, 900, **open_ones),
            *([figure("db_transaction_age_by_client", 2, age, 900, **open_ones)] if age else []),
            *(figure("db_connections_by_client", 9, 9, **each) for each in few),
        ],
    )


ASLEEP = (40, 42, 44, 46, 50, 55, 60, 65, 70)


def asleep(*taken: int, state: str = "Sleep", held: float = 72, more: Any = (), **rest: Any) -> Snapshot:
    """Return a full MySQL, a cart that is refused, and reports: what their pool has taken, what their user does."""
    of: dict[str, Any] = {"component": "mysql", "state": state}
    return snapshot(
        workload("cart", env={"DB_HOST": "mysql"}),
        workload("report-builder", **{"env": SECRET, "pods": 1, **rest}),
        workload("mysql", "mysql:8.0", kind="StatefulSet", pods=1, port=3306),
        logs=[log(pod("cart"), *["ERROR 1040 (HY000): Too many connections"] * 9, since=280)],
        figures=[
            figure("db_max_connections", 100, 100, component="mysql"),
            figure("db_connections", 60, 98, 300, component="mysql"),
            errors("cart", 0.4, 280),
            figure("db_connections_by_client", 40, held, user="report", **of),
            figure("db_connections_by_client", 20, 20, user="cart", **of),
            *([pool(pod("report-builder"), *taken, since=3000)] if taken else []),
            *more,
        ],
    )


def refused_asleep(
    *held: float, state: str = "Sleep", by: str = "report-builder", more: Any = (), said: Any = (), **rest: Any
) -> Snapshot:
    """Return a full MySQL, and reports that nobody calls: how many sessions they had, who is refused others."""
    rest = {"service": False, **rest}
    of: dict[str, Any] = {"component": "mysql", "user": "report"}
    return snapshot(
        workload("cart", env={"DB_HOST": "mysql"}),
        workload("report-builder", env=SECRET, pods=1, **rest),
        workload("mysql", "mysql:8.0", kind="StatefulSet", pods=1, port=3306),
        logs=[
            *(log(pod(name), *["ERROR 1040 (HY000): Too many connections"] * 9, since=280) for name in ("cart", by)),
            *said,
        ],
        figures=[
            figure("db_max_connections", 200, 200, component="mysql"),
            figure("db_connections", 60, 198, 300, component="mysql"),
            errors("cart", 0.4, 280),
            figure("db_connections_by_client", *held, **of, state=state),
            figure("db_connections_by_client", 3, 3, **of, state="Query"),
            figure("db_connections_by_client", 14, 14, component="mysql", user="cart", state="Sleep"),
            *more,
        ],
    )


ROUND = "INFO sync.round: round done ok=37 failed=1 open_db_sessions={}"
EVER_MORE = (*[2] * 12, *range(4, 72, 4), 70)
RUSH = (*[2] * 20, *[70] * 8)
OF_LATE = (*range(2, 24), 60, 70)
GIVEN_BACK = (*range(4, 40, 4), 10, *range(14, 70, 4), 70)
FALLEN = (*[90] * 20, 3, 12, 70)


def counting(
    *pods: Sequence[int],
    line: str = ROUND,
    every: float = 600,
    age: float = 60,
    held: float = 70,
    said: Any = (),
    more: Any = (),
    **rest: Any,
) -> Snapshot:
    """Return a full MySQL, a cart that is refused, and a sync that nobody calls: each of its pods counts its sessions.

    ``held``: how many sessions the database counts of its user.
    """
    rest = {"service": False, "env": {"DB_HOST": "mysql", "DB_USER": "sync"}, "pods": max(1, len(pods)), **rest}
    told = [[f"{at(age + every * n)} {line.format(v)}" for n, v in enumerate(reversed(each))][::-1] for each in pods]
    return snapshot(
        workload("cart", env={"DB_HOST": "mysql", "DB_USER": "cart"}),
        workload("sync", **rest),
        workload("mysql", "mysql:8.0", kind="StatefulSet", pods=1, port=3306),
        logs=[
            log(pod("cart"), *["ERROR 1040 (HY000): Too many connections"] * 9, since=280),
            *(Log(pod("sync", n), "sync", tuple(lines), previous=False) for n, lines in enumerate(told)),
            *said,
        ],
        figures=[
            figure("db_max_connections", 100, 100, component="mysql"),
            figure("db_connections", 80, 98, 300, component="mysql"),
            errors("cart", 0.4, 280),
            figure("db_connections_by_client", held - 12, held, component="mysql", user="sync"),
            figure("db_connections_by_client", 20, 20, component="mysql", user="cart"),
            *more,
        ],
    )


LOCKED_OUT = "ERROR sync.db: (1205, 'Lock wait timeout exceeded; try restarting transaction')"
LATE = "WARNING sync.station: station 7: socket.timeout: timed out after 30s, opening a new session for the next"
SYNCS = "Deployment/sync"
WORKERS: dict[str, Any] = {"args": ["--workers=180"], "before": {"args": ["--workers=40"]}}
OUT_OF_TIME = "requests.exceptions.ReadTimeout: HTTPConnectionPool(host='cart', port=8080): Read timed out."
MORE_PROCESSES: list[tuple[str, dict[str, Any]]] = [
    ("it gets more requests", {"more": [rate("report-builder", 100, 125, 900)]}),
    ("it gets far more requests", {"more": [rate("report-builder", 100, 300, 900)]}),
    ("nobody knows how many requests it gets", {"service": True}),
    ("it has no processor time left", {"more": [figure("cpu_share", 0.3, 0.99, 900, pod=pod("report-builder"))]}),
    ("whom it calls is late", {"said": [log(pod("report-builder"), *[OUT_OF_TIME] * 9, since=900)]}),
    ("it was released two hours ago", {"released": 7200, **WORKERS}),
]
REPORTS = "Deployment/report-builder"
FEW, EVENLY = 12, tuple(range(70, 172, 2))


def rising(
    *mine: float,
    state: str = "",
    others: tuple[float, float] = (20, 20),
    asked: tuple[float, float] | None = (50, 50),
    full_since: float = 300,
    more: Any = (),
    said: Any = (),
    **released: Any,
) -> Snapshot:
    """Return a full MySQL, a cart that is refused, and a shop with the sessions that it had from hour to hour.

    ``mine``: at even times of the last hour; ``asked``: how many requests it got and gets.
    """
    pods = released.pop("pods", 2)
    asleep: dict[str, Any] = {"state": state} if state else {}
    points = tuple((NOW.timestamp() - 3600 + n * 3600 / (len(mine) - 1), float(v)) for n, v in enumerate(mine))
    of = {"component": "mysql", "user": "shop", **asleep}
    return snapshot(
        shop(env={"DB_HOST": "mysql"}, **{"before": IMAGE, "released": 5700, "pods": pods, **released}),
        workload("cart", env={"DB_HOST": "mysql"}, before={"image": "registry.example/cart:0"}, released=1200),
        workload("mysql", "mysql:8.0", kind="StatefulSet", pods=1, port=3306),
        logs=[log(pod("cart"), *["ERROR 1040 (HY000): Too many connections"] * 9, since=280), *said],
        figures=[
            figure("db_max_connections", 200, 200, component="mysql"),
            figure("db_connections", 90, 198, full_since, component="mysql"),
            errors("cart", 0.4, 280),
            ("db_connections_by_client", Series(of, points)),
            figure("db_connections_by_client", *others, component="mysql", user="cart", **asleep),
            *([rate("shop", *asked, since=3000)] if asked else []),
            *more,
        ],
    )


def lately(*mine: float, released: float = 2000, **rest: Any) -> Snapshot:
    """Return a shop that had few sessions until its release half an hour ago, and what it had from minute to minute."""
    asleep = {"state": "Sleep", **rest}
    return rising(*[FEW] * 28, *mine, released=released, **asleep)


SLOW_CALL = "ERROR GET https://api.pay.example/v3: Read timed out after 30000 ms"
BY_AND_BY = tuple(range(14, 170, 5))
AT_ONCE = (14, 90, *[160] * 30)

HOLDS = [
    *(
        Holds(
            f"figures count ever more sessions of it since its release: {what}",
            world,
            (SHOP, "code_defect", "rollback_workload"),
            excludes=(
                *no("scale_workload", at=SHOP),
                *no("rollback_workload", "restart_workload", at="Deployment/cart"),
                *no("restart_workload", at="StatefulSet/mysql"),
            ),
            harmful=("scale_database", "restart_connection_pool"),
            alone=True,
        )
        for what, world in (
            ("evenly, and nobody tells what they do", rising(*EVENLY)),
            ("evenly, and they are asleep; nobody measures its requests", rising(*EVENLY, state="Sleep", asked=None)),
            ("it had few before", lately(*BY_AND_BY)),
            ("it had few before, and has somewhat less than half of all", lately(*range(14, 95, 3))),
            ("it had few before, and has nearly all at once", lately(*AT_ONCE)),
            ("it had few before, and gets somewhat more requests", lately(*BY_AND_BY, asked=(50, 90))),
            (
                "it had few before, and a call of it was slow later",
                lately(*BY_AND_BY, said=logs("shop", SLOW_CALL, times=3)),
            ),
        )
    ),
    *(
        Holds(
            f"a program's own log counts ever more sessions, as many as the database does, {what}",
            world,
            (SYNCS, "database_connection", "restart_connection_pool"),
            excludes=(*no("scale_workload", at=SYNCS), *no("restart_workload", at="StatefulSet/mysql")),
            harmful=("scale_database", "rollback_workload", "scale_workload"),
            alone=True,
        )
        for what, world in (
            ("and nobody calls it", counting(EVER_MORE)),
            ("in one of its pods", counting((*EVER_MORE[:-1], 66), [4] * 30)),
            ("and whom it asks is late for hours", counting(EVER_MORE, said=[log(pod("sync"), *[LATE] * 9)])),
            ("in JSON", counting(EVER_MORE, line='{{"msg": "round done", "openConnections": {}, "idle": 3}}')),
            ("and gets no more requests", counting(EVER_MORE, service=True, more=[rate("sync", 100, 102, 900)])),
            ("and one is given back at times", counting((*EVER_MORE[:-3], 57, 66, 70))),
        )
    ),
    Holds(
        "who is refused sessions lets nearly all of its own sleep, and gets no more requests than before",
        refused_asleep(40, 180, 900, service=True, more=[rate("report-builder", 100, 102, 900)]),
        (REPORTS, "database_connection", "restart_connection_pool"),
        harmful=("scale_database", "rollback_workload"),
    ),
    *(
        Holds(
            f"a worker that nobody calls has had its transactions open for long: {what}",
            world,
            (BATCHES, "database_connection", "restart_connection_pool"),
            excludes=(*no("scale_workload", at=BATCHES), *no("restart_connection_pool", at="Deployment/cart")),
            harmful=("rollback_workload", "scale_workload", "scale_database"),
            alone=True,
        )
        for what, world in (
            ("its user is called as it begins, and the others as they are", lying(1800)),
            ("its user is called as it is", lying(1800, user="ledger_worker")),
            ("its settings tell its user", lying(1800, user="booking", args=["--dsn=postgres://booking@postgres/l"])),
        )
    ),
    Holds(
        "the database counts asleep what a pool has taken and gives not back; nobody tells whom it leads to",
        asleep(*ASLEEP),
        (REPORTS, "database_connection", "restart_connection_pool"),
        excludes=(*no("scale_workload", at=REPORTS), *no("restart_workload", at="StatefulSet/mysql")),
        harmful=("scale_database",),
        alone=True,
    ),
    Holds(
        "who is refused sessions lets nearly all of its own sleep, and they became many; a Secret keeps its address",
        refused_asleep(40, 180, 900),
        (REPORTS, "database_connection", "restart_connection_pool"),
        excludes=(*no("scale_workload", at=REPORTS), *no("restart_workload", at="StatefulSet/mysql")),
        harmful=("scale_database", "rollback_workload"),
        alone=True,
    ),
    Holds(
        "each user begins the name of one client, and Secrets keep their addresses",
        lying(1800, user="ledger", env=SECRET),
        (BATCHES, "database_connection", "restart_connection_pool"),
        harmful=("rollback_workload", "scale_workload", "scale_database"),
        alone=True,
    ),
    *(
        Holds(
            f"a Secret keeps its address, by the name of {name}",
            lying(1800, env={name: PASSWORD}),
            (BATCHES, "database_connection", "restart_connection_pool"),
        )
        for name in (
            "DATABASE_URL",
            "PGHOST",
            "REPORTS_DB_URL",
            "MYSQL_HOSTNAME",
            "DB_CONNECTION_STRING",
            "USER_DB_URI",
        )
    ),
    Holds(
        "its URL is put together of what Secrets keep",
        lying(
            1800, env={"DB_HOST": PASSWORD, "DATABASE_URL": "postgres://ledger:$(DB_PASSWORD)@$(DB_HOST):5432/ledger"}
        ),
        (BATCHES, "database_connection", "restart_connection_pool"),
    ),
    *(
        Holds(
            f"whoever is called so as well {what}",
            lying(1800, env=SECRET, beside=[workload("ledger-web", env=env)]),
            (BATCHES, "database_connection", "restart_connection_pool"),
        )
        for what, env in (
            ("has only a password of a Secret", {"DB_PASSWORD": PASSWORD}),
            ("uses a database elsewhere", {"DB_HOST": ELSEWHERE, **SECRET}),
        )
    ),
    Holds(
        "its pool is measured, and gives nothing back since its release; another release changed nothing",
        canary(),
        (CANARY, "code_defect", "rollback_workload"),
        excludes=(*no("rollback_workload", at="Deployment/cart"), *no("scale_workload", at=CANARY)),
        alone=True,
    ),
    *(
        Holds(
            f"figures tell that another client than the released one leaves them open, by {what}",
            world,
            (OFFICE, "database_connection", "restart_connection_pool"),
            excludes=no("rollback_workload", "restart_connection_pool", at=SHOP),
            harmful=("rollback_workload",),
        )
        for what, world in (
            ("its name", counted(("back-office", "app", 70), ("shop", "app", 1))),
            ("its user", counted((NOBODY, "backoffice", 70), ("shop", "shop", 1))),
            ("its user, behind a driver's name", counted((DRIVER, "backoffice", 70), (DRIVER, "shop", 1))),
            (
                "a user that its settings tell",
                counted(
                    (NOBODY, "bo_rw", 70),
                    (NOBODY, "shop", 1),
                    office=workload("back-office", env={"DB_HOST": "postgres", "DB_USER": "bo_rw"}),
                ),
            ),
        )
    ),
    Holds(
        "figures tell by its user that the released one leaves them open",
        counted((NOBODY, "shop", 70), (NOBODY, "backoffice", 1), since=1500, released=1700),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    Holds(
        "figures tell of no client, and they grew with the release of one",
        counted((NOBODY, NOBODY, 70), since=1500, released=1700),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    Holds(
        "its pool tells of leaks since its release, and later no session is left",
        told(),
        (SHOP, "code_defect", "rollback_workload"),
        excludes=(*no("scale_workload", at=SHOP), *no("restart_workload", at="StatefulSet/postgres")),
        alone=True,
    ),
    Holds(
        "the waits for locks came later: the open transactions hold them",
        told(logs=[log("postgres-0", *[LOCKED] * 9, since=300)]),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    Holds(
        "its own idle transactions",
        full(sessions=[FORGOTTEN, WORKING]),
        LEAK,
        excludes=no("scale_workload", at=SHOP),
        alone=True,
    ),
    Holds(
        "a leak that came with an image",
        full(of=shop(env=URL, before=IMAGE, released=1800), sessions=[FORGOTTEN, WORKING]),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    Holds(
        "a release that took all sessions within minutes takes them again after a restart",
        full(
            of=shop(env=URL, before=IMAGE, released=400),
            sessions=[FORGOTTEN, WORKING],
            figures=[*ROOM, figure("db_connections", 30, 98, 250, component="postgres")],
        ),
        (SHOP, "code_defect", "rollback_workload"),
        excludes=no("restart_connection_pool", "restart_workload", at=SHOP),
    ),
    Holds(
        "a release that took half an hour leaves the restart as a cure for as long",
        full(
            of=shop(env=URL, before=IMAGE, released=2050),
            sessions=[FORGOTTEN, WORKING],
            figures=[*ROOM, figure("db_connections", 30, 98, 250, component="postgres")],
        ),
        (SHOP, "code_defect", "rollback_workload"),
        spares=no("restart_connection_pool", "restart_workload", at=SHOP),
    ),
    Holds(
        "a release of last week is innocent",
        full(of=shop(env=URL, before=IMAGE, released=7 * DAY, started=7 * DAY), sessions=[FORGOTTEN, WORKING]),
        LEAK,
    ),
    Holds(
        "a released worker that nobody calls",
        full(SYNC, sessions=[session("Deployment/sync", "idle in transaction", 80, age_s=2000), WORKING]),
        ("Deployment/sync", "code_defect", "rollback_workload"),
    ),
    Holds(
        "a worker that nobody calls and the inventory knows as a service",
        full(
            workload("worker", env=URL, service=False),
            sessions=[session("Deployment/worker", "idle in transaction", 80, age_s=900), WORKING],
            services=KNOWN,
        ),
        ("Deployment/worker", "database_connection", "restart_connection_pool"),
    ),
    Holds(
        "its own sessions are idle for hours, and it is refused others: its pool has lost them",
        full(sessions=[UNUSED, session(SHOP, "idle", 5, age_s=4), session("Deployment/cart", "active", 20)]),
        LEAK,
        excludes=no("scale_workload", at=SHOP),
        harmful=("rollback_workload", "scale_workload"),
    ),
    Holds(
        "figures tell it where the database cannot be read",
        full(
            figures=[
                *ROOM,
                figure("db_connections", 30, 98, component="postgres"),
                figure("db_connections_by_state", 1, 80, component="postgres", state="idle in transaction"),
            ]
        ),
        LEAK,
    ),
    Holds(
        "it shows in the own pool long before the database is full",
        snapshot(
            shop(env=URL),
            postgres(),
            logs=[log(pod("shop"), WAITS)],
            databases=[database(session(SHOP, "idle in transaction", 20, age_s=600), most=300)],
        ),
        LEAK,
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"figures count ever more sessions of it: {what}", world, harmful=("rollback_workload",))
        for what, world in (
            ("it had no release", rising(*EVENLY, before=None)),
            ("since long after its release", rising(*EVENLY, released=15000)),
            ("it had many at its release", rising(*range(110, 171), state="Sleep")),
            ("it had them all of a sudden, long after its release", rising(*[70] * 30, *[170] * 20, state="Sleep")),
            ("it gets as many more requests", rising(*EVENLY, asked=(50, 120))),
            ("nobody tells what they do, nor how often it is asked", rising(*EVENLY, asked=None)),
            ("the database was full minutes later", rising(*EVENLY, full_since=2700)),
            ("they are at work", rising(*EVENLY, state="Query")),
            ("another one has more as well", rising(*EVENLY, others=(20, 60))),
            ("it waits for a lock", rising(*EVENLY, said=logs("shop", LOCKED, since=3000))),
            ("it gives them back", rising(*EVENLY[:40], 60, *EVENLY[41:])),
            ("it has a small part of all", rising(*[n / 2 for n in EVENLY])),
            ("it had few before, and began with more long after its release", lately(*BY_AND_BY, released=3100)),
            ("it had few before, and has a third of all", lately(*range(14, 71, 2), others=(100, 100))),
            (
                "it had few before, and has somewhat less than half, and another one has more as well",
                lately(*range(14, 95, 3), others=(20, 60)),
            ),
            ("it had half as many before", lately(*([22] * 20), FEW + 8)),
            ("it had few before, and gets many times the requests", lately(*BY_AND_BY, asked=(50, 450))),
            (
                "more of its replicas came",
                lately(*BY_AND_BY, more=[figure("hpa_replicas", 2, 8, 2000, component="shop")]),
            ),
        )
    ),
    *(
        DoesNotHold(
            f"a user has its transactions open, {what}", world, harmful=("restart_connection_pool", "rollback_workload")
        )
        for what, world in (
            ("for a while, as a report does that computes between", lying(700)),
            ("nobody knows for how long", lying(0)),
            ("and another client has no user of its own", lying(1800, ("mail", "billing"))),
            ("and two begin as it is called", lying(1800, ("ledger_web", "ledger-web"))),
            ("and nobody is called as it begins", lying(1800, user="booking")),
            *(
                (f"and who is called so has of a Secret no more than its {name}", lying(1800, env={name: PASSWORD}))
                for name in ("DB_PASSWORD", "DB_USER", "POSTGRES_PASSWORD", "DATABASE_NAME", "DB_PORT", "JDBC_USERNAME")
            ),
            ("and who is called so uses another database", lying(1800, env={"DB_HOST": ELSEWHERE, **SECRET})),
            (
                "and who is called so is told another database",
                lying(1800, env=SECRET, args=[f"--main=postgres://ledger@{ELSEWHERE}/ledger"]),
            ),
        )
    ),
    *(
        DoesNotHold(
            f"a pool has connections taken, {what}", world, harmful=("restart_connection_pool", "rollback_workload")
        )
        for what, world in (
            ("and gives them back", asleep(40, 70, 52, 70, 48, 70, 45, 70)),
            ("and none more than an hour ago", asleep(*[70] * 9)),
            ("few of those that its user has", asleep(2, 3, 4, 5, 6, 7, 8, 9, 10)),
            ("and all of them are at work", asleep(*ASLEEP, state="Query")),
            ("and the database counts fewer of its user", asleep(*ASLEEP, held=50)),
            ("and far more is to do", asleep(*ASLEEP, more=[rate("report-builder", 10, 60, 1100)])),
            ("as nobody measures", asleep()),
            ("of a database elsewhere", asleep(*ASLEEP, env={"DB_HOST": ELSEWHERE})),
        )
    ),
    *(
        DoesNotHold(
            f"a program's own log counts its sessions, {what}",
            world,
            harmful=("restart_connection_pool", "rollback_workload"),
        )
        for what, world in (
            ("as many as ever", counting([70] * 30)),
            ("which became many at once", counting(RUSH)),
            ("nearly all of which came of late", counting(OF_LATE)),
            ("and they are given back", counting(GIVEN_BACK)),
            ("after more were given back", counting(FALLEN)),
            ("and they became many within the hour", counting(EVER_MORE, every=180)),
            ("the last time hours ago", counting(EVER_MORE, age=7000)),
            ("and the database counts far fewer of its user", counting(EVER_MORE, held=40)),
            ("and they are few of all", counting(range(2, 26), held=25)),
            ("and one of its pods says nothing", counting(EVER_MORE, pods=2)),
            ("and it was released since", counting(EVER_MORE, released=9000, before={"args": ["--stations=9"]})),
            ("and nobody knows how many requests it gets", counting(EVER_MORE, service=True)),
            ("and it gets more requests", counting(EVER_MORE, service=True, more=[rate("sync", 100, 130, 900)])),
            ("and it waits for a lock", counting(EVER_MORE, said=[log(pod("sync"), *[LOCKED_OUT] * 9)])),
        )
    ),
    *(
        DoesNotHold(
            f"a client's sessions are asleep, {what}", world, harmful=("restart_connection_pool", "rollback_workload")
        )
        for what, world in (
            ("and it is refused none", refused_asleep(40, 180, 900, by="cart")),
            ("and as many as ever", refused_asleep(180, 180)),
            ("and they became many a moment ago", refused_asleep(40, 180, 100)),
            ("and few of all", refused_asleep(40, 90, 900)),
            ("and its pod has just come", refused_asleep(40, 180, 900, age=900)),
            *(
                (f"one of each process, and {why}", refused_asleep(40, 180, 900, **scene))
                for why, scene in MORE_PROCESSES
            ),
        )
    ),
    *(
        DoesNotHold(f"its pool is measured, {what}", world, harmful=("rollback_workload", "restart_workload"))
        for what, world in (
            ("and gives back", canary(taken=(3, 20, 9, 34, 12, 50, 20, 60, 15, 70, 70))),
            ("and keeps a small part of all sessions", canary(taken=tuple(n // 4 for n in KEPT))),
            ("and so is another that gives nothing back", canary(other=KEPT)),
            ("and has far more to do", canary(rate("shop-canary", 10, 60, 1100))),
            ("and counts up after no session was left", canary(taken=KEPT[:1] * 60 + KEPT)),
        )
    ),
    *(
        DoesNotHold(
            f"figures tell of sessions idle in transactions {what}",
            world,
            ("StatefulSet/postgres", "database_connection", "page_human"),
            harmful=("rollback_workload", "restart_connection_pool"),
        )
        for what, world in (
            ("and of no client, and they were few for long after the release", counted((NOBODY, NOBODY, 70))),
            ("of a user that two clients have", counted(("", "app", 70))),
            ("of a user that is neither client's", counted(("", "etl", 70), ("", "shop", 1), ("", "backoffice", 1))),
            (
                "of a user that the same program may have under another name",
                counted(
                    (NOBODY, "backoffice", 70),
                    office=[
                        *workload("back-office", "registry.example/office:1", env={"DB_HOST": "postgres"}),
                        *workload("back-office-canary", "registry.example/office:2", env={"DB_HOST": "postgres"}),
                    ],
                ),
            ),
        )
    ),
    *(
        DoesNotHold(f"its pool tells of leaks, {what}", world, harmful=("rollback_workload", "restart_workload"))
        for what, world in (
            ("but only after no session was left", told(leaks=500, released=700)),
            ("but its release was hours before", told(released=5 * 3600)),
            ("and so does the one of another client", told(logs=[log(pod("cart"), *[LOST] * 9, since=1000)])),
            ("but all wait for a lock", told(logs=[log("postgres-0", *[LOCKED] * 20, since=1090)])),
            ("but has far more to do", told(figures=[rate("shop", 50, 200, 1150)])),
        )
    ),
    DoesNotHold(
        "its sessions are busy",
        full(sessions=[session(SHOP, "active", 95, age_s=1)]),
        ("StatefulSet/postgres", "database_connection", "page_human"),
    ),
    DoesNotHold(
        "its transactions are fresh",
        full(sessions=[session(SHOP, "idle in transaction", 80, age_s=2), session(SHOP, "active", 15)]),
        ("StatefulSet/postgres", "database_connection", "page_human"),
    ),
    DoesNotHold(
        "its sessions are idle",
        full(sessions=[session(SHOP, "idle", 95, age_s=900)]),
        ("StatefulSet/postgres", "database_connection", "page_human"),
    ),
    DoesNotHold(
        "its sessions are idle for hours, but pods have come since: they are the ones that are refused",
        full(of=shop(env=URL, started=600), sessions=[UNUSED, session("Deployment/cart", "active", 25)]),
        ("StatefulSet/postgres", "database_connection", "page_human"),
    ),
    DoesNotHold(
        "few of its sessions are idle for hours",
        full(sessions=[session(SHOP, "idle", 20, age_s=30000), session(SHOP, "active", 75, age_s=1)]),
        ("StatefulSet/postgres", "database_connection", "page_human"),
    ),
    DoesNotHold(
        "its sessions are idle for hours, and it is others who are refused",
        snapshot(
            shop(env=URL),
            workload("cart", env=URL),
            postgres(),
            logs=logs("cart", REFUSED.lines[0]),
            databases=[database(UNUSED, session("Deployment/cart", "active", 25))],
        ),
        ("Deployment/shop", "database_connection", "restart_connection_pool"),
    ),
    DoesNotHold(
        "they are somebody else's",
        full(sessions=[session("", "idle in transaction", 90, age_s=900, application="psql")]),
        ("StatefulSet/postgres", "database_connection", "scale_database"),
    ),
    DoesNotHold(
        "the database has room",
        snapshot(shop(env=URL), postgres(), databases=[database(session(SHOP, "idle in transaction", 9, age_s=900))]),
    ),
]


def test_clients_are_told_apart_once() -> None:
    """Four rules ask who holds the sessions of a database; what figures tell of it is worked out for the first."""
    view = View(lying(1800))
    assert measured_holders(view, "StatefulSet/postgres") is measured_holders(view, "StatefulSet/postgres")
