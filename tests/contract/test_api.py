"""Every request of cases.yml gets the same answer from each server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.places import NAMESPACE, Server, everywhere, place
from tests.contract.values import at
from tests.sim.api_client import JSON, MERGE, STRATEGIC, TABLE

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "cases.yml").read_text(encoding="utf-8"))
KINDS = {"merge": MERGE, "strategic": STRATEGIC, "json": JSON, "plain": "application/json"}


@pytest.mark.parametrize(("server", "case"), everywhere(CASES), indirect=["server"])
def test_a_request_is_answered_alike(server: Server, case: dict[str, Any]) -> None:
    method, path, *rest = case["request"]
    body = rest[0] if rest else None
    kind = rest[1] if len(rest) > 1 else "plain"
    sent = None if body is None else json.loads(json.dumps(body).replace("{ns}", NAMESPACE))
    client = server.limited if case.get("as") == "account" else server.api
    reply = client(method, place(path), sent, kind=KINDS[kind])
    expected = case["expect"]
    assert reply.code == expected["code"], reply.body
    if "text" in expected:
        assert reply.body == expected["text"]
    elif "message" in expected:
        assert reply.message == expected["message"]
        assert reply.body.get("reason") == expected.get("reason")
    for field, value in expected.get("has", {}).items():
        assert at(reply.body, field) == value


def test_names_of_columns_are_alike(server: Server) -> None:
    shown = {
        plural: [
            (column["name"], column["type"], column["priority"])
            for column in server.api("GET", place(plural), accept=TABLE).body["columnDefinitions"]
        ]
        for plural in ("pods", "deployments", "replicasets", "statefulsets", "ingresses", "leases")
    }
    assert shown == COLUMNS


COLUMNS = {
    "pods": [
        ("Name", "string", 0),
        ("Ready", "string", 0),
        ("Status", "string", 0),
        ("Restarts", "string", 0),
        ("Age", "string", 0),
        ("IP", "string", 1),
        ("Node", "string", 1),
        ("Nominated Node", "string", 1),
        ("Readiness Gates", "string", 1),
    ],
    "deployments": [
        ("Name", "string", 0),
        ("Ready", "string", 0),
        ("Up-to-date", "string", 0),
        ("Available", "string", 0),
        ("Age", "string", 0),
        ("Containers", "string", 1),
        ("Images", "string", 1),
        ("Selector", "string", 1),
    ],
    "replicasets": [
        ("Name", "string", 0),
        ("Desired", "integer", 0),
        ("Current", "integer", 0),
        ("Ready", "integer", 0),
        ("Age", "string", 0),
        ("Containers", "string", 1),
        ("Images", "string", 1),
        ("Selector", "string", 1),
    ],
    "statefulsets": [
        ("Name", "string", 0),
        ("Ready", "string", 0),
        ("Age", "string", 0),
        ("Containers", "string", 1),
        ("Images", "string", 1),
    ],
    "ingresses": [
        ("Name", "string", 0),
        ("Class", "string", 0),
        ("Hosts", "string", 0),
        ("Address", "string", 0),
        ("Ports", "string", 0),
        ("Age", "string", 0),
    ],
    "leases": [("Name", "string", 0), ("Holder", "string", 0), ("Age", "string", 0)],
}

# What a plain Deployment becomes when it is stored.
DEFAULTS = {
    "progressDeadlineSeconds": 600,
    "revisionHistoryLimit": 10,
    "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
}
POD_DEFAULTS = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
}
CONTAINER = {
    "name": "main",
    "image": "registry.invalid/none:1",
    "imagePullPolicy": "IfNotPresent",
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "readinessProbe": {
        "httpGet": {"path": "/", "port": 80, "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    },
}


def test_defaults_are_alike(server: Server) -> None:
    spec = server.api("GET", place("deployments/web")).body["spec"]
    pod = spec["template"]["spec"]
    assert {key: spec[key] for key in DEFAULTS} == DEFAULTS
    assert {key: value for key, value in pod.items() if key != "containers"} == POD_DEFAULTS
    assert pod["containers"] == [CONTAINER]


def test_the_first_revision_is_alike(server: Server) -> None:
    web = server.api("GET", place("deployments/web")).body
    (owned,) = server.api("GET", place("replicasets")).body["items"]
    revision = {"deployment.kubernetes.io/revision": "1"}
    sizes = {"deployment.kubernetes.io/desired-replicas": "0", "deployment.kubernetes.io/max-replicas": "0"}
    assert web["metadata"]["annotations"] == revision
    assert owned["metadata"]["annotations"] == revision | sizes
    assert owned["metadata"]["name"] == f"web-{owned['metadata']['labels']['pod-template-hash']}"
    assert owned["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "name": "web",
            "uid": web["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]
    assert web["metadata"]["generation"] == 1
