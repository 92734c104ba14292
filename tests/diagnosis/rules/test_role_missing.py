"""A role or database that does not exist has to be made, or was asked for by a release."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.credentials import ENV, SECRET, TEXTS, refused
from tests.diagnosis.rules.scenes import DB, SHOP, logs, shop
from tests.diagnosis.rules.tiny import log, postgres, snapshot

ROLE = 'FATAL:  role "shop_v2" does not exist'
LINES = (ROLE, 'FATAL:  database "shop" does not exist', "Unknown database 'shop'")
OTHER = {**ENV, "DB_USER": "shop_v2"}

HOLDS = [
    Holds(
        "a release asks for it",
        snapshot(
            shop(env=OTHER, before={"env": {**ENV, "DB_USER": "shop"}}), postgres(), logs=logs("shop", ROLE, times=1)
        ),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    *(
        Holds(
            f"somebody has to make it: {line}",
            snapshot(shop(env=ENV), postgres(), logs=logs("shop", line, times=1)),
            (DB, "configuration_error", "page_human"),
        )
        for line in LINES
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a role that exists and a wrong password",
        refused(0, written=None, line=TEXTS[0]),
        (SECRET, "configuration_error", "page_human"),
    ),
    DoesNotHold(
        "a table that does not exist",
        snapshot(shop(env=ENV), postgres(), logs=[log("shop-pod0", 'ERROR:  relation "orders" does not exist')]),
    ),
]
