"""A service is ill when a play's first look would say so; no data is no symptom."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests import layout
from tuheg_ir.catalogue import load_platform
from tuheg_ir.incidents.drill import DrillOrder
from tuheg_ir.incidents.drill.embedded import embedded
from tuheg_ir.incidents.symptom import is_ill
from tuheg_ir.project import find_project
from tuheg_ir.sim.scenario import scenarios

PROJECT = find_project(layout.ROOT)
NOWHERE = {"ir_prometheus_url": "http://127.0.0.1:9", "ir_ingress_url": "http://127.0.0.1:9"}


@pytest.mark.parametrize(
    ("scenario", "ill"), [("bad-release", True), ("crash-at-start", True), ("nothing-is-wrong", False)]
)
def test_what_a_look_shows_is_a_symptom(scenario: str, ill: bool) -> None:
    with embedded(PROJECT, DrillOrder(scenarios()[scenario], "P0", "kim")) as ground:
        platform = load_platform(ground.inventory, ground.cluster)
        assert is_ill(PROJECT, platform, platform.default_service, since=None) is ill


@pytest.mark.parametrize(
    "missing", [{"namespace": "no-such-namespace"}, {"vars": NOWHERE}], ids=["no such workload", "no Prometheus"]
)
def test_no_data_is_no_symptom(missing: dict[str, Any]) -> None:
    with embedded(PROJECT, DrillOrder(scenarios()["slow-dependency"], "P0", "kim")) as ground:
        platform = replace(load_platform(ground.inventory, ground.cluster), **missing)
        assert is_ill(PROJECT, platform, platform.default_service, since=datetime.now(UTC)) is False
