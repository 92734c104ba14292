"""Who is let in and may not do one thing has the right password: who keeps the rights is named, if he was edited."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold
from tests.diagnosis.rules.credentials import secret
from tests.diagnosis.rules.scenes import alert
from tests.diagnosis.rules.tiny import Obj, pod, secret_key, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

PASSED: dict[str, Any] = {"DB_PASSWORD": secret_key("shop-db")}
RABBIT = (
    "ERROR AlreadyClosedException: initiated by Peer, code=403, text='ACCESS_REFUSED - write access to exchange 'paid' "
    "in vhost 'shop' refused for user 'shop'', classId=60"
)
OLDER = "ERROR amqp: Exception (403) ACCESS_REFUSED - access to queue 'paid' in vhost '/' refused for user 'shop'"
NATS = 'ERROR nats: Permissions Violation for Publish to "paid.7"'
TABLE = "ERROR psycopg.errors.InsufficientPrivilege: permission denied for table paid"
MYSQL = "ERROR 1044 (42000): Access denied for user 'shop'@'10.1.0.4' to database 'paid'"
REDIS = "ERROR NOPERM User shop has no permissions to run the 'xadd' command"


def store(image: str, port: int, **more: Any) -> list[Obj]:
    reads = {"volumes": [{"name": "d", "configMap": {"name": "rights"}}]}
    return workload("store", image, kind="StatefulSet", pods=1, port=port, spec=reads, **more)


def world(line: str, image: str, port: int, *, edited: float | None = 700) -> Snapshot:
    """Return a shop that is let in and refused one thing since the rights of its store were edited."""
    told = timed(pod("shop"), (5000, "INFO listening"), *((age, line) for age in range(600, 10, -15)))
    rights = thing("ConfigMap", "rights", written=edited, data={"definitions": "sha256:0123456789abcdef"})
    env = {**PASSED, "STORE_URL": f"tcp://store:{port}"}
    objects: list[Any] = [store(image, port), workload("shop", env=env), rights, secret(30 * 86400)]
    return snapshot(*objects, logs=[told], alerts=[alert("OrdersFailing", service="shop")])


RIGHTS = ("ConfigMap/rights", "configuration_error", "page_human")
HOLDS: list[Any] = []
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"its rights were edited: {line[:70]}",
            world(line, image, port),
            RIGHTS,
            harmful=("restart_workload", "rollback_workload"),
        )
        for line, image, port in (
            (RABBIT, "rabbitmq:4", 5672),
            (OLDER, "rabbitmq:3.12", 5672),
            (NATS, "nats:2.10", 4222),
            (TABLE, "postgres:16", 5432),
            (MYSQL, "mysql:8", 3306),
            (REDIS, "redis:7", 6379),
        )
    ),
    *(
        DoesNotHold(
            f"nobody knows who keeps its rights: {line[:70]}",
            world(line, image, port, edited=None),
            (),
            harmful=("restart_workload", "rollback_workload"),
        )
        for line, image, port in ((RABBIT, "rabbitmq:4", 5672), (MYSQL, "mysql:8", 3306))
    ),
]
