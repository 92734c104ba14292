"""Storage clusters that take no more writes, and those that only warn, are well again, or have nobody's volumes."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.runs import cron_job
from tests.diagnosis.rules.scenes import CACHE, DB, SHOP, URL, alert, errors, logs, shop
from tests.diagnosis.rules.tiny import Obj, at, container, figure, postgres, redis, secret_key, snapshot, thing, timed
from tuheg_ir.diagnosis.model import Log, Snapshot

RBD, FILES, EBS = "rook-ceph.rbd.csi.ceph.com", "rook-ceph.cephfs.csi.ceph.com", "ebs.csi.aws.com"
KEPT = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}
POOL = "sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow 0 reached, connection timed out, timeout 30.00"
MON = "rook-ceph-mon-a-7d9f6b5c4d-x2v6k"
FULL = "debug log_channel(cluster) log [ERR] : Health check failed: 1 full osd(s) (OSD_FULL)"
CLEARED = "debug log_channel(cluster) log [INF] : Health check cleared: OSD_FULL (was: 1 full osd(s))"
AWAY = (
    "mon.a (mon.0) 41 : cluster [WRN] Health check failed: Reduced data availability: 9 pgs inactive (PG_AVAILABILITY)"
)
NEAR = "debug log_channel(cluster) log [WRN] : Health check failed: 1 nearfull osd(s) (OSD_NEARFULL)"


def cluster(changed: float = 620, **details: str) -> Obj:
    """Return a cluster of Rook with the messages of its failing checks."""
    checks = {code: {"severity": "HEALTH_ERR", "message": message} for code, message in details.items()}
    health = "HEALTH_ERR" if checks else "HEALTH_OK"
    return thing(
        "CephCluster", "rook", status={"ceph": {"health": health, "details": checks, "lastChanged": at(changed)}}
    )


def claim(driver: str = RBD, klass: str = "fast") -> list[Obj]:
    """Return a claim whose driver a note tells, or, without one, the name of its class alone."""
    made = thing("PersistentVolumeClaim", "data", spec={"storageClassName": klass})
    if driver:
        made["metadata"]["annotations"] = {"volume.kubernetes.io/storage-provisioner": driver}
    return [made]


def dump() -> Obj:
    """Return a CronJob that dumps a database with the image of its server."""
    made = cron_job(well=1440)
    made["spec"]["jobTemplate"]["spec"]["template"] = {"spec": {"containers": [container("dump", "postgres:16")]}}
    return made


def world(
    *told: Obj, of: list[Obj] | None = None, kept: list[Obj] | None = None, since: float = 580, **more: Any
) -> Snapshot:
    """Return a shop whose users meet errors, with the pool of it used up, and a database on a claim."""
    heard: list[Log] = more.pop("heard", [])
    figures = [*more.pop("figures", []), errors("shop", since=since, now=more.pop("share", 0.4))]
    store = postgres(spec=KEPT) if of is None else of
    objects: tuple[Obj | list[Obj], ...] = (*told, shop(env=URL), store, claim() if kept is None else kept)
    return snapshot(*objects, figures=figures, logs=[*logs("shop", POOL), *heard], **more)


STATED = cluster(OSD_FULL="1 full osd(s)", POOL_FULL="3 pool(s) full", PG_DEGRADED="14 pgs degraded")
ACTS = ("restart_workload", "rollback_workload", "scale_workload", "restart_connection_pool")
ROOK, CLASS = "CephCluster/rook", "StorageClass/fast"
HOLDS = [
    Holds(
        "its status tells it",
        world(STATED),
        (ROOK, "resource_exhaustion", "page_human"),
        excludes=(*no(*ACTS, at=DB), *no(*ACTS, at=SHOP)),
        harmful=ACTS,
        alone=True,
    ),
    Holds(
        "its monitor alone was heard",
        world(heard=[timed(MON, (5000, NEAR), (610, FULL))]),
        (CLASS, "resource_exhaustion", "page_human"),
        harmful=ACTS,
        alone=True,
        began=610,
    ),
    Holds(
        "it stands outside: its exporter alone tells it",
        world(figures=[figure("storage_check", 0, 1, 600, component="POOL_FULL")]),
        (CLASS, "resource_exhaustion", "page_human"),
        harmful=ACTS,
    ),
    Holds(
        "its alert alone tells it, and the class has its name",
        world(kept=claim("", "ceph-block"), alerts=[alert("CephOSDFull", namespace="rook-ceph")]),
        ("StorageClass/ceph-block", "resource_exhaustion", "page_human"),
        harmful=ACTS,
    ),
    Holds(
        "a Secret keeps where the database is, and a run of a dump has the same image as it",
        snapshot(
            *(STATED, shop(env={"DATABASE_URL": secret_key("db", "dsn")}), postgres(spec=KEPT), claim(), dump()),
            logs=logs("shop", POOL),
            figures=[errors("shop", since=580)],
        ),
        (ROOK, "resource_exhaustion", "page_human"),
        excludes=no(*ACTS, at=SHOP),
        harmful=ACTS,
        alone=True,
    ),
    Holds(
        "another check of it fails for a day: its log tells since when it is full",
        world(cluster(86400, OSD_FULL="1 full osd(s)", PG_DAMAGED="1 pg"), heard=[timed(MON, (610, FULL))]),
        (ROOK, "resource_exhaustion", "page_human"),
        began=610,
    ),
    Holds(
        "placement groups are away",
        world(heard=[timed(MON, (610, AWAY))]),
        (CLASS, "dependency_failure", "page_human"),
        harmful=ACTS,
    ),
    Holds(
        "a cache of files hangs, whose metadata nobody serves",
        snapshot(
            cluster(MDS_ALL_DOWN="1 filesystem is offline"),
            *(redis(spec=KEPT), claim(FILES), shop(env={"REDIS_URL": "redis://redis:6379"})),
            figures=[errors("shop", since=580)],
        ),
        (ROOK, "dependency_failure", "page_human"),
        excludes=no(*ACTS, at=CACHE),
        harmful=ACTS,
    ),
    Holds(
        "it was well again, and is full anew",
        world(heard=[timed(MON, (3000, FULL), (2400, CLEARED), (610, FULL))]),
        (CLASS, "resource_exhaustion", "page_human"),
        began=610,
    ),
]
SYMPTOM = (SHOP, "unknown", "page_human")
DOES_NOT_HOLD = [
    DoesNotHold("it only warns", world(cluster(OSD_NEARFULL="1 nearfull osd(s)")), SYMPTOM),
    DoesNotHold("data are damaged somewhere", world(cluster(OSD_SCRUB_ERRORS="2 scrub errors")), SYMPTOM),
    DoesNotHold("groups only change places", world(cluster(PG_AVAILABILITY="Reduced: 3 pgs peering")), SYMPTOM),
    DoesNotHold("a flag keeps data where they are", world(cluster(OSDMAP_FLAGS="noout flag(s) set")), SYMPTOM),
    DoesNotHold("it is well again by its log", world(heard=[timed(MON, (3000, FULL), (2000, CLEARED))]), SYMPTOM),
    DoesNotHold("its status tells that it is well since", world(cluster(), heard=[timed(MON, (610, FULL))]), SYMPTOM),
    DoesNotHold("the volumes are of another storage", world(STATED, kept=claim(EBS)), SYMPTOM),
    DoesNotHold("it is full for a day, and nobody minded", world(cluster(86400, OSD_FULL="1 full osd(s)")), SYMPTOM),
    DoesNotHold("nobody has a volume", world(STATED, of=postgres(), kept=[]), SYMPTOM),
    DoesNotHold("users suffered long before", world(STATED, since=2400), SYMPTOM),
    DoesNotHold(
        "it tells of files that are offline, and the volumes are blocks",
        world(cluster(MDS_ALL_DOWN="1 filesystem is offline")),
        SYMPTOM,
    ),
    DoesNotHold(
        "nobody suffers", snapshot(STATED, shop(env=URL), postgres(spec=KEPT), claim(), figures=[errors("shop", 0.001)])
    ),
]
