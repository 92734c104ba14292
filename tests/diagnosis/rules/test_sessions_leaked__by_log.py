"""Nobody counts sessions by client: the database's own log, or that of a program, tells who opens ever more of them."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, OLD, REFUSED, SHOP, URL, logs, rate, shop
from tests.diagnosis.rules.tiny import figure, log, pod, postgres, redis, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

API = "Deployment/api"
NO_SLOT = "FATAL: sorry, too many clients already (postgres:5432)"
LEAK = (API, "code_defect", "rollback_workload")
LYING = (API, "database_connection", "restart_connection_pool")
NOTHING = ("rollback_workload", "restart_connection_pool")
ADDRESS = f"10.1.{sum(map(ord, 'api')) % 250}.1"
GREW = figure("replicas_wanted", 1, 2, 2400, component="api")
LARGER: dict[str, Any] = {"env": {**URL, "DB_POOL_SIZE": "60"}, "before": {"env": {**URL, "DB_POOL_SIZE": "10"}}}
Told = tuple[float, str]


def came(client: str, count: int, first: float = 2400, last: float = 300, start: int = 1000) -> list[Told]:
    """Return how a database tells of sessions that came at even times."""
    step = (first - last) / max(1, count)
    name = f"user={client} database=shop application_name={client}"
    return [
        (first - n * step, f"[{start + n}] {client}@shop LOG:  connection authorized: {name}") for n in range(count)
    ]


def received(host: str, user: str, count: int, first: float = 2400, last: float = 300) -> list[Told]:
    """Return the same where addresses alone tell who came."""
    step = (first - last) / count
    return [
        told
        for n in range(count)
        for told in (
            (first - n * step, f"[{3000 + n}] LOG:  connection received: host={host} port={40000 + n}"),
            (first - n * step, f"[{3000 + n}] {user}@shop LOG:  connection authorized: user={user} database=shop"),
        )
    ]


def gone(client: str, count: int, first: float = 2300, start: int = 9000) -> list[Told]:
    """Return how a database tells of sessions that ended."""
    told = f"LOG:  disconnection: session time: 0:20:11.301 user={client} database=shop host=10.9.9.9 port=5255"
    return [(first - 100 * n, f"[{start + n}] {client}@shop {told}") for n in range(count)]


def locked(age: float) -> Log:
    waits = "LOG:  process 71 still waiting for ShareLock on transaction 88 after 1000.5 ms"
    return log("postgres-0", *[f"[71] cart@shop {waits}"] * 9, since=age, of="walls")


def seen(
    *told: list[Told], more: Any = (), said: Any = (), figures: Any = (), limit: int = 100, **release: Any
) -> Snapshot:
    """Return a database that refuses sessions for four minutes, and what its log tells; the api is of an hour ago."""
    lines = sorted((line for each in told for line in each), key=lambda line: -line[0])
    return snapshot(
        shop(env=URL, before=OLD, released=1500),
        workload("api", **{"env": URL, "before": IMAGE, "released": 2460, **release}),
        postgres(args=["-c", f"max_connections={limit}"]),
        *more,
        logs=[REFUSED, *logs("api", NO_SLOT, times=5), timed("postgres-0", *lines), *said],
        figures=figures,
    )


THEIRS = gone("shop", 8)
MAKES = '{"level":20,"addr":"redis:6379","msg":"redis connecting"}'
REDIS = {"REDIS_URL": "redis://redis:6379/0"}
NO_CLIENT = "redis:6379: ERR max number of clients reached"


def makes(
    line: str = MAKES, *, times: int = 60, of: tuple[str, ...] = ("api",), also: tuple[Told, ...] = (), **release: Any
) -> Snapshot:
    """Return a cache that has no room for four minutes, and programs that make clients of it all the time."""
    steps = [(2400 - n * 2100 / times, line) for n in range(times)]
    refused = [(230.0 - n, NO_CLIENT) for n in range(9)]
    return snapshot(
        shop(env=REDIS, before=OLD, released=1500),
        workload("api", **{"env": REDIS, "before": IMAGE, "released": 2460, **release}),
        redis(),
        logs=[
            timed(pod(name), *sorted([*(steps if name in of else []), *also, *refused], reverse=True))
            for name in ("shop", "api")
        ],
    )


HOLDS = [
    *(
        Holds(
            f"the database's log tells who opens sessions since its release and closes none: {what}",
            world,
            LEAK,
            excludes=(*no("scale_workload", at=API), *no("rollback_workload", "restart_workload", at=SHOP)),
            harmful=("scale_database", "scale_workload"),
            alone=True,
        )
        for what, world in (
            ("by its own name", seen(came("api", 50), THEIRS)),
            ("others come too, and go", seen(came("api", 50), came("shop", 9, start=5000), THEIRS)),
            ("by the address of its pod alone", seen(received(ADDRESS, "app", 50), THEIRS)),
            ("by its user alone", seen(received("10.9.9.9", "api", 50), THEIRS, env={"DB_HOST": "postgres"})),
            ("one of many was closed", seen(came("api", 50), gone("api", 1), THEIRS)),
            ("nobody tells how many there may be", seen(came("api", 50), THEIRS, limit=0)),
        )
    ),
    Holds(
        "the database's log tells who opens sessions and closes none, and it is as old as ever",
        seen(came("api", 50), THEIRS, before=None, released=90000),
        LYING,
        harmful=("rollback_workload", "scale_database"),
    ),
    *(
        Holds(
            f"a program's log makes clients of a full cache since its release: {what}",
            world,
            LEAK,
            harmful=("scale_database", "scale_workload"),
        )
        for what, world in (
            ("in a line of a program of Node", makes()),
            ("in a line of a program of Python", makes("INFO Connected to redis at redis:6379 db=0")),
            ("by a library of Java", makes("INFO o.r.Version : Redisson 3.27.2")),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"the database's log tells who came, and {what}", world, harmful=NOTHING)
        for what, world in (
            ("not who goes", seen(came("api", 50))),
            ("who came most went as often", seen(came("api", 50), gone("api", 40), THEIRS)),
            ("they came at once", seen(came("api", 50, 400, 300), THEIRS)),
            ("most came as its pods started", seen(came("api", 45, 2400, 2300), came("api", 5, start=7000), THEIRS)),
            ("two did", seen(came("api", 40), came("shop", 35, start=5000), THEIRS)),
            ("they are few", seen(came("api", 20), THEIRS)),
            ("they are few of all", seen(came("api", 50), THEIRS, limit=500)),
            ("it was released amid that", seen(came("api", 50), THEIRS, released=1200)),
            (
                "it has more replicas",
                seen(came("api", 50), THEIRS, figures=[GREW]),
            ),
            (
                "it gets more requests",
                seen(came("api", 50), THEIRS, figures=[rate("api", 20, 90, 2400)]),
            ),
            ("a lock kept them", seen(came("api", 50), THEIRS, said=[locked(1500)])),
            ("it is nobody's that is known", seen(came("psql", 50), THEIRS)),
            (
                "its release made its pool larger",
                seen(came("api", 50), THEIRS, **LARGER),
            ),
        )
    ),
    *(
        DoesNotHold(f"a cache is full, and {what}", world, harmful=NOTHING)
        for what, world in (
            ("a program tells a few times that it has connected", makes(times=12)),
            ("two programs make clients of it", makes(of=("api", "shop"))),
            ("the one that makes clients is as old as ever", makes(before=None, released=90000)),
            (
                "the one that makes clients closes them",
                makes(also=tuple((2399.0 - 35 * n, "redis disconnected redis:6379") for n in range(60))),
            ),
        )
    ),
]
