"""A role or database that does not exist has to be made, or was asked for by a release."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.credentials import ENV, SECRET, TEXTS, refused
from tests.diagnosis.rules.scenes import CACHE, DB, SHOP, logs, shop
from tests.diagnosis.rules.tiny import log, postgres, redis, snapshot, workload

ROLE = 'FATAL:  role "shop_v2" does not exist'
LINES = (ROLE, 'FATAL:  database "shop" does not exist', "Unknown database 'shop'")
OTHER = {**ENV, "DB_USER": "shop_v2"}

MASTER = 'WARN redis: sentinel: GetMasterAddrByName master="carts" failed: redis: nil'
UNREACHED = 'WARN redis: sentinel: GetMasterAddrByName master="carts" failed: dial tcp 10.1.0.4:26379: i/o timeout'
SENTINEL = {"REDIS_SENTINELS": "redis:26379", "REDIS_MASTER": "carts"}

HOLDS = [
    Holds(
        "a release asks the sentinels for a master of another name",
        snapshot(
            shop(env=SENTINEL, before={"env": {**SENTINEL, "REDIS_MASTER": "mymaster"}}),
            redis(),
            workload("seats", env=SENTINEL),
            logs=logs("shop", MASTER, 0, 1, since=570),
        ),
        (SHOP, "configuration_error", "rollback_workload"),
        harmful=("restart_workload",),
        alone=True,
    ),
    Holds(
        "the sentinels know a master no more, and nobody was released",
        snapshot(shop(env=SENTINEL), redis(), logs=logs("shop", MASTER, 0, 1)),
        (CACHE, "configuration_error", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
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
        "sentinels that do not answer since a release",
        snapshot(
            shop(env=SENTINEL, before={"env": {**SENTINEL, "REDIS_MASTER": "mymaster"}}),
            redis(),
            logs=logs("shop", UNREACHED, 0, 1, since=570),
        ),
        (CACHE, "dependency_failure", "page_human"),
    ),
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
