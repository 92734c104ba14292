"""An index was dropped and statements read whole tables since; who was fast with the same release is not to blame."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import SHOP, alert, logs, shop
from tests.diagnosis.rules.tiny import Obj, at, container, figure, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

JOB, MONGO = "Job/tidy-1", "StatefulSet/mongo"
DROP = '{"c":"COMMAND","msg":"CMD: dropIndexes","attr":{"namespace":"shop.items","indexes":"\\"kind_1_rank_-1\\""}}'
FAST = '"msg":"Slow query","attr":{"ns":"shop.items","appName":"shop","planSummary":"IXSCAN","durationMillis":210}'
SCAN = '"msg":"Slow query","attr":{"ns":"shop.items","appName":"shop","planSummary":"COLLSCAN","durationMillis":7100}'
LATE = "GET /items 503 upstream request timeout: operation exceeded time limit"
SQL = "LOG:  statement: DROP INDEX CONCURRENTLY idx_items_kind"
SLOW = "app=shop LOG:  duration: 8120.4 ms  statement: SELECT * FROM items WHERE kind = 7"


def run(ago: float = 1000, name: str = "tidy-1", **env: str) -> Obj:
    """Return a run that ended a while ago."""
    done = {"succeeded": 1, "startTime": at(ago + 40), "completionTime": at(ago - 20)}
    template = {"spec": {"containers": [container("tidy", "tidy:1", env=env)]}}
    return thing("Job", name, age=ago + 40, spec={"template": template}, status=done)


def pod_of_run() -> Obj:
    pod = thing("Pod", "tidy-1-x", age=1040, spec={"containers": []}, status={"phase": "Succeeded"})
    pod["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "tidy-1", "controller": True}]
    return pod


def told(before: str = FAST, drop: str = DROP, after: str = SCAN, pod: str = "mongo-0") -> Log:
    """Return a log of 2000 s with a drop in its middle."""
    return log(pod, *[before] * 10, drop, *[after] * 9, since=2000)


def world(told: Log, *more: Any, suffers: float = 950, ran: str = "", **of_shop: Any) -> Snapshot:
    mongo = workload("mongo", "mongo:7", kind="StatefulSet", pods=1, port=27017)
    said = logs("shop", LATE, since=suffers)
    return snapshot(
        mongo,
        shop(**of_shop),
        *more,
        logs=[told, *said, *([log("tidy-1-x", ran, since=1000)] if ran else [])],
        alerts=[alert("Slow", service="shop")],
    )


def slow_log(read: int, gave: int = 20, then: int = 2_400_000, *, silent: bool = False, user: str = "shop") -> Log:
    """Return MySQL's log of slow statements, of which the first line alone bears a time; an index goes amid it.

    ``silent``: it does not tell of that, as it took no time.
    """

    def told(age: float, rows: int, sent: int, said: str) -> tuple[str, ...]:
        took = f"# Query_time: 4.102001  Lock_time: 0.000010 Rows_sent: {sent}  Rows_examined: {rows}"
        return (f"# Time: {at(age)}", f"# User@Host: {user}[{user}] @  [10.1.0.9]  Id:    77", took, said)

    asks = "SELECT * FROM items WHERE kind = 7 ORDER BY rank LIMIT 20;"
    before = [told(2000 - 100 * n, read, gave, asks) for n in range(10)]
    after = [told(980 - 100 * n, then, gave, asks) for n in range(10)]
    drop = [] if silent else [told(1000, 0, 0, "ALTER TABLE items DROP INDEX idx_items_kind;")]
    return Log("mysql-0", "mysql", tuple(line for entry in (*before, *drop, *after) for line in entry))


SILENT = slow_log(25, silent=True)


def mysql(told: Log, *more: Any, ran: str = "", late: str = LATE, **of_shop: Any) -> Snapshot:
    store = workload("mysql", "mysql:8.4", kind="StatefulSet", pods=1, port=3306)
    said = [*logs("shop", late, since=950), *([Log("tidy-1-x", "tidy", tuple(ran.splitlines()))] if ran else [])]
    alerts = [alert("Slow", service="shop")]
    return snapshot(store, shop(env=MYSQL, **of_shop), *more, logs=[told, *said], alerts=alerts)


def migrated(
    sql: str,
    key: str = "V7__housekeeping.sql",
    ran: str = 'Migrating schema `shop` to version "7 - housekeeping"',
    *,
    ago: float = 1000,
    written: float = 1100,
    log: Log = SILENT,
    failed: bool = False,
    goes_on: bool = False,
    on: str = "mysql",
    **of_shop: Any,
) -> Snapshot:
    """Return a shop whose statements read whole tables, in a database that is silent, since a run was done with it.

    What the run did, only the file of SQL tells that was made for it under its name.
    """
    done = run(ago, DATABASE_URL=f"mysql://ddl@{on}:3306/shop")
    if failed or goes_on:
        done["status"] = {"startTime": at(ago + 40)}
    if failed:
        done["status"] |= {
            "failed": 1,
            "conditions": [{"type": "Failed", "status": "True", "lastTransitionTime": at(ago - 20)}],
        }
    other = workload("archive", "mysql:8.4", kind="StatefulSet", pods=1, port=3306)
    files = thing("ConfigMap", "tidy-1", age=1100, written=written, data={"V6__note.sql": "SELECT 1;", key: sql})
    return mysql(log, done, pod_of_run(), files, *(other if on == "archive" else ()), ran=ran, **of_shop)


def with_a_worker(named: str) -> Snapshot:
    """Return a shop that tells of it, and a worker that tells of nothing, whose messages wait; who sends statements."""
    scans = [SCAN, SCAN.replace('"appName":"shop"', named)]
    lines = log("mongo-0", *[FAST] * 10, DROP, *scans * 5, since=2000)
    return snapshot(
        workload("mongo", "mongo:7", kind="StatefulSet", pods=1, port=27017),
        shop(),
        workload("points-worker", env={"KAFKA_BROKERS": "kafka:9092"}, service=False),
        logs=[lines, *logs("shop", LATE, since=950), log(pod("points-worker"), *["INFO took=15.1s"] * 60, since=900)],
        figures=[figure("queue_depth", 4, 1100, 700, consumergroup="points-worker", queue="points")],
        alerts=[alert("Slow", service="shop")],
    )


ITS_POD = str(pods_of(workload("points-worker"))[0]["status"]["podIP"])
MYSQL = {"DATABASE_URL": "mysql://shop@mysql:3306/shop"}
BY_RUN = (JOB, "configuration_error", "page_human")
GONE = "ALTER TABLE notes DROP INDEX idx_fax;\nALTER TABLE `items` DROP INDEX `idx_kind_rank`, DROP INDEX idx_x;\n"
DUBBO = (
    "ERROR o.a.d.rpc.RpcException: Failed to invoke the method find in the service shop.Items. Tried 2 times of the "
    "providers [10.1.0.9:20880]. Last error is: Invoke remote method timeout. cause: "
    "org.apache.dubbo.remoting.TimeoutException: Waiting server-side response timeout by scan timer."
)
HOLDS = [
    Holds(
        "the database is silent, and the file of SQL that a run applied tells of it",
        migrated(GONE),
        BY_RUN,
        target="StatefulSet/mysql",
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
        harmful=("rollback_workload", "restart_workload", "scale_workload"),
    ),
    Holds("who waits tells so in the words of Dubbo", migrated(GONE, late=DUBBO), BY_RUN, target="StatefulSet/mysql"),
    Holds(
        "the log of a run tells of it, as Rails does",
        migrated(
            "", ran="== 7 Housekeeping: migrating ==\n-- remove_index(:items, {:name=>:idx_items_kind})\n   -> 0.01s"
        ),
        BY_RUN,
        target="StatefulSet/mysql",
    ),
    Holds(
        "a statement that names no table but in the index's name",
        migrated("DROP INDEX CONCURRENTLY IF EXISTS public.ix_items_on_kind;"),
        BY_RUN,
        target="StatefulSet/mysql",
    ),
    Holds(
        "its client had served well since a release before the run",
        migrated(GONE, before={"image": "shop:0"}, released=2100),
        BY_RUN,
        target="StatefulSet/mysql",
        harmful=("rollback_workload",),
    ),
    Holds(
        "MySQL's slow statements read a thousand rows for each that they give since",
        mysql(slow_log(25)),
        ("StatefulSet/mysql", "configuration_error", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "by a run that names the index",
        world(told(), run(), pod_of_run(), ran="drop kind_1_rank_-1 ops=0"),
        BY_RUN,
        target=MONGO,
    ),
    Holds(
        "by the one run on that database then",
        world(told(), run(MONGO_URL="mongodb://mongo:27017/shop")),
        BY_RUN,
        target=MONGO,
    ),
    Holds(
        "a run then has to do with something else",
        world(told(), run(), pod_of_run(), ran="dropped 3 old_rows"),
        (MONGO, "configuration_error", "page_human"),
    ),
    Holds(
        "the run on that database was over before",
        world(told(), run(1400, MONGO_URL="mongodb://mongo:27017/shop")),
        (MONGO, "configuration_error", "page_human"),
    ),
    Holds(
        "nobody knows by whom",
        world(told()),
        (MONGO, "configuration_error", "page_human"),
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
        harmful=("rollback_workload", "scale_workload"),
    ),
    *(
        Holds(
            f"a worker only is slow, which the statements name by {what}: nothing done to it helps",
            with_a_worker(named),
            (MONGO, "configuration_error", "page_human"),
            excludes=no("restart_workload", "scale_workload", at="Deployment/points-worker"),
            alone=True,
        )
        for what, named in (
            ("its name", '"appName":"points-worker"'),
            ("an address of its pods", f'"remote":"{ITS_POD}:41252"'),
        )
    ),
    Holds(
        "a worker is slow that none of the statements name: that is told beside it, and it is not let off",
        with_a_worker('"appName":"report"'),
        (MONGO, "configuration_error", "page_human"),
        spares=no("restart_workload", at="Deployment/points-worker"),
    ),
    Holds(
        "by statement, where no plan is told",
        world(told("LOG:  checkpoint complete", SQL, SLOW)),
        (MONGO, "configuration_error", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("a run dropped an index of another table", migrated("ALTER TABLE notes DROP INDEX idx_fax;")),
    DoesNotHold("the name of an index that went is of other things", migrated("DROP INDEX ix_notes_created_kind;")),
    DoesNotHold("the run was done long before", migrated(GONE, ago=2400, written=2500)),
    DoesNotHold(
        "statements read whole tables before the run as well", migrated(GONE, log=slow_log(2_400_000, silent=True))
    ),
    DoesNotHold("statements read no whole table since the run", migrated(GONE, log=slow_log(25, then=40, silent=True))),
    DoesNotHold(
        "an index of that name is made anew",
        migrated(GONE + "CREATE INDEX idx_kind_rank ON items (kind);\nALTER TABLE items ADD KEY idx_x (x);"),
    ),
    DoesNotHold("the run goes on, and may build the next index just now", migrated(GONE, goes_on=True)),
    DoesNotHold("the run failed: what it did was taken back, or not", migrated(GONE, failed=True)),
    DoesNotHold("it is the file that takes back what the run did", migrated(GONE, "U7__housekeeping.sql")),
    DoesNotHold(
        "it is the part of the file that takes back what the run did",
        migrated(f"-- +goose Up\nCREATE INDEX idx_kind_rank ON items (kind);\n-- +goose Down\n{GONE}"),
    ),
    DoesNotHold("a comment tells of it", migrated("-- later: ALTER TABLE items DROP INDEX idx_kind_rank;\nSELECT 1;")),
    DoesNotHold("it is a file that was applied long ago", migrated(GONE, "V2__tidy_up.sql")),
    DoesNotHold("the file was written when the run was over", migrated(GONE, written=500)),
    DoesNotHold("the run worked on another database", migrated(GONE, on="archive")),
    DoesNotHold("the run itself goes through the table", migrated(GONE, log=slow_log(25, silent=True, user="tidy-1"))),
    DoesNotHold(
        "its log tells that it would, and does not", migrated("", ran="dry run: would DROP INDEX idx_x ON items")
    ),
    DoesNotHold(
        "who sends them was released with the run",
        migrated(GONE, before={"image": "shop:0"}, released=1010),
        ("dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "MySQL's statements looked as many rows up before", mysql(slow_log(2_400_000)), harmful=("rollback_workload",)
    ),
    DoesNotHold("they read what they give", mysql(slow_log(20, then=40)), harmful=("rollback_workload",)),
    DoesNotHold("whole tables were read as often before", world(told(before=SCAN))),
    DoesNotHold("no statement reads a whole table since", world(told(after=FAST))),
    DoesNotHold("nothing was dropped", world(told(drop=FAST))),
    DoesNotHold("who suffers did long before", world(told(), suffers=2000)),
    DoesNotHold(
        "its client was released with it, and may ask in another way",
        world(told(), before={"image": "shop:0"}, released=1000),
        ("code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "the index was built anew, and all is fast again",
        world(log("mongo-0", *[FAST] * 5, DROP, *[SCAN] * 6, *[FAST] * 8, since=2000), suffers=1350),
    ),
]
