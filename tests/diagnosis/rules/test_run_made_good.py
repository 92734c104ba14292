"""An alert tells of a run that failed, and whether the next one did its work can be seen, or cannot."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import Answers
from tests.diagnosis.rules.scenes import WELL, alert, shop
from tests.diagnosis.rules.tiny import NOW, Obj, at, container, snapshot, thing
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

HOUR = 3600.0
CUT: Obj = {"reason": "TerminationByKubelet", "message": "Pod was terminated in response to imminent node shutdown."}
FULL: Obj = {"reason": "TerminationByKubelet", "message": "The node was low on resource: memory."}
MOVED: Obj = {"reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting"}


def ran(number: int, age: float, *says: str, failed: Obj | None = None) -> tuple[list[Obj], Log]:
    """Return a run of the hourly export that began so long ago and took two minutes, and what it told."""
    label, end = f"export-{number}", at(age - 120)
    condition = {"type": "Complete" if failed is None else "Failed", "status": "True", "lastTransitionTime": end}
    status: Obj = {"startTime": at(age), "conditions": [condition]}
    status |= {"completionTime": end, "succeeded": 1} if failed is None else {"failed": 1}
    job = thing("Job", label, age=age, status=status)
    job["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": "export", "controller": True}]
    pod = thing("Pod", f"{label}-x", age=age, spec={"containers": [container("export", "export:1")]})
    pod["metadata"]["ownerReferences"] = [{"kind": "Job", "name": label, "controller": True}]
    pod["status"] = {"phase": "Succeeded" if failed is None else "Failed"}
    if failed:
        target = {"type": "DisruptionTarget", "status": "True", "lastTransitionTime": at(age - 110), **failed}
        pod["status"]["conditions"] = [target]
    return [job, pod], Log(f"{label}-x", "export", tuple(f"{at(age - 5)} INFO {line}" for line in says))


def begins(age: float) -> str:
    return f"watermark last_exported={at(age)}"


def exports(
    *,
    cut: Obj = CUT,
    first: str = begins(5 * HOUR),
    then: str = begins(5 * HOUR),
    last: str = begins(2 * HOUR),
    later: Obj | None = None,
    fires: Alert | None = None,
    **more: Any,
) -> Snapshot:
    """Return an export each hour, of which the first known run was cut off; where it and the next one began."""
    runs = [
        ran(1, 4 * HOUR, first, failed=cut),
        ran(2, 3 * HOUR, then),
        ran(3, 2 * HOUR, begins(3 * HOUR), failed=later),
        ran(4, HOUR, last),
    ]
    cron = thing("CronJob", "export", spec={"schedule": "0 * * * *"}, status={"lastSuccessfulTime": at(HOUR - 120)})
    told = fires or alert("KubeJobFailed", job_name="export-1", severity="critical")
    objects = [obj for made, _ in runs for obj in made]
    return snapshot(shop(), cron, objects, figures=[WELL], logs=[log for _, log in runs], alerts=[told], **more)


REFUSED = "ERROR SQLSTATE[HY000] [2002] Connection refused"


def checked(says: str, *, first: str = REFUSED, **more: Any) -> Snapshot:
    """Return an export each hour, the first known of which met no answer; what the last one says of gaps."""
    return exports(cut={"status": "False"}, first=first, then=begins(4 * HOUR), last=says, **more)


MADE_GOOD = [("Job/export-1", "no_fault", "no_action")]
NOT_KNOWN = [("Job/export-1", "unknown", "page_human")]
ANSWERS = [
    *(
        Answers(what, world, MADE_GOOD, also=(), tells="began where it had")
        for what, world in (
            ("its node was shut down, and the next run began where it had", exports()),
            ("it was moved away, and the next run began where it had", exports(cut=MOVED)),
            (
                "both tell the same number",
                exports(first="resuming after id 48213", then="resuming after id 48213"),
            ),
        )
    ),
    *(
        Answers(what, world, NOT_KNOWN, harmful=("no_action",))
        for what, world in (
            ("the next run began later: what the failed one had to do is missing", exports(then=begins(4 * HOUR))),
            ("nobody says where a run begins", exports(first="export", then="export")),
            ("every run tells that number", exports(first=begins(3 * HOUR), then=begins(3 * HOUR))),
            ("its node was full: it may be its own doing", exports(cut=FULL)),
            ("nothing ended it from outside", exports(cut={"status": "False"})),
            ("a later run failed as well", exports(later=CUT)),
            (
                "it tells of nothing that failed",
                exports(fires=Alert("Slow", {"job_name": "export-1"}, {}, "firing", NOW)),
            ),
        )
    ),
    *(
        Answers(what, world, MADE_GOOD, also=(), tells="found no gap over its time")
        for what, world in (
            (
                "a later run finds nothing missing since the day before",
                checked(f'gap check passed {{"from":"{at(30 * HOUR)}","until":"{at(HOUR - 30)}","missing":0}}'),
            ),
            ("a later run tells since when there are no gaps", checked(f"verified, no gaps since {at(9 * HOUR)}")),
            (
                "its database timed out, and a later run counts days without a hole",
                checked(
                    f"completeness from={at(72 * HOUR)} to={at(HOUR)} missing_days=[]",
                    first="ERROR dial tcp 10.0.0.4:5432: i/o timeout",
                ),
            ),
        )
    ),
    *(
        Answers(what, world, NOT_KNOWN, harmful=("no_action",))
        for what, world in (
            ("a later run finds some missing", checked(f"gap check from={at(30 * HOUR)} missing=3")),
            ("one kind is whole, of another some is missing", checked(f"since {at(30 * HOUR)}: missing=0 gaps=2")),
            ("the check begins after it", checked(f"gap check from={at(3 * HOUR)} missing=0")),
            ("the check begins within the hour that it was to do", checked(f"no gaps since {at(4.5 * HOUR)}")),
            ("the check ends before it", checked(f"no gaps between {at(30 * HOUR)} and {at(9 * HOUR)}")),
            ("the check names no time", checked("gap check passed, missing=0")),
            ("the later run complains of something else", checked(f"ERROR upload; no gaps since {at(30 * HOUR)}")),
            (
                "it ended by its own fault, and may again",
                checked(f"no gaps since {at(30 * HOUR)}", first="ERROR division by zero in totals()"),
            ),
            ("a run after it failed too", checked(f"no gaps since {at(30 * HOUR)}", later={"status": "False"})),
            ("the day without a zone may begin after it", checked(f"no gaps since {at(12 * HOUR)[:10]}")),
        )
    ),
]
