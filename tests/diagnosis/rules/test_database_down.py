"""A database that does not run is behind all that need it; its clients are not touched."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import looping
from tests.diagnosis.rules.scenes import CACHE, DB, SHOP, URL, down, errors, logs, shop
from tests.diagnosis.rules.tiny import event, postgres, redis, snapshot, thing, workload

REDIS = "PHP Fatal error:  Uncaught RedisException: Connection refused in /app/x.php:3"

HOLDS = [
    Holds(
        "its clients are refused",
        snapshot(
            shop(env=URL, ready=0),
            postgres(ready=0, status={"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "restartCount": 4}),
            logs=logs("shop", "dial tcp: lookup postgres: connect: connection refused", times=1),
        ),
        (DB, "dependency_failure", "page_human"),
        excludes=no("restart_workload", at=SHOP),
        alone=True,
    ),
    Holds(
        "its pod was evicted",
        snapshot(
            shop(env=URL),
            postgres(ready=0),
            event("Pod/postgres-0", "Evicted", "The node was low on resource: ephemeral-storage."),
            thing("Namespace", "town"),
        ),
        (DB, "dependency_failure", "page_human"),
        alone=True,
    ),
    Holds(
        "a cache that ends with an error",
        snapshot(
            down(redis(), looping()),
            workload("api", env={"REDIS_HOST": "redis"}),
            figures=[errors("api", 0.9)],
            logs=logs("api", REDIS),
        ),
        (CACHE, "dependency_failure", "page_human"),
        harmful=("rollback_workload", "scale_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("it is ready", snapshot(shop(env=URL), postgres())),
    DoesNotHold("a service that is no store is down", snapshot(shop(ready=0)), (SHOP, "unknown", "page_human")),
]
