"""Who holds the lock decides: somebody else's transaction needs a person, the service's own goes with its pool."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import CART, DB, IMAGE, OLD, SHOP, URL, errors, logs, shop
from tests.diagnosis.rules.tiny import (
    DAY,
    Obj,
    at,
    database,
    figure,
    log,
    pod,
    postgres,
    secret_key,
    session,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.model import Log, Snapshot

WAITING = session(SHOP, "active", 30, wait="Lock", age_s=60, query="UPDATE orders SET ...")
CONSOLE = session("", "idle in transaction", 1, application="psql", age_s=900, query="ALTER TABLE orders ...")
OWN = session(SHOP, "idle in transaction", 1, age_s=900)

LOCKED = (
    "[3371] shop@shop/shop LOG:  process 3371 still waiting for AccessShareLock on relation 16531 of database 16384"
    " after 1000.976 ms"
)
JOB = "Job/tidy-1007"
FULL = "SET statement_timeout=0; VACUUM (FULL, ANALYZE) public.orders"


def tidy(sql: str = FULL, age: float = 610, name: str = "tidy-1007", host: str = "postgres") -> list[Obj]:
    """Return a run with its pod that has worked on a database for so long."""
    work = {"name": "psql", "image": "postgres:15", "command": ["psql", "-c", sql]}
    spec = {"containers": [{**work, "env": [{"name": "PGHOST", "value": host}]}]}
    job = thing("Job", name, age=age, spec={"template": {"spec": spec}}, status={"active": 1})
    pod = thing("Pod", f"{name}-zfcng", age=age, spec=spec)
    pod["metadata"]["ownerReferences"] = [{"kind": "Job", "name": name, "controller": True}]
    state = {"name": "psql", "ready": True, "state": {"running": {"startedAt": at(age - 3)}}}
    return [job, {**pod, "status": {"phase": "Running", "containerStatuses": [state]}}]


def queued(*more: Any, times: int = 9, well: bool = False, **released: Any) -> Snapshot:
    """Return a shop that fails while its database's log repeats for ten minutes that sessions wait for a lock."""
    return snapshot(
        shop(env=URL, **released),
        postgres(),
        *more,
        figures=[errors("shop", 0.001 if well else 0.6)],
        logs=[log("postgres-0", *[LOCKED] * times, since=600)],
    )


HEAD = "[3371] shop@shop/shop DETAIL:  Process holding the lock: {}. Wait queue: 3371."
EXPORT = "Deployment/export"


NO_SESSION = "HikariPool-1 - Connection is not available, request timed out after 30000ms (total=10, active=10, idle=0)"


def unmeasured(told: str = "psycopg.errors.LockNotAvailable: canceling statement due to lock timeout") -> Snapshot:
    """Return a shop that says how it fares, and nobody measures it, while a database's log names who holds the lock."""
    says = [*[LOCKED, HEAD.format("58")] * 9, BY_NAME]
    return snapshot(
        shop(env=URL),
        postgres(),
        workload("export", env=URL, pods=1, service=False),
        logs=[log("postgres-0", *says, since=600), *logs("shop", told)],
    )


def told(
    holder: str = "58",
    *lines: str,
    state: str = "idle in transaction",
    age: float = 7000,
    by: str = "client",
    beside: list[Obj] | None = None,
    **export: Any,
) -> Any:
    """Return a shop that fails while its database's log names the process that holds the lock all wait for.

    ``by``: whether figures tell transactions apart by the program or by the user.
    """
    says = [*[LOCKED, HEAD.format(holder)] * 9, *lines]
    whose: dict[str, Any] = {by: "export"}
    return snapshot(
        shop(env=URL),
        postgres(),
        beside or [],
        workload("export", **{"env": URL, "pods": 1, "service": False, **export}),
        figures=[
            errors("shop", 0.6),
            figure("db_transaction_age_by_client", age, age, component="postgres", state=state, **whose),
        ],
        logs=[log("postgres-0", *says, since=600)],
    )


def nameless(idle: float = 7000, active: float = 590, open_ones: int = 1) -> Snapshot:
    """Return the shop whose database's log names the holder, while figures tell of states and of no client."""
    ages, counts = {"idle in transaction": idle, "active": active}, {"idle in transaction": open_ones, "active": 9}
    of_states = [figure("db_transaction_age_by_state", v, v, component="postgres", state=s) for s, v in ages.items()]
    of_states += [figure("db_connections_by_state", v, v, component="postgres", state=s) for s, v in counts.items()]
    says = [*[LOCKED, HEAD.format("58")] * 9, BY_NAME]
    return snapshot(
        shop(env=URL),
        postgres(),
        workload("export", env=URL, pods=1, service=False),
        figures=[errors("shop", 0.6), *of_states],
        logs=[log("postgres-0", *says, since=600)],
    )


BY_NAME = "[58] ro@shop export LOG:  duration: 24866.813 ms  statement: FETCH FORWARD 50000 FROM c1"
BY_CHAIN = "[58] ro@shop export LOG:  process 58 still waiting for ShareLock on transaction 7 after 1000.1 ms"
DESK, NODE = "10.60.4.17", thing("Node", "n1", status={"addresses": [{"type": "InternalIP", "address": "10.60.4.17"}]})
BRIDGED = thing("Node", "n2", spec={"podCIDRs": ["10.88.0.0/16", "fd00:88::/64"]})
POD = pods_of(shop())[0]["status"]["podIP"]


def came(user: str = "kim", host: str = DESK, program: str = "psql", pid: int = 58) -> tuple[str, str]:
    """Return how a database tells who has come, and from where."""
    who = f"user={user} database=shop application_name={program}"
    return (
        f"[{pid}] LOG:  connection received: host={host} port=53122",
        f"[{pid}] {user}@shop LOG:  connection authorized: {who}",
    )


def unnamed() -> Snapshot:
    """Return a shop that keeps its database's address in a Secret: only what it tells shows whose client it is."""
    pool = "ERROR The connection pool has been exhausted, either raise 'Max Pool Size' or 'Timeout': Npgsql"
    says = [*came(), *[LOCKED, HEAD.format(58)] * 9]
    logs_of_both = [log("postgres-0", *says, since=600), *logs("shop", pool, 0, 1, since=500)]
    return snapshot(shop(), postgres(), figures=[errors("shop", 0.6)], logs=logs_of_both)


BY_USER = "[58] export@shop LOG:  duration: 1822.410 ms  statement: UPDATE orders SET vat = 19"
HOST = {"PGHOST": "postgres"}
SHARED = {**HOST, "PGUSER": "export"}
GIVES_UP = "[3371] shop@shop/shop ERROR:  canceling statement due to lock timeout"

OUTSIDE = {"ConnectionStrings__Main": "Server=sql01.corp.example,1433;Database=main"}
STUDIO = "  87  CORP\\kim   WS-17  Microsoft SQL Server Management Studio - Query  sleeping  1  0    0  UPDATE a SET"
UNKNOWN = "  87  batch       BATCH01  Python  sleeping   1    0               0  UPDATE a SET"
MSSQL = " {}  svc  {}  Core Microsoft SqlClient Data Provider  suspended  1  {}  LCK_M_S  7  SELECT [a] FROM [dbo].[a]"
PSQL = " {} | svc | {} | active | Lock | transactionid | {{{}}} | UPDATE a SET"
KEYED = "session_id={} host_name={} wait_type=LCK_M_U blocking_session_id={} wait_ms=7000"


def listed(
    head: str = STUDIO,
    row: str = MSSQL,
    *,
    waits: int = 4,
    age: float = 120,
    by: str = "87",
    others: Any = None,
    well: bool = False,
    beside: list[Obj] | None = None,
    **released: Any,
) -> Snapshot:
    """Return two clients of a database outside, which fail, and what a watch has listed of its sessions."""
    pods = others or [pod("shop"), pod("cart"), pod("shop", 1)]
    rows = [row.format(100 + n, pods[n % len(pods)], by) for n in range(waits)]
    title = f"{at(age).replace('T', ' ').rstrip('Z')} server=sql01.corp.example sys.dm_exec_requests"
    lines = (
        title,
        "sid  login  host_name  program_name  status  open_tran  blocked_by  wait_type",
        "---  ---",
        head,
        *rows,
    )
    return snapshot(
        shop(env=OUTSIDE, **released),
        workload("cart", env=OUTSIDE),
        workload("watch", pods=1, service=False),
        beside or [],
        figures=[] if well else [errors("shop", 0.6), errors("cart", 0.6)],
        logs=[Log(pod("watch"), "watch", lines, previous=False)],
    )


HEAD_BLOCKER = (
    "WARNING watch: head blocker session_id={} status=sleeping open_transaction_count=1 login=kim host_name={} program"
    "_name='{}' last_sql='BEGIN TRAN UPDATE a SET b = 1'"
)
BY_HAND = "Microsoft SQL Server Management Studio - Query"
SEEN = "INFO watch: sessions=60 blocked={}"
HERE = {"DB_HOST": "mssql"}
FEES = {"ConnectionStrings__Main": secret_key("main", "connectionString")}


def watched(
    *numbers: int,
    host: str = "WS-17",
    program: str = BY_HAND,
    named: str = HEAD_BLOCKER,
    lines: Any = (),
    age: float = 60,
    well: bool = False,
    env: Any = None,
    users: Any = None,
    beside: list[Obj] | None = None,
    **api: Any,
) -> Snapshot:
    """Return two clients of a database, which fail, and a watch that names the session all wait for as it looks."""
    heads = [named.format(number, host, program) for number in numbers or [87] * 5]
    said = [each for head in heads for each in (SEEN.format(40), head)] + list(lines)
    stamped = (f"{at(age + 60 * n)} {line}" for n, line in reversed(list(enumerate(reversed(said)))))
    return snapshot(
        workload("mssql", "mcr.microsoft.com/mssql/server:2022", kind="StatefulSet", pods=1, port=1433),
        shop(env=users or FEES, **api),
        workload("cart", env=users or FEES),
        workload("watch", pods=1, env=env or FEES, service=False),
        beside or [],
        figures=[] if well else [errors("shop", 0.6), errors("cart", 0.6)],
        logs=[Log(pod("watch"), "watch", tuple(stamped), previous=False)],
    )


MSSQL_HERE = ("StatefulSet/mssql", "database_connection", "page_human")

HELD = (SHOP, "database_connection", "page_human")


def hidden(*more: Any, secret: str = "app", sql: str = FULL, both: str = "", whole: str = "") -> Snapshot:
    """Return a shop that gives up waiting since a run began; a Secret that both read hides on which database.

    ``both``: a variable that both take from one more Secret. ``whole``: what a Secret keeps that both take as a whole.
    """
    taken: Obj = {"envFrom": [{"secretRef": {"name": "whole"}}]} if whole else {}
    beside = {both: secret_key("seen", "key")} if both else {}
    run = tidy(sql)
    for each in (run[0]["spec"]["template"]["spec"], run[1]["spec"]):
        named = {"DATABASE_URL": secret_key(secret, "url"), **beside}
        each["containers"][0]["env"] = [{"name": key, "valueFrom": kept} for key, kept in named.items()]
        each["containers"][0] |= taken
    waits = [log("postgres-0", *[LOCKED] * 9, since=600)]
    return snapshot(
        shop(env={"DATABASE_URL": secret_key("app", "url"), **beside}, **taken),
        thing("Secret", "whole", data={whole: "c2VhbGVk", "STRIPE_KEY": "c2VhbGVk"} if whole else {}),
        postgres(),
        run,
        *more,
        logs=[*waits, *logs("shop", f"ERROR {GIVES_UP.partition('ERROR:  ')[2]}", 0, 1, since=580)],
    )


HOLDS = [
    *(
        Holds(
            f"a watch names the session that all wait for whenever it looks, and a person keeps it open{what}",
            world,
            MSSQL_HERE,
            excludes=(
                *no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
                *no("rollback_workload", "restart_connection_pool", at=CART),
                *no("restart_workload", "scale_database", at="StatefulSet/mssql"),
            ),
            alone=True,
            harmful=("rollback_workload", "scale_workload"),
        )
        for what, world in (
            ("", watched()),
            (", and a client was released minutes before", watched(before=OLD, released=900)),
            (", and it is led there in plain sight", watched(env=HERE, users=HERE, beside=postgres())),
            (", of PostgreSQL", watched(named="WARN lead blocker: pid={} client={} app={} state=idle in transaction")),
            (", in JSON", watched(named='{{"msg": "head blocker", "session_id": {}, "host": "{}", "program": "{}"}}')),
            (", after another one that is gone", watched(61, 61, 87, 87, 87)),
        )
    ),
    *(
        Holds(
            f"a watch lists the sessions of a database outside, and all wait for {what}",
            world,
            HELD,
            excludes=(
                *no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
                *no("rollback_workload", at=CART),
            ),
            alone=True,
            harmful=("rollback_workload", "scale_workload"),
            sure=(0.8, 1.0),
        )
        for what, world in (
            ("one that a person keeps open", listed()),
            (
                "one that a person keeps open, and a client was released minutes before",
                listed(before=OLD, released=700),
            ),
            ("one of a host that is no pod's", listed(UNKNOWN)),
            (
                "one, as PostgreSQL tells it",
                listed(" 87 | kim | DBeaver 24 | idle in transaction | | | | SELECT 1", PSQL),
            ),
            (
                "one, as a line of keys and values tells it",
                listed("session_id=87 host_name=WS-17 wait_type= blocking_session_id=0", KEYED),
            ),
        )
    ),
    *(
        Holds(
            f"a Secret hides on which database a run works that locks a whole table: {sql}",
            hidden(sql=sql),
            (JOB, "database_connection", "page_human"),
            excludes=(*no("restart_workload", "scale_workload", at=SHOP), *no("restart_workload", at=DB)),
            alone=True,
        )
        for sql in (FULL, 'CREATE INDEX "i" ON orders (vat)', "python manage.py migrate --noinput")
    ),
    Holds(
        "a Secret that both take as a whole keeps the address of a database",
        hidden(secret="other", whole="DATABASE_URL"),
        (JOB, "database_connection", "page_human"),
        alone=True,
    ),
    *(
        Holds(
            f"the database's log names who holds it, and it is no pod of ours: {what}",
            world,
            (DB, "database_connection", "page_human"),
            excludes=(
                *no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
                *no("restart_workload", "scale_database", at=DB),
            ),
            alone=True,
        )
        for what, world in (
            ("somebody from another address, with a name of his own", told("58", *came())),
            (
                "somebody from another address than those who wait",
                told("58", *came("shop"), *came("shop", POD, "", 3371)),
            ),
            ("somebody who works by hand, with the name of a service", told("58", *came("shop", "", "DBeaver 24.2"))),
            ("somebody from another address, with the user of a service", told("58", *came("export"), env=HOST)),
            ("of a log in JSON", told("58", '{"process_id":"58","user":"kim","connection_from":"10.60.4.17:5312"}')),
            ("and its clients are known by what they say of it", unnamed()),
        )
    ),
    *(
        Holds(
            f"the database's log names the user of who holds it, {what}",
            world,
            (EXPORT, "database_connection", "restart_workload"),
            excludes=no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
            alone=True,
        )
        for what, world in (
            ("which is called as one program is", told("58", BY_USER, env=HOST)),
            ("and in the end that those who waited gave up", told("58", BY_USER, GIVES_UP, env=HOST)),
            (
                "in a prefix of its own form",
                told("58", BY_USER.replace("export@shop", "user=export,db=shop"), env=HOST),
            ),
            ("and figures that of whose transaction does nothing", told("58", BY_USER, by="user", env=HOST)),
        )
    ),
    Holds(
        "the database's log names who holds it: a program that nobody calls and that does nothing",
        told("58", BY_NAME),
        (EXPORT, "database_connection", "restart_workload"),
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
        alone=True,
    ),
    Holds(
        "the database's log names who holds it, and the only transaction as old as the waits does nothing",
        nameless(),
        (EXPORT, "database_connection", "restart_workload"),
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
        alone=True,
    ),
    Holds(
        "the database's log names who holds it: a program with data of its own, which a person looks at first",
        told("58", BY_NAME, kind="StatefulSet"),
        ("StatefulSet/export", "database_connection", "page_human"),
    ),
    Holds(
        "the database's log names a service that does nothing",
        told("58", BY_NAME, service=True),
        (EXPORT, "database_connection", "restart_connection_pool"),
    ),
    *(
        Holds(
            f"the database's log names who holds it, {what}: a person has to say what becomes of its work",
            world,
            (EXPORT, "database_connection", "page_human"),
            harmful=("restart_workload",),
        )
        for what, world in (
            ("and it works", told("58", BY_NAME, state="active")),
            ("and its transaction is younger than the waits", told("58", BY_NAME, age=90)),
            ("and one that works is as old as the waits too", nameless(active=5000)),
            ("and several do nothing, of which any may be its own", nameless(open_ones=2)),
            ("and what does nothing has begun after the waits", nameless(idle=400, active=200)),
            ("and what does nothing is as young as anybody's", nameless(idle=0)),
            ("and what does nothing is older than any server", nameless(idle=1e12)),
            ("and one that works is older than any server", nameless(active=1e12)),
            ("and its transaction is older than any server", told("58", BY_NAME, age=1e12)),
            ("and its user works", told("58", BY_USER, by="user", env=HOST, state="active")),
            ("and a user that is not its own does nothing", told("58", BY_NAME, by="user")),
            (
                "and another program has its user",
                told("58", BY_NAME, by="user", env=SHARED, beside=workload("import", env=SHARED)),
            ),
            ("and nobody measures more than that those who wait give up", unmeasured()),
            ("and nobody measures more than that those who come find no session", unmeasured(NO_SESSION)),
        )
    ),
    *(
        Holds(
            f"the database's log tells of them since a run began that locks a whole table: {sql}",
            queued(tidy(sql)),
            (JOB, "database_connection", "page_human"),
            excludes=(*no("restart_workload", "scale_workload", at=SHOP), *no("restart_workload", at=DB)),
            alone=True,
        )
        for sql in (FULL, "VACUUM FULL orders;", "ALTER TABLE orders ADD COLUMN vat int", "REINDEX TABLE orders")
    ),
    Holds(
        "somebody else's open transaction",
        snapshot(shop(env=URL), postgres(), databases=[database(WAITING, CONSOLE)]),
        (DB, "database_connection", "page_human"),
        excludes=no("restart_workload", "scale_workload", at=SHOP),
    ),
    Holds(
        "the service's own forgotten transaction",
        snapshot(shop(env=URL), postgres(), databases=[database(WAITING, OWN)]),
        (SHOP, "database_connection", "restart_connection_pool"),
    ),
    Holds(
        "the kind of lock is told with it",
        snapshot(shop(env=URL), postgres(), databases=[database(replace(WAITING, wait="Lock:transactionid"), OWN)]),
        (SHOP, "database_connection", "restart_connection_pool"),
    ),
    Holds(
        "figures alone",
        snapshot(shop(env=URL), postgres(), figures=[figure("db_locks_waiting", 0, 25, component="postgres")]),
        (DB, "database_connection", "page_human"),
    ),
    Holds(
        "clients of MySQL that give up",
        snapshot(
            workload("mysql", "mysql:8", kind="StatefulSet", pods=1, port=3306),
            workload("api", env={"DB_HOST": "mysql"}, before=OLD, released=3 * DAY),
            figures=[errors("api", 0.4)],
            logs=logs("api", "ERROR 1205 (HY000): Lock wait timeout exceeded; try restarting transaction"),
        ),
        ("StatefulSet/mysql", "database_connection", "page_human"),
        harmful=("rollback_workload", "scale_workload"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a watch names the session that all wait for, {what}", world, instead)
        for what, world, instead in (
            ("and it is of a pod of ours", watched(host=pod("cart")), ASK),
            ("and nobody tells that a person works by it", watched(program="Core Microsoft SqlClient"), ASK),
            ("which is another one each time", watched(87, 88, 91, 95, 87), ASK),
            ("but twice", watched(87, 87), ASK),
            ("and then nobody waits", watched(lines=[SEEN.format(0)] * 5), ASK),
            ("and it says no more for long", watched(age=1800), ASK),
            ("and there is none", watched(0, 0, 0), ASK),
            ("and all are served", watched(well=True), ()),
            ("of a database elsewhere", watched(env=OUTSIDE, users=HERE), ASK),
            ("and there are two databases", watched(beside=postgres()), ASK),
            (
                "and a client was released, and it is of a pod of ours",
                watched(host=pod("shop"), before=OLD, released=700),
                ("dependency_failure", "page_human"),
            ),
        )
    ),
    *(
        DoesNotHold(f"a watch lists the sessions of a database outside, {what}", world, instead)
        for what, world, instead in (
            ("and who holds on is a pod of ours", listed(STUDIO.replace("WS-17", pod("cart"))), ASK),
            ("and who holds on is called as a program of ours", listed(UNKNOWN.replace("BATCH01", "cart")), ASK),
            ("and those who wait are told as little as who holds on", listed(UNKNOWN, others=["n1"]), ASK),
            ("and some of those who wait are", listed(UNKNOWN, others=[pod("shop"), "n1"]), ASK),
            ("and few wait", listed(waits=2), ASK),
            (
                "and who holds on stands no more in the list",
                listed("  86  CORP\\kim  WS-17  Management Studio  0  0"),
                ASK,
            ),
            ("and who holds on waits as well", listed(MSSQL.format(87, "WS-17", 100)), ASK),
            ("which is old", listed(age=1800), ASK),
            (
                "and a client was released, when the list is old",
                listed(age=1800, before=OLD, released=700),
                ("dependency_failure", "page_human"),
            ),
            ("and its clients are well", listed(well=True), ()),
            ("and the database is here as well", listed(beside=postgres()), ASK),
        )
    ),
    *(
        DoesNotHold(f"a Secret hides on which database a run works, {what}", world, harmful=("scale_workload",))
        for what, world in (
            ("and it is not the one of those who wait", hidden(secret="other")),
            ("and both only watch by one account", hidden(secret="other", both="SENTRY_DSN")),
            ("and a Secret that both take as a whole keeps no address", hidden(secret="other", whole="SENTRY_DSN")),
            ("and there are two databases", hidden(postgres("stock"))),
            ("and it only reads", hidden(sql="SELECT count(*) FROM orders")),
        )
    ),
    DoesNotHold(
        "a Secret hides on which database a run works, and a reader of it was released then: either may lock",
        hidden(workload("api", env={"DATABASE_URL": secret_key("app", "url")}, before=OLD, released=640)),
        ("page_human",),
    ),
    DoesNotHold(
        "the database's log names a process, and its program was just released: that may be what locks",
        told("58", BY_NAME, before=IMAGE, released=900),
        (EXPORT, "code_defect", "rollback_workload"),
    ),
    *(
        DoesNotHold(
            f"the database's log names a process, {what}", world, harmful=("restart_workload", "scale_workload")
        )
        for what, world in (
            ("and nobody tells whose it is", told("58")),
            ("and nobody tells that somebody suffers", unmeasured("GET /orders 200 20ms")),
            ("which waits itself for one that nobody names", told("58", BY_CHAIN)),
            ("and others beside it", told("58, 59", BY_NAME)),
            ("which comes from a pod of those who wait", told("58", *came(host=POD))),
            ("which comes from the bridge of a node", told("58", *came(host="10.88.0.1"), beside=[BRIDGED])),
            ("which comes from where a pod was", told("58", *came(host=f"{POD.rpartition('.')[0]}.251"))),
            ("which comes from a range of version 6", told("58", *came(host="fd00:88::5"), beside=[BRIDGED])),
            ("which comes from what only has a name", told("58", *came(host="build-7.example"))),
            ("which may be a pod, by the address of its node", told("58", *came(), beside=[NODE])),
            ("which has the name of those who wait", told("58", *came("shop"))),
            ("which comes from where those who wait come from", told("58", *came("shop"), *came("shop", pid=3371))),
            ("of which nobody tells from where it comes", told("58", *came()[1:])),
            ("by a name that those who wait bear too", told("58", BY_NAME.replace("export", "shop"))),
            ("and its user, who those who wait are too", told("58", BY_USER.replace("export", "shop"), env=HOST)),
            ("and its user, and the program that is called so logs in as another", told("58", BY_USER)),
            (
                "and a database that is called as a program is",
                told("58", BY_USER.replace("export@shop", "ro@export"), env=HOST),
            ),
        )
    ),
    DoesNotHold(
        "the database's log tells of waits since a run, and since the release of who waits: either may lock",
        queued(tidy(), before=IMAGE, released=640),
        (SHOP, "dependency_failure", "page_human"),
    ),
    *(
        DoesNotHold(f"the database's log tells of waits, {what}", world, harmful=("isolate_workload", "scale_workload"))
        for what, world in (
            ("and nothing runs", queued()),
            ("and a run only reads", queued(tidy("SELECT count(*) FROM orders"))),
            ("and a run builds an index beside all", queued(tidy("CREATE INDEX CONCURRENTLY i ON orders (vat)"))),
            ("and a run locks since hours", queued(tidy(age=9000))),
            ("and a run came later", queued(tidy(age=300))),
            ("and two runs came before", queued(tidy(), tidy(age=620, name="sweep-2"))),
            ("and a run locks in another database", queued(tidy(host="stock"), postgres("stock"))),
            ("seldom", queued(tidy(), times=2)),
            ("and all are served", queued(tidy(), well=True)),
        )
    ),
    DoesNotHold(
        "one wait is ordinary",
        snapshot(shop(env=URL), postgres(), databases=[database(session(SHOP, "active", 1, wait="Lock"))]),
    ),
]
