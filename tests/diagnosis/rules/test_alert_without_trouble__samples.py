"""An alert of malware that was found, where all that was found is the harmless file by which scanners are proved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds
from tests.diagnosis.rules.scenes import WELL, alert, errors, shop
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, at, container, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

INBOX = "Deployment/inbox"
BEGAN, TAKES = 900.0, 120.0
CLAMAV = "instream(10.1.2.3@4711): Win.Test.EICAR_HDB-1(44d88612fea8a8f36de82e1278abb02f:68) FOUND"
OF_OLD = "/scan/17.tmp: Eicar-Test-Signature FOUND"
BY_CLIENT = 'WARN attachment refused, infected: "Eicar-Signature"'
DEFENDER = "threat detected: Virus:DOS/EICAR_Test_File"
BY_SUM = "WARN infected file refused sha256=275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
TROJAN = "instream(10.1.2.3@4711): Win.Trojan.Agent-36(0f1e2d3c:48121) FOUND"
NAMED_SO = 'WARN attachment refused, infected: "Win.Trojan.Agent-36" name="eicar_test.doc"'
LOADED = "SelfCheck: Virus database status OK"
NOTHING = "scanned 40 attachments, 0 infected"
SENT = "sent the EICAR test file 9 times, refused 9 times"


def fires(name: str = "InfectedAttachments", said: str = "more than 5 within 5 minutes", ago: float = 720) -> Alert:
    told = alert(name, service="inbox", severity="critical")
    return told._replace(annotations={"summary": said}, starts_at=NOW - timedelta(seconds=ago))


def proof(says: str, *, began: float, age: float, schedule: str, status: Obj | None) -> tuple[list[Obj], Log]:
    """Return a run that sends the test file, its schedule, and what it told."""
    end = at(began - TAKES)
    ended = {"type": "Complete", "status": "True", "lastTransitionTime": end}
    status = status or {"succeeded": 1, "completionTime": end, "conditions": [ended]}
    job = thing("Job", "proof-1", age=began, status={"startTime": at(began), **status})
    if schedule:
        job["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": schedule, "controller": True}]
    ran = thing("Pod", "proof-1-x", age=began, spec={"containers": [container("proof", "proof:1")]})
    ran["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "proof-1", "controller": True}]
    ran["status"] = {"phase": "Succeeded"}
    cron = [thing("CronJob", schedule, age=age, spec={"schedule": "0 9 1 * *"}, status={})] if schedule else []
    return [*cron, job, ran], Log("proof-1-x", "proof", (f"{end} {says}",))


def found(
    line: str = CLAMAV,
    *more: tuple[float, str],
    after: Sequence[float] = tuple(range(10, 110, 10)),
    began: float = BEGAN,
    told: Alert | None = None,
    says: str = SENT,
    age: float = 90 * DAY,
    schedule: str = "proof",
    status: Obj | None = None,
    figures: Any = (WELL,),
) -> Snapshot:
    """Return an inbox, and a run that sends the test file, so many seconds ``after`` whose beginning there were finds.

    ``more``: ages and lines of what else it told.
    """
    objects, sent = proof(says, began=began, age=age, schedule=schedule, status=status)
    lines = [(began - each, line) for each in after] + [(each, "INFO attachment kept") for each in range(3000, 20, -60)]
    ordered = sorted((*lines, *more), key=lambda each: -each[0])
    inbox = Log(pod("inbox"), "inbox", tuple(f"{at(each)} {text}" for each, text in ordered))
    world = [shop(), workload("inbox", pods=1), objects]
    return snapshot(*world, logs=[inbox, sent], figures=figures, alerts=[told or fires()])


HARM = ("isolate_workload", "restart_workload", "rollback_workload")
HOLDS = [
    Holds(f"a run of ours sent the test file: {what}", world, (INBOX, *HEALTHY), alone=True, harmful=HARM)
    for what, world in (
        ("a scanner tells of it", found()),
        ("by its former name", found(OF_OLD)),
        ("who asks the scanner tells of it", found(BY_CLIENT)),
        ("so often that it is new", found(BY_CLIENT, after=tuple(range(5, 110, 4)))),
        ("another scanner", found(DEFENDER)),
        ("by its sum", found(BY_SUM)),
        ("it tells of itself since", found(CLAMAV, (300, LOADED), (200, NOTHING))),
        ("another file was found hours before", found(CLAMAV, (2900, TROJAN))),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world, harmful=("no_action",))
    for what, world in (
        ("another file was found since", found(CLAMAV, (300, TROJAN))),
        ("another file was found amid it", found(CLAMAV, (850, TROJAN))),
        ("another file was found just before", found(CLAMAV, (1200, TROJAN))),
        ("it is another file of that name", found(NAMED_SO)),
        ("it is another file", found(TROJAN)),
        ("it came again when the run was over", found(CLAMAV, (400, CLAMAV))),
        ("it came before the run", found(CLAMAV, (1100, CLAMAV))),
        ("the inbox told of it but once", found(after=(50,))),
        ("no run tells of it", found(says="nothing to do")),
        ("the run is of no schedule", found(schedule="")),
        ("the schedule is of today", found(age=DAY / 2)),
        ("the run failed: some were let through", found(status={"failed": 1})),
        ("the alert began before the run", found(told=fires(ago=1000))),
        ("the alert began long after it", found(told=fires(ago=0), began=2400)),
        ("the alert is that it was executed", found(told=fires("MalwareExecuted"))),
        ("the alert is of something else", found(told=fires("InboxSlow"))),
        ("requests fail", found(figures=[errors("inbox")])),
    )
]
