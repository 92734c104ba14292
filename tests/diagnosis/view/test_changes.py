"""What differs between two templates: other code, other configuration, or nothing that matters."""

from __future__ import annotations

from typing import Any

import pytest

from tuheg_ir.diagnosis.view.changes import changes, needs, reads

Obj = dict[str, Any]


def template(annotations: Obj | None = None, spec: Obj | None = None, **container: Any) -> Obj:
    held = {"name": "app", "image": "app:1", **container}
    return {"metadata": {"annotations": annotations or {}}, "spec": {"containers": [held], **(spec or {})}}


def aspects(before: Obj, after: Obj) -> set[tuple[str, str]]:
    return {(change.aspect, change.field) for change in changes(before, after)}


PROBE = {"httpGet": {"path": "/", "port": 80}}


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({}, {"image": "app:2"}, {("image", "image")}),
        ({"env": [{"name": "A", "value": "1"}]}, {"env": [{"name": "A", "value": "2"}]}, {("env", "env A")}),
        ({}, {"envFrom": [{"configMapRef": {"name": "x"}}]}, {("env", "envFrom")}),
        (
            {"resources": {"limits": {"cpu": "1", "memory": "1Gi"}}},
            {"resources": {"limits": {"cpu": "500m", "memory": "1024Mi"}}},
            {("limits", "limits.cpu")},
        ),
        ({"readinessProbe": PROBE}, {"readinessProbe": {**PROBE, "periodSeconds": 3}},
         {("probe", "readinessProbe.periodSeconds")}),
        ({"livenessProbe": PROBE}, {}, {("probe", "livenessProbe")}),
        ({"args": ["a"]}, {"args": ["b"]}, {("command", "args")}),
        ({}, {"volumeMounts": [{"name": "a"}]}, {("mounts", "volumeMounts")}),
        ({"ports": [{"containerPort": 1}]}, {"ports": [{"containerPort": 2}]}, {("ports", "ports")}),
    ],
)  # fmt: skip
def test_each_field_has_its_aspect(before: Obj, after: Obj, found: set[tuple[str, str]]) -> None:
    assert aspects(template(**before), template(**after)) == found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (template(), template(spec={"restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "securityContext": {}})),
        (template(), template({"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"})),
        (template({"checksum/config": "a"}), template({"checksum/config": "b"})),
        (template(), template(env=[{"name": "STAKATER_APP_KEYS_SECRET", "value": "9f3c"}])),
        (template(), template({"reloader.stakater.com/last-reloaded-from": "{}"})),
        (template(resources={"limits": {"cpu": "0.5"}}), template(resources={"limits": {"cpu": "500m"}})),
        (
            template(readinessProbe=PROBE),
            template(readinessProbe={**PROBE, "timeoutSeconds": 1, "failureThreshold": 3}),
        ),
        (template(env=[]), template()),
        (template(), template(imagePullPolicy="Always", terminationMessagePath="/dev/termination-log")),
    ],
)
def test_what_brings_nothing_back_is_no_change(before: Obj, after: Obj) -> None:
    assert changes(before, after) == ()


def test_a_selector_is_placement_and_a_volume_is_a_mount() -> None:
    assert aspects(template(), template(spec={"nodeSelector": {"disk": "ssd"}})) == {("placement", "nodeSelector")}
    assert aspects(template(), template(spec={"volumes": [{"name": "x"}]})) == {("mounts", "volumes")}


def labelled(**labels: str) -> Obj:
    made = template()
    made["metadata"]["labels"] = {"app": "shop", **labels}
    return made


def test_other_labels_are_told_but_not_the_marks_of_controllers_and_charts() -> None:
    before = labelled(**{"db-client": "true", "pod-template-hash": "a", "helm.sh/chart": "base-1"})
    after = labelled(**{"pod-template-hash": "b", "helm.sh/chart": "base-2", "app.kubernetes.io/version": "2"})
    assert [each.told() for each in changes(before, after)] == ["label db-client true -> unset"]


def test_labels_that_a_revision_does_not_show_are_no_change() -> None:
    assert changes(template(), labelled()) == ()


def test_a_container_that_came_is_told() -> None:
    after = template()
    after["spec"]["containers"].append({"name": "proxy", "image": "proxy:1"})
    assert [(c.container, c.field, c.after) for c in changes(template(), after)] == [("proxy", "container", "proxy")]


def test_values_of_secrets_are_never_told() -> None:
    before, after = (template(env=[{"name": "DB_PASSWORD", "value": value}]) for value in ("hunter2", "s3cr3t"))
    told = changes(before, after)[0].told()
    assert "hunter2" not in told
    assert "s3cr3t" not in told


def test_needs_name_keys_and_leave_out_what_is_optional() -> None:
    env = [
        {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}},
        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "p", "optional": True}}},
    ]
    volumes = [
        {"name": "v", "projected": {"sources": [{"secret": {"name": "t"}}]}},
        {"name": "w", "persistentVolumeClaim": {"claimName": "d"}},
    ]
    made = template(env=env, spec={"volumes": volumes})
    assert set(needs(made)) == {("ConfigMap", "c", "k"), ("Secret", "t", ""), ("PersistentVolumeClaim", "d", "")}
    assert ("Secret", "s") in reads(made)
