"""A container's program could not be started at all."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import ended, looping, rollout
from tests.diagnosis.rules.scenes import IMAGE, SHOP, down, shop
from tests.diagnosis.rules.tiny import snapshot

NO_FILE = 'exec: "srv": executable file not found in $PATH: unknown'


def refused() -> dict[str, Any]:
    return looping("StartError", 128, lived=0) | {"lastState": ended("StartError", 128, message=NO_FILE)}


HOLDS = [
    Holds(
        "a release names a command that is not in the image",
        snapshot(rollout("shop", refused(), before={"command": ["serve"]}, command=["srv"])),
        (SHOP, "configuration_error", "rollback_workload"),
        excludes=no("restart_workload", at=SHOP),
    ),
    Holds(
        "no release came with it",
        snapshot(down(shop(), refused())),
        (SHOP, "configuration_error", "page_human"),
        excludes=no("restart_workload", at=SHOP),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it was started, and ended",
        snapshot(rollout("shop", looping(), before=IMAGE)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
]
