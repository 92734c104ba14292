"""Pods are evicted because they wrote more than they may: no fault of the node."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import evicted, pods_of
from tests.diagnosis.rules.scenes import IMAGE, SHOP, shop
from tests.diagnosis.rules.tiny import snapshot
from tests.diagnosis.worlds import NODES
from tuheg_ir.diagnosis.model import Snapshot

TOO_MUCH = "Pod ephemeral local storage usage exceeds the total limit"


def gone(message: str, before: dict[str, Any] | None = None) -> Snapshot:
    objects = shop(before=before, released=1800)
    return snapshot(objects, evicted("shop-gone", pods_of(objects)[0], "n2", message), NODES)


HOLDS = [
    Holds("without a release", gone(TOO_MUCH), (SHOP, "resource_exhaustion", "page_human")),
    Holds("since a release", gone(TOO_MUCH, IMAGE), (SHOP, "code_defect", "rollback_workload")),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the node ran short itself",
        gone("The node was low on resource: ephemeral-storage.", IMAGE),
        ("Node/n2", "resource_exhaustion", "page_human"),
    ),
]
