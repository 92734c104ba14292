"""What plays are told of a cluster that lives faster than the clock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

from tests import layout
from tuheg_ir.catalogue import load_platform
from tuheg_ir.sim.simulation import Simulation
from tuheg_ir.sim.site import CLUSTER, Site, prepare

PLATFORM = layout.ROOT / "inventories" / "example" / "group_vars" / "clusters.yml"


def site(simulation: Simulation, folder: Path, speed: float) -> Site:
    places = simulation.start(speed)
    try:
        return prepare(simulation, places, folder, PLATFORM)
    finally:
        simulation.stop()


@pytest.mark.parametrize(
    ("speed", "window", "limits"),
    [
        (1, "20s", {"common_probe_timeout_s": 90, "common_rollout_timeout_s": 120, "common_time_scale": 1}),
        (3, "7s", {"common_probe_timeout_s": 30, "common_rollout_timeout_s": 40, "common_time_scale": 3}),
        (20, "1s", {"common_probe_timeout_s": 5, "common_rollout_timeout_s": 10, "common_time_scale": 20}),
        (0.5, "40s", {"common_probe_timeout_s": 180, "common_rollout_timeout_s": 240, "common_time_scale": 0.5}),
    ],
)
def test_windows_and_limits_keep_pace(speed: float, window: str, limits: dict[str, float], tmp_path: Path) -> None:
    found = site(Simulation(), tmp_path, speed)
    assert {name: found.extra_vars[name] for name in limits} == limits
    assert load_platform(found.inventory, CLUSTER).vars["ir_probe_window"] == window


def test_every_limit_of_a_request_is_a_generous_one(tmp_path: Path) -> None:
    """A busy machine is slow, which is no fault of the cluster in it."""
    paced = {"common_probe_timeout_s", "common_rollout_timeout_s", "verify_service_rollout_timeout_s"}
    paced |= {"verify_service_probe_timeout_s"}  # of a playbook that acts on nothing
    files = layout.ROLES.glob("*/defaults/main.yml")
    bounded = {name for path in files for name in layout.load(path) if name.endswith("_timeout_s")}
    given = site(Simulation(), tmp_path, 20).extra_vars
    assert {name for name in given if given[name] == 90} == bounded - paced


def settled(settle_s: int, scale: Any) -> float:
    """Return the seconds that verify.yml waits before it asks."""
    tasks = layout.tasks(layout.load(layout.ROLES / "common" / "tasks" / "verify.yml"))
    [probe] = [task["tuheg.ir.probe"] for task in tasks if "tuheg.ir.probe" in task]
    expression = jinja2.Template(probe["delay_s"])
    return float(expression.render(common_rung={"settle_s": settle_s}, common_time_scale=scale))


def test_a_real_cluster_gets_the_whole_time_to_settle() -> None:
    defaults = yaml.safe_load((layout.ROLES / "common" / "defaults" / "main.yml").read_text(encoding="utf-8"))
    assert [settled(seconds, defaults["common_time_scale"]) for seconds in (1, 5, 30)] == [1, 5, 30]


@pytest.mark.parametrize(
    ("settle_s", "scale", "seconds"), [(5, "20.0", 0.25), (30, 20, 1.5), (30, 3, 10), (5, 0.5, 10)]
)
def test_a_faster_one_gets_so_much_less(settle_s: int, scale: Any, seconds: float) -> None:
    assert settled(settle_s, scale) == seconds
