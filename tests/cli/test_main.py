"""How a command begins and ends as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

_TELLING = """
import atexit, gc, json, sys
own = gc.get_threshold()
atexit.register(lambda: print(json.dumps([gc.get_threshold() == own, gc.get_freeze_count() > 0])))
from tuheg_ir.cli import main
assert gc.get_threshold() == own
main()
"""


@pytest.mark.parametrize(
    ("arguments", "as_python_does"),
    [
        (["respond", "--help"], True),
        (["resume", "--help"], True),
        (["drill", "--help"], True),
        (["diagnose", "--help"], False),
        (["faults"], False),
        (["--help"], False),
    ],
)
def test_only_what_ends_soon_leaves_cycles_where_they_are(arguments: list[str], *, as_python_does: bool) -> None:
    told = subprocess.run([sys.executable, "-c", _TELLING, *arguments], capture_output=True, text=True, check=False)
    assert json.loads(told.stdout.splitlines()[-1]) == [as_python_does, True], told.stderr


@pytest.mark.parametrize("arguments", [["faults"], ["faults", "--format", "json"], ["--help"], ["drill", "--list"]])
def test_a_reader_that_goes_is_no_failure(arguments: list[str]) -> None:
    command = [sys.executable, "-c", "from tuheg_ir.cli import main; main()", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as told:
        assert told.stdout is not None
        assert told.stderr is not None
        told.stdout.close()
        assert told.stderr.read() == ""
        assert told.wait() == 0


@pytest.mark.parametrize(("arguments", "code"), [(["--version"], 0), (["faultz"], 2)])
def test_it_runs_as_a_module_where_its_folder_is_not_on_the_path(arguments: list[str], code: int) -> None:
    command = [sys.executable, "-m", "tuheg_ir", *arguments]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (told.returncode, "tuheg-ir" in told.stdout + told.stderr) == (code, True)


def test_a_shell_is_told_how_to_complete() -> None:
    asked = {**os.environ, "_TUHEG_IR_COMPLETE": "bash_source"}
    command = [sys.executable, "-c", "from tuheg_ir.cli import main; main()"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, env=asked)
    assert told.stdout.startswith("_tuheg_ir_completion()")
