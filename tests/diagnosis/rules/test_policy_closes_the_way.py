"""A policy that closes a way that is needed, and is no younger than the trouble."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.names import UNRESOLVED
from tests.diagnosis.rules.pods import labelled, labelled_before, pods_of
from tests.diagnosis.rules.scenes import (
    CALLS_CART,
    CART,
    DB,
    IMAGE,
    SHOP,
    WEB,
    alert,
    errors,
    ingress,
    logs,
    policy,
    rate,
    shop,
)
from tests.diagnosis.rules.tiny import DAY, Obj, log, pod, postgres, service_for, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot
from tuheg_ir.diagnosis.rules import _reach, all_rules
from tuheg_ir.diagnosis.view.view import View

LATE = 'Get "http://cart:8080/": dial tcp 10.96.0.9:8080: i/o timeout'
DATABASE = "failed to connect to `user=shop database=shop`: 10.1.0.4:5432 (postgres): dial error: i/o timeout"
OUTSIDE = 'Post "https://api.pay.example.com/charge": dial tcp 203.0.113.9:443: i/o timeout'
DENY, OUT = policy("deny", "cart", ingress=[]), ("NetworkPolicy/out", "network_fault", "page_human")
DNS = {"ports": [{"port": 53, "protocol": "UDP"}]}
WEB_ONLY = {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 443, "protocol": "TCP"}]}
TO_CART = {"to": [{"podSelector": {"matchLabels": {"app": "cart"}}}], "ports": [{"port": 8080}]}
FROM_SHOP = {"from": [{"podSelector": {"matchLabels": {"app": "shop"}}}]}
FROM_ALL_PODS = {"from": [{"ipBlock": {"cidr": "10.1.0.0/16"}}]}
FROM_EDGE = {"from": [{"namespaceSelector": {"matchLabels": {"tier": "edge"}}}]}
CLIENTS = {"from": [{"podSelector": {"matchLabels": {"db-client": "true"}}}], "ports": [{"port": 5432}]}
FOR_CLIENTS = policy("postgres", "postgres", ingress=[CLIENTS], age=300 * DAY)
FORMER = {"db-client": "true", "role": "backend"}
"""What pods of the shop were labelled before its release; no policy goes by the role."""


def relabelled(**more: Any) -> list[Obj]:
    """Return a shop whose release ten minutes ago took a label from its pods."""
    return labelled_before(shop(env={"DB": "postgres:5432"}, **{"before": IMAGE, **more}), FORMER)


ON_NODE = "dial tcp: lookup cart on 169.254.20.10:53: read udp 10.1.9.9:4242->169.254.20.10:53: i/o timeout"
KUBE_DNS = {
    "to": [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        }
    ],
    **DNS,
}


def to_range(cidr: str, *but: str) -> Obj:
    """Return a rule that lets out to the DNS in a range of addresses, but for some."""
    return {"to": [{"ipBlock": {"cidr": cidr, "except": list(but)}}], **DNS}


def baseline(*rules: Obj, name: str = "out", age: float = 600) -> Obj:
    """Return a policy that lets all pods out to their own namespace and by some rules."""
    out = [{"to": [{"podSelector": {}}]}, *rules]
    return thing("NetworkPolicy", name, age=age, spec={"podSelector": {}, "policyTypes": ["Egress"], "egress": out})


def unnamed(*policies: Obj, line: str = ON_NODE, since: float = 570) -> Snapshot:
    """Return two callers that find no name, one of which tells whom it asks, and some policies."""
    callers = (shop(env=CALLS_CART), workload("web", env=CALLS_CART), workload("cart"))
    lines = [*logs("shop", line, since=since), *logs("web", UNRESOLVED[2], since=since)]
    return snapshot(*callers, *policies, logs=lines)


KUBE = ("Service/kube-dns", "network_fault", "page_human")
BROKER = "ERROR/MainProcess] consumer: Cannot connect to amqp://shop:**@rabbitmq:5672/shop: timed out."

LOST = (
    "ISPN000314: Cache sessions lost at least half of the stable members, possible split brain causing data "
    "inconsistency. Current members are [{}-51243], lost members are [{}-38201]"
)


def parted(*policies: Obj, since: float = 560, among: Any = 7800, **more: Any) -> Snapshot:
    """Return two servers that talk to each other at a port of their own, which tell that they lost one another.

    ``among``: the port to which a headless Service leads; None: there is none.
    """
    servers = workload("keycloak", kind="StatefulSet", service=False, **more)
    for holder in [servers[0], *pods_of(servers)]:
        (first,) = holder["spec"].get("template", holder)["spec"]["containers"]
        first["ports"] = [{"name": "http", "containerPort": 8080}, {"name": "jgroups", "containerPort": 7800}]
    headless = service_for("keycloak-headless", selector={"app": "keycloak"}, port=7800, target=among, headless=True)
    told = [log(f"keycloak-{n}", LOST.format(f"keycloak-{n}", f"keycloak-{1 - n}"), since=since) for n in range(2)]
    among_them = [headless] if among else []
    return snapshot(servers, among_them, service_for("keycloak"), *policies, logs=told)


def for_logins(*ports: int, age: float = 600) -> Obj:
    """Return a policy that lets all pods in to the servers at some ports; at none: to whatever port."""
    rule: Obj = {"from": [{"podSelector": {}}], **({"ports": [{"port": port} for port in ports]} if ports else {})}
    return policy("keycloak", "keycloak", ingress=[rule], age=age)


HOLDS = [
    *(
        Holds(
            f"a new one lets all in to where members serve, and not to where they talk to each other{what}",
            made,
            ("NetworkPolicy/keycloak", "network_fault", "page_human"),
            excludes=no("restart_workload", "rollback_workload", "scale_workload", at="StatefulSet/keycloak"),
            harmful=("restart_workload", "rollback_workload", "scale_workload"),
            alone=True,
        )
        for what, made in (
            ("", parted(for_logins(8080))),
            (", of which only the servers themselves tell", parted(for_logins(8080), among=None)),
            (
                ", and the Service of each server has the name of the port where they serve",
                parted(for_logins(8080), among="http"),
            ),
            (", and came with their release", parted(for_logins(8080), before={"image": "keycloak:0"}, released=620)),
        )
    ),
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
        "a new one lets it in at a range of other ports",
        snapshot(
            shop(env=CALLS_CART),
            workload("cart"),
            policy("cart", "cart", ingress=[{**FROM_SHOP, "ports": [{"port": 8081, "endPort": 8999}]}]),
            logs=logs("shop", LATE, times=1),
        ),
        ("NetworkPolicy/cart", "network_fault", "page_human"),
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
    *(
        Holds(
            f"a new one lets out to the pods of the DNS {what}, and each node has a name server of its own",
            unnamed(baseline(KUBE_DNS, *rules)),
            OUT,
            excludes=(*no("restart_workload", "rollback_workload", at=SHOP), *no("restart_workload", at=WEB)),
            harmful=("restart_workload", "rollback_workload"),
            alone=True,
        )
        for what, rules in (
            ("alone", ()),
            ("and to all addresses but those of nodes", (to_range("0.0.0.0/0", "10.0.0.0/8", "169.254.0.0/16"),)),
            ("and to hosts outside", (WEB_ONLY,)),
        )
    ),
    Holds(
        "a new one forgets the name server of each node, beside one for others that lets out to it",
        unnamed(baseline(KUBE_DNS), policy("cart", "cart", egress=[to_range("169.254.20.10/32")], age=DAY)),
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
    *(
        DoesNotHold(f"members lost one another, and {what}", parted(*policies, since=since))
        for what, since, policies in (
            ("a new one lets them talk to each other too", 560, (for_logins(8080, 7800),)),
            ("a new one lets them talk to each other, and closes where they serve", 560, (for_logins(7800),)),
            ("a new one closes no port", 560, (for_logins(),)),
            ("one that closes the way stood for long", 560, (for_logins(8080, age=DAY),)),
            ("one that closes the way came later", 900, (for_logins(8080),)),
            ("another one lets them", 560, (for_logins(8080), policy("among", "keycloak", ingress=[{}]))),
            ("a new one is for others", 560, (policy("cart", "cart", ingress=[]),)),
            (
                "a new one lets others in where an older one closed the way",
                560,
                (for_logins(8080, age=DAY), policy("metrics", "keycloak", ingress=[{"ports": [{"port": 9090}]}])),
            ),
        )
    ),
    DoesNotHold(
        "members of a store lost one another, and a client that repeats it has a new one that lets none of its own in",
        snapshot(
            workload("rabbitmq", "rabbitmq:3.12", kind="StatefulSet", pods=3, port=5672),
            shop(env={"AMQP_URL": "amqp://rabbitmq:5672"}),
            policy("shop", "shop", ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}]),
            logs=[log(pod("shop", n), "ERROR publish failed: cluster is partitioned", since=560) for n in range(2)],
            figures=[errors("shop", 0.3, 560)],
        ),
        ("NetworkPolicy/shop", "configuration_error", "page_human"),
    ),
    *(
        DoesNotHold(f"the name server of each node does not answer, and {what}", unnamed(*policies), KUBE)
        for what, policies in (
            ("a new one lets out to its address", (baseline(KUBE_DNS, to_range("169.254.20.10/32")),)),
            ("a new one lets out to all addresses", (baseline(KUBE_DNS, to_range("0.0.0.0/0")),)),
            ("one that forgets it stood for long", (baseline(KUBE_DNS, age=DAY),)),
            ("an older one forgot it too", (baseline(KUBE_DNS, name="older", age=DAY), baseline(KUBE_DNS))),
            ("whoever asks is not bound", (policy("out", "web", egress=[{"to": [{"podSelector": {}}]}, KUBE_DNS]),)),
        )
    ),
    DoesNotHold(
        "the name server of each node answers that there is no such name, and a new one seems to forget it",
        unnamed(baseline(KUBE_DNS), line="dial tcp: lookup cart on 169.254.20.10:53: no such host"),
        KUBE,
    ),
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
    *(
        DoesNotHold(
            f"a new one lets it in {what}",
            snapshot(
                shop(env=CALLS_CART),
                workload("cart"),
                policy("cart", "cart", ingress=[{**FROM_SHOP, "ports": ports}]),
                logs=logs("shop", LATE, times=1),
            ),
            (CART, "dependency_failure", "page_human"),
        )
        for what, ports in (
            ("at a range of ports", [{"port": 8000, "endPort": 8999, "protocol": "TCP"}]),
            ("at all ports of a protocol, beside one", [{"port": 9090}, {"protocol": "TCP"}]),
        )
    ),
    DoesNotHold(
        "a new one lets its address in at a range of ports",
        snapshot(
            shop(env=CALLS_CART),
            workload("cart"),
            policy("cart", "cart", ingress=[{**FROM_ALL_PODS, "ports": [{"port": 8000, "endPort": 8999}]}]),
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


def test_lines_of_names_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many pods find no name, each line is looked through once."""
    counted = Mock(wraps=_reach._UNANSWERED)
    monkeypatch.setattr(_reach, "_UNANSWERED", counted)
    callers = shop(env=CALLS_CART, pods=20)
    lines = logs("shop", ON_NODE, *range(20), since=570)
    view = View(snapshot(callers, workload("cart"), baseline(KUBE_DNS), logs=lines))
    for name in ("cluster_dns_down", "policy_closes_the_way", "wrong_host_name"):
        list(next(rule for rule in all_rules() if rule.name == name).when(view))
    assert counted.search.call_count == 20
