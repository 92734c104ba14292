"""The platform in the lab: healthy under load, watched without error, and brought back by a reset."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from lab import background
from lab.api import Api
from lab.breaks import release_patch
from lab.faults import Release
from lab.kubectl import kubectl
from lab.load import Plan
from lab.paths import PACKAGE, Lab
from lab.probing import ask_probes
from lab.reset import WORKLOADS
from lab.settings import NAMESPACE, PROMETHEUS_PORT, WEB_PORT
from tests.lab.world import lab_command, reset_platform

pytestmark = pytest.mark.lab

GATEWAY = "deployment/backend-gateway"
APPS = f"/apis/apps/v1/namespaces/{NAMESPACE}"
HPA = f"/apis/autoscaling/v2/namespaces/{NAMESPACE}/horizontalpodautoscalers/backend-gateway"
INGRESS = f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/ingresses/main-ingress"
LEASES = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"
CONFIGMAPS = f"/api/v1/namespaces/{NAMESPACE}/configmaps"


def prometheus(path: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{PROMETHEUS_PORT}/api/v1/{path}", timeout=5) as answer:
        return json.load(answer)["data"]


def generations(api: Api) -> dict[str, int]:
    return {
        f"{kind}/{each['metadata']['name']}": each["metadata"]["generation"]
        for kind in WORKLOADS
        for each in api.get(f"{APPS}/{kind}")["items"]
    }


def ours(one: Any) -> list[str]:
    return [key for key in one["metadata"].get("annotations", {}) if key.startswith("ir.tuheg.com/")]


def names(api: Api, path: str) -> list[str]:
    return [each["metadata"]["name"] for each in api.get(path)["items"]]


@pytest.mark.usefixtures("load")
def test_every_probe_of_the_inventory_is_healthy_under_load() -> None:
    deadline = time.monotonic() + 60
    while True:  # a ratio needs its window full of samples first
        verdicts = ask_probes()
        if all(each.verdict == "healthy" for each in verdicts) or time.monotonic() > deadline:
            break
        time.sleep(2)
    assert {each.name: each.verdict for each in verdicts} == {each.name: "healthy" for each in verdicts}
    assert len(verdicts) == 9


def test_prometheus_has_loaded_the_rules_and_can_evaluate_each() -> None:
    loaded = {rule["name"]: rule for group in prometheus("rules")["groups"] for rule in group["rules"]}
    written = yaml.safe_load((PACKAGE / "platform" / "rules.yml").read_text())["groups"]
    assert {rule["alert"] for group in written for rule in group["rules"]} <= set(loaded)
    assert {name: rule.get("lastError", "") for name, rule in loaded.items()} == dict.fromkeys(loaded, "")


def test_every_part_of_the_platform_is_scraped() -> None:
    up = prometheus("query?query=up")["result"]
    found = {sample["metric"].get("app"): sample["value"][1] for sample in up}
    assert {app: found.get(app) for app in ("backend-gateway", "postgres", "redis", "traefik")} == {
        "backend-gateway": "1",
        "postgres": "1",
        "redis": "1",
        "traefik": "1",
    }


def test_a_load_goes_through_the_ingress_to_the_release_that_runs() -> None:
    done = lab_command("load", "--seconds", "3", "--rps", "10", "--format", "json")
    assert done.code == 0, done.told()
    assert done.data["statuses"] == {"200": 30}
    assert done.data["versions"] == {"1.0.0": 30}


def test_a_reset_of_the_healthy_platform_changes_nothing(api: Api) -> None:
    reset_platform()
    before = generations(api)
    begin = time.monotonic()
    reset_platform()
    assert generations(api) == before
    assert time.monotonic() - begin < 30


@pytest.fixture
def act(lab: Lab) -> Iterator[Callable[..., None]]:
    """Change the platform by hand; it is reset afterwards."""

    def run(*args: str, stdin: str | None = None) -> None:
        kubectl(lab, "-n", NAMESPACE, *args, stdin=stdin)

    yield run
    reset_platform()


def test_a_roll_out_of_a_good_release_loses_no_request(lab: Lab, act: Callable[..., None]) -> None:
    background.start(lab.run, "rollout", Plan(rps=20, seconds=120), WEB_PORT)
    try:
        act("patch", GATEWAY, f"--patch={json.dumps(release_patch('backend-gateway', Release('1.1.0', {})))}")
        act("rollout", "status", GATEWAY, "--timeout=60s")
        time.sleep(3)  # the old pods have to stop under load too
    finally:
        report = background.stop(lab.run, "rollout")
    assert report is not None
    assert set(report["statuses"]) == {"200"}, report
    assert set(report["versions"]) == {"1.0.0", "1.1.0"}


def test_a_reset_takes_back_all_that_a_repair_leaves(api: Api, act: Callable[..., None]) -> None:
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "tuheg-ir-backend-gateway"}}
    act("patch", GATEWAY, f"--patch={json.dumps(release_patch('backend-gateway', Release('1.1.0', {})))}")
    act("annotate", GATEWAY, "ir.tuheg.com/restart_workload=INC-20251105-001/1/restart_workload")
    act("create", "-f", "-", stdin=json.dumps(lease))
    act("create", "configmap", "tuheg-ir-last-good-backend-gateway", "--from-literal=template={}")
    act("annotate", "hpa/backend-gateway", "ir.tuheg.com/min-replicas-before=3")
    act("patch", "hpa/backend-gateway", "--type=merge", '--patch={"spec":{"minReplicas":5}}')
    act("scale", GATEWAY, "--replicas=5")
    act("patch", "ingress/main-ingress", "--type=json", '--patch=[{"op":"remove","path":"/spec/rules/1"}]')

    reset_platform()

    deployment = api.get(f"{APPS}/deployments/backend-gateway")
    assert deployment["spec"]["replicas"] == 3
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":1.0.0")
    assert ours(deployment) == []
    hpa = api.get(HPA)
    assert hpa["spec"]["minReplicas"] == 3
    assert ours(hpa) == []
    assert [name for path in (LEASES, CONFIGMAPS) for name in names(api, path) if name.startswith("tuheg-ir-")] == []
    assert len(api.get(INGRESS)["spec"]["rules"]) == 2
    assert len([name for name in names(api, f"{APPS}/replicasets") if name.startswith("backend-gateway-")]) == 1
