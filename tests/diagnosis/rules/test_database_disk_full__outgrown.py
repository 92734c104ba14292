"""A volume that honest data has outgrown is enlarged, where it can be: not one that something else fills."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.rooms import PURGES, schedule
from tests.diagnosis.rules.scenes import DB, SHOP, URL, errors, shop
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, event, figure, log, meta, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

CLAIM = "data-postgres-0"
FULL = 'ERROR:  could not extend file "base/16384/24601": No space left on device'
GIB = 2**30
SIZE = 400 * GIB
SINCE = 900
"""So long ago there was no room left."""
Shape = Callable[[float], float]


def by_and_by(part: float) -> float:
    """Return how much has come by a part of the time: as much in each minute."""
    return part


def grows(signal: str, was: float, end: float, shape: Shape = by_and_by, **labels: str) -> tuple[str, Series]:
    """Return what grew from one value to another until there was no room left, and stood since then."""
    ages = range(3600, -1, -30)
    parts = (min(1.0, (3600 - age) / (3600 - SINCE)) for age in ages)
    values = (was + (end - was) * shape(part) for part in parts)
    return signal, Series(labels, tuple((NOW.timestamp() - age, each) for age, each in zip(ages, values, strict=True)))


def volume(was: float = 0.998, end: float = 1.0, shape: Shape = by_and_by, name: str = CLAIM) -> tuple[str, Series]:
    return grows("volume_used_share", was, end, shape, persistentvolumeclaim=name)


def data(was: float = 0.93, end: float = 0.932, of: str = "postgres") -> tuple[str, Series]:
    """Return how much of the volume is data, as the database tells it in bytes."""
    return grows("db_data_bytes", was * SIZE, end * SIZE, component=of)


def claim(name: str = CLAIM, asks: str = "400Gi", kind: str = "fast", **status: Any) -> Obj:
    """Return a claim of 400 GiB."""
    spec = {"storageClassName": kind, "resources": {"requests": {"storage": asks}}, "accessModes": ["ReadWriteOnce"]}
    has = {"phase": "Bound", "capacity": {"storage": "400Gi"}}
    return thing("PersistentVolumeClaim", name, age=200 * DAY, spec=spec, status=has | status)


def storage_class(*, grows_: bool | None = True) -> Obj:
    """Return a class of storage that allows its volumes to grow, does not, or does not tell."""
    more = {} if grows_ is None else {"allowVolumeExpansion": grows_}
    return thing("StorageClass", "fast", provisioner="rbd.csi.ceph.com", **more)


def quota(**sizes: tuple[str, str]) -> Obj:
    """Return a quota of storage: (hard, used) of each."""
    names = {"all": "requests.storage", "fast": "fast.storageclass.storage.k8s.io/requests.storage"}
    hard, used = ({names[each]: sizes[each][n] for each in sizes} for n in (0, 1))
    return thing("ResourceQuota", "storage", spec={"hard": hard}, status={"hard": hard, "used": used})


def store(image: str = "postgres:16", pods: int = 1, name: str = "postgres", **more: Any) -> list[Obj]:
    """Return a database with a claim for each pod."""
    made = workload(name, image, kind="StatefulSet", pods=pods, port=5432, age=200 * DAY, **more)
    of_set = next(each for each in made if each["kind"] == "StatefulSet")
    of_set["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "data"}}]
    return made


def world(
    *more: list[Obj] | Obj,
    objects: Sequence[list[Obj] | Obj] | None = None,
    figures: Sequence[tuple[str, Series]] = (),
    grown: Sequence[tuple[str, Series]] | None = None,
    lines: Sequence[str] = (FULL,),
    told: Sequence[Log] = (),
    of_shop: Mapping[str, Any] | None = None,
) -> Snapshot:
    """Return a shop whose database has no room left on its volume."""
    said = [timed("postgres-0", *((SINCE - 100 * n, line) for n in range(8) for line in lines))] if lines else []
    return snapshot(
        *((store(), claim(), storage_class()) if objects is None else objects),
        shop(env=URL, **(of_shop or {})),
        *more,
        logs=[*said, *told],
        figures=[*((volume(), data()) if grown is None else grown), errors("shop", 0.5, since=SINCE), *figures],
    )


def cleaner(ran: float = 6 * 3600, well: float = 6 * 3600, *, suspend: bool = False, edited: bool = False) -> list[Obj]:
    """Return a schedule that deletes what is old each night; ``edited``: somebody wrote it as it last ran."""
    made = schedule("purge", *PURGES, each="30 2 * * *", suspend=suspend, ran=ran, well=well)
    if not edited:
        del made[0]["metadata"]["managedFields"]
    return made


def config(written: float) -> Obj:
    return {"kind": "ConfigMap", "metadata": meta("rules", 100 * DAY, written=written), "data": {"KEEP_DAYS": "400"}}


READS = {"spec": {"volumes": [{"name": "c", "configMap": {"name": "rules"}}]}}
MORE = (DB, "capacity", "scale_database")
PERSON = (DB, "resource_exhaustion", "page_human")
OLD: dict[str, Any] = {"before": {"image": "shop:0"}}

HOLDS = [
    *(
        Holds(
            f"its data outgrew a volume that may grow, {what}",
            seen,
            MORE,
            excludes=(*no("restart_workload", at=DB), *no("restart_workload", "rollback_workload", at=SHOP)),
            harmful=("restart_workload", "rollback_workload", "scale_workload", "restart_connection_pool"),
        )
        for what, seen in (
            ("and nothing changed", world()),
            ("in steps", world(grown=[volume(shape=lambda part: int(part * 8) / 8), data()])),
            ("and a release minutes before changed nothing of it", world(of_shop=OLD | {"released": SINCE + 720})),
            ("and a release is older than a week", world(of_shop=OLD | {"released": 9 * DAY})),
            ("and what is old is taken away each night", world(cleaner())),
            ("and a ConfigMap was written weeks ago", world(config(20 * DAY), of_shop=READS)),
            ("and a quota has room for that", world(quota(all=("2Ti", "1Ti"), fast=("1Ti", "400Gi")))),
            (
                "as that of its other pod did",
                world(
                    objects=[store(pods=2), claim(), claim("data-postgres-1"), storage_class()],
                    grown=[volume(), volume(0.96, 0.962, name="data-postgres-1"), data()],
                ),
            ),
        )
    ),
    *(
        Holds(
            f"{what}: a person has to look",
            seen,
            PERSON,
            harmful=("scale_database", "restart_workload", "scale_workload"),
        )
        for what, seen in (
            ("its class does not allow it to grow", world(objects=[store(), claim(), storage_class(grows_=False)])),
            ("its class does not tell", world(objects=[store(), claim(), storage_class(grows_=None)])),
            ("nobody read its class", world(objects=[store(), claim()])),
            ("its claim is of another class", world(objects=[store(), claim(kind="local"), storage_class()])),
            ("its claim asks for more already", world(objects=[store(), claim(asks="800Gi"), storage_class()])),
            (
                "its claim grows at this moment",
                world(
                    objects=[
                        store(),
                        claim(conditions=[{"type": "Resizing", "status": "True", "lastTransitionTime": ""}]),
                        storage_class(),
                    ]
                ),
            ),
            (
                "a growth failed today",
                world(
                    event(f"PersistentVolumeClaim/{CLAIM}", "VolumeResizeFailed", "modified six hours ago", age=7200)
                ),
            ),
            ("a quota has no room for a larger claim", world(quota(all=("1Ti", "1000Gi")))),
            ("a quota of its class has no room", world(quota(fast=("400Gi", "400Gi")))),
            ("most is not data: a slot keeps the log of changes", world(grown=[volume(), data(0.3, 0.302)])),
            ("its data does not grow as the volume fills", world(grown=[volume(), data(0.93, 0.93)])),
            ("nobody knows how much is data", world(grown=[volume()])),
            ("the data of several instances is told as one", world(grown=[volume(), data(1.93, 1.932)])),
            ("it fills within days", world(grown=[volume(0.98), data(0.91, 0.93)])),
            ("it filled in one stroke", world(grown=[volume(shape=lambda part: float(part > 0.5)), data()])),
            ("it filled of late only", world(grown=[volume(shape=lambda part: max(0, 4 * part - 3)), data()])),
            ("it stands, and was full before anybody measured", world(grown=[volume(1.0), data()])),
            ("a limit of its file is reached before the volume's end", world(grown=[volume(0.973, 0.975), data()])),
            (
                "a release since which it fills twice as fast",
                world(
                    grown=[volume(shape=lambda part: part * 0.6 if part < 0.6 else 1.6 * part - 0.6), data()],
                    of_shop=OLD | {"released": SINCE + 1080},
                ),
            ),
            ("a release days ago may write more", world(of_shop=OLD | {"released": 3 * DAY})),
            ("a program is new since days, and may write", world(workload("import", age=2 * DAY, service=False))),
            ("what is read by a program was written days ago", world(config(2 * DAY), of_shop=READS)),
            (
                "a run fills it that somebody began by hand",
                world(workload("load", kind="Job", age=5000, service=False)),
            ),
            ("what is old was not taken away last night", world(cleaner(well=3 * DAY))),
            ("the schedule that takes it away was edited today", world(cleaner(edited=True))),
            (
                "a transaction is open for hours",
                world(figures=[figure("db_transaction_age", 9000, 9900, component="postgres")]),
            ),
            (
                "temporary files find no room",
                world(lines=[FULL.replace("base/16384/24601", "base/pgsql_tmp/pgsql_tmp7.1")]),
            ),
            (
                "the log of changes is full as well",
                world(lines=[FULL, "The transaction log for database 'shop' is full due to 'ACTIVE_TRANSACTION'"]),
            ),
            (
                "its other pod has room",
                world(
                    objects=[store(pods=2), claim(), claim("data-postgres-1"), storage_class()],
                    grown=[volume(), volume(0.5, 0.502, name="data-postgres-1"), data()],
                ),
            ),
        )
    ),
    *(
        Holds(
            f"what {what} keeps is a question of how long, not of room alone",
            snapshot(
                store(image, name=name),
                claim(f"data-{name}-0"),
                storage_class(),
                shop(env={"STORE": f"{name}:9200"}),
                logs=[log(f"{name}-0", *[FULL] * 8, since=SINCE)],
                figures=[volume(name=f"data-{name}-0"), errors("shop", 0.5, since=SINCE)],
            ),
            (f"StatefulSet/{name}", "resource_exhaustion", "page_human"),
            harmful=("scale_database", "restart_workload"),
        )
        for what, name, image in (
            ("a broker", "kafka", "apache/kafka:3.7"),
            ("a search store", "search", "docker.elastic.co/elasticsearch/elasticsearch:8.15"),
            ("a cache", "redis", "redis:7"),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it has room",
        world(lines=[], grown=[volume(0.5, 0.502), data()]),
        harmful=("scale_database",),
    ),
]
