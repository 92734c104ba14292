"""A pod starts as its like did, and has not taken longer than they."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import again, pods_of, put
from tests.diagnosis.rules.scenes import alert, errors
from tests.diagnosis.rules.tiny import Obj, at, service_for, snapshot, workload
from tests.diagnosis.rules.undone import fires

WATCH = "StatefulSet/watch"


def watch(age: float = 400, took: float = 600, **status: object) -> list[Obj]:
    """Return three pods: the last one came ``age`` seconds ago and is not ready; the others took ``took`` to be so."""
    objects = workload("watch", kind="StatefulSet", pods=3, ready=2)
    *older, last = pods_of(objects)
    for number, each in enumerate(older):
        born = 7200 - 1500 * number
        each["metadata"]["creationTimestamp"] = at(born)
        put(each, {"state": {"running": {"startedAt": at(born)}}}, ready=True, unready=born - took)
    last["metadata"]["creationTimestamp"] = at(age)
    put(last, {"state": {"running": {"startedAt": at(age)}}, **status}, ready=False, unready=age)
    return objects


def published(*, headless: bool = False) -> list[Obj]:
    """Return the pods behind a Service that gives out the address of the one that starts."""
    found = service_for("watch", headless=headless)
    found["spec"]["publishNotReadyAddresses"] = True
    return [each for each in watch() if each["kind"] != "Service"] + [found]


HOLDS = [
    Holds(
        "seven minutes, and its like took ten",
        snapshot(watch(), alerts=[alert("ReplicaNotReady", statefulset="watch")]),
        (WATCH, "no_fault", "no_action"),
        excludes=no("restart_workload", at=WATCH),
        alone=True,
    ),
    Holds(
        "its peers find it by a Service without an address before it is ready",
        snapshot(published(headless=True)),
        (WATCH, "no_fault", "no_action"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a quarter of an hour, and its like took ten minutes", snapshot(watch(age=900)), ("unknown", "page_human")
    ),
    DoesNotHold(
        "it has ended once",
        snapshot(watch(**again("Error", 1, age=100) | {"ready": False})),
        (WATCH, "service_crash", "restart_workload"),
    ),
    DoesNotHold("callers are led to it as well", snapshot(published()), ("unknown", "page_human")),
    DoesNotHold(
        "work is begun and not done, and nothing fails",
        snapshot(watch(), alerts=[fires("JobsStuck", "jobs hang; no errors")]),
        ("unknown", "page_human"),
        harmful=("no_action",),
    ),
    DoesNotHold("users suffer", snapshot(watch(), figures=[errors("watch")]), (WATCH, "unknown", "page_human")),
]
