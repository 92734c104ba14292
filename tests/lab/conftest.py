"""Fixtures of the tests on the lab."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab import background
from lab.api import Api
from lab.load_cli import STEADY
from lab.paths import Lab
from lab.probing import ask_probes
from lab.settings import API_PORT
from tests.lab.world import Audit, Done, Responder, lab_command, reset_platform, responder_at

MEASURED_S = 120.0


@pytest.fixture(scope="session")
def lab() -> Lab:
    """The running lab."""
    return Lab.from_environment()


@pytest.fixture(scope="session")
def load(lab: Lab) -> Iterator[None]:
    """Steady traffic for as long as tests need it; most symptoms show only under load."""
    ours = not background.running(lab.run, STEADY)
    if ours:
        begun = lab_command("load", "--background")
        assert begun.code == 0, begun.told()
    _until_every_probe_can_tell()
    yield
    if ours:
        lab_command("load", "--stop")


def _until_every_probe_can_tell() -> None:
    """Traffic that just began is not yet measured: what a test runs first would end `unknown`."""
    deadline = time.monotonic() + MEASURED_S
    while unknown := [f"{each.name}: {each.reason}" for each in ask_probes() if each.verdict == "unknown"]:
        assert time.monotonic() < deadline, unknown
        time.sleep(1)


@pytest.fixture(scope="session")
def api(lab: Lab) -> Api:
    """The API as administrator, to look from outside."""
    return Api(lab.pki, API_PORT)


@pytest.fixture
def audit(lab: Lab) -> Audit:
    """The audit log, from now on."""
    log = Audit(lab.run / "audit.log")
    log.start()
    return log


@pytest.fixture
def responder(lab: Lab, tmp_path: Path) -> Responder:
    """A responder with an empty journal."""
    return responder_at(lab, tmp_path / "home")


@pytest.fixture
def breaking(load: None) -> Iterator[Callable[[str], Done]]:
    """Break the platform in one of the ways of lab/faults.yml; it is healthy again afterwards."""

    def make(kind: str) -> Done:
        made = lab_command("break", kind, "--wait", "--format", "json")
        assert made.code == 0, f"the symptom of {kind} never showed: {made.told()}"
        return made

    yield make
    reset_platform()
