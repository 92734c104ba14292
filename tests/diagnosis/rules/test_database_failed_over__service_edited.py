"""A Service of a store whose selector was edited leads to servers that only read: it is named, and nobody restarted.

Where a server was made another one, or the client was sent there otherwise, the Service is as it was meant to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import Obj, at, log, pod, service_for, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

READONLY = "redis.exceptions.ReadOnlyError: READONLY You can't write against a read only replica."
IN_SQL = "ERROR: cannot execute INSERT in a read-only transaction"
NO_WRITER = "MongoServerError: not primary"
MASTER = "1:M * MASTER MODE enabled (user request from 'id=31 addr=10.42.7.15:39008')"
ROLES = ({"role": "primary"}, {"role": "replica"})
EDITED = 900.0
SERVICE = ("Service/redis", "configuration_error", "page_human")
ONLY_READER = {"app": "redis", "role": "replica"}
HARM = ("restart_workload", "restart_connection_pool", "rollback_workload", "scale_workload")


def store(name: str, image: str, port: int, marks: Sequence[Mapping[str, str]], **more: Any) -> list[Obj]:
    """Return a store of as many servers as there are marks, without a Service."""
    made = workload(name, image, **{"kind": "StatefulSet", "pods": len(marks), "port": port, "service": False, **more})
    for each, labels in zip((each for each in made if each["kind"] == "Pod"), marks, strict=True):
        each["metadata"]["labels"] = {**each["metadata"]["labels"], **labels}
    return made


def edited(
    name: str,
    selector: Mapping[str, str] | None = None,
    *,
    ago: float = EDITED,
    what: Mapping[str, Any] | None = None,
    port: int = 6379,
) -> Obj:
    """Return a Service of which somebody wrote the selector, or something else, by hand."""
    made = service_for(name, selector=selector, port=port, written=ago)
    made["metadata"]["managedFields"][0]["fieldsV1"] = {"f:spec": what or {"f:selector": {}}}
    return made


def of_redis(
    *more: Any,
    service: Obj | None = None,
    marks: Sequence[Mapping[str, str]] = ROLES,
    since: float = 800,
    told: Sequence[Log] = (),
    host: str = "redis",
    **made: Any,
) -> Snapshot:
    """Return a shop that a server of its cache refuses since then."""
    return snapshot(
        shop(env={"REDIS_HOST": host}, **made),
        store("redis", "redis:7", 6379, marks),
        service or edited("redis"),
        *more,
        figures=[errors("shop", 0.4, since=since)],
        logs=[*logs("shop", READONLY, 0, 1, since=since), *told],
    )


def of_postgres() -> Snapshot:
    """Return a shop whose Service selects the servers of two sets of a PostgreSQL since it was edited."""
    part = "app.kubernetes.io/component"
    servers = (
        *store("pg-primary", "postgres:16", 5432, [{"db": "town", part: "primary"}]),
        *store("pg-read", "postgres:16", 5432, [{"db": "town", part: "read"}] * 2),
    )
    return snapshot(
        shop(env={"DATABASE_URL": "postgres://app@pg:5432/town"}),
        servers,
        edited("pg", {"db": "town"}, port=5432),
        figures=[errors("shop", 0.5, since=850)],
        logs=logs("shop", IN_SQL, 0, 1, since=850),
    )


def of_mongo(service: Obj) -> Snapshot:
    return snapshot(
        shop(env={"MONGO_URL": "mongodb://mongo:27017/town?directConnection=true"}),
        store("mongo", "mongo:7", 27017, [{}] * 3),
        service,
        figures=[errors("shop", 0.6, since=700)],
        logs=logs("shop", NO_WRITER, 0, 1, since=700),
    )


LATE = workload("jobs", env={"REDIS_HOST": "redis"})
HOLDS = [
    *(
        Holds(
            f"the selector of a Service was edited, and writes are refused since: {what}",
            world,
            (f"Service/{name}", "configuration_error", "page_human"),
            excludes=(*no(*HARM, at=SHOP), *no("restart_workload", "scale_workload", at=store_ref)),
            harmful=HARM,
            alone=True,
            sure=sure,
        )
        for what, world, name, store_ref, sure in (
            ("it selects the replica too", of_redis(), "redis", "StatefulSet/redis", (0.75, 1.0)),
            (
                "it selects the replica alone",
                of_redis(service=edited("redis", ONLY_READER)),
                "redis",
                "StatefulSet/redis",
                (0.75, 1.0),
            ),
            ("it selects other sets that only read", of_postgres(), "pg", "StatefulSet/pg-read", (0.75, 1.0)),
            (
                "it selects all servers, of which no label tells any",
                of_mongo(edited("mongo", port=27017)),
                "mongo",
                "StatefulSet/mongo",
                (0.5, 0.79),
            ),
            (
                "a client that writes seldom is refused later",
                of_redis(LATE, told=[log(pod("jobs"), READONLY, of="jobs", since=100)]),
                "redis",
                "StatefulSet/redis",
                (0.75, 1.0),
            ),
        )
    ),
    *(
        Holds(
            f"a client keeps its sessions to a former primary, {what}",
            world,
            (SHOP, "database_connection", "restart_workload"),
            spares=no("restart_workload", at=SHOP),
        )
        for what, world in (
            ("and its Service selects all", of_redis(told=[log("redis-1", MASTER, since=850)])),
            ("and its Service selects the new one since", of_redis(service=edited("redis", {"role": "primary"}))),
            ("and its Service was edited long before", of_redis(service=edited("redis", ago=5 * 3600))),
            ("and its Service was edited when it was refused already", of_redis(since=1500)),
            (
                "and something else of its Service was edited",
                of_redis(service=edited("redis", what={"f:sessionAffinity": {}})),
            ),
            (
                "and its Service, of whose servers no label tells any, was written as a whole",
                of_mongo(service_for("mongo", port=27017, written=EDITED)),
            ),
            ("and all servers take writes by their labels", of_redis(marks=(ROLES[0],) * 2)),
            ("and no server takes writes by its label", of_redis(marks=(ROLES[1],) * 2)),
            (
                "and it asks another Service than the one that was edited",
                of_redis(service_for("redis-ro", selector=ONLY_READER, port=6379), host="redis-ro"),
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a Service selects its replicas since it was edited, and nobody's writes are refused",
        snapshot(
            shop(env={"REDIS_HOST": "redis"}),
            store("redis", "redis:7", 6379, ROLES),
            edited("redis"),
            logs=[Log(pod("shop"), "shop", tuple(f"{at(age)} INFO stored" for age in range(1200, 0, -60)))],
        ),
    ),
]
