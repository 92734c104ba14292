"""File systems that a run froze for a snapshot and left so, and runs that failed in another way."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.runs import cron_job, run
from tests.diagnosis.rules.scenes import DB, SHOP, URL, alert, shop
from tests.diagnosis.rules.tiny import Obj, container, postgres, snapshot, thing, timed
from tuheg_ir.diagnosis.model import Log, Snapshot

SCRIPT = "kubectl exec postgres-0 -- fsfreeze -f /data; snapshot; kubectl exec postgres-0 -- fsfreeze -u /data"
FROZE, THAWED = "INFO freezing /data of postgres-0", "INFO thawed"
GAVE_UP = "error: timed out waiting for the condition"
POD = "report-1-x"


def backup(script: str = SCRIPT, *, failed: float | None = 1440, in_file: bool = False) -> list[Obj]:
    """Return a CronJob with a script and a run of it, that failed so long ago, with its pod."""
    command = ["sh", "/scripts/run.sh"] if in_file else ["sh", "-c", script]
    template: Obj = {"spec": {"containers": [container("report", "kubectl:1", command=command)]}}
    template["spec"]["volumes"] = [{"name": "scripts", "configMap": {"name": "scripts"}}]
    job, made = run(failed=failed), cron_job(well=6 * 3600 if failed else 1440)
    made["spec"]["jobTemplate"]["spec"]["template"] = template
    ended = thing("Pod", POD, age=1500, spec=template["spec"], status={"phase": "Failed" if failed else "Succeeded"})
    ended["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "report-1", "controller": True}]
    return [made, job, ended, thing("ConfigMap", "scripts", data={"run.sh": script if in_file else ""})]


def told(*more: tuple[float, str], froze: str = FROZE) -> Log:
    """Return what a run's pod tells."""
    return timed(POD, (1499, froze), *more, of="report")


def world(*of: Obj, kept: Log | None = None, alerts: bool = True, beside: Any = ()) -> Snapshot:
    """Return a shop with its database, a run that was to take a snapshot of that, and an alert."""
    fires = [alert("OrdersHang", service="shop")] if alerts else []
    objects = of or backup()
    return snapshot(shop(env=URL), postgres(), beside, objects, logs=[kept or told((1440, GAVE_UP))], alerts=fires)


ASK = (DB, "configuration_error", "page_human")
ACTS = ("restart_workload", "rollback_workload", "scale_workload")
HOLDS = [
    Holds(
        "it gave up between the two",
        world(),
        ASK,
        excludes=(*no(*ACTS, at=DB), *no(*ACTS, at=SHOP)),
        harmful=ACTS,
        alone=True,
        began=1499,
    ),
    Holds("its script is a file of a ConfigMap", world(*backup(in_file=True)), ASK),
    Holds("its log alone names the tool", world(*backup("./run"), kept=told(froze="fsfreeze -f on postgres-0")), ASK),
    Holds("it names the data service in its script alone", world(kept=told(froze="freeze")), ASK),
    Holds("it thawed what it froze before", world(kept=timed(POD, (1499, FROZE), (1490, THAWED), (1480, FROZE))), ASK),
]
DOES_NOT_HOLD = [
    DoesNotHold("it thawed it, and failed after that", world(kept=told((1470, THAWED), (1440, GAVE_UP))), harmful=ACTS),
    DoesNotHold("it thaws it in other words", world(kept=told((1470, "+ fsfreeze -u /data"))), harmful=ACTS),
    DoesNotHold("it was well, and tells less", world(*backup(failed=None)), harmful=ACTS),
    DoesNotHold("it failed before it froze anything", world(kept=told(froze="INFO begins")), harmful=ACTS),
    DoesNotHold("it freezes something else", world(*backup("report --freeze-accounts on postgres-0")), harmful=ACTS),
    DoesNotHold(
        "it names no data service", world(*backup("fsfreeze -f /data"), kept=told(froze="freeze")), harmful=ACTS
    ),
    DoesNotHold(
        "it names two of them",
        world(
            *backup(SCRIPT.replace("snapshot;", "kubectl exec ledger-0 -- fsfreeze -f /data;")),
            kept=told(froze="freeze"),
            beside=postgres("ledger"),
        ),
        harmful=ACTS,
    ),
    DoesNotHold("nobody suffers", world(alerts=False), harmful=ACTS),
]
