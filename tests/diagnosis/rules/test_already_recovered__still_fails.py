"""What fails goes on where hardly less fails than at the worst, or where a log tells of it as it did all the while."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.diagnosis.rules.cases import ASK, HEALTHY, DoesNotHold, Holds
from tests.diagnosis.rules.scenes import CALLS_CART, SHOP, alert, shop
from tests.diagnosis.rules.tiny import pod, series, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

WORST = ((3600.0, 0.0), (2400.0, 0.12), (900.0, 0.04))
"""It is worst for 25 minutes, and a third of that fails since a quarter of an hour."""
ENDED = ((3600.0, 0.0), (2400.0, 0.12), (900.0, 0.0))
AT_THE_LIMIT = ((3600.0, 0.0), (2400.0, 0.046), (1500.0, 0.053), (1300.0, 0.046))
MEANWHILE, SINCE, BEFORE = range(2380, 900, -120), range(880, 20, -120), range(3590, 2400, -120)
RARELY = range(2380, 20, -240)
RAILS = 'POST "/exports" Completed 502 Bad Gateway in 15326ms (Faraday::ServerError: printer answered 502 "no ticket")'
NODE = "error: request failed with status code 503: printer"
OWN = "ERR export kind=label result=rejected err=no_ticket"


def told(
    ages: Iterable[float],
    line: str = RAILS,
    steps: Sequence[tuple[float, float]] = WORST,
    *,
    by: str = "shop",
    named: str = "ShopErrors",
) -> Snapshot:
    """Return a shop whose failures went so, and of which a log, its own or that of whom it calls, told at some ages."""
    failed = set(ages)
    lines = [(age, line if age in failed else "INFO exported") for age in sorted({*failed, *range(3595, 0, -45)})[::-1]]
    return snapshot(
        shop(env=CALLS_CART),
        workload("cart"),
        figures=[("error_ratio", series({"component": "shop"}, *steps))],
        logs=[timed(pod(by), *lines)],
        alerts=[alert(named, service="shop")],
    )


HOLDS = [
    Holds(f"requests failed for a while, and {what}", world, (SHOP, *HEALTHY))
    for what, world in (
        ("a log told of it only meanwhile", told(MEANWHILE, steps=ENDED)),
        ("a log tells of a rest of it", told([*MEANWHILE, 700, 400])),
        ("a log tells once more of each", told([*range(2380, 900, -60), 300])),
        ("a log tells of something as often as before it", told([*BEFORE, *MEANWHILE, *SINCE])),
        ("a log tells of something that came long after", told([500, 400, 300, 200])),
        ("a third of what failed does still", told([])),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(f"requests failed for a while, and {what}", world, ASK, harmful=("no_action",))
    for what, world in (
        ("hardly less fail than at the worst", told([], steps=AT_THE_LIMIT)),
        ("half as many and more fail", told([], steps=((3600, 0.0), (2400, 0.08), (900, 0.045)))),
        ("its log tells of it as often as meanwhile", told([*MEANWHILE, *SINCE])),
        ("its log tells of it, and hardly anything is measured", told([*MEANWHILE, *SINCE], steps=ENDED)),
        ("its log tells of it in the words of another library", told(RARELY, NODE)),
        ("its log tells of it in words of its own", told(RARELY, OWN)),
        ("whom it calls tells of it in words of its own", told(RARELY, OWN, by="cart")),
        ("the alert is of what is missing", told([*MEANWHILE, *SINCE], named="NoExports")),
    )
]
