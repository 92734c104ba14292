"""Stores without room, and the schedules whose runs make some: for the log of changes, among what is kept."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.pods import HOUR
from tests.diagnosis.rules.scenes import OLD, WELL, errors, logs
from tests.diagnosis.rules.tiny import (
    DAY,
    NOW,
    Obj,
    at,
    container,
    figure,
    log,
    pod,
    postgres,
    series,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.model import Series, Snapshot

LOG_FULL = "The transaction log for database 'shop' is full due to 'LOG_BACKUP'."
TO_CLIENT = f"Microsoft.Data.SqlClient.SqlException (0x80131904): {LOG_FULL}"
BACKS_UP = ("sqlcmd", "-S", "mssql", "-Q", "BACKUP LOG [shop] TO DISK = N'/backup/shop.trn'")
NO_SPACE = 'ERROR:  could not extend file "base/16384/24601": No space left on device'
PURGES = ("sh", "-c", "psql -h postgres -c \"DELETE FROM events WHERE at < now() - interval '90 days'\"")
CLAIM: dict[str, Any] = {"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]}
AT_MSSQL = {"DB_HOST": "mssql"}


def schedule(
    name: str,
    *command: str,
    each: str = "*/15 * * * *",
    ran: float = 4 * DAY,
    well: float | None = None,
    suspend: bool = True,
    env: dict[str, Any] | None = None,
    failed: float | None = None,
    **pod: Any,
) -> list[Obj]:
    """Return a CronJob that last ran, and was last well, so long ago; ``failed``: its last run was that long ago."""
    template = {"spec": {"containers": [container("run", "tools:1", env=env, command=list(command))], **pod}}
    spec = {"schedule": each, "suspend": suspend, "jobTemplate": {"spec": {"template": template}}}
    status = {"lastScheduleTime": at(ran), "lastSuccessfulTime": at(ran if well is None else well)} if ran else {}
    made = [thing("CronJob", name, written=ran, spec=spec, status=status)]
    if failed is not None:
        told = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "lastTransitionTime": at(failed)}
        run = thing("Job", f"{name}-9", age=failed + 60, spec={"template": template})
        run["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": name, "controller": True}]
        made.append(run | {"status": {"conditions": [told], "failed": 3}})
    return made


def log_full(*schedules: list[Obj], line: str = LOG_FULL, well: bool = False, env: Any = None, **api: Any) -> Snapshot:
    """Return a SQL Server whose log has been full for ten minutes, and a shop that cannot write since then."""
    told = TO_CLIENT.replace(LOG_FULL, line)
    return snapshot(
        workload("mssql", "mcr.microsoft.com/mssql/server:2022", kind="StatefulSet", pods=1, port=1433),
        workload("shop", env=env or AT_MSSQL, **api),
        *schedules,
        figures=[WELL] if well else [errors("shop", 0.3)],
        logs=[] if well else [log("mssql-0", *[line] * 6, since=600), *logs("shop", told)],
    )


def volume_full(*schedules: list[Obj], used: float = 0.99, line: str = "", **more: Any) -> Snapshot:
    """Return a PostgreSQL whose volume has been full for ten minutes, and a shop that cannot write since then."""
    return snapshot(
        postgres(spec=CLAIM),
        workload("shop", env={"DB_HOST": "postgres"}, **more),
        *schedules,
        figures=[errors("shop", 0.3), figure("volume_used_share", 0.7, used, persistentvolumeclaim="data")],
        logs=[log("postgres-0", *[line or NO_SPACE] * 6, since=600)] if used > 0.9 else [],
    )


def released(**more: Any) -> dict[str, Any]:
    """Return that a shop was released minutes before."""
    return {"before": OLD, "released": 1100, **more}


def climbing(signal: str, first: float, end: float, *, since: float = 3600, full: float = 600) -> tuple[str, Series]:
    """Return a share of a volume that rises evenly from an age on until it is full; before that it stood."""
    steps = [(age, first + (end - first) * (since - age) / (since - full)) for age in range(int(full), int(since), 30)]
    return signal, series({"persistentvolumeclaim": "data"}, (3600, first), *steps, (full, end))


def no_inodes(*schedules: list[Obj], fills: tuple[str, Series] | None = None, line: str = "", **more: Any) -> Snapshot:
    """Return two services that keep files on one volume: half of its room is used, and no file can be made."""
    mounts = [{"name": "d", "mountPath": "/srv/tiles"}]
    held = {"volumes": [*CLAIM["volumes"], {"name": "o", "persistentVolumeClaim": {"claimName": "other"}}]}
    tell = [line or "ENOSPC: no space left on device, mkdir '/srv/tiles/7f/a1'"] * 6
    return snapshot(
        workload("tiles", pods=1, spec=held, volumeMounts=mounts),
        workload("maker", pods=1, spec=CLAIM, volumeMounts=mounts, **more),
        *schedules,
        figures=[
            errors("tiles", 0.3),
            figure("volume_used_share", 0.5, 0.52, persistentvolumeclaim="data"),
            *([fills] if fills else []),
        ],
        logs=[log(pod(name), *tell, since=600, of=name) for name in ("tiles", "maker")],
    )


def uploads_full(*schedules: list[Obj]) -> Snapshot:
    """Return a service that keeps files on a volume, which has no room."""
    return snapshot(
        workload("uploads", pods=1, spec=CLAIM),
        *schedules,
        figures=[errors("uploads", 0.3), figure("volume_used_share", 0.7, 0.99, persistentvolumeclaim="data")],
        logs=logs("uploads", "OSError: [Errno 28] No space left on device: '/data/a.png'"),
    )


def swept(*figures: tuple[str, Series], hastened: float = 0, flat: bool = False, **more: Any) -> Snapshot:
    """Return a service whose files were swept each hour until five hours ago, and whose volume filled ever since.

    ``hastened``: it fills five times as fast since so long ago; ``flat``: nothing was written until 90 minutes ago.
    """
    sweep = schedule("tidy", "find", "/data", "-mtime", "+30", "-delete", each="@hourly", ran=5 * HOUR, **CLAIM)
    slow = 1 / 5 if hastened else 1.0
    used, points = 0.8, []
    for age in range(int(12 * HOUR), -1, -60):
        whole = 1.5 * HOUR if flat else hastened or 5 * HOUR
        pace = 0.195 * 60 / (whole - 600) * (1.0 if not hastened or age < hastened else slow)
        swept_now = age >= 5 * HOUR and age % HOUR == 0
        used = 0.8 if swept_now or (flat and age > whole) else min(0.995, used + pace)
        points.append((NOW.timestamp() - age, used))
    return snapshot(
        workload("uploads", pods=1, spec=CLAIM, **more),
        sweep,
        figures=[
            errors("uploads", 0.3),
            ("volume_used_share", Series({"persistentvolumeclaim": "data"}, tuple(points))),
            *figures,
        ],
        logs=logs("uploads", "OSError: [Errno 28] No space left on device: '/data/a.png'"),
    )


def asked(night: float) -> tuple[str, Series]:
    """Return how often that service was asked: so often until 90 minutes ago, and a hundred times a second since."""
    points = ((NOW.timestamp() - age, 100 if age < 1.5 * HOUR else night) for age in range(int(12 * HOUR), -1, -60))
    return "request_rate", Series({"component": "uploads"}, tuple(points))


def scratch_below(*schedules: list[Obj], path: str, used: float = 0.41, inodes: float = 0.05) -> Snapshot:
    """Return a service that finds no room at a path: it has a claim at /srv, and room of its node at /srv/tmp."""
    held = {"volumes": [*CLAIM["volumes"], {"name": "t", "emptyDir": {"sizeLimit": "1Gi"}}]}
    mounts = [{"name": "d", "mountPath": "/srv"}, {"name": "t", "mountPath": "/srv/tmp"}]
    shares = {"volume_used_share": used, "volume_inodes_share": inodes}
    measured = [figure(name, 0.01, share, persistentvolumeclaim="data") for name, share in shares.items() if share]
    told = [f"ENOSPC: no space left on device, open '{path}'"] * 6
    return snapshot(
        workload("maker", pods=1, spec=held, volumeMounts=mounts),
        *schedules,
        figures=[errors("maker", 0.3), *measured],
        logs=[log(pod("maker"), *told, since=600, of="maker")],
    )
