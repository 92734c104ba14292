"""What a service needs was away and is back: the tries of one caller, that go on, are all that keeps it down."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of, waiting
from tests.diagnosis.rules.scenes import CALLS_CART, CART, IMAGE, SHOP, URL, down, errors, latency, logs, rate, shop
from tests.diagnosis.rules.tiny import (
    Obj,
    at,
    figure,
    pod,
    postgres,
    redis,
    secret_key,
    snapshot,
    thing,
    timed,
    workload,
)
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

STORE = "StatefulSet/postgres"
SINCE = 1200
"""How many seconds ago the requests to the cart grew, as its database had just gone."""
JAVA = (
    "WARN 1 --- [shop] c.e.CartClient : put failed, attempt %d: I/O error on POST request for "
    '"http://cart:8080/v1/items": Read timed out'
)
GO = 'level=warning msg="retry #%d" error="Post \\"http://cart:8080/v1/items\\": context deadline exceeded '
GO += '(Client.Timeout exceeded while awaiting headers)"'
PYTHON = '{"level": "warning", "event": "cart call failed", "attempt": %d, "error": "HTTPConnectionPool('
PYTHON += "host='cart', port=8080): Read timed out. (read timeout=1)\"}"
NODE = "cart call failed (3 of 4 attempts): timeout of 800ms exceeded, http://cart:8080/v1/items"
ELSEWHERE = JAVA.replace("http://cart:8080", "https://api.acme.example")
WRONG = "WARN put failed, attempt %d: 500 Internal Server Error from http://cart:8080/v1/items: bad discount rule"


def tries(line: str, most: int = 5, since: float = SINCE - 10, until: float = 10, name: str = "shop") -> list[Log]:
    """Return what both pods of a caller tell of their tries, one after the other."""
    ages = [since - n * (since - until) / 59 for n in range(60)]
    told = [(age, line % (n % most + 1) if "%d" in line else line) for n, age in enumerate(ages)]
    return [timed(pod(name, number), *told) for number in (0, 1)]


def back(objects: list[Obj], ready: float = SINCE - 30) -> list[Obj]:
    """Return a store that was away and is ready again since so many seconds."""
    for each in pods_of(objects):
        each["metadata"]["creationTimestamp"] = at(ready + 20)
        for condition in each["status"]["conditions"]:
            condition["lastTransitionTime"] = at(ready)
    return objects


def spent(share: float = 0.98, before: float = 0.3) -> list[tuple[str, Series]]:
    """Return how much of their processor limit the pods of the cart use since it gets many requests."""
    return [figure("cpu_share", before, share, SINCE, pod=pod("cart", n), container="cart") for n in (0, 1)]


def storm(
    *more: tuple[str, Series],
    told: list[Log] | None = None,
    store: list[Obj] | None = None,
    also: tuple[list[Obj], ...] = (),
    grew: tuple[float, float] = (50, 210),
    mine: list[tuple[str, Series]] | None = None,
    use: list[tuple[str, Series]] | None = None,
    said: tuple[Log, ...] = (),
    cart: Any = None,
    **caller: Any,
) -> Snapshot:
    """Return a cart that gets many times its requests since its database was away, by a shop that gets its own."""
    return snapshot(
        shop(**{"env": {**CALLS_CART, "CART_MAX_ATTEMPTS": "5"}, **caller}),
        cart if isinstance(cart, list) else workload("cart", **{"env": URL, **(cart or {})}),
        back(postgres()) if store is None else store,
        *also,
        figures=[
            rate("cart", *grew, since=SINCE),
            *([rate("shop")] if mine is None else mine),
            errors("shop", 0.4, since=SINCE),
            latency("cart", 0.05, 2.9, since=SINCE),
            *(spent() if use is None else use),
            *more,
        ],
        logs=[*(tries(JAVA) if told is None else told), *said],
    )


def door(name: str) -> Obj:
    """Return a way on which users reach a workload."""
    backend = {"service": {"name": name, "port": {"number": 8080}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    return thing("Ingress", name, spec={"rules": [{"host": f"{name}.shop.example", "http": {"paths": paths}}]})


OURS = (SHOP, "configuration_error", "page_human")
WEB = workload("web", env=CALLS_CART)
SHOP_WORKS = [figure("cpu_share", 0.2, 0.6, SINCE, pod=pod("shop", n), container="shop") for n in (0, 1)]
RABBIT = workload("rabbit", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672)
CACHED = {**URL, "REDIS_URL": "redis://redis:6379"}
STILL = timed(
    pod("cart"), (SINCE, "dial tcp: lookup vault: no such host"), (60, "dial tcp: lookup vault: no such host")
)
FULL = figure("cpu_share", 0.2, 0.99, SINCE, pod="postgres-0")
OVER = timed(
    pod("cart"),
    (SINCE + 5, "redis.exceptions.ConnectionError: Error 111 connecting to redis:6379. Connection refused."),
)
NEW = {"env": URL, "before": IMAGE, "released": SINCE + 60}
MANAGED = "b-1.orders.kafka.eu-central-1.amazonaws.com:9092"
PARTNER = JAVA.replace("http://cart:8080", "https://cart.acme-suppliers.example")
PLAIN = 'ERROR put failed: I/O error on POST request for "http://cart:8080/v1/items": Read timed out'
HOOKS = "INFO webhook delivery attempt %d for order 4711 scheduled"
HOOKS_LATE = "WARN webhook delivery attempt %d for order 4711 failed: Read timed out"
ONCE_MORE = "INFO attempt %d of nightly sync with http://cart:8080/v1/items begins"
HARM = ("scale_workload", "restart_workload", "rollback_workload")

HOLDS = [
    *(
        Holds(f"a caller's tries go on: {what}", world, OURS, harmful=HARM)
        for what, world in (
            ("Java", storm()),
            ("Go", storm(told=tries(GO))),
            ("Python", storm(told=tries(PYTHON))),
            ("Node, which counts them behind", storm(told=tries(NODE))),
            ("and take more of its own processor time than its requests did", storm(*SHOP_WORKS)),
            ("another calls it, and does not try again", storm(rate("web"), also=(WEB,))),
            ("users have a way to it alone", storm(also=([door("shop")],))),
            ("its host is written with its namespace", storm(told=tries(JAVA.replace("//cart:", "//cart.town.svc:")))),
            (
                "it keeps a cache of its own outside, and works more",
                storm(*SHOP_WORKS, env={**CALLS_CART, "REDIS_URL": secret_key("shop-redis", "url")}),
            ),
        )
    ),
    Holds(
        "what is kept busy is not to be started anew, and what is back needs nothing",
        storm(),
        OURS,
        excludes=(*no("restart_workload", at=CART), *no("restart_workload", at=STORE), *no("scale_workload", at=SHOP)),
        began=SINCE,
    ),
    Holds(
        "what was away had no new pod: the service told of it, for a moment",
        storm(also=(redis(),), store=postgres(), cart={"env": CACHED}, said=(OVER,)),
        OURS,
        harmful=HARM,
    ),
]


def echo(what: str, world: Snapshot, believed: str = "cpu_saturated") -> Holds:
    """Return a world in which requests multiply, and the tries of a caller are no reason of their own."""
    return Holds(what, world, (CART, "dependency_failure", "page_human"), believed=believed)


HOLDS += [
    echo("nobody tells of further tries", storm(told=logs("shop", JAVA % 1, 0, 1))),
    echo("what tries again asks somebody else", storm(told=tries(ELSEWHERE))),
    *(
        echo(
            f"further tries are told, and not at the service: {what}",
            storm(told=[*tries(line), *logs("shop", PLAIN, 0, 1)]),
        )
        for what, line in (
            ("at a host outside that is called alike", PARTNER),
            ("of webhooks, by the only one that calls it", HOOKS),
            ("of webhooks that fail", HOOKS_LATE),
            ("and none of them fails", ONCE_MORE),
        )
    ),
    echo("the tries ended a quarter of an hour ago", storm(told=tries(JAVA, until=900))),
    echo("as many tries make no such many requests: what it kept is lost", storm(told=tries(JAVA, 2))),
    echo("two callers try again", storm(rate("web"), also=(WEB,), told=[*tries(JAVA), *tries(JAVA, name="web")])),
    echo("what it needs is away still", storm(store=down(postgres(), waiting("ContainerCreating"))), "database_down"),
    echo("what it needs is slow", storm(latency("postgres", 0.01, 3.0, SINCE))),
    echo("what it needs has no processor time left", storm(FULL), "data_service_saturated"),
    echo("a broker outside may give the caller work", storm(env={**CALLS_CART, "KAFKA_BROKERS": MANAGED})),
    echo("nothing it needs was away", storm(store=postgres())),
    echo("what it needs was away an hour ago", storm(store=back(postgres(), 3600))),
    echo("the service misses something until now", storm(said=(STILL,))),
    echo("it fails at once, and is not overrun", storm(told=tries(WRONG), use=spent(0.4)), believed="retry_storm"),
    echo("it was at its limit before as well", storm(use=spent(0.98, 0.97))),
    echo(
        "it was released as that began",
        storm(cart=NEW),
        "neighbour_released",
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the caller's own requests grew as much",
        storm(mine=[rate("shop", 50, 210, SINCE)]),
        (CART, "capacity", "scale_workload"),
    ),
    DoesNotHold("nobody counts what the caller is asked", storm(mine=[]), (CART, "capacity", "scale_workload")),
    DoesNotHold(
        "the caller takes its work from a broker as well, and works more",
        storm(*SHOP_WORKS, also=(RABBIT,), env={**CALLS_CART, "AMQP_URL": "amqp://rabbit:5672"}),
        (CART, "capacity", "scale_workload"),
    ),
    *(
        DoesNotHold(
            f"the caller takes its work from a broker outside as well, and works more: {what}",
            storm(*SHOP_WORKS, env={**CALLS_CART, **given}),
            (CART, "capacity", "scale_workload"),
        )
        for what, given in (
            ("Kafka", {"KAFKA_BROKERS": MANAGED}),
            ("SQS", {"JOBS_URL": "https://sqs.eu-central-1.amazonaws.com/1234/orders"}),
            ("SQS by the name of its queue", {"SQS_QUEUE": "orders"}),
            ("RabbitMQ, as a Secret tells", {"CLOUDAMQP_URL": secret_key("shop", "cloudamqp-url")}),
        )
    ),
    *(
        DoesNotHold(
            f"users have a way to the service itself: {what}",
            storm(also=([door("cart")],), told=told),
            (CART, "capacity", "scale_workload"),
        )
        for what, told in (("the tries are an echo", None), ("nobody tries again", logs("shop", JAVA % 1, 0, 1)))
    ),
]
