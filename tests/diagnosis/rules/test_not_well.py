"""Something is wrong and nothing nearer tells what: a person is called."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import API, OLD, SHOP, WELL, alert, errors, latency, shop
from tests.diagnosis.rules.tiny import log, pod, postgres, snapshot, workload

HOLDS = [
    Holds(
        "it was slow long before its release",
        snapshot(
            workload("api", before=OLD, released=600),
            figures=[latency("api", 0.1, 2.0, 2400)],
            logs=[log(pod("api"), "GET / 200")],
            alerts=[alert(service="api")],
        ),
        (API, "unknown", "page_human"),
        harmful=("rollback_workload",),
        sure=(0.0, 0.45),
    ),
    Holds(
        "requests fail, and nothing else was read",
        snapshot(workload("api"), figures=[errors("api", 0.4)]),
        (API, "unknown", "page_human"),
        believed="nothing_known",
    ),
    Holds(
        "requests fail and are slow, and nothing else was read",
        snapshot(workload("api"), postgres(), figures=[errors("api", 0.5), latency("api", 0.1, 5.0)]),
        (API, "unknown", "page_human"),
        believed="nothing_known",
        harmful=("restart_workload", "rollback_workload", "no_action"),
    ),
    Holds(
        "a pod is not ready",
        snapshot(shop(ready=1)),
        (SHOP, "unknown", "page_human"),
        believed="nothing_known",
    ),
]
DOES_NOT_HOLD = [DoesNotHold("all is well", snapshot(shop(), figures=[WELL]), (SHOP, "no_fault", "no_action"))]
