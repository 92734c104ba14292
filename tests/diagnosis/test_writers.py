"""Who wrote an object, and which of its fields, as `managedFields` tell."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.rules.scenes import SHOP, errors
from tests.diagnosis.rules.tiny import NOW, at, meta, snapshot, thing, workload
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.objects import slim
from tuheg_ir.diagnosis.view.reading import last_write, written
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.written import by_whom
from tuheg_ir.diagnosis.writers import MOST, fields, writer

PORT: dict[str, Any] = {"f:spec": {"f:ports": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:targetPort": {}}}}}
LABELS: dict[str, Any] = {"f:metadata": {"f:labels": {".": {}, "f:team": {}}}}


@pytest.mark.parametrize(
    ("tree", "told"),
    [
        ({"f:spec": {"f:selector": {"f:app": {}}}}, ("spec.selector.app",)),
        (PORT, ("spec.ports[port=80,protocol=TCP].targetPort",)),
        ({"f:data": {"f:pool.conf": {}}}, ("data.pool.conf",)),
        ({"f:data": {".": {}}}, ("data",)),
        (LABELS, ("metadata.labels.team",)),
        ({**LABELS, "f:data": {"f:a": {}}}, ("data.a",)),
        ({"f:metadata": {"f:finalizers": {'v:"secret-value"': {}}}}, ("metadata.finalizers",)),
        ({"f:spec": {"k:not json": {}}}, ("spec[]",)),
        ({"f:data": {f"f:{n}": {} for n in range(4)}}, ()),
        ({}, ()),
        ("nonsense", ()),
    ],
)
def test_fields_are_told_by_their_paths_where_they_are_few(tree: Any, told: tuple[str, ...]) -> None:
    assert fields(writer({"manager": "kubectl-edit", "fieldsV1": tree})) == told


@pytest.mark.parametrize(("count", "kept"), [(MOST, True), (MOST + 1, False)])
def test_of_who_wrote_the_object_as_a_whole_no_fields_are_kept(count: int, kept: bool) -> None:
    entry = {"manager": "helm", "time": at(60), "fieldsV1": {"f:data": {f"f:{n}": {} for n in range(count)}}}
    assert ("fieldsV1" in writer(entry)) == kept
    assert writer(writer(entry)) == writer(entry)


def test_no_value_is_kept() -> None:
    assert "hunter2" not in str(writer({"fieldsV1": {"f:metadata": {"f:finalizers": {'v:"hunter2"': {}}}}}))


def test_status_alone_is_no_content() -> None:
    assert writer({"manager": "m", "fieldsV1": {"f:status": {"f:x": {}}}}) == {"manager": "m", "subresource": "status"}


@pytest.mark.parametrize(
    ("kind", "tree", "is_edit"),
    [
        ("ConfigMap", LABELS, False),
        ("Secret", LABELS, False),
        ("ResourceQuota", LABELS, False),
        ("ConfigMap", {"f:data": {"f:a": {}}}, True),
        ("ConfigMap", {"f:metadata": {}}, True),
        ("Ingress", LABELS, True),
        ("Service", LABELS, True),
    ],
    ids=["map", "secret", "quota", "its data", "unknown", "annotations of an ingress count", "of a service too"],
)
def test_labels_alone_are_no_edit_of_what_is_read_for_its_content(kind: str, tree: Any, is_edit: bool) -> None:
    obj: dict[str, Any] = {"kind": kind, "metadata": meta("x", age=9000)}
    obj["metadata"]["managedFields"] = [{"manager": "kubectl-label", "time": at(60), "fieldsV1": tree}]
    kept = slim(obj)
    assert (last_write(kept) is not None) == is_edit
    assert (written(kept) != written({"metadata": meta("x", age=9000)})) == is_edit


def edited_map(tree: Any = None) -> dict[str, Any]:
    found = thing("ConfigMap", "shop", written=300, data={"pool": "5"})
    found["metadata"]["managedFields"][0] |= {"fieldsV1": tree} if tree else {}
    return found


@pytest.mark.parametrize(
    ("tree", "told"),
    [({"f:data": {"f:pool": {}}}, "changed (kubectl-edit wrote data.pool)"), (None, "changed (kubectl-edit)")],
    ids=["its field", "who alone"],
)
def test_the_first_fact_of_an_edit_says_who_wrote_what(tree: Any, told: str) -> None:
    view = View.of(snapshot([edited_map(tree)]))
    time = last_write(view.objects("ConfigMap")["shop"])
    facts = [Evidence("objects", "ConfigMap/shop", "changed", time)] * 2
    assert [each.fact for each in by_whom(view, facts)] == [told, "changed"]


@pytest.mark.parametrize(
    "fact",
    [
        Evidence("objects", "ConfigMap/shop", "changed", NOW),
        Evidence("objects", "ConfigMap/other", "changed", NOW),
        Evidence("objects", "ConfigMap/shop", "changed"),
        Evidence("logs", "ConfigMap/shop", "changed", NOW),
    ],
    ids=["of another moment", "of what is not there", "of no moment", "of a log"],
)
def test_other_facts_stay_as_they_are(fact: Evidence) -> None:
    assert list(by_whom(View.of(snapshot([edited_map()])), [fact])) == [fact]


@pytest.mark.parametrize(
    ("tree", "told"),
    [
        ({"f:spec": {"f:replicas": {}}}, ["scaled (kubectl wrote spec.replicas)"]),
        ({"f:spec": {"f:replicas": {}, "f:template": {}}}, ["scaled"]),
        (None, ["scaled"]),
    ],
    ids=["its replicas", "its template too", "unknown"],
)
def test_of_a_workload_it_is_told_where_its_template_was_not_written(tree: Any, told: list[str]) -> None:
    objects = workload("shop")
    entry = {"manager": "kubectl", "time": at(300), **({"fieldsV1": tree} if tree else {})}
    objects[0]["metadata"]["managedFields"] = [entry]
    view = View.of(snapshot(objects))
    fact = Evidence("objects", SHOP, "scaled", last_write(objects[0]))
    assert [each.fact for each in by_whom(view, [fact])] == told


def test_a_finding_names_the_field_that_was_edited() -> None:
    objects = workload("shop", envFrom=[{"configMapRef": {"name": "shop"}}])
    objects[0]["spec"]["template"]["spec"]["volumes"] = [{"name": "c", "configMap": {"name": "shop"}}]
    edit = thing("ConfigMap", "shop", written=660, data={"pool": "5"})
    edit["metadata"]["managedFields"][0]["fieldsV1"] = {"f:data": {"f:pool": {}}}
    found = decide(snapshot([*objects, edit], figures=[errors("shop")])).findings[0]
    assert found.component == "ConfigMap/shop"
    assert [each.fact for each in found.evidence if "kubectl-edit wrote data.pool" in each.fact]
