"""How a break is made, and when its symptom is there: without a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.breaks import client_deployment, of_demand, release_patch
from lab.faults import Client, Release, load_breaks
from lab.paths import Lab
from lab.probing import Verdict
from lab.symptoms import Measure, all_there, crashed, from_probe, newest_replicaset


def test_a_release_changes_image_and_environment_of_the_main_container_only() -> None:
    patch = release_patch("backend-gateway", Release("1.1.0", {"GATEWAY_FAULT": "errors"}))
    (container,) = patch["spec"]["template"]["spec"]["containers"]
    assert container == {
        "name": "gateway",
        "image": "registry.invalid/lab/backend-gateway:1.1.0",
        "env": [{"name": "GATEWAY_VERSION", "value": "1.1.0"}, {"name": "GATEWAY_FAULT", "value": "errors"}],
    }
    assert list(patch["spec"]) == ["template"]


def test_a_client_is_a_deployment_of_its_own_with_limits() -> None:
    made = client_deployment(Client("report-runner", "report-runner:1", {"REPORT_SESSIONS": "40"}))
    assert made["metadata"]["name"] == "report-runner"
    assert made["spec"]["selector"]["matchLabels"] == made["spec"]["template"]["metadata"]["labels"]
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"].keys() == {"cpu", "memory"}


@pytest.mark.parametrize(("verdict", "there"), [("unhealthy", True), ("healthy", False), ("unknown", False)])
def test_only_an_unhealthy_probe_shows_a_symptom(verdict: str, there: bool) -> None:
    assert from_probe(Verdict("redis/latency", verdict, "why")).there is there


@pytest.mark.parametrize(("seen", "there"), [([], False), ([True], True), ([True, False], False), ([True, True], True)])
def test_a_symptom_is_there_when_all_of_it_is(seen: list[bool], there: bool) -> None:
    assert all_there([Measure("m", each, "") for each in seen]) is there


@pytest.mark.parametrize(
    ("kind", "stays", "seen"),
    [("cpu-starvation", True, [True]), ("cpu-starvation", False, [False]), ("bad-release", True, [])],
)
def test_a_break_by_demand_is_there_once_demand_grows_no_more(
    tmp_path: Path, kind: str, stays: bool, seen: list[bool]
) -> None:
    lab = Lab(tmp_path)
    lab.run.mkdir(parents=True)
    if stays:
        (lab.run / "load-demand.settled").touch()
    assert [measure.there for measure in of_demand(lab, load_breaks()[kind])] == seen


def replicaset(name: str, revision: int, owner: str) -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "annotations": {"deployment.kubernetes.io/revision": str(revision)},
            "ownerReferences": [{"uid": owner, "controller": True}],
        }
    }


def test_the_newest_replicaset_is_that_of_the_highest_revision_and_of_this_deployment() -> None:
    found = [replicaset("a", 9, "mine"), replicaset("b", 10, "mine"), replicaset("c", 11, "other")]
    assert newest_replicaset(found, "mine")["metadata"]["name"] == "b"


@pytest.mark.parametrize(
    ("status", "bad"),
    [
        ({}, False),
        ({"state": {"running": {}}}, False),
        ({"state": {"terminated": {"exitCode": 0}}}, False),
        ({"state": {"terminated": {"exitCode": 1}}}, True),
        ({"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 1}}}, True),
        ({"state": {"running": {}}, "lastState": {"terminated": {"exitCode": 137}}}, True),
    ],
)
def test_a_pod_has_crashed_when_a_container_ended_with_an_error(status: dict[str, Any], bad: bool) -> None:
    assert crashed({"status": {"containerStatuses": [status]}}) is bad


def test_a_pod_without_containers_yet_has_not_crashed() -> None:
    assert not crashed({"status": {}})
