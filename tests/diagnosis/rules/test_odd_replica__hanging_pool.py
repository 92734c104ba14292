"""All connections of one replica's pool hang, while its like are well with the same database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import NODES, node
from tests.diagnosis.rules.scenes import DB, SHOP, URL, errors, logs, pool, rate, shop
from tests.diagnosis.rules.tiny import database, figure, log, pod, postgres, session, snapshot
from tuheg_ir.diagnosis.model import Snapshot

HIKARI = (
    "ERROR HikariPool-1 - Connection is not available, request timed out after 30004ms (total=10, active=10, idle=0)"
)
ALCHEMY = "ERROR sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow 10 reached, connection timed out"
NODE_PG = "Error: timeout exceeded when trying to connect at /app/node_modules/pg-pool/index.js:45"
RUBY = "ActiveRecord::ConnectionTimeoutError: could not obtain a connection from the pool within 5.000 seconds"
GO = "ERROR pgxpool: all connections are busy: context deadline exceeded"
EMPTY = "ERROR HikariPool-1 - Connection is not available, request timed out after 30004ms (total=0, active=0, idle=0)"
FEW = "ERROR HikariPool-1 - Connection is not available, request timed out after 30004ms (total=3, active=3, idle=0)"
HTTP = "ERROR ConnectionPoolTimeoutException: Timeout waiting for connection from pool"
JEDIS = "ERROR redis.clients.jedis.exceptions.JedisException: Could not get a resource from the pool"
DENIED = 'FATAL: password authentication failed for user "app"'
LOCKED = "ERROR: canceling statement due to lock timeout"
ADDRESS = "10.1.192.2"
"""Of the second pod."""
NO_WAY = "ERROR connect ETIMEDOUT 10.96.0.7:5432"
IDLES = session(SHOP, "idle in transaction", 3, client=ADDRESS, age_s=500)
LOCKED_OUT = session(SHOP, "active", 5, wait="Lock:transactionid", client="10.1.192.3")
HARM = ("restart_connection_pool", "rollback_workload", "scale_workload", "scale_database")


def hanging(
    line: str = HIKARI,
    *,
    more: str = "",
    others: int = 0,
    asked: tuple[float, ...] = (20.0, 22.0, 20.0, 20.0),
    taken: tuple[int, ...] = (),
    busy: float = 0.2,
    before: float = 0.0,
    to: float = 50.0,
    ago: float = 0.0,
    databases: Any = (),
    inside: bool = True,
    env: Mapping[str, str] = URL,
    fails: float = 0.001,
    cut: bool = False,
) -> Snapshot:
    """Return a shop of four of which the second fails since ten minutes, and tells of its pool.

    ``more``: what it tells besides, ``ago``: until when. ``others``: how often the others tell of theirs. ``taken``:
    how many connections each has in use. ``busy``: the second's share of its processor limit. ``before``: what share
    of its requests failed before. ``to``: what all are asked now, of 50. ``inside``: the database is here. ``fails``:
    what share of the others' requests fail. ``env``: its settings. ``cut``: the second's node is not ready.
    """
    told = [log(pod("shop", 1), *[f"{more} #{n}" for n in range(9)], *["INFO served"] * int(ago), since=240 + ago)]
    return snapshot(
        shop(pods=4, nodes=NODES, env=env),
        [node(NODES[1], Ready="False")] if cut else [],
        postgres() if inside else [],
        databases=databases,
        figures=[
            *(figure("error_ratio_by_pod", 0.0, fails, pod=pod("shop", n)) for n in (0, 2, 3)),
            figure("error_ratio_by_pod", before, 0.6, pod=pod("shop", 1)),
            *(figure("request_rate_by_pod", 20.0, each, pod=pod("shop", n)) for n, each in enumerate(asked)),
            *(pool(pod("shop", n), *[1] * 5, *[each] * 15) for n, each in enumerate(taken)),
            figure("cpu_share", 0.2, busy, pod=pod("shop", 1), container="shop"),
            errors("shop", 0.15),
            rate("shop", 50, to),
        ],
        logs=[
            *logs("shop", line, 1, times=30),
            *(logs("shop", line, 0, 2, 3, times=others) if others else []),
            *(told if more else []),
        ],
    )


HOLDS = [
    Holds(
        f"one of four has a pool whose connections hang: {what}",
        world,
        (SHOP, "database_connection", "restart_connection_pool"),
        excludes=no("rollback_workload", "scale_workload", at=SHOP),
        harmful=("rollback_workload", "scale_workload", "scale_database"),
    )
    for what, world in (
        ("Hikari", hanging()),
        ("SQLAlchemy", hanging(ALCHEMY)),
        ("pg-pool", hanging(NODE_PG)),
        ("Rails", hanging(RUBY)),
        ("a pool in Go", hanging(GO)),
        ("the database is outside", hanging(inside=False)),
        ("its pool is measured to be full", hanging(taken=(2, 10, 3, 2))),
        ("the others wait for one now and then", hanging(others=4)),
        ("the database shows that it idles", hanging(databases=[database(session(SHOP, "idle", 30))])),
        ("an address gave no answer at the onset", hanging(more=NO_WAY, ago=400)),
        ("it may have no more than a few", hanging(FEW, env={**URL, "HIKARI_MAXIMUM_POOL_SIZE": "3"})),
        ("it is asked a little more", hanging(asked=(20.0, 26.0, 20.0, 20.0))),
    )
]
HOLDS += [
    Holds(
        "one of four has a pool whose connections hang, and its database is left alone",
        hanging(),
        (SHOP, "database_connection", "restart_connection_pool"),
        excludes=no("scale_database", "restart_workload", at=DB),
    ),
    *(
        Holds(
            f"one of four fails and waits for its pool, and {what}",
            world,
            (SHOP, "service_crash", "restart_workload"),
            harmful=("restart_connection_pool", "rollback_workload"),
        )
        for what, world in (
            ("it is asked twice as much as its like", hanging(asked=(20.0, 41.0, 20.0, 20.0))),
            ("it has no processor time left", hanging(busy=0.97)),
            ("as measured it has room", hanging(taken=(4, 4, 3, 2))),
            ("it gets no answer from an address", hanging(more=NO_WAY)),
            (
                "the database works for it",
                hanging(databases=[database(session(SHOP, "active", 10, client=ADDRESS))]),
            ),
            (
                "it began transactions of late",
                hanging(databases=[database(session(SHOP, "idle in transaction", 10, client=ADDRESS, age_s=5))]),
            ),
            ("the pool holds none at all", hanging(EMPTY)),
            ("the pool could open no more than a few", hanging(FEW)),
            ("it is the pool of a web client", hanging(HTTP)),
            ("it is the pool of a cache", hanging(JEDIS)),
            ("it failed as much before", hanging(before=0.3)),
            ("it is refused at the door", hanging(more=DENIED)),
            ("it waits for a lock", hanging(more=LOCKED)),
            ("all are asked more than before", hanging(to=120)),
            ("it tells nothing of a pool", hanging("ERROR lost the thread of work")),
        )
    ),
    Holds(
        "one of four waits for its pool, and others for a lock of its transactions",
        hanging(databases=[database(IDLES, LOCKED_OUT)]),
        (SHOP, "service_crash", "restart_workload"),
        believed="waiting_for_a_lock",
        harmful=HARM[1:],
    ),
    Holds(
        "one of four waits for its pool, and its node is still cut off",
        hanging(cut=True),
        (SHOP, "dependency_failure", "page_human"),
        believed="node_lost",
        harmful=HARM,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("all wait for their pools", hanging(others=30, fails=0.6), (), harmful=HARM),
]
