"""Faults between pods: names, policies, Services, ports, routes, nodes. The pods themselves are well."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.rules.tiny import (
    answers,
    event,
    excluded,
    figure,
    log,
    pod,
    postgres,
    service_for,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.rules import (
    cluster_dns_down,
    node_network,
    policy_closes_the_way,
    route_leads_nowhere,
    service_missing,
    service_port_wrong,
    service_selects_nothing,
    wrong_host_name,
)

SHOP, CART = "Deployment/shop", "Deployment/cart"
ENV = {"CART_URL": "http://cart:8080"}
DNS_TEXTS = (
    "dial tcp: lookup cart on 10.96.0.10:53: server misbehaving",
    "requests.exceptions.ConnectionError: HTTPConnectionPool(host='cart'): Temporary failure in name resolution",
    "Error: getaddrinfo EAI_AGAIN cart",
    "java.net.UnknownHostException: cart: Name or service not known",
    "php_network_getaddresses: getaddrinfo failed: Temporary failure in name resolution cart",
)


def shop(**more: Any) -> list[dict[str, Any]]:
    return workload("shop", **{"env": ENV, **more})


def policy(name: str, app: str, *, age: float = 600, **spec: Any) -> dict[str, Any]:
    types = [kind.capitalize() for kind in ("ingress", "egress") if kind in spec]
    return thing(
        "NetworkPolicy",
        name,
        age=age,
        spec={"podSelector": {"matchLabels": {"app": app}}, "policyTypes": types, **spec},
    )


class TestDns:
    RULE = cluster_dns_down.RULE

    @pytest.mark.parametrize(("one", "other"), [(DNS_TEXTS[0], text) for text in DNS_TEXTS[1:]])
    def test_services_in_several_languages_at_once(self, one: str, other: str) -> None:
        logs = [log(pod("shop"), one, one), log(pod("web"), other, other)]
        snap = snapshot(shop(), workload("web", env=ENV), workload("cart"), logs=logs)
        assert answers(self.RULE, snap) == [("Service/kube-dns", "network_fault", "page_human", "Service/kube-dns")]
        assert ("restart_workload", SHOP) in excluded(self.RULE, snap)

    def test_questions_that_are_not_answered_in_time(self) -> None:
        line = "dial tcp: lookup {} on 10.96.0.10:53: read udp 10.1.2.2:4242->10.96.0.10:53: i/o timeout"
        logs = [log(pod("shop"), line.format("cart")), log(pod("web"), line.format("cart"))]
        snap = snapshot(shop(), workload("web", env=ENV), workload("cart"), logs=logs)
        assert [f.component for f in decide(snap).findings] == ["Service/kube-dns"]

    def test_its_own_pods_are_ill(self) -> None:
        coredns = workload("coredns", "registry.k8s.io/coredns/coredns:v1.12", ready=0, port=53)
        snap = snapshot(shop(), workload("cart"), coredns, logs=[log(pod("shop"), DNS_TEXTS[0])])
        assert answers(self.RULE, snap)[0][:3] == ("Deployment/coredns", "network_fault", "page_human")

    def test_questions_fail(self) -> None:
        snap = snapshot(
            shop(), workload("cart"), figures=[figure("dns_error_ratio", 0, 0.4)], logs=[log(pod("shop"), DNS_TEXTS[0])]
        )
        assert answers(self.RULE, snap)[0][0] == "Service/kube-dns"

    def test_one_service_with_one_wrong_name_is_not_the_dns(self) -> None:
        snap = snapshot(
            shop(), workload("cart"), logs=[log(pod("shop"), "dial tcp: lookup crat on 10.96.0.10:53: no such host")]
        )
        assert answers(self.RULE, snap) == []

    def test_a_headless_service_without_ready_pods_has_no_address(self) -> None:
        base = postgres(ready=0, service=False)
        line = "java.net.UnknownHostException: postgres"
        clients = [workload(name, env={"DB_HOST": "postgres"}) for name in ("one", "two", "three")]
        logs = [log(pod(name), line) for name in ("one", "two", "three")]
        slices = thing("EndpointSlice", "postgres-x", endpoints=[])
        slices["metadata"]["labels"] = {"kubernetes.io/service-name": "postgres"}
        snap = snapshot(base, service_for("postgres", headless=True, port=5432), slices, *clients, logs=logs)
        assert answers(self.RULE, snap) == []


class TestWrongHost:
    RULE = wrong_host_name.RULE
    LINE = "dial tcp: lookup crat on 10.96.0.10:53: no such host"

    def test_of_a_release_is_rolled_back(self) -> None:
        new = shop(env={"CART_URL": "http://crat:8080"}, before={"env": ENV})
        snap = snapshot(new, workload("cart"), logs=[log(pod("shop"), self.LINE)])
        assert answers(self.RULE, snap) == [(SHOP, "configuration_error", "rollback_workload", SHOP)]

    def test_of_a_config_map_needs_a_person(self) -> None:
        reads = {"volumes": [{"name": "c", "configMap": {"name": "shop"}}]}
        settings = thing("ConfigMap", "shop", written=900, data={"app.yaml": "cart: http://crat:8080"})
        snap = snapshot(shop(spec=reads), settings, workload("cart"), logs=[log(pod("shop"), self.LINE)])
        assert answers(self.RULE, snap) == [("ConfigMap/shop", "configuration_error", "page_human", "ConfigMap/shop")]
        assert ("rollback_workload", SHOP) in excluded(self.RULE, snap)


class TestPolicy:
    RULE = policy_closes_the_way.RULE
    TIMES_OUT = 'Get "http://cart:8080/": dial tcp 10.96.0.9:8080: i/o timeout'

    def test_a_new_policy_lets_nobody_in(self) -> None:
        deny = policy("deny", "cart", ingress=[])
        snap = snapshot(shop(), workload("cart"), deny, logs=[log(pod("shop"), self.TIMES_OUT)])
        where = "NetworkPolicy/deny"
        assert answers(self.RULE, snap) == [(where, "network_fault", "page_human", where)]
        assert {("restart_workload", CART), ("restart_workload", SHOP)} <= excluded(self.RULE, snap)
        assert [f.component for f in decide(snap).findings] == [where]

    def test_a_new_policy_lets_nobody_out_to_the_database(self) -> None:
        only = policy(
            "out",
            "shop",
            egress=[
                {"ports": [{"port": 53, "protocol": "UDP"}]},
                {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 443, "protocol": "TCP"}]},
            ],
        )
        line = "failed to connect to `user=shop database=shop`: 10.1.0.4:5432 (postgres): dial error: i/o timeout"
        snap = snapshot(shop(env={"DB": "postgres:5432"}), postgres(), only, logs=[log(pod("shop"), line)])
        assert answers(self.RULE, snap)[0][:3] == ("NetworkPolicy/out", "network_fault", "page_human")

    def test_a_new_policy_forgets_the_dns(self) -> None:
        only = policy("out", "shop", egress=[{"to": [{"podSelector": {"matchLabels": {"app": "cart"}}}]}])
        only["spec"]["egress"][0]["ports"] = [{"port": 8080}]
        snap = snapshot(shop(), workload("cart"), only, logs=[log(pod("shop"), DNS_TEXTS[0])])
        assert answers(self.RULE, snap)[0][0] == "NetworkPolicy/out"
        assert answers(cluster_dns_down.RULE, snap) == []

    def test_a_new_policy_lets_nobody_out_of_the_cluster(self) -> None:
        only = policy(
            "out", "shop", egress=[{"to": [{"podSelector": {}}]}, {"ports": [{"port": 53, "protocol": "UDP"}]}]
        )
        line = 'Post "https://api.pay.example.com/charge": dial tcp 203.0.113.9:443: i/o timeout'
        snap = snapshot(shop(), workload("cart"), only, logs=[log(pod("shop"), line)])
        assert answers(self.RULE, snap)[0][0] == "NetworkPolicy/out"

    def test_another_policy_may_let_it_through(self) -> None:
        deny = policy("deny", "cart", ingress=[])
        allow = policy("allow", "cart", ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "shop"}}}]}])
        snap = snapshot(shop(), workload("cart"), deny, allow, logs=[log(pod("shop"), self.TIMES_OUT)])
        assert answers(self.RULE, snap) == []

    def test_a_trouble_older_than_the_policy_is_not_its_own(self) -> None:
        deny = policy("deny", "cart", ingress=[], age=60)
        told = log(pod("shop"), self.TIMES_OUT, self.TIMES_OUT, since=800)
        assert answers(self.RULE, snapshot(shop(), workload("cart"), deny, logs=[told])) == []

    def test_a_policy_that_closes_what_nobody_needs_is_well(self) -> None:
        deny = policy("deny", "cart", ingress=[])
        assert answers(self.RULE, snapshot(workload("shop", env={}), workload("cart"), deny)) == []


class TestService:
    SELECTS, PORT = service_selects_nothing.RULE, service_port_wrong.RULE

    def test_a_selector_without_pods_needs_a_person(self) -> None:
        wrong = service_for("cart", selector={"app": "cart", "tier": "back"}, written=600)
        snap = snapshot(shop(), workload("cart", service=False), wrong)
        assert answers(self.SELECTS, snap) == [("Service/cart", "configuration_error", "page_human", "Service/cart")]
        assert ("restart_workload", CART) in excluded(self.SELECTS, snap)

    def test_pods_that_are_not_ready_are_another_trouble(self) -> None:
        assert answers(self.SELECTS, snapshot(shop(), workload("cart", ready=0))) == []

    def test_a_service_of_nothing_that_runs_is_no_fault(self) -> None:
        assert answers(self.SELECTS, snapshot(shop(), service_for("legacy"))) == []

    @pytest.mark.parametrize("target", [9090, "metrics"])
    def test_a_port_on_which_nothing_listens(self, target: Any) -> None:
        wrong = service_for("cart", target=target, written=600)
        line = 'Get "http://cart:8080/": dial tcp 10.96.0.9:8080: connect: connection refused'
        snap = snapshot(shop(), workload("cart", service=False), wrong, logs=[log(pod("shop"), line)])
        assert answers(self.PORT, snap) == [("Service/cart", "configuration_error", "page_human", "Service/cart")]

    def test_a_release_that_moved_the_port_is_rolled_back(self) -> None:
        moved = workload("cart", port=9090, before={"port": 8080}, service=False)
        line = 'Get "http://cart:8080/": dial tcp 10.96.0.9:8080: connect: connection refused'
        snap = snapshot(shop(), moved, service_for("cart"), logs=[log(pod("shop"), line)])
        assert answers(self.PORT, snap) == [(CART, "configuration_error", "rollback_workload", CART)]

    def test_a_port_that_no_container_declares_is_no_fault_while_nobody_suffers(self) -> None:
        assert (
            answers(self.PORT, snapshot(shop(), workload("cart", service=False), service_for("cart", target=9090)))
            == []
        )

    def test_a_service_that_is_gone_while_its_pods_run(self) -> None:
        line = "dial tcp: lookup cart on 10.96.0.10:53: no such host"
        snap = snapshot(shop(), workload("cart", service=False), logs=[log(pod("shop"), line, line)])
        where = "Service/cart"
        assert answers(service_missing.RULE, snap) == [(where, "configuration_error", "page_human", where)]
        assert ("restart_workload", CART) in excluded(service_missing.RULE, snap)
        assert answers(service_missing.RULE, snapshot(shop(), workload("cart"), logs=snap.logs)) == []

    def test_a_service_for_pods_that_come_and_go(self) -> None:
        canary = service_for("cart-canary", selector={"app": "cart", "track": "canary"})
        assert answers(self.SELECTS, snapshot(shop(), workload("cart"), canary)) == []


class TestRoute:
    RULE = route_leads_nowhere.RULE

    def ingress(self, service: str, port: int = 8080, written: float = 600) -> dict[str, Any]:
        backend = {"service": {"name": service, "port": {"number": port}}}
        rule = {"host": "town.example", "http": {"paths": [{"path": "/", "backend": backend}]}}
        return thing("Ingress", "town", written=written, spec={"rules": [rule]})

    @pytest.mark.parametrize(("service", "port"), [("shop-v2", 8080), ("shop", 80)], ids=["service", "port"])
    def test_an_ingress_to_what_is_not_there(self, service: str, port: int) -> None:
        snap = snapshot(shop(), self.ingress(service, port))
        assert answers(self.RULE, snap) == [("Ingress/town", "configuration_error", "page_human", "Ingress/town")]

    def test_a_route_of_the_gateway_api(self) -> None:
        route = thing(
            "HTTPRoute", "town", written=600, spec={"rules": [{"backendRefs": [{"name": "gone", "port": 80}]}]}
        )
        assert answers(self.RULE, snapshot(shop(), route))[0][0] == "HTTPRoute/town"

    def test_a_backend_in_another_namespace_cannot_be_judged(self) -> None:
        there = {"name": "gone", "port": 80, "namespace": "other"}
        route = thing("HTTPRoute", "town", written=600, spec={"rules": [{"backendRefs": [there]}]})
        assert answers(self.RULE, snapshot(shop(), route)) == []

    def test_an_old_route_that_nobody_misses(self) -> None:
        assert answers(self.RULE, snapshot(shop(), self.ingress("shop-v2", written=90 * 86400))) == []

    def test_a_right_one(self) -> None:
        assert answers(self.RULE, snapshot(shop(), self.ingress("shop"))) == []


class TestNode:
    RULE = node_network.RULE

    @pytest.mark.parametrize(
        "message",
        [
            'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "4f": '
            'plugin type="calico" failed (add): error getting ClusterInformation',
            "Failed to create pod sandbox: ... failed to allocate for range 0: no IP addresses available in range set",
            'networkPlugin cni failed to set up pod "x" network: add cmd: failed to assign an IP address to container',
        ],
    )
    def test_its_pods_get_no_network(self, message: str) -> None:
        told = event(f"Pod/{pod('shop')}", "FailedCreatePodSandBox", message)
        snap = snapshot(shop(ready=1), told)
        assert answers(self.RULE, snap) == [("Node/n1", "network_fault", "page_human", "Node/n1")]

    def test_its_pods_alone_reach_nobody(self) -> None:
        line = "dial tcp 10.96.0.9:8080: i/o timeout"
        logs = [log(pod(name), line) for name in ("shop", "web")] + [
            log(pod(name, 1), "ok") for name in ("shop", "web")
        ]
        snap = snapshot(shop(), workload("web", env=ENV), workload("cart"), logs=logs)
        assert answers(self.RULE, snap) == [("Node/n1", "network_fault", "page_human", "Node/n1")]

    def test_pods_everywhere_point_elsewhere(self) -> None:
        line = "dial tcp 10.96.0.9:8080: i/o timeout"
        logs = [log(pod(name, n), line) for name in ("shop", "web") for n in (0, 1)]
        assert answers(self.RULE, snapshot(shop(), workload("web", env=ENV), workload("cart"), logs=logs)) == []
