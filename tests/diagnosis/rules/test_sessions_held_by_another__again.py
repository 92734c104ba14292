"""Who holds the sessions of a full database and asks for more, or comes to an end with them, keeps what is freed."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import looping, pods_of, put
from tests.diagnosis.rules.scenes import API, DB, FATAL, REFUSED, URL, WORKING, errors, logs, shop
from tests.diagnosis.rules.tiny import at, container, database, log, pod, postgres, session, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

REPORT, RUN = "Deployment/report", "Pod/etl-run-7x"
SAID = f'OperationalError: connection to server at "postgres" failed: {FATAL}'
LET_GO, ASK = (REPORT, "database_connection", "scale_database"), (REPORT, "database_connection", "page_human")


def tool(*told: Log, pods: int = 1, crashes: bool = False) -> Snapshot:
    """Return a tool with most sessions of a database, idle, and what it tells of those that it does not get."""
    report = workload("report", env=URL, pods=pods, service=False)
    if crashes:
        put(pods_of(report)[0], looping())
    held = database(session(REPORT, "idle", 80, age_s=700), WORKING)
    return snapshot(shop(env=URL), postgres(), report, databases=[held], logs=[REFUSED, *told])


def alone(policy: str, owner: str = "") -> Snapshot:
    """Return a pod that no Job made and that holds the sessions; ``owner``: the kind of who made it."""
    status: Any = {"name": "etl", "ready": True, "restartCount": 0, "state": {"running": {"startedAt": at(890)}}}
    run = thing(
        "Pod",
        "etl-run-7x",
        age=900,
        spec={"containers": [container("etl", "e:1", env=URL)], "nodeName": "n1", "restartPolicy": policy},
        status={
            "phase": "Running",
            "podIP": "10.2.0.9",
            "containerStatuses": [status],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    )
    if owner:
        run["metadata"]["ownerReferences"] = [{"kind": owner, "name": "etl", "controller": True}]
    ref = f"{owner}/etl" if owner else RUN
    return snapshot(
        postgres(),
        run,
        workload("api", env=URL),
        databases=[database(session(ref, "idle", 80, age_s=700), session(API, "active", 17))],
        figures=[errors("api", 0.4)],
        logs=logs("api", FATAL),
    )


HOLDS = [
    *(
        Holds(f"idle sessions of a tool {what}", world, ASK, target=DB, harmful=("scale_database",))
        for what, world in (
            ("whose pods are refused once each", tool(*logs("report", SAID, *range(5), times=1), pods=5)),
            ("two pods of which are refused once each", tool(*logs("report", SAID, 0, 1, times=1), pods=5)),
            (
                "that crashes, and is refused once in each run",
                tool(log(pod("report"), SAID, previous=True), log(pod("report"), SAID), crashes=True),
            ),
        )
    ),
    Holds(
        "idle sessions of a tool one pod of which is refused once",
        tool(*logs("report", SAID, 0, times=1), pods=5),
        LET_GO,
        target=DB,
    ),
    *(
        Holds(
            f"a pod that no Job made is a run: {what}",
            world,
            (ref, "database_connection", "page_human"),
            target=DB,
            harmful=("scale_database",),
        )
        for what, world, ref in (
            ("it is never started again", alone("Never"), RUN),
            ("it is started again where it fails", alone("OnFailure"), RUN),
            ("a workflow made it", alone("Never", "Workflow"), "Workflow/etl"),
        )
    ),
    Holds(
        "a pod that no Job made runs on and on",
        alone("Always"),
        (RUN, "database_connection", "scale_database"),
        target=DB,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a database that has room, and a run that no Job made is idle",
        snapshot(
            shop(env=URL),
            postgres(),
            databases=[database(session(RUN, "idle", 30, age_s=700), session(API, "active", 5))],
        ),
    ),
]
