"""A full database whose sessions wait for a lock: what grew before filled it, what grew since came for the waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import API, REFUSED, SHOP, URL, errors, shop
from tests.diagnosis.rules.test_sessions_outgrown import (
    AS_API,
    DB_FULL,
    OTHER,
    OUTGROWN,
    POOLS,
    RAISED,
    larger,
)
from tests.diagnosis.rules.tiny import database, figure, postgres, session, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Session, Snapshot

ROWS = (session(SHOP, "idle", 30), session(SHOP, "active", 46, wait="Lock:transactionid"), session(API, "active", 20))
LOCKED = (session(SHOP, "active", 60, wait="Lock:relation"), session(API, "active", 36))
ALTERS = "[58] flyway@shop LOG:  process 58 still waiting for AccessExclusiveLock on relation 7 after 1000.1 ms"


def waits_since(age: float, world: Snapshot) -> Snapshot:
    """Return a world in which figures tell since when 46 sessions wait for a lock."""
    signal, told = figure("db_locks_waiting", 0, 46, age, component="postgres")
    return replace(world, metrics={**world.metrics, signal: (told,)})


def queued(
    waiting: float = 60, since: float = 1200, sessions: Sequence[Session] = (), *, logged: float = 0, over: bool = False
) -> Snapshot:
    """Return a shop that got pods fifteen minutes ago, and a database that is full of those who wait for a lock.

    ``logged``: only the database's log tells of them, since so long; ``over``: and they got it since.
    """
    queue = [(logged - n, ALTERS.replace("58", str(58 + n))) for n in range(9)]
    got = "[{0}] shop@shop LOG:  process {0} acquired AccessShareLock on relation 7 after 90000.1 ms"
    ends = [(logged - 60, got.format(58 + n)) for n in range(9)] if over else []
    counted_ = [figure("db_locks_waiting", 0, waiting, since, component="postgres")]
    return snapshot(
        shop(env=URL, pods=6),
        workload("api", env=AS_API),
        postgres(),
        databases=[database(*sessions)] if sessions else [],
        logs=[REFUSED, *OTHER, *([timed("postgres-0", *queue, *ends, of="postgres")] if logged else [])],
        figures=[
            figure("db_connections", 40, 97, 600, component="postgres"),
            figure("db_max_connections", 100, 100, component="postgres"),
            figure("replicas_wanted", 2, 6, since=900, component="shop"),
            figure("db_connections_by_client", 10, 80, component="postgres", user="shop", state="active"),
            errors("shop", 0.3, 1200),
            *(counted_ if not sessions and not logged else []),
        ],
    )


HOLDS = [
    *(
        Holds(f"sessions wait for locks, and it grew for no such wait: {what}", world, OUTGROWN)
        for what, world in (
            ("they are few of all", queued(12)),
            ("they began as it had grown", queued(since=700)),
            ("few of those that it has, as it tells itself", queued(sessions=POOLS)),
            ("it tells its sessions, and figures since when", waits_since(700, queued(sessions=LOCKED))),
            ("it tells its sessions, and its log since when", queued(sessions=LOCKED, logged=800)),
            ("the database's log tells of them since it had grown", queued(logged=800)),
            ("the database's log tells that all got theirs", queued(logged=1200, over=True)),
        )
    ),
    Holds(
        "a release made its pools larger, and many of its sessions wait for rows since that, as figures tell",
        waits_since(400, larger(sessions=ROWS)),
        RAISED,
        excludes=no("restart_workload", "scale_workload", at=SHOP),
        harmful=("restart_connection_pool",),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"it grew as its sessions waited for a lock already: {what}",
            world,
            DB_FULL,
            harmful=("scale_workload", "restart_workload", "rollback_workload", "restart_connection_pool"),
        )
        for what, world in (
            ("figures count them", queued()),
            ("the database tells of its sessions", queued(sessions=LOCKED)),
            ("it tells of its sessions, and figures since when", waits_since(1200, queued(sessions=LOCKED))),
            ("it tells of its sessions, and its log since when", queued(sessions=LOCKED, logged=1200)),
            ("a release made its pools larger since", waits_since(900, larger(sessions=ROWS))),
            ("the database's log tells of them", queued(logged=1200)),
            (
                "a release made its pools larger amid that",
                larger(sessions=(session(SHOP, "active", 76, wait="Lock"), session(API, "active", 20))),
            ),
        )
    ),
]
