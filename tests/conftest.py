"""What all tests share: `lab` and `plane` tests need a running cluster, and say so when there is none."""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Judges the cases of rules; what it asserts is told as in a test.
pytest.register_assert_rewrite("tests.diagnosis.rules.cases")

# A busy machine is slow, which is no fault of the code: no deadlines, no complaints about slowness.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The other Pythons look for what differs there, not for rare inputs (.ci/check.py).
settings.register_profile("other-pythons", settings.get_profile("project"), max_examples=25)
settings.load_profile("project")

# A shell that starts something in the background lets it ignore Ctrl-C, and so would all that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

_HOME = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tuheg-lab"
LAB_HOME = Path(os.environ.get("TUHEG_LAB_HOME") or _HOME)


#: Marker -> what is there while its cluster runs, and the command that starts it.
CLUSTERS = {
    "lab": (LAB_HOME / "run" / "admin.conf", "python -m lab up"),
    "plane": (LAB_HOME / "control-plane" / "admin.conf", "python -m lab up --control-plane-only"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switches of `make test`, where a cluster that is missing is a failure and no skip, and `make check`."""
    for name in CLUSTERS:
        parser.addoption(
            f"--require-{name}",
            action="store_true",
            help=f"fail, instead of skipping {name} tests, when there is no such cluster",
        )
    parser.addoption(
        "--alone",
        type=int,
        default=1,
        metavar="N",
        help="of N rows of the rules' tables ask one what all rules answer together, of the others their own rule",
    )


def pytest_collection() -> None:
    """Look for no cycles while tests are collected: the worlds of thousands stay, and are looked through each time."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Look for them from now on, and only in what is made from now on."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip tests whose cluster is not running, with the reason."""
    for name, (sign, command) in CLUSTERS.items():
        here = [item for item in items if item.get_closest_marker(name)]
        if not here or sign.exists():
            continue
        if config.getoption(f"--require-{name}"):
            raise pytest.UsageError(f"{sign.parent} is not there: {command}")
        reason = f"not running: {command}, or make test"
        for item in here:
            item.add_marker(pytest.mark.skip(reason=reason))
