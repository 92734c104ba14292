"""A full volume whose disk has grown already: its file system does when its pod starts."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR
from tests.diagnosis.rules.scenes import API, DB, SHOP, URL, alert, errors, logs, shop
from tests.diagnosis.rules.tiny import Obj, at, event, figure, log, postgres, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

NO_SPACE = 'ERROR:  could not extend file "base/16384/2619": No space left on device'
FULL = [log("postgres-0", *[NO_SPACE] * 9, of="postgres")]
REPLICAS = {"strategy": {"type": "RollingUpdate"}}
ANEW = {"strategy": {"type": "Recreate"}}


def mounts(name: str) -> dict[str, Any]:
    return {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": name}}]}


def claim(name: str = "data", *, pending: float = 2 * HOUR, has: str = "10Gi", status: str = "True") -> Obj:
    """Return a claim of 20Gi that waits for a start since a time."""
    waits = {"type": "FileSystemResizePending", "status": status, "lastTransitionTime": at(pending)}
    return thing(
        "PersistentVolumeClaim",
        name,
        spec={"resources": {"requests": {"storage": "20Gi"}}},
        status={"phase": "Bound", "capacity": {"storage": has}, "conditions": [waits]},
    )


def used(share: float, name: str = "data") -> Any:
    return figure("volume_used_share", 0.5, share, 800, persistentvolumeclaim=name)


def database(*more: Any, share: float = 1.0, told: list[Log] = FULL, of: Obj | None = None, **kind: Any) -> Snapshot:
    """Return a shop whose database has no room, and a claim."""
    return snapshot(
        postgres(spec=mounts("data"), **kind),
        of or claim(),
        shop(env=URL),
        *more,
        figures=[errors("shop", 0.4), used(share)],
        logs=told,
    )


def service(pods: int, strategy: dict[str, Any]) -> Snapshot:
    """Return a service whose volume is full, with a claim that waits."""
    made = workload("api", spec=mounts("uploads"), pods=pods)
    made[0]["spec"] |= strategy
    return snapshot(made, claim("uploads"), figures=[errors("api", 0.4), used(1.0, "uploads")])


HOLDS = [
    Holds(
        "a database cannot write, and its claim tells that the disk is larger",
        database(),
        (DB, "resource_exhaustion", "restart_workload"),
        excludes=(
            *no("rollback_workload", "scale_database", at=DB),
            *no("restart_workload", "rollback_workload", at=SHOP),
        ),
        spares=no("restart_workload", at=DB),
        alone=True,
    ),
    Holds("figures alone tell it", database(told=[], share=0.99), (DB, "resource_exhaustion", "restart_workload")),
    Holds(
        "an alert names the claim before anything fails",
        snapshot(
            postgres(spec=mounts("data")), claim(), figures=[used(0.93)], alerts=[alert(persistentvolumeclaim="data")]
        ),
        (DB, "resource_exhaustion", "restart_workload"),
    ),
    Holds(
        "only who writes there tells of it",
        database(share=0.95, told=logs("shop", f"psycopg.errors.DiskFull: {NO_SPACE}")),
        (DB, "resource_exhaustion", "restart_workload"),
    ),
    Holds(
        "a release of who writes there came as it filled",
        snapshot(
            postgres(spec=mounts("data")),
            claim(),
            shop(env=URL, before={"image": "shop:0"}, released=900),
            figures=[errors("shop", 0.4), used(1.0)],
            logs=FULL,
            alerts=[alert(service="shop")],
        ),
        (DB, "resource_exhaustion", "restart_workload"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "its one pod ends before the next one starts",
        service(1, ANEW),
        (API, "resource_exhaustion", "restart_workload"),
    ),
    Holds("the next pod starts beside the old one", service(1, REPLICAS), (API, "resource_exhaustion", "page_human")),
    Holds("several pods have it mounted", service(2, ANEW), (API, "resource_exhaustion", "page_human")),
]
FAILED = event("PersistentVolumeClaim/data", "FileSystemResizeFailed", "resize2fs: Permission denied to resize")
DOES_NOT_HOLD = [
    DoesNotHold("it has room", database(share=0.6, told=[]), harmful=("restart_workload",)),
    *(
        DoesNotHold(what, world, (DB, "resource_exhaustion", "page_human"), harmful=("restart_workload",))
        for what, world in (
            ("its pod was started since, which did not help", database(started=HOUR)),
            ("the growth itself fails", database(FAILED)),
            ("it waits for minutes, in which the kubelet may do it by itself", database(of=claim(pending=240))),
            ("the file system has grown", database(of=claim(has="20Gi"))),
            ("it waits no more", database(of=claim(status="False"))),
            (
                "it is another volume of the database that is full",
                snapshot(
                    postgres(
                        spec={
                            "volumes": [
                                {"name": n, "persistentVolumeClaim": {"claimName": n}} for n in ("data", "archive")
                            ]
                        }
                    ),
                    claim("archive"),
                    claim("data", status="False"),
                    shop(env=URL),
                    figures=[errors("shop", 0.4), used(1.0), used(0.92, "archive")],
                    logs=FULL,
                ),
            ),
        )
    ),
]
