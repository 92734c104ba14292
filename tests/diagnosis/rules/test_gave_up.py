"""A part of a program ended for good while what it needs was away; a new process has it again."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.asking_early import EARLY, NOT_EARLY
from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.dropping import DROPPED, NOT_DROPPED
from tests.diagnosis.rules.dropping_well import NOT_WELL, OWN_WORK, WELL_AGAIN
from tests.diagnosis.rules.pods import HOUR
from tests.diagnosis.rules.scenes import CALLS_CART, IMAGE, SHOP, URL, alert, shop
from tests.diagnosis.rules.tiny import at, figure, log, pod, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Log

KILLED = (
    "ERROR Task is being killed and will not recover until manually restarted. Error: "
    "org.postgresql.util.PSQLException: Connection to postgres:5432 refused. Check that the hostname and port are "
    "correct and that the postmaster is accepting TCP/IP connections."
)
KILLED_CHILD = (
    "INFO exited: worker (terminated by SIGKILL; not expected); "
    "gave up: worker entered FATAL state, too many start retries too quickly"
)
POISON = (
    "ERROR Task is being killed and will not recover until manually restarted. "
    "org.apache.kafka.connect.errors.DataException: Converting byte[] to Kafka Connect data failed"
)
CRASHED = (
    '{"level":"ERROR","logger":"kafkajs","message":"[Connection] Connection error: read ECONNRESET"}',
    '{"level":"ERROR","logger":"kafkajs","message":"[Consumer] Crash: KafkaJSNonRetriableError: unknown member"}',
    '{"level":"INFO","logger":"kafkajs","message":"[Consumer] Stopped","groupId":"g"}',
)
JOINED = '{"level":"INFO","logger":"kafkajs","message":"[ConsumerGroup] Consumer has joined the group","groupId":"g"}'
GREW = figure("queue_depth", 20, 8000, 900, component="shop", queue="orders")
CALLED: dict[str, Any] = {"alerts": [alert("ConsumerGroupLag")]}


def told(line: str = KILLED, *after: str, age: float = 1500) -> Log:
    """Return a log that tells of an end, and of other work since."""
    lines = [f"{at(age)} {line}"]
    lines += [f"{at(age - 60 * n)} {told}" for n, told in enumerate(after or ["INFO offsets committed"] * 9, 1)]
    return Log(pod("shop"), "shop", tuple(lines))


def threaded(*trace: str, back: int = 0, lives: bool = True, age: float = 1500) -> Log:
    """Return a log of claims that end with a thread's exception; the process goes on to take orders.

    ``back``: how many claims came since. ``lives``: whether it still says anything.
    """
    lines = [f"{at(age + 30 * n)} INFO [loop] claimed {n} orders" for n in range(9, 0, -1)]
    since = [f"{at(age - 60 * n)} INFO [api] PUT /orders/{n} 204" for n in range(1, 25 if lives else 2)]
    since += [f"{at(60 * n)} INFO [loop] claimed {n} orders" for n in range(back, 0, -1)]
    return Log(pod("shop"), "shop", (*lines, *trace, *since))


PYTHON = (
    "Exception in thread dispatch-loop:",
    "Traceback (most recent call last):",
    '  File "/usr/local/lib/python3.12/threading.py", line 1075, in _bootstrap_inner',
    "    self.run()",
    "psycopg.OperationalError: server closed the connection unexpectedly",
)
JAVA = (
    f'{at(1500)} Exception in thread "scheduler-1" org.springframework.jdbc.UncategorizedSQLException: x',
    f"{at(1500)} \tat com.example.Loop.run(Loop.java:61)",
    f"{at(1500)} Caused by: java.net.SocketException: Connection reset",
)
RUST = (
    "thread 'dispatch' (17) panicked at src/loop.rs:61:9:",
    'called `Result::unwrap()` on an `Err` value: Os { code: 104, message: "Connection reset by peer" }',
)


def kafkajs(*after: str) -> Log:
    """Return the log of a consumer whose connection was cut, that its library ended, and that answers probes since."""
    lines = [f"{at(1500 - n)} {line}" for n, line in enumerate(CRASHED)]
    since = [*after, *["INFO GET /ping 200"] * 9]
    return Log(pod("shop"), "shop", (*lines, *(f"{at(1400 - 60 * n)} {line}" for n, line in enumerate(since))))


CART_FAILS = log(
    pod("web"), *['{"level":"error","status":502,"upstream":"http://cart:8080","msg":"HTTP 502 Bad Gateway"}'] * 9
)
BUG = (*PYTHON[:4], "KeyError: 'due_at'")
MAIN = ('Exception in thread "main" java.net.ConnectException: Connection refused',)
ONE: dict[str, Any] = {"pods": 1, "env": URL}

HOLDS = [
    *(
        Holds(
            f"an exception of {what} ended the one thread that did it, as the database was away; the process goes on",
            snapshot(shop(**ONE), postgres(), logs=[threaded(*trace)], **CALLED),
            (SHOP, "service_crash", "restart_workload"),
            excludes=no("rollback_workload", at=SHOP),
            harmful=("rollback_workload", "scale_workload"),
            began=1530,
        )
        for what, trace in (("Python", PYTHON), ("Rust", RUST))
    ),
    Holds(
        "an exception of Java, each line of which has its time",
        snapshot(shop(**ONE), postgres(), logs=[threaded(*JAVA)], **CALLED),
        (SHOP, "service_crash", "restart_workload"),
        began=1500,
    ),
    Holds(
        "the database was away for a moment, and what reads for it waits for a start by hand",
        snapshot(shop(env=URL), postgres(), logs=[told()], figures=[GREW], **CALLED),
        (SHOP, "service_crash", "restart_workload"),
        excludes=no("rollback_workload", at=SHOP),
        harmful=("scale_workload", "rollback_workload"),
    ),
    *(
        Holds(
            f"a library ended its consumer for what was away, {also}",
            snapshot(
                shop(env=URL),
                postgres(),
                workload("cart"),
                workload("web", env={**URL, **CALLS_CART}),
                logs=[kafkajs(), *others],
                figures=[GREW],
                **CALLED,
            ),
            (SHOP, "service_crash", "restart_workload"),
            harmful=("rollback_workload",),
        )
        for also, others in (
            ("and nothing else happens", []),
            ("and another one that needs the same complains of somebody else", [CART_FAILS]),
        )
    ),
    Holds(
        "somebody is called, and nobody measures the queue",
        snapshot(
            shop(env=URL),
            postgres(),
            logs=[told("ECONNREFUSED 10.96.0.7:5432, maximum number of reconnect attempts reached")],
            **CALLED,
        ),
        (SHOP, "service_crash", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, snapshot(shop(**ONE), postgres(), logs=[log_of], **CALLED), (), harmful=("restart_workload",))
        for what, log_of in (
            ("a thread ended of a bug: the next one may end of it too", threaded(*BUG)),
            ("a thread ended, and others do its work", threaded(*PYTHON, back=2)),
            ("a thread ended a moment ago: nobody knows whether its work goes on", threaded(*PYTHON, age=90)),
            ("nothing tells that the process goes on", threaded(*PYTHON, lives=False)),
            ("the main thread ended, and the process with it", threaded(*MAIN)),
        )
    ),
    DoesNotHold(
        "one of two pods lost its thread: the other does the work",
        snapshot(shop(env=URL), postgres(), logs=[threaded(*PYTHON)], **CALLED),
        (),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "a message ended it: it ends the next process too",
        snapshot(shop(env=URL), postgres(), logs=[told(POISON)], **CALLED),
        ("unknown", "page_human"),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "its own child was killed again and again: so will the next one be",
        snapshot(shop(env=URL), postgres(), logs=[told(KILLED_CHILD)], **CALLED),
        ("unknown", "page_human"),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "it came back by itself",
        snapshot(shop(env=URL), postgres(), logs=[told(KILLED, *["INFO connector restarted", "INFO ok"])], **CALLED),
        (),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "its library ended it, and it joined its group anew",
        snapshot(shop(env=URL), postgres(), logs=[kafkajs(JOINED)], **CALLED),
        (),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "the database is away still",
        snapshot(
            shop(env=URL),
            postgres(),
            logs=[told(), log(pod("shop", 1), *["ERROR connect ECONNREFUSED 10.96.0.7:5432 postgres"] * 9)],
            **CALLED,
        ),
        (),
        harmful=("restart_workload",),
    ),
    DoesNotHold("nobody suffers", snapshot(shop(env=URL), postgres(), logs=[told()]), ()),
    DoesNotHold(
        "people were called long before it ended",
        snapshot(shop(env=URL), postgres(), logs=[told(age=180)], **CALLED),
        (),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "it ended in the minutes of its own release",
        snapshot(shop(env=URL, before=IMAGE, released=0.5 * HOUR), postgres(), logs=[told()], **CALLED),
        (),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "a database says so of itself: what it needs is its own affair",
        snapshot(
            postgres(),
            logs=[Log("postgres-0", "postgres", (f"{at(1500)} connection refused, restart attempts exhausted",))],
            **CALLED,
        ),
        (),
        harmful=("restart_workload",),
    ),
]
HOLDS += [
    Holds(
        f"a broker dropped its readers as they confirmed nothing, what they waited for has ended, {what}",
        world,
        (SHOP, "service_crash", "restart_workload"),
        harmful=("rollback_workload", "scale_workload"),
        began=5400,
    )
    for what, world in (*DROPPED, *WELL_AGAIN)
]
DOES_NOT_HOLD += [
    DoesNotHold(f"a broker closed a reader's channel: {what}", world, (), harmful=("restart_workload",))
    for what, world in (*NOT_DROPPED, *NOT_WELL)
]
DOES_NOT_HOLD += [
    DoesNotHold(
        "a broker closed a reader's channel: nothing hung, its own work takes that long",
        OWN_WORK,
        ("capacity", "scale_workload"),
        harmful=("restart_workload",),
    )
]
HOLDS += [
    Holds(f"it asked too early for an object, and {what}", world, (SHOP, "service_crash", "restart_workload"))
    for what, world in EARLY
]
DOES_NOT_HOLD += [
    DoesNotHold(f"an object was not found, but {what}", world, harmful=("restart_workload", "rollback_workload"))
    for what, world in NOT_EARLY
]
