"""A proxy that cannot take answers: since a release of the service behind it, or for reasons of its own."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CALLS_CART, CART, IMAGE, alert, logs
from tests.diagnosis.rules.tiny import Obj, snapshot, workload

PLACE = 'while reading response header from upstream, request: "GET /basket HTTP/1.1", upstream: "http://10.96.9.9:80/basket"'
BIG = f"upstream sent too big header {PLACE}"
RESET = f"recv() failed (104: Connection reset by peer) {PLACE}"
NODE = "HeadersOverflowError: Headers Overflow Error http://cart:8080/basket"
EDGE = "Deployment/edge"
FIRES: dict[str, Any] = {"alerts": [alert("BadGateway", service="edge")]}
LATER = {"args": ["--timeout-keep-alive", "75"]}
EARLIER = {"args": ["--timeout-keep-alive", "2"]}


def cart(**more: Any) -> list[Obj]:
    return workload("cart", **{"before": {"image": "registry.example/cart:0"}, "released": 600, **more})


def told(line: str, name: str = "edge", since: float = 540) -> list[Any]:
    """Return the logs of a proxy, and of the service that answers the requests well."""
    return [*logs(name, line, since=since), *logs("cart", '"GET /basket HTTP/1.1" 200 OK')]


HOLDS = [
    Holds(
        "headers are too big for a proxy",
        snapshot(workload("edge"), cart(), logs=told(BIG), **FIRES),
        (CART, "code_defect", "rollback_workload"),
        excludes=(*no("restart_workload", at=CART), *no("rollback_workload", "restart_workload", at=EDGE)),
        alone=True,
    ),
    Holds(
        "headers are too big for a caller that names the host",
        snapshot(workload("edge", env=CALLS_CART), cart(), logs=logs("edge", NODE, since=540), **FIRES),
        (CART, "code_defect", "rollback_workload"),
    ),
    Holds(
        "a release closes idle connections earlier",
        snapshot(workload("edge"), cart(before=LATER, **EARLIER), logs=told(RESET), **FIRES),
        (CART, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "a variable of its environment closes them earlier",
        snapshot(
            workload("edge"),
            cart(before={"env": {"KEEP_ALIVE_TIMEOUT": "65000"}}, env={"KEEP_ALIVE_TIMEOUT": "5000"}),
            logs=told(RESET),
            **FIRES,
        ),
        (CART, "configuration_error", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a release closes them later",
        snapshot(workload("edge"), cart(before=EARLIER, **LATER), logs=told(RESET), **FIRES),
    ),
    DoesNotHold(
        "connections are reset, and a release changed the image",
        snapshot(workload("edge"), cart(), logs=told(RESET), **FIRES),
    ),
    DoesNotHold("the release came later", snapshot(workload("edge"), cart(released=300), logs=told(BIG), **FIRES)),
    DoesNotHold("nobody suffers", snapshot(workload("edge"), cart(), logs=told(BIG))),
    DoesNotHold(
        "the proxy was released as well",
        snapshot(workload("edge", before=IMAGE, released=590), cart(), logs=told(BIG), **FIRES),
    ),
    DoesNotHold(
        "another service is asked",
        snapshot(workload("edge"), cart(), logs=told(BIG.replace("/basket", "/tours")), **FIRES),
    ),
]
