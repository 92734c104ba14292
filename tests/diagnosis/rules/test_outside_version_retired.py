"""An interface outside has ended the version that we ask for."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, logs, shop
from tests.diagnosis.rules.tiny import DAY, snapshot

ENDED = "ERROR (#2635) You are calling a deprecated version of the Ads API. Please update to the latest version: v24.0."

HOLDS = [
    Holds(
        "it says so at each call",
        snapshot(shop(before=IMAGE, released=90 * DAY), logs=logs("shop", ENDED), alerts=[alert("FiguresStale")]),
        (SHOP, "dependency_failure", "page_human"),
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a release of a few minutes asks for that version",
        snapshot(shop(before=IMAGE, released=300), logs=logs("shop", ENDED, 0, 1), alerts=[alert("FiguresStale")]),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold("it was said twice", snapshot(shop(), logs=logs("shop", ENDED, times=2)), ()),
]
