"""A StatefulSet was given another template, and waits on for a broken pod of the one before."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, looping, pods_of, put, waiting
from tests.diagnosis.rules.scenes import OLD
from tests.diagnosis.rules.tiny import DAY, Obj, at, event, snapshot, workload

LEDGER = "StatefulSet/ledger"
MISSING = waiting("ImagePullBackOff", 'Back-off pulling image "registry.example/ledger:l": not found')


def ledger(status: Obj, *, returned: bool = True, pods: int = 3, old_ready: bool = False, **spec: Any) -> list[Obj]:
    """Return a set whose last pod is broken and of another revision than the template in force.

    ``returned``: the template is the one from before; else it is newer than the broken one. ``old_ready``: another pod
    of the broken one's revision is well.
    """
    made = workload("ledger", kind="StatefulSet", pods=pods, ready=pods - 1, before=OLD, released=HOUR)
    made[0]["spec"] |= spec
    made[0]["metadata"]["managedFields"] = [{"manager": "kubectl", "operation": "Update", "time": at(HOUR / 2)}]
    first, second = (obj for obj in made if obj["kind"] == "ControllerRevision")
    if returned:  # the older one is in force again
        first["revision"] = 3
        made[0]["spec"]["template"] = first["data"]["spec"]["template"]
    now, broken = (first, second) if returned else (second, first)
    mine = pods_of(made)
    for each in mine:
        bad = each is mine[-1] or (old_ready and each is mine[-2])
        each["metadata"]["labels"]["controller-revision-hash"] = (broken if bad else now)["metadata"]["name"]
        each["metadata"]["creationTimestamp"] = at(20 * DAY)
        put(each, {}, ready=True)
    mine[-1]["metadata"]["creationTimestamp"] = at(0.9 * HOUR)
    put(mine[-1], status, ready=False, unready=0.9 * HOUR)
    return made


HOLDS = [
    Holds(
        "the template came back, the image of the one between does not exist",
        snapshot(
            ledger(MISSING),
            event("Pod/ledger-2", "Failed", 'Failed to pull image "registry.example/ledger:l": not found'),
        ),
        (LEDGER, "configuration_error", "page_human"),
        excludes=no("rollback_workload", "restart_workload", at=LEDGER),
        alone=True,
        harmful=("rollback_workload", "restart_workload"),
        began=0.9 * HOUR,
    ),
    Holds(
        "a later template mends what ends at start, and nobody deletes the pod",
        snapshot(ledger(looping(), returned=False, podManagementPolicy="OrderedReady")),
        (LEDGER, "configuration_error", "page_human"),
        excludes=no("rollback_workload", at=LEDGER),
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "it is the only pod of its set",
        snapshot(ledger(looping(), pods=1)),
        (LEDGER, "configuration_error", "page_human"),
        excludes=no("rollback_workload", at=LEDGER),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the set changes its pods all at once",
        snapshot(ledger(MISSING, podManagementPolicy="Parallel")),
        (LEDGER, "unknown", "page_human"),
    ),
    DoesNotHold(
        "it is staged: the older pods are meant to stay",
        snapshot(ledger(looping(), updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 2}})),
        ("page_human",),
    ),
    DoesNotHold(
        "another pod of the same revision is well, so that it is not the template",
        snapshot(ledger(looping(), old_ready=True)),
        ("page_human",),
    ),
    DoesNotHold(
        "it waits for what its node has to give it",
        snapshot(ledger(waiting("ContainerCreating"))),
        (LEDGER, "unknown", "page_human"),
    ),
]
