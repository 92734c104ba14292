"""A database without processor time left slows all that ask it; more of them make it worse."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import DB, IMAGE, SHOP, latency, shop
from tests.diagnosis.rules.tiny import figure, postgres, series, snapshot, workload

ASKS = {"DB_HOST": "postgres"}
BUSY = figure("cpu_share", 0.3, 0.99, pod="postgres-0", container="postgres")

HOLDS = [
    Holds(
        "its clients are slow",
        snapshot(shop(env=ASKS), postgres(), figures=[BUSY, latency("shop", now=4.0)]),
        (DB, "capacity", "page_human"),
        excludes=no("scale_workload", at=SHOP),
    ),
    Holds(
        "it fills up slowly since the release of one of its clients",
        snapshot(
            shop(env=ASKS, before=IMAGE, released=2400),
            workload("cart", env=ASKS),
            postgres(),
            figures=[
                (
                    "cpu_share",
                    series({"pod": "postgres-0", "container": "postgres"}, (3600, 0.2), (2300, 0.45), (900, 0.99)),
                ),
                latency("shop", now=4.0, since=300),
                latency("cart", now=4.0, since=300),
            ],
        ),
        (SHOP, "code_defect", "rollback_workload"),
        harmful=("scale_workload", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("nobody waits", snapshot(shop(env=ASKS), postgres(), figures=[BUSY])),
    DoesNotHold(
        "it has time left",
        snapshot(
            shop(env=ASKS),
            postgres(),
            figures=[
                figure("cpu_share", 0.3, 0.6, pod="postgres-0", container="postgres"),
                latency("shop", now=4.0),
            ],
        ),
    ),
]
