"""A data service that is killed for memory is given more by a person."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import again, ended, looping
from tests.diagnosis.rules.scenes import CACHE, DB, OLD, SHOP, URL, alert, down, errors, killed, logs, shop
from tests.diagnosis.rules.tiny import postgres, redis, snapshot, workload

KILLED = {"lastState": ended("OOMKilled", 137, age=200, lived=200), "restartCount": 3}
SMALLER: dict[str, Any] = {
    "resources": {"limits": {"memory": "64Mi"}},
    "before": {"resources": {"limits": {"memory": "512Mi"}}},
}

HOLDS = [
    Holds("a database", snapshot(shop(env=URL), postgres(status=KILLED)), (DB, "resource_exhaustion", "page_human")),
    Holds("a cache", snapshot(shop(env=URL), redis(status=KILLED)), (CACHE, "resource_exhaustion", "page_human")),
    Holds(
        "a database that runs again",
        snapshot(postgres(status=again("OOMKilled", 137, age=200, restarts=4))),
        (DB, "resource_exhaustion", "page_human"),
    ),
    Holds(
        "three services away from the alert",
        snapshot(
            down(workload("mongo", "mongo:7", kind="StatefulSet", pods=1, port=27017), looping("OOMKilled", 137)),
            workload("stock", env={"MONGO_URL": "mongodb://mongo:27017/a"}),
            workload("cart", env={"STOCK_URL": "http://stock:8080"}),
            workload("web", env={"CART_URL": "http://cart:8080"}, before=OLD, released=3 * 3600),
            figures=[errors("stock", 0.9), errors("cart", 0.9), errors("web", 0.5)],
            alerts=[alert(service="web")],
            logs=[
                *logs("stock", "MongoServerSelectionError: connect ECONNREFUSED 10.96.0.1:27017", times=8),
                *logs("cart", "GET http://stock:8080/x failed: 503", times=8),
                *logs("web", "GET http://cart:8080/x 502", times=8),
            ],
        ),
        ("StatefulSet/mongo", "resource_exhaustion", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a release cut its limit",
        snapshot(redis(status=KILLED, **SMALLER)),
        (CACHE, "configuration_error", "rollback_workload"),
    ),
    DoesNotHold(
        "a service that keeps no data",
        snapshot(killed(shop())),
        (SHOP, "resource_exhaustion", "page_human"),
    ),
]
