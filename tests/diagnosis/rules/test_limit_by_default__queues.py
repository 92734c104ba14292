"""The readers of a queue were made anew with a limit that they were given, and fall behind since."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.test_limit_by_default import default, given
from tests.diagnosis.rules.tiny import DAY, Obj, figure, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

READER = "Deployment/mail-worker"
TOO_FEW = (READER, "capacity", "scale_workload")


def behind(
    *numbers: int,
    since: float = 1500,
    default_is: Obj | None = None,
    more: tuple[tuple[str, Series], ...] = (),
    throttled: float = 0.9,
    run: str = "",
    **given_is: Any,
) -> Snapshot:
    """Return the three readers of a queue that grows; some are younger and held back by a limit they were given.

    ``run``: what a run says that began with it.
    """
    objects = workload("mail-worker", env={"AMQP_URL": "amqp://rabbitmq:5672"}, service=False, pods=3)
    broker = workload("rabbitmq", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672)
    young = given(objects, *numbers, of="mail-worker", **{"note": "cpu limit", **given_is})
    short = [pod("mail-worker", n) for n in numbers]
    figures = [
        figure("queue_depth", 5, 4000, since, component="mail-worker"),
        *(
            figure(s, 0.0, throttled, pod=p, container="mail-worker")
            for s in ("throttled_share", "cpu_share")
            for p in short
        ),
        *more,
    ]
    replay: list[Obj] = []
    logs: list[Log] = []
    if run:
        job = thing("Job", "replay", age=since + 60, spec={"template": {"spec": {"containers": []}}})
        body = thing("Pod", "replay-x", age=since + 60, spec={"containers": []}, status={"phase": "Running"})
        body["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "replay", "controller": True}]
        replay, logs = [job, body], [log("replay-x", run)]
    return snapshot(young, broker, default_is or default(age=7200), replay, figures=figures, logs=logs)


HOLDS = [
    Holds(
        f"a queue grows since its readers were made anew with a limit: {what}",
        world,
        (READER, "configuration_error", "page_human"),
        excludes=no("restart_workload", "rollback_workload", at=READER),
        harmful=("restart_workload", "rollback_workload", "scale_workload", "no_action"),
        sure=(0.65, 1.0),
        began=1500,
    )
    for what, world in (
        ("two of three, one is without it", behind(1, 2)),
        ("one of three; the default is old", behind(2, default_is=default(age=90 * DAY))),
        ("all three, since a default of today", behind(0, 1, 2)),
        ("nobody sees which default it is", behind(1, 2, default_is=default("2"))),
        ("hours before, when there was less to do", behind(1, 2, age=6 * 3600, default_is=default(age=DAY))),
        (
            "the default was lowered, and they do fewer jobs, each slower",
            behind(
                1,
                2,
                default_is=default("500m", written=7200),
                cpu="500m",
                more=(
                    figure("job_rate", 11, 4, 1500, component="mail-worker"),
                    figure("job_time", 1.1, 8, 1500, component="mail-worker"),
                ),
            ),
        ),
    )
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a queue grows whose readers were given a limit, but {what}", world, TOO_FEW)
        for what, world in (
            ("it grew before they were made anew", behind(1, 2, since=3300)),
            ("they have it for days", behind(1, 2, age=5 * DAY, default_is=default(age=6 * DAY))),
            ("they are not held back by it", behind(1, 2, throttled=0.1)),
            ("they were given one of memory alone", behind(1, 2, note="memory limit")),
            (
                "they do more jobs than ever, each as quick",
                behind(
                    1,
                    2,
                    more=(
                        figure("job_rate", 11, 25, 1500, component="mail-worker"),
                        figure("job_time", 1.1, 1.12, 1500, component="mail-worker"),
                    ),
                ),
            ),
            ("the default and all of them are old", behind(0, 1, 2, age=9 * DAY, default_is=default(age=90 * DAY))),
        )
    ),
    DoesNotHold(
        "a run sends far more since its readers were given a limit",
        behind(1, 2, run="INFO published 4000 messages"),
        ("Job/replay", "resource_exhaustion", "page_human"),
    ),
]
