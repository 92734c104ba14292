"""A store without room on its volume is a person's to enlarge; a restart would not come up again."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import looping, pods_of, put
from tests.diagnosis.rules.scenes import DB, SHOP, URL, errors, logs, shop
from tests.diagnosis.rules.tiny import event, figure, log, postgres, redis, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

LINES = (
    'PANIC:  could not write to file "pg_wal/xlogtemp.31": No space left on device',
    'ERROR:  could not extend file "base/16384/24601": No space left on device',
    "[ERROR] [MY-010584] Disk is full writing './binlog.000042' (OS errno 28 - No space left on device)",
)
BLOCKED = "ApiError(429, 'cluster_block_exception: blocked by: disk usage exceeded flood-stage watermark')"
FLOOD = (
    "OpenSearchStatusException[OpenSearch exception [type=cluster_block_exception, "
    "reason=index [a] blocked by: [FORBIDDEN/12/index read-only / allow delete (api)];]]"
)
CLAIM: dict[str, Any] = {"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data-postgres-0"}}]}

NO_SPACE = "Insufficient disk space detected in a pod. PostgreSQL cannot proceed until the PVC group is enlarged"
UNPACKED = "Failed to pull image: write /var/lib/containerd/tmp/41: no space left on device"


def of_an_operator(about: str, message: str) -> Snapshot:
    """Return a database whose pods an operator makes, one of which is down, and an event."""
    made = workload("pg", "ghcr.io/cloudnative-pg/postgresql:16", kind="Cluster", pods=2, ready=1, port=5432)
    kept = [each for each in made if each["kind"] in ("Pod", "Service")]
    put(pods_of(kept)[0], looping(), unready=900)
    return snapshot(
        kept,
        shop(env={"DB_HOST": "pg"}),
        event(about, "DiskSpace", message),
        figures=[errors("shop", 0.6)],
    )


HOLDS = [
    Holds(
        "its operator tells so of its own object, and nobody read logs or figures",
        of_an_operator("Cluster/pg", NO_SPACE),
        ("Cluster/pg", "resource_exhaustion", "page_human"),
        excludes=no("restart_workload", at="Cluster/pg"),
        harmful=("restart_workload",),
    ),
    *(
        Holds(
            f"the database says so: {line}",
            snapshot(shop(env=URL), postgres(), logs=[log("postgres-0", line)]),
            (DB, "resource_exhaustion", "page_human"),
            excludes=(*no("restart_workload", at=DB), *no("restart_workload", at=SHOP)),
        )
        for line in LINES
    ),
    Holds(
        "its volume shows it",
        snapshot(
            shop(env=URL),
            postgres(spec=CLAIM),
            figures=[figure("volume_used_share", 0.7, 0.99, persistentvolumeclaim="data-postgres-0")],
        ),
        (DB, "resource_exhaustion", "page_human"),
    ),
    Holds(
        "a search cluster past its watermark refuses writes",
        snapshot(
            shop(env={"SEARCH": "http://search:9200"}),
            workload("search", "docker.elastic.co/elasticsearch/elasticsearch:8.15", kind="StatefulSet", port=9200),
            logs=logs("shop", BLOCKED, times=1),
        ),
        ("StatefulSet/search", "resource_exhaustion", "page_human"),
    ),
    Holds(
        "a search cluster made its indices read-only",
        snapshot(
            workload("opensearch", "opensearchproject/opensearch:2", kind="StatefulSet", pods=1, port=9200),
            workload("find", env={"OS_URL": "https://opensearch:9200"}),
            figures=[errors("find", 0.6)],
            logs=logs("find", FLOOD),
        ),
        ("StatefulSet/opensearch", "resource_exhaustion", "page_human"),
        harmful=("restart_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a cache cannot save itself, as it has no memory to fork",
        snapshot(
            redis(),
            shop(env={"REDIS_URL": "redis://redis:6379"}),
            logs=[
                *logs("shop", "MISCONF Redis is configured to save RDB snapshots, but it's unable to persist to disk"),
                log("redis-0", "# Can't save in background: fork: Cannot allocate memory"),
            ],
        ),
    ),
    *(
        DoesNotHold(f"an event tells {what}", of_an_operator(about, message))
        for what, about, message in (
            ("of a pod that its node has no room", "Pod/pg-0", UNPACKED),
            ("of it that there is room", "Cluster/pg", "Volume was enlarged, 31 % of the disk space is used"),
        )
    ),
    DoesNotHold(
        "the volume is another's",
        snapshot(
            shop(env=URL),
            postgres(),
            figures=[figure("volume_used_share", 0.7, 0.99, persistentvolumeclaim="uploads")],
        ),
    ),
]
