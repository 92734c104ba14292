"""An autoscaler gives replicas and another writer takes them: neither more of them nor a restart lasts."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import API, SHOP, WELL, autoscaler, busy, rate, shop
from tests.diagnosis.rules.tiny import NOW, Obj, at, event, snapshot, workload
from tuheg_ir.diagnosis.model import Series

GROWN = rate("shop", 20, 50)
ABOVE = "New size: 6; reason: cpu resource utilization (percentage of request) above target"
BELOW = "New size: 2; reason: All metrics below target"


def turns(name: str, count: int) -> list[Obj]:
    """Return that a set of pods was scaled up and down so often."""
    return [
        event(f"Deployment/{name}", "ScalingReplicaSet", f"Scaled {word} replica set {name}-r1 {sizes}", count=count)
        for word, sizes in (("up", "from 2 to 6"), ("down", "from 6 to 2"))
    ]


def rescaled(name: str, message: str = ABOVE, count: int = 8) -> Obj:
    return event(f"HorizontalPodAutoscaler/{name}", "SuccessfulRescale", message, kind="Normal", count=count)


def written(objects: list[Obj], manager: str, age: float) -> list[Obj]:
    """Return a workload that somebody wrote at last."""
    objects[0]["metadata"]["managedFields"] = [{"manager": manager, "operation": "Apply", "time": at(age)}]
    return objects


def scaler(name: str, wanted: int, age: float = 160) -> Obj:
    """Return an autoscaler of two replicas that asks for so many since it last wrote."""
    made = autoscaler(name, 2, 20)
    made["status"] |= {"desiredReplicas": wanted, "lastScaleTime": at(age)}
    return made


def swinging(name: str, times: int) -> tuple[str, Series]:
    """Return a number of replicas that goes up and down so often in the hour."""
    points = tuple(
        (NOW.timestamp() - age, 6.0 if age % (3600 / times) > 1800 / times else 2.0) for age in range(3600, -1, -30)
    )
    return "replicas_wanted", Series({"component": name}, points)


HOLDS = [
    Holds(
        "a controller that keeps what its chart says",
        snapshot(
            written(shop(), "argocd-controller", 60),
            scaler("shop", 6),
            turns("shop", 9),
            rescaled("shop"),
            figures=busy(GROWN),
        ),
        (SHOP, "configuration_error", "page_human"),
        excludes=no("scale_workload", "restart_workload", "rollback_workload", at=SHOP),
        alone=True,
    ),
    Holds(
        "the autoscaler has written at last, and only figures tell of the swings",
        snapshot(workload("api"), scaler("api", 6, 20), rescaled("api"), figures=[swinging("api", 12)]),
        (API, "configuration_error", "page_human"),
        excludes=no("scale_workload", at=API),
    ),
    Holds(
        "only objects tell: somebody wrote less than it asks for after it had",
        snapshot(written(workload("api"), "helm-controller", 30), scaler("api", 7)),
        (API, "configuration_error", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "an autoscaler that goes up and down by itself",
        snapshot(
            shop(), scaler("shop", 2), turns("shop", 9), rescaled("shop"), rescaled("shop", BELOW), figures=[WELL]
        ),
        ("no_action",),
    ),
    DoesNotHold(
        "it was scaled up once, after a release by the same controller",
        snapshot(
            written(shop(), "argocd-controller", 900),
            scaler("shop", 2),
            rescaled("shop", count=1),
            turns("shop", 1),
            figures=busy(GROWN),
        ),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "remedies raised the least and were taken back, one after the other: the autoscaler only followed",
        snapshot(
            written(shop(), "lab", 60),
            scaler("shop", 2),
            turns("shop", 29),
            rescaled("shop", "New size: 5; reason: Current number of replicas below Spec.MinReplicas", 29),
            figures=busy(GROWN),
        ),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "somebody without an autoscaler swings it",
        snapshot(shop(), turns("shop", 9), figures=[WELL]),
        ("no_action",),
    ),
]
