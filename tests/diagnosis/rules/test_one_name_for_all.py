"""All pods get one fixed name of their template where each needs its own; who shares one as he should is another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import rollout, younger
from tests.diagnosis.rules.scenes import alert
from tests.diagnosis.rules.tiny import DAY, at, figure, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

WORKER = "Deployment/worker"
FENCED = (
    "ERROR FencedInstanceIdException: The broker rejected this static consumer since another consumer with the same "
    "group.instance.id has registered with a different member.id."
)
PRODUCER = (
    "ERROR ProducerFencedException: There is a newer producer with the same transactionalId which fences this one"
)
EXPIRED = (
    "ERROR ProducerFencedException: Producer attempted an operation with an old epoch. Either there is a newer "
    "producer with the same transactionalId, or the producer's transaction has been expired by the broker."
)
TAKEN = "WARN mqtt disconnected, reason: Session taken over (142)"
INSTANCE = "SPRING_KAFKA_CONSUMER_PROPERTIES_GROUP_INSTANCE_ID"
OWN = {"fieldRef": {"fieldPath": "metadata.name"}}
SPACE = {"fieldRef": {"fieldPath": "metadata.namespace"}}
TRANSACTIONS = {"KAFKA_TRANSACTIONAL_ID": "worker"}
KAFKA = workload("kafka", "bitnami/kafka:3", kind="StatefulSet", pods=3, port=9092)
BROKERS = {"KAFKA_BROKERS": "kafka:9092"}
GREW = figure("queue_depth", 20, 8000, 1500, component="worker")
LAGS = alert("ConsumerLagHigh")
FILLED = ("worker-${HOSTNAME}", "worker-{hostname}", "worker-%h")
FIXED = {INSTANCE: "worker"}


def pushed(number: int, line: str = FENCED, *after: str, age: float = 1500, times: int = 1) -> Log:
    """Return the log of a pod that worked, was pushed out, and goes on with something else."""
    lines = [f"{at(age + 60 * n)} INFO batch done" for n in range(9, 0, -1)]
    lines += [f"{at(age - age * n / times)} {line}" for n in range(times)]
    lines += [f"{at(age - 60 * n)} {told}" for n, told in enumerate((*after, *["INFO model unchanged"] * 9), 1)]
    return Log(pod("worker", number), "worker", tuple(lines))


def group(
    *told: Log,
    env: Mapping[str, Any] = FIXED,
    before: Mapping[str, Any] | None = None,
    changed: Mapping[str, Any] | None = None,
    figures: Any = (),
    alerts: Any = (LAGS,),
    beside: Any = (),
    pods: int = 3,
    came: float = 1530,
    **more: Any,
) -> Snapshot:
    """Return readers of a queue that get an environment, and before two days another one; ``changed``: what else.

    ``came``: when all of them but one were added.
    """
    past: dict[str, Any] = {"before": {"env": {**BROKERS, **(before or {})}, **(changed or {})}, "released": 2 * DAY}
    objects = workload("worker", pods=pods, env={**BROKERS, **env}, service=False, **{**past, **more})
    younger(objects, pods - 1, age=came) if pods > 1 else None
    return snapshot(KAFKA, objects, beside, logs=told or [pushed(0), pushed(1)], figures=figures, alerts=alerts)


BACK = (WORKER, "configuration_error", "rollback_workload")
ASKED = (WORKER, "configuration_error", "page_human")
HOLDS = [
    Holds(
        "two of three members of a group were fenced, the release of two days ago gave the name",
        group(),
        BACK,
        excludes=no("restart_workload", "scale_workload", at=WORKER),
        harmful=("scale_workload", "restart_workload"),
        alone=True,
        began=1500,
    ),
    Holds(
        "their queue grew, and no alert fires",
        group(figures=[GREW], alerts=()),
        BACK,
        harmful=("scale_workload", "restart_workload"),
    ),
    Holds("each pod had its own name before", group(before={INSTANCE: OWN}), BACK),
    Holds(
        "producers of transactions, each with its own name before",
        group(*(pushed(n, PRODUCER) for n in (0, 1)), env=TRANSACTIONS, before={"KAFKA_TRANSACTIONAL_ID": OWN}),
        BACK,
    ),
    *(
        Holds(what, world, ASKED, harmful=("rollback_workload",))
        for what, world in (
            ("an alert about another one fires since", group(alerts=[alert("NoScores", service="kafka")])),
            (
                "without the name nothing was sent in transactions",
                group(*(pushed(n, PRODUCER) for n in (0, 1)), env=TRANSACTIONS),
            ),
            (
                "clients of MQTT come in again and push the next one out; what waits for their name would be lost",
                group(*(pushed(n, TAKEN, times=20) for n in (0, 1, 2)), env={"MQTT_CLIENT_ID": "worker"}),
            ),
            ("no other pod started just before they were fenced", group(came=DAY)),
            ("before all had the name of their namespace", group(before={INSTANCE: SPACE})),
        )
    ),
    Holds(
        "another fixed name was there before", group(before={INSTANCE: "old"}), ASKED, harmful=("rollback_workload",)
    ),
    Holds(
        "the release brought another image too",
        group(changed={"image": "worker:0"}),
        ASKED,
        harmful=("rollback_workload",),
    ),
    Holds("it was always so", group(before=FIXED), ASKED, harmful=("rollback_workload",)),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, harmful=("rollback_workload",))
        for what, world in (
            ("each pod gets its own name", group(env={INSTANCE: OWN})),
            ("the name holds that of the pod", group(env={INSTANCE: "worker-$(POD_NAME)"})),
            *((f"the program fills it in: {value}", group(env={INSTANCE: value})) for value in FILLED),
            (
                "transactions took too long, by a name that may be a part of one",
                group(*(pushed(n, EXPIRED) for n in (0, 1)), env=TRANSACTIONS, before={"KAFKA_TRANSACTIONAL_ID": OWN}),
            ),
            (
                "another one has the same name by another variable",
                group(beside=workload("copy", env={**BROKERS, "GROUP_INSTANCE_ID": "worker"}, service=False)),
            ),
            (
                "they joined again by other words",
                group(*(pushed(n, FENCED, "INFO Adding newly assigned partitions: in-0") for n in (0, 1))),
            ),
            ("the variable is another", group(env={"GROUP_ID": "worker"})),
            ("one of three handed over to the next", group(pushed(0))),
            ("there is one pod", group(pushed(0), pods=1)),
            ("they joined again", group(*(pushed(n, FENCED, "INFO Successfully joined group") for n in (0, 1)))),
            ("nobody suffers", group(alerts=())),
            (
                "another one has the same name",
                group(beside=workload("copy", env={**BROKERS, **FIXED}, service=False)),
            ),
        )
    ),
    DoesNotHold(
        "old pods hand their name over in a roll-out",
        snapshot(
            KAFKA,
            rollout("worker", None, before={"image": "worker:0"}, old=2, new=1, env={**BROKERS, **FIXED}),
            logs=[pushed(0), pushed(1)],
            alerts=[LAGS],
        ),
        harmful=("scale_workload",),
    ),
]
