"""A pooler has no session left, and the list of its pools tells who has them all: in transactions that nobody ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, errors, logs, rate, shop
from tests.diagnosis.rules.tiny import at, figure, pod, postgres, series, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

POOLED = {"DATABASE_URL": "postgres://{}@pgbouncer:6432/shop"}
FORGETS = (SHOP, "database_connection", "restart_connection_pool")
TOLD = "FATAL: query_wait_timeout"
LOCKED = "ERROR: canceling statement due to lock timeout"
LATE = "ERROR GET https://api.pay.example/v3: connect ETIMEDOUT"
SINCE = 3000.0
KV = (
    "{at} [pools] db={base} user={user} cl_active={lent} cl_waiting={waits} "
    "sv_active={lent} sv_idle=0 oldest_xact={age}s"
)
JSON = (
    '{{"time":"{at}","database":"{base}","user":"{user}","cl_active":{lent},"cl_waiting":{waits},'
    '"sv_active":{lent},"sv_idle":0,"max_tx_seconds":{age}}}'
)
HEAD = "{at}  database | user | cl_active | cl_waiting | sv_active | sv_idle | maxwait | pool_mode"
ROW = "{at}  {base} | {user} | {lent} | {waits} | {lent} | 0 | 0 | transaction"

Pools = tuple[tuple[str, int, int, int], ...]
"""User, sessions that are lent to him, his clients that wait, the age of his oldest transaction."""
TAKEN: Pools = (("shop", 26, 0, 2600), ("cart", 4, 40, 0))


def env_of(user: str) -> dict[str, str]:
    return {key: value.format(user) for key, value in POOLED.items()}


def lists(*each: tuple[float, Pools], form: str = KV, head: str = "", base: str = "shop") -> list[str]:
    """Return what a pooler's log has of its pools, at some ages."""
    told = []
    for when, pools in each:
        told += [head.format(at=at(when))] if head else []
        for user, lent, waits, age in pools:
            told.append(form.format(at=at(when), base=base, user=user, lent=lent, waits=waits, age=age))
    return told


def twice(pools: Pools, before: Pools | None = None, **more: Any) -> list[str]:
    return lists((1200, before or pools), (120, pools), **more)


def beside(pools: Pools, others: Pools) -> list[str]:
    """Return what a pooler's log has of the pools of two databases."""
    return [line for age in (1200, 120) for line in (*lists((age, pools)), *lists((age, others), base="books"))]


def idling(count: float = 26, active: float = 4, *, steps: Sequence[tuple[float, float]] = (), age: float = 0) -> Any:
    """Return in which states sessions are at the database: ever more idle in transactions, until they fill a pooler."""
    of = {"component": "postgres"}
    climb = steps or ((7000, 1), (4500, count / 4), (SINCE, count * 0.6), (1900, count))
    told: list[tuple[str, Series]] = [
        ("db_connections_by_state", series({**of, "state": "idle in transaction"}, *climb)),
        figure("db_connections_by_state", 8, active, SINCE, **of, state="active"),
    ]
    return [
        *told,
        *([figure("db_transaction_age_by_state", 0, age, SINCE, **of, state="idle in transaction")] if age else []),
    ]


def world(
    told: list[str] | None = None,
    *,
    figures: Any = None,
    line: str = "",
    most: float = 30,
    callers: tuple[str, str] = ("shop", "cart"),
    second: list[str] | None = None,
    to: float = 50,
    **made: Any,
) -> Snapshot:
    """Return a cart that waits in vain for a pooler's sessions, and a shop that has them."""
    listed = [Log(pod("pgbouncer"), "pgbouncer", tuple(twice(TAKEN) if told is None else told))]
    listed += [Log(pod("pgbouncer", 1), "pgbouncer", tuple(second))] if second else []
    return snapshot(
        shop(env=env_of(callers[0]), **made),
        workload("cart", env=env_of(callers[1]), before=IMAGE, released=1700),
        workload("pgbouncer", "edoburu/pgbouncer:v1.24.1", port=6432, env={"DB_HOST": "postgres"}),
        postgres(),
        logs=[*logs("cart", TOLD, 0, 1, since=900), *(logs("shop", line, since=3300) if line else []), *listed],
        figures=[
            *(idling() if figures is None else figures),
            figure("db_connections", 10, most, 2000, component="pgbouncer"),
            figure("db_max_connections", most, most, component="pgbouncer"),
            errors("cart", 0.5, 900),
            rate("shop", 50, to, 1500),
        ],
    )


NO_AGE: Pools = (("shop", 26, 0, 0), ("cart", 4, 40, 0))
YOUNG: Pools = (("shop", 26, 0, 40), ("cart", 4, 40, 0))
HOLDS = [
    *(
        Holds(
            f"a user has nearly all sessions of a pooler in transactions, {what}",
            seen,
            FORGETS,
            excludes=(
                *no("scale_database", "rollback_workload", at="StatefulSet/postgres"),
                *no("restart_workload", "rollback_workload", at="Deployment/cart"),
            ),
            harmful=("scale_database", "scale_workload", "rollback_workload"),
        )
        for what, seen in (
            ("as a script writes it down", world()),
            ("in JSON", world(twice(TAKEN, form=JSON))),
            (
                "in the table of the console, and the database tells how old they are",
                world(twice(NO_AGE, form=ROW, head=HEAD), figures=idling(age=2600)),
            ),
            ("in the lists of two pods", world(second=twice(TAKEN), figures=idling(52))),
            (
                "and two databases are listed",
                world(beside(TAKEN, (("shop", 1, 0, 0),))),
            ),
        )
    ),
    Holds(
        "the same since its release",
        world(before=IMAGE, released=6900),
        (SHOP, "code_defect", "rollback_workload"),
        harmful=("scale_database",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        f"a pooler lists that it has no session left, and {what}",
        seen,
        harmful=("restart_connection_pool", "rollback_workload"),
    )
    for what, seen in (
        ("nobody lists its pools", world([])),
        ("the list is old", world(lists((9000, TAKEN), (8000, TAKEN)))),
        ("there is one list alone", world(lists((120, TAKEN)))),
        ("there were fewer in the list before", world(twice(TAKEN, (("shop", 9, 0, 40), ("cart", 12, 0, 0))))),
        ("clients of that user wait as well", world(twice((("shop", 26, 9, 2600), ("cart", 4, 40, 0))))),
        ("nobody waits by the list", world(twice((("shop", 26, 0, 2600), ("cart", 4, 0, 0))))),
        ("two have about as many", world(twice((("shop", 16, 0, 2600), ("cart", 14, 40, 0))))),
        ("each user has room of his own", world(twice((("shop", 26, 0, 2600), ("cart", 4, 40, 0))), most=60)),
        (
            "who waits comes to another database",
            world(beside((("shop", 28, 0, 2600),), (("cart", 4, 40, 0),))),
        ),
        ("his transactions are young", world(twice(YOUNG))),
        ("nobody knows how old they are", world(twice(NO_AGE))),
        ("his sessions are at work", world(figures=idling(3, 27))),
        ("many are at work", world(figures=idling(26, 20))),
        ("nobody counts what the sessions do", world(figures=[])),
        ("they came all at once", world(figures=idling(steps=((7000, 1), (1900, 26))))),
        ("a client waits for a lock", world(line=LOCKED)),
        ("his program has waited for a host outside since before", world(line=LATE)),
        ("his program has more to do", world(to=120)),
        ("both come as one user", world(twice((("app", 26, 0, 2600), ("cart", 4, 40, 0))), callers=("app", "app"))),
        ("whose user it is nobody knows", world(twice((("ops", 26, 0, 2600), ("cart", 4, 40, 0))))),
        ("another pod has room", world(second=twice((("shop", 3, 0, 10), ("cart", 4, 0, 0))))),
    )
]
