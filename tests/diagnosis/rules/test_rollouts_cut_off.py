"""Requests that fail at roll-outs: at each of them and never else, or since one of them, or between."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, logs, shop
from tests.diagnosis.rules.tiny import NOW, Obj, at, snapshot, workload
from tuheg_ir.diagnosis.model import Series

CUT = "connect() failed (111: Connection refused) while connecting to upstream, upstream: http://10.1.9.9:8080/"
WRONG = "configuration_error", "page_human"
BACK = SHOP, "code_defect", "rollback_workload"


def rolled(*ages: float, restarts: bool = False, **more: Any) -> list[Obj]:
    """Return a shop that was rolled out so long ago each, with another image or as a restart."""
    objects = shop(started=ages[-1], **more)
    first = next(each for each in objects if each["kind"] == "ReplicaSet")
    for number, age in enumerate(ages, 2):
        body = {**first["spec"]["template"]}
        last = number - 1 == len(ages)
        if restarts or last:
            body["metadata"] = {**body["metadata"], "annotations": {"kubectl.kubernetes.io/restartedAt": at(age)}}
        else:
            body["spec"] = {
                "containers": [{**body["spec"]["containers"][0], "image": f"registry.example/shop:0.{number}"}]
            }
        meta = {**first["metadata"], "name": f"shop-r{number}", "creationTimestamp": at(age)}
        meta["annotations"] = {"deployment.kubernetes.io/revision": str(number)}
        objects.append({**first, "metadata": meta, "spec": {"replicas": 2 if last else 0, "template": body}})
    first["spec"]["replicas"] = 0
    for each in objects:
        if each["kind"] == "Pod":
            each["metadata"]["ownerReferences"][0]["name"] = f"shop-r{len(ages) + 1}"
    return objects


def fails(*spans: tuple[float, float], peak: float = 0.08) -> tuple[str, Series]:
    """Return errors that come in spans (from age, to age)."""
    points = []
    for age in range(3600, -1, -30):
        inside = any(end <= age <= start for start, end in spans)
        points.append((NOW.timestamp() - age, peak if inside else 0.0004))
    return "error_ratio", Series({"component": "shop"}, tuple(points))


TWICE = fails((2760, 2700), (930, 840))

HOLDS = [
    Holds(
        "two releases, and a proxy is refused while they roll",
        snapshot(rolled(2800, 960), workload("edge"), logs=logs("edge", CUT, times=20, since=2750), figures=[TWICE]),
        (SHOP, *WRONG),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
        began=2800,
    ),
    Holds(
        "two restarts, and nobody's logs tell of it",
        snapshot(rolled(2800, 960, restarts=True), figures=[TWICE]),
        (SHOP, *WRONG),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("one of them went well", snapshot(rolled(2800, 960), figures=[fails((930, 840))])),
    DoesNotHold(
        "requests failed between them too",
        snapshot(rolled(2800, 960), figures=[fails((2760, 2700), (2000, 1900), (930, 840))]),
        HEALTHY,
    ),
    DoesNotHold("the last one fails still", snapshot(rolled(2800, 960), figures=[fails((2760, 2700), (930, 0))]), BACK),
    DoesNotHold("the second was to end the first", snapshot(rolled(1400, 960), figures=[fails((1390, 800))]), HEALTHY),
    DoesNotHold("there was only one", snapshot(rolled(960), figures=[fails((930, 840))])),
]
