"""A CronJob that is not suspended and of which no run is begun: its controller gave up on it, and it is missed."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.rooms import BACKS_UP, PURGES, log_full, schedule, volume_full
from tests.diagnosis.rules.scenes import SHOP, WELL, alert, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, event, snapshot, thing
from tuheg_ir.diagnosis.model import Snapshot

SYNC = "CronJob/sync"
FOUND = (SYNC, "configuration_error", "page_human")
GIVEN_UP = "Cannot determine if job needs to be started: too many missed start time (> 100)."
"""As the controller of Kubernetes before 1.21 says it; later ones say `too many missed start times`, and go on."""
MISSED = [alert("PriceListOld", cronjob="sync")]
HARMFUL = ("rollback_workload", "restart_workload", "scale_workload", "no_action")


def sync(ran: float = 2 * DAY, each: str = "*/5 * * * *", **more: Any) -> list[Obj]:
    return schedule("sync", "/app/sync", **{"each": each, "ran": ran, "suspend": False, **more})


def gave_up(reason: str = "FailedNeedsStart", age: float = 60) -> Obj:
    return event(SYNC, reason, GIVEN_UP, age=age, count=900)


def resumed(ago: float) -> Obj:
    """Return the same after somebody resumed it so long ago."""
    made = sync()[0]
    wrote: Obj = {"f:spec": {"f:suspend": {}}}
    entry = {"manager": "kubectl-patch", "operation": "Update", "time": at(ago), "fieldsV1": wrote}
    return made | {"metadata": made["metadata"] | {"managedFields": [entry]}}


def active(made: list[Obj]) -> Obj:
    return made[0] | {"status": made[0]["status"] | {"active": [{"kind": "Job", "name": "sync-1"}]}}


def beside(*objects: Any, alerts: Any = ()) -> Snapshot:
    return snapshot(shop(), *objects, figures=[WELL], alerts=alerts)


def put_off(each: str = "30 2 1 1 *", wrote: float = 8 * DAY, runs: tuple[float, ...] = (9, 10, 11)) -> list[Obj]:
    """Return a purge that ran each night, so many days ago, until somebody wrote when it runs."""
    made = schedule("purge", *PURGES, each=each, ran=min(runs) * DAY, suspend=False)
    wrote_: Obj = {"f:spec": {"f:schedule": {}}}
    made[0]["metadata"]["managedFields"] = [
        {"manager": "kubectl-edit", "operation": "Update", "time": at(wrote), "fieldsV1": wrote_}
    ]
    for days in runs:
        run = thing("Job", f"purge-{days}", age=days * DAY, status={"succeeded": 1})
        run["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": "purge", "controller": True}]
        made.append(run)
    return made


OTHER = schedule("other", "/app/other", each="*/10 * * * *", ran=300, suspend=False)
HOLDS = [
    Holds("its controller gave up on one that never ran", beside(sync(ran=0), gave_up()), FOUND, alone=True),
    Holds("its controller gave up, and nobody tells that it is missed", beside(sync(), gave_up()), FOUND, alone=True),
    Holds(
        "its controller gave up, somebody resumed it hours ago, and an alert misses it",
        beside(resumed(6 * 3600), gave_up(), OTHER, alerts=MISSED),
        FOUND,
        alone=True,
        harmful=HARMFUL,
        sure=(0.7, 0.95),
        began=6 * 3600 - 300,
    ),
    Holds(
        "an alert is about another service, which is well itself",
        beside(sync(), gave_up(), alerts=[alert("Refusals", deployment="shop")]),
        FOUND,
        harmful=HARMFUL,
    ),
    Holds("the word of it is gone, and an alert misses it", beside(sync(), alerts=MISSED), FOUND, harmful=HARMFUL),
    Holds(
        "a database's log of changes is full, as it is backed up no more",
        log_full(schedule("mssql-log-backup", *BACKS_UP, suspend=False)),
        ("CronJob/mssql-log-backup", "configuration_error", "page_human"),
        excludes=no("rollback_workload", "restart_workload", "scale_workload", at=SHOP),
        harmful=HARMFUL,
        alone=True,
    ),
    Holds(
        "a volume is full, as nobody takes away what is old",
        volume_full(schedule("purge", *PURGES, each="30 2 * * *", ran=9 * DAY, suspend=False)),
        ("CronJob/purge", "configuration_error", "page_human"),
        harmful=HARMFUL,
        alone=True,
    ),
]
HOLDS += [
    Holds(
        f"a volume is full, as somebody wrote that what is old is taken away {what}",
        volume_full(put_off(each)),
        ("CronJob/purge", "configuration_error", "page_human"),
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
        harmful=HARMFUL,
        alone=True,
    )
    for what, each in (("once a year", "30 2 1 1 *"), ("on a day that never comes", "0 0 31 2 *"))
]
DB_FULL = ("StatefulSet/postgres", "resource_exhaustion", "page_human")
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a volume is full, and {what}", volume_full(runs), DB_FULL, harmful=HARMFUL)
        for what, runs in (
            ("what is old is taken away at another hour", put_off("30 4 * * *", wrote=DAY, runs=(1, 2, 3))),
            ("somebody wrote that before the last run", put_off(wrote=10 * DAY)),
            ("nobody knows how often it ran before", put_off(runs=(9,))),
            ("it always ran once a year", put_off(runs=(300, 665))),
        )
    ),
    DoesNotHold("runs are begun when they are due", beside(sync(ran=240)), HEALTHY),
    DoesNotHold("one run is late", beside(sync(ran=700)), HEALTHY),
    DoesNotHold("a day's run is due tonight", beside(sync(each="30 2 * * *", ran=DAY)), HEALTHY),
    DoesNotHold("it runs on working days only", beside(sync(each="*/15 6-18 * * 1-5", ran=3 * DAY)), HEALTHY),
    DoesNotHold("it rests for the night", beside(sync(each="0 8-18/2 * * *", ran=12 * 3600), OTHER), HEALTHY),
    DoesNotHold("nobody says so, and nobody misses it", beside(sync(each="0 * * * *", ran=7 * 3600), OTHER), HEALTHY),
    DoesNotHold("it is suspended", beside(sync(suspend=True), OTHER), HEALTHY),
    DoesNotHold("it was resumed just now", beside(resumed(400), OTHER), HEALTHY),
    DoesNotHold("a run of it goes on, for which the others wait", beside(active(sync()), OTHER), HEALTHY),
    DoesNotHold(
        "its controller missed many, and begins them all the same",
        beside(sync(ran=240), gave_up("TooManyMissedTimes")),
    ),
    DoesNotHold("no schedule at all goes on", beside(sync(), schedule("other", "x", suspend=False)), HEALTHY),
    DoesNotHold(
        "a quota keeps its runs out",
        beside(
            sync(),
            event(SYNC, "FailedCreate", "Error creating job: jobs.batch is forbidden: exceeded quota: jobs"),
            thing("ResourceQuota", "jobs", spec={"hard": {"count/jobs.batch": "4"}}),
        ),
    ),
    DoesNotHold("nobody knows when it ran", beside(sync(ran=0), OTHER), HEALTHY),
    DoesNotHold("nobody knows when it is due", beside(sync(each="@reboot")), HEALTHY),
]
