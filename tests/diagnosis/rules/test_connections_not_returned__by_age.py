"""Pools that have lost the more connections the older their pods are, since a release."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import younger
from tests.diagnosis.rules.scenes import IMAGE, SHOP, errors, logs, pool, rate, shop
from tests.diagnosis.rules.tiny import DAY, figure, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

GONE = "ERROR GET https://api.pay.example/v3: ConnectionPoolTimeoutException: Timeout waiting for connection from pool"
ADO = (
    "System.InvalidOperationException: Timeout expired.  The timeout period elapsed prior to obtaining a connection "
    "from the pool.  This may have occurred because all pooled connections were in use and max pool size was reached."
)
PG = "psycopg_pool.PoolTimeout: couldn't get a connection after 30.00 sec"
LONG_AGO, LATELY = 16000.0, 3600.0
FILLS = (20, 21, 20, 21, 22, 21, 22, 23, 22, 23, 24, 23, 24, 25, 24, *[25] * 10)
"""How a pool of 25 loses its last ones: one or two more are just in use."""
BEGINS = (1, 2, 1, 1, 2, 2, 3, 2, 2, 3, 3, 4, 3, 4, 5, 4, 4, 5, 6, 5, 5, 6, 6, 7, 6)
FAST = (75, 77, 76, 79, 80, 82, 83, 84, 86, 87, 88, 90, 91, 93, 94, 96, 97, 99, *[100] * 8)
"""How a pool of 100 loses its last ones, an hour and a half after its start."""
FILLS_ANEW = (1, 2, 3, 2, 4, 5, 5, 7, 8, 8, 10, 11, 11, 13, 14, 15, 15, 17, 18, 19, 19, 21, 22, 22, 24, 24)
BUSY = (1, 3, 2, 1, 4, 2, 1, 3, 2, 1, 2, 1, 1, 2, 3, 1, 2, 4, 1, 2, 1, 3, 1, 2, 1)


def taken(name: str, *counts: int, since: float = 3600, signal: str = "outward_pool_in_use") -> tuple[str, Series]:
    """Return how many connections a pod had taken in the last hour."""
    return signal, pool(name, *counts, since=since)[1]


def aged(
    *young: int,
    old: tuple[int, ...] = FILLS,
    began: float = LATELY,
    signal: str = "outward_pool_in_use",
    but: str = "",
    line: str = GONE,
    more: Any = (),
    beside: Any = (),
    **made: Any,
) -> Snapshot:
    """Return a shop that fails: two of its pods are as old as its release and have no connection left, one is young.

    ``but``: the kind of pool that the young one counts, where it is another.
    """
    told = {"pods": 3, "age": 30 * DAY, "before": IMAGE, "released": LONG_AGO, **made}
    counts = (old, old, young or BEGINS)
    since = (3600.0, 3600.0, min(began, 3600) - 60)
    return snapshot(
        younger(shop(**told), 1, age=began),
        beside,
        logs=[*logs("shop", line, 0, 1, since=1500), log(pod("shop", 2), *["INFO done"] * 30, since=min(began, 3600))],
        figures=[
            errors("shop", since=1500),
            *(
                taken(pod("shop", n), *each, since=since[n], signal=(n > 1 and but) or signal)
                for n, each in enumerate(counts)
                if each
            ),
            *more,
        ],
    )


ROLLED_BACK = (SHOP, "code_defect", "rollback_workload")
HOLDS = [
    Holds(
        "the oldest pods have none left, and a younger one has lost as many as it is old",
        aged(),
        ROLLED_BACK,
        sure=(0.7, 0.95),
        harmful=("restart_workload", "scale_workload"),
    ),
    Holds("so does the pool of its database", aged(signal="pool_in_use"), ROLLED_BACK),
    *(
        Holds(
            f"a large pool is lost within two hours, and the younger pod is minutes old: {form}",
            aged(*FILLS_ANEW, old=FAST, began=1500, signal="pool_in_use", line=form, released=6600),
            ROLLED_BACK,
            harmful=("restart_workload", "scale_workload"),
        )
        for form in (ADO, PG)
    ),
]
YOUNG: tuple[tuple[str, tuple[int, ...], dict[str, Any]], ...] = (
    ("has as many taken from its start on: it is only busy", (12, 14, 15, 13, 16, 17) * 4, {}),
    ("has few taken", BUSY, {}),
    ("fills many times as fast: with what it is asked", (4, 12, 20, 30, 41, 50, 58, 66, 73, 80, 88, 93), {}),
    ("fills as fast, but the template before was an hour old as well", FILLS_ANEW, {"age": 10800}),
)
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"a large pool is lost within two hours, and the younger pod, which is minutes old, {what}",
            aged(*young, old=FAST, began=1500, signal="pool_in_use", line=ADO, **({"released": 6600} | more)),
            (SHOP, "database_connection", "restart_workload"),
            harmful=("rollback_workload",),
        )
        for what, young, more in YOUNG
    ),
    DoesNotHold(
        "the younger one gives back what it takes",
        aged(*BUSY),
        (SHOP, "database_connection", "restart_workload"),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "the older ones have lost all in that hour",
        aged(old=(1, 2, 1, 2, 4, 7, 9, 12, 15, 18, 20, 21, 22, 24, *[25] * 11)),
        (SHOP, "database_connection", "restart_workload"),
    ),
    DoesNotHold(
        "the older ones have none left since before they were counted: an answer may have hung since",
        aged(old=(25,) * 25),
        (SHOP, "database_connection", "restart_workload"),
    ),
    DoesNotHold(
        "what it asks was released after it",
        aged(
            beside=workload("pay", before=IMAGE, released=LONG_AGO - 900),
            env={"PAY_URL": "http://pay:8080"},
        ),
        (SHOP, "database_connection", "restart_workload"),
    ),
    DoesNotHold(
        "the younger one counts but its pool of another kind",
        aged(but="pool_in_use"),
        (SHOP, "database_connection", "restart_workload"),
    ),
    DoesNotHold(
        "no release came", aged(before=None, started=LONG_AGO), (SHOP, "database_connection", "restart_workload")
    ),
    DoesNotHold(
        "the template before served no longer than that",
        aged(age=LONG_AGO + 9000),
        (SHOP, "database_connection", "restart_workload"),
    ),
    DoesNotHold(
        "nobody measures the older ones",
        aged(old=()),
        (SHOP, "database_connection", "restart_workload"),
    ),
    DoesNotHold(
        "what it asks is slow since before",
        aged(
            more=[
                figure("dependency_latency_p95", 0.1, 8.0, 3000, component="shop", dependency="api.pay.example"),
            ]
        ),
        (SHOP, "database_connection", "restart_workload"),
    ),
    DoesNotHold(
        "much more is asked of it",
        aged(more=[rate("shop", 50, 200, 1800)]),
        (SHOP, "database_connection", "restart_workload"),
    ),
]
