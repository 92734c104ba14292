"""Objects become slim, in shape and without secrets, whatever they were."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.diagnosis.strategies import JSON, odd_objects
from tuheg_ir.diagnosis.moments import moment
from tuheg_ir.diagnosis.objects import NODES, slim
from tuheg_ir.diagnosis.seal import is_seal, seal

SECRET = "hunter2-Xy7"


def meta(**more: Any) -> dict[str, Any]:
    return {"name": "web", "namespace": "shop", "uid": "u-1", **more}


def pod(*env: dict[str, Any], **more: Any) -> dict[str, Any]:
    container = {"name": "web", "image": "web:1", "env": list(env), **more}
    return {"kind": "Pod", "metadata": meta(), "spec": {"containers": [container]}}


def env_of(obj: Any) -> dict[str, str]:
    return {each["name"]: each["value"] for each in obj["spec"]["containers"][0]["env"]}


HOLDERS = [
    {"kind": "Secret", "metadata": meta(), "data": {"password": SECRET, "other": SECRET}, "stringData": {"x": SECRET}},
    {"kind": "Secret", "metadata": meta(), "data": SECRET, "surprise": {"deep": [SECRET]}},
    {"kind": "Secret", "metadata": meta(), "data": {"list": [SECRET], "map": {"x": SECRET}}},
    pod({"name": "DB_PASSWORD", "value": SECRET}),
    pod({"name": "URL", "value": f"postgres://app:{SECRET}@db:5432/x"}),
    pod(args=[f"--token={SECRET}"], command=["run", f"--api-key {SECRET}"]),
    {
        "kind": "Deployment",
        "metadata": meta(annotations={"kubectl.kubernetes.io/last-applied-configuration": SECRET, "token": SECRET}),
    },
    {"kind": "Widget", "metadata": meta(), "spec": {"auth": {"password": SECRET}}},
    {"kind": "Event", "metadata": meta(), "message": f"failed: password={SECRET}"},
    {"kind": "Event", "metadata": meta(), "note": f"Authorization: Bearer {SECRET}"},
    {"kind": "Pod", "metadata": meta(), "status": {"message": f"dial redis://:{SECRET}@cache:6379"}},
    {"kind": "ConfigMap", "metadata": meta(), "data": {"app.yml": f"db:\n  password: {SECRET}\n"}},
]


@pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: str(sorted(holder))[:40])
def test_a_secret_never_enters(holder: dict[str, Any]) -> None:
    kept = slim(holder)
    assert kept is not None
    assert SECRET not in json.dumps(kept)


def test_a_secret_keeps_its_keys_and_shows_a_change() -> None:
    old, same, new = (
        slim({"kind": "Secret", "metadata": meta(), "type": "Opaque", "data": {"password": value}})
        for value in ("aGk=", "aGk=", "aG8=")
    )
    assert old is not None
    assert new is not None
    assert set(old["data"]) == {"password"}
    assert is_seal(old["data"]["password"])
    assert old == same
    assert old["data"] != new["data"]
    assert old["type"] == "Opaque"


def test_the_same_value_in_two_secrets_has_two_seals() -> None:
    one, other = (
        slim({"kind": "Secret", "metadata": meta(uid=uid), "data": {"password": "aGk="}}) for uid in ("u-1", "u-2")
    )
    assert one is not None
    assert other is not None
    assert one["data"] != other["data"]


def test_a_seal_confirms_no_guess() -> None:
    right = seal("hunter2", "salt")
    doubles = [guess for guess in (f"guess-{n}" for n in range(40_000)) if seal(guess, "salt") == right]
    assert len(doubles) > 2


def test_a_configmap_of_a_live_cluster_is_sealed_and_one_made_by_hand_is_plain() -> None:
    raw = {"kind": "ConfigMap", "metadata": meta(), "data": {"POOL": "50"}}
    by_hand, live = slim(raw), slim(raw, hide_config=True)
    assert by_hand is not None
    assert live is not None
    assert by_hand["data"] == {"POOL": "50"}
    assert is_seal(live["data"]["POOL"])


def test_settings_stay_comparable_between_revisions() -> None:
    old = slim(
        pod({"name": "N", "value": "1"}, {"name": "DB", "value": "pg://a:x@db/s"}, {"name": "TOKEN", "value": "x"})
    )
    new = slim(
        pod({"name": "N", "value": "1"}, {"name": "DB", "value": "pg://a:y@db/s"}, {"name": "TOKEN", "value": "x"})
    )
    changed = {name for name, value in env_of(old).items() if env_of(new)[name] != value}
    assert changed == {"DB"}
    assert env_of(old)["N"] == "1"
    assert env_of(old)["DB"].startswith("pg://a:***@db/s")


@pytest.mark.parametrize("value", [False, True, "false", "True", ""])
def test_a_truth_value_is_no_secret_and_stays_what_it_is_when_it_is_read_again(value: Any) -> None:
    kept = slim({"kind": "Pod", "metadata": meta(labels={"password": value})})
    assert kept is not None
    assert kept["metadata"]["labels"]["password"].lower() == str(value).lower()
    assert slim(kept) == kept


def test_where_a_secret_is_stays_readable() -> None:
    reference = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "db", "key": "token"}}}
    raw = pod(reference)
    raw["spec"]["volumes"] = [{"name": "tls", "secret": {"secretName": "web-tls"}}]
    kept = slim(raw)
    assert kept is not None
    assert kept["spec"]["containers"][0]["env"] == [reference]
    assert kept["spec"]["volumes"] == [{"name": "tls", "secret": {"secretName": "web-tls"}}]


MANY: dict[str, Any] = {f"f:{number}": {} for number in range(20)}


def test_who_changed_a_configuration_and_when_is_kept_without_the_fields_of_who_wrote_all() -> None:
    entry = {"manager": "kubectl", "operation": "Update", "time": "2025-11-05T14:00:00Z"}
    raw = {"kind": "NetworkPolicy", "metadata": meta(managedFields=[{**entry, "fieldsV1": {"f:spec": MANY}}])}
    kept = slim(raw)
    assert kept is not None
    assert kept["metadata"]["managedFields"] == [entry]
    assert "managedFields" not in (slim({**raw, "kind": "Pod"}) or {})["metadata"]


def test_of_a_node_is_kept_who_wrote_its_labels_and_nobody_else() -> None:
    at = {"operation": "Update", "time": "2025-11-05T14:00:00Z"}
    labelled = {**at, "manager": "kubectl-label", "fieldsV1": {"f:metadata": {"f:labels": {"f:zone": {}}}}}
    others = [
        {**at, "manager": "kubelet", "subresource": "status", "fieldsV1": {"f:metadata": {"f:labels": {}}}},
        {**at, "manager": "calico-node", "fieldsV1": {"f:metadata": {"f:annotations": {"f:asn": {}}}}},
        {**at, "manager": "nobody"},
    ]
    kept = slim({"kind": "Node", "metadata": meta(managedFields=[*others, labelled])})
    assert kept is not None
    assert kept["metadata"]["managedFields"] == [labelled]
    assert "managedFields" not in (slim({"kind": "Node", "metadata": meta(managedFields=others)}) or {})["metadata"]


@pytest.mark.parametrize(("fields", "of_status"), [({"f:status": {}}, True), ({"f:spec": {}, "f:status": {}}, False)])
def test_who_wrote_the_status_alone_changed_no_configuration(fields: dict[str, Any], of_status: bool) -> None:
    entry = {"manager": "kube-controller-manager", "operation": "Update", "time": "2025-11-05T14:00:00Z"}
    kept = slim({"kind": "CronJob", "metadata": meta(managedFields=[{**entry, "fieldsV1": fields}])})
    assert kept is not None
    assert ("subresource" in kept["metadata"]["managedFields"][0]) is of_status


def test_events_of_both_apis_are_alike() -> None:
    about, other = {"kind": "Pod", "name": "web-1"}, {"kind": "Node", "name": "n1"}
    core = {
        "kind": "Event", "metadata": {"name": "e"}, "type": "Warning", "reason": "BackOff", "message": "m", "count": 3,
        "involvedObject": about, "firstTimestamp": "2025-11-05T14:00:00Z", "lastTimestamp": "2025-11-05T14:01:00Z",
        "source": {"component": "kubelet"}, "related": other,
    }  # fmt: skip
    newer = {
        "kind": "Event", "metadata": {"name": "e"}, "type": "Warning", "reason": "BackOff", "note": "m",
        "regarding": about, "eventTime": "2025-11-05T14:00:00Z", "reportingController": "kubelet",
        "series": {"count": 3, "lastObservedTime": "2025-11-05T14:01:00Z"}, "related": other,
    }  # fmt: skip
    kept = slim(core)
    assert kept == slim(newer)
    assert kept is not None
    assert (kept["involvedObject"], kept["related"]) == (about, other)


@pytest.mark.parametrize(
    ("raw", "path", "kept"),
    [
        ({"metadata": {"labels": ["a"]}}, ("metadata", "labels"), None),
        ({"metadata": {"labels": {"v": 1, "on": True}}}, ("metadata", "labels"), {"v": "1", "on": "true"}),
        ({"spec": "broken"}, ("spec",), None),
        ({"spec": {"containers": [1, {"name": "web"}]}}, ("spec", "containers"), [{"name": "web"}]),
        ({"spec": {"replicas": "3"}, "kind": "Deployment"}, ("spec", "replicas"), 3),
        ({"spec": {"replicas": "x"}, "kind": "Deployment"}, ("spec", "replicas"), None),
        ({"metadata": {"creationTimestamp": "yesterday"}}, ("metadata", "creationTimestamp"), None),
    ],
)  # fmt: skip
def test_what_is_out_of_shape_is_left_out(raw: dict[str, Any], path: tuple[str, ...], kept: Any) -> None:
    whole = {"kind": "Pod", **raw, "metadata": {**raw.get("metadata", {}), "name": "web"}}
    found: Any = slim(whole)
    for key in path:
        found = found.get(key) if found else None
    assert found == kept


def test_what_holds_itself_is_no_object() -> None:
    loop: dict[str, Any] = {"kind": "Pod", "metadata": {"name": "web"}}
    loop["spec"] = loop
    assert slim(loop) is None
    assert slim({"kind": "Pod", "metadata": {"name": "web"}, "spec": {"x": [0] * (NODES + 1)}}) is None


@settings(max_examples=60, deadline=None)
@given(JSON)
def test_nothing_crashes_it(raw: Any) -> None:
    assert slim(raw) is None or isinstance(slim(raw), dict)


@settings(max_examples=60, deadline=None)
@given(odd_objects(), st.booleans())
def test_twice_is_once_and_the_outline_can_be_relied_on(raw: Any, hide: bool) -> None:
    kept = slim(raw, hide_config=hide)
    assert kept is not None
    assert slim(kept, hide_config=hide) == kept
    assert json.loads(json.dumps(kept)) == kept
    assert isinstance(kept["metadata"].get("labels", {}), dict)
    assert isinstance(kept.get("spec", {}), dict) or kept["kind"] in ("Event", "Secret")
    created = kept["metadata"].get("creationTimestamp")
    assert created is None or moment(created) is not None or kept["kind"] == "Event"


def test_a_command_keeps_no_secret_among_its_words() -> None:
    container = {"name": "x", "command": ["redis-cli"], "args": ["-a", "hunter2", "--port", "6379"]}
    kept = slim({"kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}})
    assert kept is not None
    flag, sealed, *rest = kept["spec"]["containers"][0]["args"]
    assert (flag, rest) == ("-a", ["--port", "6379"])
    assert is_seal(sealed)
