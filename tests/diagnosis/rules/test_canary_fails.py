"""A new version beside the stable one: it fails alone, or both do, or it is another program."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import Obj, figure, pod, service_for, snapshot, thing, workload

NEW = "Deployment/shop-canary"
CODE = "code_defect", "page_human"
WELL = errors("shop", 0.001)


def canary(
    name: str = "shop-canary", image: str = "registry.example/shop:2", age: float = 1000, **more: Any
) -> list[Obj]:
    return workload(name, image, pods=1, age=age, **more)


def route(*services: str, written: float | None = 960) -> Obj:
    """Return a route that sends shares of the requests to several Services."""
    backends = [{"name": each, "port": 8080, "weight": 50} for each in services]
    return thing(
        "HTTPRoute", "shop", written=written, spec={"hostnames": ["x.example"], "rules": [{"backendRefs": backends}]}
    )


def by_pod(name: str, value: float, *numbers: int) -> list[Any]:
    return [figure("error_ratio_by_pod", 0.0, value, 900, pod=pod(name, n)) for n in numbers]


HOLDS = [
    Holds(
        "a route gives it a share",
        snapshot(shop(), canary(), route("shop", "shop-canary"), figures=[WELL, errors("shop-canary", 0.8, 930)]),
        (NEW, *CODE),
        excludes=(
            *no("restart_workload", "scale_workload", at=NEW),
            *no("rollback_workload", "restart_workload", at=SHOP),
        ),
        alone=True,
        began=930,
    ),
    Holds(
        "one Service leads to both, and only the pods are measured apart",
        snapshot(
            workload("blue", "registry.example/shop:1", service=False, env={}),
            canary("green", service=False),
            service_for("blue", selector={"app": "blue"}),
            service_for("green", selector={"app": "green"}),
            route("blue", "green", written=None),
            figures=[errors("blue", 0.2, 900), *by_pod("blue", 0.001, 0, 1), *by_pod("green", 0.8, 0)],
        ),
        ("Deployment/green", *CODE),
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "it lacks a setting that the stable one has",
        snapshot(
            shop(),
            canary(),
            figures=[WELL, errors("shop-canary", 0.8, 930)],
            logs=logs("shop-canary", "ERROR missing required environment variable CURRENCY"),
        ),
        (NEW, "configuration_error", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "both fail", snapshot(shop(), canary(), figures=[errors("shop"), errors("shop-canary", 0.8, 930)]), ASK
    ),
    DoesNotHold(
        "it is another program",
        snapshot(shop(), canary(image="registry.example/till:2"), figures=[WELL, errors("shop-canary", 0.8, 930)]),
        ASK,
    ),
    DoesNotHold(
        "it runs what the stable one runs",
        snapshot(shop(), canary(image="registry.example/shop:1"), figures=[WELL, errors("shop-canary", 0.8, 930)]),
        ASK,
    ),
    DoesNotHold(
        "it was well for hours",
        snapshot(shop(), canary(age=9000), figures=[WELL, errors("shop-canary", 0.8, 930)]),
        ASK,
    ),
    DoesNotHold("it is well", snapshot(shop(), canary(), figures=[WELL, errors("shop-canary", 0.001)])),
]
