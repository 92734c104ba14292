"""What a data service refuses for its own protection is no fault of who asks it, nor of their releases."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import DB, OLD, SHOP, URL, errors, logs, shop
from tests.diagnosis.rules.tiny import log, postgres, snapshot

WRAPAROUND = 'ERROR:  database is not accepting commands to avoid wraparound data loss in database "shop"'
WARNED = 'WARNING:  database "shop" must be vacuumed within 3120045 transactions'
CODE = ("code_defect", "rollback_workload")

HOLDS = [
    Holds(
        "it says so, and a release of its caller is near",
        snapshot(
            postgres(),
            shop(env=URL, before=OLD, released=700),
            logs=[log("postgres-0", *[WRAPAROUND] * 9), *logs("shop", WRAPAROUND)],
            figures=[errors("shop", 0.4, 600)],
        ),
        (DB, "resource_exhaustion", "page_human"),
        excludes=(*no("rollback_workload", "restart_workload", at=SHOP), *no("restart_workload", at=DB)),
        harmful=("rollback_workload",),
    ),
    Holds(
        "only its caller passes the words on",
        snapshot(postgres(), shop(env=URL), logs=logs("shop", WRAPAROUND), figures=[errors("shop", 0.4, 600)]),
        (DB, "resource_exhaustion", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "another error of the same statements",
        snapshot(
            postgres(),
            shop(env=URL, before=OLD, released=700),
            logs=logs("shop", 'ERROR: column "price" does not exist'),
            figures=[errors("shop", 0.4, 600)],
        ),
        CODE,
    ),
]
