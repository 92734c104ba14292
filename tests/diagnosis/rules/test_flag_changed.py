"""A flag that is turned on is a change that no template shows."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, at, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

CRASH = "TypeError: Cannot read properties of undefined (reading 'brackets')"


def turned_on(ago: float) -> Log:
    """Return the log of a service of flags that tells of one that was turned on."""
    return log(pod("unleash"), "feature-environment-enabled: tiered-rebates (production)", since=ago)


def laid_down(*dates: float, written: float = 9 * DAY, released: float = 20 * DAY, told: str = CRASH) -> Snapshot:
    """Return a shop that fails for ten minutes, and rules that it reads, from some ages on."""
    rules = "\n".join(f"- from: {at(age)}\n  kind: share" for age in dates)
    mounts = {"volumes": [{"name": "rules", "configMap": {"name": "promo"}}]}
    return snapshot(
        shop(before=OLD, released=released, spec=mounts),
        thing("ConfigMap", "promo", written=written, data={"rules.yaml": rules}),
        logs=logs("shop", told),
        figures=[errors("shop", 0.34, 600)],
    )


HOLDS = [
    Holds(
        "a rule of days ago comes in force, and in its minute requests fail",
        laid_down(30 * DAY, 605),
        (SHOP, "configuration_error", "page_human"),
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
        began=600,
    ),
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
    DoesNotHold("a rule came in force a quarter of an hour before", laid_down(1500), harmful=("rollback_workload",)),
    DoesNotHold("a rule comes in force only after it", laid_down(500), harmful=("rollback_workload",)),
    DoesNotHold(
        "a rule came in force, and a release with it",
        laid_down(605, released=620),
        ("code_defect", "rollback_workload"),
    ),
    DoesNotHold("a rule was written after its own date", laid_down(605, written=500)),
    DoesNotHold("a rule came in force, and the program complains of its neighbour", laid_down(605, told="INFO priced")),
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
