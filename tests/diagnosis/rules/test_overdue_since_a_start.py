"""What is overdue waits since somebody was started; what only looks like it waits for longer, or of a release since."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, alert, shop
from tests.diagnosis.rules.tiny import DAY, at, pod, redis, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

WORKER = "Deployment/worker"
QUEUE = {"BROKER_URL": "redis://redis:6379/0"}
NOT_PICKED, DECIDE, AGE = "order {n} not picked after 30 min", "decision {n} overdue", "order {n} overdue open_s={age}"
REFUSED = "ERROR queue letters is not ready: inequivalent arg 'ttl' (406)"
UNHEARD = "ERROR queue letters: redis gives no answer"
SETTING: dict[str, Any] = {"env": {**QUEUE, "TTL": "24"}, "before": {"env": {**QUEUE, "TTL": "12"}}}


def told(line: str = NOT_PICKED, *, since: float = 900, waits: float = 1800, grows: bool = False) -> list[Log]:
    """Return the log of a shop that works, and calls overdue what waits for so long, each half a minute since then."""
    calm = [f"{at(3600 - 30 * n)} INFO order taken" for n in range(int((3600 - since) / 30))]
    ages = [since - 30 * n for n in range(int(since / 30))]
    late = [f"{at(age)} WARN {line.format(n=int(age), age=int(waits + (since - age) * grows))}" for age in ages]
    return [Log(pod("shop"), "shop", (*calm, *late), False)]


def _breaks(since: float) -> Log:
    """Return the log of a broker that fails since then."""
    fails = (f"{at(age)} ERROR append-only file is broken" for age in range(int(since), 0, -30))
    return Log(pod("redis"), "redis", (f"{at(3590)} INFO saved", *fails), False)


def world(
    *more: Any,
    line: str = NOT_PICKED,
    waits: float = 1800,
    said: str = "",
    since: float = 900,
    until: float = 0,
    fails: float = 0,
    broker: dict[str, Any] | None = None,
    **worker: Any,
) -> Snapshot:
    """Return a shop, released 20 minutes ago, that waits for a worker on one broker, started 45 minutes ago.

    ``said``: what the worker complains of, ``until`` then. ``fails``: since when the broker does.
    """
    logs = told(line, since=since, waits=waits, grows=line == AGE)
    if said:
        works = [f"{at(2650)} INFO connected", *(f"{at(age)} {said}" for age in range(2640, int(until), -30))]
        works += [f"{at(age)} INFO tick" for age in range(int(until), 0, -30)]
        logs += [Log(pod("worker", n), "worker", tuple(works), False) for n in (0, 1)]
    return snapshot(
        shop(env=QUEUE, before={"image": "shop:0"}, released=1200),
        workload("worker", service=False, **{"env": QUEUE, "started": 2680, **worker}),
        redis(**{"started": DAY, **(broker or {})}),
        *more,
        logs=[*logs, *([_breaks(fails)] if fails else [])],
        alerts=[alert("OrdersOverdue", service="shop")],
    )


ILL = (WORKER, "service_crash", "page_human")
HOLDS = [
    Holds(
        "its pods were started anew just before, and say nothing",
        world(),
        ILL,
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
        harmful=("rollback_workload",),
    ),
    Holds("each line tells the age of what waits", world(line=AGE), ILL),
    Holds("it was released then, and does not complain", world(**SETTING, released=2680), ILL),
    Holds(
        "it was released then, and all its pods fail since",
        world(**SETTING, released=2680, said=REFUSED),
        (WORKER, "configuration_error", "rollback_workload"),
        sure=(0.55, 0.75),
    ),
    Holds(
        "it was released then, and fails for the broker, which failed before",
        world(fails=3300, **SETTING, released=2680, said=UNHEARD),
        ILL,
    ),
    Holds(
        "it was released then, and the broker lacks a pod",
        world(**SETTING, released=2680, said=REFUSED, broker={"pods": 2, "ready": 1}),
        ILL,
    ),
    Holds(
        "a setting was written as it was released",
        world(thing("ConfigMap", "worker", written=2700), **SETTING, released=2680, said=REFUSED),
        ILL,
    ),
    Holds(
        "it was released then, and told of an error at its start alone",
        world(**SETTING, released=2680, said=REFUSED, until=1500),
        ILL,
    ),
    Holds("it failed before it was started anew", world(said=REFUSED), ILL),
]
GUESS = (SHOP, "code_defect", "rollback_workload")
"""What is said where nobody looks beyond who tells it."""
DOES_NOT_HOLD = [
    DoesNotHold(
        "it tells of requests that it gave up",
        world(line="order {n} not answered after 10 s", waits=10, since=1290, started=1290),
        (SHOP, "unknown", "page_human"),  # it was told before its own release too
    ),
    DoesNotHold("it tells of a wait without end", world(line="order {n} not picked after 999999999 min"), GUESS),
    DoesNotHold("it runs for days", world(started=DAY), GUESS),
    DoesNotHold("what waits was given to it long after", world(started=3400), GUESS),
    DoesNotHold("it waits since a release of who tells it", world(started=1150, since=600, waits=500, line=AGE)),
    DoesNotHold(
        "another one was started with it",
        world(workload("mailer", env=QUEUE, service=False, started=2690)),
        GUESS,
    ),
    DoesNotHold("they have nothing in common", world(env={}), GUESS),
    DoesNotHold("nothing tells for how long it waits", world(line=DECIDE), GUESS),
    DoesNotHold("it tells of what it will do", world(line="order {n} will be tried again after 30 min"), GUESS),
    DoesNotHold("its log begins with it", world(since=3600)),
]
