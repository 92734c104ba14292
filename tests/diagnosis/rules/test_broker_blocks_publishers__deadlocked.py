"""A broker is full of what waits for a reader whose threads wait for each other, and whose watchdog speaks of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import figure, log, pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

MIN = 60.0
QUEUE = "labels.print"
RABBIT_FULL = "memory resource limit alarm set on node rabbit@rabbitmq-0."
TAKES = "accepting AMQP connection <0.81.0> (10.1.0.4 -> 10.1.0.9)"
BLOCKED = "WARN connection blocked by broker: low on memory"
JAVA = 'WARN findDeadlockedThreads: "printer" BLOCKED on Fonts@5d owned by "fonts"; "fonts" BLOCKED on Page@1c'
DUMP = "Found one Java-level deadlock: printer, fonts"
OTHERS = "CRITICAL 'printer' waits for lock 7 held by 'fonts', 'fonts' waits for lock 2 held by 'printer': deadlock"
NO_DEADLOCK = "WARN findDeadlockedThreads: none"
SAYS_NONE = 'WARN no label for 60 s, findDeadlockedThreads="none", oldest wait: db query'
ROLLED_BACK = (
    'ERROR deadlock detected by the database, tx rolled back: "tx 71" waits for row locked by "tx 72", "tx 72" waits'
    ' for row locked by "tx 71"'
)
BEAT = "WARN no label printed for a while"
LABELS = "Deployment/labels"
FULL = ("StatefulSet/rabbitmq", "resource_exhaustion", "page_human")
RESTART = (LABELS, "service_crash", "restart_workload")


def stuck(word: str = JAVA, *, until: float = 40, number: int = 0, works: Sequence[float] = ()) -> Log:
    """Return the log of a pod that printed labels until so many minutes ago, and of a watchdog that speaks since.

    ``works``: how many minutes ago it printed some more.
    """
    done = [((until + 1.5 * n) * MIN, "INFO label 17 printed in 80 ms") for n in range(20)]
    told = [((until - 1) * MIN, word), *((n * MIN, BEAT) for n in range(0, int(until) - 1, 3))]
    more = [(age * MIN, "INFO label 17 printed in 80 ms") for age in works]
    return timed(pod("labels", number), *sorted([*done, *told, *more], reverse=True))


def full(
    *told: Log,
    says: str = RABBIT_FULL,
    blocked: str = BLOCKED,
    figures: Any = (),
    waits: tuple[float, float] = (10, 70_000),
    **more: Any,
) -> Snapshot:
    """Return a broker that is full since ten minutes, and who prints what waits there; ``more``: how that is."""
    return snapshot(
        shop(env={"BROKER_HOST": "rabbitmq"}, before=OLD, released=900),
        workload("rabbitmq", "rabbitmq:3.13-management", kind="StatefulSet", pods=1, port=5672),
        workload("labels", **{"env": {"QUEUE": QUEUE, "BROKER_HOST": "rabbitmq"}, "service": False, "pods": 1, **more}),
        logs=[log("rabbitmq-0", says, since=600), *logs("shop", blocked, 0, 1, since=590), *told],
        figures=[errors("shop", 0.9, 580), figure("queue_depth", *waits, 2400, component=QUEUE), *figures],
    )


def readers(number: float) -> Any:
    return figure("queue_consumers", number, number, component=QUEUE)


HOLDS = [
    *(
        Holds(
            f"who reads the one long queue tells that its threads wait for each other: {what}",
            world,
            RESTART,
            excludes=(*no("restart_workload", "rollback_workload", at=SHOP), *no("scale_workload", at=LABELS)),
            alone=True,
            harmful=("rollback_workload", "scale_workload"),
        )
        for what, world in (
            ("its watchdog names who holds what", full(stuck())),
            ("its runtime", full(stuck(DUMP))),
            ("it is of another language", full(stuck(OTHERS))),
            ("it is connected still, and holds its hand full", full(stuck(), figures=[readers(1)])),
            ("all of its pods do", full(stuck(), stuck(number=1), pods=2)),
        )
    ),
    *(
        Holds(f"it is not what fills the broker: {what}", world, FULL)
        for what, world in (
            ("it finds no deadlock, and speaks", full(stuck(NO_DEADLOCK))),
            ("its watchdog names nobody in a deadlock", full(stuck(SAYS_NONE))),
            ("a database ended one of those that waited for each other", full(stuck(ROLLED_BACK))),
            ("it stopped only as the broker was full, and may wait to publish", full(stuck(until=10.5))),
            ("it prints again", full(stuck(works=(8, 4, 1)))),
            ("one of its pods works", full(stuck(), stuck(NO_DEADLOCK, number=1, works=range(0, 39, 2)), pods=2)),
            ("few wait in its queue", full(stuck(), waits=(3, 40))),
            (
                "far more waits for others",
                full(stuck(), figures=[figure("queue_depth", 9e6, 9e6, 2400, component="mails")]),
            ),
            ("it came hours after its release, and may come again", full(stuck(), before=OLD, released=180 * MIN)),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the broker takes all still, and the threads of its reader wait for each other",
        full(stuck(), says=TAKES, blocked="INFO booked"),
        ("code_defect", "page_human"),
    )
]
