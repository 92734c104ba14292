"""A Service selects the pods of another program, to which a share of its requests goes."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CALLS_CART, CART, SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import Obj, figure, log, pod, service_for, snapshot, thing, timed, workload
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


UNKNOWN = (
    '{"level":"warn","msg":"item is not known","url":"http://cart:8080/items/3","status":404,"body":"Not Found"}',
    "WARNING cart client: GET http://cart:8080/items/3 answered status=405",
)
BY_RELEASE = ("Deployment/export", "configuration_error", "rollback_workload")


def labelled_since(
    name: str = "export", *, image: str = EXPORT, former: dict[str, str] | None = None, **more: Any
) -> list[Obj]:
    """Return a workload that is as old as the cart, to whose pods a release gave the cart's label."""
    made = labelled(name, **{"image": image, "age": OLD_AGE, "before": {}, "released": 600, **more})
    for each in made:
        if each["metadata"]["name"] == f"{name}-r1":
            each["spec"]["template"]["metadata"] = {"labels": {"app": name, **(former or {})}}
    return made


def odd(*more: Any, line: str = UNKNOWN[0], quiet: int = 9, caller: Any = CALLER, since: float = 560) -> Snapshot:
    """Return a shop that is told of a thing which is there that it is not, since ten minutes."""
    told = [(since + 60 * n, "INFO served 3 items") for n in range(quiet, 0, -1)]
    told += [(since - 30 * n, line) for n in range(12)]
    return snapshot(WIDE, caller, *more, logs=[timed(pod("shop"), *told)])


HOLDS = [
    Holds(
        "a release gave its label to pods of a program that knows no such path, as a caller tells in JSON",
        odd(CART_PODS, labelled_since()),
        BY_RELEASE,
        excludes=(
            *no("restart_workload", "rollback_workload", at=CART),
            *no("restart_workload", "scale_workload", at="Deployment/export"),
            *no("restart_workload", "rollback_workload", at=SHOP),
        ),
        spares=no("rollback_workload", at="Deployment/export"),
        alone=True,
        began=560,
    ),
    Holds(
        "a release gave its label to pods of a program that knows no such method, as a caller tells in words",
        odd(CART_PODS, labelled_since(former={"part": "jobs"}), line=UNKNOWN[1]),
        BY_RELEASE,
    ),
    Holds(
        "a release gave its label to pods of a program that fails what it is asked",
        snapshot(CART_PODS, labelled_since(), WIDE, CALLER, figures=fails(560)),
        BY_RELEASE,
        excludes=no("rollback_workload", at=CART),
    ),
    Holds(
        "a release gave its label to pods of a program that fails what it is asked, and its own fails as ever",
        snapshot(
            *(CART_PODS, labelled_since(), WIDE, CALLER),
            figures=[errors("shop", 0.4, since=560), errors("cart", 0.06, since=2500)],
        ),
        BY_RELEASE,
    ),
    Holds(
        "a program came with the label that it selects, and knows no such path",
        odd(CART_PODS, labelled("export", image=EXPORT, age=600)),
        ("Service/cart", "configuration_error", "page_human"),
        excludes=no("rollback_workload", "restart_workload", at="Deployment/export"),
    ),
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
CART_ANEW = labelled("cart", age=OLD_AGE, before={"image": "registry.example/cart:0"}, released=570)
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"pods got its label by a release, {what}", world, instead, harmful=harm)
        for what, world, instead, harm in (
            (
                "and its own program, released then too, fails",
                snapshot(
                    *(CART_ANEW, labelled_since(), WIDE, CALLER),
                    figures=[errors("shop", 0.4, since=560), errors("cart", 0.4, since=560)],
                ),
                (CART, "code_defect", "rollback_workload"),
                ("no_action",),
            ),
            (
                "and its own program was released then too",
                snapshot(CART_ANEW, labelled_since(), WIDE, CALLER, figures=[errors("shop", 0.4, since=560)]),
                ASK,
                ("rollback_workload",),
            ),
            (
                "and its own program, released then too, no longer knows a path",
                odd(CART_ANEW, labelled_since()),
                ASK,
                ("rollback_workload",),
            ),
            (
                # It is a guess of another rule, and no more: nothing else was released.
                "and its own program fails since then",
                snapshot(
                    *(CART_PODS, labelled_since(), WIDE, CALLER),
                    figures=[errors("shop", 0.4, since=560), errors("cart", 0.4, since=570)],
                ),
                BY_RELEASE,
                ("restart_workload", "scale_workload"),
            ),
        )
    ),
    DoesNotHold(
        "an exporter came with the label that it selects, and its own program, released then too, fails",
        snapshot(
            *(CART_ANEW, labelled("export", image=EXPORT, age=600), WIDE, CALLER),
            figures=[errors("shop", 0.4, since=560), errors("cart", 0.4, since=560)],
        ),
        (CART, "code_defect", "rollback_workload"),
    ),
    *(
        DoesNotHold(f"pods got its label by a release, {what}", world, instead, harmful=("rollback_workload",))
        for what, world, instead in (
            (
                "and run the same program in another version",
                odd(CART_PODS, labelled_since(image="registry.example/cart:2")),
                ASK,
            ),
            ("which is another program, and nobody complains", odd(CART_PODS, labelled_since(), line="INFO ok"), ()),
            ("and callers complained long before", odd(CART_PODS, labelled_since(), since=2400), ASK),
            ("and nobody knows whether callers complained before", odd(CART_PODS, labelled_since(), quiet=0), ASK),
            ("and had it before by another release", odd(CART_PODS, labelled_since(former=PART)), ASK),
            ("days ago", odd(CART_PODS, labelled_since(released=3 * 86400)), ASK),
            ("as the cart's own did", odd(labelled_since("cart", image=""), labelled_since()), ASK),
            (
                "and callers are told that it is not there by somebody else",
                odd(CART_PODS, labelled_since(), line=UNKNOWN[0].replace("http://cart:8080", "https://maps.example")),
                ASK,
            ),
            (
                "and callers are told of too many requests",
                odd(CART_PODS, labelled_since(), line=UNKNOWN[0].replace("404", "429")),
                ASK,
            ),
        )
    ),
    DoesNotHold(
        "pods got its label by a release, and the caller was released then",
        odd(CART_PODS, labelled_since(), caller=shop(env=CALLS_CART, before={"image": "shop:0"}, released=590)),
        ASK,
    ),
    DoesNotHold(
        "pods got its label by a release, and have no port of the name that it leads to",
        odd(CART_PODS, labelled_since(), service_for("cart", selector=PART, target="http")),
        ASK,
    ),
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
