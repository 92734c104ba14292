"""Which containers were killed because a probe failed."""

from __future__ import annotations

import pytest

from tests.diagnosis.rules.pods import again, pods_of, put
from tests.diagnosis.rules.tiny import at, event, pod, snapshot, workload
from tuheg_ir.diagnosis.view.crashes import probe_kills
from tuheg_ir.diagnosis.view.view import View

FAILED = "Liveness probe failed: dial tcp 10.0.0.9:8080: connect: connection refused"


@pytest.mark.parametrize(
    ("what", "failed", "ready", "restarted", "killed"),
    [
        ("it failed as the pod came up, which is ready since", 300, 280, False, False),
        ("it fails, and the pod is ready", 120, 280, False, True),
        ("it failed, its container was started anew and is ready since", 300, 280, True, True),
        ("it failed, and the pod is not ready since", 300, None, False, True),
        ("it failed since its container had ended and was started anew", 285, 280, True, False),
        ("it failed since its container had ended, and the pod is not ready", 285, None, True, False),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_probe_that_failed_killed_a_container(
    what: str, failed: float, ready: float | None, restarted: bool, killed: bool
) -> None:
    objects = workload("shop", pods=1)
    state = again("Error", 137, age=290) if restarted else {}
    put(pods_of(objects)[0], state, ready=ready is not None, unready=ready or 280)
    told = event(f"Pod/{pod('shop')}", "Unhealthy", FAILED, age=failed, count=1) | {"firstTimestamp": at(failed)}
    view = View.of(snapshot(objects, told))
    assert bool(probe_kills(view, view.workloads["Deployment/shop"])) == killed, what
