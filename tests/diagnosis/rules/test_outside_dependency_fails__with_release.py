"""A host outside that is slow for one caller since its release, which keeps connections: it may be slow by itself."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP
from tests.diagnosis.rules.test_connections_not_returned import WAITS
from tests.diagnosis.rules.test_connections_not_returned__amid_calls import LATELY, amid_calls, compared

FAILS = (SHOP, "dependency_failure", "page_human")
OFTEN_DONE = ("restart_connection_pool", "restart_workload", "rollback_workload", "scale_workload")
BACK = no("rollback_workload", at=SHOP)

HOLDS = [
    Holds(
        "a host is slow since a minute after a release that keeps connections, and nobody else tells of it",
        amid_calls(since=1440, **LATELY),
        FAILS,
        excludes=no("restart_workload", "restart_connection_pool", at=SHOP),
        spares=BACK,
        harmful=OFTEN_DONE,
    ),
    *(
        Holds(f"a host is slow, {what}", world, FAILS, excludes=BACK, harmful=OFTEN_DONE)
        for what, world in (
            ("for others too, since a release that keeps connections", compared(now=23.0, since=1440, **LATELY)),
            ("some time after a release that keeps connections", amid_calls(since=1000, **LATELY)),
            ("and no release came", amid_calls()),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a pool is empty, and nobody outside is slow", amid_calls(lines=(WAITS,), figures=False), harmful=OFTEN_DONE[2:]
    ),
]
