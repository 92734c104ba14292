"""A policy that closes a way that is needed, and is no younger than the trouble."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.names import UNRESOLVED
from tests.diagnosis.rules.scenes import CALLS_CART, CART, SHOP, alert, errors, ingress, logs, policy, rate, shop
from tests.diagnosis.rules.tiny import DAY, log, pod, postgres, snapshot, thing, workload

LATE = 'Get "http://cart:8080/": dial tcp 10.96.0.9:8080: i/o timeout'
DATABASE = "failed to connect to `user=shop database=shop`: 10.1.0.4:5432 (postgres): dial error: i/o timeout"
OUTSIDE = 'Post "https://api.pay.example.com/charge": dial tcp 203.0.113.9:443: i/o timeout'
DENY, OUT = policy("deny", "cart", ingress=[]), ("NetworkPolicy/out", "network_fault", "page_human")
DNS = {"ports": [{"port": 53, "protocol": "UDP"}]}
WEB_ONLY = {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 443, "protocol": "TCP"}]}
TO_CART = {"to": [{"podSelector": {"matchLabels": {"app": "cart"}}}], "ports": [{"port": 8080}]}
FROM_SHOP = {"from": [{"podSelector": {"matchLabels": {"app": "shop"}}}]}
FROM_EDGE = {"from": [{"namespaceSelector": {"matchLabels": {"tier": "edge"}}}]}

HOLDS = [
    Holds(
        "a new one lets nobody in",
        snapshot(shop(env=CALLS_CART), workload("cart"), DENY, logs=logs("shop", LATE, times=1)),
        ("NetworkPolicy/deny", "network_fault", "page_human"),
        excludes=(*no("restart_workload", at=CART), *no("restart_workload", at=SHOP)),
        alone=True,
    ),
    Holds(
        "a new one lets nobody out to the database",
        snapshot(
            shop(env={"DB": "postgres:5432"}),
            postgres(),
            policy("out", "shop", egress=[DNS, WEB_ONLY]),
            logs=logs("shop", DATABASE, times=1),
        ),
        OUT,
    ),
    Holds(
        "a new one forgets the DNS",
        snapshot(
            shop(env=CALLS_CART),
            workload("cart"),
            policy("out", "shop", egress=[TO_CART]),
            logs=logs("shop", UNRESOLVED[0], times=1),
        ),
        OUT,
    ),
    Holds(
        "a new one lets nobody out of the cluster",
        snapshot(
            shop(env=CALLS_CART),
            workload("cart"),
            policy("out", "shop", egress=[{"to": [{"podSelector": {}}]}, DNS]),
            logs=logs("shop", OUTSIDE, times=1),
        ),
        OUT,
    ),
    Holds(
        "an old one lets in whom a label names that a namespace lost",
        snapshot(
            thing("Namespace", "town", written=700),
            thing("Namespace", "ingress-nginx", written=700),
            workload("api"),
            thing(
                "NetworkPolicy",
                "allow",
                age=90 * DAY,
                spec={"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [FROM_EDGE]},
            ),
            ingress("api", "api.example"),
            figures=[rate("api", 40, 0, 680), errors("api", 0.001)],
            alerts=[alert("ProbeDown", service="api")],
        ),
        ("Namespace/town", "network_fault", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "another policy lets it through",
        snapshot(
            shop(env=CALLS_CART),
            workload("cart"),
            DENY,
            policy("allow", "cart", ingress=[FROM_SHOP]),
            logs=logs("shop", LATE, times=1),
        ),
        (CART, "dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "the trouble is older than the policy",
        snapshot(
            shop(env=CALLS_CART),
            workload("cart"),
            policy("deny", "cart", ingress=[], age=60),
            logs=[log(pod("shop"), LATE, LATE, since=800)],
        ),
        (CART, "dependency_failure", "page_human"),
    ),
    DoesNotHold("it closes what nobody needs", snapshot(shop(), workload("cart"), DENY)),
]
