"""Runs of a CronJob that are ended at their deadline: those that nearly took as long before, and all others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.runs import TEMPLATE, cron_job
from tests.diagnosis.rules.scenes import SHOP, WELL, alert, shop
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, at, postgres, secret_key, snapshot, thing
from tuheg_ir.diagnosis.model import Alert, Snapshot

REPORT = "CronJob/report"
MINUTE = 60.0
FAILED = {"reason": "DeadlineExceeded", "message": "Job was active longer than specified deadline"}
TRIED = {"reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"}


def run(began: float, took: float | None, *, why: Any = None, deadline: float = 3600, failed: int = 1) -> Obj:
    """Return a run that began so long ago and took so long (None: it goes on); ``why`` it failed, if it did."""
    made = thing(
        "Job", f"report-{began:.0f}", age=began, spec={"template": TEMPLATE, "activeDeadlineSeconds": deadline}
    )
    made["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": "report", "controller": True}]
    if took is None:
        return made | {"status": {"startTime": at(began), "active": 1}}
    over = {"type": "Failed" if why else "Complete", "status": "True", "lastTransitionTime": at(began - took)}
    told: dict[str, Any] = {"failed": failed} if why else {"succeeded": 1, "completionTime": at(began - took)}
    return made | {"status": {"startTime": at(began), "conditions": [{**over, **(why or {})}], **told}}


def nights(*took: float, failed: int = 1, ago: float = 70 * MINUTE, **more: Any) -> list[Obj]:
    """Return a CronJob whose runs were well but for the last ones, which were ended; ``ago``: when the last began."""
    count = len(took) + failed
    began = [ago + (count - 1 - n) * DAY for n in range(count)]
    well = [run(age, spent) for age, spent in zip(began, took, strict=False)]
    ended = [run(age, more.get("deadline", 3600), why=FAILED, **more) for age in began[len(took) :]]
    done = began[len(took) - 1] - took[-1] if took else 9 * DAY
    return [cron_job(well=done), *well, *ended]


def world(*objects: Any, alerts: tuple[Alert, ...] = ()) -> Snapshot:
    return snapshot(shop(), *objects, figures=[WELL], alerts=alerts)


def old_data(age: float) -> Alert:
    """Return an alert at who reads what the runs write, of so long ago."""
    return alert("DataTooOld", deployment="shop")._replace(starts_at=NOW - timedelta(minutes=age))


def reader_and_runs() -> list[Obj]:
    """Return runs that failed, the last one hours ago, and a program that reads the store which they write to."""
    made = nights(47 * MINUTE, 52 * MINUTE, 57 * MINUTE, failed=2, ago=8 * 3600)
    env = {"name": "PASSWORD", "valueFrom": secret_key("postgres")}
    for each in made:
        template = each["spec"].get("jobTemplate", {}).get("spec", each["spec"])["template"]
        own = {**template["spec"]["containers"][0], "env": [env]}
        template |= {"spec": {"containers": [own]}}
    return made


GREW = (47 * MINUTE, 52 * MINUTE, 57 * MINUTE)
MISSED = (alert("ReportMissing", cronjob="report"),)
ASKS: tuple[str, str, str] = (REPORT, "configuration_error", "page_human")
HOLDS = [
    Holds(
        "the runs before took ever longer, up to just below it",
        world(nights(*GREW)),
        ASKS,
        excludes=no("restart_workload", at=REPORT),
        alone=True,
        sure=(0.4, 0.5),
        began=10 * MINUTE,
    ),
    Holds("two in a row", world(nights(*GREW, failed=2)), ASKS, began=10 * MINUTE + DAY),
    Holds("one good run is known", world(nights(50 * MINUTE)), ASKS),
    Holds("one that is run by hand goes on", world(nights(*GREW), run(5 * MINUTE, None)), ASKS),
    Holds("somebody allows less than the runs take", world(nights(*GREW, deadline=1800)), ASKS),
    Holds(
        "hours ago: an alert began with it, at who reads what it writes",
        snapshot(
            shop(env={"PASSWORD": secret_key("postgres")}),
            postgres(),
            reader_and_runs(),
            figures=[WELL],
            alerts=[old_data(7 * 60 - 1)],
        ),
        ASKS,
        alone=True,
    ),
    Holds(
        "hours ago: an alert is about the runs",
        world(nights(*GREW, ago=9 * 3600), alerts=MISSED),
        ASKS,
        sure=(0.6, 0.85),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, found, instead)
    for what, found, instead in (
        (
            "the runs before were done long before it: this one hung",
            world(nights(4 * MINUTE, 5 * MINUTE, 4 * MINUTE), alerts=MISSED),
            (REPORT, "service_crash", "page_human"),
        ),
        ("no good run is known", world(nights(), alerts=MISSED), (REPORT, "service_crash", "page_human")),
        (
            "it was tried again and again until then",
            world(nights(*GREW), run(70 * MINUTE - 1, 3600, why=FAILED, failed=5), alerts=MISSED),
            (REPORT, "service_crash", "page_human"),
        ),
        (
            "it failed by itself",
            world(nights(*GREW, failed=0), run(70 * MINUTE, 3540, why=TRIED), alerts=MISSED),
            (REPORT, "service_crash", "page_human"),
        ),
        ("a later run was well", world(nights(*GREW)[1:], run(9 * MINUTE, 8 * MINUTE), cron_job(well=60)), HEALTHY),
        ("hours ago, and nobody misses it", world(nights(*GREW, ago=9 * 3600)), (SHOP, *HEALTHY)),
        (
            "somebody was called for another thing before",
            world(nights(*GREW, ago=9 * 3600), alerts=(old_data(9 * 60),)),
            (),
        ),
    )
]
