"""The node's programs and their configuration are data that agrees with itself."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
import yaml

from lab import gobuild, settings, units
from lab.forward import parse
from lab.paths import Lab

LAB = Lab(Path("/home/of/lab"))
UNITS = units.load_units(LAB, {7: "127.0.0.1:6443"})
BY_NAME = {unit.name: unit for unit in UNITS}
CONFIGURATION = units.configuration(LAB)


def test_every_value_is_filled_in() -> None:
    texts = [*CONFIGURATION.values(), *(word for unit in UNITS for word in unit.command)]
    assert not [text for text in texts if "${" in text]


def test_units_wait_for_checks_of_process_1_or_for_units_that_end() -> None:
    once = {unit.name for unit in UNITS if unit.once}
    assert {name for unit in UNITS for name in unit.after} <= {"api", "containerd"} | once


def test_the_kubelet_starts_after_the_images_are_there() -> None:
    assert set(BY_NAME["kubelet"].after) == {"api", "images"}


def test_every_program_is_one_that_the_build_makes() -> None:
    built = {name for module in gobuild.load_modules() for name in module.programs}
    assert {unit.command[0] for unit in UNITS if unit.name != "forward"} <= built


def test_the_forwarder_reads_what_the_units_write() -> None:
    assert parse(BY_NAME["forward"].command[-1]) == {7: "127.0.0.1:6443"}


def test_configuration_files_are_of_their_kind() -> None:
    assert tomllib.loads(CONFIGURATION["containerd.toml"])["root"] == "/home/of/lab/run/containerd"
    network = json.loads(CONFIGURATION["cni/10-lab.conflist"])
    assert network["plugins"][0]["ipam"]["ranges"] == [[{"subnet": settings.POD_RANGE}]]
    assert yaml.safe_load(CONFIGURATION["kubelet.yaml"])["cgroupRoot"] == f"/{settings.CGROUP}"
    assert yaml.safe_load(CONFIGURATION["kube-proxy.yaml"])["mode"] == "nftables"


@pytest.mark.parametrize(
    ("code", "once", "failed"),
    [(None, False, False), (None, True, False), (0, True, False), (0, False, True), (1, True, True), (-9, False, True)],
)
def test_a_unit_has_failed_when_it_ended_badly_or_should_go_on(code: int | None, once: bool, failed: bool) -> None:
    assert units.has_failed({"code": code, "once": once}) is failed


def test_the_audit_log_keeps_changes_and_every_request_of_the_account() -> None:
    rules = yaml.safe_load(CONFIGURATION["audit-policy.yaml"])["rules"]
    account = f"system:serviceaccount:{settings.NAMESPACE}:{settings.ACCOUNT}"
    assert {"level": "Metadata", "users": [account]} in rules
    silent = [rule for rule in rules[:-1] if rule["level"] == "None"]
    assert account not in [user for rule in silent for user in rule.get("users", [])]
    assert "system:serviceaccounts:tuheg-production" not in str(silent)
