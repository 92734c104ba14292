"""An autoscaler that sees nothing, and readers that stand still: more of them are not what is short."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.measuring import HOURS
from tests.diagnosis.rules.scenes import autoscaler, logs
from tests.diagnosis.rules.tiny import DAY, at, figure, pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

SCALER = ("HorizontalPodAutoscaler/mailer", "configuration_error", "page_human")
STILL = ("Deployment/mailer", "service_crash", "restart_workload")
LOST = "ERROR consumer: Connection to broker lost: Connection closed by server."


def waits(was: float, now: float, *told: Log, since: float = HOURS, second: float | None = None) -> Snapshot:
    """Return a worker whose queue grows, what its pods used of a processor and use, and its autoscaler blind since."""
    scaler: dict[str, Any] = autoscaler("mailer", 2, 9, blind=True)
    for each in scaler["status"]["conditions"]:
        if each["type"] == "ScalingActive":
            each.update({"message": "no metrics returned", "lastTransitionTime": at(since)})
    worker = workload("mailer", env={"AMQP_URL": "amqp://rabbitmq:5672"}, service=False)
    broker = workload("rabbitmq", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672)
    used = [now, now if second is None else second]
    figures = [figure("cpu_share", was, used[n], 1500, pod=pod("mailer", n), container="mailer") for n in (0, 1)]
    figures.append(figure("queue_depth", 20, 8000, 1450, component="mailer"))
    return snapshot(worker, broker, scaler, figures=figures, logs=told)


def last_words() -> list[Log]:
    return [timed(pod("mailer", n), (2000, "INFO mail sent"), (1500, LOST)) for n in (0, 1)]


SENDS = logs("mailer", "INFO mail sent")
BEATS = logs("mailer", "DEBUG heartbeat", times=2)
LONG_BLIND = waits(0.2, 0.002, *last_words(), since=90 * DAY)
HOLDS = [
    Holds("its readers use as little as ever, and say nothing", waits(0.02, 0.02), SCALER),
    Holds("one of its readers works on", waits(0.3, 0.002, *last_words(), second=0.3), SCALER),
    Holds("its readers do much less, and tell of their work", waits(0.1, 0.025, *SENDS), SCALER),
    Holds("its readers work as hard as they did", waits(0.3, 0.4), SCALER),
]
DOES_NOT_HOLD = [
    DoesNotHold("its readers stopped as they lost their broker", LONG_BLIND, STILL),
    DoesNotHold("its readers stopped without a word as it went blind", waits(0.4, 0.001, since=1450), STILL),
    DoesNotHold("its readers stopped, and only beat since", waits(0.5, 0.01, *BEATS), STILL),
]
