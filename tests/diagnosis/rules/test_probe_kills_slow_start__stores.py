"""A store that reads its data anew after a hard end, and is killed by its own probe each time before it is through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import ended
from tests.diagnosis.rules.scenes import down, shop
from tests.diagnosis.rules.tiny import Obj, at, event, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

STORE = "StatefulSet/store"
PROBE: dict[str, Any] = {"exec": {"command": ["is-it-up"]}, "initialDelaySeconds": 30, "failureThreshold": 6}
KILL = "Container store failed {} probe, will be restarted"
IS_READY = "Liveness probe failed: 127.0.0.1:5432 - rejecting connections\n"
MYSQLADMIN = (
    "Liveness probe failed: mysqladmin: error: 'Can't connect to local MySQL server through socket '/run/m.sock'"
)
PING = "Liveness probe failed: LOADING Redis is loading the dataset in memory"
SILENT = "Liveness probe failed: 127.0.0.1:5432 - no response"
SCRIPT = "Liveness probe failed: broker is not registered yet, state is RECOVERY"
REPLAY = (
    "LOG:  database system was not properly shut down; automatic recovery in progress",
    "LOG:  redo starts at 3F/8A0A1C60",
    "FATAL:  the database system is starting up",
    "LOG:  redo in progress, elapsed time: 10.00 s, current LSN: 3F/9F3FFE16",
    "FATAL:  the database system is not yet accepting connections",
    "LOG:  redo in progress, elapsed time: 40.00 s, current LSN: 3F/C9ABC184",
)
INNODB = (
    "[Note] [MY-012551] [InnoDB] Database was not shutdown normally!",
    "[Note] [MY-012552] [InnoDB] Starting crash recovery.",
    "[Note] [MY-012533] [InnoDB] Applying a batch of 812345 redo log records ...",
)
SEGMENTS = (
    "INFO Attempting recovery for all logs in /data since no clean shutdown file was found (kafka.log.LogManager)",
    "INFO [LogLoader partition=a-1, dir=/data] Recovering unflushed segment 15. 0/1 recovered for a-1. (kafka.log)",
    "INFO [LogLoader partition=a-2, dir=/data] Recovering unflushed segment 44. 0/1 recovered for a-2. (kafka.log)",
)
MONGOD = (
    '{"c":"STORAGE","msg":"Detected unclean shutdown - Lock file is not empty"}',
    '{"c":"WTRECOV","msg":"recovery log replay has been running for 40 seconds and is on log 12 of 18"}',
)
UP = "LOG:  database system is ready to accept connections"


def run(*lines: str, previous: bool = True) -> Log:
    """Return the log of a run of the store: of the one that was ended two minutes ago, or of this one."""
    end = 121 if previous else 5
    told = [f"{at(end + 70 * (1 - n / max(1, len(lines) - 1)))} {line}" for n, line in enumerate(lines)]
    return Log("store-0", "store", tuple(told), previous=previous)


def killed(
    says: str = IS_READY,
    *,
    image: str = "postgres:16",
    logs: Sequence[Log] = (run(*REPLAY),),
    lived: float = 85,
    code: int = 0,
    restarts: int = 11,
    unready: float = 3100,
    why: str = "liveness",
    **more: Any,
) -> Snapshot:
    """Return a store whose node restarted an hour ago and which its probe has killed since at each start."""
    status: Obj = {
        "restartCount": restarts,
        "state": {"running": {"startedAt": at(60)}},
        "lastState": ended("Completed" if not code else "Error", code, age=120, lived=lived),
    }
    objects = workload(
        "store", image, **{"kind": "StatefulSet", "pods": 1, "port": 5432, "livenessProbe": PROBE, "age": 9e6, **more}
    )
    told = [
        event("Pod/store-0", "Killing", KILL.format(why), kind="Normal", count=restarts),
        event("Pod/store-0", "Unhealthy", says, count=70),
    ]
    asks = shop(env={"STORE_URL": "store:5432"})
    return snapshot(down(objects, status, unready=unready), asks, told, logs=logs)


HARMFUL = ("restart_workload", "rollback_workload", "scale_workload", "no_action")
ANSWER = (STORE, "configuration_error", "page_human")
HOLDS = [
    Holds(
        "PostgreSQL after a restart of its node",
        killed(),
        ANSWER,
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=STORE),
        harmful=HARMFUL,
        sure=(0.7, 1.0),
        began=3100,
    ),
    *(
        Holds(what, world, ANSWER, excludes=no("restart_workload", at=STORE), harmful=HARMFUL)
        for what, world in (
            ("the log of the run that was ended is lost", killed(logs=(run(*REPLAY, previous=False),))),
            ("only its probe was told", killed(logs=())),
            ("the head of its log is lost", killed(logs=(run(*REPLAY[3:]),))),
            (
                "MySQL, which does not end by itself",
                killed(MYSQLADMIN, image="mysql:8", logs=(run(*INNODB),), code=137),
            ),
            ("Redis, which only says it to who asks", killed(PING, image="redis:7", logs=())),
            (
                "Kafka, whose probe has words of its own",
                killed(SCRIPT, image="apache/kafka:3.9", logs=(run(*SEGMENTS),), code=143),
            ),
            (
                "MongoDB, by a startup probe",
                killed(
                    "Startup probe failed: MongoNetworkError: connect ECONNREFUSED: connection refused",
                    image="mongo:7",
                    logs=(run(*MONGOD),),
                    why="startup",
                    startupProbe=PROBE,
                ),
            ),
            ("it has never been ready since it came anew", killed(unready=9e6 - 1)),
            (
                "what was released is of weeks ago",
                killed(before={"image": "postgres:16.1"}, released=2_000_000),
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, harmful=("rollback_workload", "scale_workload", "no_action"))
        for what, world in (
            ("it was through, and served", killed(SCRIPT, logs=(run(*REPLAY, UP),))),
            ("it was ready since its last run began", killed(unready=150)),
            ("it ended by itself before a probe could", killed(lived=8, code=1)),
            ("it was killed once", killed(restarts=1)),
            ("it lives for an hour each time", killed(lived=3600)),
            ("its disk is full", killed(logs=(run(*REPLAY, "PANIC: could not write: No space left on device"),))),
            ("it is no store, and nobody knows what it does", killed(image="shop/store:1", port=8080, logs=())),
            ("nobody listens, and nobody knows why", killed(SILENT, logs=())),
        )
    ),
    DoesNotHold(
        "it was released an hour ago, and was ready until it fell",
        killed(before={"image": "postgres:16.1"}, released=3600, unready=1800),
        harmful=("no_action", "restart_workload"),
    ),
]
