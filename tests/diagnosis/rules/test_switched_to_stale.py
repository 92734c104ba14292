"""A Service that leads to another set of pods since it was written: an older version, or the one that was meant."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import alert, errors, logs
from tests.diagnosis.rules.tiny import DAY, Obj, service_for, snapshot, workload

BLUE, GREEN = "Deployment/shop-blue", "Deployment/shop-green"
WRONG = ("Service/shop", "configuration_error", "page_human")
NEW, OLD = "registry.example/shop:9", "registry.example/shop:7"
SCHEMA = "ERROR 42703 (undefined_column) column b0.depth does not exist"


def slot(color: str, image: str, age: float, **more: Any) -> list[Obj]:
    """Return one of the sets of pods of a shop."""
    objects = workload(f"shop-{color}", image, age=age, service=False, **more)
    for each in objects:
        body = each["spec"].get("template", each)
        body["metadata"]["labels"] = {"app": "shop", "slot": color, **body["metadata"].get("labels", {})}
        body["metadata"]["labels"]["app"] = "shop"
    return objects


def shop(to: str = "green", written: float = 660) -> Obj:
    """Return a Service that was switched to a color."""
    return service_for("shop", selector={"app": "shop", "slot": to}, written=written)


BOTH = [*slot("blue", NEW, 2 * DAY), *slot("green", OLD, 40 * DAY)]
FAILS = errors("shop-green", since=640)
TOLD: dict[str, Any] = {"logs": logs("shop-green", SCHEMA, 0, 1, since=600), "alerts": [alert(service="shop")]}

HOLDS = [
    Holds(
        "users suffer since it leads to the program of last month",
        snapshot(BOTH, shop(), figures=[FAILS, errors("shop-blue", 0.001)]),
        WRONG,
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=GREEN),
        alone=True,
        began=660,
    ),
    Holds("nobody measures it, its logs and an alert tell", snapshot(BOTH, shop(), **TOLD), WRONG),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it was switched to the newer one, which fails",
        snapshot(BOTH, shop("blue"), figures=[errors("shop-blue", since=640)]),
        ("Service/shop", "configuration_error", "switch_traffic"),
    ),
    DoesNotHold("it was switched days ago", snapshot(BOTH, shop(written=3 * DAY), **TOLD), ASK),
    DoesNotHold(
        "the other one is another program",
        snapshot(slot("blue", "registry.example/till:9", 2 * DAY), slot("green", OLD, 40 * DAY), shop(), **TOLD),
        ASK,
    ),
    DoesNotHold(
        "the newer one is not well either",
        snapshot(slot("blue", NEW, 2 * DAY, ready=0), slot("green", OLD, 40 * DAY), shop(), **TOLD),
    ),
    DoesNotHold("nobody suffers", snapshot(BOTH, shop(), figures=[errors("shop-green", 0.001)])),
]
