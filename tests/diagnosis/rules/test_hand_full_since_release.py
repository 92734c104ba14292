"""Readers that leave a part of what they are handed unacknowledged since a release, until they are handed no more."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD
from tests.diagnosis.rules.tiny import DAY, NOW, figure, log, pod, secret_key, series, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

MIN = 60.0
JETSTREAM: dict[str, str] = {"consumergroup": "packer", "queue": "ORDERS"}
RABBIT: dict[str, str] = {"component": "packer"}
PACKER = "Deployment/packer"
DONE, LEFT = "INFO order 17 packed in 80 ms", "INFO order 18 is of another house, skipped"
EMPTY = "INFO nothing to fetch, waits for a second"
AWAY = (
    "ERROR GET https://carrier.example/v1: context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
)


def hand(
    began: float = 53, full: float = 20, most: float = 1000, of: dict[str, str] = JETSTREAM, low: float = 4
) -> tuple[str, Series]:
    """Return how many messages are not acknowledged: ever more from so many minutes ago, until there are the most."""
    steps = [((began - (began - full) * n / 40) * MIN, round(low + (most - low) * n / 40)) for n in range(1, 41)]
    return "queue_unacked", series(of, (3600, low), *[(age, float(count)) for age, count in steps])


def waits(since: float = 20, to: float = 5000, of: dict[str, str] = JETSTREAM) -> tuple[str, Series]:
    """Return how many messages wait: ever more from so many minutes ago."""
    steps = [(since * MIN * (1 - n / 40), to * n / 40) for n in range(1, 41)]
    return "queue_depth", series(of, (3600, 2.0), *steps)


def jobs(since: float = 20, low: float = 5, high: float = 250, now: float = 0) -> tuple[str, Series]:
    """Return how many jobs are done: ever more until so many minutes ago, and another number from then on."""
    steps = [((53 - (53 - since) * n / 40) * MIN, low + (high - low) * n / 40) for n in range(1, 41)]
    return "job_rate", series({"component": "packer"}, (3600, low), *steps, (since * MIN - 60, now))


def silent(name: str) -> Log:
    """Return the log of a pod that told of its work until its hand was full."""
    return timed(name, *[(1210 + (59 - n) * 20.0 + n % 3 * 7, DONE) for n in range(60)])


def telling(*then: str, full: float = 20, of: int = 2, also: str = LEFT) -> list[Log]:
    """Return what pods tell: of work until their hands were full, of what they leave ever, and of more from then on."""
    done = [(full * MIN + 5 + n * 20, line) for n in range(90) for line in (DONE, DONE, also)]
    since = [(5.0 + n * 20, line) for n in range(int(full * 3)) for line in (also, *then)]
    return [timed(pod("packer", n), *sorted(done + since, reverse=True)) for n in range(of)]


def world(
    *figures: Any, of: dict[str, str] = JETSTREAM, said: Any = None, more: Any = (), full: float = 20, **reader: Any
) -> Snapshot:
    given: dict[str, Any] = {
        "env": {"NATS_CONSUMER": "packer", "BROKER_URL": secret_key("broker", "uri")},
        "service": False,
        "before": OLD,
        "released": 55 * MIN,
        "age": 20 * DAY,
    }
    told = telling(full=full) if said is None else said
    return snapshot(
        workload("packer", **given | reader),
        *more,
        logs=told,
        figures=list(figures) if figures else [hand(of=of), waits(of=of)],
    )


def busy(*more: tuple[float, str]) -> list[Log]:
    """Return what pods tell that work on until now."""
    done = [(3300 - k * 11.0, DONE) for k in range(300)]
    return [timed(pod("packer", n), *sorted([*done, *more], reverse=True)) for n in range(2)]


def answers(to: float = 0.008) -> tuple[str, Series]:
    """Return how long labels takes: ever longer while the hand fills up."""
    steps = [((53 - 33 * n / 40) * MIN, 0.008 + (to - 0.008) * n / 40) for n in range(1, 41)]
    return "latency_p95", series({"component": "labels"}, (3600, 0.008), *steps)


def asking(*figures: Any, **labels: Any) -> Snapshot:
    """Return a world in which labels is asked as well."""
    return world(hand(), waits(), *figures, more=[workload("labels", **labels)], env=ASKS)


def uncounted(*lately: tuple[str, Series], ago: float = 12) -> list[tuple[str, Series]]:
    """Return figures of which nobody knows the last minutes."""
    end = NOW.timestamp() - ago * MIN
    return [(name, Series(s.labels, tuple(point for point in s.points if point[0] <= end))) for name, s in lately]


ASKS: dict[str, Any] = {
    "NATS_CONSUMER": "packer",
    "BROKER_URL": secret_key("broker", "uri"),
    "LABELS_URL": "http://labels:8080",
}
NIGHT = workload("packer-night", env={"QUEUE": "packer", "BROKER_URL": secret_key("broker", "uri")}, service=False)
SAME_NAME = workload("packer-night", env={"NATS_CONSUMER": "packer"}, service=False)
CODE = (PACKER, "code_defect", "rollback_workload")
HARM = ("scale_workload", "restart_workload", "restart_connection_pool")
ROLLBACK = ("rollback_workload",)
TOO_FEW = (PACKER, "capacity", "scale_workload")
HOLDS = [
    Holds(
        f"a part of the messages is left unacknowledged since a release: {what}",
        each,
        CODE,
        excludes=no("scale_workload", "restart_workload", at=PACKER),
        alone=True,
        harmful=HARM,
    )
    for what, each in (
        ("a consumer of JetStream", world()),
        ("a queue of RabbitMQ", world(hand(most=250, of=RABBIT), waits(of=RABBIT))),
        ("nobody counted how it began", world(hand(began=75, most=600, low=4), waits(), released=78 * MIN)),
        ("none of its pods tells of anything any more", world(said=[silent(pod("packer", n)) for n in range(2)])),
        ("it stumbles over a few by itself", world(said=telling(also="ERROR no such house"))),
        ("its own count tells that nothing is done any more", world(hand(), waits(), jobs(), said=[])),
        (
            "whom it asks answers as ever, and was released long before",
            asking(answers(), before=OLD, released=DAY),
        ),
        (
            "another reads the stream under a name of its own",
            world(more=[workload("labels", env={"NATS_CONSUMER": "labels", "QUEUE": "ORDERS"}, service=False)]),
        ),
    )
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a reader's hand is full: {what}", each, instead=TOO_FEW, harmful=ROLLBACK)
        for what, each in (
            ("no release came", world(before=None)),
            (
                "it filled up long before the release",
                world(hand(began=58, full=8), waits(since=8), full=8, released=40 * MIN),
            ),
            ("it began to fill long after the release", world(released=DAY / 4)),
            ("the template before served no longer", world(age=90 * MIN)),
            ("all that came was kept: its work hangs, or takes long", world(hand(), waits(to=800))),
            ("all at once, as the queue grew: it is slow", world(hand(began=20, full=19), waits())),
            ("its queue grew before", world(hand(), waits(since=24))),
            ("it was always as full", world(hand(low=1000), waits())),
            (
                "it wavers: its work is done, if late",
                world(figure("queue_unacked", 400, 950, 2000, **JETSTREAM), waits()),
            ),
            ("a few are in work at once", world(hand(most=16), waits())),
            ("only its limits were changed", world(before={"resources": {"limits": {"cpu": "9"}}})),
            ("it works on, by its own count", world(hand(), waits(), jobs(now=250), said=[])),
            ("it works on, by its own count and its log", world(hand(), waits(), jobs(now=250), said=busy())),
            ("it works on, by its log", world(said=busy())),
            (
                "it works on, and fetches what was prefetched",
                world(hand(most=250, of=RABBIT), waits(of=RABBIT), said=busy()),
            ),
            ("nobody tells whether it works on", world(said=[])),
            (
                "it works on, and finds its queue empty no more",
                world(said=busy(*[(3400 - n * 90.0, EMPTY) for n in range(24)])),
            ),
            (
                "one pod hangs, and the other works",
                world(said=[silent(pod("packer")), log(pod("packer", 1), *[DONE] * 40, since=600)]),
            ),
            (
                "nobody counts it since it is so",
                world(*uncounted(hand(of=RABBIT, most=250)), waits(of=RABBIT), of=RABBIT),
            ),
            (
                "it was so for a moment, and nobody counts it since",
                world(*uncounted(hand(full=5), ago=2), waits(since=5), full=5),
            ),
            ("another takes from the same queue", world(hand(most=250, of=RABBIT), waits(of=RABBIT), more=[NIGHT])),
            ("another reads under the same name", world(more=[SAME_NAME])),
            ("whom it asks was released then as well", asking(answers(), before=OLD, released=54 * MIN, age=20 * DAY)),
            ("whom it asks lacks a pod", asking(answers(), ready=1)),
            (
                "whom it asks starves",
                asking(
                    answers(),
                    *[figure("cpu_share", 0.3, 0.99, 3000, pod=pod("labels", n), container="labels") for n in range(2)],
                    resources={"limits": {"cpu": "1"}},
                ),
            ),
        )
    ),
    *(
        DoesNotHold(f"a reader's hand is full, and {what}", each, harmful=(*ROLLBACK, "scale_workload"))
        for what, each in (
            ("whom it asks does not answer", world(said=telling(AWAY))),
            (
                "whom it asks is slow",
                world(
                    hand(),
                    waits(),
                    figure("dependency_latency_p95", 0.1, 9.0, 3200, component="packer", dependency="carrier.example"),
                ),
            ),
            ("whom it asks is slow by its own figures", asking(answers(2.5))),
        )
    ),
]
