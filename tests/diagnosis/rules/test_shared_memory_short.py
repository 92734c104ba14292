"""Shared memory that a database lacks is given by its template, and no release of a caller takes it away."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import DB, IMAGE, SHOP, URL, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, log, postgres, snapshot, workload

SAID = 'could not resize shared memory segment "/PostgreSQL.2771737396" to 16777216 bytes: No space left on device'
TOLD = f"psycopg2.errors.DiskFull: {SAID}"
SERVER = f"UTC [30094] shop@shop ERROR:  {SAID}"
MOUNT: dict[str, Any] = {"volumeMounts": [{"name": "dshm", "mountPath": "/dev/shm"}]}
ELSEWHERE: dict[str, Any] = {"volumeMounts": [{"name": "dshm", "mountPath": "/scratch"}]}
CONFIG, ROOM = "configuration_error", "resource_exhaustion"
NOTHING = ("restart_workload", "scale_workload", "scale_database")


def store(size: str | None = "3Gi", **more: Any) -> list[Obj]:
    """Return a database whose pods have a volume in memory, wherever its container mounts it, and one of data."""
    kept: dict[str, Any] = {"medium": "Memory", **({"sizeLimit": size} if size else {})}
    data = {"name": "data", "persistentVolumeClaim": {"claimName": "data-postgres-0"}}
    return postgres(spec={"volumes": [{"name": "dshm", "emptyDir": kept}, data]}, **more)


def beside_an_exporter() -> list[Obj]:
    """Return a database that lost its mount, and whose exporter keeps one of its own."""
    made = store(before=MOUNT, released=90000)
    extra = {"name": "exporter", "image": "quay.io/prometheuscommunity/postgres-exporter:v0.15.0", **MOUNT}
    for each in made:
        spec = each.get("spec", {}).get("template", {}).get("spec") or each.get("data", {}).get("spec", {}).get(
            "template", {}
        ).get("spec")
        if spec:
            spec["containers"] = [*spec["containers"], extra]
    return made


def released(*beside: Any, line: str = TOLD, times: int = 9, **more: Any) -> Any:
    """Return a shop whose new image fails since ten minutes, and the database that it asks."""
    return snapshot(
        *beside,
        shop(env=URL, before=IMAGE, released=700),
        figures=[errors("shop")],
        logs=[*logs("shop", line, 0, 1, times=times, since=600), *more.pop("told", ())],
        **more,
    )


HOLDS = [
    Holds(
        "the release of the database took its mount away, long before the shop's",
        released(store(before=MOUNT, released=90000), told=[log("postgres-0", *[SERVER] * 9, since=600)]),
        (DB, CONFIG, "rollback_workload"),
        excludes=(*no(*NOTHING, at=DB), *no("rollback_workload", "restart_workload", at=SHOP)),
        alone=True,
    ),
    Holds(
        "it mounts the memory elsewhere since",
        released(store(before=MOUNT, released=90000, **ELSEWHERE)),
        (DB, CONFIG, "rollback_workload"),
        excludes=no(*NOTHING, at=DB),
    ),
    Holds(
        "it never had any: a person has to give it some",
        released(postgres()),
        (DB, CONFIG, "page_human"),
        excludes=no(*NOTHING, "rollback_workload", at=DB),
        alone=True,
    ),
    Holds(
        "its release left the mount as it was",
        released(store(before={"image": "postgres:16.1"}, released=90000, **MOUNT)),
        (DB, ROOM, "page_human"),
    ),
    Holds(
        "its release gave it a mount, and that is not enough",
        released(store(size="128Mi", before=ELSEWHERE, released=90000, **MOUNT)),
        (DB, ROOM, "page_human"),
    ),
    Holds(
        "it was told before the mount was gone",
        released(store(before=MOUNT, released=300), told=[log("postgres-0", *[SERVER] * 9, since=600)]),
        (DB, CONFIG, "page_human"),
    ),
    Holds(
        "a newer version has opened its data: going back is for a person",
        released(store(before={**MOUNT, "image": "postgres:15"}, released=90000)),
        (DB, CONFIG, "page_human"),
    ),
    Holds(
        "a caller that tells nothing of it has a release of its own that fails",
        snapshot(
            store(before=MOUNT, released=90000),
            shop(env=URL, before=IMAGE, released=700),
            workload("reports", env=URL),
            figures=[errors("shop", since=680)],
            logs=[*logs("shop", "ERROR KeyError: 'total'", 0, 1, since=680), *logs("reports", TOLD, 0, 1, since=680)],
        ),
        (DB, CONFIG, "rollback_workload"),
        excludes=no("rollback_workload", at="Deployment/reports"),
        spares=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "the mount is gone since weeks, in which it did well: a person looks at what asks more now",
        released(store(before=MOUNT, released=20 * DAY, age=40 * DAY)),
        (DB, CONFIG, "page_human"),
    ),
    Holds(
        "the mount that is left is that of an exporter beside it",
        released(beside_an_exporter()),
        (DB, CONFIG, "rollback_workload"),
    ),
    Holds(
        "it never had any, and a caller asks for more since its release: that may be taken back",
        released(postgres()),
        (DB, CONFIG, "page_human"),
        excludes=no("restart_workload", at=SHOP),
        spares=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "the database alone tells of it",
        snapshot(
            store(before=MOUNT, released=90000),
            shop(env=URL),
            figures=[errors("shop")],
            logs=[log("postgres-0", *[SERVER] * 9, since=600)],
        ),
        (DB, CONFIG, "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it was told once or twice",
        snapshot(store(before=MOUNT, released=90000), shop(env=URL), logs=logs("shop", TOLD, 0, 1, times=2)),
        (),
    ),
    DoesNotHold(
        "who tells of it asks another database, outside",
        snapshot(
            store(before=MOUNT, released=90000),
            shop(env={"DATABASE_URL": "postgres://shop@db.example.com:5432/shop"}),
            workload("stock", env=URL),
            figures=[errors("shop")],
            logs=logs("shop", TOLD, 0, 1, since=600),
        ),
        (),
    ),
    DoesNotHold(
        "it cannot start for want of a segment of another kind: limits of the node",
        snapshot(
            postgres(),
            shop(env=URL),
            logs=[log("postgres-0", *["FATAL:  could not create shared memory segment: No space left on device"] * 9)],
        ),
        (),
    ),
    DoesNotHold(
        "it speaks of a segment that it lets go",
        snapshot(
            store(before=MOUNT, released=90000),
            shop(env=URL),
            logs=[log("postgres-0", *["LOG:  could not remove shared memory segment: No such file"] * 9)],
        ),
        (),
    ),
    DoesNotHold(
        "it is over: nobody has told of it for half an hour",
        snapshot(
            store(before=MOUNT, released=90000),
            shop(env=URL),
            logs=[log("postgres-0", *[SERVER] * 9, *["LOG:  checkpoint complete"] * 40, since=3600)],
        ),
        (),
    ),
]
