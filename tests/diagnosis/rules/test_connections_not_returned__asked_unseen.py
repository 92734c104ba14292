"""A pool that is all taken, of who may ask somebody whom nobody sees: in files that a Secret keeps, or over a queue."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import SHOP, latency
from tests.diagnosis.rules.test_connections_not_returned import booked
from tests.diagnosis.rules.test_connections_not_returned__by_itself import HIDDEN, PATIENCE, held
from tests.diagnosis.rules.tiny import Obj, figure, postgres, redis, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

AMQP, REDIS = {"AMQP_URL": "amqp://rabbitmq:5672"}, {"REDIS_URL": "redis://redis:6379/0"}
PRICING, DAWDLES = workload("pricing"), latency("pricing", 0.2, 25)
WAITS_ONLY = {"DB_POOL_TIMEOUT": "30"}
NAMED = figure("db_connections_by_client", 20, 20, component="postgres", client="shop")
IN_FILES: dict[str, Any] = {
    "spec": {"volumes": [{"name": "kept", "secret": {"secretName": "kept"}}]},
    "volumeMounts": [{"name": "kept", "mountPath": "/etc/shop"}],
}
PROJECTED = IN_FILES | {
    "spec": {"volumes": [{"name": "kept", "projected": {"sources": [{"secret": {"name": "kept"}}]}}]}
}


def kept(*files: str) -> list[Obj]:
    """Return the Secret that the shop has in its files, if anybody could read it."""
    return [thing("Secret", "kept", data=dict.fromkeys(files, ""))] if files else []


def mounts(*files: str, env: Any = PATIENCE) -> Snapshot:
    """Return a shop whose connections idle in transactions, and which has a Secret in its files."""
    return held(postgres(), PRICING, kept(*files), env=env, figures=[DAWDLES], **IN_FILES)


def booked_and_mounts(*files: str, **made: Any) -> Snapshot:
    """Return a shop whose connections are all taken and unused, and which has a Secret in its files."""
    return booked(postgres(), PRICING, kept(*files), **(IN_FILES | made))


def over_broker(**worker: Any) -> Snapshot:
    """Return a shop whose connections idle in transactions, and which asks a worker by way of a broker."""
    broker = workload("rabbitmq", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672)
    reads = workload("pricer", env={**AMQP, "QUEUE": "quotes"}, service=False, **worker)
    return held(postgres(), broker, reads, env={**PATIENCE, **AMQP})


def over_cache(*figures: Any, **worker: Any) -> Snapshot:
    """Return the same shop that asks a worker by way of a list in a cache."""
    reads = workload("pricer", env={**REDIS, "QUEUE": "quotes"}, service=False, **worker)
    return held(postgres(), redis(), reads, env={**PATIENCE, **REDIS}, figures=figures)


GROWS = figure("queue_depth", 2, 4000, 700, component="quotes")
ROLLED_BACK = (SHOP, "code_defect", "rollback_workload")
HOLDS = [
    *(
        Holds(
            f"its connections wait for the pool they are of: {what}", world, (SHOP, "code_defect", "rollback_workload")
        )
        for what, world in (
            ("a Secret in its files has certificates alone", mounts("tls.crt", "tls.key", "ca.crt")),
            ("a Secret in its files has its password alone", mounts("username", "db-password")),
            ("who reads a queue in its cache is well", over_cache()),
        )
    ),
    Holds(
        "its pools are all taken, its database idles, and a Secret in its files has certificates alone",
        booked_and_mounts("ca.crt"),
        (SHOP, "database_connection", "restart_connection_pool"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"all its sessions idle in transactions, and {what}", world, (), harmful=("rollback_workload",))
        for what, world in (
            ("a Secret in its files keeps whom it asks", mounts(env=WAITS_ONLY)),
            ("a Secret in its files may keep whom else it asks", mounts()),
            ("a Secret has its settings in a file", mounts("application.yml", "ca.crt")),
            ("a Secret has its database, and one in its files may keep others", mounts(env=HIDDEN)),
            ("nothing tells whom it asks", held(postgres(), PRICING, env=WAITS_ONLY, figures=[DAWDLES])),
            (
                "figures alone tell of the database that it asks",
                held(postgres(), PRICING, env=WAITS_ONLY, figures=[DAWDLES, NAMED]),
            ),
            ("it may await an answer over a broker", over_broker()),
            ("it may await an answer over a broker, of one without a pod that is ready", over_broker(ready=0)),
            ("it may await an answer over its cache, of one without a pod that is ready", over_cache(ready=0)),
            ("it may await an answer over its cache, where a queue grows", over_cache(GROWS)),
        )
    ),
    *(
        DoesNotHold(f"its pools are all taken, and {what}", world, (), harmful=("restart_connection_pool",))
        for what, world in (
            ("a Secret in its files keeps whom it asks", booked_and_mounts(env={})),
            ("a Secret in its files may keep whom else it asks", booked_and_mounts()),
            ("a Secret among others in its files may keep whom else it asks", booked_and_mounts(**PROJECTED)),
            ("nothing tells whom it asks", booked(postgres(), PRICING, env={})),
        )
    ),
]
