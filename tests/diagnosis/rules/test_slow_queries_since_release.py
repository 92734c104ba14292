"""Slow statements of a client that was just released are the release's."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, URL, shop
from tests.diagnosis.rules.tiny import database, postgres, session, snapshot, workload

SLOW = session(SHOP, "active", 12, age_s=25, query="SELECT * FROM orders WHERE note LIKE ...")

HOLDS = [
    Holds(
        "of the client that was released",
        snapshot(shop(env=URL, before=IMAGE), postgres(), databases=[database(SLOW)]),
        (SHOP, "code_defect", "rollback_workload"),
        excludes=no("scale_workload", at=SHOP),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "of somebody else",
        snapshot(
            shop(env=URL, before=IMAGE),
            postgres(),
            workload("report", env=URL),
            databases=[database(session("Deployment/report", "active", 12, age_s=25))],
        ),
    ),
    DoesNotHold("without a release", snapshot(shop(env=URL), postgres(), databases=[database(SLOW)])),
]
