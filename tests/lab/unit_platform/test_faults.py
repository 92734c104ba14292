"""faults.yml holds together with the inventory, the catalogue, the rules and the gateway."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.errors import LabError
from lab.faults import Break, Client, Demand, Release, load_breaks
from lab.load import PROFILES
from lab.paths import PACKAGE
from lab.platform.gateway.settings import load_settings
from lab.probing import services
from tuheg_ir.catalogue import load_catalogue

BREAKS = load_breaks()
each_break = pytest.mark.parametrize("kind", BREAKS.values(), ids=BREAKS.keys())


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((PACKAGE / "platform" / "rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_every_kind_that_the_handbook_needs_can_be_made() -> None:
    assert set(BREAKS) == {
        "leaked-transactions",
        "foreign-sessions",
        "slow-dependency",
        "cpu-starvation",
        "bad-release",
        "memory-leak",
        "crash-at-start",
        "crash-later",
    }


def test_every_fault_of_the_catalogue_is_broken_for_real() -> None:
    assert {kind.fault for kind in BREAKS.values()} == set(load_catalogue().faults)


@each_break
def test_a_break_is_about_a_service_of_the_inventory_and_its_probes(kind: Break) -> None:
    probes = {f"{name}/{probe['name']}" for name, spec in services().items() for probe in spec["probes"]}
    assert kind.service in services()
    assert set(kind.shows.probes) <= probes
    assert set(kind.shows.may) <= probes - set(kind.shows.probes)
    assert kind.shows.probes or kind.shows.checks


@each_break
def test_a_break_ends_with_an_exit_code_of_respond(kind: Break) -> None:
    assert {kind.ends.exit, kind.ends.approved} <= {0, 3, 5}


@each_break
def test_what_a_break_is_made_of_is_understood_by_what_it_starts(kind: Break) -> None:
    match kind.make:
        case Release() as release:
            assert load_settings(release.env).fault.kind
        case Client() as client:
            assert all(isinstance(value, str) for value in client.env.values())
        case Demand() as demand:
            assert demand.profile in PROFILES


def test_every_alert_names_a_fault_and_a_service() -> None:
    faults, known = load_catalogue().faults, services()
    for rule in rules():
        assert rule["labels"]["fault"] in faults, rule["alert"]
        assert rule["labels"]["service"] in known, rule["alert"]


def test_every_fault_of_the_catalogue_has_its_alerts() -> None:
    alerts: dict[str, set[str]] = {}
    for rule in rules():
        alerts.setdefault(rule["labels"]["fault"], set()).add(rule["alert"])
    assert alerts == {name: set(fault.alerts) for name, fault in load_catalogue().faults.items()}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({}, "KeyError"),
        ({"title": "t", "fault": "f", "service": "s", "make": {"magic": {}}, "shows": {}}, "magic"),
    ],
)
def test_a_wrong_entry_is_named(entry: dict[str, Any], said: str, tmp_path: Path) -> None:
    file = tmp_path / "faults.yml"
    file.write_text(yaml.safe_dump({"odd-break": entry}))
    with pytest.raises(LabError, match=f"odd-break.*{said}"):
        load_breaks(file)
