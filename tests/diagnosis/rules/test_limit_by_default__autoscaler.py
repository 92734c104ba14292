"""An autoscaler of resources gives pods a lower limit than their template: what it left alone, or grew, tells of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import SHOP, killed, rate, shop
from tests.diagnosis.rules.test_limit_by_default import FOUND, MIB, NEW, has, held
from tests.diagnosis.rules.tiny import DAY, Obj, at, container, figure, pod, snapshot
from tuheg_ir.diagnosis.model import Snapshot


def resized(
    *numbers: int,
    of: int = 3,
    cut: str = "memory",
    to: str = "512Mi",
    note: str = "memory request, memory limit",
    age: float = 4 * 3600,
    dead: int = 2,
    older: float | None = 850,
    **shop_is: Any,
) -> Snapshot:
    """Return a shop of which an autoscaler of resources made some pods anew with another limit than its template's.

    The first pods are killed for memory (``dead``) or held back by their processor limit; others hold ``older``.
    """
    objects = shop(pods=of, resources={"limits": {"memory": "1Gi", "cpu": "2"}}, **shop_is)
    for each in (pods_of(objects)[n] for n in numbers):
        told = {"vpaUpdates": f"Pod resources updated by shop-sizes: container 0: {note}"}
        each["metadata"] |= {"creationTimestamp": at(age), "annotations": told}
        has(each, {"memory": "1Gi", "cpu": "2", cut: to})
    if cut == "cpu":
        return snapshot(objects, figures=held(*numbers, of=of))
    rest = [] if older is None else [(pod("shop", n), older * MIB) for n in range(of) if n not in numbers]
    return snapshot(
        killed(objects, dead), figures=[figure("memory_bytes", much, much, pod=named) for named, much in rest]
    )


def beside(cut: str = "200m") -> Snapshot:
    """Return a shop whose program is held back by the limit of its template; a proxy beside it was given less."""

    def both(proxy: str) -> list[Obj]:
        limits = (("shop", "2"), ("proxy", proxy))
        return [
            container(name, f"registry.example/{name}:1", resources={"limits": {"cpu": cpu}}) for name, cpu in limits
        ]

    objects = shop(spec={"containers": both("1")})
    for each in pods_of(objects):
        told = {"vpaUpdates": "Pod resources updated by shop-sizes: container 1: cpu request, cpu limit"}
        each["metadata"] |= {"creationTimestamp": at(3600), "annotations": told}
        each["spec"] = {**each["spec"], "containers": both(cut)}
    return snapshot(objects, figures=[*held(0, 1, of=2), rate("shop", before=50, now=150)])


def second() -> Snapshot:
    """Return a shop whose containers were all given less, and of which the second one is killed at it."""

    def both(*memory: str) -> list[Obj]:
        limits = zip(("first", "shop"), memory, strict=True)
        return [
            container(name, f"registry.example/{name}:1", resources={"limits": {"memory": m}}) for name, m in limits
        ]

    objects = shop(spec={"containers": both("1Gi", "512Mi")})
    for each in pods_of(objects):
        told = {"vpaUpdates": "Pod resources updated by s: container 0: memory limit; container 1: memory limit"}
        each["metadata"] |= {"creationTimestamp": at(3600), "annotations": told}
        each["spec"] = {**each["spec"], "containers": both("600Mi", "128Mi")}
    return snapshot(killed(objects, 2))


def grown(to: str) -> Snapshot:
    """Return a shop that gets three times the requests since all of its pods were given another processor limit."""
    world = resized(0, 1, of=2, cut="cpu", to=to, note="cpu limit")
    name, more = rate("shop", before=50, now=150)
    return replace(world, metrics={**world.metrics, name: (more,)})


HOLDS = [
    *(
        Holds(
            f"an autoscaler of resources cut the limit of the template: {what}",
            world,
            FOUND,
            excludes=no("restart_workload", "rollback_workload", at=SHOP),
            alone=True,
            harmful=("restart_workload", "rollback_workload", "scale_workload"),
            sure=sure,
        )
        for what, world, sure in (
            ("one that it left alone lives", resized(0, 1), (0.8, 1.0)),
            ("one of the same release that it left alone lives", resized(0, 1, **NEW), (0.8, 1.0)),
            ("one that it left alone lives, and nobody measures it", resized(0, 1, older=None), (0.75, 1.0)),
            ("it has made all of them anew", resized(0, 1, of=2), (0.6, 0.8)),
            ("it has made all of them anew, since their release", resized(0, 1, of=2, **NEW), (0.5, 0.65)),
            (
                "of the processor",
                resized(2, 3, of=4, cut="cpu", to="250m", note="cpu request, cpu limit"),
                (0.8, 1.0),
            ),
            ("of all containers, and the second is killed at it", second(), (0.6, 0.8)),
            ("to an eighth, and requests have grown by less", grown("250m"), (0.6, 1.0)),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"an autoscaler of resources wrote limits, but {what}", world, (SHOP, *rest))
        for what, world, *rest in (
            ("it raised them", resized(0, 1, to="2Gi"), "resource_exhaustion", "page_human"),
            (
                "of requests alone, and a release brought another image",
                resized(0, 1, of=2, to="1Gi", note="memory request", **NEW),
                "code_defect",
                "rollback_workload",
            ),
            ("one that it left alone is killed", resized(1, 2, dead=1), "resource_exhaustion", "page_human"),
            ("one that it left alone does with less", resized(0, 1, older=200), "resource_exhaustion", "page_human"),
            ("it only rounded them", resized(0, 1, of=2, to="1073741820"), "resource_exhaustion", "page_human"),
            ("requests have grown by more than it cut", grown("1500m"), "capacity", "scale_workload"),
            ("of a proxy beside the one that is held back", beside(), "capacity", "scale_workload"),
            ("long ago, for all of them", resized(0, 1, of=2, age=9 * DAY), "resource_exhaustion", "page_human"),
        )
    ),
]
