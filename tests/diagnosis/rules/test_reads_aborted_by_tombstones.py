"""A database that aborts reads because of what was deleted, and those that only warn or are asked once."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, WEB, errors, logs, shop
from tests.diagnosis.rules.tiny import Obj, log, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

ABORTED = (
    "ERROR [ReadStage-4] StorageProxy.java:2155 - Scanned over 100001 tombstones during query "
    "'SELECT * FROM mail.inbox WHERE owner = 7 LIMIT 50' (last scanned row partion key was ((7), 41)); query aborted"
)
OLDER = (
    "ERROR [ReadStage:12] SliceQueryFilter.java - "
    "Scanned over 100000 tombstones in mail.inbox; query aborted (see tombstone_failure_threshold)"
)
OLDEST = (
    "ERROR [ReadStage:9] org.apache.cassandra.db.filter.TombstoneOverwhelmingException: Scanned over 100001 tombstones"
)
WARNED = (
    "WARN  [ReadStage-4] ReadCommand.java:576 - "
    "Read 50 live rows and 31077 tombstone cells for query SELECT * FROM mail.inbox (see tombstone_warn_threshold)"
)
BY_CLIENT = "ERROR inbox failed: Server failed to execute read: failures by [10.1.0.7: READ_TOO_MANY_TOMBSTONES]"
USES = {"CASSANDRA_HOSTS": "cassandra:9042"}
STORE = "StatefulSet/cassandra"


def cassandra() -> list[Obj]:
    return workload("cassandra", "cassandra:4.1", kind="StatefulSet", pods=3, port=9042)


def said(line: str, times: int = 9, since: float = 500, *, then: tuple[str, ...] = ()) -> Log:
    """Return the log of a member."""
    return log("cassandra-1", *[line] * times, *then, since=since, of="cassandra")


def world(*told: Log, beside: Any = (), store: bool = True) -> Snapshot:
    """Return a shop that fails right after its release, and the database that it asks."""
    client = shop(env=USES, before=IMAGE, released=600)
    return snapshot(client, cassandra() if store else [], beside, logs=told, figures=[errors("shop", since=500)])


ASKED = (STORE, "resource_exhaustion", "page_human")
ACTS = ("rollback_workload", "restart_workload", "scale_workload", "scale_database")
NEWER = workload("web", env=USES, before={"image": "web:0"}, released=200)
HOLDS = [
    *(
        Holds(
            f"a member aborts reads: {what}",
            world(said(line)),
            ASKED,
            excludes=(*no("rollback_workload", "restart_workload", at=SHOP), *no("restart_workload", at=STORE)),
            harmful=ACTS,
        )
        for what, line in (("version 4", ABORTED), ("version 2", OLDER), ("its exception alone", OLDEST))
    ),
    Holds(
        "a client tells of it as well",
        world(said(ABORTED), *logs("shop", BY_CLIENT)),
        ASKED,
        harmful=ACTS,
    ),
    Holds(
        "a client alone tells of it: its database is elsewhere",
        world(*logs("shop", BY_CLIENT), store=False),
        (SHOP, "dependency_failure", "page_human"),
        excludes=no("restart_workload", at=SHOP),
    ),
    Holds(
        "another client fails since its own release after that",
        snapshot(
            shop(env=USES),
            cassandra(),
            NEWER,
            logs=[said(ABORTED, since=3000, times=60)],
            figures=[errors("shop", since=3000), errors("web", since=150)],
        ),
        ASKED,
        spares=no("rollback_workload", at=WEB),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, snapshot(shop(env=USES), cassandra(), logs=[told]))
    for what, told in (
        ("it only warns of them", said(WARNED)),
        ("a few reads", said(ABORTED, 4)),
        ("it is over", said(ABORTED, since=9000, then=("INFO  Saved KeyCache",) * 20)),
    )
]
