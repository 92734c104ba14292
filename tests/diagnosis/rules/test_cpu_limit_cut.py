"""A release lowered the processor limit below what is used."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import HOUR, pods_of
from tests.diagnosis.rules.scenes import MORE, ROOM, SHOP, UNREAD, busy, latency, logs, rate, shop
from tests.diagnosis.rules.tiny import Obj, at, figure, pod, redis, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

OF_ISTIO = "sidecar.istio.io/proxyCPULimit"
OF_LINKERD = "config.linkerd.io/proxy-cpu-limit"


def meshed(objects: list[Obj], limit: str, note: str = "", *, before: str = "", name: str = "istio-proxy") -> list[Obj]:
    """Give the pods of a workload a sidecar with a limit that its newest template sets by an annotation."""
    for each in pods_of(objects):
        beside = {"name": name, "image": "proxy:1", "resources": {"limits": {"cpu": limit}}}
        each["spec"]["containers"] = [*each["spec"]["containers"], beside]
        running = {"name": name, "ready": True, "restartCount": 0, "state": {"running": {"startedAt": at(700)}}}
        each["status"]["containerStatuses"].append(running)
    sets = [each["spec"]["template"] for each in objects if each["kind"] == "ReplicaSet"]
    for template, value in ((sets[0], before), (sets[-1], limit), (objects[0]["spec"]["template"], limit)):
        if note and value:
            template["metadata"] = {**template["metadata"], "annotations": {note: value}}
    return objects


def sidecars(
    *objects: Any, held: tuple[float, ...] = (0.7, 0.6), name: str = "istio-proxy", slow: bool = True
) -> Snapshot:
    """Return a shop that is slow since a release, with how much its sidecars are held back."""
    shares = [
        figure("throttled_share", 0.01, share, pod=pod("shop", n), container=name) for n, share in enumerate(held)
    ]
    return snapshot(*objects, figures=[*shares, rate("shop", 20, 20), *([latency("shop")] if slow else [])])


STARVED = "the heartbeat has been running for 00:00:03. This could be caused by thread pool starvation."
AWAY = "ERROR Connection to cart:8080 timed out"


def starved(before: dict[str, Any] = MORE, *, beside: str = UNREAD, pods: tuple[int, ...] = (0, 1)) -> Snapshot:
    """Return a shop that has processor time left, and no thread of its own, since its limit is another one."""
    objects = shop(before=before, released=3000, env={"REDIS": "redis:6379", "CART_URL": "http://cart:8080"}, **ROOM)
    said = [each for n in pods for each in (*logs("shop", STARVED, n), *logs("shop", beside, n))]
    figures = busy(rate("shop", 20, 20), throttled=0.0, share=0.3)
    return snapshot(objects, redis(), workload("cart"), figures=figures, logs=said)


RELEASED = {"before": {}, "released": 700}
OTHER = meshed(workload("cart"), "2")
RIGHT = (SHOP, "configuration_error", "rollback_workload")
HOLDS = [
    Holds(
        "containers are held back since",
        snapshot(shop(before=MORE, released=700, **ROOM), figures=busy(rate("shop", 20, 20))),
        RIGHT,
    ),
    Holds(
        "its sidecar is, which may use less than those of others",
        sidecars(meshed(shop(**RELEASED), "100m", OF_ISTIO), OTHER),
        RIGHT,
    ),
    Holds(
        "the limit of its sidecar was set before already, and is lower now",
        sidecars(meshed(shop(**RELEASED), "100m", OF_LINKERD, before="1", name="linkerd-proxy"), name="linkerd-proxy"),
        RIGHT,
    ),
]
MAYBE = ("configuration_error", "rollback_workload")
DOES_NOT_HOLD = [
    DoesNotHold(
        "the release raised it",
        snapshot(shop(before=ROOM, released=3 * HOUR, **MORE), figures=busy(rate("shop", 20, 50))),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "they use half of it",
        snapshot(shop(before=MORE, released=700, **ROOM), figures=busy(throttled=0.0, share=0.5)),
        RIGHT,
    ),
    DoesNotHold(
        "its sidecar is held back, and nobody feels it",
        sidecars(meshed(shop(**RELEASED), "100m", OF_ISTIO), OTHER, slow=False),
        harmful=("rollback_workload",),
    ),
    *(
        DoesNotHold(f"of its sidecar: {what}", world, MAYBE)
        for what, world in (
            ("the limit was raised", sidecars(meshed(shop(**RELEASED), "500m", OF_ISTIO, before="100m"), OTHER)),
            ("nobody knows what it had before", sidecars(meshed(shop(**RELEASED), "100m", OF_ISTIO))),
            ("others have less", sidecars(meshed(shop(**RELEASED), "3", OF_ISTIO), OTHER)),
            ("it has time left", sidecars(meshed(shop(**RELEASED), "100m", OF_ISTIO), OTHER, held=(0.1, 0.1))),
            (
                "it is held back in one pod",
                sidecars(meshed(shop(**RELEASED), "100m", OF_ISTIO), OTHER, held=(0.7, 0.1)),
            ),
            (
                "what was set is what it asks for",
                sidecars(meshed(shop(**RELEASED), "100m", "sidecar.istio.io/proxyCPU"), OTHER),
            ),
        )
    ),
]
