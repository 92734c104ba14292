"""A release changed a probe, or what answers it, and the probe fails in its pods."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import looping, rollout
from tests.diagnosis.rules.scenes import API, IMAGE, SHOP, errors, shop
from tests.diagnosis.rules.tiny import event, pod, snapshot

PROBE: dict[str, Any] = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10}
OTHER_PATH = {**PROBE, "httpGet": {"path": "/ready", "port": 8080}}
TIGHT = {**PROBE, "initialDelaySeconds": 1, "failureThreshold": 1}
FILLED = {**PROBE, "timeoutSeconds": 1, "successThreshold": 1, "failureThreshold": 3}
ALIVE = {"httpGet": {"path": "/h", "port": 8080}}
KILLED = "Container {} failed liveness probe, will be restarted"

HOLDS = [
    Holds(
        "a readiness probe asks for another path",
        snapshot(
            rollout("shop", {"ready": False}, before={"readinessProbe": PROBE}, readinessProbe=OTHER_PATH),
            event(
                f"Pod/{pod('shop', 2)}", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404"
            ),
        ),
        (SHOP, "configuration_error", "rollback_workload"),
        excludes=no("restart_workload", at=SHOP),
    ),
    Holds(
        "a liveness probe kills what starts slowly",
        snapshot(
            rollout("shop", looping("Error", 137, lived=12), before={"livenessProbe": PROBE}, livenessProbe=TIGHT),
            event(f"Pod/{pod('shop', 2)}", "Killing", KILLED.format("shop")),
        ),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "the startup probe is gone, and the liveness probe kills what starts slowly",
        snapshot(
            rollout(
                "api",
                looping("Error", 137, lived=40),
                before={"startupProbe": {**ALIVE, "failureThreshold": 60}, "livenessProbe": ALIVE},
                livenessProbe=ALIVE,
            ),
            event(f"Pod/{pod('api', 2)}", "Killing", KILLED.format("api")),
            event(f"Pod/{pod('api', 2)}", "Unhealthy", "Liveness probe failed: connection refused"),
        ),
        (API, "configuration_error", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a default that the API filled in is no change",
        snapshot(shop(before={"readinessProbe": PROBE}, readinessProbe=FILLED), figures=[errors("shop", 0.4)]),
        ("unknown", "page_human"),
    ),
    DoesNotHold(
        "the probe is as before, and new code does not answer it",
        snapshot(rollout("shop", {"ready": False}, before={**IMAGE, "readinessProbe": PROBE}, readinessProbe=PROBE)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
]
