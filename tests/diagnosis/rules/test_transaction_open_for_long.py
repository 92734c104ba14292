"""One transaction is much older than all others, and other clients of the database suffer since."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, URL, errors, shop
from tests.diagnosis.rules.tiny import (
    Obj,
    at,
    container,
    database,
    figure,
    postgres,
    session,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.model import Session, Snapshot

EXPORT = "Deployment/export"


def world(*sessions: Session, since: float = 900) -> Snapshot:
    return snapshot(
        postgres(),
        workload("export", env=URL),
        shop(env=URL),
        figures=[errors("shop", since=since)],
        databases=[database(*sessions)],
    )


def held(age: float, owner: str = EXPORT) -> Session:
    return session(owner, "active", 1, age_s=age)


POOLED = {"DATABASE_URL": "postgres://pooler:6432/shop"}
POOLER = workload("pooler", "edoburu/pgbouncer:1.22", port=6432)


def run(name: str = "backfill", *, began: float = 2400, env: dict[str, str] = URL, phase: str = "Running") -> list[Obj]:
    """Return a Job and its pod, which began so long ago."""
    goes_on = phase == "Running"
    spec = {"containers": [container(name, f"{name}:1", env=env)], "nodeName": "n1"}
    status = {"active": 1} if goes_on else {"succeeded": 1, "completionTime": at(900)}
    job = thing("Job", name, age=began, spec={"template": {"spec": spec}}, status={"startTime": at(began), **status})
    pod = thing("Pod", f"{name}-x", age=began, spec=spec, status={"phase": phase})
    pod["metadata"]["ownerReferences"] = [{"kind": "Job", "name": name, "controller": True}]
    return [job, pod]


def copies(
    *objects: Any,
    age: float = 2370,
    waits: tuple[float, float, float] = (0, 40, 900),
    fails: float = 900,
    of: str = "shop",
    env: dict[str, str] = URL,
) -> Snapshot:
    """Return a database whose copies wait to look up sub-transactions, as a transaction is open, and a shop."""
    before, now, since = waits
    return snapshot(
        postgres(),
        shop(env=env),
        *objects,
        figures=[
            errors(of, since=fails),
            figure("db_waits_for_subtransactions", before, now, since, component="postgres"),
            figure("db_transaction_age", 1, age, age - 60, component="postgres"),
        ],
    )


HOLDS = [
    Holds(
        "an export of an hour, and the shop fails since a quarter of one",
        world(held(3600), session(SHOP, "active", 9, age_s=2.0)),
        (EXPORT, "database_connection", "page_human"),
        excludes=no("restart_workload", at=SHOP),
        harmful=("restart_workload", "rollback_workload"),
    ),
    *(
        Holds(
            f"copies wait to look up sub-transactions since a run keeps one transaction open: {what}",
            found,
            ("Job/backfill", "database_connection", "page_human"),
            excludes=no("restart_workload", at=SHOP),
            harmful=("restart_workload", "rollback_workload", "scale_workload"),
        )
        for what, found in (
            ("it asks the database itself", copies(run())),
            ("through a pooler whose settings nobody sees", copies(POOLER, run(env=POOLED), env=POOLED)),
            ("some waited at all times", copies(run(began=3300), age=3260, waits=(4, 120, 1500), fails=1400)),
            ("another run began later", copies(run(), run("report", began=1200))),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "all transactions are old",
        world(held(3600), session(SHOP, "active", 9, age_s=1800)),
        (SHOP, "unknown", "page_human"),
    ),
    DoesNotHold(
        "it began after the trouble",
        world(held(1500), session(SHOP, "active", 9), since=3000),
        (SHOP, "unknown", "page_human"),
    ),
    DoesNotHold("it is young", world(held(300), session(SHOP, "active", 9)), (SHOP, "unknown", "page_human")),
    *(
        DoesNotHold(f"copies wait to look up sub-transactions: {why}", found)
        for why, found in (
            ("no run began when the transaction did", copies(run(began=3300))),
            ("the run began after it", copies(run(began=1800))),
            ("two runs began then", copies(run(), run("report"))),
            ("the run asks nothing", copies(run(env={}))),
            ("the run asks another database", copies(run(env={"DATABASE_URL": "postgres://db.far.example/x"}))),
            ("the run is done", copies(run(phase="Succeeded"))),
            ("the transaction is young", copies(run(began=630), age=600, waits=(0, 40, 300), fails=300)),
            ("as many waited before it was opened", copies(run(), waits=(40, 44, 900))),
            ("they waited before it was opened", copies(run(), waits=(0, 40, 3000), fails=2200)),
            ("few wait", copies(run(), waits=(0, 5, 900))),
            ("nobody who asks the database suffers", copies(workload("cart"), run(), of="cart")),
            ("who suffers did so before", copies(run(), fails=3000)),
        )
    ),
]
