"""Callers get no answer of whom they call since it was released; what only looks like it has another reason."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import looping, pods_of, put, reown, waiting
from tests.diagnosis.rules.scenes import CALLS_CART, CART, OLD, SHOP, URL, alert, down, errors, logs, rate, shop
from tests.diagnosis.rules.tiny import (
    Obj,
    at,
    container,
    event,
    figure,
    log,
    pod,
    postgres,
    service_for,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.model import Log

REFUSED = "error: basket not read: dial tcp: connect: connection refused (http://cart:8080)"
RESET = "upstream prematurely closed: read: connection reset by peer (http://cart:8080)"
CALLER = shop(env=CALLS_CART)
RINGS = [alert("ShopErrors", deployment="shop")]


def cart(**more: Any) -> list[Obj]:
    """Return a cart that was released ten minutes ago."""
    return workload("cart", **{"before": OLD, "released": 600, **more})


def tells(line: str = REFUSED, *, well: int = 8, bad: int = 16, since: float = 840) -> list[Log]:
    """Return a caller's log that tells of nothing at first, and then repeats a line."""
    return [log(pod("shop"), *["INFO basket read"] * well, *[line] * bad, since=since)]


def half_ready(objects: list[Obj]) -> list[Obj]:
    """Return a workload of which the first pod is ready no more."""
    put(pods_of(objects)[0], {}, ready=False, unready=570)
    objects[0]["status"]["readyReplicas"] = len(pods_of(objects)) - 1
    return objects


def half_rolled(objects: list[Obj]) -> list[Obj]:
    """Return a workload whose first pod is of the template before, and ends as all of them do."""
    first, *_ = pods_of(down(objects, looping(restarts=5), unready=500))
    reown(first, "cart-r1", 9000)
    return objects


def probed(timeout: int) -> Obj:
    return {"readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}, "timeoutSeconds": timeout}}


def answered(line: str, *, first: int, then: int) -> list[Log]:
    """Return a caller's log that repeats a line for a while, and tells of work before and after."""
    return [log(pod("shop"), *["INFO basket read"] * first, *[line] * 8, *["INFO basket read"] * then, since=960)]


def run(age: float, *, ended: float | None = None) -> Obj:
    """Return a run of a Job that goes on, or ended."""
    over = {} if ended is None else {"completionTime": at(ended), "succeeded": 1}
    body = {"spec": {"containers": [container("import", "registry.example/import:1")]}}
    return thing("Job", "import", age=age, spec={"template": body}, status={"startTime": at(age), "active": 1, **over})


ADDRESS = pods_of(cart())[0]["status"]["podIP"]
NO_SANDBOX = event(
    f"Pod/{pod('cart')}", "FailedCreatePodSandBox", 'Failed to create pod sandbox: plugin type="calico" failed', age=30
)
MODE: dict[str, Any] = {"before": {"env": {"MODE": "a"}}, "env": {"MODE": "b"}}
FEWER = {"resources": {"requests": {"cpu": "1"}}}
PORTS = {"ports": [{"name": "web", "containerPort": 9090}]}
HOLDS = [
    Holds(
        "its pods are ready, and hang up on everybody",
        snapshot(CALLER, cart(), logs=tells(RESET), alerts=RINGS),
        (CART, "code_defect", "rollback_workload"),
        excludes=(*no("restart_workload", at=CART), *no("restart_workload", "rollback_workload", at=SHOP)),
        sure=(0.5, 0.8),
        began=560,
    ),
    Holds(
        "its pods are ready, and nobody is at the port that the release renamed",
        snapshot(
            CALLER,
            cart(before={**OLD, "ports": [{"name": "http", "containerPort": 8080}]}, **PORTS),
            logs=tells(),
            alerts=RINGS,
        ),
        (CART, "configuration_error", "rollback_workload"),
        believed="service_port_wrong",
    ),
    Holds(
        "some get their answer in between",
        snapshot(CALLER, cart(), logs=[log(pod("shop"), *["INFO ok"] * 8, *[RESET, "INFO ok"] * 8, since=840)]),
        (CART, "code_defect", "rollback_workload"),
    ),
    Holds(
        "they name the address of one of its pods",
        snapshot(CALLER, cart(), logs=tells(f"{RESET} upstream {ADDRESS}:8080"), alerts=RINGS),
        (CART, "code_defect", "rollback_workload"),
    ),
    Holds(
        "they name the address of a user, whom nobody knows here",
        snapshot(CALLER, cart(), logs=tells(f"{RESET} client 203.0.113.9"), alerts=RINGS),
        (CART, "code_defect", "rollback_workload"),
    ),
    Holds(
        "it asks for less of a processor as well, has as many requests, and a short run came and went",
        snapshot(
            CALLER,
            cart(before=OLD | FEWER),
            run(620, ended=560),
            logs=tells(RESET),
            alerts=RINGS,
            figures=[rate("shop", 50, 55)],
        ),
        (CART, "code_defect", "rollback_workload"),
    ),
    Holds(
        "one of its pods is not ready, and nothing tells why",
        snapshot(CALLER, half_ready(cart()), logs=tells(), alerts=RINGS),
        (CART, "code_defect", "rollback_workload"),
    ),
    Holds(
        "one of its pods is not ready: a probe waits for less than before",
        snapshot(CALLER, half_ready(cart(before=probed(5), **probed(1))), logs=tells(), alerts=RINGS),
        (CART, "configuration_error", "rollback_workload"),
        believed="probe_changed",
    ),
]
TWINS = [figure("error_ratio_by_pod", 0.0, share, 560, pod=pod("shop", n)) for n, share in enumerate((0.9, 0.0))]
AT_WORK = [figure("request_rate_by_pod", 5, 5, pod=pod("shop", n)) for n in range(2)]
DOES_NOT_HOLD = [
    DoesNotHold(
        "there is no way to whom they ask, whose pods are ready: nobody came as far as the new program",
        snapshot(CALLER, cart(), logs=tells(REFUSED.replace("connection refused", "no route to host")), alerts=RINGS),
        (CART, "dependency_failure", "page_human"),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "the caller's other pod, of the same template, is served as well as ever",
        snapshot(CALLER, cart(), logs=tells(RESET), alerts=RINGS, figures=[*TWINS, *AT_WORK]),
        (SHOP, "service_crash", "restart_workload"),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "they complained before it was released",
        snapshot(CALLER, cart(), logs=tells(RESET, well=2), alerts=RINGS),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "their logs begin after it was released: nobody knows what they told before",
        snapshot(CALLER, cart(released=1100), logs=tells(RESET), alerts=RINGS),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "it had answered for half an hour",
        snapshot(CALLER, cart(released=2700), logs=tells(RESET, well=40, since=3300), alerts=RINGS),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "they told of it twice",
        snapshot(CALLER, cart(), logs=tells(RESET, bad=2, well=9), alerts=RINGS),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "the caller was released as well",
        snapshot(shop(env=CALLS_CART, before=OLD, released=610), cart(), logs=tells(RESET), alerts=RINGS),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "its Service was written as well",
        snapshot(
            CALLER,
            [o for o in cart() if o["kind"] != "Service"],
            service_for("cart", written=590),
            logs=tells(),
            alerts=RINGS,
        ),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "it gets twice as many requests as before",
        snapshot(CALLER, cart(), logs=tells(RESET), alerts=RINGS, figures=[rate("cart", 50, 100), errors("cart", 0.0)]),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "it gets no answer either, of its database that is down",
        snapshot(
            CALLER,
            cart(env=URL, before={**OLD, "env": URL}),
            down(postgres(), looping(restarts=3), unready=590),
            logs=[*tells(RESET), *logs("cart", "could not connect to postgres:5432: connection refused", since=580)],
            alerts=RINGS,
        ),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "a new image that had answered for minutes",
        snapshot(CALLER, cart(released=1000), logs=tells(RESET, well=18, bad=8, since=1440), alerts=RINGS),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "its older pods end as well: what fells them is no matter of the release",
        snapshot(CALLER, half_rolled(cart()), logs=tells(), alerts=RINGS),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "another one that is called by nobody known was released just after it",
        snapshot(CALLER, cart(), workload("pay", before=OLD, released=580), logs=tells(RESET), alerts=RINGS),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "what the caller tells is of another one too",
        snapshot(
            CALLER,
            cart(),
            workload("pay"),
            logs=tells(f"{RESET}, then http://pay:8080: connection reset by peer"),
            alerts=RINGS,
        ),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "they get their answers again since six minutes: it came up, perhaps",
        snapshot(CALLER, cart(), logs=answered(RESET, first=12, then=12), alerts=RINGS),
        (CART, "dependency_failure", "page_human"),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "they tell of it as of nothing bad: the next try was answered",
        snapshot(CALLER, cart(), logs=tells(f"INFO {RESET}, next try answered"), alerts=RINGS),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "they ask an address that no pod has any more: other pods would have other addresses again",
        snapshot(CALLER, cart(), logs=tells(f"{RESET} upstream 10.1.9.77:8080"), alerts=RINGS),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "its caller gets twice as many requests as before",
        snapshot(CALLER, cart(), logs=tells(RESET), alerts=RINGS, figures=[rate("shop", 50, 100)]),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "it has two replicas of eight since then",
        snapshot(
            CALLER,
            cart(),
            logs=tells(RESET),
            alerts=RINGS,
            figures=[figure("replicas_wanted", 8, 2, 600, component="cart")],
        ),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "all that its release changed is how much of a processor it asks for",
        snapshot(CALLER, cart(before=FEWER), logs=tells(RESET), alerts=RINGS),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "a long run began with the release of other settings",
        snapshot(CALLER, cart(**MODE), run(590), logs=tells(RESET), alerts=RINGS),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "its new pods never ran: their node gives them no network",
        snapshot(
            CALLER,
            down(cart(before=OLD | MODE["before"], env=MODE["env"]), waiting("ContainerCreating"), unready=600),
            NO_SANDBOX,
            logs=tells(),
            alerts=RINGS,
        ),
        ("network_fault", "page_human"),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "nobody complains",
        snapshot(CALLER, cart(), logs=tells("INFO basket read"), alerts=RINGS),
        harmful=("rollback_workload",),
    ),
]
