"""Each try of a run is killed at its memory limit: a person gives it more, or smaller pieces."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import ended
from tests.diagnosis.rules.runs import TEMPLATE, cron_job, run
from tests.diagnosis.rules.scenes import WELL, alert, shop
from tests.diagnosis.rules.tiny import Obj, at, container, snapshot, thing
from tuheg_ir.diagnosis.model import Snapshot

REPORT = "CronJob/report"
MISSED = [alert("ReportFailed", cronjob="report")]
LIMITED = {"spec": {"containers": [container("report", "report:1", resources={"limits": {"memory": "1Gi"}})]}}


def tried(number: int, reason: str = "OOMKilled", code: int = 137) -> Obj:
    """Return a pod of the run that ended so."""
    made = thing("Pod", f"report-1-x{number}", age=900 - number * 60, spec=TEMPLATE["spec"])
    made["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "report-1", "controller": True}]
    state = ended(reason, code, age=600)
    held = {"name": "report", "ready": False, "restartCount": 0, "state": state}
    return made | {"status": {"phase": "Failed", "startTime": at(900), "containerStatuses": [held]}}


def failed(*tries: Obj, limited: bool = True, alerts: bool = True, of: str = "report") -> Snapshot:
    """Return a CronJob, its failed run and the tries of that."""
    jobs = [cron_job()] if of else []
    one = run(failed=600, of=of)
    for each in jobs:
        each["spec"]["jobTemplate"]["spec"]["template"] = LIMITED if limited else TEMPLATE
    one["spec"]["template"] = LIMITED if limited else TEMPLATE
    told = MISSED if of else [alert("JobFailed", job_name="report-1")]
    return snapshot(shop(), jobs, one, tries, figures=[WELL], alerts=told if alerts else [])


KILLED = (REPORT, "resource_exhaustion", "page_human")

HOLDS = [
    Holds("all tries were killed", failed(tried(0), tried(1), tried(2)), KILLED, sure=(0.8, 0.95)),
    Holds("its one try was killed", failed(tried(0)), KILLED),
    Holds(
        "a Job of no CronJob", failed(tried(0), tried(1), of=""), ("Job/report-1", "resource_exhaustion", "page_human")
    ),
    Holds("nobody misses it", failed(tried(0), alerts=False), KILLED, sure=(0.0, 0.45)),
]
FAILS = (REPORT, "service_crash", "page_human")
DOES_NOT_HOLD = [
    DoesNotHold("one try failed by itself", failed(tried(0), tried(1, "Error", 1)), FAILS),
    DoesNotHold("the program ended by itself", failed(tried(0, "Error", 1)), FAILS),
    DoesNotHold("it has no limit: the node ran short", failed(tried(0), limited=False), FAILS),
    DoesNotHold("no pod is left that tells", failed(), FAILS),
]
