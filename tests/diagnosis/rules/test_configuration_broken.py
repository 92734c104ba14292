"""A program that ends for its settings, without a release: who holds them is blamed."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import looping, pods_of, put
from tests.diagnosis.rules.scenes import IMAGE, SHOP, down
from tests.diagnosis.rules.tiny import Obj, log, pod, snapshot, thing, workload

READS: dict[str, Any] = {"volumes": [{"name": "c", "configMap": {"name": "shop-settings"}}]}
SETTINGS = thing("ConfigMap", "shop-settings", data={"app.yaml": "a: b"})
SAID = log(pod("shop"), "FATAL: failed to load config /etc/shop/app.yaml: yaml: line 3: bad", previous=True)


def looped(**more: Any) -> list[Obj]:
    """Return a shop whose pods end again and again."""
    objects = down(workload("shop", **more), looping())
    return [put(each, {}, unready=500) if each in pods_of(objects) else each for each in objects]


HOLDS = [
    Holds(
        "in the one ConfigMap that it reads",
        snapshot(looped(spec=READS), SETTINGS, logs=[SAID]),
        ("ConfigMap/shop-settings", "configuration_error", "page_human"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
        harmful=("restart_workload", "rollback_workload"),
    ),
    Holds(
        "it reads no ConfigMap that is known",
        snapshot(looped(), logs=[SAID]),
        (SHOP, "configuration_error", "page_human"),
        excludes=no("restart_workload", at=SHOP),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a release brought them",
        snapshot(looped(before={**IMAGE, "env": {"MODE": "a"}}, spec=READS), SETTINGS, logs=[SAID]),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    DoesNotHold(
        "it says nothing of its settings",
        snapshot(looped(spec=READS), SETTINGS, logs=[log(pod("shop"), "Segmentation fault", previous=True)]),
        (SHOP, "service_crash", "page_human"),
    ),
]
