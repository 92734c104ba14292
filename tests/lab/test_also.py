"""What runs in another namespace is looked at too, with the rights for it and no other."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from lab.kubectl import kubectl
from lab.paths import Lab
from rbac.generate import also_manifests
from tests.lab.scratch import NAMESPACE, PLATFORM, Scratch, can, scratch_platform, until, workload

pytestmark = pytest.mark.lab

EDGE = "tuheg-edge"
RIGHTS: list[dict[str, Any]] = also_manifests(PLATFORM)
SINGLE = [(resource, verb) for rule in RIGHTS[0]["rules"] for resource in rule["resources"] for verb in rule["verbs"]]
COMMAND = ["redis-server", "--maxmemory", "much"]


def ill() -> dict[str, Any]:
    """A proxy whose program ends at once and says why."""
    made = workload("web", 1, command=COMMAND, readinessProbe=None)
    text = json.dumps(made).replace('"web"', '"edge-proxy"').replace(f'"{NAMESPACE}"', f'"{EDGE}"')
    return dict(json.loads(text))


def granted(lab: Lab, rules: list[dict[str, Any]]) -> None:
    made = copy.deepcopy(RIGHTS)
    made[0]["rules"] = rules
    kubectl(lab, "-n", EDGE, "apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": made}))


def without(resource: str) -> list[dict[str, Any]]:
    rules = [{**rule, "resources": [r for r in rule["resources"] if r != resource]} for rule in RIGHTS[0]["rules"]]
    return [rule for rule in rules if rule["resources"]]


@pytest.fixture(scope="module")
def scratch(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scratch]:
    for made in scratch_platform(lab, tmp_path_factory.mktemp("home")):
        kubectl(lab, "create", "namespace", EDGE)
        try:
            kubectl(lab, "-n", EDGE, "apply", "-f", "-", stdin=json.dumps(ill()))
            until(lambda: "BackOff" in kubectl(lab, "-n", EDGE, "get", "events"), limit_s=60)
            yield made
        finally:
            kubectl(lab, "delete", "namespace", EDGE, "--wait", timeout=120)


def test_without_a_right_of_its_own_nothing_is_seen_there_and_that_is_told(scratch: Scratch) -> None:
    done = scratch.command("diagnose", "-n", NAMESPACE, "--also", EDGE)
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()[-1]
    assert told.startswith("no right to read: ")
    assert told.endswith(f", namespace {EDGE}")
    assert "edge-proxy" not in done.stdout


def test_what_crashes_there_is_found_by_its_log(scratch: Scratch) -> None:
    granted(scratch.lab, RIGHTS[0]["rules"])
    until(lambda: can(scratch.lab, "get", "pods/log", EDGE) == "yes")
    done = scratch.command("diagnose", "-n", NAMESPACE, "--also", EDGE, "--format", "json")
    found = json.loads(done.stdout)
    assert [(each["component"], each["namespace"]) for each in found["findings"]] == [("Deployment/edge-proxy", EDGE)]
    assert (found["findings"][0]["root_cause"], found["findings"][0]["remedy"]) == ("configuration_error", "page_human")
    assert "FATAL CONFIG FILE ERROR" in json.dumps(found["findings"][0]["evidence"])
    told = scratch.command("diagnose", "-n", NAMESPACE, "--also", EDGE).stdout
    assert f"Deployment/edge-proxy in {EDGE}: " in told


@pytest.mark.parametrize(("resource", "verb"), SINGLE, ids=[resource for resource, _ in SINGLE])
def test_a_right_that_is_missing_there_is_named(scratch: Scratch, resource: str, verb: str) -> None:
    granted(scratch.lab, without(resource))
    until(lambda: can(scratch.lab, verb, resource, EDGE) == "no")
    notes = scratch.snapshot("--also", EDGE).result["facts"]["notes"]
    assert [note for note in notes if verb in note and resource in note], notes


@pytest.mark.parametrize(
    ("verb", "resource"),
    [
        ("list", "secrets"),
        ("delete", "pods"),
        ("patch", "deployments"),
        ("create", "pods/exec"),
        ("create", "configmaps"),
    ],
)
def test_nothing_can_be_changed_there(scratch: Scratch, verb: str, resource: str) -> None:
    granted(scratch.lab, RIGHTS[0]["rules"])
    assert can(scratch.lab, verb, resource, EDGE) == "no"
