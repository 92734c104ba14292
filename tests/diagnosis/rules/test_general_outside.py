"""What changed outside of any template: names, ports, labels, policies, rights, secrets."""

from __future__ import annotations

import pytest

from tests.diagnosis.rules.general import Worlds, alert, errors, ingress, rate
from tests.diagnosis.rules.pods import looping, pods_of, put, waiting
from tests.diagnosis.rules.tiny import (
    DAY,
    event,
    figure,
    log,
    pod,
    secret_key,
    service_for,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.model import Snapshot

WORLDS = Worlds()
OLD = {"image": "registry.example/app:0"}


@WORLDS.world(
    ("ConfigMap/api-config", "configuration_error", "page_human"), harmful=("rollback_workload", "restart_workload")
)
def cm_recreated() -> Snapshot:
    o = workload("api", spec={"volumes": [{"name": "c", "configMap": {"name": "api-config"}}]})
    for x in pods_of(o):
        put(x, looping(lived=4), ready=False, unready=300)
    o[0]["status"]["readyReplicas"] = 0
    return snapshot(
        o,
        thing("ConfigMap", "api-config", age=400, data={"a": "b"}),
        logs=[log(pod("api"), "failed to parse config: yaml: line 3: mapping values are not allowed", previous=True)],
    )


@WORLDS.world(
    ("Secret/db-cred", "configuration_error", "page_human"), ("Deployment/api", "configuration_error", "page_human")
)
def secret_key_renamed() -> Snapshot:
    o = workload("api", env={"PW": secret_key("db-cred", "password")})
    for x in pods_of(o)[:1]:
        put(
            x,
            waiting("CreateContainerConfigError", "couldn't find key password in Secret town/db-cred"),
            ready=False,
            unready=300,
        )
    o[0]["status"]["readyReplicas"] = 1
    return snapshot(
        o,
        thing("Secret", "db-cred", written=900, data={"DB_PASSWORD": "sha256:00"}),
        event(f"Pod/{pod('api')}", "Failed", "Error: couldn't find key password in Secret town/db-cred"),
    )


@WORLDS.world(("Service/pay", "configuration_error", "page_human"), ("Service/pay", "network_fault", "page_human"))
def svc_port_renamed() -> Snapshot:
    o = workload("pay", service=False)
    s = service_for("pay", port=9090, target=8080, written=700)
    return snapshot(
        o,
        s,
        workload("shop", env={"PAY_URL": "http://pay:8080"}),
        figures=[errors("shop", 0.5), rate("shop")],
        logs=[log(pod("shop"), *["dial tcp 10.96.0.91:8080: i/o timeout calling http://pay:8080/charge"] * 8)],
    )


@WORLDS.world(("Ingress/shop", "configuration_error", "page_human"), ("Ingress/shop", "network_fault", "page_human"))
def ingress_class_changed() -> Snapshot:
    i = thing(
        "Ingress",
        "shop",
        written=600,
        spec={
            "ingressClassName": "traefik",
            "rules": [
                {
                    "host": "shop.example",
                    "http": {
                        "paths": [{"path": "/", "backend": {"service": {"name": "shop", "port": {"number": 8080}}}}]
                    },
                }
            ],
        },
    )
    i2 = thing(
        "Ingress",
        "blog",
        spec={
            "ingressClassName": "nginx",
            "rules": [
                {
                    "host": "blog.example",
                    "http": {
                        "paths": [{"path": "/", "backend": {"service": {"name": "blog", "port": {"number": 8080}}}}]
                    },
                }
            ],
        },
    )
    return snapshot(
        workload("shop"),
        workload("blog"),
        i,
        i2,
        figures=[rate("shop", 40, 0.0), rate("blog")],
        alerts=[alert("ShopNoTraffic", service="shop")],
    )


@WORLDS.world(
    ("Namespace/town", "network_fault", "page_human"),
    ("Namespace/town", "configuration_error", "page_human"),
    ("NetworkPolicy/allow", "network_fault", "page_human"),
    ("NetworkPolicy/allow", "configuration_error", "page_human"),
    ("Deployment/api", "network_fault", "page_human"),
    ("NetworkPolicy/allow", "network_fault", "page_human"),
    harmful=("restart_workload", "rollback_workload"),
)
def namespace_label_gone() -> Snapshot:
    np = thing(
        "NetworkPolicy",
        "allow",
        age=90 * DAY,
        spec={
            "podSelector": {},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"tier": "edge"}}}]}],
        },
    )
    return snapshot(
        thing("Namespace", "town", written=700),
        thing("Namespace", "ingress-nginx", written=700),
        workload("api"),
        np,
        ingress("api", "api.example"),
        figures=[figure("request_rate", 40, 0, 680, component="api"), errors("api", 0.001)],
        alerts=[alert("ProbeDown", service="api")],
    )


@WORLDS.world(
    ("Service/pay", "configuration_error", "page_human"),
    ("Service/pay", "network_fault", "page_human"),
    harmful=("restart_workload", "rollback_workload"),
)
def labels_changed_release() -> Snapshot:
    s = service_for("pay", selector={"app": "pay", "tier": "old"}, written=600)
    return snapshot(
        workload("pay", service=False),
        s,
        workload("web", env={"P": "http://pay:8080"}),
        figures=[errors("web", 0.9)],
        logs=[log(pod("web"), *["connect ECONNREFUSED pay:8080"] * 9)],
    )


@WORLDS.world(
    ("Deployment/api", "configuration_error", "page_human"),
    ("ConfigMap/conf", "configuration_error", "page_human"),
    harmful=("rollback_workload",),
)
def url_changed_cm() -> Snapshot:
    return snapshot(
        workload("pay"),
        workload("api", started=480, spec={"volumes": [{"name": "c", "configMap": {"name": "conf"}}]}),
        thing("ConfigMap", "conf", written=600, data={"PAY_URL": "http://payment:8080"}),
        figures=[errors("api", 0.9, 480)],
        logs=[log(pod("api"), *["java.net.UnknownHostException: payment"] * 9, since=470)],
    )


@WORLDS.world(
    ("Deployment/api", "dependency_failure", "page_human"),
    ("Service/legacy", "dependency_failure", "page_human"),
    harmful=("rollback_workload", "restart_workload"),
)
def external_name() -> Snapshot:
    s = thing("Service", "legacy", spec={"type": "ExternalName", "externalName": "legacy.corp.example"})
    return snapshot(
        workload("api", env={"L": "http://legacy"}),
        s,
        figures=[errors("api", 0.9)],
        logs=[log(pod("api"), *["GET http://legacy/api 503 Service Unavailable"] * 9)],
    )


@WORLDS.world(("Deployment/api", "dependency_failure", "page_human"), harmful=("rollback_workload", "restart_workload"))
def outside_db() -> Snapshot:
    return snapshot(
        workload(
            "api", env={"DATABASE_URL": "postgres://a@db.eu.rds.example.com:5432/a"}, before=OLD, released=3 * DAY
        ),
        figures=[errors("api", 0.9)],
        logs=[
            log(
                pod("api"),
                *['connection to server at "db.eu.rds.example.com" (52.1.2.3), port 5432 failed: Connection timed out']
                * 9,
            )
        ],
    )


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_the_answer_is_right_and_does_no_harm(name: str) -> None:
    WORLDS.judge(name)
