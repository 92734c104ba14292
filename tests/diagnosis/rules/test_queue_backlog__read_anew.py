"""Readers of a queue that do nothing since they read their settings anew: a start reads the same again."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.test_queue_backlog import GREW, MAIL, broker, worker
from tests.diagnosis.rules.tiny import figure, pod, snapshot, thing, timed
from tuheg_ir.diagnosis.model import Snapshot

RELOADED = 'level=info msg="config reloaded" file=/etc/mail-worker/config.yaml'


def stands(written: float, read: float, said: str = RELOADED) -> Snapshot:
    """Return two readers that do nothing since work waits, and say once when they read what somebody wrote.

    What else they tell is of their work, as long as they do any.
    """
    used = [figure("cpu_share", 0.2, 0.02, 1400, pod=pod("mail-worker", n), container="w") for n in range(2)]
    work = [(float(age), "INFO batch=9 took=0.4s") for age in range(3300, 660, -300)]
    told = sorted([*work, (read, said)], reverse=True)
    settings = thing("ConfigMap", "mail-worker", written=written, data={"config.yaml": "queue: mails"})
    logs = [timed(pod("mail-worker", n), *told) for n in range(2)]
    return snapshot(worker(), broker(), settings, figures=[GREW, *used], logs=logs)


HOLDS = [
    Holds(
        f"its readers do nothing: {what}",
        world,
        (MAIL, "service_crash", remedy),
        harmful={"restart_workload", "rollback_workload", "scale_workload"} - {remedy},
    )
    for what, world, remedy in (
        ("they read anew what somebody wrote as work began to wait", stands(660, 640), "page_human"),
        ("they read their settings anew long before", stands(3000, 2980), "restart_workload"),
        ("somebody wrote these, and they told nothing of that", stands(660, 640, "INFO beat"), "restart_workload"),
    )
]
DOES_NOT_HOLD: list[DoesNotHold] = []
