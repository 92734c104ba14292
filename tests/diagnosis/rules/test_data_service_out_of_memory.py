"""A data service that is killed for memory is given more by a person."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import again, ended, looping
from tests.diagnosis.rules.scenes import CACHE, DB, OLD, SHOP, URL, alert, down, errors, killed, logs, shop
from tests.diagnosis.rules.tiny import log, postgres, redis, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

KILLED = {"lastState": ended("OOMKilled", 137, age=200, lived=200), "restartCount": 3}
SMALLER: dict[str, Any] = {
    "resources": {"limits": {"memory": "64Mi"}},
    "before": {"resources": {"limits": {"memory": "512Mi"}}},
}
REPORT = "Deployment/report"
AGAIN = again("OOMKilled", 137, age=200, restarts=3, lived=600)
CUT = "psycopg2.OperationalError: server closed the connection unexpectedly"


def spills(*clients: str) -> Log:
    """Return what the database told in the minutes before it was killed."""
    files = [f'app={each} LOG:  temporary file: path "base/pgsql_tmp/7.{n}"' for n in range(3) for each in clients]
    # Lines come at even times until now: those of the time after the end are another's.
    return log("postgres-0", *files, *["app= LOG:  checkpoint starting"] * len(files), since=400, previous=True)


def eaten(*lines: Log, times: int = 10, since: float = 2000) -> Snapshot:
    told = [*logs("report", CUT, times=times, since=since), *logs("shop", CUT, since=2000)]
    return snapshot(
        postgres(status=AGAIN),
        shop(env=URL),
        workload("report", env=URL),
        figures=[errors("shop")],
        logs=[*lines, *told],
    )


HOLDS = [
    Holds(
        "each time while it worked in temporary files for one client, which fails with it and sends the same again",
        eaten(spills("report")),
        (REPORT, "resource_exhaustion", "page_human"),
        excludes=(*no("restart_workload", at=REPORT), *no("restart_workload", "rollback_workload", at=SHOP)),
    ),
    Holds(
        "it worked in temporary files for two",
        eaten(spills("report", "shop")),
        (DB, "resource_exhaustion", "page_human"),
    ),
    Holds(
        "the client that it worked for lost its connection with this end alone",
        eaten(spills("report"), times=3, since=300),
        (DB, "resource_exhaustion", "page_human"),
    ),
    Holds("its last words are not known", eaten(), (DB, "resource_exhaustion", "page_human")),
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
