"""Transactions that a release leaves open, each with a connection of its pool, while the database has room."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import DB, IMAGE, SHOP, URL, errors, logs, pool, rate, shop
from tests.diagnosis.rules.test_connections_not_returned__amid_calls import CRM
from tests.diagnosis.rules.tiny import DAY, figure, log, pod, postgres, series, snapshot, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

KNEX = "KnexTimeoutError: Knex: Timeout acquiring a connection. The pool is probably full."
PG = "psycopg_pool.PoolTimeout: couldn't get a connection after 30.00 sec"
HIKARI = "ERROR HikariPool-1 - Connection is not available, request timed out after 30000ms"
RAILS = "ActiveRecord::ConnectionTimeoutError: could not obtain a connection from the pool within 5.000 seconds"
LOCKED = "ERROR: canceling statement due to lock timeout"
OF: dict[str, Any] = {"component": "postgres"}
STEPS = [(3600.0, 1.0), *((3300.0 - n * 120, float(n + 2)) for n in range(18)), (1020.0, 20.0)]
MADE_ANEW = [*STEPS[:16], (1500.0, 8.0), *((1400.0 - n * 100, float(n + 9)) for n in range(12))]
STEPPED = (*range(1, 11), *[10] * 6)
AT_ONCE = [(3600.0, 0.0), (1900.0, 20.0)]


def left(
    *others: Any,
    steps: list[tuple[float, float]] = STEPS,
    oldest: float = 3400,
    counts: tuple[int, ...] | None = STEPPED,
    line: str = KNEX,
    to: float = 50,
    more: str = "",
    working: float = 2,
    idle: float = 2,
    beside: Any = (),
    said: Any = (),
    figures: Any = (),
    **made: Any,
) -> Snapshot:
    """Return a shop released an hour ago, sessions of whose database idle in transactions, and whose pools are full.

    ``steps``: how many there are, ``oldest``: for how long the oldest of them is open; ``working`` and ``idle``: how
    many other sessions are at work, and idle; ``beside``: what else there is; ``said``: further logs.
    """
    told: dict[str, Any] = {"env": URL, "before": IMAGE, "released": 3600, "age": 20 * DAY, **made}
    ages: tuple[str, Series] = (
        "db_transaction_age_by_state",
        series(OF | {"state": "idle in transaction"}, *((age, max(0.0, oldest - age)) for age in range(3600, -1, -60))),
    )
    return snapshot(
        shop(**told),
        *(others or (postgres(),)),
        *beside,
        logs=[*logs("shop", line, 0, 1), *([log(pod("shop"), *[more] * 9, since=1800)] if more else []), *said],
        figures=[
            errors("shop", since=900),
            rate("shop", 50, to),
            ("db_connections_by_state", series(OF | {"state": "idle in transaction"}, *steps)),
            figure("db_connections_by_state", 8, idle, 900, state="idle", **OF),
            figure("db_connections_by_state", 2, working, 900, state="active", **OF),
            figure("db_connections", 12, 24, 900, **OF),
            figure("db_max_connections", 200, 200, **OF),
            *([] if counts is None else [pool(pod("shop", n), *counts, since=3300) for n in range(2)]),
            ages,
            *figures,
        ],
    )


TOLD = f"{HIKARI} (total=%s, active=%s, idle=0, waiting=31)"
PAY = "api.pay.example"
PAYS = {**URL, "PAY_URL": f"https://{PAY}/v3"}
OTEL = "otel.watch.example"
SILENT = f"ERROR Post https://{PAY}/v3/quotes: context deadline exceeded (Client.Timeout exceeded)"


def asks(*said: Any, slow: bool = False, env: Any = PAYS, **rest: Any) -> Snapshot:
    """Return the same shop, which asks a host without a limit, as another service does that tells or measures it."""
    late = [figure("dependency_latency_p95", 0.1, 8.0, 3000, component="crm", dependency=PAY)] if slow else []
    return left(beside=[CRM], env=env, said=said, figures=late, **{"counts": None} | rest)


def tells(line: str, times: int = 60) -> list[Any]:
    return [log(pod("crm", n), *[line] * times, since=3300) for n in range(2)]


TILLS = workload("tills", env=URL, before={"image": "registry.example/tills:0"}, released=2400)
TILL = "Deployment/tills"


LEDGER = "postgres://x@ledger-db:5432/ledger"


def two_databases() -> Snapshot:
    """Return the same shop, which asks another database too, in which somebody else is kept waiting for a lock."""
    tills = workload(
        "tills", env={"DATABASE_URL": LEDGER}, before={"image": "registry.example/tills:0"}, released=1500, age=20 * DAY
    )
    waits = [log(pod("tills", n), *[f"FATAL {LOCKED} at ledger-db:5432"] * 12, since=1400) for n in range(2)]
    told = [
        figure("db_connections_by_client", 0, 20, 900, **OF, client="shop", state="idle in transaction"),
        figure("db_connections_by_client", 1, 2, 900, **OF, client="shop", state="active"),
    ]
    figures = [errors("tills", since=1400), *told]
    others, env = (postgres(), postgres("ledger-db"), tills), {**URL, "LEDGER_URL": LEDGER}
    return left(*others, said=waits, figures=figures, steps=WAVERS, env=env)


def aged(world: Snapshot, **ages: float) -> Snapshot:
    """Return a world whose database tells the age of the transactions of these alone, each of which is at work."""
    clients = world.metrics["db_connections_by_client"]
    told = [(OF | {"client": name, "state": "active"}, age) for name, age in ages.items()]
    figures = {
        "db_connections_by_client": (*clients, *(series(labels, (3600, 1)) for labels, _ in told)),
        "db_transaction_age_by_client": tuple(series(labels, (3600, age)) for labels, age in told),
    }
    return replace(world, metrics={**world.metrics, **figures})


def absurd(age: float) -> Snapshot:
    """Return the same shop, whose oldest transaction is measured to be of an age that is none."""
    world = left(counts=None)
    ages = (series(OF | {"state": "idle in transaction"}, (3600, age), (0, age)),)
    return replace(world, metrics={**world.metrics, "db_transaction_age_by_state": ages})


def locks(
    mine: float = 20, active: float = 2, theirs: float = 0, age: float = 0, counted: bool = True, **rest: Any
) -> Snapshot:
    """Return the same shop, for whose locks another service waits that was released later.

    ``mine``, ``active``: how many of its sessions idle in transactions, and are within a statement; ``theirs``:
    how many of the other one's idle so, the oldest for ``age`` seconds; ``counted``: the database tells whose they are.
    """
    idles = {"state": "idle in transaction"}
    told = [
        figure("db_connections_by_client", 0, mine, 900, **OF, client="shop", **idles),
        figure("db_connections_by_client", 1, active, 900, **OF, client="shop", state="active"),
        figure("db_connections_by_client", 0, theirs, 900, **OF, client="tills", **idles),
        figure("db_connections_by_client", 2, 6, 900, **OF, client="tills", state="active"),
        figure("db_transaction_age_by_client", 0, age, 900, **OF, client="tills", **idles),
    ]
    waits = [log(pod("tills", n), *[f"FATAL PG::LockNotAvailable: {LOCKED}"] * 12, since=1500) for n in range(2)]
    figures = [errors("tills", since=1500), *(told if counted else ())]
    return left(postgres(), TILLS, **{"said": waits, "figures": figures, "steps": WAVERS} | rest)


WAVERS = [*STEPS, (900.0, 19.0), (600.0, 20.0), (300.0, 19.0), (120.0, 21.0), (60.0, 20.0)]
ROLLED_BACK = (SHOP, "code_defect", "rollback_workload")
HARM = ("rollback_workload",)
OTHER = workload("crm", env=URL)
WORKS = (*[2] * 10, *[3] * 6)
UNCOUNTED: dict[str, Any] = {"counts": None}
HOLDS = [
    *(
        Holds(
            f"since a release ever more transactions are left open, and the pool is full: {whose}",
            left(line=line, counts=None),
            ROLLED_BACK,
            excludes=no("scale_database", at=DB),
            harmful=("scale_database", "scale_workload", "restart_workload"),
        )
        for whose, line in (("knex", KNEX), ("psycopg", PG), ("Hikari", HIKARI), ("Rails", RAILS))
    ),
    Holds(
        "pods that were made anew take theirs with them, and leave others open",
        left(steps=MADE_ANEW, counts=None),
        ROLLED_BACK,
        harmful=("scale_database", "restart_workload"),
    ),
    Holds(
        "its pools have taken as many, and another uses the database as well",
        left(postgres(), OTHER),
        ROLLED_BACK,
        harmful=("scale_database", "scale_workload"),
    ),
    *(
        Holds(
            f"another waits for what they have locked: {what}",
            world,
            ROLLED_BACK,
            excludes=no("rollback_workload", "restart_workload", at=TILL),
            alone=True,
            harmful=("scale_database", "scale_workload", "restart_workload"),
        )
        for what, world in (
            ("its pools are counted", locks()),
            ("its database counts them alone", locks(counts=None)),
            ("a few of its own sessions wait as well", locks(active=4)),
            ("another one's transactions end in seconds", locks(theirs=2, age=3)),
            ("another one is at work for a minute", aged(locks(**UNCOUNTED), migrate=60)),
        )
    ),
    Holds(
        "another waits for a lock of another database: its own release may be at fault",
        two_databases(),
        ROLLED_BACK,
        excludes=no("scale_database", at=DB),
        spares=(*no(*HARM, "restart_connection_pool", at=TILL), *no("scale_database", at="StatefulSet/ledger-db")),
    ),
    *(
        Holds(f"ever more transactions are left open, and {what}", world, ROLLED_BACK, harmful=("scale_database",))
        for what, world in (
            ("its pools tell that they have taken as many", left(line=TOLD.replace("%s", "10"), **UNCOUNTED)),
            ("another finds a host slow three times an hour", asks(*tells(SILENT, 2))),
            (
                "another cannot send what it measures",
                asks(*tells(SILENT.replace(PAY, OTEL)), env={**PAYS, "OTLP_ENDPOINT": f"https://{OTEL}"}),
            ),
            ("another is kept waiting by who is not asked", asks(*tells(SILENT.replace(PAY, "api.sms.example")))),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"the oldest transaction is {what} seconds old", absurd(age), harmful=HARM)
        for what, age in (("1e300", 1e300), ("1e12", 1e12), ("endless", inf), ("no number of", nan))
    ),
    *(
        DoesNotHold(f"transactions are left open: {what}", world, harmful=HARM)
        for what, world in (
            ("all at once: they hang", left(steps=AT_ONCE, **UNCOUNTED)),
            ("they end within a minute each: what it does in them is slow", left(oldest=40, **UNCOUNTED)),
            ("the oldest is from long before the release", left(oldest=9 * 3600, **UNCOUNTED)),
            ("no release came", left(before=None, started=3600, **UNCOUNTED)),
            ("the template before served for two hours", left(age=3 * 3600, **UNCOUNTED)),
            ("another uses the database, and nobody knows whose they are", left(postgres(), OTHER, **UNCOUNTED)),
            ("its pools have taken far fewer", left(postgres(), OTHER, counts=WORKS)),
            ("somebody waits for a lock", left(more=LOCKED, **UNCOUNTED)),
            ("another one's idles too, and nobody knows for how long", aged(locks(theirs=1, **UNCOUNTED), report=3)),
            ("another one has been at work for an hour: it may hold the lock", aged(locks(**UNCOUNTED), migrate=3500)),
            (
                "somebody waits for a lock, and nobody knows whose they are",
                locks(counted=False, **UNCOUNTED),
            ),
            ("as many of its sessions wait for a lock: one request takes two", locks(active=20, **UNCOUNTED)),
            ("what all wait for may be what another one has forgotten", locks(theirs=1, age=3000, **UNCOUNTED)),
            ("as many are of who waits for a lock", locks(mine=10, theirs=10, age=5, **UNCOUNTED)),
            ("somebody waits for a lock, and they came all at once", locks(steps=AT_ONCE, **UNCOUNTED)),
            ("much more is asked of it", left(to=150, **UNCOUNTED)),
            (
                "whom it asks within its transactions is slow",
                left(
                    figures=[
                        figure("dependency_latency_p95", 0.1, 8.0, 3000, component="shop", dependency="api.pay.example")
                    ],
                    **UNCOUNTED,
                ),
            ),
            ("as many are at work: they are of somebody who is seen nowhere", left(working=20, **UNCOUNTED)),
            ("as many are idle outside transactions", left(idle=25, **UNCOUNTED)),
            ("its pools tell of twice as many", left(line=TOLD.replace("%s", "20"), **UNCOUNTED)),
            ("whom it asks answers nobody else either", asks(*tells(SILENT))),
            (
                "whom it asks answers nobody else, and its pools are counted",
                asks(*tells(SILENT), counts=STEPPED),
            ),
            ("whom it asks is slow for others", asks(slow=True)),
            ("only its limits were changed", left(before={"resources": {"limits": {"cpu": "9"}}}, **UNCOUNTED)),
        )
    ),
    DoesNotHold(
        "transactions are left open, and nobody waits for a connection", left(line="INFO order stored", counts=None)
    ),
]
