"""One bucket or database has all the room that it may have: its store says so, and no release of a writer helps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CART, OLD, SHOP, errors, logs
from tests.diagnosis.rules.tiny import Obj, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

MINIO = "ERROR minio.error.S3Error: S3 operation failed; code: XMinioAdminBucketQuotaExceeded, message: Bucket quota"
MINIO += " exceeded, bucket_name: scans"
PHP = "<Error><Code>XMinioAdminBucketQuotaExceeded</Code><Message>Bucket quota exceeded</Message></Error>"
CEPH = (
    "ERROR botocore: An error occurred (QuotaExceeded) when calling the PutObject operation: http://weed:8333/scans/7"
)
ATLAS = "ERROR MongoServerError: you are over your space quota, using 514 MB of 512 MB"
CALLS = "ERROR googleapi: Error 429: Quota exceeded for quota metric 'Read requests' per minute"
STORE = "StatefulSet/minio"


def store(name: str = "minio", image: str = "quay.io/minio/minio:2025", port: int = 9000) -> list[Obj]:
    return workload(name, image, kind="StatefulSet", pods=1, port=port)


def world(
    *lines: str, of: list[Obj] | None = None, second: str = "", beside: Sequence[Any] = (), **more: Any
) -> Snapshot:
    """Return a shop, and perhaps a cart, whose writes a store refuses."""
    told = [*(each for line in lines for each in logs("shop", line))]
    told += logs("cart", second) if second else []
    figures = [errors("shop", 0.4, 600), *([errors("cart", 0.4, 600)] if second else [])]
    objects = [store() if of is None else of, workload("shop", **more), workload("cart"), *beside]
    return snapshot(*objects, logs=told, figures=figures)


def asked(at: str = STORE) -> tuple[str, str, str]:
    return (at, "resource_exhaustion", "page_human")


HARM = ("restart_workload", "scale_workload", "scale_database", "rollback_workload")
HOLDS = [
    *(
        Holds(what, seen, asked(at), harmful=HARM)
        for what, at, seen in (
            ("a bucket of MinIO, and nobody says where it is", STORE, world(MINIO)),
            ("told within XML, beside a database", STORE, world(PHP, beside=[postgres()])),
            (
                "another one, by its host",
                "StatefulSet/weed",
                world(CEPH, of=store("weed", "chrislusf/seaweedfs:3", 8333)),
            ),
            (
                "a database",
                "StatefulSet/mongo",
                world(ATLAS, of=store("mongo", "mongo:7", 27017), env={"MONGO_URL": "mongodb://mongo:27017/a"}),
            ),
        )
    ),
    Holds(
        "one of two who are refused was released of late",
        world(MINIO, second=PHP, before=OLD, released=1200),
        asked(),
        excludes=(*no("rollback_workload", at=SHOP), *no("rollback_workload", "restart_workload", at=CART)),
        harmful=HARM,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("so many calls, and not so much room", world(CALLS), harmful=("rollback_workload",)),
    DoesNotHold("a report tells what a bucket may have", world("INFO Bucket `scans` has hard quota of 500 GiB")),
    DoesNotHold("none of the namespace keeps it", world(CEPH.replace("weed:8333", "s3.cloud.example"), of=[])),
]
