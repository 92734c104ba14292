"""A store whose pods had too little time to end reads its data anew; after other hard ends it is not for that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import again, pods_of, put
from tests.diagnosis.rules.scenes import DB, down
from tests.diagnosis.rules.tiny import Obj, at, event, log, postgres, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

KAFKA = "StatefulSet/kafka"
UNCLEAN = "Recovering 612 logs from /data since no clean shutdown file was found (kafka.log.LogManager)"
SEGMENT = "[LogLoader partition=a-1, dir=/data] Recovering unflushed segment 15. 0/1 recovered for a-1. (kafka.log)"
STARTED = "[BrokerServer id=0] Transition from STARTING to STARTED (kafka.server.BrokerServer)"
REPLAY = "LOG:  database system was not properly shut down; automatic recovery in progress"
OVER = "Container runtime did not kill the pod within specified grace period."
PRESSED = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 40Mi."


def broker(came: float = 1200, new: int = 2, grace: int = 10, **status: Any) -> list[Obj]:
    """Return three brokers of which the first ones came anew ``came`` seconds ago, and are not ready."""
    spec = {"terminationGracePeriodSeconds": grace}
    objects = workload("kafka", "confluentinc/cp-kafka:7", kind="StatefulSet", pods=3, ready=3 - new, spec=spec)
    for each in pods_of(objects)[:new]:
        each["metadata"]["creationTimestamp"] = at(came)
        put(each, {"state": {"running": {"startedAt": at(came)}}, **status}, ready=False)
    return objects


def stopped(*names: str, age: float = 1300, over: bool = False) -> list[Obj]:
    """Return the events of pods that were told to end, and maybe were not done in time."""
    told = [event(f"Pod/{n}", "Killing", f"Stopping container {n[:-2]}", age=age, kind="Normal") for n in names]
    return told + [event(f"Pod/{n}", "ExceededGracePeriod", OVER, age=age - 18) for n in names if over]


def budget(**labels: str) -> Obj:
    selects = {"maxUnavailable": 1, "selector": {"matchLabels": labels}}
    return thing("PodDisruptionBudget", "kafka", spec=selects, status={"expectedPods": 0, "disruptionsAllowed": 0})


def recovers(objects: list[Obj], *events: Obj, lines: Sequence[str] = (UNCLEAN, SEGMENT, SEGMENT)) -> Snapshot:
    """Return what a world is while the first pods tell that they read their data anew."""
    named = [each["metadata"]["name"] for each in pods_of(objects)[:2]]
    return snapshot(objects, *events, logs=[log(n, *lines, since=900) for n in named])


HOLDS = [
    Holds(
        "a drain took two brokers of three, and the budget selects none of them",
        recovers(broker(), *stopped("kafka-0", "kafka-1", over=True), budget(role="broker")),
        (KAFKA, "configuration_error", "page_human"),
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=KAFKA),
        alone=True,
        harmful=("restart_workload", "rollback_workload", "scale_workload"),
        sure=(0.85, 1.0),
        began=1300,
    ),
    Holds(
        "nobody says that its time was over, and it is little",
        recovers(broker(), *stopped("kafka-0", "kafka-1")),
        (KAFKA, "configuration_error", "page_human"),
        excludes=no("restart_workload", at=KAFKA),
    ),
    Holds(
        "its time is long and it was over all the same; one that drains a node says Evicted too",
        recovers(
            broker(grace=600),
            *stopped("kafka-0", over=True),
            event("Pod/kafka-0", "Evicted", "Evicted pod: Drifted", kind="Normal"),
        ),
        (KAFKA, "configuration_error", "page_human"),
    ),
    Holds(
        "a database of one pod",
        snapshot(
            down(postgres(started=400), {"ready": False}, unready=400),
            stopped("postgres-0", age=420),
            logs=[log("postgres-0", REPLAY, since=390)],
        ),
        (DB, "configuration_error", "page_human"),
        excludes=no("restart_workload", at=DB),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("nobody told it to end", recovers(broker()), (KAFKA, "unknown", "page_human")),
    DoesNotHold(
        "it has ended since by itself",
        recovers(broker(**again("Error", 1, age=300)), *stopped("kafka-0", "kafka-1")),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "a node that was short of memory took it",
        recovers(broker(), *stopped("kafka-0", "kafka-1"), event("Pod/kafka-0", "Evicted", PRESSED)),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "it was told so hours before it came",
        recovers(broker(), *stopped("kafka-0", age=3400)),
        (KAFKA, "unknown", "page_human"),
    ),
    DoesNotHold(
        "its time is long, and was not over",
        recovers(broker(grace=600), *stopped("kafka-0", "kafka-1")),
        (KAFKA, "unknown", "page_human"),
    ),
    DoesNotHold(
        "it has read its data, and is not ready for another reason",
        recovers(broker(), *stopped("kafka-0", "kafka-1"), lines=(UNCLEAN, SEGMENT, STARTED)),
        (KAFKA, "unknown", "page_human"),
    ),
    DoesNotHold(
        "it ended cleanly and starts for long",
        recovers(broker(), *stopped("kafka-0", "kafka-1"), lines=("Loading logs from log dirs", "Loading logs")),
        (KAFKA, "unknown", "page_human"),
    ),
    DoesNotHold(
        "a program that keeps nothing says so",
        snapshot(
            workload("batch", ready=1, started=400, status={"ready": False}),
            stopped("batch-pod9", age=420),
            logs=[log("batch-pod1", "the last run was not shut down cleanly")],
        ),
        harmful=("rollback_workload",),
    ),
]
