"""The account's rights are what the platform's description needs: named, and nothing wild."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from rbac import generate
from tuheg_ir.diagnosis.collector.reads import READS

PLATFORM: dict[str, Any] = {
    "ir_namespace": "ns",
    "ir_services": {
        "web": {"kind": "Deployment", "replicas": {"surge": 3}, "hpa": "web-hpa", "ingress": "main"},
        "db": {"kind": "StatefulSet", "replicas": {"surge": 2}, "database": {"exec_pod": "db-0"}},
    },
}


def rules(platform: dict[str, Any]) -> list[dict[str, Any]]:
    account, role, binding = generate.manifests(platform)
    assert {each["metadata"]["namespace"] for each in (account, role, binding)} == {platform["ir_namespace"]}
    return list(role["rules"])


def named(resource: str, verb: str, platform: dict[str, Any] = PLATFORM) -> list[str]:
    """The names on which a verb is granted."""
    found = [rule for rule in rules(platform) if resource in rule["resources"] and verb in rule["verbs"]]
    return [name for rule in found for name in rule.get("resourceNames", ["*"])]


def test_the_manifest_in_the_checkout_is_up_to_date() -> None:
    assert generate.main(["--check"]) == 0


def test_a_manifest_that_is_out_of_date_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "MANIFEST", tmp_path / "tuheg-ir.yml")
    for name in ("nodes", "also", "secrets"):
        monkeypatch.setattr(generate, f"{name.upper()}_MANIFEST", tmp_path / f"{name}.yml")
    assert generate.main(["--check"]) == 1
    told = "is out of date. Next: python rbac/generate.py\n"
    assert capsys.readouterr().err == "".join(f"{name}.yml {told}" for name in ("tuheg-ir", "nodes", "also", "secrets"))
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0


def test_another_platforms_rights_can_be_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    described = tmp_path / "clusters.yml"
    described.write_text(yaml.safe_dump(PLATFORM), encoding="utf-8")
    assert generate.main(["--platform", str(described), "--print"]) == 0
    assert list(yaml.safe_load_all(capsys.readouterr().out)) == generate.manifests(PLATFORM)


@pytest.mark.parametrize(
    ("resource", "verb", "names"),
    [
        ("deployments", "patch", ["web"]),
        ("statefulsets", "patch", ["db"]),
        ("horizontalpodautoscalers", "patch", ["web-hpa"]),
        ("pods", "delete", ["db-0", "db-1"]),
        ("pods/exec", "create", ["db-0"]),
        ("leases", "update", ["tuheg-ir-db", "tuheg-ir-web"]),
        ("configmaps", "update", ["tuheg-ir-last-good-db", "tuheg-ir-last-good-web"]),
        ("secrets", "get", []),
        ("secrets", "list", []),
        ("nodes", "list", []),
    ],
)
def test_what_changes_something_is_granted_by_name(resource: str, verb: str, names: list[str]) -> None:
    assert named(resource, verb) == names


@pytest.mark.parametrize("made", [generate.node_manifests, generate.also_manifests, generate.secret_manifests])
def test_what_may_be_chosen_beside_changes_nothing(made: Callable[[dict[str, Any]], list[dict[str, Any]]]) -> None:
    role, binding = made(PLATFORM)
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} <= {"get", "list"}
    assert (binding["roleRef"]["kind"], binding["roleRef"]["name"]) == (role["kind"], role["metadata"]["name"])
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "tuheg-ir", "namespace": "ns"}]


def test_another_namespace_is_read_as_far_as_a_diagnosis_asks_and_without_secrets() -> None:
    role, binding = generate.also_manifests(PLATFORM)
    granted = {resource for rule in role["rules"] for resource in rule["resources"]}
    assert granted == {each.plural for each in READS if each.also} | {"pods/log"}
    assert "namespace" not in (role["metadata"] | binding["metadata"]), "it is applied to any namespace"


def test_nothing_is_granted_by_a_wildcard_and_only_what_cannot_be_named_is_created_freely() -> None:
    for rule in rules(PLATFORM):
        assert "*" not in (*rule["apiGroups"], *rule["resources"], *rule["verbs"])
        if "resourceNames" not in rule:
            assert set(rule["verbs"]) <= {"get", "list", "watch", "create"}
    free = {
        name
        for rule in rules(PLATFORM)
        for name in rule["resources"]
        if "resourceNames" not in rule and "create" in rule["verbs"]
    }
    assert free == {"leases", "configmaps"}


def test_what_a_platform_does_not_have_is_not_granted() -> None:
    small = {"ir_namespace": "ns", "ir_services": {"web": {"kind": "Deployment"}}}
    for resource, verb in (
        ("statefulsets", "patch"),
        ("pods/exec", "create"),
        ("pods", "delete"),
    ):
        assert named(resource, verb, small) == []


def test_the_optional_right_is_to_list_what_no_namespace_holds_and_nothing_else() -> None:
    role, binding = generate.node_manifests(PLATFORM)
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"list"}
    granted = {resource for rule in role["rules"] for resource in rule["resources"]}
    assert granted == {each.plural for each in READS if not each.namespaced}
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "tuheg-ir", "namespace": "ns"}]
