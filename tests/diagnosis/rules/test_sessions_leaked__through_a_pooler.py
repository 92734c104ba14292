"""A pooler has no session left: the database behind it counts who keeps them, in transactions that nobody ends."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, errors, logs, rate, shop
from tests.diagnosis.rules.tiny import database, figure, postgres, secret_key, session, snapshot, workload
from tuheg_ir.diagnosis.model import Database, Series, Snapshot

POOLER = "Deployment/pgbouncer"
POOLED = {"DATABASE_URL": "postgres://app@pgbouncer:6432/shop"}
PAST_IT = {"DATABASE_URL": "postgres://app@postgres:5432/shop"}
AS_SHOP = {"DATABASE_URL": "postgres://shop@pgbouncer:6432/shop"}
TO_BOOKS = {"DATABASE_URL": "postgres://app@pgbouncer:6432/books"}
BY_ANOTHER = {"DATABASE_URL": "postgres://app@pgbouncer-b:6432/shop"}
HIDDEN = {"DSN": secret_key("db")}
TOLD = "FATAL: query_wait_timeout"
LOCKED = "ERROR: canceling statement due to lock timeout"
LATE = "ERROR GET https://api.pay.example/v3: connect ETIMEDOUT"
FORGETS = (SHOP, "database_connection", "restart_connection_pool")
Figures = list[tuple[str, Series]]


def sized(size: str = "25") -> dict[str, Any]:
    return {"env": {"DB_HOST": "postgres", "DEFAULT_POOL_SIZE": size}}


def counted(
    idle: float = 40, age: float = 2900, lent: float = 50, all_in: float = 54, name: str = "shop", at_work: float = 1
) -> Figures:
    """Return what a pooler has lent, and whose sessions its database counts in which state."""
    of: dict[str, Any] = {"component": "postgres", "client": name}
    return [
        figure("db_max_connections", 300, 300, component="postgres"),
        figure("db_connections", 40, all_in, 1500, component="postgres"),
        *([figure("db_connections", 20, lent, 1500, component="pgbouncer")] if lent else []),
        figure("db_connections_by_client", 2, idle, 1500, **of, state="idle in transaction"),
        figure("db_connections_by_client", 2, at_work, 1500, **of, state="active"),
        figure("db_connections_by_client", 12, 4, 1500, component="postgres", client="cart", state="active"),
        figure("db_transaction_age_by_client", 0, age, 1500, **of, state="idle in transaction"),
    ]


def listed(count: int, age: float, owner: str = SHOP, state: str = "idle in transaction") -> list[Database]:
    """Return what a database lists of its sessions."""
    return [database(session(owner, state, count, age_s=age), session("Deployment/cart", "active", 4), most=300)]


def users(mine: str, other: str) -> list[Database]:
    """Return what a database lists of the sessions of two clients, each as some user."""
    left = session(SHOP, "idle in transaction", 40, age_s=4000, user=mine)
    return [database(left, session("Deployment/cart", "active", 4, user=other), most=300)]


def waiting(
    *more: Any,
    figures: Figures | None = None,
    databases: list[Database] | None = None,
    env: Any = HIDDEN,
    pooler: dict[str, Any] | None = None,
    to: float = 50,
    line: str = "",
    **made: Any,
) -> Snapshot:
    """Return a cart that waits in vain for a pooler's sessions, and a shop that comes to the same pooler."""
    return snapshot(
        shop(env=env, **made),
        workload("cart", env=POOLED, before=IMAGE, released=1700),
        workload("pgbouncer", "edoburu/pgbouncer:v1.24.1", port=6432, **(pooler or sized())),
        postgres(),
        *more,
        logs=[*logs("cart", TOLD, 0, 1, since=900), *(logs("shop", line, since=3300) if line else [])],
        figures=[
            *(counted() if figures is None and databases is None else figures or []),
            errors("cart", 0.5, 900),
            rate("shop", 50, to, 1500),
        ],
        databases=databases or [],
    )


B = workload("pgbouncer-b", "edoburu/pgbouncer:v1.24.1", port=6432, **sized("60"))
HOLDS = [
    *(
        Holds(
            f"a client of a pooler leaves transactions open on most of its sessions, and {what}",
            world,
            FORGETS,
            excludes=(
                *no("scale_database", "rollback_workload", at="StatefulSet/postgres"),
                *no("restart_workload", at="Deployment/cart"),
            ),
            harmful=("scale_database", "scale_workload", "rollback_workload"),
        )
        for what, world in (
            ("a Secret keeps its address", waiting()),
            ("its settings lead to the pooler", waiting(env=POOLED)),
            ("nobody measures the pooler, whose settings tell its size", waiting(figures=counted(lent=0))),
            (
                "its settings lead to it, and the database has many sessions of others",
                waiting(figures=counted(all_in=140), env=POOLED),
            ),
            ("the database lists them", waiting(databases=listed(38, 4000), env=POOLED)),
            ("the pooler's own settings lead nowhere that is seen", waiting(pooler={"env": {"POOL_SIZE": "25"}})),
            ("both come as one user", waiting(databases=users("app", "app"), env=POOLED)),
            ("nobody calls it", waiting(env=POOLED, service=False)),
        )
    ),
    Holds(
        "a client leaves transactions open on a pooler's sessions since its release",
        waiting(before=IMAGE, released=3100),
        (SHOP, "code_defect", "rollback_workload"),
        harmful=("scale_database",),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"a pooler has no session left, and {what}", world, harmful=("restart_connection_pool", "rollback_workload")
        )
        for what, world in (
            ("who leaves transactions open comes to the database past it", waiting(env=PAST_IT)),
            (
                "the others have as many sessions as it has lent: the open ones are not its own",
                waiting(figures=counted(all_in=95)),
            ),
            ("transactions idle for seconds only", waiting(figures=counted(age=8))),
            ("transactions idle for some minutes", waiting(figures=counted(age=600))),
            ("few transactions are left open", waiting(figures=counted(idle=6))),
            ("most of the client's sessions are at work", waiting(figures=counted(idle=18, at_work=24))),
            ("the client waits for a lock", waiting(line=LOCKED)),
            ("the client has waited for a host outside since before", waiting(line=LATE)),
            ("the client has more to do", waiting(to=120)),
            ("whose the sessions are is not known", waiting(figures=counted(name="psql"))),
            ("they are at work for long", waiting(databases=listed(40, 4000, state="active"), env=POOLED)),
            ("who waits comes as another user", waiting(databases=users("shop", "cart"), env=POOLED)),
            ("who waits comes as another user, as addresses tell", waiting(env=AS_SHOP)),
            ("who waits comes to another database", waiting(env=TO_BOOKS)),
            ("who leaves transactions open comes through another pooler", waiting(B, env=BY_ANOTHER)),
            (
                "who leaves transactions open comes through another pooler, and this one's size alone is told",
                waiting(B, figures=counted(lent=0), env=BY_ANOTHER),
            ),
            ("there are two databases", waiting(postgres("ledger"), pooler={"env": {"POOL_SIZE": "25"}})),
            ("its size is not known", waiting(figures=counted(lent=0), pooler={"env": {"DB_HOST": "postgres"}})),
        )
    ),
    DoesNotHold(
        "a pooler has no session left, and its client leaves two transactions open for hours",
        waiting(databases=listed(2, 9 * 3600), env=POOLED),
        harmful=("restart_connection_pool",),
    ),
]
