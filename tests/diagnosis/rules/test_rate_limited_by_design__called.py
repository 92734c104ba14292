"""A client that its log and figures know by a name alone, which an app in the hands of many may have as well."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import SHOP
from tests.diagnosis.rules.test_rate_limited_by_design import UNKNOWN, called_clients

APPS = (
    "flutter",
    "okhttp",
    "swift",
    "rider",
    "courier",
    "storefront",
    "checkout",
    "pos",
    "webshop",
    "b2c",
    "customers",
)


def shares(name: str) -> tuple[tuple[str, float], ...]:
    return ((name, 0.6), ("bolt", 0.0), ("cobb", 0.0))


HOLDS = [
    Holds(
        f"and an alert fires of how much is asked: {name}",
        called_clients(alarms=("Shop4xxRatio", name), grew=3, polls=2),
        (SHOP, "no_fault", "no_action"),
    )
    for name in (
        "RequestRateHigh",
        "HighRequestRate",
        "ShopTrafficSurge",
        "UnusualTrafficOnShop",
        "Request volume of shop is far above normal",
        "Shop rps above 300",
        "Requests per second increased",
        "High number of requests",
    )
]
HOLDS += [
    Holds(
        "it polls some parcels, each many times",
        called_clients(polls=3),
        (SHOP, "no_fault", "no_action"),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(
        f"nothing but its name tells that {name} is one client",
        called_clients(name, shares=shares(name)),
        UNKNOWN,
        harmful=("no_action",),
    )
    for name in APPS
]
DOES_NOT_HOLD += [
    DoesNotHold(f"no address tells whether it is one client, and {what}", world, UNKNOWN, harmful=("no_action",))
    for what, world in (
        ("it asks for as many parcels as others do", called_clients("rider", shares=shares("rider"), polls=1000)),
        ("others ask for few parcels as well", called_clients("rider", shares=shares("rider"), polls=2, others_ask=9)),
        (
            "others ask for those parcels as well",
            called_clients(
                "rider",
                '{"method": "GET", "path": "/v1/parcels/1", "status": 200, "client": "bolt"}',
                shares=shares("rider"),
                polls=2,
            ),
        ),
        (
            "it asks for things of another kind too",
            called_clients(
                "rider",
                '{"method": "GET", "path": "/v1/home", "status": 200, "client": "rider"}',
                shares=shares("rider"),
                polls=2,
            ),
        ),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(
        f"an alert fires of what users suffer, not of how much they ask: {name}",
        called_clients(alarms=("Shop4xxRatio", name), grew=3, polls=2),
        UNKNOWN,
        harmful=("no_action",),
    )
    for name in (
        "RequestTimeAboveSLO",
        "ShopRequestTimeHigh",
        "HighRequestP50",
        "HighRequestWaitTime",
        "RequestsHangHigh",
        "RequestsStuckIncreasing",
        "RequestBacklogIncreasing",
        "HighRequestRetries",
        "ShopRequestApdexUnusual",
        "HighTrafficNodeSkew",
    )
]
