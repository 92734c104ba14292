"""Statements of a released client fill the database's volume, and give it back as they end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import DB, OLD, URL, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, database, log, pod, series, session, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

REPORT = "Deployment/report"
SPILLS = 'ERROR: could not write to file "base/pgsql_tmp/pgsql_tmp4100.39": No space left on device (SQLSTATE 53100)'
MYSQL = "ERROR 1114 (HY000): The table '/tmp/#sql1-2a-4' is full"
REFUSED = 'ERROR: could not extend file "base/16385/28817.3": No space left on device (SQLSTATE 53100)'
WORKS = session(REPORT, "active", 1, age_s=150, wait="IO:BufFileWrite", query="SELECT ... ORDER BY ...")
SAW = ((3000.0, 0.95), (2600.0, 0.46), (2100.0, 0.95), (1700.0, 0.46), (1200.0, 0.95), (800.0, 0.46), (300.0, 0.98))
FULL = ((3600.0, 0.5), (900.0, 0.98))
HELD = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}


def filled(
    *used: tuple[float, float],
    told: list[Log] | None = None,
    works: bool = True,
    server: str = "postgres:16",
    **made: Any,
) -> Snapshot:
    """Return a database whose volume is used so, a shop that it refuses, and a report that was released."""
    released = {"before": OLD, "released": 3300, "env": URL, **made}
    said = [*logs("report", SPILLS), *logs("shop", REFUSED)] if told is None else told
    base: list[Obj] = workload("postgres", server, kind="StatefulSet", pods=1, port=5432, spec=HELD)
    return snapshot(
        base,
        thing("PersistentVolumeClaim", "data", status={"phase": "Bound"}),
        shop(env=URL),
        workload("report", **released),
        figures=[("volume_used_share", series({"persistentvolumeclaim": "data"}, (3600, 0.46), *used)), errors("shop")],
        databases=[database(*([WORKS] if works else []))],
        logs=[*said, log("postgres-0", REFUSED, of="postgres")],
    )


TIMES = (2400.0, 1800.0, 1200.0, 600.0)
AS_OFTEN = (2406.0, 2403.0, 1806.0, 1803.0, 1206.0, 606.0)
BACK = (REPORT, "code_defect", "rollback_workload")


def told_at(of: str, line: str, *ages: float) -> Log:
    """Return the log of a pod that told a line at some ages."""
    return Log(pod(of), of, tuple(f"{at(age)} {line}" for age in ages), previous=False)


def unmeasured(report: tuple[float, ...], shop: tuple[float, ...]) -> Snapshot:
    """Return the same, where nobody measures the volume, and both tell of a full disk at some ages."""
    told = [told_at("report", SPILLS, *report), told_at("shop", REFUSED, *shop)]
    world = filled(told=told)
    server = [each for each in world.logs if each.pod != "postgres-0"]
    return replace(world, metrics={"error_ratio": world.metrics["error_ratio"]}, logs=tuple(server))


HOLDS = [
    Holds("nobody measures the volume, and all are refused only as its files are", unmeasured(TIMES, AS_OFTEN), BACK),
    Holds(
        "its errors and its sessions tell so",
        filled(*SAW),
        BACK,
        excludes=no("scale_database", "restart_workload", at=DB),
        harmful=("restart_workload", "scale_database"),
        alone=True,
    ),
    Holds("its errors alone", filled(*SAW, works=False), BACK),
    Holds("its sessions alone", filled(*SAW, told=logs("shop", REFUSED)), BACK),
    Holds(
        "another database",
        filled(*SAW, server="mysql:8", works=False, told=[*logs("report", MYSQL), *logs("shop", "1114 is full")]),
        BACK,
    ),
    Holds(
        "others are told of temporary files as well, and one is at work in them",
        filled(*SAW, told=[*logs("report", SPILLS), *logs("shop", SPILLS)]),
        BACK,
    ),
]
FILLS = (DB, "resource_exhaustion", "page_human")
DOES_NOT_HOLD = [
    DoesNotHold(f"the volume is full: {what}", world, FILLS, harmful=("rollback_workload", "restart_workload"))
    for what, world in (
        ("its room does not come back", filled(*FULL)),
        ("the shop is refused all the time", unmeasured(TIMES, tuple(float(age) for age in range(2406, 0, -60)))),
        ("the report is refused as often as it asks", unmeasured(TIMES, (2406.0, 2000.0, 1500.0, 900.0, 606.0))),
        ("it was short of room twice", unmeasured(TIMES[2:], AS_OFTEN[4:])),
        ("somebody made room once", filled((2000, 0.97), (1000, 0.5), (500, 0.98))),
        ("several spill a little", filled(*SAW, works=False, told=[*logs("report", SPILLS), *logs("shop", SPILLS)])),
        ("nobody writes temporary files", filled(*SAW, works=False, told=logs("shop", REFUSED))),
        ("who writes them was not released", filled(*SAW, before=None)),
        ("who writes them was released long ago", filled(*SAW, released=2 * DAY)),
        ("who writes them was released when it had come to it", filled(*SAW, released=1000)),
    )
]
