"""Clients with sessions to the former primary are restarted; those that came after the failover are not.

Where a pooler keeps the sessions, it is the one to be restarted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of, younger
from tests.diagnosis.rules.scenes import API, IMAGE, SHOP, URL, WELL, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, event, log, pod, postgres, redis, service_for, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

LINES = (
    "ERROR: cannot execute INSERT in a read-only transaction",
    "ERROR 1290 (HY000): The MySQL server is running with the --read-only option so it cannot execute this",
    "org.postgresql.util.PSQLException: SQLSTATE 25006",
)
PHP = (
    "SQLSTATE[HY000]: General error: 1290 The MySQL server is running with the "
    "--super-read-only option so it cannot execute this statement"
)
ADDRESS = f"10.1.{sum(map(ord, 'proxysql')) % 250}.1"
POOLER = "Deployment/pgbouncer"
WRITER = "jdbc:mysql://app.cluster-c1.eu.rds.example:3306/app"
PROMOTED = "LOG:  received promote request"


def pooled(started: float = DAY, **of_pooler: Any) -> list[Obj]:
    """Return a shop that comes to its database by a pooler."""
    by = workload("pgbouncer", "bitnami/pgbouncer:1.23", port=6432, env={"DB_HOST": "postgres"}, **of_pooler)
    return [*shop(env={"DB_HOST": "pgbouncer"}, started=started), *by, *postgres(pods=2)]


WRITES = "[System] [MY-013587] [Repl] Setting super_read_only=OFF."


def switched(*more: Log, young: int = 1, age: float = 500, first: float = 880, last: float = 240) -> Snapshot:
    """Return a shop whose older pods are refused by MySQL since a switch 900 seconds ago, and what a younger tells."""
    older = range(3 - young)
    client = shop(env={"DB_HOST": "mysql"}, pods=3)
    refused = [Log(pod("shop", n), "shop", tuple(f"{at(each)} {LINES[1]}" for each in (first, last))) for n in older]
    return snapshot(
        workload("mysql", "mysql:8", kind="StatefulSet", pods=2, port=3306),
        younger(client, young, age=age) if young else client,
        figures=[errors("shop", 0.5, since=880)],
        logs=[*refused, *more, log("mysql-1", WRITES, since=900)],
    )


def switched_by_operator(reason: str, message: str, *, renewed: bool = False) -> Snapshot:
    """Return a shop that MySQL refuses since an operator's event 900 seconds ago; what was promoted follows no more."""
    follows = "[Note] Slave I/O thread exiting, read up to log 'bin.000212', position 71102931"
    followed = "[Note] Start binlog_dump to slave_server(10), pos(, 4), using_gtid(1)"
    return snapshot(
        shop(env={"DB_HOST": "mysql"}, started=600 if renewed else DAY),
        workload("mysql", "mysql:8", kind="StatefulSet", pods=2, port=3306),
        event("MySQL/mysql", reason, message, age=900, kind="Normal", count=1),
        figures=[errors("shop", 0.5, since=890)],
        logs=[
            *logs("shop", LINES[1], 0, 1, since=590 if renewed else 890),
            Log("mysql-1", "mysql", (f"{at(905)} {follows}", f"{at(890)} {followed}")),
        ],
    )


def promoted(*refused: float) -> Snapshot:
    """Return a shop that was refused at times before its server told that it takes the writes, 80 seconds ago."""
    told = [Log(pod("shop", n), "shop", tuple(f"{at(each)} {LINES[0]}" for each in refused)) for n in range(2)]
    return snapshot(
        shop(env=URL),
        postgres(pods=2),
        figures=[errors("shop", 0.3)],
        logs=[*told, log("postgres-1", PROMOTED, since=80)],
    )


def writes_again() -> Snapshot:
    """Return a shop that was refused for a minute, and stores since its server takes the writes 780 seconds ago."""
    before = [f"{at(each)} INFO order stored" for each in range(1800, 850, -60)]
    stored = [f"{at(each)} INFO order stored" for each in range(750, 0, -30)]
    refused = [f"{at(each)} {LINES[1]}" for each in (840, 790)]
    return snapshot(
        workload("mysql", "mysql:8", kind="StatefulSet", pods=2, port=3306),
        shop(env={"DB_HOST": "mysql"}),
        figures=[WELL],
        logs=[
            *(Log(pod("shop", n), "shop", (*before, *refused, *stored)) for n in range(2)),
            log("mysql-1", WRITES, since=780),
        ],
    )


GIVES_UP = WRITES.replace("OFF", "ON")
OUTSIDE = f"cannot store at app.cluster-ro-c1.eu.rds.example:3306: {LINES[1]}"


def installed(name: str) -> list[Obj]:
    """Return a MySQL that is one workload of several of an installation."""
    made = workload(name, "mysql:8", kind="StatefulSet", pods=1, port=3306)
    made[0]["spec"]["template"]["metadata"]["labels"] |= {
        "app.kubernetes.io/name": "mysql",
        "app.kubernetes.io/instance": "town",
    }
    return made


READER = {"DB_HOST": "mysql-ro"}


def led_to_a_replica(*told: Log, more: Sequence[Obj] = (), env: Mapping[str, str] = READER) -> Snapshot:
    """Return a shop whose writes MySQL refuses since a release named its replicas, and what servers tell."""
    return snapshot(
        shop(env=env, before={"env": {"DB_HOST": "mysql"}}),
        workload("mysql", "mysql:8", kind="StatefulSet", pods=2, port=3306),
        service_for("mysql-ro", selector={"app": "mysql"}, port=3306),
        more,
        figures=[errors("shop", 0.4, since=580)],
        logs=[*logs("shop", LINES[1]), *told],
    )


def other_mysql(age: float) -> list[Obj]:
    """Return a MySQL that is nothing to the shop, started so long ago."""
    return workload("stats", "mysql:8", kind="StatefulSet", pods=1, port=3306, started=age)


YOUNG = log(pod("shop", 2), "INFO order 7 stored", since=450)
FOLLOWED = "[Note] [MY-010462] [Repl] Start binlog_dump to source_thread_id(4402) replica_server(1), pos(, 4)"
FORGETS = "[System] [MY-010597] [Repl] 'RESET REPLICA ALL FOR CHANNEL '' executed'."


def led_by_hand(*then: str) -> Snapshot:
    """Return a shop that MySQL refuses since one of its servers ended to follow, and what that server tells then."""
    ended = "[Note] [MY-010584] [Repl] Replica I/O thread exiting for channel '', read up to log 'bin.000412'"
    client = younger(shop(env={"DB_HOST": "mysql"}, before=IMAGE, released=1500, pods=3), 1, age=500)
    return snapshot(
        client,
        workload("mysql", "mysql:8", kind="StatefulSet", pods=2, port=3306),
        figures=[errors("shop", 0.5, since=880)],
        logs=[
            *logs("shop", LINES[1], 0, 1, since=880),
            YOUNG,
            Log("mysql-1", "mysql", tuple(f"{at(900 - n)} {line}" for n, line in enumerate((ended, *then)))),
        ],
    )


READONLY = "redis.exceptions.ReadOnlyError: READONLY You can't write against a read only replica."


def address_of(name: str, number: int) -> str:
    """Return the address of a server of a cache."""
    address: str = pods_of(workload(name, kind="StatefulSet", pods=3))[number]["status"]["podIP"]
    return address


MASTER = "1:M * MASTER MODE enabled (user request from 'id=31 addr=10.42.7.15:39008')"
SWITCH = f"1:X # +switch-master mymaster {address_of('redis', 0)} 6379 {address_of('redis', 1)} 6379"
BY_NAME = "1:X # +switch-master mymaster redis-0.redis 6379 redis-1.redis 6379"
OTHERS = f"1:X # +switch-master drafts {address_of('drafts-redis', 0)} 6379 {address_of('drafts-redis', 1)} 6379"
STRANGE = "1:X # +switch-master drafts 10.42.3.17 6379 10.42.5.31 6379"
DOWN = "1:X # +sdown master cache 10.42.3.17 6379"


def of_a_cache(*told: Log, env: Mapping[str, str] | None = None, **made: Any) -> Snapshot:
    """Return a shop that a server of its cache refuses as a replica for a quarter of an hour, and what servers tell."""
    return snapshot(
        shop(env=env or {"REDIS_HOST": "redis"}, **made),
        workload("redis", "redis:7", kind="StatefulSet", pods=3, port=6379),
        workload("sentinel", "redis:7", port=26379, env={"REDIS_HOST": "redis"}),
        workload("drafts-redis", "redis:7", kind="StatefulSet", pods=2, port=6379),
        postgres(),
        figures=[errors("shop", 0.4, since=880)],
        logs=[*logs("shop", READONLY, 0, 1, since=880), *told],
    )


def to_one(host: str) -> Snapshot:
    """Return a shop that MySQL refuses since another server took the writes, and whom it names."""
    return snapshot(
        shop(env={"DB_HOST": host}),
        workload("mysql", "mysql:8", kind="StatefulSet", pods=2, port=3306),
        figures=[errors("shop", 0.5, since=880)],
        logs=[*logs("shop", LINES[1], 0, 1, since=880), log("mysql-1", WRITES, since=900)],
    )


def restarted(world: Snapshot, pod_name: str, age: float) -> Snapshot:
    """Let a pod's container have started anew."""
    for each in world.objects["Pod"]:
        if each["metadata"]["name"] == pod_name:
            each["status"]["containerStatuses"][0]["state"] = {"running": {"startedAt": at(age)}}
    return world


TOLD = (
    ("PrimarySwitched", "Primary switched from index '0' to index '1'"),
    ("Switching", "switching primary from mysql-0 to mysql-1"),
    ("FailingOver", "Failing over from mysql-0 to mysql-1"),
    ("Switchover", "mysql-1 leads"),
)
NO_WRITES = "ReplyError: READONLY You can't write against a read only replica."
OF_A_SCRIPT = (
    "ReplyError: ERR Error running script (call to f_1a5b0d0f6f6a8b1f0c3d7e2294ab51c07d9e8f30): @user_script:110: "
    "@user_script: 110: -READONLY You can't write against a read only replica."
)
HOLDS = [
    *(
        Holds(
            f"a server of a cache is the primary since: {what}",
            of_a_cache(told),
            (SHOP, "database_connection", "restart_workload"),
            excludes=(*no("rollback_workload", at=SHOP), *no("restart_workload", at="StatefulSet/redis")),
            alone=True,
            sure=(0.65, 1.0),
        )
        for what, told in (
            ("it tells so", log("redis-1", MASTER, since=900)),
            ("who watches over it tells so", log(pod("sentinel"), SWITCH, since=900)),
            ("who watches over it tells so, by name", log(pod("sentinel"), BY_NAME, since=900)),
        )
    ),
    *(
        Holds(
            f"a server of a cache refuses what is written, and nothing tells of another primary: {what}",
            world,
            (SHOP, "database_connection", "restart_workload"),
            sure=(0.4, 0.6),
        )
        for what, world in (
            ("nobody does", of_a_cache()),
            ("one was away for a while", of_a_cache(log(pod("sentinel"), DOWN, since=900))),
            ("another cache has one", of_a_cache(log("drafts-redis-1", MASTER, since=900))),
            ("who watches over it tells so of another one", of_a_cache(log(pod("sentinel"), OTHERS, since=900))),
            ("who watches over it tells so of a stranger", of_a_cache(log(pod("sentinel"), STRANGE, since=900))),
            ("a database has one", of_a_cache(log("postgres-0", PROMOTED, since=900))),
        )
    ),
    *(
        Holds(
            f"a client that names one server by itself finds no other one, however often it is started: {what}",
            world,
            (SHOP, "database_connection", "page_human"),
            excludes=no("restart_workload", "restart_connection_pool", "rollback_workload", at=SHOP),
            harmful=("restart_workload", "restart_connection_pool", "rollback_workload"),
        )
        for what, world in (
            ("of a cache", of_a_cache(log("redis-1", MASTER, since=900), env={"REDIS_HOST": "redis-0.redis"})),
            ("of a cache, and nobody knows of a move", of_a_cache(env={"REDIS_HOST": "redis-0.redis"})),
            ("by its address", of_a_cache(env={"REDIS_URL": f"redis://{address_of('redis', 0)}:6379/0"})),
            ("of a database", to_one("mysql-0.mysql")),
        )
    ),
    Holds(
        "a client that names all servers finds the other one",
        to_one("mysql-0.mysql,mysql-1.mysql"),
        (SHOP, "database_connection", "restart_workload"),
    ),
    *(
        Holds(
            f"an operator tells that another server is the primary: {' '.join(told)}",
            switched_by_operator(*told),
            (SHOP, "database_connection", "restart_workload"),
            excludes=no("rollback_workload", at=SHOP),
            harmful=("scale_database",),
            alone=True,
            sure=(0.7, 1.0),
        )
        for told in TOLD
    ),
    Holds(
        "a server of MySQL takes the writes, and a pod that came after it stores what older ones are refused",
        switched(YOUNG),
        (SHOP, "database_connection", "restart_workload"),
        excludes=(*no("rollback_workload", at=SHOP), *no("restart_workload", at="StatefulSet/mysql")),
        sure=(0.85, 1.0),
        alone=True,
    ),
    Holds(
        "a server of MySQL was made to forget whom it followed, and is followed; a release had served well before",
        led_by_hand(FORGETS, FOLLOWED),
        (SHOP, "database_connection", "restart_workload"),
        excludes=(*no("rollback_workload", at=SHOP), *no("restart_workload", at="StatefulSet/mysql")),
        alone=True,
        sure=(0.8, 1.0),
    ),
    *(
        Holds(
            f"a server of MySQL takes the writes, and no younger pod tells that it is well: {what}",
            world,
            (SHOP, "database_connection", "restart_workload"),
            sure=(0.5, 0.84),
        )
        for what, world in (
            ("there is none", switched(young=0)),
            ("it came before that", switched(YOUNG, age=2000)),
            ("it says nothing", switched()),
            ("it was started seconds ago, and wrote nothing yet", switched(YOUNG, age=45)),
            ("it is refused as well", switched(*logs("shop", LINES[1], 2))),
        )
    ),
    *(
        Holds(
            f"writes are refused: {line}",
            snapshot(
                shop(env=URL),
                postgres(),
                logs=[log(pod("shop"), line), log("postgres-0", "LOG:  received promote request")],
            ),
            (SHOP, "database_connection", "restart_workload"),
            excludes=no("rollback_workload", at=SHOP),
        )
        for line in LINES
    ),
    *(
        Holds(
            f"a server was promoted a moment ago, and {what}",
            promoted(*refused),
            (SHOP, "database_connection", "restart_workload"),
        )
        for what, refused in (
            ("a client was refused just before and writes seldom", (90,)),
            ("a client was refused for minutes", (400, 90)),
        )
    ),
    Holds(
        "a new primary of MongoDB was elected",
        snapshot(
            workload("mongo", "mongo:7", kind="StatefulSet", pods=3, port=27017),
            workload("api", env={"MONGO": "mongodb://mongo-0.mongo,mongo-1.mongo"}),
            figures=[errors("api", 0.6)],
            logs=[
                log("mongo-1", "REPL election succeeded, new primary elected", of="mongo", since=700),
                *logs("api", "MongoServerError: not primary", since=650),
            ],
        ),
        (API, "database_connection", "restart_workload"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "nobody saw the failover, and MySQL is read-only for a client",
        snapshot(
            workload("mysql", "mysql:8", kind="StatefulSet", pods=2, port=3306),
            workload("api", env={"DB_HOST": "mysql"}, pods=3),
            figures=[errors("api", 0.5)],
            logs=logs("api", PHP),
        ),
        (API, "database_connection", "restart_workload"),
    ),
    Holds(
        "clients of a pooler were restarted after the failover, to no avail",
        snapshot(
            pooled(started=300),
            figures=[errors("shop", 0.5)],
            logs=[*logs("shop", LINES[0], 0, 1), log("postgres-1", PROMOTED, since=1800)],
        ),
        (POOLER, "database_connection", "restart_workload"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
        alone=True,
        sure=(0.8, 1.0),
    ),
    Holds(
        "the old primary of MySQL names the addresses of ProxySQL",
        snapshot(
            workload("mysql", "mysql:8", kind="StatefulSet", pods=2, port=3306),
            workload("proxysql", "proxysql/proxysql:2.7", pods=1, port=6033, env={"BACKEND": "mysql:3306"}),
            workload("api", env={"DB_HOST": "proxysql"}),
            figures=[errors("api", 0.5)],
            logs=[
                *logs("api", PHP),
                log("mysql-0", f"Aborted statement of api@{ADDRESS}: running with the --read-only option"),
                log("mysql-1", "group_replication: the server was elected as new Primary", since=1200),
            ],
        ),
        ("Deployment/proxysql", "database_connection", "restart_workload"),
        excludes=no("restart_workload", at=API),
        sure=(0.7, 1.0),
    ),
    Holds(
        "a release names the Service of the replica",
        snapshot(
            shop(env={"PGHOST": "pg-ro"}, before={"env": {"PGHOST": "postgres"}}),
            postgres(pods=2),
            service_for("pg-ro", selector={"app": "postgres"}, port=5432),
            figures=[errors("shop", 0.3)],
            logs=logs("shop", LINES[0]),
        ),
        (SHOP, "configuration_error", "rollback_workload"),
        excludes=no("restart_workload", "restart_connection_pool", at=SHOP),
        sure=(0.75, 1.0),
    ),
    *(
        Holds(
            f"a release names the Service of the replicas, and a MySQL takes writes as a primary does: {what}",
            world,
            (SHOP, "configuration_error", "rollback_workload"),
            excludes=no("restart_workload", "restart_connection_pool", at=SHOP),
            sure=(0.75, 1.0),
        )
        for what, world in (
            ("another one, after it", led_to_a_replica(log("stats-0", WRITES, since=120), more=other_mysql(2 * DAY))),
            ("another one that restarts", led_to_a_replica(log("stats-0", WRITES, since=120), more=other_mysql(130))),
            ("another one, before it", led_to_a_replica(log("stats-0", WRITES, since=900), more=other_mysql(DAY))),
            ("its own, that restarted", restarted(led_to_a_replica(log("mysql-0", WRITES, since=90)), "mysql-0", 100)),
            (
                "another one, and the reader is a database outside",
                led_to_a_replica(
                    Log(pod("shop", 1), "shop", (f"{at(60)} {OUTSIDE}", f"{at(50)} {OUTSIDE}", f"{at(40)} {OUTSIDE}")),
                    log("stats-0", WRITES, since=120),
                    more=other_mysql(DAY),
                    env={"DB_HOST": "app.cluster-ro-c1.eu.rds.example"},
                ),
            ),
        )
    ),
    Holds(
        "a release names the Service of the replicas, but one that had just started took over as its peer gave up",
        restarted(
            led_to_a_replica(log("mysql-0", WRITES, since=90), log("mysql-1", GIVES_UP, since=95)), "mysql-0", 100
        ),
        (SHOP, "database_connection", "restart_workload"),
    ),
    Holds(
        "a replica of another workload of the same installation takes the writes",
        snapshot(
            [*installed("mysql-primary"), *installed("mysql-secondary")],
            shop(env={"DB_HOST": "mysql-primary"}),
            figures=[errors("shop", 0.4)],
            logs=[*logs("shop", LINES[1]), log("mysql-secondary-0", WRITES, since=300)],
        ),
        (SHOP, "database_connection", "restart_workload"),
        sure=(0.6, 1.0),
    ),
    Holds(
        "a release names the reader of a database outside",
        snapshot(
            workload(
                "api",
                env={"SPRING_DATASOURCE_URL": "jdbc:mysql://app.cluster-ro-c1.eu.rds.example:3306/app"},
                before={"env": {"SPRING_DATASOURCE_URL": WRITER}},
            ),
            logs=logs("api", LINES[1]),
        ),
        (API, "configuration_error", "rollback_workload"),
        excludes=no("restart_workload", at=API),
    ),
    Holds(
        "a release names the reader, but hours before the writes were refused, and a server was promoted then",
        snapshot(
            shop(
                env={"PGHOST": "postgres"},
                before={"env": {"PGHOST": "pg-old"}},
                released=9000,
            ),
            postgres(),
            logs=[log(pod("shop"), LINES[0]), log("postgres-0", PROMOTED)],
        ),
        (SHOP, "database_connection", "restart_workload"),
    ),
    Holds(
        "a release changed the host of a cache, and no database's",
        snapshot(
            shop(
                env={**URL, "REDIS_HOST": "redis"},
                before={"env": {"DATABASE_URL": URL["DATABASE_URL"]}},
            ),
            redis(),
            postgres(),
            logs=[log(pod("shop"), LINES[0]), log("postgres-0", PROMOTED)],
        ),
        (SHOP, "database_connection", "restart_workload"),
    ),
    Holds(
        "one client uses the pooler for its reads and writes without it",
        snapshot(
            shop(env={"DB_HOST": "postgres", "READ_HOST": "pgbouncer"}),
            workload("pgbouncer", "bitnami/pgbouncer:1.23", port=6432, env={"DB_HOST": "postgres"}),
            postgres(),
            logs=[log(pod("shop"), LINES[0]), log("postgres-0", PROMOTED)],
        ),
        (SHOP, "database_connection", "restart_workload"),
    ),
]
HOLDS += [
    Holds(
        f"a cache refuses writes, {what}",
        snapshot(shop(env={"REDIS_URL": "redis://redis:6379"}), *caches, logs=logs("shop", line, times=3)),
        (SHOP, "database_connection", remedy),
    )
    for what, caches, line, remedy in (
        ("and is the only one here", (redis(),), NO_WRITES, "page_human"),
        ("and is the only one here, as a script tells of it", (redis(),), OF_A_SCRIPT, "page_human"),
        ("and another one may take the writes", (redis(), redis("redis-b")), NO_WRITES, "restart_workload"),
        ("and has two members", (redis(pods=2),), NO_WRITES, "restart_workload"),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "all pods of the client came after another server of its cache was the primary",
        of_a_cache(log("redis-1", MASTER, since=1800), started=890),
        harmful=("restart_workload", "restart_connection_pool"),
    ),
    DoesNotHold(
        "all pods of the client came after an operator switched the primary",
        switched_by_operator(*TOLD[0], renewed=True),
    ),
    DoesNotHold(
        "nobody is refused any more since the server takes writes again",
        writes_again(),
        harmful=("restart_workload", "restart_connection_pool"),
    ),
    DoesNotHold(
        "clients that came after it fail as well",
        snapshot(
            shop(env=URL, started=300),
            postgres(),
            logs=[log(pod("shop"), LINES[0]), log("postgres-0", "LOG:  received promote request", since=1800)],
        ),
    ),
    DoesNotHold(
        "the pooler came after it, and its clients fail as well",
        snapshot(
            pooled(started=300, age=240),
            logs=[log(pod("shop"), LINES[0]), log("postgres-1", PROMOTED, since=1800)],
        ),
    ),
]
