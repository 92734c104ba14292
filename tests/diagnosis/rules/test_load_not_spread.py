"""Callers keep the connections that they have: pods that were added idle beside full ones."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of, younger
from tests.diagnosis.rules.scenes import CALLS_CART, CART, SHOP, latency, logs, rate, shop
from tests.diagnosis.rules.tiny import (
    DAY,
    Obj,
    figure,
    log,
    pod,
    postgres,
    service_for,
    snapshot,
    workload,
)
from tuheg_ir.diagnosis.model import Series, Snapshot

MINER = "[2026-03-04 11:59:20.000]  miner    speed 10s/60s/15m 399.9 394.5 391.1 H/s max 463.1 H/s"
READ = "StatefulSet/read"
TO_BOTH = {"DATABASE_URL": "postgres://app@main:5432/shop", "REPLICA_URL": "postgres://app@read:5432/shop"}
FULL = (READ, "capacity", "page_human")


def cart(young: int = 2) -> list[Obj]:
    return younger(workload("cart", pods=4), young) if young else workload("cart", pods=4)


def busy(*shares: float) -> list[tuple[str, Series]]:
    used = [
        figure("cpu_share", 0.5, share, 600, pod=pod("cart", n), container="cart") for n, share in enumerate(shares)
    ]
    return [*used, latency("cart"), rate("cart", 100, 200), latency("shop"), rate("shop", 50, 100)]


def readers(*shares: float, young: int = 2, image: str = "postgres:16", **more: Any) -> list[Obj]:
    """Return a set of replicas, the last of which were added."""
    found = workload("read", image, kind="StatefulSet", pods=len(shares), port=5432, **more)
    for each in pods_of(found):
        each["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] = each["metadata"]["name"]
    return younger(found, young) if young else found


def sticky(objects: list[Obj]) -> list[Obj]:
    objects[-1]["spec"]["sessionAffinity"] = "ClientIP"
    return objects


def reading(
    *others: list[Obj] | Obj, shares: tuple[float, ...] = (0.99, 0.05, 0.03), env: Obj = TO_BOTH, **shops: Any
) -> Snapshot:
    """Return a shop that waits for the replicas that it reads from; ``others``: in the place of these."""
    used = [figure("cpu_share", 0.5, each, 1800, pod=f"read-{n}", container="read") for n, each in enumerate(shares)]
    return snapshot(
        shop(env=env, **shops),
        postgres("main"),
        *(others or (readers(*shares),)),
        figures=[*used, latency("shop"), rate("shop", 50, 55)],
    )


HOLDS = [
    Holds(
        "two are full, two that were added since idle",
        snapshot(shop(env=CALLS_CART), cart(), figures=busy(0.99, 0.98, 0.02, 0.02)),
        (SHOP, "configuration_error", "restart_workload"),
        excludes=no("scale_workload", at=CART),
        harmful=("scale_workload",),
    ),
    Holds(
        "nobody knows who calls: it is started anew itself, and so are its connections",
        snapshot(cart(), figures=busy(0.99, 0.98, 0.02, 0.02)[:6]),
        (CART, "configuration_error", "restart_workload"),
        excludes=no("scale_workload", at=CART),
    ),
    Holds(
        "the one that was ready when all connections were made anew is full and late, and those beside it get nothing",
        snapshot(
            shop(env=CALLS_CART),
            cart(3),
            figures=[
                *busy(0.99, 0.01, 0.01, 0.01),
                *(figure("request_rate_by_pod", 100, r, 600, pod=pod("cart", n)) for n, r in enumerate((400, 0, 0, 0))),
            ],
            logs=logs("cart", "WARN request abandoned by caller: context canceled", 0)
            + [log(pod("cart", n), *["INFO server stats conns=0"] * 9) for n in (1, 2, 3)],
        ),
        (SHOP, "configuration_error", "restart_workload"),
        excludes=no("scale_workload", at=CART),
        harmful=("scale_workload",),
        alone=True,
    ),
    Holds(
        "replicas were added, and the sessions of who reads from them are older",
        reading(),
        (SHOP, "configuration_error", "restart_workload"),
        excludes=no("scale_workload", "scale_database", at=READ),
        harmful=("scale_database", "scale_workload", "rollback_workload"),
        alone=True,
    ),
    Holds(
        "poolers were added, and the sessions of who asks them are older",
        reading(readers(0.99, 0.05, 0.03, image="edoburu/pgbouncer:1.23"), env={"DATABASE_HOST": "read"}),
        (SHOP, "configuration_error", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "who is full tells that a stranger's program works there",
        snapshot(
            shop(env=CALLS_CART),
            younger(workload("cart", pods=3), 2),
            figures=busy(0.97, 0.02, 0.02),
            logs=logs("cart", MINER, 0),
        ),
        (CART, "security_incident", "isolate_workload"),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "the idle ones came a moment ago",
        snapshot(
            shop(env=CALLS_CART), younger(workload("cart", pods=4), 2, age=120), figures=busy(0.99, 0.98, 0.02, 0.02)
        ),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "all are full",
        snapshot(shop(env=CALLS_CART), cart(), figures=busy(0.99, 0.98, 0.97, 0.99)),
        (CART, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "the idle ones are as old as the full ones",
        snapshot(shop(env=CALLS_CART), cart(0), figures=busy(0.99, 0.98, 0.02, 0.02)),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold("a primary is busy, and its replicas have nothing to do", reading(env={"DATABASE_HOST": "read"}), FULL),
    DoesNotHold(
        "only one was added: one idle replica may be there for a switch-over",
        reading(readers(0.99, 0.03, young=1), shares=(0.99, 0.03)),
        FULL,
    ),
    DoesNotHold(
        "who reads began after they were there, and they idle all the same", reading(age=DAY, started=300), FULL
    ),
    DoesNotHold(
        "it is told the name of the one that is busy",
        reading(env=TO_BOTH | {"REPLICA_URL": "postgres://app@read-0.read:5432/shop"}),
        FULL,
    ),
    DoesNotHold(
        "it was released two hours ago, and may ask for more since",
        reading(before={"image": "registry.example/shop:0"}, released=7200),
        FULL,
    ),
    DoesNotHold(
        "their Service has no address of its own: a client learns of all of them",
        reading(readers(0.99, 0.05, 0.03, service=False), service_for("read", port=5432, headless=True)),
        FULL,
    ),
    DoesNotHold(
        "a second Service leads to one of them alone",
        reading(
            readers(0.99, 0.05, 0.03),
            service_for("read-rw", selector={"statefulset.kubernetes.io/pod-name": "read-0"}, port=5432),
        ),
        FULL,
    ),
    DoesNotHold(
        "two read from them: nobody knows whose sessions are the load",
        reading(readers(0.99, 0.05, 0.03), workload("cart", env=TO_BOTH)),
        FULL,
    ),
    DoesNotHold(
        "members of a store whose clients choose by key",
        reading(readers(0.99, 0.05, 0.03, image="cassandra:5")),
        FULL,
    ),
    DoesNotHold(
        "members of a MongoDB, whose clients choose by role",
        reading(readers(0.99, 0.05, 0.03, image="percona/percona-server-mongodb:7.0")),
        FULL,
    ),
    DoesNotHold(
        "a report runs on them as well: nobody knows whose session is the load",
        reading(readers(0.99, 0.05, 0.03), workload("report", kind="Job", pods=1, env=TO_BOTH, service=False)),
        FULL,
    ),
    DoesNotHold(
        "a second session of the same address leads to the same one",
        reading(sticky(readers(0.99, 0.05, 0.03))),
        FULL,
    ),
    DoesNotHold("they are as old as the busy one", reading(readers(0.99, 0.05, 0.03, young=0)), FULL),
]
