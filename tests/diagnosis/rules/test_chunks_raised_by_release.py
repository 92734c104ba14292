"""A release that changes many times as much at once makes others wait who write to the same store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, OLD, SHOP, errors, latency, logs, shop
from tests.diagnosis.rules.test_waiting_for_a_lock__watched import ADDRESS, BY_SYS, HAND, by_hand
from tests.diagnosis.rules.tiny import NOW, Obj, at, database, log, pod, session, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Series, Session, Snapshot

PRUNER, BACK = "Deployment/pruner", "rollback_workload"
WAITS = "ActiveRecord::LockWaitTimeout (Mysql2::Error::TimeoutError: Lock wait timeout exceeded; try restarting)"
CANCELED = "ERROR: canceling statement due to lock timeout"
LATE = (560, 500, 440, 380, 320, 260, 200, 140, 80, 20)
EARLY = (3000, 2400, 1800, 1200)
SHORT = {"HOST": "db", "PRUNE_CHUNK_ROWS": "500", "PRUNE_PAUSE_MS": "500"}
LONG = {"HOST": "db", "PRUNE_CHUNK_ROWS": "50000", "PRUNE_PAUSE_MS": "0"}
OF_MARIADB = (
    "# Time: {short}",
    "# User@Host: {user}[{user}] @  [10.9.0.7]",
    "# Query_time: 6.522824  Lock_time: 0.000000  Rows_sent: 0  Rows_examined: 1",
    "SET timestamp={seconds};",
    "{statement};",
)
WAITED = tuple(line.replace("Lock_time: 0.0", "Lock_time: 6.4") for line in OF_MARIADB)
EAST, WEST = ((f"# Time: {{{zone}}}", *OF_MARIADB[1:]) for zone in ("east", "west"))
OF_MYSQL = ("# Time: {at}", *OF_MARIADB[1:])
OF_POSTGRES = ("{at} UTC [77] {user}@shop LOG:  duration: 6522.824 ms  statement: {statement}",)
DELETES = "DELETE FROM scans WHERE scanned_at < '2025-10-26 00:00:00' ORDER BY id LIMIT 50000"
READS = "SELECT id FROM scans WHERE scanned_at < '2025-10-26 00:00:00' ORDER BY id LIMIT 50000"
LOCKS = "SELECT id FROM scans ORDER BY id LIMIT 50000 FOR UPDATE SKIP LOCKED"
SETS = "UPDATE balances SET total = 50000 WHERE id = 7"
SMALL = "UPDATE heartbeat SET at = now() WHERE worker = 'pruner'"
BANNER = "INFO purger 2.3 starting: deletes rows older than 90d, chunk_rows=50000, next run 02:00"
PAYS = "UPDATE accounts SET balance = balance - 420 WHERE id = 4144"


def written(age: float, user: str, statement: str, of: Sequence[str]) -> list[str]:
    """Return a slow statement as a database tells it."""
    when = at(age)
    # The head of an entry has the hour of the server's zone.
    short, west, east = (
        f"{each[2:4]}{each[5:7]}{each[8:10]} {each[11:19]}" for each in (when, at(age + 18000), at(age - 3600))
    )
    seconds = int(NOW.timestamp() - age)
    told = {
        "at": when,
        "short": short,
        "west": west,
        "east": east,
        "user": user,
        "statement": statement,
        "seconds": seconds,
    }
    return [line.format(**told) for line in of]


def slow_log(
    *more: tuple[float, str, str],
    of: Sequence[str] = OF_MARIADB,
    large: Sequence[float] = LATE,
    user: str = "cleaner",
    says: str = DELETES,
    waits: Sequence[float] = LATE,
) -> Log:
    """Return the log of a database: large statements of one user, those of the shop just after them, and others."""
    told = [(age, user, says) for age in large] + [(age - 9, "shop", PAYS) for age in waits] + list(more)
    return Log("db-0", "db", tuple(x for each in sorted(told, reverse=True) for x in written(*each, of)))


def world(
    *told: Log,
    was: dict[str, str] = SHORT,
    now: dict[str, str] = LONG,
    image: str = "mariadb:10.11",
    since: float = 550,
    seen: bool = True,
    pruner: dict[str, Any] | None = None,
    more: Sequence[Obj] = (),
    listed: Sequence[Session] = (),
    **of_shop: Any,
) -> Snapshot:
    """Return a worker with other settings since ten minutes, and a shop that uses the same database and is slow."""
    figures: list[tuple[str, Series]] = [latency("shop", since=since), errors("shop", since=since)] if seen else []
    released = {"env": now, "before": {"env": was}, "released": 600, **(pruner or {})}
    return snapshot(
        shop(**{"env": {"DATABASE_URL": "mysql://shop@db:3306/shop"}, **of_shop}),
        workload("pruner", **released),
        workload("db", image, kind="StatefulSet", pods=1, port=3306),
        *more,
        logs=told,
        figures=figures,
        databases=[database(*listed, ref="StatefulSet/db")] if listed else [],
    )


def beside(*told: Log, **more: Any) -> Snapshot:
    """Return that world, in which another worker was released a moment before: it is not the only one."""
    return world(*told, more=workload("mailer", env={"HOST": "db"}, before=OLD, released=620), **more)


def elsewhere(*told: Log) -> Snapshot:
    """Return that world, in which the worker's settings lead to another database than the shop's."""
    other = workload("other-db", "mariadb:10.11", kind="StatefulSet", pods=1, port=3306)
    was, now = ({**each, "HOST": "other-db"} for each in (SHORT, LONG))
    mailer = workload("mailer", env={"HOST": "db"}, before=OLD, released=620)
    return world(*told, was=was, now=now, more=[*other, *mailer])


def by_kim(*told: Log) -> Snapshot:
    """Return that world, in which a watch of the database names the pod of a person as the one that all wait for."""
    watch = workload("lockwatch", env={"MYSQL_HOST": "db"}, pods=1, service=False)
    names = log(pod("lockwatch"), *[BY_SYS] * 9, since=600)
    return world(*told, *logs("shop", WAITS, times=12, since=540), names, more=[*watch, *by_hand()])


def held(owner: str, state: str = "idle in transaction", client: str = ADDRESS, **more: Any) -> Snapshot:
    """Return that world, in which a list of sessions tells of an old transaction."""
    return beside(slow_log(), listed=[session(owner, state, 1, client=client, age_s=900, **more)])


def itself(line: str, ages: Sequence[float] = LATE) -> Log:
    """Return what the worker tells of its own work."""
    return timed(pod("pruner"), *((age, line) for age in ages), of="pruner")


HOLDS = [
    Holds(
        what,
        scene,
        (PRUNER, "configuration_error", BACK),
        excludes=no("restart_workload", BACK, "scale_workload", at=SHOP),
        harmful=("scale_workload",),
    )
    for what, scene in (
        ("MariaDB's slow log tells of deletions as large as they may be since", world(slow_log())),
        ("so does MySQL's", world(slow_log(of=OF_MYSQL), image="mysql:8.4")),
        ("the clock of MariaDB is an hour ahead", world(slow_log(of=EAST))),
        ("the clock of MariaDB is five hours behind", world(slow_log(of=WEST))),
        ("who waits for it was released just before it", world(slow_log(), before=IMAGE, released=900)),
        (
            "the amount stands in no statement, and PostgreSQL tells its user",
            world(
                slow_log(of=OF_POSTGRES, user="pruner", says="DELETE FROM scans WHERE id = ANY($1)"),
                image="postgres:16",
                was={"PURGE_BATCH_SIZE": "100"},
                now={"PURGE_BATCH_SIZE": "20000"},
            ),
        ),
        (
            "no client tells that it waits, and their statements are slow since",
            world(slow_log(), now={**SHORT, "PRUNE_CHUNK_ROWS": "50000"}),
        ),
    )
]
HOLDS.append(
    Holds(
        "nobody measures anything, and the shop tells often that it waits",
        world(slow_log(), *logs("shop", WAITS, times=12, since=540), seen=False),
        (PRUNER, "configuration_error", BACK),
        sure=(0.3, 0.9),
    )
)
HOLDS += [
    Holds(
        f"nobody has the log of the database; the worker tells of its own work, and the shop that it waits: {what}",
        world(itself(line), *logs("shop", waits, times=12, since=540), **more),
        (PRUNER, "configuration_error", BACK),
        excludes=no("restart_workload", BACK, at=SHOP),
        sure=(0.3, 0.9),
    )
    for what, line, waits, more in (
        ("as JSON", '{"level": "INFO", "msg": "chunk deleted", "rows": 50000, "commit_ms": 3480}', WAITS, {}),
        (
            "in words, of a PostgreSQL",
            "INFO archived 20000 rows of events in 9.1s",
            CANCELED,
            {
                "image": "postgres:16",
                "was": {"ARCHIVE_BATCH_SIZE": "1000"},
                "now": {"ARCHIVE_BATCH_SIZE": "20000"},
                "env": {"DATABASE_URL": "postgres://shop@db:3306/shop"},
            },
        ),
        (
            "its image is new as well",
            "purge: deleted rows=50000",
            WAITS,
            {"pruner": {"image": "registry.example/pruner:2", "before": {"env": SHORT, "image": "pruner:1"}}},
        ),
    )
]
HOLDS += [
    Holds(what, scene, (PRUNER, "configuration_error", BACK))
    for what, scene in (
        ("the oldest transaction is its own", held(PRUNER)),
        (
            "it comes as the shop's user, as its settings tell",
            world(slow_log(user="shop"), now={**LONG, "DB_USER": "shop"}),
        ),
        (
            "it selects what it deletes in one statement",
            world(slow_log(says="WITH old AS (SELECT id FROM scans LIMIT 50000 FOR UPDATE) DELETE FROM scans")),
        ),
        ("who waits at its commit is listed as at work", held(SHOP, "active", "10.1.0.8", query="COMMIT")),
    )
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, by_kim(*told), (HAND, "database_connection", "page_human"), harmful=(BACK,))
        for what, told in (
            ("a watch names a person's pod as the one that all wait for", [slow_log()]),
            ("a watch names that pod, and the worker waits as well", [slow_log(of=WAITED)]),
        )
    ),
    *(
        DoesNotHold(what, scene, harmful=(BACK,))
        for what, scene in (
            ("its own database is another one, and somebody changes as many here", elsewhere(slow_log(user="etl"))),
            ("its own database is another one, and a number is as high here", elsewhere(slow_log(says=SETS))),
            (
                "it tells of its own work on another database",
                elsewhere(itself("chunk deleted rows=50000"), *logs("shop", WAITS, times=12, since=540)),
            ),
            ("another program sends them, as the log tells", beside(slow_log(user="mailer"))),
            ("another user sends them, and the log knows its own", beside(slow_log((70, "pruner", SMALL), user="etl"))),
            ("what is as large only locks what it reads", beside(slow_log(says=LOCKS))),
            ("its own slow statement is of one row", beside(slow_log(user="pruner", says=SMALL))),
            (
                "it moves files in larger pieces",
                beside(slow_log(user="pruner"), was={"UPLOAD_CHUNK_SIZE": "5000"}, now={"UPLOAD_CHUNK_SIZE": "50000"}),
            ),
        )
    ),
    *(
        DoesNotHold(what, beside(itself(line, ages), *logs("shop", WAITS, times=12, since=530)), harmful=(BACK,))
        for what, line, ages in (
            ("it tells three times what it is set to do", BANNER, (560, 550, 540)),
            ("it tells again and again what it is set to do", BANNER, LATE),
            ("it tells three times at its start of what it did before", "INFO last run deleted 50000", (560, 550, 540)),
            ("it repeats the setting beside what it did", "INFO cleanup done: deleted=12 chunk_rows=50000", LATE),
        )
    ),
    DoesNotHold(
        "it tells at its start what it is set to do, and nobody else is new",
        world(itself(BANNER, (560, 550, 540)), *logs("shop", WAITS, times=12, since=530)),
        ("database_connection", "page_human"),
        harmful=(BACK,),
    ),
    *(
        DoesNotHold(what, scene, harmful=(BACK,))
        for what, scene in (
            ("its deletions are slow as they wait for locks themselves", beside(slow_log(of=WAITED))),
            ("a list of sessions tells that a person keeps a transaction open", held(HAND)),
            ("a list of sessions tells that one who waits keeps a transaction open", held(SHOP, client="10.1.0.8")),
        )
    ),
    *(
        DoesNotHold(what, scene, harmful=(BACK,))
        for what, scene in (
            ("nobody feels it", world(slow_log(), seen=False)),
            ("it waited as often before", world(slow_log(), *logs("shop", WAITS, times=40, since=3500), seen=False)),
            ("users suffered before the first of them", world(slow_log(), since=900)),
            ("users suffer only long after the release", world(slow_log(), since=60, pruner={"released": 3000})),
            ("the large ones are over", world(slow_log(large=(3500, 3400, 3300)), pruner={"released": 3590})),
        )
    ),
    *(
        DoesNotHold(what, scene, harmful=(BACK,))
        for what, scene in (
            ("it deleted as much at once before", beside(slow_log(large=(*EARLY, *LATE)))),
            ("what is as large only reads", beside(slow_log(says=READS))),
            ("twice the amount is tuned", beside(slow_log(), was={**SHORT, "PRUNE_CHUNK_ROWS": "25000"})),
            (
                "it takes less at once, as another setting says",
                beside(slow_log(), was={**SHORT, "PRUNE_BATCH_MAX": "500"}, now={**LONG, "PRUNE_BATCH_MAX": "5"}),
            ),
            (
                "it reads more at once",
                beside(slow_log(), was={"FETCH_BATCH_SIZE": "500"}, now={"FETCH_BATCH_SIZE": "50000"}),
            ),
            ("nobody tells of writes so large", beside(slow_log(large=()))),
            ("the worker alone tells of them, and nobody waits", beside(itself("chunk deleted rows=50000"))),
        )
    ),
]
