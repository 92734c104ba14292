"""A trouble that is over needs nothing: to act would only risk a new one."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import API, SHOP, alert, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, series, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot


def burst(ended: float) -> Snapshot:
    """Return a shop that failed for a while until ``ended`` seconds ago, and whose alert still fires."""
    steps = series({"component": "shop"}, (3600, 0.0), (2400, 0.4), (ended, 0.0))
    return snapshot(shop(), figures=[("error_ratio", steps)], alerts=[alert("ShopErrors", service="shop")])


def rolled_back() -> list[Obj]:
    """Return a service that went back to a template of weeks ago."""
    objects = workload("api", image="a:1", before={"image": "a:2"}, released=1800)
    back = [each for each in objects if each["kind"] == "ReplicaSet"][1]
    back["metadata"]["creationTimestamp"] = at(40 * DAY)
    back["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] = "1"
    return objects


HOLDS = [
    Holds("a burst that ended", burst(1500), (SHOP, "no_fault", "no_action")),
    Holds(
        "somebody rolled it back, and it is well since",
        snapshot(
            rolled_back(),
            figures=[("error_ratio", series({"component": "api"}, (3600, 0.0), (2700, 0.5), (1700, 0.0)))],
            alerts=[alert(state="resolved", service="api")],
        ),
        (API, "no_fault", "no_action"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a burst that ended a minute ago may come back", burst(90), ("unknown", "page_human"), harmful=("no_action",)
    ),
]
