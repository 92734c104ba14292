"""An edit that is read at the start alone, and a trouble that began before any container had started with it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds
from tests.diagnosis.rules.pods import pods_of, younger
from tests.diagnosis.rules.scenes import SHOP, errors, shop
from tests.diagnosis.rules.test_configuration_changed_outside import HEAP, reads, written
from tests.diagnosis.rules.tiny import Obj, snapshot
from tuheg_ir.diagnosis.model import Snapshot

EDIT = ("ConfigMap/shop-config", "configuration_error", "page_human")


def restarted(objects: list[Obj]) -> list[Obj]:
    """Return a workload of which one container was started again, nobody knows how often since when."""
    pods_of(objects)[-1]["status"]["containerStatuses"][0]["restartCount"] = 2
    return objects


def scaled(
    count: int = 1, *, came: float = 400, fails: float = 640, again: bool = False, how: dict[str, Any] = HEAP
) -> Snapshot:
    """Return a shop of four pods whose settings were written, some of which came later, and that fails since a time."""
    made = younger(shop(pods=4, **how), count, age=came)
    return snapshot(restarted(made) if again else made, written(700), figures=[errors("shop", since=fails)])


HOLDS = [
    Holds("the first that has read it came just before", scaled(came=660), EDIT),
    Holds("most of them came since, in place of those that nobody knows", scaled(3), EDIT),
    Holds("one of them was started again, and may have been before", scaled(again=True), EDIT),
    Holds("it is mounted, and changes under all", scaled(how={"spec": reads("shop-config")}), EDIT),
]
DOES_NOT_HOLD = [
    DoesNotHold("those that have read it came four minutes after", scaled(), (SHOP, *ASK)),
    DoesNotHold("half of them did", scaled(2), (SHOP, *ASK)),
]
