"""What a broker takes back each time before it is done: a person sets one of both clocks; once is no such thing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import OLD, alert
from tests.diagnosis.rules.tiny import DAY, NOW, at, figure, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

WORKER, BROKER = "Deployment/worker", "StatefulSet/rabbit"
AMQP = {"AMQP_URL": "amqp://rabbit:5672"}
CLOSED = (
    "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. Timeout value used: 1800000 ms. "
    "This timeout value can be configured, see consumers doc guide to learn more"
)
OURS = "[warning] <0.4.6> Consumer c on channel 1 has timed out waiting for delivery acknowledgement. Timeout used: 18"
LINES = (
    f"CRITICAL Unrecoverable error: PreconditionFailed(406, '{CLOSED}', (0, 0), '')",
    f"ERROR Channel closed by server: 406 (PRECONDITION-FAILED) with message '{CLOSED}'",
    f"ERROR Channel shutdown: channel error; reply-code=406, reply-text={CLOSED}, class-id=0, method-id=0",
    "ERROR MessageLockLostException: The lock supplied is invalid. Either the lock expired, or the message has already",
    "azure.servicebus.exceptions.MessageLockLostError: The lock on the message lock has expired.",
    "WARN could not complete job 7: the message lock has been lost",
    "InvalidParameterValueException: Value AQEB for parameter ReceiptHandle is invalid. Reason: The receipt handle has "
    "expired.",
)


def told(line: str, number: int, *ages: float, previous: bool = False, last: str = "") -> Log:
    """Return a pod's log with a line at some ages, and what it said last, a while after it."""
    lines = [f"{at(age)} {line}" for age in ages]
    end = [f"{at(min(ages) - 120)} {last}"] if last else []
    return Log(pod("worker", number), "worker", (f"{at(max(ages) + 1800)} INFO job 7 received", *lines, *end), previous)


def ended(
    line: str = LINES[0],
    *,
    restarts: int = 20,
    last: str = "",
    ours: bool = True,
    broker_runs: float = DAY,
    first: float = DAY - 1900,
    figures: Any = (),
    **more: Any,
) -> Snapshot:
    """Return workers that end each time by what is taken from them; and their broker.

    ``last``: what they said after that. ``ours``: the broker tells of it too, the ``first`` time that long ago.
    """
    objects = workload("worker", env=AMQP, service=False, **more)
    for each in pods_of(objects):
        each["status"]["containerStatuses"][0] |= {
            "restartCount": restarts,
            "state": {"running": {"startedAt": at(590)}},
            "lastState": {"terminated": {"exitCode": 1, "startedAt": at(2420), "finishedAt": at(600)}},
        }
    broker = workload("rabbit", "rabbitmq:3.9", kind="StatefulSet", pods=1, port=5672, started=broker_runs)
    says = [Log("rabbit-0", "rabbit", tuple(f"{at(age)} {OURS}" for age in (first, 2500, 601)))] if ours else []
    now = [log(pod("worker", n), "INFO job 7 received") for n in (0, 1)]
    before = [told(line, n, 602, previous=True, last=last) for n in (0, 1)]
    return snapshot(objects, broker, logs=[*now, *before, *says], figures=figures)


def lives_on(line: str, *ages: float, **more: Any) -> Snapshot:
    """Return workers that live on where something was taken from them at some ages."""
    logs = [told(line, n, *ages) for n in (0, 1)]
    return snapshot(workload("worker", service=False, **more), logs=logs)


OFTEN = (5700, 3860, 2030, 210)
SLOW = figure("dependency_latency_p95", 0.2, 9.0, 900, component="worker", dependency="bank.example")
OF_WORKER = (WORKER, "configuration_error", "page_human")
OF_BROKER = (BROKER, "configuration_error", "page_human")
IN_VAIN = no("restart_workload", "scale_workload", at=WORKER)

HOLDS = [
    *(
        Holds(
            f"it ends by it each time, and its broker runs since just before the first time: {line[:60]}",
            ended(line),
            OF_BROKER,
            excludes=(
                *IN_VAIN,
                *no("rollback_workload", at=WORKER),
                *no("restart_workload", "rollback_workload", at=BROKER),
            ),
            alone=True,
        )
        for line in LINES[:3]
    ),
    *(
        Holds(f"it lives on and repeats it: {line[:60]}", lives_on(line, *OFTEN), OF_WORKER, excludes=IN_VAIN)
        for line in LINES
    ),
    *(
        Holds(f"nobody knows that of the broker: {what}", world, OF_WORKER, excludes=IN_VAIN)
        for what, world in (
            ("it runs since long before", ended(broker_runs=9 * DAY)),
            ("it tells nothing", ended(ours=False)),
            ("it tells of another, as this one is told so by a service outside", ended(LINES[5])),
            ("the worker was released after its start", ended(before=OLD, released=DAY - 600, broker_runs=DAY)),
            ("the worker was released with it", ended(before=OLD, released=DAY + 600, broker_runs=DAY)),
        )
    ),
    Holds("its release is older than the broker's start", ended(before=OLD, released=2 * DAY), OF_BROKER),
]

CALLED = alert(app="worker")._replace(starts_at=NOW - timedelta(seconds=5000))


def fetched(
    before: str = "6",
    now: str = "0",
    *ages: float,
    name: str = "AMQP_PREFETCH",
    line: str = LINES[1],
    released: float = 4500,
    pods: int = 2,
    ours: float = 0,
    figures: Any = (),
    alerts: Any = (),
) -> Snapshot:
    """Return workers of which a release set how much they fetch, and that had something taken from them since."""
    old, new = ({**AMQP, **({name: each} if each else {})} for each in (before, now))
    workers = workload("worker", env=new, before={"env": old}, released=released, service=False)
    broker = workload("rabbit", "rabbitmq:4", kind="StatefulSet", pods=1, port=5672)
    logs = [told(line, n, *(ages or (900 + 1800 * n,))) for n in range(pods)]
    says = [Log("rabbit-0", "rabbit", (f"{at(9000)} INFO started", f"{at(ours)} {OURS}"))] if ours else []
    return snapshot(workers, broker, logs=[*logs, *says], figures=figures, alerts=alerts)


OF_RELEASE = (WORKER, "configuration_error", "rollback_workload")
HOLDS += [
    *(
        Holds(f"a release lets it fetch far more since: {what}", world, OF_RELEASE, excludes=IN_VAIN)
        for what, world in (
            ("all there is", fetched()),
            ("all there is, and its broker tells it too", fetched(ours=2690)),
            ("a hundred times as much", fetched("10", "1000")),
            ("by a listener's setting", fetched(name="SPRING_RABBITMQ_LISTENER_SIMPLE_PREFETCH")),
            ("all there is, and it is taken back again and again", fetched("6", "0", 2600, 1500, 500)),
            *(
                (f"twenty times as much in one batch: {name}", fetched("20", "400", name=name, line=line, ours=2690))
                for name, line in (
                    ("SPRING_RABBITMQ_LISTENER_SIMPLE_BATCH_SIZE", LINES[2]),
                    ("CONSUMER_BATCH_SIZE", LINES[1]),
                    ("BATCH_SIZE", LINES[0]),
                )
            ),
            ("in one batch, and it is taken back again and again", fetched("5", "500", 2600, 500, name="BATCH_SIZE")),
        )
    ),
    *(
        Holds(
            f"it is taken back again and again, and no release brought it: {what}",
            world,
            OF_WORKER,
            harmful=("rollback_workload",),
        )
        for what, world in (
            ("it fetches as much as ever", fetched("6", "6", *OFTEN)),
            ("it was so before the release", fetched("6", "0", *OFTEN, released=1000)),
            ("its broker told it before the release", fetched("6", "0", 4100, 2300, 500, ours=6000)),
            ("it fetches less", fetched("600", "6", 4100, 2300, 500)),
            ("its batches are smaller", fetched("600", "6", 4100, 2300, 500, name="BATCH_SIZE")),
            ("it writes more rows at once", fetched("20", "400", 4100, 2300, 500, name="HIBERNATE_JDBC_BATCH_SIZE")),
            ("it fetched all before", fetched("0", "600", 4100, 2300, 500)),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"it came once, after a release: {what}", world, harmful=("rollback_workload",))
        for what, world in (
            ("it fetches a little more", fetched("6", "12")),
            ("how much it fetched before is not known", fetched("", "0")),
            ("of one of them alone", fetched(pods=1)),
            ("another setting became 0", fetched(name="RETRIES")),
            ("no batch any more", fetched(name="CONSUMER_BATCH_SIZE")),
            ("a batch is twice as large", fetched("20", "40", name="CONSUMER_BATCH_SIZE")),
            ("what it writes at once", fetched("20", "400", name="EXPORT_BATCH_SIZE")),
            ("of a service bus, to which 0 is to fetch nothing ahead", fetched(line=LINES[4])),
            ("days after it", fetched(released=2 * DAY)),
            ("it was dealt out before that, by how long its broker waits", fetched("6", "0", 3000, 2800)),
            (
                "people were called before that",
                fetched(alerts=[CALLED]),
            ),
            ("more work at once is not more of it in its memory", fetched("1", "20", name="CONSUMER_CONCURRENCY")),
            ("a number that is none", fetched("6", "\u00b2")),
            ("what it asks is slow", fetched(figures=[SLOW])),
        )
    ),
    DoesNotHold("it happened once to each", lives_on(LINES[1], 1800), harmful=("rollback_workload",)),
    DoesNotHold("lines of one moment are one", lives_on(LINES[1], 1803, 1802, 1801, 1800)),
    DoesNotHold("many messages of one process that hangs", lives_on(LINES[1], 1860, 1845, 1830, 1812, 1800)),
    DoesNotHold("now and then in half a day", lives_on(LINES[3], 40000, 20000, 300)),
    DoesNotHold("it is long over", lives_on(LINES[1], *(age + 3 * 3600 for age in OFTEN))),
    DoesNotHold("it ended twice by it", ended(restarts=2)),
    DoesNotHold("it went on after it, and ended by something else", ended(last="ERROR MemoryError")),
    DoesNotHold("what it asks for each message is slow", ended(figures=[SLOW]), harmful=("rollback_workload",)),
    DoesNotHold("it tells how long its broker waits", lives_on("INFO consumer_timeout = 1800000 ms", *OFTEN)),
    DoesNotHold("a lock of another kind", lives_on("ERROR Lock wait timeout exceeded; try restarting", *OFTEN)),
    DoesNotHold(
        "publishes that are not confirmed", lives_on("ERROR waiting for acknowledgement of the publish", *OFTEN)
    ),
]
