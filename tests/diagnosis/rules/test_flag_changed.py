"""A flag that is turned on is a change that no template shows."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log

CRASH = "TypeError: Cannot read properties of undefined (reading 'brackets')"


def turned_on(ago: float) -> Log:
    """Return the log of a service of flags that tells of one that was turned on."""
    return log(pod("unleash"), "feature-environment-enabled: tiered-rebates (production)", since=ago)


HOLDS = [
    Holds(
        "and a minute later requests fail in a path that nobody released",
        snapshot(
            shop(before=OLD, released=20 * 86400),
            workload("unleash"),
            logs=[turned_on(660), *logs("shop", CRASH)],
            figures=[errors("shop", 0.34, 600)],
        ),
        (SHOP, "configuration_error", "page_human"),
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
        began=600,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it was turned on an hour before",
        snapshot(
            shop(),
            workload("unleash"),
            logs=[turned_on(4200), *logs("shop", CRASH)],
            figures=[errors("shop", 0.34, 600)],
        ),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "a release came with the errors",
        snapshot(
            shop(before=OLD, released=630),
            workload("unleash"),
            logs=[turned_on(660), *logs("shop", CRASH)],
            figures=[errors("shop", 0.34, 600)],
        ),
        ("code_defect", "rollback_workload"),
    ),
]
