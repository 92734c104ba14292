"""Jobs and CronJobs: runs that failed, and what asks for them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tests.diagnosis.rules.tiny import DAY, Obj, at, container, thing

TEMPLATE = {"spec": {"containers": [container("report", "report:1")]}}


def cron_job(*, suspend: bool = False, well: float = DAY, written: float = 20 * DAY) -> Obj:
    """Return a CronJob whose last good run ended so long ago."""
    spec = {"schedule": "0 3 * * *", "suspend": suspend, "jobTemplate": {"spec": {"template": TEMPLATE}}}
    status = {"lastScheduleTime": at(min(well, 3600)), "lastSuccessfulTime": at(well)}
    return thing("CronJob", "report", written=written, spec=spec, status=status)


def run(*, failed: float | None, of: str = "report") -> Obj:
    """Return a run of the CronJob (or of nothing, for ""), that failed so long ago, or was well."""
    condition: dict[str, Any] = {"type": "Complete", "status": "True", "lastTransitionTime": at(600)}
    if failed is not None:
        told = {"reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"}
        condition = {"type": "Failed", "status": "True", "lastTransitionTime": at(failed), **told}
    made = thing("Job", "report-1", age=(failed or 600) + 60, spec={"template": TEMPLATE})
    if of:
        made["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": of, "controller": True}]
    return made | {"status": {"conditions": [condition], "failed": 0 if failed is None else 7}}


def ran(*ages: float, failed: Collection[int] = ()) -> list[Obj]:
    """Return a CronJob with runs that were made so long ago, each with its pod; ``failed``: which of them were so."""
    made: list[Obj] = [cron_job(well=60)]
    for number, age in enumerate(ages):
        job, name = run(failed=age - 30 if number in failed else None), f"report-{number}"
        job["metadata"] |= {"name": name, "creationTimestamp": at(age)}
        ends = "Failed" if number in failed else "Succeeded"
        owner = [{"kind": "Job", "name": name, "controller": True}]
        pod = thing("Pod", f"{name}-pod0", age=age, spec=TEMPLATE["spec"], status={"phase": ends})
        pod["metadata"]["ownerReferences"] = owner
        made += [job, pod]
    return made
