"""A database that reads its texts in another order than they were written in: a warning alone breaks nothing."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import DB, SHOP, URL, alert, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, container, postgres, snapshot, thing
from tuheg_ir.diagnosis.model import Log, Snapshot

MISMATCH = 'WARNING:  database "shop" has a collation version mismatch'
OF_ONE = 'WARNING:  collation "de-x-icu" has version mismatch'
BROKEN = 'ERROR:  item order invariant violated for index "users_email_key"'
LACKS = 'ERROR:  heap tuple (0,7) from table "users" lacks matching index tuple within index "users_email_key"'
CLEAN = 'pg_amcheck: checked 61 relations in database "shop", no problems found'
TWICE = (
    'ERROR:  could not create unique index "users_email_key_ccnew"',
    "DETAIL:  Key (email)=(a-b@example.com) is duplicated.",
)
REINDEX = "STATEMENT:  REINDEX INDEX CONCURRENTLY users_email_key"
FIRES = (alert("LoginsRefused"),)
MIGRATES = "STATEMENT:  CREATE UNIQUE INDEX users_email_key ON users (email)"


def said(*lines: str, age: float = 3000) -> Log:
    """Return the log of the database."""
    return Log("postgres-0", "postgres", tuple(f"{at(age - n)} UTC [7] {line}" for n, line in enumerate(lines)))


def check(*lines: str, age: float = 7200) -> tuple[list[Obj], Log]:
    """Return a run that checked the indexes, and what it told: of its lines none has a time."""
    template = {"spec": {"containers": [container("check", "check:1")]}}
    made = thing("Job", "check-1", age=age, spec={"template": template}, status={"succeeded": 1})
    body = thing("Pod", "check-1-x", age=age, spec={"containers": []}, status={"phase": "Succeeded"})
    body["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "check-1", "controller": True}]
    return [made, body], Log("check-1-x", "check", lines)


def world(*logs: Log, run: tuple[list[Obj], Log] | None = None, alerts: Any = FIRES) -> Snapshot:
    """Return a shop on a database whose image moved to another distribution two days ago."""
    claim = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data-postgres-0"}}]}
    server = postgres(spec=claim, before={"image": "postgres:16-bullseye"}, released=2 * DAY)
    return snapshot(
        shop(env=URL, before={"image": "shop:0"}, released=DAY),
        server,
        *([run[0]] if run else []),
        logs=[*logs, *([run[1]] if run else [])],
        alerts=alerts,
    )


ASKED = (DB, "configuration_error", "page_human")
ACTS = ("rollback_workload", "restart_workload", "scale_workload")
HOLDS = [
    Holds(
        "a check since its start finds an index out of order",
        world(said(MISMATCH), run=check(BROKEN)),
        ASKED,
        excludes=(*no("rollback_workload", "restart_workload", at=DB), *no("rollback_workload", at=SHOP)),
        harmful=ACTS,
        began=3000,
    ),
    Holds("a check in the database itself misses a row", world(said(OF_ONE, LACKS)), ASKED, harmful=ACTS),
    Holds(
        "an index that is made anew finds a value twice", world(said(MISMATCH, *TWICE, REINDEX)), ASKED, harmful=ACTS
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, found, harmful=ACTS)
    for what, found in (
        ("it warns, and nobody has found anything", world(said(MISMATCH), run=check(CLEAN))),
        ("the check was before it was started", world(said(MISMATCH), run=check(BROKEN, age=5 * DAY))),
        ("it warned days ago: the order was made new", world(said(MISMATCH, age=1.5 * DAY), run=check(BROKEN))),
        ("an index is broken, and its order is the old one", world(said("LOG:  ready"), run=check(BROKEN))),
        ("a migration makes an index of what is there twice", world(said(MISMATCH, *TWICE, MIGRATES))),
        ("nothing is wrong", world(said(MISMATCH), run=check(BROKEN), alerts=())),
    )
]
