"""Who queues for the next turn at a locked row tells who has that turn, who waits too: the head is named lines before.

Once all sessions of a pool wait nobody comes any more, and a log tells of a wait but once: they wait on in silence.
"""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import DB, SHOP, URL, errors, shop
from tests.diagnosis.rules.test_waiting_for_a_lock import DESK, EXPORT
from tests.diagnosis.rules.tiny import Obj, at, pod, postgres, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

ITS = workload("export", env=URL, pods=1, service=False)
DEBUG = "Pod/psql-kim"
HEAD, TURN = 58, 101
WAITS = "[{0}] shop@shop/shop LOG:  process {0} still waiting for {1} after 1000.1 ms"
DETAIL = "[{}] shop@shop/shop DETAIL:  Process holding the lock: {}. Wait queue: {}."
GOT = "[{0}] shop@shop/shop LOG:  process {0} acquired ShareLock on transaction 7 after 9000.1 ms"
ENDS = "[{}] shop@shop/shop ERROR:  canceling statement due to statement timeout"
GOES = "[{0}] shop@shop/shop LOG:  disconnection: session time: 0:00:36.8 user=shop database=shop"
READY = "[1] LOG:  database system is ready to accept connections"
IN_JSON = (
    '{{"process_id":{0},"user":"shop","error_severity":"LOG","message":"process {0} still waiting for ShareLock on'
    ' transaction 7","detail":"Process holding the lock: {1}. Wait queue: {0}."}}'
)


def by_hand(ip: str = "10.1.9.9") -> Obj:
    """Return a pod that somebody has started to look into a database."""
    box = {
        "name": "psql-kim",
        "image": "postgres:16",
        "command": ["psql", "-h", "postgres"],
        "stdin": True,
        "tty": True,
    }
    made = thing("Pod", "psql-kim", age=2000, spec={"containers": [box], "restartPolicy": "Never"})
    state = {"name": "psql-kim", "ready": True, "state": {"running": {"startedAt": at(2000)}}}
    return {**made, "status": {"phase": "Running", "podIP": ip, "containerStatuses": [state]}}


def first(told: str = "") -> list[str]:
    """Return how the one whose turn is next tells for whom it waits."""
    return [told] if told else [WAITS.format(TURN, "ShareLock on transaction 7"), DETAIL.format(TURN, HEAD, TURN)]


def turns(
    *ends: str, told: str = "", host: str = "10.1.9.9", age: float = 1500, beside: Any = None, well: bool = False
) -> Snapshot:
    """Return a shop that fails, and its database's log of those who queue behind the first who waits for a row.

    ``ends``: what the log tells after the waits. ``told``: what it tells of the first one.
    """
    came = f"[{HEAD}] LOG:  connection received: host={host} port=41822"
    queue = [str(each) for each in range(200, 214)]
    behind = [
        line
        for n, pid in enumerate(queue)
        for line in (
            WAITS.format(pid, "ExclusiveLock on tuple (5,1) of relation 7"),
            DETAIL.format(pid, TURN, ", ".join(queue[: n + 1])),
        )
    ]
    lines = [*first(told), *behind]
    waits = [(age - n, line) for n, line in enumerate(lines)]
    after = [(age - 60, line) for line in ends]
    return snapshot(
        shop(env=URL),
        postgres(),
        by_hand() if beside is None else beside,
        figures=[errors("shop", 0.001 if well else 0.6, age)],
        logs=[timed("postgres-0", (age + 300, came), *waits, *after, of="postgres")],
    )


def says(line: str, pid: int = 39877, *others: str) -> Snapshot:
    """Return a shop that waits for a process of which the database's log tells the number alone, and an export's log.

    ``others``: who tells the same in its log.
    """
    queue = [str(each) for each in range(41210, 41219)]
    waits = [
        (600 - n, line)
        for n, each in enumerate(queue)
        for line in (
            WAITS.format(each, "AccessShareLock on relation 7"),
            DETAIL.format(each, pid, ", ".join(queue[: n + 1])),
        )
    ]
    return snapshot(
        shop(env=URL),
        postgres(),
        ITS,
        *(workload(each, env=URL, pods=1, service=False) for each in others),
        figures=[errors("shop", 0.6, 600)],
        logs=[
            timed("postgres-0", *waits, of="postgres"),
            *(timed(pod(each), (900, line), (60, "INFO part 41 uploaded")) for each in ("export", *others)),
        ],
    )


FOUND = (DEBUG, "database_connection", "page_human")
NOT_OF_THOSE = no("restart_workload", "rollback_workload", "scale_workload", at=SHOP)
HOLDS = [
    *(
        Holds(
            f"whose process others wait for the log of a program tells that came before: {line}",
            says(line),
            (EXPORT, "database_connection", "page_human"),
            excludes=NOT_OF_THOSE,
        )
        for line in (
            "INFO export: connected pid=39877 isolation=repeatable read",
            '{"msg":"session opened","session_pid":39877}',
            "INFO connected pid=39877 app=export lock_timeout=0 idle_in_transaction_session_timeout=0",
            "INFO backend pid 39877, one transaction for all tables",
        )
    ),
    *(
        Holds(
            f"those who queue name who is next, and that one a pod that somebody works in by hand{what}",
            world,
            FOUND,
            excludes=NOT_OF_THOSE,
            alone=True,
            harmful=("restart_connection_pool", "scale_workload"),
        )
        for what, world in (
            (", a moment ago", turns(age=300)),
            (", and all have waited in silence for long since", turns()),
            (", in JSON", turns(told=IN_JSON.format(TURN, HEAD))),
            (", and one of them gave up since", turns(ENDS.format(205))),
            (", and some are gone since", turns(*(GOES.format(n) for n in range(204, 208)))),
        )
    ),
    Holds(
        "those who queue name who is next, and that one a program",
        turns(host=pods_of(ITS)[0]["status"]["podIP"], beside=ITS),
        (EXPORT, "database_connection", "page_human"),
        excludes=NOT_OF_THOSE,
    ),
    Holds(
        "those who queue name who is next, and that one nobody of ours",
        turns(f"[{HEAD}] kim@shop LOG:  connection authorized: user=kim application_name=psql", host=DESK, beside=()),
        (DB, "database_connection", "page_human"),
        excludes=NOT_OF_THOSE,
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"whose process others wait for no log tells: {what}", world, harmful=("restart_workload",))
        for what, world in (
            ("a program tells the number of another one", says("INFO connected pid=39878")),
            ("so small a number may be that of its own process", says("INFO connected pid=58", 58)),
            ("it tells its own process", says("INFO worker started pid=39877")),
            ("a longer number begins so", says("INFO connected pid=398771")),
            (
                "a watchdog tells of another one's session",
                says("WARN long transaction: session pid=39877 state=idle in transaction age=912s app=billing"),
            ),
            ("a watchdog tells of a session, no more", says("INFO top of 40: session pid=39877 db=shop")),
            ("a watchdog tells who blocks", says("WARN 9 sessions blocked by backend pid 39877")),
            ("an auditor tells who connects", says("INFO session opened session_pid=39877 app=billing")),
            ("a pooler tells of its own process", says("INFO connection pid=39877 to postgres:5432 opened")),
            ("two tell the same", says("INFO connected pid=39877", 39877, "import")),
        )
    ),
    *(
        DoesNotHold(f"those who queue name who is next, {what}", world, harmful=("restart_workload", "scale_workload"))
        for what, world in (
            ("and nobody tells for whom that one waits", turns(told="[1] LOG:  checkpoint starting: time", age=300)),
            ("who has got it, long ago as all the others", turns(*(GOT.format(n) for n in (TURN, *range(200, 214))))),
            ("and all have given up long ago", turns(*(ENDS.format(n) for n in (TURN, *range(200, 214))))),
            ("and the database was started anew since", turns(READY)),
        )
    ),
    DoesNotHold("those who queue name who is next, and all are served", turns(well=True)),
]
