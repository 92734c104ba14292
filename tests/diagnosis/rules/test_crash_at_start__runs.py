"""A release that ends at start, nobody read what it says, and a run that reads the same settings fails as well."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

from tests.diagnosis.rules.cases import Holds
from tests.diagnosis.rules.pods import HOUR, looping, rollout
from tests.diagnosis.rules.runs import TEMPLATE, cron_job, run
from tests.diagnosis.rules.scenes import IMAGE, SHOP
from tests.diagnosis.rules.tiny import DAY, Obj, log, pod, snapshot, thing
from tuheg_ir.diagnosis.model import Snapshot

BACK = (SHOP, "code_defect", "rollback_workload")


def reading(secret: str) -> list[Obj]:
    """Return a CronJob that reads a Secret, and a run of it that failed half an hour ago."""
    job = deepcopy(cron_job(well=3 * DAY))
    template = job["spec"]["jobTemplate"]["spec"]["template"]
    template["spec"]["volumes"] = [{"name": "s", "secret": {"secretName": secret}}]
    return [job, run(failed=HOUR / 2)]


def world(*more: Obj, written: float = 2 * DAY, told: str = "") -> Snapshot:
    """Return a release that ends at start and reads a Secret which was written so long ago."""
    volume = {"name": "s", "secret": {"secretName": "db"}}
    return snapshot(
        rollout("shop", looping(), before=IMAGE, spec={"volumes": [volume]}),
        thing("Secret", "db", written=written, age=90 * DAY, data={"password": "cA=="}),
        *more,
        logs=[log(pod("shop", 2), told, previous=True)] if told else [],
    )


DRIVER = 'Caused by: org.postgresql.util.PSQLException: FATAL: password authentication failed for user "shop"'
OTHER = 'server at "db" (10.0.0.9), port 5432 failed: FATAL:  password authentication failed for user "shop"'


def unseen(secret: str, *said: str, told: str = DRIVER) -> Snapshot:
    """Return the same to one who may read no Secret: a release that ends, refused, and a run that failed."""
    ended = thing("Pod", "report-1-x7", age=HOUR, spec=TEMPLATE["spec"], status={"phase": "Failed"})
    ended["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "report-1", "controller": True}]
    made = world(*reading(secret), ended, told=told)
    objects = {kind: held for kind, held in made.objects.items() if kind != "Secret"}
    return replace(made, objects=objects, logs=(*made.logs, log("report-1-x7", *said)))


HOLDS = [
    Holds(
        "a run that nobody released is refused too, in other words, and reads the Secret that nobody may see",
        unseen("db", OTHER),
        (SHOP, "dependency_failure", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "a run that nobody released fails since the Secret was written which both read",
        world(*reading("db")),
        (SHOP, "dependency_failure", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    *(
        Holds(what, each, BACK)
        for what, each in (
            ("no run reads it", world()),
            ("the run that is refused reads another Secret", unseen("mail", OTHER)),
            ("the run that reads it fails otherwise", unseen("db", "KeyError: 'page'")),
            ("the run that fails reads another one", world(*reading("mail"))),
            ("its log tells that it ends by itself", world(*reading("db"), told="panic: out of coffee")),
        )
    ),
]
