"""The cluster refuses what a service asks for: new pods use the same account."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import API, errors, logs
from tests.diagnosis.rules.tiny import snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

LEASE = (
    'leases.coordination.k8s.io "x" is forbidden: User "system:serviceaccount:town:api" cannot '
    'get resource "leases" in API group'
)


def refused(ratio: float = 0.6, times: int = 9, line: str = LEASE) -> Snapshot:
    return snapshot(workload("api"), figures=[errors("api", ratio)], logs=logs("api", line, times=times))


HOLDS = [
    Holds(
        "its requests fail",
        refused(),
        (API, "configuration_error", "page_human"),
        excludes=no("restart_workload", "rollback_workload", at=API),
        harmful=("rollback_workload", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("nobody suffers", refused(ratio=0.001), (API, "no_fault", "no_action")),
    DoesNotHold("it was told once", refused(times=1), (API, "unknown", "page_human")),
    DoesNotHold(
        "a user is forbidden something",
        refused(line="403 Forbidden: user 17 may not read order 4"),
        (API, "unknown", "page_human"),
    ),
]
