"""A database that reads its texts in another order than they were written in: a warning alone breaks nothing."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import DB, SHOP, URL, alert, errors, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, container, postgres, snapshot, thing, workload
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
OF_SCHEDULE = {"kind": "CronJob", "name": "check", "controller": True}
OF_RUN = {"kind": "Job", "controller": True}
MIGRATES = "STATEMENT:  CREATE UNIQUE INDEX users_email_key ON users (email)"


def said(*lines: str, age: float = 3000) -> Log:
    """Return the log of the database."""
    return Log("postgres-0", "postgres", tuple(f"{at(age - n)} UTC [7] {line}" for n, line in enumerate(lines)))


def check(*lines: str, age: float = 7200, of: str = "") -> tuple[list[Obj], Log]:
    """Return a run that checked the indexes (``of``: whose), and what it told: of its lines none has a time."""
    template = {"spec": {"containers": [container("check", "check:1", env={"PGHOST": of} if of else {})]}}
    made = thing("Job", "check-1", age=age, spec={"template": template}, status={"succeeded": 1})
    body = thing("Pod", "check-1-x", age=age, spec={"containers": []}, status={"phase": "Succeeded"})
    body["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "check-1", "controller": True}]
    return [made, body], Log("check-1-x", "check", lines)


def checks(*told: tuple[str, float]) -> tuple[list[Obj], tuple[Log, ...]]:
    """Return the runs of one schedule, each with a line and its age."""
    body = {"spec": {"containers": [container("check", "check:1")]}}
    objects = [thing("CronJob", "check", spec={"schedule": "0 * * * *", "jobTemplate": {"spec": {"template": body}}})]
    logs = []
    for n, (line, age) in enumerate(told):
        (job, made), _ = check(age=age)
        job["metadata"] |= {"name": f"check-{n}", "ownerReferences": [OF_SCHEDULE]}
        made["metadata"] |= {"name": f"check-{n}-x", "ownerReferences": [{**OF_RUN, "name": f"check-{n}"}]}
        objects += [job, made]
        logs.append(Log(f"check-{n}-x", "check", (line,)))
    return objects, tuple(logs)


def world(
    *logs: Log, run: tuple[list[Obj], Log] | None = None, alerts: Any = FIRES, beside: Any = (), figures: Any = ()
) -> Snapshot:
    """Return a shop on a database whose image moved to another distribution two days ago."""
    claim = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data-postgres-0"}}]}
    server = postgres(spec=claim, before={"image": "postgres:16-bullseye"}, released=2 * DAY)
    return snapshot(
        shop(env=URL, before={"image": "shop:0"}, released=DAY),
        server,
        *([run[0]] if run else []),
        beside,
        logs=[*logs, *([run[1]] if run else [])],
        alerts=alerts,
        figures=figures,
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
REPAIRED, REPAIRED_LOGS = checks((BROKEN, 20000), (CLEAN, 7200))
WORSE, WORSE_LOGS = checks((CLEAN, 20000), (BROKEN, 7200))
NEW_WEB = workload("web", env=URL, before={"image": "web:0"}, released=700)
HOLDS += [
    Holds(
        "of a schedule the newest check finds it",
        world(said(MISMATCH), *WORSE_LOGS, beside=WORSE),
        ASKED,
        harmful=ACTS,
    ),
    Holds(
        "of two databases its own is checked",
        world(said(MISMATCH), run=check(BROKEN, of="postgres"), beside=postgres("stats")),
        ASKED,
        harmful=ACTS,
    ),
    Holds(
        "a caller fails since its own release beside it",
        world(said(MISMATCH), run=check(BROKEN), beside=NEW_WEB, figures=[errors("web", since=600)]),
        ASKED,
        spares=no("rollback_workload", at="Deployment/web"),
        harmful=("restart_workload",),
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
        ("a later check of the schedule finds nothing", world(said(MISMATCH), *REPAIRED_LOGS, beside=REPAIRED)),
        (
            "another database was checked",
            world(said(MISMATCH), run=check(BROKEN, of="stats"), beside=postgres("stats")),
        ),
        (
            "nobody knows which of two was checked",
            world(said(MISMATCH), run=check(BROKEN), beside=postgres("stats")),
        ),
        (
            "a migration failed so, and long before somebody made another index anew",
            world(said(MISMATCH, REINDEX, *["LOG:  checkpoint"] * 20, *TWICE, MIGRATES)),
        ),
        (
            "another one is ill, who does not use it",
            world(said(MISMATCH), run=check(BROKEN), beside=workload("mail"), alerts=[alert("Slow", service="mail")]),
        ),
        ("nothing is wrong", world(said(MISMATCH), run=check(BROKEN), alerts=())),
    )
]
