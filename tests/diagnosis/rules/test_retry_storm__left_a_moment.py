"""A pod was away, or a way was cut, for a moment: a release that has its caller try more often makes that last."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import Answer, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import again, built, pods_of, put, younger
from tests.diagnosis.rules.scenes import CALLS_CART, CART, SHOP, URL, errors, latency, rate
from tests.diagnosis.rules.test_retry_storm__after_trouble import GO, JAVA, NODE, PYTHON, SINCE, back, spent, tries
from tests.diagnosis.rules.tiny import DAY, Obj, figure, pod, postgres, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

SPRING = {"name": "RESILIENCE4J_RETRY_INSTANCES_CART_MAX_ATTEMPTS", "was": "2", "now": "6"}
GRPC_CONFIG = '{"methodConfig":[{"name":[{}],"retryPolicy":{"maxAttempts":%s,"initialBackoff":"0.001s"}}]}'
GRPC = {"name": "GRPC_SERVICE_CONFIG", "was": GRPC_CONFIG % 2, "now": GRPC_CONFIG % 5}
OPTIONS = {"name": "HTTP_CLIENT", "was": "timeout=0.8 retries=1 pause=0.5", "now": "timeout=0.8 retries=5 pause=0"}
AXIOS = {"name": "CART_CLIENT_OPTIONS", "was": '{"retries": 1}', "now": '{"retries": 5, "retryDelay": 0}'}
URLLIB3 = {"name": "HTTP_RETRY_TOTAL", "was": "1", "now": "10"}
GRPC_LINE = (
    'level=warn msg="cart call failed" attempt=%d err="rpc error: code = DeadlineExceeded desc = context deadline '
)
GRPC_LINE += 'exceeded" target=http://cart:8080'
UNREACHABLE = "cart call failed (%d of 6 attempts): connect EHOSTUNREACH 10.1.9.3:8080, http://cart:8080/v1/items"
REFUSED = "cart call failed (%d of 6 attempts): connect ECONNREFUSED 10.1.9.3:8080, http://cart:8080/v1/items"
SET: Answer = (SHOP, "configuration_error", "rollback_workload")
ECHO: Answer = (CART, "dependency_failure", "page_human")
HARM = ("scale_workload", "restart_workload", "restart_connection_pool")


def caller(by: dict[str, str], released: float = 4 * 3600, **more: Any) -> dict[str, Any]:
    """Return a caller that a release of the morning lets try more often."""
    now, was = ({**CALLS_CART, by["name"]: by[each]} for each in ("now", "was"))
    return {"env": now, "before": {"env": was}, "released": released, **more}


def world(
    by: dict[str, str],
    line: str,
    cart: list[Obj] | None = None,
    *more: tuple[str, Series],
    told: list[Log] | None = None,
    store: list[Obj] | None = None,
    also: list[Any] | None = None,
    users: float = 50,
    **mine: Any,
) -> Snapshot:
    """Return a cart that gets many times its requests since it was short of a pod, or out of reach, for a moment."""
    figures = [
        rate("cart", 50, 210, since=SINCE),
        rate("shop", 50, users, since=SINCE),
        errors("shop", 0.4, since=SINCE),
        latency("cart", 0.05, 2.9, since=SINCE),
        *spent(),
    ]
    return snapshot(
        workload("shop", **{**caller(by), **mine}),
        drained() if cart is None else cart,
        postgres() if store is None else store,
        *(also or []),
        figures=[*figures, *more],
        logs=joined(told, tries(line)) if told else tries(line),
    )


def joined(first: list[Log], then: list[Log]) -> list[Log]:
    """Return logs that tell one thing and then the other, pod by pod."""
    return [late._replace(lines=(*early.lines, *late.lines)) for early, late in zip(first, then, strict=True)]


def drained(age: float = SINCE + 30, **more: Any) -> list[Obj]:
    """Return a cart one of whose pods was made anew as its node was emptied."""
    return younger(workload("cart", env=URL, **more), 1, age=age)


def killed(age: float = SINCE + 20) -> list[Obj]:
    """Return a cart one of whose pods ended, and was started anew in its place."""
    made = workload("cart", env=URL)
    put(pods_of(made)[0], again("OOMKilled", 137, age=age))
    return made


def cut(line: str, until: float) -> list[Log]:
    """Return what a caller tells while it finds no way."""
    first = SINCE + 30
    ages = [first - n * (first - until) / 11 for n in range(12)]
    return [timed(pod("shop", n), *((age, line % (k % 6 + 1)) for k, age in enumerate(ages))) for n in (0, 1)]


def edited(age: float) -> list[Any]:
    """Return a cart that reads a ConfigMap, which somebody wrote, and one of its pods was made anew."""
    named = {"configMapRef": {"name": "cart"}}
    return [drained(envFrom=[named]), thing("ConfigMap", "cart", written=age, data={"PAGE": "10"})]


def unready(objects: list[Obj], age: float) -> list[Obj]:
    """Return a cart one of whose pods does not answer its probes since a while."""
    put(pods_of(objects)[0], {}, ready=False, unready=age)
    objects[0]["status"]["readyReplicas"] = 1
    return objects


ARGUMENTS: dict[str, Any] = {
    "env": CALLS_CART,
    "args": ["--timeout", "800", "--max-retries", "5"],
    "before": {"args": ["--timeout", "800", "--max-retries", "1"]},
}
WELL = workload("cart", env=URL)
HOLDS = [
    *(
        Holds(f"a release of the morning lets it try more often: {what}", found, SET, harmful=HARM)
        for what, found in (
            ("Spring, a node was emptied", world(SPRING, JAVA)),
            ("gRPC, a container was started anew", world(GRPC, GRPC_LINE, killed())),
            ("Go, options in one line", world(OPTIONS, GO)),
            ("axios-retry, a way was cut", world(AXIOS, NODE, WELL, told=cut(UNREACHABLE, SINCE - 20))),
            ("it was refused for a moment", world(AXIOS, NODE, WELL, told=cut(REFUSED, SINCE - 20))),
            ("urllib3, what is behind it was away", world(URLLIB3, PYTHON, WELL, store=back(postgres()))),
            (
                "all of its pods were started anew",
                world(URLLIB3, PYTHON, younger(workload("cart", env=URL), 2, age=SINCE + 40)),
            ),
            ("arguments of its command", world(SPRING, JAVA, **ARGUMENTS)),
            (
                "it was to have one more pod since",
                world(SPRING, JAVA, None, figure("replicas_wanted", 1, 2, SINCE - 300, component="cart")),
            ),
            ("the release is of the day before", world(SPRING, JAVA, released=DAY)),
            ("a pod answers its probes too late since", world(SPRING, JAVA, unready(drained(), SINCE - 200))),
            (
                "what it reads was written last week",
                world(SPRING, JAVA, *edited(7 * DAY)[:1], also=edited(7 * DAY)[1:]),
            ),
        )
    ),
    Holds(
        "what has too much to do is neither to be started anew nor taken back",
        world(SPRING, JAVA),
        SET,
        excludes=(*no("restart_workload", "rollback_workload", at=CART), *no("scale_workload", at=SHOP)),
    ),
    *(
        Holds(what, found, ECHO, believed=believed, harmful=("rollback_workload",))
        for what, believed, found in (
            ("nobody let it try more often", "cpu_saturated", world(SPRING, JAVA, before=None)),
            ("it may try less often", "cpu_saturated", world({**SPRING, "was": "9"}, JAVA)),
            (
                "an argument beside its tries is another",
                "cpu_saturated",
                world(SPRING, JAVA, **{**ARGUMENTS, "before": {"args": ["--timeout", "90", "--max-retries", "5"]}}),
            ),
            ("only its pause is another", "cpu_saturated", world({**OPTIONS, "was": "retries=5 pause=0.5"}, GO)),
            ("no pod was away, and no way was cut", "cpu_saturated", world(SPRING, JAVA, WELL)),
            ("a pod was away an hour before", "cpu_saturated", world(SPRING, JAVA, drained(SINCE + 3600))),
            ("a pod was made anew amid it", "cpu_saturated", world(SPRING, JAVA, drained(SINCE - 300))),
            ("the way is cut now as well", "cpu_saturated", world(AXIOS, NODE, WELL, told=cut(REFUSED, 20))),
            (
                "a pod runs another build",
                "cpu_saturated",
                world(SPRING, JAVA, built(drained(), "a1b2c3d4", "e5f6a7b8")),
            ),
            (
                "its store has no processor time left",
                "data_service_saturated",
                world(SPRING, JAVA, None, figure("cpu_share", 0.2, 0.99, SINCE, pod="postgres-0")),
            ),
            (
                "what it reads was written before",
                "configuration_changed_outside",
                world(SPRING, JAVA, *edited(SINCE + 200)[:1], also=edited(SINCE + 200)[1:]),
            ),
            (
                "it was to have one more pod",
                "cpu_saturated",
                world(SPRING, JAVA, None, figure("replicas_wanted", 1, 2, SINCE + 40, component="cart")),
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the caller itself gets as many times its requests",
        world(SPRING, JAVA, None, users=210),
        (CART, "capacity", "scale_workload"),
        harmful=("rollback_workload",),
    ),
]
