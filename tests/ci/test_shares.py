"""What runs beside the lab keeps to its share, with all that it starts."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import shares
from shares import IDLE, keeping_to, words


def test_a_command_runs_in_its_share_and_so_does_a_session_that_it_starts() -> None:
    look, mine = "cat /proc/self/cgroup", replace(IDLE, name="test")  # that of `make test` itself may be in use
    with keeping_to(mine) as before:
        command = (*before, "sh", "-c", f"{look}; setsid -w {look}")
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if before == IDLE.nice:
        pytest.skip("no control group can be made here (no root, or the hierarchy is not ours): niceness is used")
    assert told.count(f"/tuheg-ir-{mine.name}\n") == 2


def test_where_no_control_group_can_be_made_niceness_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "is_root", lambda: False)
    assert words(IDLE) == ("chrt", "--idle", "0")


def test_a_hierarchy_that_is_not_ours_to_write_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shares, "is_root", lambda: True)
    monkeypatch.setattr("lab.host.cgroup_mounts", lambda _: [(tmp_path / "absent", 2), (tmp_path, 1)])
    assert words(IDLE) == IDLE.nice
    assert list(tmp_path.iterdir()) == []


def test_the_control_group_is_gone_afterwards_also_when_it_was_interrupted() -> None:
    mine = replace(IDLE, name="test")  # that of `make test` itself may be in use
    with suppress(KeyboardInterrupt), keeping_to(mine):
        raise KeyboardInterrupt
    assert [place for place in shares._places(mine) if place.exists()] == []
