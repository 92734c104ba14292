"""Something is wrong and nothing nearer tells what: a person is called."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import API, OLD, SHOP, WELL, alert, errors, latency, logs, shop
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
    *(
        Holds(
            f"requests fail, and the word of the cause is that of its own errors: {what}",
            snapshot(shop(), figures=[errors("shop", 0.4)], logs=logs("shop", f"ERROR {line}", times=30)),
            (SHOP, word, "page_human"),
            believed=believed,
            sure=(0.0, 0.45),
        )
        for what, line, word, believed in (
            ("a setting", "open /etc/shop.yml: permission denied", "configuration_error", "newly_told_kind"),
            ("something is used up", "no further stream: limit exceeded", "resource_exhaustion", "newly_told_kind"),
            ("they tell of no kind", "request failed", "unknown", ""),
        )
    ),
]
DOES_NOT_HOLD = [DoesNotHold("all is well", snapshot(shop(), figures=[WELL]), (SHOP, "no_fault", "no_action"))]
