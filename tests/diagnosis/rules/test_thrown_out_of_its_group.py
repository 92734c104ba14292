"""A consumer that comes too late for more since its release goes back; where others hold it up it does not."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, logs
from tests.diagnosis.rules.tiny import DAY, at, figure, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

WORKER = "Deployment/worker"
LATE = "WARN consumer poll timeout has expired. This means the time between subsequent calls to poll() was longer"
LINES = (
    LATE,
    "%4|MAXPOLL|rdkafka#consumer-1| [thrd:main]: Application maximum poll interval (300000ms) exceeded by 398ms",
    'KafkaError{code=_MAX_POLL_EXCEEDED,val=-147,str="Application maximum poll interval (300000ms) exceeded by 98ms"}',
    "WARNING Heartbeat poll expired, leaving group",
    "CommitFailedException: Offset commit cannot be completed since the consumer is not part of an active group",
    "CommitFailedException: Commit cannot be completed since the group has already rebalanced and assigned",
)
HOUR = 3600.0
SPRING = "SPRING_KAFKA_CONSUMER_MAX_POLL_RECORDS"
FEW, MANY = {"MAX_POLL_RECORDS": "50"}, {"MAX_POLL_RECORDS": "1000"}
LONG = figure("queue_depth", 20, 8000, 550, component="worker")
KAFKA = workload("kafka", "bitnami/kafka:3", kind="StatefulSet", pods=3, port=9092)
BROKERS = {"KAFKA_BROKERS": "kafka:9092"}


def late(
    line: str = LATE,
    *pods: int,
    since: float = 500,
    times: int = 6,
    env: dict[str, str] = MANY,
    before: dict[str, Any] | None = None,
    released: float = 900,
    pods_of_it: int = 2,
    figures: Any = (LONG,),
    calm: float = 3000,
    beside: Any = (),
    more_logs: Any = (),
    **now: Any,
) -> Snapshot:
    """Return workers of Kafka that were released, and what some of them tell of since; ``calm``: nothing for so long.

    ``beside``: who else is there. ``more_logs``: what they tell beside that.
    """
    before = {"env": {**BROKERS, **FEW}} if before is None else before
    more: dict[str, Any] = {"before": before, "released": released} if before else {}
    objects = workload("worker", pods=pods_of_it, env={**BROKERS, **env, **now}, service=False, **more)
    told = [
        Log(each.pod, "worker", (f"{at(since + calm)} INFO batch done", *each.lines))
        for each in logs("worker", line, *(pods or (0, 1)), times=times, since=since)
    ]
    return snapshot(KAFKA, objects, beside, figures=figures, logs=[*told, *more_logs])


IMAGE = {"image": "worker:0"}
BUSY = [figure("cpu_share", 0.3, 0.97, pod=pod("worker", n), container="worker") for n in (0, 1)]
AWAY = "ERROR POST https://bank.example/pay: connect ETIMEDOUT"
BACK = (WORKER, "configuration_error", "rollback_workload")

HOLDS = [
    *(
        Holds(
            f"since a release that fetches more at once: {line}",
            late(line),
            BACK,
            excludes=no("restart_workload", "scale_workload", at=WORKER),
            alone=True,
        )
        for line in LINES
    ),
    Holds("nobody measures the queue", late(figures=()), BACK),
    Holds(
        "since a release of another image, and messages pile up",
        late(before=IMAGE),
        (WORKER, "code_defect", "rollback_workload"),
    ),
]
HOLDS += [
    Holds(
        f"the first full fetch came in the morning: {what}",
        late(released=14 * HOUR, env=env, before={"env": {**BROKERS, **was}}, figures=()),
        BACK,
    )
    for what, env, was in (
        ("many times as much at once", MANY, FEW),
        ("a variable of Spring", {SPRING: "500"}, {SPRING: "50"}),
        ("what its own consumer fetches", {"CONSUMER_BATCH_SIZE": "500"}, {"CONSUMER_BATCH_SIZE": "50"}),
        ("far less time for it", {"MAX_POLL_INTERVAL_MS": "60000"}, {"MAX_POLL_INTERVAL_MS": "300000"}),
    )
]
NOT_ITS_OWN: list[tuple[str, dict[str, Any]]] = [
    ("which brought another image as well", {"before": {**IMAGE, "env": {**BROKERS, **FEW}}}),
    ("no log tells of a time in which all was well", {"calm": 60}),
    ("and nobody knows what was slow when it began", {"since": 9000, "times": 90}),
    ("its pods have no processor time", {"figures": BUSY}),
    (
        "whom it asks was released just before",
        {"BANK_URL": "http://bank:8080", "beside": workload("bank", before=OLD, released=700)},
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"hours after its release: {what}",
            late(released=14 * HOUR, env=env, before={"env": {**BROKERS, **was}}, figures=()),
            harmful=("rollback_workload",),
        )
        for what, env, was in (
            ("somewhat more at once", {"MAX_POLL_RECORDS": "60"}, FEW),
            ("less at once", FEW, MANY),
            (
                "more at once, and as much more time for it",
                {**MANY, "MAX_POLL_INTERVAL_MS": "6000000"},
                {**FEW, "MAX_POLL_INTERVAL_MS": "300000"},
            ),
            ("what is called so is how often it looks", {"POLL_INTERVAL_MS": "100"}, {"POLL_INTERVAL_MS": "1000"}),
            ("a number that nobody knew before", MANY, {}),
            ("how much a driver fetches of its rows", {"JDBC_FETCH_SIZE": "500"}, {"JDBC_FETCH_SIZE": "50"}),
            ("how much it sends at once", {"PRODUCER_BATCH_SIZE": "65536"}, {"PRODUCER_BATCH_SIZE": "16384"}),
            ("how much of its traces it sends", {"OTEL_MAX_BATCH_SIZE": "2048"}, {"OTEL_MAX_BATCH_SIZE": "512"}),
        )
    ),
    *(
        DoesNotHold(
            f"many times as much at once since a release hours before: {what}",
            late(**{"released": 14 * HOUR, "figures": (), **more}),
            harmful=("rollback_workload",),
        )
        for what, more in NOT_ITS_OWN
    ),
    *(
        DoesNotHold(
            f"whom it asks for each message does not answer, {what}",
            late(more_logs=logs("worker", AWAY, 0, 1, times=20, since=600), released=released),
            ("Deployment/worker", "dependency_failure", "page_human"),
            harmful=("rollback_workload",),
        )
        for what, released in (("since its release", 900), ("hours after its release", 14 * HOUR))
    ),
    DoesNotHold(
        "what it asks for each message is slow",
        late(figures=[figure("dependency_latency_p95", 0.2, 9.0, 900, component="worker", dependency="bank.example")]),
        harmful=("rollback_workload",),
    ),
    DoesNotHold("one of two", late(LATE, 0, figures=())),
    DoesNotHold("it was released a day before", late(released=DAY, figures=()), harmful=("rollback_workload",)),
    DoesNotHold("it was not released", late(before={}, figures=()), harmful=("rollback_workload",)),
    DoesNotHold("it happened once", late(times=1, figures=()), harmful=("rollback_workload",)),
    DoesNotHold("most of its pods are well", late(LATE, 0, pods_of_it=4, figures=()), harmful=("rollback_workload",)),
    DoesNotHold(
        "it tells its settings as it starts",
        late("max.poll.interval.ms = 300000", figures=()),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "a release changed nothing of the kind, and no messages wait",
        late(before=IMAGE, figures=()),
        harmful=("rollback_workload",),
    ),
]
