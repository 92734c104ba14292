"""Jobs whose pods have ended, of a CronJob or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.casemaker.pods import P, pod, suffix, terminated
from tests.diagnosis.casemaker.workloads import Workload, reference
from tests.diagnosis.casemaker.world import World, days

Obj = dict[str, Any]


def failed_tries(age: float, *, count: int, lasts: float) -> list[P]:
    """Return the pods of a Job that fail one after the other, each after ``lasts`` seconds.

    The controller waits 10 s after the first failure and twice as long after each further one.
    """
    made = []
    for number in range(count):
        ended = age - 3 - lasts
        state = terminated(1, "Error", started=age - 3, finished=ended)
        made.append(P(age=age, phase="Failed", state=state, ready=False, unready=ended))
        age = ended - 10 * 2**number
    return made


def job(
    w: World,
    name: str,
    spec: Obj,
    *,
    age: float,
    pods: Sequence[P],
    failed: str = "",
    cron: str = "",
    schedule: str = "*/30 * * * *",
) -> Workload:
    """Return a Job (of a CronJob, if named), failed with a reason or completed; its pods have all ended."""
    spec = spec | {"restartPolicy": "Never"}
    meta = w.meta("Job", name, age)
    selector = {"batch.kubernetes.io/controller-uid": meta["uid"]}
    labels = selector | {"batch.kubernetes.io/job-name": name, "controller-uid": meta["uid"], "job-name": name}
    meta["labels"] = labels
    if cron:
        meta["ownerReferences"] = [reference(_cron_job(w, cron, spec, schedule, age))]
    top = w.add(
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": meta,
            "spec": {
                "backoffLimit": 3,
                "completions": 1,
                "parallelism": 1,
                "selector": {"matchLabels": selector},
                "template": {"metadata": {"labels": labels}, "spec": spec},
            },
            "status": _job_status(w, age, pods, failed),
        }
    )
    made = Workload("Job", name, labels, top)
    for index, each in enumerate(pods):
        old = age if each.age is None else each.age
        made.pods.append(pod(w, f"{name}-{suffix(name, index)}", spec, labels, reference(top), each, old, index))
    return made


def _cron_job(w: World, name: str, spec: Obj, schedule: str, age: float) -> Obj:
    """Return the CronJob that made a Job this long ago, and was well the day before."""
    return w.add(
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": w.meta("CronJob", name, days(150)),
            "spec": {
                "schedule": schedule,
                "concurrencyPolicy": "Forbid",
                "suspend": False,
                "successfulJobsHistoryLimit": 0,
                "failedJobsHistoryLimit": 1,
                "jobTemplate": {"spec": {"backoffLimit": 3, "template": {"spec": spec}}},
            },
            "status": {"lastScheduleTime": w.at(age), "lastSuccessfulTime": w.at(age + days(1) - 45)},
        }
    )


def _job_status(w: World, age: float, pods: Sequence[P], failed: str) -> Obj:
    ended = min(each.state[1]["finishedAt"] for each in pods if each.state)
    kinds, reason = ("SuccessCriteriaMet", "Complete"), "CompletionsReached"
    message = "Reached expected number of succeeded pods"
    if failed:
        kinds, reason = ("FailureTarget", "Failed"), failed
        message = "Job has reached the specified backoff limit"
    when = w.at(ended - 1)
    conditions = [
        {
            "type": kind,
            "status": "True",
            "reason": reason,
            "message": message,
            "lastProbeTime": when,
            "lastTransitionTime": when,
        }
        for kind in kinds
    ]
    counts: Obj = {"failed": len(pods)} if failed else {"succeeded": len(pods), "completionTime": when}
    return {"startTime": w.at(age), "conditions": conditions, "ready": 0, "terminating": 0} | counts


def busy(w: World, name: str, spec: Obj, *, ages: Sequence[float], schedule: str) -> Workload:
    """Return a CronJob whose Jobs started these seconds ago and all still run, each with its pod."""
    spec = spec | {"restartPolicy": "Never"}
    top = w.add(
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": w.meta("CronJob", name, days(150)),
            "spec": {
                "schedule": schedule,
                "concurrencyPolicy": "Allow",
                "suspend": False,
                "jobTemplate": {"spec": {"backoffLimit": 3, "template": {"spec": spec}}},
            },
            "status": {"lastScheduleTime": w.at(min(ages)), "lastSuccessfulTime": w.at(max(ages) + 240)},
        }
    )
    made = Workload("CronJob", name, {}, top)
    for index, age in enumerate(ages):
        number = f"{name}-{29700000 + int(w.time(age).timestamp()) // 60 % 90000}"
        meta = w.meta("Job", number, age, ownerReferences=[reference(top)])
        selector = {"batch.kubernetes.io/controller-uid": meta["uid"]}
        labels = selector | {"batch.kubernetes.io/job-name": number, "job-name": number}
        meta["labels"] = labels
        task = w.add(
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "metadata": meta,
                "spec": {
                    "backoffLimit": 3,
                    "selector": {"matchLabels": selector},
                    "template": {"metadata": {"labels": labels}, "spec": spec},
                },
                "status": {"startTime": w.at(age), "active": 1, "ready": 1},
            }
        )
        one = pod(w, f"{number}-{suffix(number, index)}", spec, labels, reference(task), P(), age, index)
        made.pods.append(one)
    return made
