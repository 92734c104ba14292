"""One transaction is much older than all others, and other clients of the database suffer since."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, URL, errors, shop
from tests.diagnosis.rules.tiny import database, postgres, session, snapshot, workload
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


HOLDS = [
    Holds(
        "an export of an hour, and the shop fails since a quarter of one",
        world(held(3600), session(SHOP, "active", 9, age_s=2.0)),
        (EXPORT, "database_connection", "page_human"),
        excludes=no("restart_workload", at=SHOP),
        harmful=("restart_workload", "rollback_workload"),
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
]
