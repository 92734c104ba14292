"""A Service that sends to a port on which nothing listens, or listens on one that nobody asks."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import CALLS_CART, CART, errors, logs, rate, shop
from tests.diagnosis.rules.tiny import service_for, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

REFUSED = 'Get "http://cart:8080/": dial tcp 10.96.0.9:8080: connect: connection refused'

LATE = "ERROR cart: connect ETIMEDOUT"


def renumbered(line: str, url: str = "http://cart:8080", *, since: float = 240, headless: bool = False) -> Snapshot:
    """Return a caller that does not reach a Service whose port is another one since some minutes."""
    return snapshot(
        shop(env={"CART_URL": url}),
        workload("cart", service=False),
        service_for("cart", port=80, target=8080, written=600, headless=headless),
        figures=[errors("shop", 0.5)],
        logs=logs("shop", line, since=since),
    )


HOLDS = [
    *(
        Holds(
            f"its own port was changed, and callers ask the old one, as {what}",
            renumbered(line, url),
            ("Service/cart", "configuration_error", "page_human"),
            harmful=("rollback_workload",),
        )
        for what, line, url in (
            ("the address in their errors tells", "connect ETIMEDOUT 10.96.0.176:8080", "http://cart"),
            ("their settings tell", LATE, "http://cart:8080"),
        )
    ),
    *(
        Holds(
            f"its target port was changed to {target}",
            snapshot(
                shop(env=CALLS_CART),
                workload("cart", service=False),
                service_for("cart", target=target, written=600),
                logs=logs("shop", REFUSED, times=1),
            ),
            ("Service/cart", "configuration_error", "page_human"),
        )
        for target in (9090, "metrics")
    ),
    Holds(
        "a release moved the port of the pods",
        snapshot(
            shop(env=CALLS_CART),
            workload("cart", port=9090, before={"port": 8080}, service=False),
            service_for("cart"),
            logs=logs("shop", REFUSED, times=1),
        ),
        (CART, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "its own port was changed, and callers ask the old one",
        snapshot(
            workload("pay", service=False),
            service_for("pay", port=9090, target=8080, written=700),
            shop(env={"PAY_URL": "http://pay:8080"}),
            figures=[errors("shop", 0.5), rate("shop")],
            logs=logs("shop", "dial tcp 10.96.0.91:8080: i/o timeout calling http://pay:8080/charge", times=8),
        ),
        ("Service/pay", "configuration_error", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"its port was changed, but {what}", world, (CART, "dependency_failure", "page_human"))
        for what, world in (
            ("callers name the new one", renumbered(LATE, "http://cart:80")),
            ("callers name both", renumbered(LATE, "http://cart:80,http://cart:8080")),
            ("they did not reach it long before", renumbered(LATE, since=3000)),
            ("whoever asks is led to the pods themselves", renumbered(LATE, headless=True)),
        )
    ),
    DoesNotHold(
        "a port that no container declares, while nobody suffers",
        snapshot(shop(env=CALLS_CART), workload("cart", service=False), service_for("cart", target=9090)),
    ),
    DoesNotHold(
        "its port is right",
        snapshot(shop(env=CALLS_CART), workload("cart"), logs=logs("shop", REFUSED, times=1)),
        (CART, "dependency_failure", "page_human"),
    ),
]
