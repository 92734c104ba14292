"""The node's programs and their configuration are data that agrees with itself."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
import yaml

from lab import gobuild, settings, units
from lab.forward import parse
from lab.paths import Lab, Plane

LAB = Lab(Path("/home/of/lab"))
UNITS = units.load_units(LAB, {7: "127.0.0.1:6443"})
BY_NAME = {unit.name: unit for unit in UNITS}
CONFIGURATION = units.configuration(LAB)
PLANE = Plane(Path("/home/of/lab"))
PLANE_UNITS = units.load_plane_units(PLANE, 26443)
PLANE_CONFIGURATION = units.configuration(PLANE)


def test_every_value_is_filled_in() -> None:
    commands = [word for unit in (*UNITS, *PLANE_UNITS) for word in unit.command]
    texts = [*CONFIGURATION.values(), *PLANE_CONFIGURATION.values(), *commands]
    assert not [text for text in texts if "${" in text]


def test_units_wait_for_checks_of_process_1_or_for_units_that_end() -> None:
    once = {unit.name for unit in UNITS if unit.once}
    assert {name for unit in UNITS for name in unit.after} <= {"api", "containerd"} | once


def test_the_kubelet_starts_after_the_images_are_there() -> None:
    assert set(BY_NAME["kubelet"].after) == {"api", "images"}


def test_every_program_is_one_that_the_build_makes() -> None:
    built = {name for module in gobuild.load_modules() for name in module.programs}
    assert {unit.command[0] for unit in UNITS if unit.name != "forward"} <= built
    assert {unit.command[len(units.TOGETHER)] for unit in PLANE_UNITS} <= built


def test_a_control_plane_alone_is_the_labs_programs_with_the_labs_flags_and_a_fake_node() -> None:
    alone = {unit.name: unit.command[len(units.TOGETHER) :] for unit in PLANE_UNITS}
    assert list(alone) == ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"]
    places = ("--etcd-servers", "--bind-address", "--secure-port", "--listen-", "--initial-", "--advertise-client")
    for name in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"):
        other = [flag for flag in alone[name] if flag not in BY_NAME[name].command]
        assert [flag for flag in other if not flag.startswith(places)] == []


def test_nothing_of_a_control_plane_alone_but_the_api_has_a_port() -> None:
    flags = [flag for unit in PLANE_UNITS for flag in unit.command]
    assert [flag for flag in flags if "127.0.0.1" in flag] == [
        "--advertise-client-urls=http://127.0.0.1:2379",
        "--bind-address=127.0.0.1",
        "--node-ip=127.0.0.1",
    ]
    assert {flag for flag in flags if flag.startswith("--secure-port")} == {"--secure-port=26443", "--secure-port=0"}


def test_programs_of_a_control_plane_end_with_what_started_them() -> None:
    assert {unit.command[: len(units.TOGETHER)] for unit in PLANE_UNITS} == {units.TOGETHER}


def test_the_fake_node_and_what_becomes_of_its_pods_are_yaml() -> None:
    node = yaml.safe_load(PLANE_CONFIGURATION["kwok-node.yaml"])
    assert (node["kind"], node["metadata"]["name"]) == ("Node", settings.NODE)
    (kwok,) = (unit for unit in PLANE_UNITS if unit.name == "kwok")
    (stages,) = (flag.removeprefix("--config=") for flag in kwok.command if flag.startswith("--config="))
    assert {stage["kind"] for stage in yaml.safe_load_all(Path(stages).read_text())} == {"Stage"}


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
