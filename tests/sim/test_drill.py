"""The production playbooks on the simulated platform, as the account of rbac/ and not as administrator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import layout
from tuheg_ir.sim.platform.model import NAMESPACE, SERVICE
from tuheg_ir.sim.scenario import Scenario, scenarios
from tuheg_ir.sim.score import score
from tuheg_ir.sim.simulation import Simulation
from tuheg_ir.sim.site import CLUSTER, Site, prepare

pytestmark = pytest.mark.ansible

PLATFORM = layout.ROOT / "inventories" / "example" / "group_vars" / "clusters.yml"
RIGHTS = (layout.ROOT / "rbac" / "tuheg-ir.yml").read_text(encoding="utf-8")
ACCOUNT = [obj for obj in yaml.safe_load_all(RIGHTS) if obj]
QUICK = ("bad-release", "foreign-sessions", "metrics-vanish", "nothing-is-wrong")
DRILLS = [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in sorted(scenarios())]


@contextmanager
def drilled(scenario: Scenario, folder: Path) -> Iterator[tuple[Simulation, Site]]:
    with Simulation(scenario) as simulation:
        places = simulation.start(scenario.speed)
        yield simulation, prepare(simulation, places, folder, PLATFORM, account=ACCOUNT)


def respond(scenario: Scenario, site: Site, *more: str) -> tuple[int, dict[str, Any]]:
    """Respond to a scenario at P0 and return exit code and result."""
    command = [str(Path(sys.executable).with_name("tuheg-ir")), "respond", scenario.fault, "--severity", "P0"]
    command += ["-i", str(site.inventory), "--cluster", CLUSTER, "--format", "json", *more]
    for key, value in site.extra_vars.items():
        command += ["-e", f"{key}={value}"]
    environment = {
        **os.environ,
        "KUBECONFIG": str(site.kubeconfig),
        "TUHEG_IR_HOME": str(site.kubeconfig.with_name("home")),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    done = subprocess.run(
        command, env=environment, cwd=layout.ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("name", DRILLS)
def test_a_drill_ends_as_its_scenario_says(name: str, tmp_path: Path) -> None:
    scenario = scenarios()[name]
    with drilled(scenario, tmp_path) as (_, site):
        code, result = respond(scenario, site)
    found = score(scenario, code, result)
    assert found.passed, (found, code, result)


@pytest.mark.slow
def test_a_plan_writes_nothing_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    scenario = scenarios()["bad-release"]
    with drilled(scenario, tmp_path) as (simulation, site):
        store = simulation.cluster.store

        def written(version: int) -> list[str]:
            kinds = ("deployments.apps", "configmaps", "horizontalpodautoscalers.autoscaling")
            return [
                f"{c.kind} {key}" for key in kinds for c in store.since(key, version) or () if _by_a_play(c.obj, c.old)
            ]

        def spec() -> Any:
            obj = store.get("deployments.apps", NAMESPACE, SERVICE)
            assert obj is not None
            return obj["metadata"]["generation"], obj["spec"]

        start = store.version
        assert respond(scenario, site, "--plan")[1]["status"] == "planned"
        assert written(start) == []
        code, healed = respond(scenario, site)
        assert (code, healed["status"]) == (0, "healed")
        assert written(start) != []
        after, version = spec(), store.version
        again = respond(scenario, site, "--incident", healed["incident"])
        assert (again[0], again[1]["status"]) == (0, "nothing_to_do")
        assert spec() == after
        assert written(version) == []


def _by_a_play(obj: dict[str, Any], old: dict[str, Any] | None) -> bool:
    """Return whether more than a status changed: that is what controllers write."""
    if old is None:
        return True
    ignored = ("resourceVersion",)
    metas = [{key: value for key, value in state["metadata"].items() if key not in ignored} for state in (obj, old)]
    rests = [{key: state[key] for key in state if key not in ("metadata", "status")} for state in (obj, old)]
    for meta in metas:
        kept = meta.get("annotations") or {}
        meta["annotations"] = {key: value for key, value in kept.items() if not key.startswith("deployment.kubernetes")}
    return metas[0] != metas[1] or rests[0] != rests[1]
