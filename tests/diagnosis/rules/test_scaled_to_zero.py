"""Somebody took away all replicas of what is needed: giving them back is the whole cure."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.colours import NEW, at_nought, led, slot
from tests.diagnosis.rules.scenes import SHOP, errors, shop
from tests.diagnosis.rules.tiny import DAY, Obj, event, service_for, snapshot, workload

TAKEN = event(SHOP, "ScalingReplicaSet", "Scaled down replica set shop-r1 to 0 from 3", kind="Normal")


def gone() -> list[Obj]:
    """Return a shop of no pods."""
    objects = shop(pods=1, before={}, released=20 * DAY)
    objects[0]["spec"]["replicas"] = 0
    objects[0]["status"] = {"replicas": 0}
    return [each for each in objects if each["kind"] != "Pod"]


def rests(name: str, serves: str, image: str = "registry.example/shop:2", **more: Any) -> list[Obj]:
    """Return a workload of no pods, and another whose container has the same name; ``more``: of the first."""
    gone = workload(name, "registry.example/shop:1", pods=1, service=False, **more)
    other = workload(serves, image, pods=3, service=False)
    for each in (gone[0], other[0], gone[1], other[1]):
        each["spec"]["template"]["spec"]["containers"][0]["name"] = "app"
    gone[0]["spec"]["replicas"] = 0
    gone[0]["status"] = {"replicas": 0}
    return [*(each for each in gone if each["kind"] != "Pod"), *other]


def taken(name: str) -> Obj:
    return event(f"Deployment/{name}", "ScalingReplicaSet", f"Scaled down replica set {name}-r1 to 0", kind="Normal")


SEEN = [errors("web", 0.0, before=0.0)]
CALLER = workload("web", env={"SHOP_URL": "http://shop:8080"})
HOLDS = [
    Holds(
        "a caller misses them",
        snapshot(gone(), TAKEN, workload("web", env={"SHOP_URL": "http://shop:8080"})),
        (SHOP, "configuration_error", "scale_workload"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
    ),
    Holds(
        "what stands behind its name is another program",
        snapshot(
            rests("shop", "holding-page", "registry.example/holding-page:1"),
            service_for("shop", selector={"app": "holding-page"}),
            service_for("shop-internal", selector={"app": "shop"}),
            taken("shop"),
            CALLER,
            figures=SEEN,
        ),
        (SHOP, "configuration_error", "scale_workload"),
    ),
    Holds(
        "the other colour serves, and a caller that is told to ask this one misses it",
        snapshot(
            at_nought(),
            slot("green", NEW),
            led(),
            workload("web", env={"URL": "http://shop-blue:8080"}),
            figures=[errors("web")],
        ),
        ("Deployment/shop-blue", "configuration_error", "scale_workload"),
    ),
    *(
        Holds(
            f"what a Service selects by one other label is no stand-in: {what}",
            snapshot(at_nought("worker", **worker), slot("web", NEW, **web), led("web"), CALLER, figures=SEEN),
            ("Deployment/shop-worker", "configuration_error", "scale_workload"),
        )
        for what, worker, web in (
            ("another image", {"image": "registry.example/worker:7"}, {}),
            ("another command", {"command": ["celery", "worker"]}, {}),
            ("another port", {"port": 9100}, {}),
            (
                "another module",
                {"command": ["python", "-m", "shop.worker"]},
                {"command": ["python", "-m", "shop.web"]},
            ),
            (
                "another line for the shell",
                {"command": ["sh", "-c"], "args": ["exec shop-worker"]},
                {"command": ["sh", "-c"], "args": ["exec shop-web"]},
            ),
            ("another variable", {"env": {"PROCESS": "worker"}}, {"env": {"PROCESS": "web"}}),
        )
    ),
    *(
        Holds(
            f"what differs by the label {key} is another part, and no slot",
            snapshot(
                at_nought("worker", key=key), slot("web", NEW, key=key), led("web", key=key), CALLER, figures=SEEN
            ),
            ("Deployment/shop-worker", "configuration_error", "scale_workload"),
        )
        for key in ("component", "app.kubernetes.io/component", "tier")
    ),
    Holds(
        "its container is named as that behind its name, and starts another program",
        snapshot(
            rests("shop-worker", "shop-web", args=["--worker"]),
            service_for("shop", selector={"app": "shop-web"}),
            service_for("shop-worker"),
            taken("shop-worker"),
            CALLER,
            figures=SEEN,
        ),
        ("Deployment/shop-worker", "configuration_error", "scale_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "nobody misses them", snapshot(gone(), workload("web"), figures=[errors("web", 0.0, before=0.0)]), HEALTHY
    ),
    DoesNotHold(
        "a canary's controller serves by a copy under its name",
        snapshot(
            rests("shop", "shop-primary"),
            service_for("shop", selector={"app": "shop-primary"}),
            service_for("shop-primary"),
            service_for("shop-canary", selector={"app": "shop"}),
            taken("shop"),
            CALLER,
            figures=SEEN,
        ),
        HEALTHY,
    ),
    DoesNotHold(
        "the other color serves",
        snapshot(
            rests("shop-blue", "shop-green"),
            service_for("shop", selector={"app": "shop-green"}),
            service_for("shop-blue"),
            taken("shop-blue"),
            CALLER,
            figures=SEEN,
        ),
        HEALTHY,
    ),
    DoesNotHold(
        "the other colour serves, and each container is named as its colour",
        snapshot(at_nought(), slot("green", NEW), led(), CALLER, figures=SEEN),
        HEALTHY,
        harmful=("scale_workload",),
    ),
]
