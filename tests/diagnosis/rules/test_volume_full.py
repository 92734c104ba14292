"""A volume without room: each start fails again, and so would every other remedy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import again, ended, looping, pods_of, put
from tests.diagnosis.rules.scenes import API, DB, alert, errors, logs
from tests.diagnosis.rules.tiny import DAY, Obj, figure, log, postgres, redis, series, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

PANIC = 'PANIC:  could not write to file "pg_wal/xlogtemp.29": No space left on device'
ERRNO = "OSError: [Errno 28] No space left on device: '/data/x'"


def claims(name: str) -> dict[str, Any]:
    return {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": name}}]}


def uploads(share: float, *told: Any) -> Snapshot:
    """Return a service with a volume of which a share is used."""
    return snapshot(
        workload("api", spec=claims("uploads")),
        thing("PersistentVolumeClaim", "uploads", status={"phase": "Bound"}),
        figures=[errors("api", 0.4), figure("volume_used_share", 0.5, share, 800, persistentvolumeclaim="uploads")],
        logs=told,
    )


def without_inodes(share: float, *told: Any) -> Snapshot:
    """Return the same with room, of whose inodes a share is used."""
    world = uploads(0.3, *told)
    _, inodes = figure("volume_inodes_share", 0.9, share, 800, persistentvolumeclaim="uploads")
    return replace(world, metrics={**world.metrics, "volume_inodes_share": (inodes,)})


def left_behind(age: float, status: Obj) -> Snapshot:
    """Return a service whose pod left a message behind as it ended so long ago, and requests to it that fail."""
    objects = workload("api", pods=1, started=DAY)
    put(pods_of(objects)[0], status | {"lastState": ended("Error", 1, age=age, message=ERRNO)}, ready=False)
    return snapshot(objects, figures=[errors("api", 0.4, 580)])


HOLDS = [
    Holds(
        "a service cannot write",
        uploads(1.0, *logs("api", ERRNO)),
        (API, "resource_exhaustion", "page_human"),
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=API),
        harmful=("rollback_workload", "restart_workload", "scale_workload"),
    ),
    Holds("figures alone", uploads(0.99), (API, "resource_exhaustion", "page_human")),
    Holds(
        "an alert names the claim before anything fails",
        replace(uploads(0.93), alerts=(alert("KubePersistentVolumeFillingUp", persistentvolumeclaim="uploads"),)),
        (API, "resource_exhaustion", "page_human"),
    ),
    Holds(
        "a database that does not start any more",
        snapshot(
            postgres(spec=claims("data"), status=looping(), ready=0),
            logs=[log("postgres-0", PANIC, previous=True, of="postgres")],
            figures=[("volume_used_share", series({"persistentvolumeclaim": "data"}, (3600, 0.99)))],
        ),
        (DB, "resource_exhaustion", "page_human"),
        excludes=no("restart_workload", "scale_database", at=DB),
    ),
    Holds(
        "no new file can be made though there is room: no inode is left",
        uploads(0.3, *logs("api", ERRNO)),
        (API, "resource_exhaustion", "page_human"),
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=API),
    ),
]
HOLDS += [
    *(
        Holds(f"what a container left behind tells of it: {what}", world, (API, "resource_exhaustion", "page_human"))
        for what, world in (
            ("it ended ten minutes ago, and runs again", left_behind(600, again("Error", 1, age=600))),
            ("it ended two hours ago, and has not run since", left_behind(7200, looping(age=7200))),
        )
    ),
    Holds(
        "no inode is left, as is measured",
        without_inodes(1.0, *logs("api", ERRNO)),
        (API, "resource_exhaustion", "page_human"),
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=API),
    ),
]
HOLDS += [
    Holds(
        f"its words are like those of a client of another's store: {line}",
        snapshot(workload("api"), figures=[errors("api")], logs=logs("api", line)),
        (API, "resource_exhaustion", "page_human"),
    )
    for line in (
        "ERROR cannot write /data/x.tmp: No space left on device (log rotation misconfigured)",
        "ERROR cannot write /data/news3.tmp: No space left on device",
    )
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"it passes on what its cache answers: {line}",
            snapshot(redis(), workload("api", env={"R": "redis://redis:6379"}), logs=logs("api", line)),
        )
        for line in (
            "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
            "ReplyError: MISCONF Errors writing to the AOF file: No space left on device",
        )
    ),
    *(
        DoesNotHold(
            f"the store of another is full: {line}",
            snapshot(workload("api"), figures=[errors("api")], logs=logs("api", line)),
        )
        for line in (
            "com.amazonaws.services.s3.model.AmazonS3Exception: No space left on device",
            "ERROR upload to s3://media/7: XMinioStorageFull: No space left on device",
        )
    ),
    DoesNotHold("it has room", uploads(0.6), (API, "unknown", "page_human")),
    DoesNotHold("a file system seems to have no inodes, and nobody fails by that", without_inodes(1.0)),
]
