"""What all wait for is held by a session of a pod that is gone with its node: a new pod gives back nothing of it.

A pod that ends closes its sessions, and what stands between pods and a database has an address of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import IMAGE, SHOP, URL, errors, shop
from tests.diagnosis.rules.tiny import at, event, figure, postgres, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

BOOKS, IDLE = "Deployment/books", "idle in transaction"
AS_BOOKS = {"DATABASE_URL": "postgres://books@postgres:5432/shop"}
GONE = "10.1.9.7"
ITS = [pod["status"]["podIP"] for pod in pods_of(shop())]
HERE = pods_of(workload("books", pods=2, service=False))[0]["status"]["podIP"]
WORKS = "[{0}] books@shop {1} LOG:  duration: 1393.1 ms  execute s4: UPDATE account SET total = 1 WHERE id = $1"
WAITS = "[{0}] shop@shop {1} LOG:  process {0} still waiting for ShareLock on transaction 7 after 1000.1 ms"
DETAIL = "[{0}] shop@shop {1} DETAIL:  Process holding the lock: {2}. Wait queue: {0}."
LOST = 1500.0
"""A node is lost for so long."""


def held(
    address: str = GONE,
    *,
    pids: Sequence[int] = (58,),
    others: str = "",
    last: float = LOST + 30,
    waits: float = LOST - 40,
    lost: bool = True,
    anew: float = LOST - 50,
    idle: float = 0,
    beside: float = 0,
    ready: int | None = None,
    **books: Any,
) -> Snapshot:
    """Return a shop that waits for rows of a program, as the database's log tells, one pod of which came anew.

    ``last``, ``waits``: how long ago the holder worked last, and others began to wait; ``idle``: for how long the
    oldest transaction does nothing, by figures that tell of none whose it is, 0 if none tells; ``beside``: how many of
    the shop do so too.
    """
    pods: dict[str, Any] = {"pods": 2} if ready is None else {"pods": 2, "ready": ready}
    objects = workload("books", **{"env": AS_BOOKS, "service": False, **pods, **books})
    pods_of(objects)[1]["metadata"]["creationTimestamp"] = at(anew)
    host = others or ITS[0]
    told = [(3000.0 - 100 * n, WORKS.format(pid, address)) for n, pid in enumerate(pids)]
    told += [(last, WORKS.format(pids[0], address))]
    for n in range(18):
        age = waits - n * waits / 18
        told += [(age, WAITS.format(200 + n, host)), (age, DETAIL.format(200 + n, host, pids[n % len(pids)]))]
    count, since = {"component": "postgres", "state": IDLE}, idle or LOST
    figures = [
        figure("db_transaction_age_by_state", 1, idle, since, component="postgres", state=IDLE),
        figure("db_transaction_age_by_state", 1, 59, since, component="postgres", state="active"),
        figure("db_connections_by_state", 0, len(pids) + beside, since, **count),
        figure("db_connections_by_client", 0, len(pids), since, client="books", **count),
        figure("db_connections_by_client", 0, beside, since, client="shop", **count),
    ]
    return snapshot(
        shop(env=URL),
        postgres(),
        objects,
        [event("Node/n9", "NodeNotReady", "Node n9 status is now: NodeNotReady", age=LOST)] if lost else [],
        figures=[errors("shop", 0.6, waits), *(figures if idle else [])],
        logs=[timed("postgres-0", *sorted(told, key=lambda each: -each[0]))],
    )


NOT_OF_THOSE = no("restart_workload", "rollback_workload", "scale_workload", at=SHOP)
IN_VAIN = no("restart_workload", "rollback_workload", "scale_workload", at=BOOKS)
SEVERAL: dict[str, Any] = {"pids": (58, 61, 64), "idle": LOST + 20}
HOLDS = [
    *(
        Holds(
            f"a session holds on of a pod that is gone with its node{what}",
            world,
            (BOOKS, "database_connection", "restart_connection_pool"),
            excludes=(*NOT_OF_THOSE, *IN_VAIN),
            harmful=("restart_workload", "rollback_workload", "scale_workload", "scale_database"),
            alone=True,
        )
        for what, world in (
            ("", held()),
            (", and its node was called lost after others began to wait", held(waits=LOST + 200, last=LOST + 230)),
            (", and others began to wait long after", held(waits=600)),
            (", and it does nothing since then", held(idle=LOST + 20)),
            (", and is a service", held(service=True)),
            (", and others of its pod do", held(**SEVERAL)),
            (", and its program was released before", held(before=IMAGE, released=LOST + 300)),
        )
    ),
    *(
        Holds(
            f"several transactions of a program do nothing for long, and are all that do, {what}",
            world,
            (BOOKS, "database_connection", remedy),
            excludes=NOT_OF_THOSE,
        )
        for what, remedy, world in (
            ("a service", "restart_connection_pool", held(**SEVERAL, lost=False, service=True)),
            ("and it serves nobody", "restart_workload", held(**SEVERAL, lost=False)),
            ("but one of another", "page_human", held(**SEVERAL, lost=False, service=True, beside=1)),
        )
    ),
    *(
        Holds(
            f"a session holds on, {what}",
            world,
            (BOOKS, "database_connection", "page_human"),
            harmful=("restart_workload", "restart_connection_pool", "rollback_workload"),
        )
        for what, world in (
            ("and its pod is there", held(HERE)),
            ("and no node was lost", held(lost=False)),
            ("and it worked since its node was lost", held(last=LOST - 200, waits=LOST - 300)),
            ("and others waited before its node was lost", held(waits=LOST + 900, last=LOST + 950)),
            ("and no pod of it came anew", held(anew=LOST + 9000)),
            ("and one of its pods lacks yet", held(ready=1)),
            ("from where those who wait come from", held(others=GONE)),
            ("and those who wait come from no pod either", held(others="10.1.9.8")),
            ("from somewhere outside", held("192.0.2.7")),
            ("from a range of version 6, of which no pod is", held("fd00:1::7")),
            ("of which nobody tells from where it comes", held("-")),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a session holds on, its pod is there, and its program was just released: that may be why",
        held(HERE, before=IMAGE, released=LOST + 300),
        (BOOKS, "code_defect", "rollback_workload"),
        harmful=("restart_connection_pool", "restart_workload"),
    ),
]
