"""Readers that leave a part of what they are handed unacknowledged since a release, until they are handed no more."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD
from tests.diagnosis.rules.tiny import DAY, figure, log, pod, secret_key, series, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

MIN = 60.0
JETSTREAM: dict[str, str] = {"consumergroup": "packer", "queue": "ORDERS"}
RABBIT: dict[str, str] = {"component": "packer"}
PACKER = "Deployment/packer"
DONE, LEFT = "INFO order 17 packed in 80 ms", "INFO order 18 is of another house, skipped"
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


def silent(name: str) -> Log:
    """Return the log of a pod that told of its work until half an hour ago."""
    return timed(name, *[(1800 + (60 - n) * 20.0 + n % 3 * 7, DONE) for n in range(60)])


def world(*figures: Any, of: dict[str, str] = JETSTREAM, said: Any = None, more: Any = (), **reader: Any) -> Snapshot:
    given: dict[str, Any] = {
        "env": {"NATS_CONSUMER": "packer", "BROKER_URL": secret_key("broker", "uri")},
        "service": False,
        "before": OLD,
        "released": 55 * MIN,
        "age": 20 * DAY,
    }
    told = [log(pod("packer", n), *[LEFT, DONE] * 20, since=1500) for n in range(2)] if said is None else said
    return snapshot(
        workload("packer", **given | reader),
        *more,
        logs=told,
        figures=list(figures) if figures else [hand(of=of), waits(of=of)],
    )


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
        ("it stumbles over a few by itself", world(said=[log(pod("packer"), *[DONE] * 9, "ERROR no such house")])),
    )
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a reader's hand is full: {what}", each, instead=TOO_FEW, harmful=ROLLBACK)
        for what, each in (
            ("no release came", world(before=None)),
            ("it filled up long before the release", world(hand(began=58, full=8), waits(since=8), released=40 * MIN)),
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
            (
                "one pod hangs, and the other works",
                world(said=[silent(pod("packer")), log(pod("packer", 1), *[DONE] * 40, since=600)]),
            ),
        )
    ),
    *(
        DoesNotHold(f"a reader's hand is full, and {what}", each, harmful=(*ROLLBACK, "scale_workload"))
        for what, each in (
            (
                "whom it asks does not answer",
                world(said=[log(pod("packer", n), *[DONE, AWAY] * 20, since=1500) for n in range(2)]),
            ),
            (
                "whom it asks is slow",
                world(
                    hand(),
                    waits(),
                    figure("dependency_latency_p95", 0.1, 9.0, 3200, component="packer", dependency="carrier.example"),
                ),
            ),
        )
    ),
]
