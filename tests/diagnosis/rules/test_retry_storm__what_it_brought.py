"""A release has a program ask many times as often: by new code, or by a setting, as a lifetime that lost its unit."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import Holds
from tests.diagnosis.rules.scenes import CALLS_CART, IMAGE, SHOP, URL, errors, latency, rate
from tests.diagnosis.rules.tiny import Obj, container, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

SINCE = 600.0
LONG, SHORT = {**CALLS_CART, "PAGES_TTL": "90s"}, {**CALLS_CART, "PAGES_TTL": "90"}
SHIPPER = ("shipper", "registry.example/fluent-bit:1", "registry.example/fluent-bit:2")
SECOND = ("worker", "registry.example/worker:1", "registry.example/worker:2")


def released(beside: tuple[str, str, str] | None = None, **more: Any) -> list[Obj]:
    """Return a shop with a release; ``beside``: a container of its pods, its image before, and now."""
    made = workload("shop", released=SINCE + 60, **more)
    if beside:
        name, was, now = beside
        sets = [each["spec"]["template"] for each in made if each["kind"] == "ReplicaSet"]
        for template, image in ((sets[0], was), (sets[-1], now), (made[0]["spec"]["template"], now)):
            template["spec"] = {"containers": [*template["spec"]["containers"], container(name, image, port=9000)]}
    return made


def world(shop: list[Obj]) -> Snapshot:
    """Return a shop that asks a cart for nine times as much as users ask of it, since its release."""
    felt = [errors("cart", 0.3, since=SINCE), latency("cart", now=4.0, since=SINCE)]
    figures = [rate("shop", since=SINCE), rate("cart", 60, 540, since=SINCE), *felt]
    return snapshot(shop, workload("cart", env=URL), figures=figures)


SET: dict[str, Any] = {"env": SHORT, "before": {"env": LONG}}
HOLDS = [
    *(
        Holds(what, world(shop), (SHOP, "configuration_error", "rollback_workload"), harmful=("scale_workload",))
        for what, shop in (
            ("a lifetime has lost its unit", released(**SET)),
            ("the same, and what ships its logs is newer", released(SHIPPER, **SET)),
            ("the same, and so is another container of its pods", released(SECOND, **SET)),
        )
    ),
    *(
        Holds(what, world(shop), (SHOP, "code_defect", "rollback_workload"), harmful=("scale_workload",))
        for what, shop in (
            ("its code is new", released(env=SHORT, before=IMAGE)),
            ("its code is new, and so is what ships its logs", released(SHIPPER, env=SHORT, before=IMAGE)),
            ("a setting and its code are new", released(env=SHORT, before={"env": LONG, **IMAGE})),
            ("nothing is new but another container of its pods", released(SECOND, env=SHORT, before={})),
        )
    ),
]
