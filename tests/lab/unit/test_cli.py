"""The command line: errors are sentences, exit codes are kept, nothing is loaded before it is needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from lab import __main__ as cli
from lab import teardown
from lab.errors import LabError
from lab.lifecycle import listen
from lab.owner import Owner
from lab.paths import CHECKOUT, Lab
from lab.processes import start_time


def lab(*args: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lab", *args],
        cwd=CHECKOUT, env={**os.environ, **environ}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_every_command_is_listed_and_has_help() -> None:
    text = lab("--help").stdout
    for name in ("build", "up", "down", "status", "reset", "break", "load"):
        assert f"\n  {name} " in text
        assert lab(name, "--help").returncode == 0


def test_status_of_a_home_without_a_lab_is_exit_3_and_json_says_so(tmp_path: Path) -> None:
    done = lab("status", "--format", "json", TUHEG_LAB_HOME=str(tmp_path))
    assert done.returncode == 3
    assert json.loads(done.stdout)["state"] in ("down", "elsewhere")


def test_a_home_without_a_control_plane_has_none_to_show_and_none_to_take_down(tmp_path: Path) -> None:
    shown = lab("status", "--control-plane-only", "--format", "json", TUHEG_LAB_HOME=str(tmp_path))
    assert (shown.returncode, json.loads(shown.stdout)["state"]) == (3, "down")
    text = lab("status", "--control-plane-only", TUHEG_LAB_HOME=str(tmp_path))
    assert (text.returncode, text.stdout) == (3, "control plane: down\n")
    taken = lab("down", "--control-plane-only", TUHEG_LAB_HOME=str(tmp_path))
    assert (taken.returncode, taken.stderr) == (0, "the control plane was not up\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("command", ["up", "down"])
def test_without_root_up_and_down_refuse_in_one_sentence(command: str, tmp_path: Path) -> None:
    script = (
        "import os, sys; from lab import __main__ as cli; import lab.lifecycle, lab.teardown; "
        f"os.seteuid(65534); sys.argv = ['lab', '{command}']; cli.run()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=CHECKOUT, env={**os.environ, "TUHEG_LAB_HOME": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 4
    assert done.stderr.startswith("error: the lab needs root: ")
    assert done.stderr.count("\n") == 1


def test_an_unknown_command_is_a_usage_error() -> None:
    done = lab("fly")
    assert done.returncode == 2
    assert "No such command 'fly'" in done.stderr


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (LabError("it broke", "Mend it"), 4, "error: it broke. Mend it\n"),
        (LabError("it broke"), 4, "error: it broke\n"),
        (OSError(28, "No space left on device", "/x"), 4, "error: [Errno 28] No space left on device: '/x'\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
    ],
)
def test_errors_are_sentences_with_their_exit_code(
    error: BaseException, code: int, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command("fail")
    def fail() -> None:
        raise error

    monkeypatch.setitem(cli.main.commands, "fail", fail)
    monkeypatch.setattr(sys, "argv", ["lab", "fail"])
    with pytest.raises(SystemExit) as end:
        cli.run()
    assert end.value.code == code
    assert capsys.readouterr().err.lstrip("\n") == text


def test_a_port_in_use_is_named_with_the_way_to_see_by_whom() -> None:
    first = listen(0)
    port = first.getsockname()[1]
    try:
        with pytest.raises(
            LabError, match=f"port {port} on 127.0.0.1 cannot be used: Address already in use.*ss -ltnp"
        ):
            listen(port)
    finally:
        first.close()


def an_owner(**changes: object) -> Owner:
    facts: dict[str, object] = {
        "pid": os.getpid(), "started": start_time(os.getpid()), "user": "ann", "since": "2026-11-05 10:00:00 UTC",
        "checkout": "/src", "home": "/cache",
    }  # fmt: skip
    return Owner(**(facts | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"phase": "up", "home": "/other"}, r"a lab is up on this machine: started by ann .* TUHEG_LAB_HOME=/other"),
        ({"phase": "starting"}, r"a lab is being started on this machine: started by ann .* cleans up itself"),
    ],
)
def test_down_refuses_what_is_not_its_own(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(LabError, match=sentence):
        teardown.refuse_strangers(Lab(Path("/cache")), an_owner(**changes))


@pytest.mark.parametrize("owner", [None, an_owner(phase="up"), an_owner(started=1, home="/other")])
def test_down_takes_its_own_and_what_was_abandoned(owner: Owner | None) -> None:
    teardown.refuse_strangers(Lab(Path("/cache")), owner)


def test_help_loads_neither_yaml_nor_the_commands_themselves() -> None:
    script = (
        "import sys; from lab import __main__ as cli\n"
        "try: cli.main.main(['--version-of-nothing'], standalone_mode=False)\n"
        "except Exception: pass\n"
        "print([m for m in sys.modules if m == 'yaml' or m.startswith('lab.')])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['lab.errors', 'lab.paths', 'lab.__main__']"
