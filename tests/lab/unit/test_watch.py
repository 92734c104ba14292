"""While the lab starts, a part of it that has ended is named at once, with its last words."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.paths import Lab
from lab.watch import Watch


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = Lab(tmp_path)
    lab.log.mkdir(parents=True)
    return lab


@pytest.fixture
def node() -> Iterator[subprocess.Popen[bytes]]:
    """Stands for process 1."""
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def write(lab: Lab, holds: list[str], **codes: int | None) -> None:
    units = {name: {"pid": 1, "started": 0, "once": name == "images", "code": code} for name, code in codes.items()}
    (lab.run / "state.json").write_text(json.dumps({"holds": holds, "units": units}))


def test_what_holds_ends_the_wait(lab: Lab, node: subprocess.Popen[bytes]) -> None:
    write(lab, ["containerd", "api"], etcd=None, images=0)
    Watch(lab, node).until("api", 5)


def test_a_program_that_ended_is_named_with_its_last_line(lab: Lab, node: subprocess.Popen[bytes]) -> None:
    (lab.log / "etcd.log").write_text("starting\npanic: disk on fire\n")
    write(lab, [], etcd=2)
    start = time.monotonic()
    with pytest.raises(LabError, match="etcd ended with 2: panic: disk on fire"):
        Watch(lab, node).until("api", 60)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("code", [0, -9])
def test_a_program_that_should_go_on_may_not_end_at_all(lab: Lab, node: subprocess.Popen[bytes], code: int) -> None:
    write(lab, [], kubelet=code)
    with pytest.raises(LabError, match=f"kubelet ended with {code}: no output"):
        Watch(lab, node).until("api", 60)


def test_an_import_of_images_that_failed_is_told(lab: Lab, node: subprocess.Popen[bytes]) -> None:
    write(lab, [], images=1)
    with pytest.raises(LabError, match="images ended with 1"):
        Watch(lab, node).until("images", 60)


def test_process_1_that_could_not_start_is_told_in_its_own_words(lab: Lab) -> None:
    (lab.log / "inside.log").write_text("unshare: unshare failed: Operation not permitted\n")
    gone = subprocess.Popen(["false"])
    gone.wait()
    with pytest.raises(LabError, match="process 1 ended: unshare: unshare failed: Operation not permitted"):
        Watch(lab, gone).until("api", 60)


def test_waiting_has_an_end(lab: Lab, node: subprocess.Popen[bytes]) -> None:
    with pytest.raises(LabError, match="api: not ready after 0 s"):
        Watch(lab, node).until("api", 0.2)


def test_an_api_that_does_not_answer_is_waited_for_until_the_end(lab: Lab, node: subprocess.Popen[bytes]) -> None:
    write(lab, ["api"], etcd=None)
    start = time.monotonic()
    with pytest.raises(LabError, match="not ready after 1 s:\n  the lab's API does not answer"):
        Watch(lab, node).until_ready(1, print)
    assert time.monotonic() - start >= 1
