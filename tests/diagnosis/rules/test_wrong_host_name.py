"""A name that one service alone cannot resolve, and that nothing bears, stands wrong in its configuration."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.names import NO_CART, NO_CRAT
from tests.diagnosis.rules.scenes import CALLS_CART, SHOP, alert, logs, shop
from tests.diagnosis.rules.tiny import DAY, log, pod, snapshot, thing, workload

READS = {"volumes": [{"name": "c", "configMap": {"name": "shop"}}]}
SETTINGS = thing("ConfigMap", "shop", written=900, data={"app.yaml": "cart: http://crat:8080"})
GONE = "Error: getaddrinfo ENOTFOUND api.eu1.parcels.example"
PROBED = 'level=error target=https://api.eu1.parcels.example err="lookup api.eu1.parcels.example: no such host"'
LONG_SO = thing("ConfigMap", "shop", written=90 * DAY, data={"CARRIER": "https://api.eu1.parcels.example/v2"})
WORKED = log(pod("shop"), *["INFO 200"] * 5, *[GONE] * 9, since=1800)

HOLDS = [
    Holds(
        "a release brought it",
        snapshot(
            shop(env={"CART_URL": "http://crat:8080"}, before={"env": CALLS_CART}),
            workload("cart"),
            logs=logs("shop", NO_CRAT, times=1),
        ),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "a ConfigMap has it",
        snapshot(shop(env=CALLS_CART, spec=READS), SETTINGS, workload("cart"), logs=logs("shop", NO_CRAT, times=1)),
        ("ConfigMap/shop", "configuration_error", "page_human"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "its owner took a name away that a ConfigMap has for long, as who probes it sees as well",
        snapshot(
            workload("blackbox-exporter", pods=1),
            shop(spec=READS),
            LONG_SO,
            logs=[*logs("blackbox-exporter", PROBED, since=1500), WORKED],
            alerts=[alert("OrdersFall")],
        ),
        (SHOP, "dependency_failure", "page_human"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
        alone=True,
    ),
    *(
        Holds(
            f"a name of ours is gone that a ConfigMap has for long: {host}",
            snapshot(
                shop(spec=READS),
                thing("ConfigMap", "shop", written=90 * DAY, data={"CARRIER": f"https://{host}/v2"}),
                logs=[log(pod("shop"), *["INFO 200"] * 5, *[f"Error: getaddrinfo ENOTFOUND {host}"] * 9, since=1800)],
            ),
            ("ConfigMap/shop", "configuration_error", "page_human"),
        )
        for host in ("parcels.carriers", "api.parcels.internal", "api.parcels.lan")
    ),
    Holds(
        "an old ConfigMap has it, and pods that came now fail from their start",
        snapshot(shop(spec=READS, age=600), LONG_SO, logs=logs("shop", GONE, since=580)),
        ("ConfigMap/shop", "configuration_error", "page_human"),
    ),
    Holds(
        "a ConfigMap of today has it",
        snapshot(
            shop(spec=READS),
            thing("ConfigMap", "shop", written=1800, data={"CARRIER": "https://api.eu1.parcels.example/v2"}),
            logs=[WORKED],
        ),
        ("ConfigMap/shop", "configuration_error", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the name is right, and its Service is gone",
        snapshot(shop(env=CALLS_CART), workload("cart", service=False), logs=logs("shop", NO_CART, times=2)),
        ("Service/cart", "configuration_error", "page_human"),
    ),
]
