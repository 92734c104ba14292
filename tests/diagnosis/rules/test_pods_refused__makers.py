"""A quota refuses pods to a program that makes them itself, and what looks like it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, alert, logs
from tests.diagnosis.rules.tiny import DAY, Obj, at, event, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

AIRFLOW = (
    "WARNING - [Try 1 of -1] Kube ApiException for Task. Reason: 'Forbidden'. Message: pods \"train-7f2k\" is "
    "forbidden: exceeded quota: team, requested: requests.cpu=2, used: requests.cpu=15, limited: requests.cpu=16"
)
RUNNER = (
    'ERROR: Job failed (system failure): prepare environment: setting up build pod: pods "runner-k3p-0" is forbidden: '
    "exceeded quota: team, requested: limits.memory=4Gi, used: limits.memory=30Gi, limited: limits.memory=32Gi."
)
HUB = (
    'HTTP response body: {"kind":"Status","message":"pods \\"jupyter-kim\\" is forbidden: exceeded quota: team, '
    'requested: pods=1, used: pods=20, limited: pods=20","reason":"Forbidden","code":403}'
)
STEP = AIRFLOW.partition("Message: ")[2]
QUOTA = "ResourceQuota/team"
FIRES = [alert("TasksQueued")]
ACTS = ("restart_workload", "rollback_workload", "scale_workload")
FULL = {"requests.cpu": "15", "limits.memory": "30Gi", "pods": "20"}


def quota(used: dict[str, str] | None = None, written: float | None = None) -> Obj:
    """Return a quota with room for nothing more, or as much used as given."""
    hard = {"requests.cpu": "16", "limits.memory": "32Gi", "pods": "20"}
    status = {"hard": hard, "used": FULL if used is None else used}
    return thing("ResourceQuota", "team", written=written, spec={"hard": hard}, status=status)


def refused(line: str, since: float = 1800, times: int = 9) -> list[Log]:
    return logs("scheduler", line, times=times, since=since)


def world(line: str, *beside: Any, of: dict[str, Any] | None = None, **more: Any) -> Snapshot:
    """Return a program that makes pods and tells what the cluster answers, beside whoever uses what they make."""
    told: dict[str, Any] = {"logs": refused(line), "alerts": FIRES, **more}
    return snapshot(workload("scheduler", **(of or {})), workload("api"), *(beside or [quota()]), **told)


LOWERED = (QUOTA, "configuration_error", "page_human")
USED_UP = (QUOTA, "resource_exhaustion", "page_human")
UNKNOWN = ("unknown", "page_human")
MAKER = "Deployment/scheduler"
WORKFLOW = event("Workflow/nightly", "WorkflowNodeError", f"Error node nightly: {STEP}", count=40)
WORKFLOW["firstTimestamp"] = at(1800)

HOLDS = [
    *(
        Holds(what, world(line), USED_UP, excludes=no(*ACTS, at=MAKER), harmful=ACTS, alone=True)
        for what, line in (
            ("a scheduler of tasks", AIRFLOW),
            ("a runner of builds", RUNNER),
            ("a hub of notebooks, in JSON", HUB),
        )
    ),
    Holds(
        "somebody wrote the quota hours before the batch", world(AIRFLOW, quota(written=7200)), LOWERED, harmful=ACTS
    ),
    Holds(
        "somebody wrote the quota, and nobody has an alert of it",
        world(AIRFLOW, quota(written=7200), alerts=[]),
        LOWERED,
    ),
    Holds("nobody may read quotas", world(RUNNER, thing("LimitRange", "defaults")), USED_UP, harmful=ACTS),
    Holds("the cluster tells it of a workflow, no log does", world("", WORKFLOW, logs=[]), USED_UP),
    Holds(
        "the program was released of late: what it asks for may have grown, and nobody can say so",
        world(AIRFLOW, of={"before": IMAGE, "released": 3600}),
        USED_UP,
        spares=no("rollback_workload", at=MAKER),
        harmful=ACTS,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("there is room again", world(AIRFLOW, quota({"requests.cpu": "4"}), alerts=[]), UNKNOWN),
    DoesNotHold("it lets them through one after another: nobody misses any", world(AIRFLOW, alerts=[]), UNKNOWN),
    DoesNotHold(
        "it was written weeks ago, and nobody misses any", world(AIRFLOW, quota(written=9 * DAY), alerts=[]), UNKNOWN
    ),
    DoesNotHold("it was so for a minute", world(AIRFLOW, logs=refused(AIRFLOW, since=60)), UNKNOWN),
    DoesNotHold("it was told once", world(AIRFLOW, logs=refused(AIRFLOW, times=1)), UNKNOWN),
    DoesNotHold(
        "the pod lacks what the quota wants to be told",
        world('pods "train-7f2k" is forbidden: failed quota: team: must specify limits.cpu for: base'),
        UNKNOWN,
    ),
]
