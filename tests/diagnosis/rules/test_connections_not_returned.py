"""A pool that tells that its own program keeps its connections."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CALLS_CART, DB, IMAGE, SHOP, URL, errors, logs, pool, rate, shop
from tests.diagnosis.rules.tiny import (
    DAY,
    Obj,
    database,
    event,
    figure,
    log,
    pod,
    postgres,
    secret_key,
    session,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.model import Snapshot

LEAK = "WARN HikariPool-1 - Connection leak detection triggered for org.postgresql.jdbc.PgConnection@4f"
BACK = (
    "INFO HikariPool-1 - Previously reported leaked connection org.postgresql.jdbc.PgConnection@4f on thread exec-1"
    " was returned to the pool (unleaked)"
)
TRACE = "java.lang.Exception: Apparent connection leak detected"
LOCKED = "ERROR: canceling statement due to lock timeout"
WAITS = "ERROR HikariPool-1 - Connection is not available, request timed out after 30000ms"

APACHE = "PoolStats carrier: leased=%d pending=0 available=2 max=40"
HIKARI = "DEBUG HikariPool-1 - Pool stats (total=%d, active=%d, idle=0, waiting=5)"
ALCHEMY = "INFO Pool size: 5  Connections in pool: 0 Current Overflow: 10 Current Checked out connections: %d"
SATURATED = "WARN pool saturated: in_use=%d max=50"
GO = 'level=INFO msg="db pool" open=40 in_use=%d idle=0 wait_count=12'
SLOW = "GET https://api.pay.example/v3"
GONE = "ERROR GET https://api.pay.example/v3: ConnectionPoolTimeoutException: Timeout waiting for connection from pool"
UP = (2, 6, 9, 14, 18, 22, 27, 33, 38, 40, 40, 40)


def counted(
    *taken: int, form: str = APACHE, since: float = 1150, waits: str = GONE, more: str = "", to: float = 50, **made: Any
) -> Snapshot:
    """Return a shop whose pool tells at even times how many of its connections are taken, and that none is left."""
    released = {"before": IMAGE, "released": 1200, **made}
    lines = [log(pod("shop"), *(form.replace("%d", str(n)) for n in taken), since=since), *logs("shop", waits, 1)]
    lines += logs("shop", more) if more else []
    return snapshot(shop(**released), logs=lines, figures=[errors("shop"), rate("shop", 50, to)])


FULL = f"{WAITS} (total=40, active=40, idle=0, waiting=7)"
MEASURED = (2, 5, 8, 11, 13, 17, 16, 20, 24, 27, 30, 33, 36, 40, 40, 39, 40)


def measured(*taken: int, since: float = 1200, waits: str = GONE, **made: Any) -> Snapshot:
    """Return a shop whose pool is measured, and of which none is left."""
    released = {"before": IMAGE, "released": 1230, "pods": 1, **made}
    figures = [errors("shop"), pool(pod("shop"), *taken, since=since)]
    return snapshot(shop(**released), logs=logs("shop", waits, 0), figures=figures)


def emptied(*lines: str, **made: Any) -> Snapshot:
    """Return a shop whose log has these lines in the last forty minutes, and which fails since twenty."""
    told = [log(pod("shop"), *lines, since=2400)]
    return snapshot(shop(env=URL, **made), postgres(), logs=told, figures=[errors("shop", since=1200)])


GIVES = (4, 20, 9, 30, 12, 38, 15, 40)
LOST = (*[LEAK] * 10, *[WAITS] * 10)

ACQUIRED = "Caused by: io.r2dbc.spi.R2dbcTimeoutException: Connection acquisition timed out after 5000ms"
RUSH = (*[3] * 10, *[30] * 51)
FROM_SECRET = [{"secretRef": {"name": "all"}}]
HALF_BACK = (*[3] * 10, *[30] * 40, 14, *[30] * 10)


def booked(
    *beside: Any,
    counts: tuple[tuple[int, ...], ...] = (RUSH, RUSH),
    idle: float = 64,
    active: float = 1,
    in_transaction: float = 0,
    to: float = 20,
    line: str = ACQUIRED,
    more: str = "",
    **made: Any,
) -> Snapshot:
    """Return a shop whose pools are all taken since a rush that is over, and what its database does meanwhile."""
    states = {"idle": (20, idle), "active": (12, active), "idle in transaction": (0, in_transaction)}
    return snapshot(
        shop(**({"env": URL, "started": 9 * 86400} | made)),
        *(beside or (postgres(),)),
        logs=[*logs("shop", line, since=600), *(logs("shop", more) if more else [])],
        figures=[
            errors("shop", since=2900),
            rate("shop", 50, to),
            *(pool(pod("shop", n), *each, since=3600) for n, each in enumerate(counts)),
            *(
                figure("db_connections_by_state", was, now, 2900, component="postgres", state=state)
                for state, (was, now) in states.items()
            ),
        ],
    )


TOP = "\tat org.springframework.transaction.support.AbstractPlatformTransactionManager."
SECOND = f"{TOP}handleExistingTransaction(AbstractPlatformTransactionManager.java:461)"
TAKEN = "Caused by: java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed"
GIVEN_UP = f"{TAKEN} out after 30004ms (total=10, active=10, idle=0, waiting=62)"
SPRING = (
    "ERROR Servlet.service() threw exception",
    "org.springframework.transaction.CannotCreateTransactionException: Could not open JPA EntityManager",
    f"{TOP}startTransaction(AbstractPlatformTransactionManager.java:532)",
    SECOND,
    "\tat com.example.audit.AuditService.record(<generated>)",
    GIVEN_UP,
    "\tat com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:686)",
)
FIRST = tuple(line for line in SPRING if line != SECOND)
IN_QUARKUS = "\tat io.quarkus.narayana.interceptor.TransactionalInterceptor"
QUARKUS = (
    "java.sql.SQLException: Timeout acquiring a connection",
    f"{IN_QUARKUS}RequiresNew.doIntercept(TransactionalInterceptorRequiresNew.java:41)",
    "\tat com.example.audit.Audit.record(Audit.java:12)",
    f"{IN_QUARKUS}Required.doIntercept(TransactionalInterceptorRequired.java:38)",
)
PSYCOPG = "psycopg_pool.PoolTimeout: couldn't get a connection after 30.00 sec"
ALCHEMY_OUT = (
    "sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow 5 reached, connection timed out, timeout 30.00"
)
SLOW_ONE = "LOG:  duration: 28012.345 ms  statement: SELECT * FROM orders WHERE note LIKE '%x%'"
RAILS = "ActiveRecord::ConnectionTimeoutError: could not obtain a connection from the pool within 5.000 seconds"


def twice(
    *beside: Any,
    lines: tuple[str, ...] = SPRING,
    open_now: float = 20,
    open_before: float = 0,
    active: float = 1,
    lasts: float = 29,
    lasted: float = 0.03,
    to: float = 50,
    states: bool = True,
    taken: int = 10,
    more: str = "",
    told: str = "",
    pools: bool = True,
    listed: Any = (),
    figures: Any = (),
    **made: Any,
) -> Snapshot:
    """Return a shop that takes two connections for a piece of work since its release, and a rush of ten minutes ago."""
    of = {"component": "postgres"}
    counted = {"idle": (20, 20 - open_now), "active": (1, active), "idle in transaction": (open_before, open_now)}
    return snapshot(
        shop(**({"env": URL, "before": IMAGE, "released": 2700} | made)),
        *(beside or (postgres(),)),
        logs=[
            *(log(pod("shop", n), *lines * 6, since=570) for n in range(2)),
            *(logs("shop", more, since=600) if more else []),
            *([log("postgres-0", *[told] * 9, of="postgres")] if told else []),
        ],
        figures=[
            errors("shop"),
            rate("shop", 50, to),
            *(pool(pod("shop", n), *[2] * 50, *[taken] * 10, since=3540) for n in range(2) if pools),
            *(
                figure("db_connections_by_state", was, now, 600, state=each, **of)
                for each, (was, now) in counted.items()
            ),
            figure("db_transaction_age_by_state", lasted, lasts, 600, state="idle in transaction", **of),
            *figures,
        ]
        if states
        else [errors("shop"), rate("shop", 50, to), *figures],
        databases=[database(*listed)] if listed else [],
    )


def unasked(world: Snapshot) -> Snapshot:
    """Return a world in which nobody counts requests."""
    return replace(world, metrics={key: value for key, value in world.metrics.items() if key != "request_rate"})


def taken_from(told: str) -> Obj:
    return event(SHOP, "ScalingReplicaSet", f"Scaled down replica set shop-{told}", age=620, kind="Normal", count=1)


SCALED, FORMER = taken_from("r2 from 6 to 2"), taken_from("r1 from 1 to 0")
UNWELL = event(f"Pod/{pod('shop', 1)}", "Unhealthy", "Readiness probe failed: statuscode: 503")
ASKS = {"SHOP_URL": "http://shop:8080"}
JUST: dict[str, Any] = {"before": IMAGE, "released": 620}
WORKS = [figure("cpu_share", 0.2, 0.7, 600, pod=pod("shop", n), container="shop") for n in range(2)]


def lost_and_found(back: int) -> Snapshot:
    """Return a shop that tells of nine connections as lost, each in two lines, and of so many that they came back."""
    told = [LEAK, TRACE] * 9 + [BACK] * back
    logs_of_both = [log(pod("shop"), *told), *logs("shop", WAITS, 1)]
    return snapshot(shop(env=URL), postgres(), logs=logs_of_both, figures=[errors("shop")])


HOLDS = [
    Holds(
        "one of nine that were taken for lost came back",
        lost_and_found(1),
        (SHOP, "database_connection", "restart_connection_pool"),
    ),
    *(
        Holds(
            f"since a release who holds its connections waits for more: {what}",
            world,
            (SHOP, "code_defect", "rollback_workload"),
            excludes=no("scale_database", at=DB),
            harmful=("scale_database", "scale_workload"),
        )
        for what, world in (
            ("a trace shows a transaction within one", twice()),
            ("the release before was scaled down for it", twice(postgres(), [FORMER])),
            ("a pod that starves fails its probes", twice(postgres(), [UNWELL], ready=1)),
            ("a trace of another framework shows it", twice(lines=QUARKUS)),
            ("a trace shows it of some, and others wait for their first", twice(lines=(*SPRING, *FIRST, *FIRST))),
            ("traces show it, and nobody measures the database", twice(states=False)),
            ("traces show it, and it is its database's only client", twice(pools=False)),
            (
                "traces show it of some, and the database lists its sessions",
                twice(lines=(*SPRING, *FIRST), states=False, listed=[session(SHOP, "idle in transaction", 20)]),
            ),
            ("it calls others too, which are well", twice(postgres(), workload("cart"), env={**URL, **CALLS_CART})),
            ("transactions idle as long as its pool waits (psycopg)", twice(lines=(PSYCOPG,))),
            ("transactions idle as long as its pool waits (SQLAlchemy)", twice(lines=(ALCHEMY_OUT,))),
            ("transactions idle as long as its pool waits (Rails)", twice(lines=(RAILS,), lasts=4.8)),
        )
    ),
    Holds(
        "its pools are all taken since a rush that is over, and its database idles",
        booked(),
        (SHOP, "database_connection", "restart_connection_pool"),
        excludes=no("rollback_workload", at=SHOP),
        harmful=("rollback_workload", "scale_workload", "scale_database"),
        alone=True,
    ),
    Holds(
        "its pools are all taken since a rush, its database idles, and a Secret has that one's password alone",
        booked(env={**URL, "DB_PASSWORD": secret_key("db"), "POSTGRES_URL": secret_key("db", "url")}),
        (SHOP, "database_connection", "restart_connection_pool"),
    ),
    Holds(
        "since a release, until nothing was left that it could lose, longer ago than what is news",
        emptied(*LOST, before=IMAGE, released=2700),
        (SHOP, "code_defect", "rollback_workload"),
        alone=True,
        began=2400,
    ),
    Holds(
        "until nothing was left that it could lose, and no release came",
        emptied(*LOST),
        (SHOP, "database_connection", "restart_connection_pool"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "figures count its pool up since a release; it counts itself only where none is left, always the same",
        measured(*MEASURED, waits=FULL),
        (SHOP, "code_defect", "rollback_workload"),
        sure=(0.7, 0.95),
    ),
    Holds(
        "figures count its pool up since a release, and down by what is busy at most",
        measured(*MEASURED),
        (SHOP, "code_defect", "rollback_workload"),
        sure=(0.7, 0.95),
    ),
    *(
        Holds(
            f"it counts up since a release, and never down: {form}",
            counted(*UP, form=form),
            (SHOP, "code_defect", "rollback_workload"),
            sure=(0.7, 0.95),
        )
        for form in (APACHE, HIKARI, ALCHEMY, GO, SATURATED)
    ),
    Holds(
        "for long, and no release came",
        snapshot(
            shop(env=URL), postgres(), logs=[*logs("shop", LEAK), *logs("shop", WAITS, 1)], figures=[errors("shop")]
        ),
        (SHOP, "database_connection", "restart_connection_pool"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    *(
        Holds(
            f"in the words of another pool: {line}",
            snapshot(shop(env=URL), postgres(), logs=[*logs("shop", line), *logs("shop", WAITS, 1)]),
            (SHOP, "database_connection", "restart_connection_pool"),
        )
        for line in (
            "WARN Connection has been abandoned PooledConnection[org.postgresql.jdbc.PgConnection@1b]",
            "INFO A checked-out resource is overdue, and will be destroyed: NewPooledConnection@1b",
            "Pooled object created 2026-03-04 11:00:00 by the following code has not been returned to the pool:",
        )
    ),
    Holds(
        "since a release",
        snapshot(
            shop(env=URL, before=IMAGE, released=1200),
            postgres(),
            logs=[*logs("shop", LEAK), *logs("shop", WAITS, 1)],
            figures=[errors("shop")],
        ),
        (SHOP, "code_defect", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"who waits for a connection may hold one, and {what}", world, (), harmful=("rollback_workload",))
        for what, world in (
            ("the database lists that it works", twice(states=False, listed=[session(SHOP, "active", 20)])),
            (
                "the sessions may be those of another client",
                twice(postgres(), workload("cart", env=URL), pools=False, lines=(PSYCOPG,)),
            ),
            ("no release came", twice(before=None)),
            ("a pod of it is missing", twice(ready=1)),
            ("it was scaled down", twice(postgres(), [SCALED])),
            ("nobody counts what is asked of it", unasked(twice())),
            ("its pods have three times the work", twice(figures=[*WORKS])),
            ("who asks it was released as it began", twice(postgres(), workload("web", env=ASKS, **JUST))),
            (
                "who asks it is asked for more since",
                twice(postgres(), workload("web", env=ASKS), figures=[rate("web", 50, 150, 560)]),
            ),
            ("its release was days before", twice(released=3 * DAY)),
            ("its database tells of slow statements", twice(told=SLOW_ONE)),
            ("its database works at as many", twice(active=15)),
            ("its database has no processor left", twice(figures=[figure("cpu_share", 0.2, 0.99, pod="postgres-0")])),
            ("it waits for a lock", twice(more=LOCKED)),
            ("whom it calls is late", twice(more="ERROR GET http://cart:8080/items: connect ETIMEDOUT")),
            ("its sessions do not idle in transactions", twice(open_now=1)),
            ("they idled so before", twice(open_before=18)),
            (
                "traces show as many who wait for their first, and nobody measures the database",
                twice(lines=(*SPRING, *FIRST), states=False),
            ),
            ("what it was before served for an hour only", twice(age=7200)),
            ("no trace shows it, and transactions were as long before", twice(lines=(PSYCOPG,), lasted=25)),
            (
                "no trace shows it, and transactions last far longer than that",
                twice(lines=(PSYCOPG,), lasts=300),
            ),
            (
                "no trace shows it, and it asks somebody outside as well",
                twice(lines=(PSYCOPG,), env={**URL, "PAY_URL": "https://api.pay.example/v3"}),
            ),
        )
    ),
    DoesNotHold("who waits for a connection may hold one, and has more to do", twice(to=120), ("scale_workload",)),
    DoesNotHold(
        "who waits for a connection holds one, and the release made the pool smaller",
        twice(env={**URL, "DB_POOL_SIZE": "5"}, before={**IMAGE, "env": {**URL, "DB_POOL_SIZE": "20"}}),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    *(
        DoesNotHold(f"its pools are all taken, and {what}", world, (), harmful=("restart_connection_pool",))
        for what, world in (
            ("one of them gave some back a while ago", booked(counts=(RUSH, HALF_BACK))),
            ("one of them has room", booked(counts=(RUSH, (3,) * 61))),
            ("the only one may always have so many", booked(counts=((30,) * 61,), pods=1)),
            ("all of them may always have had so many", booked(counts=((30,) * 61,) * 2)),
            ("one of them may always have had so many", booked(counts=((30,) * 61, RUSH))),
            ("one of them is not measured", booked(counts=(RUSH,))),
            ("it may ask whom a Secret names", booked(env={**URL, "PAY_URL": secret_key("pay", "url")})),
            ("it has a key of somebody else", booked(env={**URL, "STRIPE_API_KEY": secret_key("pay", "key")})),
            (
                "a Secret that it reads whole has such a key",
                booked(postgres(), thing("Secret", "all", data={"MAIL_TOKEN": ""}), envFrom=FROM_SECRET),
            ),
            ("nobody could see what a Secret has that it reads whole", booked(envFrom=FROM_SECRET)),
            ("it tells of somebody outside", booked(more="INFO POST https://api.stripe.com/v1/charges 28012ms")),
            ("that for minutes only", booked(counts=((*[3] * 50, *[30] * 11),) * 2)),
            ("the database works at many of its sessions", booked(active=40)),
            ("they are open in transactions", booked(in_transaction=60)),
            ("the database has fewer sessions idle", booked(idle=22)),
            ("it waits for a lock", booked(more=LOCKED)),
            ("another is late", booked(more="ERROR GET http://cart:8080/items: connect ETIMEDOUT")),
            ("it asks others as well", booked(postgres(), workload("cart"), env={**URL, "CART": "http://cart:8080"})),
            ("it asks somebody outside as well", booked(env={**URL, "PAY_URL": "https://api.pay.example/v3"})),
            ("its pool is small", booked(counts=((*[1] * 10, *[2] * 51),) * 2, idle=20)),
        )
    ),
    DoesNotHold("its pools are all taken, and nobody waits for one", booked(line="INFO POST /holds 201")),
    DoesNotHold("they are, since a release", booked(before=IMAGE, released=3300), instead=("rollback_workload",)),
    DoesNotHold("its pools are all taken, and it has more to do", booked(to=120), instead=("page_human",)),
    DoesNotHold(
        "it lost some long before nothing was left",
        emptied(*[LEAK] * 5, *["INFO order stored"] * 10, *[WAITS] * 5),
        harmful=("restart_connection_pool", "rollback_workload"),
    ),
    *(
        DoesNotHold(
            f"it was long with some {what}, and none is left now and then since",
            emptied(*lines, *[LEAK] * 5, *[WAITS, "INFO order stored"] * 12, before=IMAGE, released=2700),
            harmful=("restart_connection_pool", "rollback_workload"),
        )
        for what, lines in (
            ("long after none was left", [WAITS] * 15),
            ("soon after none was left", [WAITS] * 2),
            ("before none was left, and long after", [LEAK, *[WAITS] * 3] * 5),
        )
    ),
    DoesNotHold(
        "it was long with one connection, minutes before a rush",
        emptied(*["INFO order stored"] * 9, LEAK, *[WAITS] * 10, before=IMAGE, released=2700),
        harmful=("restart_connection_pool", "rollback_workload"),
    ),
    DoesNotHold(
        "a pod lost some, and has connections again; another one has none left",
        snapshot(
            shop(env=URL),
            postgres(),
            logs=[
                log(pod("shop"), *[LEAK] * 10, *["INFO order stored"] * 10, since=2400),
                log(pod("shop", 1), *["INFO order stored"] * 10, *[WAITS] * 10, since=2400),
            ],
            figures=[errors("shop", since=1200)],
        ),
        harmful=("restart_connection_pool", "rollback_workload"),
    ),
    *(
        DoesNotHold(
            f"it only has them for long, as it has while its database is slow: {line}",
            snapshot(
                shop(env=URL, before=IMAGE, released=1200),
                postgres(),
                logs=[*logs("shop", line), *logs("shop", WAITS, 1)],
            ),
            harmful=("restart_connection_pool", "rollback_workload"),
        )
        for line in (
            "A client has been checked out for more than 5 seconds!",
            "Connection has been marked suspect, possibly abandoned PooledConnection[org.postgresql.PgConnection@6a]",
            "<BEA-001153> Forcibly releasing inactive/harvested connection weblogic.jdbc.wrapper.PoolConnection@1a",
        )
    ),
    *(
        DoesNotHold(
            f"what it took for lost {what}",
            snapshot(
                shop(env=URL),
                postgres(),
                logs=[log(pod("shop"), *([LEAK, more] * 9)), *logs("shop", WAITS, 1)],
                figures=[errors("shop")],
            ),
            instead,
            harmful=("restart_connection_pool", "rollback_workload", "restart_workload"),
        )
        for what, more, instead in (
            ("came back in the end", BACK, ()),
            ("waits for a lock", LOCKED, ()),
        )
    ),
    DoesNotHold(
        "a third of what it took for lost came back so far: it is late with them",
        lost_and_found(3),
        (),
        harmful=("restart_connection_pool", "rollback_workload", "restart_workload"),
    ),
    *(
        DoesNotHold(f"a pool is measured, {what}", world, instead, harmful=() if instead else ("rollback_workload",))
        for what, world, instead in (
            ("and gives back", measured(*GIVES), ("code_defect", "rollback_workload")),
            ("and gives back, and none is left at times", measured(*GIVES, waits=FULL, before=None), ()),
            ("and counts up, but its release was hours before", measured(*MEASURED, released=4 * 3600), ()),
            ("and counts up long after its release", measured(*[2] * 30, *range(2, 41, 4), 40, released=3000), ()),
            ("and counts up with no release", measured(*MEASURED, before=None), ()),
        )
    ),
    *(
        DoesNotHold(f"a pool counts, {what}", world, found)
        for what, world, found in (
            ("and gives back", counted(2, 6, 9, 14, 18, 22, 20, 33, 38, 40, 40), ("code_defect", "rollback_workload")),
            ("and nobody waits", counted(*UP, waits="INFO ok"), ("code_defect", "page_human")),
        )
    ),
    *(
        DoesNotHold(f"a pool counts up {what}", world, harmful=("rollback_workload",))
        for what, world in (
            ("without a release", counted(*UP, before=None)),
            ("for a host that does not answer", counted(*UP, released=5 * 3600, more=f"{SLOW}: Read timed out")),
            ("in a rush", counted(2, 9, 20, 31, 38, *[40] * 20, since=600, released=5 * 3600)),
            ("with more to do", counted(*UP, to=80, released=5 * 3600)),
        )
    ),
    DoesNotHold(
        "nobody waits for a connection",
        snapshot(shop(env=URL), postgres(), logs=logs("shop", LEAK), figures=[errors("shop", 0.001)]),
    ),
    DoesNotHold(
        "a pool that is too small tells of no leak",
        snapshot(
            shop(env=URL),
            postgres(),
            logs=logs("shop", WAITS, 0, 1),
            databases=[database(session(SHOP, "idle", 4))],
        ),
        (SHOP, "configuration_error", "page_human"),
    ),
]
