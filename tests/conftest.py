"""What all tests share: `lab` tests need a running lab, and say so when there is none."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is slow, which is no fault of the code: no deadlines, no complaints about slowness.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")

# A shell that starts something in the background lets it ignore Ctrl-C, and so would all that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

_HOME = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tuheg-lab"
LAB_HOME = Path(os.environ.get("TUHEG_LAB_HOME") or _HOME)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switch that `make test` uses: there a lab that is missing is a failure, not a skip."""
    parser.addoption(
        "--require-lab",
        action="store_true",
        help="fail, instead of skipping lab tests, when no lab is running",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip lab tests, with the reason, when no lab is running."""
    lab = [item for item in items if item.get_closest_marker("lab")]
    if not lab or (LAB_HOME / "run" / "admin.conf").exists():
        return
    if config.getoption("--require-lab"):
        raise pytest.UsageError(f"no lab is running ({LAB_HOME}/run): python -m lab up")
    reason = "no lab is running: python -m lab up (needs root), or make test"
    for item in lab:
        item.add_marker(pytest.mark.skip(reason=reason))
