"""A volume that fills as the log cannot be archived is for a person, as is the archive that refuses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import again, looping, pods_of, put
from tests.diagnosis.rules.scenes import DB, SHOP, URL, errors, logs, shop
from tests.diagnosis.rules.tiny import NOW, Obj, at, figure, log, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Alert, Log, Series, Snapshot

FAILED = 'WARNING:  archiving write-ahead log file "0000000400000AF3" failed too many times, will try again later'
DENIED = "ERROR: failed to upload 'wal_005/00000004.br' to bucket 'wal': api error AccessDenied: explicit deny"
TIERED = "ERROR Error occurred while copying log segments of partition: orders-3 (RemoteLogManager$RLMTask)"
CLAIM = "data-postgres-0"


def keeping(name: str = "postgres", image: str = "postgres:16", **more: Any) -> list[Obj]:
    """Return a data service with a volume for each pod."""
    made = workload(name, image, kind="StatefulSet", **{"pods": 1, "port": 5432, **more})
    made[0]["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "data"}}]
    return made


def used(share: float, claim: str = CLAIM) -> tuple[str, Series]:
    return figure("volume_used_share", share - 0.04, share, persistentvolumeclaim=claim)


def told(name: str, **labels: str) -> Alert:
    return Alert(name, labels, {}, "firing", NOW - timedelta(minutes=10))


HOLDS = [
    Holds(
        "PostgreSQL keeps all WAL as its bucket denies uploads",
        snapshot(
            keeping(),
            shop(env=URL),
            figures=[used(0.94), errors("shop", 0.001)],
            logs=[log("postgres-0", *[DENIED, FAILED] * 9)],
            alerts=[told("KubePersistentVolumeFillingUp", persistentvolumeclaim=CLAIM)],
        ),
        (DB, "resource_exhaustion", "page_human"),
        excludes=(*no("restart_workload", "rollback_workload", at=DB), *no("restart_workload", at=SHOP)),
        alone=True,
        sure=(0.8, 1.0),
    ),
    Holds(
        "Kafka cannot copy its segments into the bucket, and no figures are known",
        snapshot(
            keeping("kafka", "apache/kafka:3.9.0", pods=3, port=9092),
            logs=[log("kafka-1", *[TIERED] * 9)],
            alerts=[told("KubePersistentVolumeFillingUp", persistentvolumeclaim="data-kafka-1")],
        ),
        ("StatefulSet/kafka", "resource_exhaustion", "page_human"),
        excludes=no("restart_workload", "scale_workload", at="StatefulSet/kafka"),
    ),
    Holds(
        "there is room yet, and an alert tells of the archive",
        snapshot(
            keeping(),
            figures=[figure("volume_used_share", 0.3, 0.3, persistentvolumeclaim=CLAIM)],
            logs=[log("postgres-0", *[DENIED, FAILED] * 9)],
            alerts=[told("PostgresArchivingFails", statefulset="postgres")],
        ),
        (DB, "configuration_error", "page_human"),
    ),
]
REFUSED = "ERROR: Barman cloud WAL archiver exception: An error occurred (InvalidAccessKeyId) when calling PutObject"
COMMAND = "LOG:  archive command failed with exit code 1"
NO_ROOM = 'PANIC:  could not write to file "pg_wal/xlogtemp.31": No space left on device'


def ended(*told: str, up: bool = False, age: float = 1800, **more: Any) -> Snapshot:
    """Return a database of two servers whose volume is full; one ended, and what it told before that."""
    made = keeping(pods=2, ready=2 if up else 1)
    put(pods_of(made)[0], again("Error", 1, age=1800) if up else looping(restarts=9), unready=None if up else 1700)
    return snapshot(
        made,
        shop(env=URL),
        figures=[used(0.999), errors("shop", 0.6)],
        logs=[Log("postgres-0", "postgres", tuple(f"{at(age)} {line}" for line in told), previous=True)],
        **more,
    )


HOLDS += [
    Holds(
        "it ended as its volume was full, and what it told of the archive before that is in the log of its last life",
        ended(*[REFUSED, COMMAND] * 9, NO_ROOM),
        (DB, "resource_exhaustion", "page_human"),
        excludes=(*no("restart_workload", "rollback_workload", at=DB), *no("restart_workload", at=SHOP)),
        alone=True,
        harmful=("restart_workload", "rollback_workload"),
        sure=(0.85, 1.0),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the archive failed before its last start, and it is up since",
        ended(*[REFUSED, COMMAND] * 9, up=True),
        (DB, "resource_exhaustion", "page_human"),
    ),
    DoesNotHold(
        "it is down, and was refused by the archive in a life of the day before",
        ended(*[REFUSED, COMMAND] * 9, age=90000),
        (DB, "resource_exhaustion", "page_human"),
    ),
    DoesNotHold(
        "the archive failed once and there is room",
        snapshot(
            keeping(),
            figures=[figure("volume_used_share", 0.3, 0.3, persistentvolumeclaim=CLAIM), errors("postgres", 0.0)],
            logs=[log("postgres-0", FAILED)],
        ),
    ),
    DoesNotHold(
        "the volume fills, and the archive takes the log",
        snapshot(
            keeping(),
            figures=[used(0.94)],
            logs=[log("postgres-0", *["LOG:  archived write-ahead log file 0000000400000AF3"] * 9)],
            alerts=[told("KubePersistentVolumeFillingUp", persistentvolumeclaim=CLAIM)],
        ),
    ),
    DoesNotHold(
        "a service that is no store tells of its journal",
        snapshot(
            shop(env=URL),
            postgres(),
            logs=logs("shop", "failed to upload journal of today", times=9),
            alerts=[told("JournalIsLate", service="shop")],
        ),
    ),
]
