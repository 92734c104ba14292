"""A primary of MySQL that reads its settings at its start only reads, however it was opened while it ran."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, OLD, SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, log, snapshot, thing, workload

STORE = "StatefulSet/mysql"
CONFIG = "configuration_error"
REFUSED = "(1290, 'The MySQL server is running with the --super-read-only option so it cannot execute this statement')"
FOLLOWS = (
    "7 [System] [MY-014001] [Repl] Replica receiver thread for channel '': connected to source 'repl@{}:3306' with "
    "server_uuid=d8df6fab, server_id=10. Starting GTID-based replication."
)
FOUND = "read_only_action_v2(): [INFO] Server 'mysql-0.mysql:3306' found with 'read_only=1', but not found as reader"
NOBODY = "MyHGC.cpp:384:get_random_MySrvC(): [ERROR] Hostgroup 10 has no servers available!"
TO = {"DB_HOST": "mysql-0.mysql", "DB_PORT": "3306"}
ANY = {"DB_HOST": "mysql", "DB_PORT": "3306"}
OVER_PROXY = {"DB_HOST": "proxysql", "DB_PORT": "6033"}
OPENED = "0 [System] [MY-011076] [Server] Setting super_read_only=OFF."


def conf(*lines: str) -> Obj:
    return thing("ConfigMap", "mysql-conf", data={"my.cnf": "\n".join(("[mysqld]", "max_connections = 400", *lines))})


def mysql(pods: int = 2, started: float = 1500, image: str = "mysql:8.0.43") -> list[Obj]:
    """Return servers of which the first was started anew."""
    volumes = {"volumes": [{"name": "conf", "configMap": {"name": "mysql-conf"}}]}
    made = workload("mysql", image, kind="StatefulSet", pods=pods, port=3306, spec=volumes, started=9 * DAY)
    for each in made:
        if each["kind"] == "Pod" and each["metadata"]["name"] == "mysql-0":
            each["metadata"]["creationTimestamp"] = at(started)
            each["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] = at(started)
    return made


ON = conf("read_only = ON", "super_read_only = ON")
TWO_FILES = thing(
    "ConfigMap",
    "mysql-conf",
    data={"primary.cnf": "[mysqld]\nlog-bin", "replica.cnf": "[mysqld]\nsuper-read-only"},
)
FOLLOWED = log("mysql-1", FOLLOWS.format("mysql-0.mysql"), "Aborted connection 7", since=1400)


def proxied(*beside: Any, told: Any = (), lines: tuple[str, ...] = (FOUND, *[NOBODY] * 9)) -> Any:
    """Return a shop that fails since its database was started anew, and asks it by a pooler."""
    return snapshot(
        *beside,
        workload("proxysql", "proxysql/proxysql:2.7.3", port=6033, env={"DB": "mysql-0.mysql:3306"}),
        shop(env=OVER_PROXY, before=IMAGE, released=2400),
        figures=[errors("shop", since=1450)],
        logs=[
            log("proxysql-pod0", *lines, since=1400),
            *logs("shop", "Error 9001 (HY000): Max connect timeout reached while reaching hostgroup 10 after 10001ms"),
            *told,
        ],
    )


def direct(*beside: Any, told: Any = (FOLLOWED,), times: int = 9, since: float = 1400) -> Any:
    """Return a shop whose writes are refused by the server that it names."""
    refused = logs("shop", f"ERROR batch kept: {REFUSED}", times=times, since=since)
    return snapshot(*beside, shop(env=TO), figures=[errors("shop", since=since)], logs=[*refused, *told])


HOLDS = [
    Holds(
        "who asks it is refused, and another server follows it",
        direct(mysql(), ON),
        (STORE, CONFIG, "page_human"),
        excludes=(
            *no("restart_workload", "rollback_workload", "scale_database", at=STORE),
            *no("rollback_workload", "restart_workload", "restart_connection_pool", at=SHOP),
        ),
        alone=True,
    ),
    Holds(
        "a pooler finds nobody who takes writes, whatever was released before",
        proxied(mysql(), ON, told=(FOLLOWED,)),
        (STORE, CONFIG, "page_human"),
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
        harmful=("rollback_workload", "restart_workload", "restart_connection_pool"),
    ),
    Holds(
        "another caller served well amid it, until its own release",
        snapshot(
            mysql(),
            ON,
            shop(env=TO),
            workload("stock", env=TO, before=OLD, released=500),
            figures=[errors("shop", since=1400), errors("stock", since=490)],
            logs=[
                *logs("shop", f"ERROR batch kept: {REFUSED}", since=1400),
                *logs("stock", "ERROR KeyError: 'total'", 0, 1, since=490),
                FOLLOWED,
            ],
        ),
        (STORE, CONFIG, "page_human"),
        excludes=no("rollback_workload", at=SHOP),
        spares=no("rollback_workload", at="Deployment/stock"),
    ),
    Holds(
        "who asks whichever server was not released since: one of them is to take writes",
        snapshot(
            mysql(),
            ON,
            shop(env=ANY, before=IMAGE, released=2400),
            figures=[errors("shop", since=1400)],
            logs=[*logs("shop", f"ERROR batch kept: {REFUSED}", 0, 1, since=1400), FOLLOWED],
        ),
        (STORE, CONFIG, "page_human"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "it is the only server, and an option without a value is on",
        direct(mysql(pods=1, image="mariadb:11.4"), conf("read-only"), told=()),
        (STORE, CONFIG, "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("its settings let it write", direct(mysql(), conf("read_only = OFF", "super_read_only=0")), ()),
    DoesNotHold("its settings only speak of it", direct(mysql(), conf("# read_only = ON", "tx_read_only = ON")), ()),
    DoesNotHold(
        "it follows another server: it is a replica that was asked to write",
        direct(mysql(), ON, told=(log("mysql-1", FOLLOWS.format("mysql-9.mysql"), since=1400),)),
        (),
    ),
    DoesNotHold(
        "each kind of server has a file of its own: who leads does not read that of the others",
        direct(mysql(), TWO_FILES),
        (),
    ),
    DoesNotHold("what is said last counts", direct(mysql(), conf("read_only = ON", "read_only = OFF")), ()),
    DoesNotHold("it is for a tool beside the server", direct(mysql(), conf("[mysqldump]", "read_only = ON")), ()),
    DoesNotHold(
        "a release has its caller write to a replica, which is meant to be read",
        snapshot(
            mysql(pods=1),
            workload("primary", "mysql:8.0.43", kind="StatefulSet", pods=1, port=3306),
            ON,
            shop(env=TO, before={"env": {"DB_HOST": "primary-0.primary", "DB_PORT": "3306"}}, released=690),
            figures=[errors("shop", since=680)],
            logs=logs("shop", f"ERROR batch kept: {REFUSED}", 0, 1, since=680),
        ),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    DoesNotHold(
        "a release has its caller write to an archive, whose primary is elsewhere",
        snapshot(
            mysql(pods=1),
            ON,
            shop(env=TO, before={"env": {"DB_HOST": "db.example.com", "DB_PORT": "3306"}}, released=690),
            figures=[errors("shop", since=680)],
            logs=logs("shop", f"ERROR batch kept: {REFUSED}", 0, 1, since=680),
        ),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    DoesNotHold(
        "it is followed, and follows another one itself",
        direct(mysql(), ON, told=(FOLLOWED, log("mysql-0", FOLLOWS.format("mysql-9.mysql"), since=1400))),
        (),
    ),
    DoesNotHold(
        "who is refused asks whichever server since its release: the others are replicas",
        snapshot(
            mysql(),
            ON,
            shop(env=ANY, before={"env": TO}, released=690),
            figures=[errors("shop", since=680)],
            logs=[*logs("shop", f"ERROR batch kept: {REFUSED}", 0, 1, since=680), FOLLOWED],
        ),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    DoesNotHold(
        "who is refused names another server, a replica",
        snapshot(
            mysql(),
            ON,
            shop(env={"DB_HOST": "mysql-1.mysql", "DB_PORT": "3306"}, before=IMAGE, released=690),
            figures=[errors("shop", since=680)],
            logs=[*logs("shop", f"ERROR batch kept: {REFUSED}", 0, 1, since=680), FOLLOWED],
        ),
        (SHOP, "database_connection", "page_human"),
    ),
    DoesNotHold("nobody follows it: which one leads is not known", direct(mysql(), ON, told=()), ()),
    DoesNotHold(
        "who follows it has done so since before its start",
        direct(mysql(started=600), ON, told=(FOLLOWED,), since=500),
        (),
    ),
    DoesNotHold(
        "it was opened again since its start",
        direct(mysql(), ON, told=(FOLLOWED, log("mysql-0", OPENED, since=60))),
        (),
    ),
    DoesNotHold("writes were refused before its start as well", direct(mysql(started=600), ON, since=1400), ()),
    DoesNotHold("it was refused once", direct(mysql(), ON, times=1), ()),
    DoesNotHold("it was started days ago", direct(mysql(started=3 * DAY), ON), ()),
    DoesNotHold(
        "a pooler found it so while it started, and has servers since",
        proxied(mysql(), ON, told=(FOLLOWED,), lines=(FOUND, NOBODY, NOBODY, *["LOG stats"] * 30)),
        (),
    ),
]
