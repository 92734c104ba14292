"""A release that served well and then waits in vain for one whom it calls, who is late by himself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.diagnosis.rules.cases import Holds
from tests.diagnosis.rules.scenes import CALLS_CART, SHOP, URL, errors, latency, rate, shop
from tests.diagnosis.rules.tiny import figure, log, pod, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

JAVA = (
    'ERROR c.s.Checkout : I/O error on POST request for "http://cart:8080/holds": Read timed out (6000 ms)',
    "INFO c.s.Checkout : order 71 placed in 80 ms",
)
PYTHON = (
    "ERROR:shop:HTTPConnectionPool(host='cart', port=8080): Read timed out. (read timeout=5)",
    "INFO:shop:order 71 placed",
)
GO = (
    'level=error msg="checkout failed" err="Post \\"http://cart:8080/v1\\": context deadline exceeded"',
    'level=info msg="order placed"',
)
NOTE = {"NOTE_LENGTH": "240"}
"""A setting that came with a release, and tells nothing of whom it calls."""
CALENDAR = {"component": "cart", "dependency": "slots.van.example"}
HARMFUL = ("rollback_workload", "restart_workload", "scale_workload")


def waiting(
    told: tuple[str, ...] = JAVA,
    *,
    brought: Mapping[str, str] = NOTE,
    unset: tuple[str, ...] = (),
    after: float = 900,
    cart: Mapping[str, Any] | None = None,
    slow: float = 8.0,
    slow_since: float | None = None,
    asked: float = 20,
    busy: float = 0.2,
    store: bool = False,
    outside: float = 0,
) -> Snapshot:
    """Return a shop that fails so long after its release, as a cart answers late, and what is measured of the cart."""
    since = 1500 - after
    more = {**CALLS_CART, **(URL if store else {})}
    was = {"image": "registry.example/shop:0", "env": {k: v for k, v in more.items() if k not in unset}}
    return snapshot(
        shop(env={**more, **brought}, before=was, released=1500),
        workload("cart", env=URL if store else {"CALENDAR": "https://slots.van.example"}, **(cart or {})),
        postgres() if store else [],
        figures=[
            errors("shop", 0.5, since),
            latency("cart", 0.1, slow, since if slow_since is None else slow_since),
            errors("cart", 0.0, since, 0.0),
            rate("cart", 20, asked, since + 60),
            *(figure("cpu_share", busy, busy, 600, pod=pod("cart", n), container="cart") for n in range(2)),
            *([figure("dependency_latency_p95", 0.2, outside, since, **CALENDAR)] if outside else []),
        ],
        logs=[log(pod("shop", n), *[told[1]] * 20, *[told[0]] * 12, since=1400) for n in (0, 1)],
    )


HOLDS = [
    *(
        Holds(
            f"it served well, and waits in vain for one who is late to all, {what}",
            world,
            (SHOP, "dependency_failure", "page_human"),
            believed="dependency_fails",
            harmful=HARMFUL,
        )
        for what, world in (
            ("as Java tells", waiting()),
            ("as Python tells, and for a limit of five seconds", waiting(PYTHON, slow=5.5)),
            ("as Go tells, and with another variable", waiting(GO, brought={"GIFT_NOTE_MAX": "80"})),
        )
    ),
    Holds(
        "it served well, and waits in vain for one who measures that a host outside is late",
        waiting(outside=9.0),
        (SHOP, "dependency_failure", "page_human"),
        believed="outside_dependency_fails",
        harmful=HARMFUL,
    ),
    *(
        Holds(f"it waits in vain for one whom it calls, {what}", world, (SHOP, "code_defect", "rollback_workload"))
        for what, world in (
            ("from its first minute on", waiting(after=60)),
            ("who is as quick as ever", waiting(slow=0.1)),
            ("who is late only minutes later", waiting(slow_since=300)),
            ("who was late before it came", waiting(slow_since=2700)),
            ("whom it asks far more often", waiting(asked=90)),
            ("who has no processor time left", waiting(busy=0.99)),
            ("whose store it uses as well", waiting(store=True)),
            ("and set for how long it waits", waiting(brought={"CART_TIMEOUT_MS": "6000"})),
            ("and set how much it asks at once", waiting(brought={"BATCH": "500"})),
            ("and was told anew whom to ask", waiting(brought={}, unset=("CART_URL",))),
            ("and stumbles over its own code as well", waiting((JAVA[0], "ERROR NullPointerException: note is null"))),
        )
    ),
]
