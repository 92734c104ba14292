"""A node's table of connections is full of what one release opens anew for each request, and holds no longer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import CALLS_CART, OLD, SHOP, logs, rate, shop
from tests.diagnosis.rules.test_intrusion__knocking import SEARCH, address
from tests.diagnosis.rules.tiny import (
    NOW,
    Obj,
    event,
    figure,
    log,
    pod,
    postgres,
    redis,
    series,
    snapshot,
    timed,
    workload,
)
from tuheg_ir.diagnosis.model import Series, Snapshot

NODE = ("Node/n1", "network_fault", "page_human")
CODE, CONFIGURATION, BACK = "code_defect", "configuration_error", "rollback_workload"
FEED = "Deployment/feed"
ROOM_FOR = 131072
FULL = event("Node/n1", "ConntrackFull", "kernel: nf_conntrack: nf_conntrack: table full, dropping packet", age=5)
LATE = "Error: connect ETIMEDOUT 10.96.0.9:8080"
SENT, OPENED = "network_packets_sent", "connections_opened"
CAME = 1800.0
Figure = tuple[str, Series]


def told(age: float = CAME - 150) -> Obj:
    """Return that the kernel of the node finds no room since so long."""
    return event("Node/n1", "ConntrackFull", FULL["message"], age=age - 300, count=90)


def table(taken: float = ROOM_FOR, *, before: float = 20000, since: float = CAME - 120) -> list[Figure]:
    """Return how many connections two nodes keep track of; that of one of them climbs since a while."""
    steps = ((3600, before), (since + 30, (before + taken) / 2), (since, taken))
    limits = [("node_connections_limit", series({"node": each}, (3600, ROOM_FOR))) for each in ("n1", "n2")]
    other = ("node_connections", series({"node": "n2"}, (3600, 18000)))
    return [("node_connections", series({"node": "n1"}, *steps)), other, *limits]


def made(signal: str, was: float, now: float, name: str = "feed", came: float = CAME) -> list[Figure]:
    """Return what a pod that is gone did a second, and what the one that came for it does."""
    gone = (signal, series({"pod": f"{name}-77d9c-x2x9z"}, (3600, was), (came + 30, was)))
    new = series({"pod": pod(name)}, (3600, now))
    return [gone, (signal, Series(new.labels, tuple(each for each in new.points if each[0] > NOW.timestamp() - came)))]


def others(*rates: float) -> list[Figure]:
    """Return the packets that the pods of the shop send."""
    return [figure(SENT, each, each, pod=pod("shop", n)) for n, each in enumerate(rates)]


def slow(since: float = CAME - 160) -> list[Figure]:
    """Return that of two pods of the shop the one on the node takes long."""
    return [figure("latency_p95_by_pod", 0.1, each, since, pod=pod("shop", n)) for n, each in ((0, 10), (1, 0.1))]


def world(
    *figures: Figure, sign: Obj | None = None, of: str = "feed", pods: int = 1, ill: float = CAME - 160, **more: Any
) -> Snapshot:
    """Return a shop with a pod on two nodes each, and a program that was released onto the first of them."""
    body = {"nodes": ("n1",), "before": OLD, "released": CAME, "pods": pods, **more}
    named = [log(pod("shop", n), *[LATE] * 9) for n in range(2)]  # both miss somebody on that node
    objects = (shop(env=CALLS_CART), workload("cart", nodes=("n1",)), workload(of, **body))
    return snapshot(*objects, *([sign] if sign else []), figures=[*slow(ill), *figures], logs=named)


def shared() -> Snapshot:
    """Return a program whose pods have an address of their node: what it sends is counted of them."""
    objects = workload("feed", nodes=("n1",), before=OLD, released=CAME, pods=1)
    agent = workload("agent", kind="DaemonSet", nodes=("n1",), pods=1)
    for each in pods_of(agent):
        each["spec"]["hostNetwork"] = True
    sent = [*made(SENT, 900, 9000), *others(500, 900), figure(SENT, 20000, 20000, pod="agent-0")]
    known = [*slow(), *table(), *sent]
    return snapshot(shop(env=CALLS_CART), objects, agent, told(), figures=known, logs=logs("shop", LATE))


def searched() -> Snapshot:
    """Return the same, where a pod of that node tries the doors of others."""
    tried = [
        timed(
            "postgres-0" if who == "postgres" else pod(who),
            *((1900 - 60 * n, line.format(shop=address("shop"))) for n, line in enumerate(lines)),
            of=who,
        )
        for who, lines in SEARCH.items()
    ]
    base = world(*table(), *made(OPENED, 3, 430), sign=told())
    beside = snapshot(workload("jobs"), postgres(), redis())
    objects = {
        kind: (*base.objects.get(kind, ()), *beside.objects.get(kind, ())) for kind in {*base.objects, *beside.objects}
    }
    return replace(base, objects=objects, logs=(*base.logs, *tried))


HOLDS = [
    Holds(
        "it opens hundreds of connections a second, and its pod before a few",
        world(*table(), *made(OPENED, 3, 430), sign=told()),
        (FEED, CODE, BACK),
        excludes=(*no("restart_workload", "scale_workload", at=FEED), *no(BACK, at=SHOP)),
        harmful=("restart_workload",),
        alone=True,
    ),
    Holds(
        "nobody counts what is opened, and it sends most packets of that node, far more than its pod before",
        world(*table(), *made(SENT, 5200, 9800), *others(500, 900)),
        (FEED, CODE, BACK),
        harmful=("restart_workload",),
        alone=True,
    ),
    Holds(
        "nobody counts what the node has: its kernel tells, and packets",
        world(
            *made(SENT, 900, 7000, name="mailer"),
            *others(500, 900),
            sign=told(),
            of="mailer",
            before={"env": {"KEEPALIVE": "on"}},
            env={"KEEPALIVE": "off"},
        ),
        ("Deployment/mailer", CONFIGURATION, BACK),
        harmful=("restart_workload",),
        alone=True,
    ),
    Holds("what has its node's own address counts all that the node sends", shared(), (FEED, CODE, BACK), alone=True),
    Holds(
        "it opens hundreds, and a pod there goes from door to door: each try is a connection",
        searched(),
        NODE,
        harmful=(BACK, "restart_workload"),
    ),
    *(
        Holds(f"one pod there is slow, and {what}", each, NODE, harmful=(BACK, "restart_workload"))
        for what, each in (
            ("nobody counts who opens connections", world(*table(), sign=told())),
            ("who was released opens as many as before", world(*table(), *made(OPENED, 420, 430), sign=told())),
            ("who was released opens more, but few", world(*table(), *made(OPENED, 1, 12), sign=told())),
            ("who was released sends as much as before", world(*table(), *made(SENT, 9700, 9800), *others(500, 900))),
            ("another one sends most packets", world(*table(), *made(SENT, 900, 2000), *others(9000, 900))),
            ("nobody knows what its pods before sent", world(*table(), *made(SENT, 900, 9800)[1:], *others(500, 900))),
            (
                "it filled long after that release",
                world(*table(since=600), *made(OPENED, 3, 430), sign=told(600), ill=590),
            ),
            (
                "it was most of the way to full before that release",
                world(*table(before=110000), *made(OPENED, 3, 430), sign=told()),
            ),
            (
                "who opens many was not released",
                world(*table(), figure(OPENED, 430, 430, pod=pod("feed")), sign=told(), before=None),
            ),
            (
                "who was released is asked twice as much",
                world(*table(), *made(OPENED, 3, 430), rate("feed", 100, 250, CAME - 60), sign=told()),
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "one pod is slow, and nothing is full: it hangs",
        world(*table(60000), *made(OPENED, 3, 430)),
        (SHOP, "service_crash", "restart_workload"),
    ),
]
