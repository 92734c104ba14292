"""A Service selects the pods of another program, to which a share of its requests goes."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CALLS_CART, CART, SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import Obj, figure, log, pod, service_for, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

PART = {"part": "cart"}


def labelled(name: str, *, age: float, **more: Any) -> list[Obj]:
    """Return a workload without a Service, whose pods are a part of the cart by their labels."""
    made = workload(name, **{"service": False, "age": age, **more})
    for each in made:
        if each["kind"] == "Pod":
            each["metadata"]["labels"] |= PART
        else:
            inner = each["spec"]["template"]
            inner["metadata"] = {"labels": {"app": name, **PART}}
    return made


OLD_AGE = 30 * 86400.0
CART_PODS = labelled("cart", age=OLD_AGE)
WIDE = service_for("cart", selector=PART)
CALLER = shop(env=CALLS_CART)
EXPORT = "registry.example:5000/tools/export:0.1"


def fails(since: float) -> list[Any]:
    return [errors("shop", 0.4, since=since), errors("cart", 0.0)]


WORKER = ["celery", "-A", "cart.tasks", "worker"]
REFUSED = 'Get "http://cart:8080/items": dial tcp 10.96.0.7:8080: connect: connection refused'
SERVED = "GET /items 200 20ms"


def beside(
    *args: str,
    ports: Any = (),
    ready: int | None = None,
    quiet: int = 6,
    target: Any = None,
    caller: list[Obj] = CALLER,
) -> Snapshot:
    """Return a caller that is refused by the cart since a Deployment of its image came, which is started otherwise."""
    return snapshot(
        labelled("cart", age=OLD_AGE, ready=ready, ports=[{"name": "http", "containerPort": 8080}]),
        labelled("worker", image="registry.example/cart:1", age=600, args=list(args), ports=list(ports)),
        service_for("cart", selector=PART, target=target),
        caller,
        logs=[log(pod("shop"), *[SERVED] * quiet, *[REFUSED] * 9, since=900 if quiet else 580)],
    )


HOLDS = [
    Holds(
        "an exporter came with the label that it selects",
        snapshot(
            CART_PODS,
            labelled("export", image=EXPORT, age=600),
            WIDE,
            CALLER,
            figures=[*fails(560), figure("request_rate_by_pod", 20, 20, pod=pod("export"))],
            logs=logs("shop", "cart answered 404 for an item that is there", since=500),
        ),
        ("Service/cart", "configuration_error", "page_human"),
        excludes=(*no("restart_workload", "rollback_workload", at=CART), *no("restart_workload", at=SHOP)),
        alone=True,
        began=540,
    ),
    Holds(
        "its selector was widened, and an old worker is meant by it as well",
        snapshot(
            CART_PODS,
            labelled("worker", image="registry.example/worker:3", age=2 * OLD_AGE),
            service_for("cart", selector=PART, written=900),
            CALLER,
            figures=fails(850),
        ),
        ("Service/cart", "configuration_error", "page_human"),
        excludes=no("rollback_workload", at="Deployment/worker"),
    ),
    Holds(
        "a worker of its own image came, which listens on no port: a share of the connections is refused",
        beside(*WORKER),
        ("Service/cart", "configuration_error", "page_human"),
        excludes=(*no("restart_workload", "rollback_workload", at=CART), *no("restart_workload", at=SHOP)),
        alone=True,
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a Deployment of its own image came beside it, {what}", world, harmful=("scale_workload",))
        for what, world in (
            ("which is the same program with another option", beside("--new-checkout")),
            ("which is started otherwise and listens where it does", beside(*WORKER, ports=[{"containerPort": 8080}])),
            ("and not all who should serve do", beside(*WORKER, ready=1)),
            ("and nobody knows whether the caller was ever served", beside(*WORKER, quiet=0)),
            ("which the Service does not send to, as it has no port of that name", beside(*WORKER, target="http")),
            (
                "and the caller was released then",
                beside(*WORKER, caller=shop(env=CALLS_CART, before={"image": "shop:0"}, released=590)),
            ),
        )
    ),
    DoesNotHold(
        "a canary runs another version of the same program",
        snapshot(
            CART_PODS, labelled("cart-next", image="registry.example/cart:2", age=600), WIDE, CALLER, figures=fails(560)
        ),
        ("page_human",),
    ),
    DoesNotHold(
        "users suffer since long before",
        snapshot(CART_PODS, labelled("export", image=EXPORT, age=600), WIDE, CALLER, figures=fails(2500)),
        (SHOP, "unknown", "page_human"),
    ),
    DoesNotHold(
        "the caller was released then",
        snapshot(
            CART_PODS,
            labelled("export", image=EXPORT, age=600),
            WIDE,
            shop(env=CALLS_CART, before={"image": "shop:0"}, released=570),
            figures=fails(560),
        ),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "another Service has the old pods alone, which may be the one that is asked",
        snapshot(
            CART_PODS,
            labelled("export", image=EXPORT, age=600),
            thing("Service", "all", spec=WIDE["spec"]),
            service_for("cart"),
            CALLER,
            figures=fails(560),
        ),
        (SHOP, "unknown", "page_human"),
    ),
]
