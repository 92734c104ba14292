"""Who of several tells of a trouble that all of them have is chance; and who found nobody there would not anew."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import node, pods_of, put, younger
from tests.diagnosis.rules.scenes import CART, SHOP, logs, shop
from tests.diagnosis.rules.tiny import Obj, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

EDGE = "Deployment/edge"
UPSTREAM = (
    "[error] 31#31: *46 upstream timed out (110: Operation timed out) while connecting to upstream, "
    'client: 203.0.113.9, server: shop.example, request: "GET /fares/7 HTTP/2.0", upstream: "http://{}:8080/fares/7"'
)
ENVOY = (
    '[2026-11-03T09:58:11.004Z] "GET /fares/7 HTTP/1.1" {} {} - "-" 0 95 {} - "-" "curl/8" "9c1" "shop" "10.1.9.9:8080"'
)


def cart(ready: int, *, of: int = 2, place: str = "n2", **more: Any) -> list[Obj]:
    """Return the cart, all of whose pods are on one node, and how many of them are ready."""
    made = workload("cart", pods=of, ready=ready, nodes=(place,), **more)
    for each in pods_of(made)[ready:]:
        put(each, {}, ready=False, unready=280)
    return made


def answered(number: int, good: int, bad: int, *told: str, turned: str = "") -> Log:
    """Return the log of a pod of the edge: some requests are answered, some turned away, and lines of its own."""
    fine = '203.0.113.9 - - "GET /fares/7 HTTP/2.0" 200 31'
    away = turned or '203.0.113.9 - - "GET /fares/8 HTTP/2.0" 503 190'
    return log(pod("edge", number), *[fine, away] * bad, *[fine] * (good - bad), *told)


def edge(*said: Log, ready: int = 0, lost: bool = True) -> Snapshot:
    """Return a proxy with an older and a younger pod in front of the cart, on a node that is lost, or well."""
    nodes = [node("n1"), node("n2", ready="Unknown" if lost else "True"), node("n3")]
    made = workload("edge", "registry.k8s.io/ingress-nginx/controller:v1.13.3", nodes=("n1", "n3"))
    return snapshot(younger(made, 1, age=3 * 86400), cart(ready), *nodes, logs=said)


def missing(line: str, ready: int, *more: Any, older: int = 3, **cart_like: Any) -> Snapshot:
    """Return four pods of the shop, the last of which is younger, and all others miss the cart by a line."""
    well = log(pod("shop", 3), *["INFO fare told"] * 9)
    calls = {"CART_URL": "http://cart:8080"}
    told = logs("shop", line, *range(older))
    return snapshot(younger(shop(pods=4, env=calls), 1), cart(ready, **cart_like), *more, logs=[*told, well])


TIMED, OTHER = (UPSTREAM.format(each["status"]["podIP"]) for each in pods_of(cart(0)))
LATE = "dial tcp 10.96.0.176:8080: i/o timeout"
LOST = ("Node/n2", "dependency_failure", "page_human")
NONE = 'requests.exceptions.ConnectTimeout: HTTPConnectionPool(host="cart", port=8080): Connection to cart timed out.'
HOLDS = [
    Holds(
        "the younger one is asked as much, and fails far less",
        edge(answered(0, 20, 20, *[TIMED, OTHER] * 9), answered(1, 36, 3), ready=2, lost=False),
        (EDGE, "network_fault", "restart_workload"),
    ),
    Holds(
        "whom they miss has pods that are ready, and the younger one finds them",
        missing(LATE, 2),
        (SHOP, "service_crash", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the younger one fails as many requests, and says less of it: all they ask for was on a node that is lost",
        edge(answered(0, 20, 20, *[TIMED] * 9), answered(1, 20, 18, TIMED)),
        LOST,
        harmful=("restart_workload", "rollback_workload"),
    ),
    DoesNotHold(
        "the younger one fails as many requests, and says nothing of it: another proxy, in words of its own",
        edge(
            answered(0, 9, 9, *["[warning] upstream connect error or disconnect/reset before headers"] * 9),
            answered(1, 9, 9, turned=ENVOY.format(503, "UH", 0)),
            lost=False,
        ),
        ("page_human",),
        harmful=("restart_workload", "rollback_workload"),
    ),
    DoesNotHold(
        "whom they miss was on a node that is lost, and the younger one has not asked yet",
        missing(LATE, 0, node("n1"), node("n2", ready="Unknown")),
        LOST,
        harmful=("restart_workload", "rollback_workload"),
    ),
    DoesNotHold(
        "whom they miss has no pod that is ready, and nobody knows of nodes",
        missing(NONE, 0, place="n1"),
        ("page_human",),
        harmful=("restart_workload", "rollback_workload"),
    ),
    DoesNotHold(
        "the one pod of whom they miss is gone",
        missing(LATE.replace("10.96.0.176", pods_of(cart(0))[0]["status"]["podIP"]), 0, of=1, place="n1"),
        (CART, "dependency_failure", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
]
