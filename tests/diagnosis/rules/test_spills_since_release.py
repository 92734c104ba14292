"""Statements of a released client fill the database's volume, and give it back as they end."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import DB, OLD, URL, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, database, log, series, session, snapshot, thing, workload
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


BACK = (REPORT, "code_defect", "rollback_workload")
HOLDS = [
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
        ("somebody made room once", filled((2000, 0.97), (1000, 0.5), (500, 0.98))),
        ("several spill a little", filled(*SAW, works=False, told=[*logs("report", SPILLS), *logs("shop", SPILLS)])),
        ("nobody writes temporary files", filled(*SAW, works=False, told=logs("shop", REFUSED))),
        ("who writes them was not released", filled(*SAW, before=None)),
        ("who writes them was released long ago", filled(*SAW, released=2 * DAY)),
        ("who writes them was released when it had come to it", filled(*SAW, released=1000)),
    )
]
