"""A run that works on a database's volume is behind the waits that began with it, and no other run is."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, latency, rate, shop
from tests.diagnosis.rules.tiny import Obj, at, container, figure, postgres, snapshot, thing
from tuheg_ir.diagnosis.model import Snapshot

JOB, CRONJOB, POSTGRES = "Job/copy-1", "CronJob/copy", "StatefulSet/postgres"
CLAIM = "data-postgres-0"
ENV = {"DB_HOST": "postgres"}


def mounts(claim: str) -> Obj:
    return {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]}


def run(started: float = 1290, *, claim: str = CLAIM, name: str = "copy-1", active: int = 1, of: str = "") -> Obj:
    """Return a run that works on a volume."""
    template = {"spec": {"containers": [container("copy", "copy:1")], **mounts(claim)}}
    status = {"active": active, "startTime": at(started)}
    made = thing("Job", name, age=started, spec={"template": template}, status=status)
    if of:
        made["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": of, "controller": True}]
    return made


def world(*more: Any, waits: float = 1200, figures: Any = (), of_store: Any = None, **of_shop: Any) -> Snapshot:
    """Return a shop that waits for its database since a while."""
    slow = figure("dependency_latency_p95", 0.02, 4.0, waits, component="shop", dependency="postgres")
    store = postgres(spec=mounts(CLAIM), **(of_store or {}))
    felt = latency("shop", since=waits)
    return snapshot(shop(env=ENV, **of_shop), store, *more, figures=[slow, felt, *figures])


BY_RUN = "resource_exhaustion", "page_human"
HOLDS = [
    Holds(
        "a backup that began a minute before",
        world(run()),
        (JOB, *BY_RUN),
        excludes=(*no("restart_workload", at=POSTGRES), *no("restart_workload", "scale_workload", at=SHOP)),
        harmful=("restart_workload", "scale_workload", "rollback_workload"),
    ),
    Holds(
        "a run of a schedule is told by its schedule",
        world(run(of="copy"), thing("CronJob", "copy", spec={"schedule": "30 2 * * *"})),
        (CRONJOB, *BY_RUN),
    ),
    Holds("another run went on for hours", world(run(), run(9000, name="copy-0")), (JOB, *BY_RUN)),
    Holds("who asks was released when it was slow", world(run(), before={"image": "shop:0"}), (JOB, *BY_RUN)),
]
DOES_NOT_HOLD = [
    DoesNotHold("the run is over, and it is slow still", world(run(active=0))),
    DoesNotHold("the run works on another volume", world(run(claim="reports"))),
    DoesNotHold("the run began when it was slow already", world(run(600))),
    DoesNotHold("the run went on for an hour before", world(run(4800))),
    DoesNotHold("two runs of different kinds began then", world(run(), run(name="check-1"))),
    DoesNotHold(
        "the database has no processor left",
        world(run(), figures=[figure("cpu_share", 0.3, 0.99, 1200, pod="postgres-0")]),
        (POSTGRES, "capacity", "page_human"),
    ),
    DoesNotHold(
        "users ask for twice as much",
        world(run(), figures=[rate("shop", 50, 120, 1200)]),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "its client was released in the same minute: either may be the reason",
        world(run(), before={"image": "shop:0"}, released=1250),
        (SHOP, "dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "the database itself was released in the same minute",
        world(run(), of_store={"before": {"image": "postgres:15"}, "released": 1250}),
    ),
    DoesNotHold("nobody waits", snapshot(shop(env=ENV), postgres(spec=mounts(CLAIM)), run())),
]
