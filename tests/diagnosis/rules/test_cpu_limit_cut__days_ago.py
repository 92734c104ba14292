"""A processor limit that was cut days ago does well until the usual load is back: after a night, a weekend."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CACHE, CALLS_CART, CART, DB, IMAGE, SHOP, errors, latency, logs, rate, shop
from tests.diagnosis.rules.tiny import DAY, figure, pod, postgres, redis, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

POOL = (
    "ActiveRecord::ConnectionTimeoutError (could not obtain a connection from the pool within 5.000 seconds; "
    "all pooled connections were in use)"
)
CANCELLED = "ActiveRecord::QueryCanceled: PG::QueryCanceled: ERROR:  canceling statement due to statement timeout"
MEMORY = "4Gi"


def cores(many: str) -> dict[str, Any]:
    """Return a container that may use so many processors; as many as there are for ""."""
    return {"resources": {"limits": {**({"cpu": many} if many else {}), "memory": MEMORY}}}


def smaller(
    *more: Any,
    was: str = "12",
    now: str = "2",
    days: float = 3,
    asked: tuple[float, float] = (11, 57),
    line: str = POOL,
    used: tuple[float, float] = (0.4, 0.99),
    **shops: Any,
) -> Snapshot:
    """Return a database whose limit was cut days ago, and a shop that asks it by what a Secret says."""
    grown = [rate("shop", *asked, since=900)] if asked[0] else []
    figures = [figure("cpu_share", *used, since=700, pod="postgres-0", container="postgres"), *grown]
    said = logs("shop", line, 0, 1, times=20, since=600)
    kept = postgres(before=cores(was), released=days * DAY, age=90 * DAY, **cores(now))
    return snapshot(shop(**shops), kept, *more, figures=[*figures, errors("shop", 0.4, 600)], logs=said)


def render(**more: Any) -> Snapshot:
    """Return a shop that waits for a cart whose limit was cut days ago."""
    made = {"before": cores("4"), "released": 5 * DAY, "age": 90 * DAY, **cores("1"), **more}
    shares = [figure("cpu_share", 0.3, 0.98, pod=pod("cart", n), container="cart") for n in (0, 1)]
    slow = [latency("shop", now=3.0, since=540), latency("cart", now=2.5, since=560)]
    return snapshot(
        shop(env=CALLS_CART), workload("cart", **made), figures=[*shares, *slow, rate("cart", 20, 80, since=660)]
    )


HOLDS = [
    *(
        Holds(
            f"a database, before the weekend; its clients tell: {line[:40]}",
            smaller(line=line),
            (DB, "configuration_error", "rollback_workload"),
            excludes=[*no("restart_workload", at=DB), *no("scale_workload", "restart_workload", at=SHOP)],
            alone=True,
            sure=(0.7, 1.0),
        )
        for line in (POOL, CANCELLED)
    ),
    Holds(
        "a database, at night: more of who asks it does not help",
        smaller(days=0.5),
        (DB, "configuration_error", "rollback_workload"),
        excludes=no("scale_workload", at=SHOP),
        alone=True,
    ),
    Holds(
        "a service in the middle",
        render(),
        (CART, "configuration_error", "rollback_workload"),
        excludes=no("restart_workload", at=CART),
    ),
    Holds(
        "a cache that had no limit before, and nobody knows how much is asked",
        snapshot(
            shop(env={"REDIS_URL": "redis://redis:6379"}),
            redis(before=cores(""), released=6 * DAY, age=90 * DAY, **cores("1")),
            figures=[figure("cpu_share", 0.3, 0.97, pod=pod("redis"), container="redis"), latency("shop", now=2.0)],
        ),
        (CACHE, "configuration_error", "rollback_workload"),
        sure=(0.5, 0.75),
    ),
    Holds(
        "another program came with it, days ago: a person raises the limit",
        render(before={**cores("4"), "image": "registry.example/cart:0"}),
        (CART, "configuration_error", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
]
TAKEN_BACK = ("rollback_workload", "restart_workload")
BUSY = (DB, "capacity", "page_human")
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"of a database's limit: {what}", seen, BUSY, harmful=TAKEN_BACK)
        for what, seen in (
            ("it was cut by little", smaller(was="3")),
            ("it was raised", smaller(was="1")),
            ("it was cut long ago", smaller(days=20)),
            ("as much is asked as when it had time left: something else keeps it busy", smaller(asked=(50, 52))),
            ("what is asked is too much for the former one as well", smaller(was="4", asked=(10, 90))),
            ("who asks it was released as it began", smaller(before=IMAGE, released=720)),
            ("it is used up all the time", smaller(used=(0.97, 0.98))),
        )
    ),
    DoesNotHold(
        "nobody suffers",
        snapshot(
            shop(env=CALLS_CART),
            workload("cart", before=cores("4"), released=5 * DAY, **cores("1")),
            figures=[figure("cpu_share", 0.3, 0.98, pod=pod("cart", n), container="cart") for n in (0, 1)],
        ),
        harmful=TAKEN_BACK,
    ),
]
