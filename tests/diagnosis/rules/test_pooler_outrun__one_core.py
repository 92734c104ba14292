"""Whom clients of a pooler of one thread mean that name no host, and whether another instance would find sessions."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import shop
from tests.diagnosis.rules.test_pooler_outrun import ALONE, CAPACITY, POOLER, ROOM, URL, core, pooler, world
from tests.diagnosis.rules.tiny import Obj, figure, postgres, workload
from tuheg_ir.diagnosis.model import Series

DJANGO = "django.db.utils.OperationalError: connection timeout expired"
ALCHEMY = "sqlalchemy.exc.OperationalError: (psycopg.errors.ConnectionTimeout) connection timeout expired"
PERSON = (POOLER, "capacity", "page_human")


def waiting(was: float, now: float) -> list[tuple[str, Series]]:
    """Return how many are seen that wait for a session, beside a database with room."""
    return [*ROOM, figure("pool_waiting", was, now, component="pgbouncer")]


def by_host(**more: str) -> list[Obj]:
    return shop(env={"DATABASE_HOST": "pgbouncer", "DATABASE_PORT": "6432"} | more)


def user(name: str) -> dict[str, str]:
    return {"DATABASE_URL": f"postgres://{name}@pgbouncer:6432/{name}"}


THREE = (shop(env=URL), workload("api", env=user("api")), workload("mail", env=user("mail")))


HOLDS = [
    *(
        Holds(f"who comes by it alone does not say whom it could not reach: {what}", found, CAPACITY, alone=True)
        for what, found in (
            ("Django", core(postgres(), by_host(), line=DJANGO)),
            ("SQLAlchemy", core(line=ALCHEMY)),
            ("it asks others outside too", core(postgres(), by_host(PAY_URL="https://pay.example.com"), line=DJANGO)),
            ("there is another database", core(postgres(), postgres("orders"), by_host(), line=DJANGO)),
        )
    ),
    *(
        Holds(f"of those who wait for a session {what}, and each has one at once", core(figures=figures), CAPACITY)
        for what, figures in (("one is seen at times", waiting(0, 1)), ("as many are seen as before", waiting(3, 4)))
    ),
    Holds(
        "its database has room for what another instance may open",
        core(envs={"DB_HOST": "postgres", "PGBOUNCER_DEFAULT_POOL_SIZE": "60"}),
        CAPACITY,
    ),
    Holds(
        "its pools are small, and what it may open in all is never opened",
        core(envs={"DB_HOST": "postgres", "DEFAULT_POOL_SIZE": "40", "MAX_DB_CONNECTIONS": "1000"}),
        CAPACITY,
    ),
    *(
        Holds(
            f"another instance may open more sessions than its database has: {what}",
            core(envs={"DB_HOST": "postgres", **sizes}),
            PERSON,
            harmful=("scale_workload",),
        )
        for what, sizes in (
            ("by the size of its pools", {"PGBOUNCER_DEFAULT_POOL_SIZE": "250"}),
            ("by what it may open in all", {"PGBOUNCER_MAX_DB_CONNECTIONS": "300"}),
            ("by its file", {"PGBOUNCER_INI": "[pgbouncer]\npool_mode = transaction\ndefault_pool_size = 220"}),
        )
    ),
    *(
        Holds(
            f"another instance may open more sessions than its database has for all its clients: {what}",
            core(postgres(), *asking, envs={"DB_HOST": "postgres", **sizes}),
            PERSON,
            harmful=("scale_workload",),
        )
        for what, asking, sizes in (
            ("three, each its own user", THREE, {"DEFAULT_POOL_SIZE": "80"}),
            ("with what is kept in reserve", (shop(env=URL),), {"DEFAULT_POOL_SIZE": "120", "RESERVE_POOL_SIZE": "90"}),
        )
    ),
    Holds(
        "its clients have users of their own, and a limit caps what it opens of the database",
        core(postgres(), *THREE, envs={"DB_HOST": "postgres", "DEFAULT_POOL_SIZE": "80", "MAX_DB_CONNECTIONS": "50"}),
        CAPACITY,
    ),
    Holds(
        "two of it queue, and another one may open more sessions than their database has left",
        world(pooler(env={"DB_HOST": "postgres", "DEFAULT_POOL_SIZE": "150"}), shop(env=URL)),
        (POOLER, "capacity", "page_human"),
        harmful=("scale_workload",),
    ),
    Holds(
        "some always wait for its sessions, and it does not tell for how long",
        core(told=[], figures=waiting(3, 4)),
        PERSON,
        harmful=("scale_workload",),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a line names no host, and {what}", found)
        for what, found in (
            (
                "the caller comes to a database directly as well",
                core(postgres(), by_host(READ_HOST="postgres"), line=DJANGO),
            ),
            (
                "the caller has a database outside as well",
                core(postgres(), by_host(REPORT_DB="postgres://r@x.rds.example.com/r"), line=DJANGO),
            ),
            ("it speaks of no database", core(line="TimeoutError: connection timed out after 5000 ms")),
            ("its one core has room", core(used=(0.42, 0.8), line=DJANGO)),
            ("no more is asked than before", core(grown=52, line=DJANGO)),
        )
    ),
    *(
        DoesNotHold(f"a line names the database's own host: {host}", core(line=ALONE.replace("pgbouncer", host)))
        for host in ("postgres", "orders.rds.example.com")
    ),
    *(
        DoesNotHold(f"its one core is used up, and its clients queue for a session: {what}", core(figures=figures))
        for what, figures in (("more than one of them", waiting(0, 2)), ("many more than before", waiting(3, 30)))
    ),
]
