"""A ConfigMap or Secret was written, and what reads it fails since: there is nothing to roll back."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import looping
from tests.diagnosis.rules.scenes import API, IMAGE, SHOP, down, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, log, pod, snapshot, thing, workload


def reads(name: str) -> dict[str, Any]:
    return {"volumes": [{"name": "c", "configMap": {"name": name}}]}


def crashing(**more: Any) -> list[Obj]:
    objects = shop(pods=3, before=IMAGE, released=7 * DAY, spec=reads("shop-config"), **more)
    return down(objects, looping(lived=90, restarts=4), unready=100)


def written(age: float) -> Obj:
    return thing("ConfigMap", "shop-config", written=age, data={"a": "b"})


UNPARSED = [log(pod("shop"), "could not parse config: line 3", previous=True)]

HOLDS = [
    Holds(
        "containers end since, and cannot read it",
        snapshot(crashing(), written(700), logs=UNPARSED),
        ("ConfigMap/shop-config", "configuration_error", "page_human"),
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
    ),
    Holds(
        "it was made anew",
        snapshot(
            down(workload("api", spec=reads("api-config")), looping(lived=4), unready=300),
            thing("ConfigMap", "api-config", age=400, data={"a": "b"}),
            logs=[
                log(pod("api"), "failed to parse config: yaml: line 3: mapping values are not allowed", previous=True)
            ],
        ),
        ("ConfigMap/api-config", "configuration_error", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "it names a host that does not exist",
        snapshot(
            workload("pay"),
            workload("api", started=480, spec=reads("conf")),
            thing("ConfigMap", "conf", written=600, data={"PAY_URL": "http://payment:8080"}),
            figures=[errors("api", 0.9, 480)],
            logs=logs("api", "java.net.UnknownHostException: payment", since=470),
        ),
        ("ConfigMap/conf", "configuration_error", "page_human"),
        excludes=no("rollback_workload", at=API),
        harmful=("rollback_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it was written last week", snapshot(crashing(), written(7 * DAY)), (SHOP, "service_crash", "page_human")
    ),
    DoesNotHold("nothing fails", snapshot(shop(spec=reads("shop-config")), written(700))),
    DoesNotHold(
        "the trouble is older",
        snapshot(shop(spec=reads("shop-config")), written(300), figures=[errors("shop", 0.3, 2400)]),
        (SHOP, "unknown", "page_human"),
    ),
]
