"""A run's change of a table waits for who reads that table for long, and everybody behind it waits for the run."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import DB, OLD, SHOP, URL, errors, shop
from tests.diagnosis.rules.test_waiting_for_a_lock import JOB, tidy
from tests.diagnosis.rules.tiny import log, postgres, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

HEAD, FIRST = 20431, 200
WAITS = "[{0}] {1} LOG:  process {0} still waiting for {2} on relation 16421 of database 16402 after 1000.1 ms"
DETAIL = "[{0}] {1} DETAIL:  Process holding the lock: {2}. Wait queue: {3}."
STATEMENT = "[{0}] {1} STATEMENT:  {2}"
ALTER = "ALTER TABLE orders ADD COLUMN lang varchar(8)"
ITS, OURS = "root@shop/tool", "svc@shop/api"
GIVES_UP = f"[{FIRST}] {ITS} ERROR:  canceling statement due to lock timeout"
GOT = f"[{FIRST}] {ITS} LOG:  process {FIRST} acquired AccessExclusiveLock on relation 16421 after 9000.1 ms"


def in_line(
    statement: str = ALTER,
    *ends: str,
    by: str = ITS,
    lock: str = "AccessExclusiveLock",
    command: str = "/app/run",
    said: str = "INFO started",
    age: float = 610,
    waiters: int = 9,
    before: bool = False,
    well: bool = False,
    beside: Any = (),
    api: Any = None,
) -> Snapshot:
    """Return a shop that fails, a run, and its database's log of those who queue behind a statement.

    ``before``: whether another session waits ahead of that statement. ``ends``: what the log tells after the waits.
    """
    queue = [FIRST, *range(300, 300 + waiters)]
    ahead = [199] if before else []
    lines = [
        WAITS.format(FIRST, by, lock),
        DETAIL.format(FIRST, by, HEAD, FIRST),
        STATEMENT.format(FIRST, by, statement),
    ]
    for n, pid in enumerate(queue[1:], 2):
        waiting = ", ".join(map(str, (*ahead, *queue[:n])))
        lines += [
            WAITS.format(pid, OURS, "AccessShareLock"),
            DETAIL.format(pid, OURS, HEAD, waiting),
            STATEMENT.format(pid, OURS, "select o.id from orders o where o.id = $1"),
        ]
    told = [(600.0 - n, line) for n, line in enumerate(lines)] + [(300.0, line) for line in ends]
    return snapshot(
        shop(env=URL, **(api or {})),
        postgres(),
        tidy(command, age),
        *beside,
        figures=[errors("shop", 0.001 if well else 0.6, 590)],
        logs=[timed("postgres-0", *told, of="postgres"), log("tidy-1007-zfcng", said, since=600, of="psql")],
    )


FOUND = (JOB, "database_connection", "page_human")
HARM = ("rollback_workload", "restart_workload", "scale_workload", "restart_connection_pool")
MIGRATOR = workload("migrator", env=URL, pods=1, service=False)

HOLDS = [
    *(
        Holds(
            f"a run's statement waits first for a whole table, and all queue behind it: {what}",
            world,
            FOUND,
            excludes=(
                *no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
                *no("restart_workload", at=DB),
            ),
            alone=True,
            harmful=HARM,
        )
        for what, world in (
            ("a column", in_line()),
            ("an index, behind which nobody writes", in_line("CREATE INDEX i ON orders (lang)", lock="ShareLock")),
            ("a table emptied", in_line("TRUNCATE TABLE orders")),
            ("a neighbour was released", in_line(beside=[workload("front", before=OLD, released=1200)])),
        )
    ),
    *(
        Holds(
            f"a run's own log is that of a tool that changes tables: {said}",
            in_line("select 1", said=said),
            FOUND,
            alone=True,
            harmful=HARM,
        )
        for said in (
            'Migrating schema "public" to version "214 - lang"',
            "INFO  [alembic.runtime.migration] Running upgrade 8f1c2d -> a41b9e, lang",
            "Running Changeset: db/changelog/0042.xml::42::kim",
            "== 20261130093812 AddLang: migrating ====================",
            "  Applying orders.0042_order_lang...",
            "Applying migration `20261130093812_lang`",
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"all queue, and {what}", world, harmful=HARM)
        for what, world in (
            ("who waits first is another program of ours", in_line(by="svc@shop/migrator", beside=[MIGRATOR])),
            ("who waits first does not bar readers", in_line(lock="ShareUpdateExclusiveLock")),
            ("who waits first builds beside the table", in_line("CREATE INDEX CONCURRENTLY i ON orders (lang)")),
            ("who waits first changes rows", in_line("UPDATE orders SET lang = 'de'", lock="RowExclusiveLock")),
            ("another one is ahead of the statement", in_line(before=True)),
            ("the run came hours before", in_line(age=9000)),
            ("the run came after the waits", in_line(age=300)),
            ("the statement gave up since", in_line(ALTER, GIVES_UP)),
            ("the statement has got its lock since", in_line(ALTER, GOT)),
        )
    ),
    DoesNotHold("a run's statement waits first, and few behind it", in_line(waiters=1), harmful=("scale_workload",)),
    DoesNotHold(
        "a run's statement waits first, and who queues was released as that began: either may lock",
        in_line(api={"before": OLD, "released": 640}),
        ("page_human",),
        harmful=("restart_workload",),
    ),
    DoesNotHold("a run's statement waits first, and users are served", in_line(well=True)),
]
