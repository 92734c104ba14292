"""A program that forgot several transactions holds what all wait for: the log names a process for each of them.

Who works on one row after another holds each for moments, by as many processes as it has sessions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, URL, errors, shop
from tests.diagnosis.rules.tiny import figure, log, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

EXPORT, IDLE = "Deployment/export", "idle in transaction"
PIDS = (58, 61, 64)
NAMED = "[{}] ro@shop [unknown] LOG:  connection authorized: user=ro database=shop application_name=export"
TOO = "[{0}] ro@shop export LOG:  process {0} still waiting for ShareLock on transaction 7 after 1000.1 ms"
WAITS = "[{0}] shop@shop JDBC LOG:  process {0} still waiting for ShareLock on transaction 7 after 1000.1 ms"
DETAIL = "[{0}] shop@shop JDBC DETAIL:  Process holding the lock: {1}. Wait queue: {0}."


def several(
    *pids: int,
    idle: tuple[float, float, float] = (0, 3, 1200),
    active: float = 400,
    oldest: float = 1250,
    counted: bool = True,
    who: Sequence[str] = (),
    too: Sequence[int] = (90, 91),
    waits: str = WAITS,
    **export: Any,
) -> Snapshot:
    """Return a shop that waits for locks of several processes, each of which serves the same program.

    ``idle``: how many transactions of it did nothing before, how many do now, and since when; ``who``: how the log
    names each process; ``too``: which processes of it wait as well.
    """
    names = who or [NAMED.format(pid) for pid in pids or PIDS]
    queue = [
        line
        for n, pid in enumerate((pids or PIDS) * 6)
        for line in (waits.format(200 + n), DETAIL.format(200 + n, pid))
    ]
    lines = [*names, *[TOO.format(pid) for pid in too], *queue]
    ages = ((IDLE, oldest), ("active", active))
    return snapshot(
        shop(env=URL),
        postgres(),
        workload("export", **{"env": URL, "pods": 1, "service": False, **export}),
        figures=[
            errors("shop", 0.6, 1190),
            *(
                figure("db_transaction_age_by_client", a, a, component="postgres", client="export", state=s)
                for s, a in ages
            ),
            *(
                [figure("db_connections_by_client", *idle, component="postgres", client="export", state=IDLE)]
                if counted
                else []
            ),
        ],
        logs=[log("postgres-0", *lines, since=1200)],
    )


NOT_OF_THOSE = no("restart_workload", "rollback_workload", "scale_workload", at=SHOP)
HOLDS = [
    *(
        Holds(
            f"three transactions of a program do nothing, and all wait for them{what}",
            world,
            (EXPORT, "database_connection", remedy),
            excludes=NOT_OF_THOSE,
            alone=True,
        )
        for what, remedy, world in (
            ("", "restart_workload", several()),
            (", and it is a service", "restart_connection_pool", several(service=True)),
            (", and none of its own waits", "restart_workload", several(too=())),
            (", and more of its transactions do nothing", "restart_workload", several(idle=(0, 5, 1200))),
            (", and one that works is older than the waits", "page_human", several(active=3000)),
            (", and none is as old as the waits", "page_human", several(oldest=700)),
        )
    ),
    Holds(
        "three transactions do nothing of a program with data of its own",
        several(kind="StatefulSet"),
        ("StatefulSet/export", "database_connection", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"several processes of a program hold what others wait for, {what}",
            world,
            harmful=("restart_workload", "restart_connection_pool", "rollback_workload"),
        )
        for what, world in (
            ("and fewer of its transactions do nothing", several(idle=(0, 2, 1200))),
            ("and they have done nothing for moments only", several(idle=(0, 3, 300))),
            ("and nobody counts those that do nothing", several(counted=False)),
            ("more than anybody forgets", several(*range(50, 57), idle=(0, 7, 1200))),
            (
                "and one serves another one",
                several(
                    who=[
                        *map(NAMED.format, PIDS[:2]),
                        NAMED.format(64).replace("application_name=export", "application_name=shop"),
                    ]
                ),
            ),
            (
                "and one is of somebody who works by hand",
                several(
                    who=[
                        *map(NAMED.format, PIDS[:2]),
                        NAMED.format(64).replace("application_name=export", "application_name=psql"),
                    ]
                ),
            ),
            ("and nothing tells of one of them", several(who=[*map(NAMED.format, PIDS[:2])])),
            ("and all who wait are of that program too", several(waits=TOO)),
            ("which was released lately", several(before=IMAGE, released=18000)),
        )
    ),
]
