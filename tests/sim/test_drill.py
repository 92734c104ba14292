"""The production playbooks on the simulated platform, as the account of rbac/ and not as administrator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import layout
from tuheg_ir.sim.scenario import scenarios
from tuheg_ir.sim.score import score
from tuheg_ir.sim.simulation import Simulation
from tuheg_ir.sim.site import CLUSTER, prepare

pytestmark = pytest.mark.ansible

PLATFORM = layout.ROOT / "inventories" / "example" / "group_vars" / "clusters.yml"
ACCOUNT = [
    obj for obj in yaml.safe_load_all((layout.ROOT / "rbac" / "tuheg-ir.yml").read_text(encoding="utf-8")) if obj
]


def respond(name: str, folder: Path) -> tuple[int, dict[str, Any], str]:
    """Respond to a scenario at P0 and return exit code, result and what was said."""
    scenario = scenarios()[name]
    with Simulation(scenario) as simulation:
        places = simulation.start(scenario.speed)
        site = prepare(simulation, places, folder, PLATFORM, account=ACCOUNT)
        command = [str(Path(sys.executable).with_name("tuheg-ir")), "respond", scenario.fault, "--severity", "P0"]
        command += ["-i", str(site.inventory), "--cluster", CLUSTER, "--format", "json"]
        for key, value in site.extra_vars.items():
            command += ["-e", f"{key}={value}"]
        environment = {
            **os.environ,
            "KUBECONFIG": str(site.kubeconfig),
            "TUHEG_IR_HOME": str(folder / "home"),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        done = subprocess.run(
            command, env=environment, cwd=layout.ROOT, capture_output=True, text=True, timeout=240, check=False
        )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


QUICK = ("bad-release", "foreign-sessions", "metrics-vanish", "nothing-is-wrong")
DRILLS = [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in sorted(scenarios())]


@pytest.mark.parametrize("name", DRILLS)
def test_a_drill_ends_as_its_scenario_says(name: str, tmp_path: Path) -> None:
    code, result, told = respond(name, tmp_path)
    found = score(scenarios()[name], code, result)
    assert found.passed, (found, code, result, told)
