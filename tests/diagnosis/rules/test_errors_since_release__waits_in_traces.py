"""The first line of a trace tells no fault, but what it ends in; who waited in vain may have waited for another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.diagnosis.rules.cases import Holds
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, errors
from tests.diagnosis.rules.tiny import pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

MIN = 60.0
HEAD = "Traceback (most recent call last):"
PLACES = ('  File "/app/labels/events.py", line 22, in publish_ready', "    producer.publish(body, retry=True)")
CELERY = "billiard.exceptions.SoftTimeLimitExceeded: SoftTimeLimitExceeded()"
ASYNCIO = "asyncio.exceptions.TimeoutError"
READ = "requests.exceptions.ReadTimeout: HTTPConnectionPool(host='cart', port=80): Read timed out. (read timeout=5)"
KEY = "KeyError: 'total'"


def told(end: str, *, after: float, other: str = "", number: int = 0) -> Log:
    """Return the log of a worker that works for so many minutes since its release, and fails once a minute then.

    ``other``: how the last of its traces ends.
    """
    lines = [(age * MIN, "INFO label rendered") for age in range(25, int(25 - after), -1)]
    for age in range(int(25 - after), 0, -1):
        last = other if other and age == 1 else end
        lines += [(age * MIN, "ERROR task raised unexpected\n" + "\n".join((HEAD, *PLACES, last)))]
    return timed(pod("shop", number), *lines)


def worker(
    end: str, *, after: float = 12, other: str = "", before: Mapping[str, Any] = IMAGE, counted: bool = False
) -> Snapshot:
    """Return a worker that was released 25 minutes ago, and an alert about it; ``counted``: its errors are."""
    return snapshot(
        workload("shop", before=before, released=25 * MIN, service=False),
        logs=[told(end, after=after, other=other, number=n) for n in range(2)],
        figures=[errors("shop", since=(25 - after) * MIN)] if counted else [],
        alerts=[alert("TasksFail", deployment="shop")],
    )


HOLDS = [
    *(
        Holds(
            f"it had worked for minutes, and waits in vain since, {how}: {end[:40]}",
            worker(end, counted=counted),
            (SHOP, "code_defect", "page_human"),
            harmful=("rollback_workload", "restart_workload"),
        )
        for how, counted in (("as its log alone tells", False), ("as is counted", True))
        for end in (CELERY, ASYNCIO, READ)
    ),
    *(
        Holds(what, world, (SHOP, cause, "rollback_workload"))
        for what, cause, world in (
            ("it stumbles over a fault of its own", "code_defect", worker(KEY)),
            ("one of its traces ends in a fault of its own", "code_defect", worker(CELERY, other=KEY)),
            ("it waits in vain from its first minutes on", "code_defect", worker(CELERY, after=2)),
            ("its release set something", "configuration_error", worker(CELERY, before={"env": {"LIMIT_S": "120"}})),
        )
    ),
]
