"""A policy that closes a way that is needed, and is no younger than the trouble."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.names import UNRESOLVED
from tests.diagnosis.rules.pods import labelled, labelled_before
from tests.diagnosis.rules.scenes import (
    CALLS_CART,
    CART,
    DB,
    IMAGE,
    SHOP,
    alert,
    errors,
    ingress,
    logs,
    policy,
    rate,
    shop,
)
from tests.diagnosis.rules.tiny import DAY, Obj, log, pod, postgres, snapshot, thing, workload

LATE = 'Get "http://cart:8080/": dial tcp 10.96.0.9:8080: i/o timeout'
DATABASE = "failed to connect to `user=shop database=shop`: 10.1.0.4:5432 (postgres): dial error: i/o timeout"
OUTSIDE = 'Post "https://api.pay.example.com/charge": dial tcp 203.0.113.9:443: i/o timeout'
DENY, OUT = policy("deny", "cart", ingress=[]), ("NetworkPolicy/out", "network_fault", "page_human")
DNS = {"ports": [{"port": 53, "protocol": "UDP"}]}
WEB_ONLY = {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 443, "protocol": "TCP"}]}
TO_CART = {"to": [{"podSelector": {"matchLabels": {"app": "cart"}}}], "ports": [{"port": 8080}]}
FROM_SHOP = {"from": [{"podSelector": {"matchLabels": {"app": "shop"}}}]}
FROM_EDGE = {"from": [{"namespaceSelector": {"matchLabels": {"tier": "edge"}}}]}
CLIENTS = {"from": [{"podSelector": {"matchLabels": {"db-client": "true"}}}], "ports": [{"port": 5432}]}
FOR_CLIENTS = policy("postgres", "postgres", ingress=[CLIENTS], age=300 * DAY)
FORMER = {"db-client": "true", "role": "backend"}
"""What pods of the shop were labelled before its release; no policy goes by the role."""


def relabelled(**more: Any) -> list[Obj]:
    """Return a shop whose release ten minutes ago took a label from its pods."""
    return labelled_before(shop(env={"DB": "postgres:5432"}, **{"before": IMAGE, **more}), FORMER)


BROKER = "ERROR/MainProcess] consumer: Cannot connect to amqp://shop:**@rabbitmq:5672/shop: timed out."


HOLDS = [
    Holds(
        "a new one lets others in to the broker, whose address a Secret hides",
        snapshot(
            shop(),
            workload("rabbitmq", image="rabbitmq:3.13", kind="StatefulSet", port=5672),
            policy("broker", "rabbitmq", ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}]),
            logs=logs("shop", BROKER),
        ),
        ("NetworkPolicy/broker", "network_fault", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
        alone=True,
    ),
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
    Holds(
        "a release took the label by which an old one let it in",
        snapshot(relabelled(), postgres(), FOR_CLIENTS, logs=logs("shop", DATABASE, since=570)),
        (SHOP, "network_fault", "rollback_workload"),
        excludes=no("restart_workload", "scale_workload", at=SHOP),
        spares=no("rollback_workload", at=SHOP),
        alone=True,
    ),
    Holds(
        "a release of labels alone did so",
        snapshot(relabelled(before={}), postgres(), FOR_CLIENTS, logs=logs("shop", DATABASE, since=570)),
        (SHOP, "network_fault", "rollback_workload"),
        alone=True,
    ),
    Holds(
        "a release took the label by which an old one let it out to the DNS",
        snapshot(
            labelled_before(shop(env=CALLS_CART, before=IMAGE), {"asks": "dns"}),
            workload("cart"),
            policy("out", "shop", egress=[TO_CART], age=300 * DAY),
            thing(
                "NetworkPolicy",
                "dns",
                age=300 * DAY,
                spec={"podSelector": {"matchLabels": {"asks": "dns"}}, "policyTypes": ["Egress"], "egress": [DNS]},
            ),
            logs=logs("shop", UNRESOLVED[0], since=570),
        ),
        (SHOP, "network_fault", "rollback_workload"),
        alone=True,
    ),
    Holds(
        "a release took a label, and the policy is younger",
        snapshot(
            relabelled(),
            postgres(),
            policy("postgres", "postgres", ingress=[CLIENTS], age=590),
            logs=logs("shop", DATABASE, since=570),
        ),
        ("NetworkPolicy/postgres", "network_fault", "page_human"),
        harmful=["rollback_workload"],
    ),
    Holds(
        "the template before had no such label either",
        snapshot(
            labelled_before(shop(env={"DB": "postgres:5432"}, before=IMAGE), {"role": "backend"}),
            postgres(),
            FOR_CLIENTS,
            logs=logs("shop", DATABASE, since=570),
        ),
        ("NetworkPolicy/postgres", "network_fault", "page_human"),
        harmful=["rollback_workload"],
    ),
    Holds(
        "it ran for hours without the label: perhaps nothing enforces the policy",
        snapshot(relabelled(released=5 * 3600), postgres(), FOR_CLIENTS, logs=logs("shop", DATABASE, since=570)),
        ("NetworkPolicy/postgres", "network_fault", "page_human"),
        harmful=["rollback_workload"],
    ),
    Holds(
        "who is let in cannot reach it either",
        snapshot(
            relabelled(),
            labelled(workload("cart", env={"DB": "postgres:5432"}), FORMER),
            postgres(),
            FOR_CLIENTS,
            logs=[*logs("shop", DATABASE, since=570), *logs("cart", DATABASE, since=570)],
        ),
        ("NetworkPolicy/postgres", "network_fault", "page_human"),
        harmful=["rollback_workload"],
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a new one for the broker lets it in too",
        snapshot(
            shop(),
            workload("rabbitmq", image="rabbitmq:3.13", kind="StatefulSet", port=5672),
            policy("broker", "rabbitmq", ingress=[FROM_SHOP]),
            logs=logs("shop", BROKER),
        ),
        ("StatefulSet/rabbitmq", "dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "a release took a label that no policy asks for",
        snapshot(
            labelled(relabelled(), {"db-client": "true"}),
            postgres(),
            FOR_CLIENTS,
            logs=logs("shop", DATABASE, times=1, since=570),
        ),
        (DB, "dependency_failure", "page_human"),
    ),
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
