"""A replica that is far behind needs a person; nothing done to who reads it helps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.idle_primaries import idle
from tests.diagnosis.rules.replicas import FROM, GONE, MARIA, ORDERS, STREAMS, UP_TO_DATE, replicas
from tests.diagnosis.rules.scenes import SHOP, URL, shop
from tests.diagnosis.rules.tiny import (
    NOW,
    Obj,
    at,
    event,
    figure,
    log,
    pod,
    postgres,
    service_for,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

REPLICA = "StatefulSet/postgres-replica"
STOPPED = "ERROR:  requested WAL segment 000000010000000A000000FE has already been removed"
READS = {**URL, "REPLICA_HOST": "postgres-replica"}


LATE = [figure("db_replication_lag", 0.5, 240, component="postgres-replica")]
SLOWER: dict[str, Any] = {"args": ["--chunk=20000", "--max-lag=0"], "before": {"args": ["--chunk=500", "--max-lag=1s"]}}


def replica(**more: Any) -> list[Obj]:
    return workload("postgres-replica", "postgres:16", kind="StatefulSet", pods=1, port=5432, **more)


def fill(**more: Any) -> list[Obj]:
    """Return a writer that was released a minute before the replica fell behind."""
    return workload("fill", env=URL, pods=1, **{"released": 660, "service": False, **SLOWER, **more})


MYSQL = "StatefulSet/mysql"
ENDED = "[Note] Slave I/O thread exiting, read up to log 'bin.000212', position 71102931"
FOLLOWED = "[Note] Start binlog_dump to slave_server(10), pos(, 4), using_gtid(1)"
WRITES = "[System] [MY-013587] [Repl] Setting super_read_only={}."
SWITCHED = ("PrimarySwitched", "Primary switched from index '0' to index '1'")


LED = (
    "[System] 'CHANGE REPLICATION SOURCE TO FOR CHANNEL '' executed'. Previous state source_host='{}'. "
    "New state source_host='{}', source_port= 3306."
)
TO_ONE, TO_ZERO = LED.format("", "mysql-1.mysql"), LED.format("", "mysql-0.mysql")
FORGOT = "[System] [MY-010597] [Repl] 'RESET REPLICA ALL FOR CHANNEL '' executed'."
DRIVER = "WARN driver: connection lost, failing over to mysql-1"
TAKEOVER = "INFO GracefulMasterTakeover: Will demote mysql-0.mysql:3306 and promote mysql-1.mysql:3306 instead"


def moved(*told: tuple[int, float, str], by: str = TAKEOVER, age: float = 912) -> Snapshot:
    """Return two servers of MySQL, and what a tool that moves primaries logs of them some time ago."""
    return switched(*told, by=None, tool=log(pod("orchestrator"), by, since=age))


def switched(
    *told: tuple[int, float, str],
    by: tuple[str, str] | None = SWITCHED,
    of: str = "MySQL/mysql",
    tool: Log | None = None,
) -> Snapshot:
    """Return two servers of MySQL with what each tells (number, age, line), and the event of a switch some time ago."""
    return snapshot(
        workload("mysql", "mysql:8", kind="StatefulSet", pods=2, port=3306),
        workload("orchestrator", "orchestrator:3") if tool else [],
        workload("web", env={"DB_HOST": "mysql"}),
        [event(of, *by, age=900, kind="Normal", count=1)] if by else [],
        logs=[
            *([tool] if tool else []),
            *(
                Log(f"mysql-{number}", "mysql", tuple(f"{at(since)} {line}" for n, since, line in told if n == number))
                for number in sorted({n for n, *_ in told})
            ),
        ],
    )


def forgot(*told: tuple[int, float, str]) -> Snapshot:
    """Return two servers of MySQL with what each tells; nobody else tells of a switch."""
    return switched(*told, by=None)


FILE = {"volumes": [{"name": "late", "configMap": {"name": "late"}}]}


def delayed(
    by: str = "recovery_min_apply_delay = '1h'",
    lag: float = 1900,
    was: float = 0.5,
    args: tuple[str, ...] = (),
    **more: Any,
) -> Snapshot:
    """Return a standby whose file of settings tells it to be late, how late it is, and a writer released meanwhile.

    ``args``: what its container is told beside.
    """
    settings = thing("ConfigMap", "late", data={"standby.conf": by})
    objects = more.pop("objects", [])
    figures = [figure("db_replication_lag", was, lag, component="postgres-replica")]
    followed = replica(spec=FILE, **({"args": list(args)} if args else {}))
    return snapshot(shop(env=URL), fill(), postgres(), followed, settings, objects, figures=figures, **more)


def flooded(left: float, slope: float = 0.4) -> Snapshot:
    """Return a replica that is late by a part of a second more each second, and what is left for it to replay."""
    label = {"component": "postgres-replica"}
    points = tuple((NOW.timestamp() - age, max(0.1, slope * (600 - age))) for age in range(3600, -1, -30))
    told = figure("db_replay_left_bytes", 0, left, component="postgres", client="postgres-replica-0")
    figures = [("db_replication_lag", Series(label, points)), told]
    return snapshot(shop(env=URL), fill(), postgres(), replica(), figures=figures)


SCRIPT = "set -e\n{}recovery_min_apply_delay=2h\nexec postgres"
BESIDE = postgres("spare", spec=FILE)
A = {"app": "orders", "track": "a"}
LOST = "[ERROR] [MY-010584] [Repl] Replica I/O for channel '': error connecting to source 'repl@orders-db:3306'"
LAGS = tuple(figure("db_replication_lag", 0, lag, 2400, component=f"orders-{n}") for n, lag in (("a", 2400), ("b", 0)))
NOT_LATE = tuple(figure("db_replication_lag", 0, 0, component=f"orders-{name}") for name in "ab")
LATER = thing("ConfigMap", "late", data={"init.sql": "CHANGE REPLICATION SOURCE TO SOURCE_DELAY = 14400;"})


def untimed(world: Snapshot) -> Snapshot:
    """Return a world in which the replica that stopped tells no times."""
    logs = (e._replace(lines=tuple(line[21:] for line in e.lines)) if "-a-" in e.pod else e for e in world.logs)
    return replace(world, logs=tuple(logs))


LACKS = 'ERROR:  logical replication target relation "public.orders" is missing replicated column: "kind"'
EXITED = "ERROR:  logical replication apply worker exited due to error:"


TORN = "[ERROR] [MY-013121] [Repl] Replica SQL for channel '': Relay log read failure: Could not parse relay log event"


def stopped_by(*lines: str) -> Snapshot:
    """Return a replica that tells why it stopped."""
    told = log("postgres-replica-0", *lines, of="postgres", since=900)
    return snapshot(shop(env=READS), postgres(), replica(), logs=[told])


HOLDS = [
    *(
        Holds(f"a writer floods it since its release: {what}", world, ("Deployment/fill", cause, "rollback_workload"))
        for what, world, cause in (
            ("what is left grows", flooded(40e6), "configuration_error"),
            ("so little a time that a page is left", flooded(0), "configuration_error"),
        )
    ),
    *(
        Holds(
            f"it has stopped, and another one follows the same source: {what}",
            world,
            (ORDERS, "dependency_failure", "switch_traffic"),
            target="Service/orders-a",
            harmful=("restart_workload", "rollback_workload"),
        )
        for what, world in (
            ("as its readers tell", replicas()),
            ("as figures tell", replicas(reader=(), figures=LAGS)),
            ("MariaDB", replicas(follows=(MARIA.format("orders-db"), MARIA.format("orders-db")))),
            ("a headless Service names its pod", replicas(service_for("peer", selector=A, headless=True))),
        )
    ),
    *(
        Holds(
            f"it has stopped, and nobody knows that its readers can be led elsewhere: {what}",
            world,
            (ORDERS, "dependency_failure", "page_human"),
            harmful=("switch_traffic", "restart_workload", "rollback_workload"),
        )
        for what, world in (
            ("nobody tells how late the other one is", replicas(reader=())),
            ("a reader told it before only", replicas(reader=((3000, UP_TO_DATE),))),
            ("a reader tells that the other one is late", replicas(reader=((900, UP_TO_DATE.replace("=0", "=840")),))),
            ("a reader tells it of a third one", replicas(reader=((900, UP_TO_DATE.replace("-b-0", "-c-0")),))),
            (
                "a reader tells that the other one has stopped",
                replicas(reader=((900, UP_TO_DATE.replace("=0", "=NULL")),)),
            ),
            ("the other one follows another source", replicas(follows=(FROM.format("orders-db"), FROM.format("till")))),
            ("the other one is known to follow nobody", replicas(follows=(FROM.format("orders-db"), "ready"))),
            ("it was not known to follow", replicas(follows=("ready", FROM.format("orders-db")))),
            ("it follows anew", replicas(after=((1800, FROM.format("orders-db")),))),
            ("the other one has lost its source", replicas(other=((2000, LOST),))),
            ("they differ by their role", replicas(key="role")),
            ("a second Service leads to it", replicas(service_for("till", selector=A))),
            ("another program has the label", replicas(env={"MODE": "arbiter"})),
            ("a reader tells it of a like name", replicas(reader=((900, UP_TO_DATE.replace("=o", "=reo")),))),
            ("a reader names both", replicas(reader=((900, UP_TO_DATE.replace("-b-0", "-a-0 instead=orders-b-0")),))),
            ("one of several pods is told to be up to date", replicas(pods=2)),
            ("the other one has fewer pods", replicas(first={"pods": 2})),
            (
                "nobody names the source: the other one may follow this one",
                replicas(
                    image="postgres:16", follows=(STREAMS, STREAMS), stopped=(2400, GONE), reader=(), figures=LAGS
                ),
            ),
            ("it takes the writes since", replicas(after=((2395, WRITES.format("OFF")),), reader=(), figures=LAGS)),
            (
                "the other one takes the writes since",
                replicas(other=((2300, WRITES.format("OFF")),), reader=(), figures=LAGS),
            ),
            ("it follows a second source as well", replicas(after=((2500, FROM.format("till")),))),
            ("by figures it is not late", replicas(figures=NOT_LATE)),
            ("it is to be late", replicas(LATER, first={"spec": FILE})),
            ("nobody knows when it stopped", untimed(replicas())),
        )
    ),
    *(
        Holds(
            f"a replica that is set to be late is later than that, or somebody needs it: {what}",
            world,
            (REPLICA, "database_connection", "page_human"),
            harmful=("rollback_workload",),
        )
        for what, world in (
            ("beyond the delay", delayed(lag=3900)),
            ("in thousandths of a second, where it names no unit", delayed("recovery_min_apply_delay=3600")),
            ("of another unit", delayed("recovery_min_apply_delay = 30 min")),
            ("a service reads from it", delayed(objects=workload("page", env={"DB_HOST": "postgres-replica"}))),
            ("another database has the same file", delayed(objects=BESIDE)),
            *(
                (f"nobody can read by how much, and {lag} s behind: {by}", delayed(by, lag=lag))
                for lag in (45, 1900)
                for by in (
                    "recovery_min_apply_delay = '1 hour'",
                    "recovery_min_apply_delay = $DELAY",
                    "recovery_min_apply_delay = 1.5e9",
                    'secondaryDelaySecs: {"$numberLong": "3600"}',
                    "recovery_min_apply_delay = 0\nrecovery_min_apply_delay = '1h'",
                )
            ),
            ("another database has the same file, and it is not late by that", delayed(lag=45, objects=BESIDE)),
        )
    ),
    Holds(
        "a replica that is set to be late has lost its primary",
        delayed(logs=[log("postgres-replica-0", STOPPED, of="postgres")]),
        (REPLICA, "dependency_failure", "page_human"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "it was stopped by an error, and says last that its thread ends",
        stopped_by(TORN, ENDED),
        (REPLICA, "dependency_failure", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
    *(
        Holds(f"a setting that is none: {what}", world, ("Deployment/fill", "configuration_error", "rollback_workload"))
        for what, world in (
            ("it is taken out", delayed("# recovery_min_apply_delay = '1h'")),
            ("it is nought", delayed("recovery_min_apply_delay = 0")),
            ("it is nought of a unit", delayed("recovery_min_apply_delay = '0ms'")),
            ("it is a comment of SQL", delayed("--SET recovery_min_apply_delay TO '1h';")),
            ("it is a comment behind another", delayed("hot_standby = on # recovery_min_apply_delay = 1h")),
            ("it is taken out of a script", delayed("", args=(SCRIPT.format("# to delay: "),))),
        )
    ),
    Holds(
        "it was minutes behind before its figures begin, and a writer was released meanwhile",
        snapshot(
            shop(env=READS),
            fill(),
            postgres(),
            replica(),
            figures=[figure("db_replication_lag", 600, 1240, component="postgres-replica")],
        ),
        (REPLICA, "database_connection", "page_human"),
        harmful=("rollback_workload",),
    ),
    *(
        Holds(f"the word of the cause: {what}", stopped_by(line), (REPLICA, word, "page_human"))
        for what, line, word in (
            ("it lacks a column that its source has", LACKS, "configuration_error"),
            ("it may have no more of something", f"{EXITED} limit exceeded", "resource_exhaustion"),
            ("what it should follow is gone", STOPPED, "dependency_failure"),
            ("a file that a setting names is not its own", f"{EXITED} permission denied", "configuration_error"),
            ("it says not why", f"{EXITED} error", "dependency_failure"),
            ("what it keeps to apply is torn", TORN, "dependency_failure"),
            ("it cannot read its log", "PANIC:  WAL contains references to invalid pages", "dependency_failure"),
            ("somebody prints its state", "Last_SQL_Error: Could not find row", "dependency_failure"),
            ("it only ended", ENDED, "database_connection"),
        )
    ),
    *(
        Holds(f"one of two servers stopped following: {what}", world, (MYSQL, "database_connection", "page_human"))
        for what, world in (
            (
                "nobody tells of another primary, and one follows it as before",
                switched((1, 910, ENDED), (1, 880, FOLLOWED), by=None),
            ),
            ("the other is the primary since", switched((0, 910, ENDED), (1, 880, FOLLOWED))),
            ("the one before follows it, and stopped", switched((1, 910, ENDED), (1, 880, FOLLOWED), (0, 300, ENDED))),
            ("nobody follows it", switched((1, 910, ENDED))),
            ("it was followed before alone", switched((1, 930, FOLLOWED), (1, 910, ENDED))),
            ("another was made the primary long after", switched((1, 3000, ENDED), (1, 880, FOLLOWED))),
            (
                "it has a replica of its own, and one of another set was promoted",
                switched((1, 910, ENDED), (1, 880, FOLLOWED), by=("Promoted", "promoted mysql-d-0 to primary")),
            ),
            (
                "it has a replica of its own, and one of another set is the primary since",
                switched((1, 910, ENDED), (1, 880, FOLLOWED), by=("Failover", "failover from mysql-1 to mysql-d-0")),
            ),
            (
                "it has a replica of its own, and a roll-out of others is promoted",
                switched((1, 910, ENDED), (1, 880, FOLLOWED), by=("Promoted", "Promoted canary to 1"), of="Rollout/a"),
            ),
            (
                "the other is led to it, and nobody tells of another primary",
                switched((1, 910, ENDED), (0, 909, TO_ONE), by=None),
            ),
            (
                "a tool makes the other one the primary",
                moved((0, 910, ENDED), (1, 909, TO_ZERO)),
            ),
            (
                "a tool promotes it long after it stopped",
                moved((1, 3000, ENDED), (0, 909, TO_ONE)),
            ),
            ("a tool promotes it, and nobody follows it", moved((1, 910, ENDED))),
            (
                "a client's driver asks it from now on, and one follows it as before",
                switched((1, 910, ENDED), (1, 880, FOLLOWED), by=None, tool=log(pod("web"), DRIVER, since=912)),
            ),
            (
                "a tool promotes it, and the other is led elsewhere",
                moved((1, 910, ENDED), (0, 909, LED.format("mysql-1.mysql", "mysql-2.mysql"))),
            ),
            (
                "a tool cannot promote another one, and the other is led to it",
                moved((1, 910, ENDED), (0, 909, TO_ONE), by="ERROR could not promote mysql-0.mysql instead of mysql-1"),
            ),
            (
                "it was made to forget whom it followed, and nobody follows it",
                forgot((1, 910, ENDED), (1, 908, FORGOT)),
            ),
            (
                "it was made to forget whom it followed, and to follow another, as one follows it",
                forgot((1, 910, ENDED), (1, 908, FORGOT), (1, 907, TO_ZERO), (1, 880, FOLLOWED)),
            ),
            (
                "it forgot whom it followed hours before",
                forgot((1, 9910, FORGOT), (1, 910, ENDED), (1, 880, FOLLOWED)),
            ),
            (
                "it is followed as before, and another one forgot",
                forgot((1, 910, ENDED), (1, 880, FOLLOWED), (0, 908, FORGOT)),
            ),
            (
                "it took writes for the first time long after",
                switched((1, 3000, ENDED), (1, 900, WRITES.format("OFF"))),
            ),
            (
                "it is followed, and takes no writes",
                switched((1, 910, ENDED), (1, 880, FOLLOWED), (1, 870, WRITES.format("ON"))),
            ),
        )
    ),
    Holds(
        "minutes behind",
        snapshot(
            shop(env=READS),
            postgres(),
            replica(),
            figures=[figure("db_replication_lag", 0.5, 240, component="postgres-replica")],
        ),
        (REPLICA, "database_connection", "page_human"),
        excludes=no("restart_workload", at=SHOP),
    ),
    Holds(
        "its log tells so again and again, after it told that it was not",
        snapshot(
            postgres(),
            replica(),
            logs=[
                log(
                    "postgres-replica-0",
                    "standby db-1 is 0s behind",
                    *["standby db-1 is 900s behind"] * 9,
                    of="postgres",
                )
            ],
        ),
        (REPLICA, "database_connection", "page_human"),
    ),
    Holds(
        "minutes behind, since a writer was released",
        snapshot(shop(env=READS), fill(), postgres(), replica(), figures=LATE),
        ("Deployment/fill", "configuration_error", "rollback_workload"),
        excludes=(*no("rollback_workload", at=SHOP), *no("restart_workload", at=REPLICA)),
        alone=True,
        sure=(0.7, 1.0),
    ),
    Holds(
        "all pods of one set are measured together, and a writer got another image",
        snapshot(
            workload("mysql", "mysql:8", kind="StatefulSet", pods=3, port=3306),
            workload("web", env={"DB_READ": "mysql"}),
            workload("import", env={"DB_WRITE": "mysql"}, before={"image": "import:0"}, released=640),
            figures=[figure("db_replication_lag", 0.5, 900, component="mysql")],
        ),
        ("Deployment/import", "code_defect", "rollback_workload"),
    ),
    Holds(
        "a writer was released hours before",
        snapshot(shop(env=READS), fill(released=9000), postgres(), replica(), figures=LATE),
        (REPLICA, "database_connection", "page_human"),
    ),
    Holds(
        "a writer was released, but the replica was started anew then",
        snapshot(shop(env=READS), fill(), postgres(), replica(started=700), figures=LATE),
        (REPLICA, "database_connection", "page_human"),
    ),
    Holds(
        "a writer was released, but the replica stopped by itself",
        snapshot(
            shop(env=READS),
            fill(),
            postgres(),
            replica(),
            figures=LATE,
            logs=[log("postgres-replica-0", STOPPED, of="postgres")],
        ),
        (REPLICA, "dependency_failure", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("it is late by the clock only, for nobody writes", idle(), ("no_fault", "no_action")),
    *(
        DoesNotHold(f"set to be late, and no later than that: {what}", world, harmful=("rollback_workload",))
        for what, world in (
            ("its window is filled up", delayed(lag=3620)),
            ("its window fills", delayed(was=600)),
            ("MySQL", delayed("CHANGE REPLICATION SOURCE TO SOURCE_HOST='mysql', SOURCE_DELAY = 14400, SOURCE_SSL=1;")),
            ("MySQL, of a channel", delayed("CHANGE REPLICATION SOURCE TO SOURCE_DELAY=14400 FOR CHANNEL 'a';")),
            ("MariaDB", delayed("CHANGE MASTER TO master_delay=3600;")),
            ("MongoDB", delayed('{"_id": 3, "priority": 0, "hidden": true, "secondaryDelaySecs": 3600}')),
            ("MongoDB of old", delayed("cfg.members[3].slaveDelay = 3600")),
            ("without a unit", delayed("recovery_min_apply_delay = 3600000")),
            ("by a statement", delayed("ALTER SYSTEM SET recovery_min_apply_delay TO '4h';")),
            ("without a sign", delayed("recovery_min_apply_delay '4h'")),
            ("a long number of MongoDB", delayed("cfg.members[3].secondaryDelaySecs = NumberLong(14400)")),
            ("a long number in quotes", delayed('{"secondaryDelaySecs": NumberLong("14400")}')),
            ("in part of a unit", delayed("recovery_min_apply_delay = '1.5h'")),
            ("by an option", delayed("", args=("--recovery-min-apply-delay=2h",))),
            ("by a script", delayed("", args=(SCRIPT.format("primary_slot_name=a "),))),
            ("of days", delayed("recovery_min_apply_delay='1d'")),
        )
    ),
    *(
        DoesNotHold(f"who was made the primary stopped following: {what}", world)
        for what, world in (
            ("an operator tells of it", switched((1, 910, ENDED), (1, 880, FOLLOWED))),
            (
                "an operator promotes it",
                switched((1, 910, ENDED), (1, 880, FOLLOWED), by=("Promoting", "promoting mysql-1")),
            ),
            (
                "the set that it is of is told to be the new primary",
                switched((1, 910, ENDED), (1, 880, FOLLOWED), by=("FailedOver", "new primary: mysql-1.mysql.town")),
            ),
            ("a tool promotes it, and the one before follows it", moved((1, 910, ENDED), (0, 909, TO_ONE))),
            ("a tool promotes it, and it is followed", moved((1, 910, ENDED), (1, 880, FOLLOWED))),
            (
                "it was made to forget whom it followed, and is followed",
                forgot((1, 910, ENDED), (1, 908, FORGOT), (1, 880, FOLLOWED)),
            ),
            (
                "it was made to forget whom it followed, and the one before follows it",
                forgot((1, 910, ENDED), (1, 908, FORGOT.replace("REPLICA", "SLAVE")), (0, 900, TO_ONE)),
            ),
            ("it takes the writes since", switched((1, 910, ENDED), (1, 900, WRITES.format("OFF")), by=None)),
        )
    ),
    DoesNotHold(
        "seconds behind",
        snapshot(
            shop(env=READS),
            postgres(),
            replica(),
            figures=[figure("db_replication_lag", 0.5, 8, component="postgres-replica")],
        ),
    ),
    DoesNotHold("nobody measures it", snapshot(postgres(), replica())),
    *(
        DoesNotHold(
            f"nobody measures it, and the log of a replica {what}",
            snapshot(postgres(), replica(), logs=[log("postgres-replica-0", *lines, of="postgres")]),
        )
        for what, lines in (
            ("tells again and again that it is not", ["replication delay: 0ms"] * 9),
            ("tells once that it was", ["standby db-1 is 900s behind", *["standby db-1 is 0s behind"] * 9]),
        )
    ),
]
