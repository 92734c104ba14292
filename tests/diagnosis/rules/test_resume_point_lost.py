"""Readers of a log of changes that come back too late: they end at each start, or ask again and again."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import looping, pods_of, put
from tests.diagnosis.rules.scenes import API, IMAGE, SHOP, down, logs, shop
from tests.diagnosis.rules.tiny import Obj, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

MONGO = (
    "MongoServerError: PlanExecutor error during aggregation :: caused by :: Resume of change stream was not possible, "
    "as the resume point may no longer be in the oplog."
)
KAFKA = (
    "org.apache.kafka.clients.consumer.OffsetOutOfRangeException: Offsets out of range with no configured reset policy "
    "for partitions: {orders-3=1182}"
)
RESETS = "Fetch position FetchPosition{offset=1182} is out of range for partition orders-3, resetting offset"
DEBEZIUM = (
    "The connector is trying to read binlog starting at binlog file 'mysql-bin.000012', pos=4, but this is no longer "
    "available on the server. Reconfigure the connector to use a snapshot when needed."
)
GONE = ("resource_exhaustion", "page_human")


def ends(restarts: int = 9, **more: object) -> list[Obj]:
    """Return a reader of one pod that ends at each start."""
    return down(shop(pods=1, **more), looping(restarts=restarts))


def mongo() -> list[Obj]:
    return workload("mongo", "mongo:7", kind="StatefulSet", pods=1, port=27017)


def asked_another(*told: Log) -> Snapshot:
    """Return a reader that ends at each start since a release named another server, and what was told before."""
    reader = ends(env={"DATABASE_HOSTNAME": "mysql-b"}, before={"env": {"DATABASE_HOSTNAME": "mysql-a"}}, released=600)
    both = [workload(f"mysql-{one}", "mysql:8", kind="StatefulSet", pods=1, port=3306) for one in "ab"]
    return snapshot(reader, *both, logs=[log(pod("shop"), "starting", DEBEZIUM, since=500), *told])


HOLDS = [
    Holds(
        "it ends at each start, and was well with the template that it has",
        snapshot(ends(), mongo(), logs=[log(pod("shop"), "starting", MONGO), log(pod("shop"), MONGO, previous=True)]),
        (SHOP, *GONE),
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
        alone=True,
    ),
    Holds(
        "a release came meanwhile: no version gets what is gone",
        snapshot(ends(before=IMAGE, released=600), logs=[log(pod("shop"), "starting", MONGO)]),
        (SHOP, *GONE),
        excludes=no("rollback_workload", at=SHOP),
        harmful=("rollback_workload",),
    ),
    Holds(
        "the server tells of it as well",
        snapshot(
            ends(before=IMAGE, released=600),
            mongo(),
            logs=[log(pod("shop"), MONGO), log("mongo-0", *[MONGO] * 3, since=3000, of="mongo")],
        ),
        (SHOP, *GONE),
    ),
    *(
        Holds(
            f"a release came, and it was told before: {what}",
            world,
            (SHOP, *GONE),
            excludes=no("rollback_workload", "restart_workload", at=SHOP),
            harmful=("rollback_workload",),
        )
        for what, world in (
            ("by itself", asked_another(log(pod("shop"), DEBEZIUM, since=3000))),
            ("by the server", asked_another(log("mysql-b-0", *[DEBEZIUM] * 3, since=3000, of="mysql-b"))),
        )
    ),
    *(
        Holds(
            f"a release may be why, and a person looks: {what}",
            world,
            (SHOP, *GONE),
            excludes=no("restart_workload", "scale_workload", at=SHOP),
            spares=no("rollback_workload", at=SHOP),
        )
        for what, world in (
            ("it asks another server for its place", asked_another()),
            (
                "it no longer begins anew by itself",
                snapshot(
                    ends(env={"AUTO_OFFSET_RESET": "none"}, before={"env": {"AUTO_OFFSET_RESET": "earliest"}}),
                    logs=[log(pod("shop"), "starting", KAFKA)],
                ),
            ),
        )
    ),
    Holds("it runs on and asks again and again", snapshot(shop(), logs=logs("shop", KAFKA, times=5)), (SHOP, *GONE)),
    Holds(
        "a connector whose task has failed is started by a loop",
        snapshot(workload("api"), logs=logs("api", DEBEZIUM, times=6)),
        (API, *GONE),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("it begins anew by itself", snapshot(shop(), logs=logs("shop", RESETS))),
    DoesNotHold("told a few times, and it runs on", snapshot(shop(), logs=logs("shop", KAFKA, times=4))),
    DoesNotHold(
        "long ago",
        snapshot(shop(), logs=[log(pod("shop"), *[KAFKA] * 4, *["batch done"] * 200, since=40000)]),
    ),
    DoesNotHold(
        "the server alone tells of somebody that nobody knows",
        snapshot(shop(), mongo(), logs=[log("mongo-0", *[MONGO] * 4, of="mongo")]),
    ),
    DoesNotHold(
        "it ended once and is ready again",
        snapshot(_ready_again := shop(pods=1), logs=[log(pod("shop"), MONGO, previous=True), log(pod("shop"), "ok")]),
    ),
]
put(pods_of(_ready_again)[0], {"restartCount": 1}, ready=True)
