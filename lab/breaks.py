"""Make a break, and wait until its symptom is measured."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from lab import background
from lab.faults import Break, Client, Demand, Release
from lab.kubectl import kubectl
from lab.load import Plan
from lab.paths import Lab
from lab.settings import NAMESPACE, REGISTRY, WEB_PORT
from lab.symptoms import Measure, all_there, measure

#: Name of the load that a break of demand starts; it ends by itself if nobody resets.
DEMAND = "demand"
DEMAND_S = 1800


def make(lab: Lab, kind: Break) -> None:
    """Break the platform."""
    match kind.make:
        case Release() as release:
            patch = json.dumps(release_patch(kind.service, release))
            kubectl(lab, "-n", NAMESPACE, "patch", "deployment", kind.service, "--type=strategic", f"--patch={patch}")
        case Client() as client:
            kubectl(lab, "apply", "-f", "-", stdin=json.dumps(client_deployment(client)))
        case Demand() as demand:
            plan = Plan(demand.rps, DEMAND_S, demand.workers, demand.profile, timeout_s=10.0, until_s=demand.until_s)
            background.start(lab.run, DEMAND, plan, WEB_PORT)


def wait_for_symptom(lab: Lab, kind: Break, tell: Callable[[float, list[Measure]], None]) -> bool:
    """Measure until the whole symptom is there; False when it does not show in time.

    `tell` hears of each measurement: seconds since the start, and what was measured.
    """
    begin = time.monotonic()
    while True:
        measures = [*measure(lab, kind), *of_demand(lab, kind)]
        passed = time.monotonic() - begin
        tell(passed, measures)
        if all_there(measures):
            return True
        if passed > kind.shows.within_s:
            return False
        time.sleep(1.0)


def of_demand(lab: Lab, kind: Break) -> list[Measure]:
    """Whether demand stays where it is: one that still grew would grow beyond what the cure can serve."""
    if not isinstance(kind.make, Demand):
        return []
    stays = background.settled(lab.run, DEMAND)
    return [Measure("demand", stays, "stays" if stays else "grows")]


def release_patch(service: str, release: Release) -> dict[str, Any]:
    """The strategic merge patch of a release: image tag and environment of the main container."""
    container = {
        "name": "gateway",
        "image": f"{REGISTRY}/{service}:{release.version}",
        "env": _env({"GATEWAY_VERSION": release.version, **release.env}),
    }
    return {"spec": {"template": {"spec": {"containers": [container]}}}}


def client_deployment(client: Client) -> dict[str, Any]:
    """The Deployment of a program that gets in the way."""
    labels = {"app": client.name}
    limits = {"cpu": "100m", "memory": "96Mi"}
    container = {
        "name": client.name,
        "image": f"{REGISTRY}/{client.image}",
        "env": _env(client.env),
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": limits},
    }
    pod = {
        "terminationGracePeriodSeconds": 2,
        "enableServiceLinks": False,
        "automountServiceAccountToken": False,
        "securityContext": {"runAsUser": 1000, "runAsGroup": 1000, "runAsNonRoot": True},
        "containers": [container],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": client.name, "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def _env(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]
