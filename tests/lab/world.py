"""What the tests on the lab do: run commands as a responder with the tool's account, read the audit log, reset."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.paths import CHECKOUT, Lab
from lab.settings import NAMESPACE

#: Verbs that store something, unless the request is a dry run.
CHANGING = frozenset({"create", "update", "patch", "delete", "deletecollection"})
ACCOUNT = f"system:serviceaccount:{NAMESPACE}:tuheg-ir"


@dataclass(frozen=True)
class Done:
    """A finished command: `data` is its JSON output, {} where it printed none."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        try:
            data: dict[str, Any] = json.loads(self.out)
        except ValueError:
            return {}
        return data

    def told(self) -> str:
        """All it said, for the message of a failed assertion."""
        return f"exit {self.code}\n{self.out}\n{self.err}"


def lab_command(*args: str, timeout_s: float = 300) -> Done:
    """Run `python -m lab`."""
    return _run([sys.executable, "-m", "lab", *args], os.environ, timeout_s)


def _run(command: list[str], env: Mapping[str, str], timeout_s: float) -> Done:
    ran = subprocess.run(
        command, env=dict(env), cwd=CHECKOUT, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    return Done(ran.returncode, ran.stdout, ran.stderr)


@dataclass
class Audit:
    """The API server's audit log from a mark on; only requests of the tool's account."""

    path: Path
    mark: int = field(default=0)

    def start(self) -> None:
        """Forget what was before now."""
        self.mark = self.path.stat().st_size

    def events(self) -> list[dict[str, Any]]:
        """Every request of the account since the mark."""
        with self.path.open("rb") as log:
            log.seek(self.mark)
            lines = log.read().splitlines()
        # The last line may be half written.
        events = [json.loads(line) for line in lines if line.endswith(b"}")]
        return [each for each in events if each["user"].get("username") == ACCOUNT]

    def stored(self) -> list[str]:
        """What the account changed for good since the mark, as `verb resource/name`."""
        return [
            _told(each)
            for each in self.events()
            if each["verb"] in CHANGING
            and "dryRun=All" not in each["requestURI"]
            and not each["objectRef"]["resource"].startswith("selfsubject")
            and each["objectRef"].get("subresource") != "exec"
        ]

    def executed(self) -> list[str]:
        """The URIs of the account's exec requests since the mark."""
        return [each["requestURI"] for each in self.events() if each.get("objectRef", {}).get("subresource") == "exec"]


def _told(event: Mapping[str, Any]) -> str:
    target = event["objectRef"]
    parts = (target["resource"], target.get("subresource", ""), target.get("name", ""))
    return f"{event['verb']} {'/'.join(part for part in parts if part)}"


@dataclass(frozen=True)
class Responder:
    """Someone with the least-privilege account and a journal of their own."""

    env: Mapping[str, str]
    home: Path

    def cli(self, *args: str, timeout_s: float = 600) -> Done:
        """Run `tuheg-ir` with JSON output."""
        program = Path(sys.executable).with_name("tuheg-ir")
        return _run([str(program), *args, "--format", "json"], self.env, timeout_s)

    def playbook(self, name: str, timeout_s: float = 600, **inputs: str) -> Done:
        """Run `ansible-playbook playbooks/NAME.yml` as an operator without the wrapper would."""
        program = Path(sys.executable).with_name("ansible-playbook")
        command = [str(program), f"playbooks/{name}.yml", "-i", "lab/inventory", "-e", "ir_cluster=lab"]
        for key, value in inputs.items():
            command += ["-e", f"{key}={value}"]
        return _run(command, self.env, timeout_s)


def responder_at(lab: Lab, home: Path) -> Responder:
    """A responder whose journal lies at `home`."""
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("K8S_AUTH_", "ANSIBLE_", "TUHEG_IR_"))
    }
    env = {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "KUBECONFIG": str(lab.run / "tuheg-ir.conf"),
        "TUHEG_IR_HOME": str(home),
        "TUHEG_IR_INVENTORY": str(CHECKOUT / "lab" / "inventory"),
        "TUHEG_IR_CLUSTER": "lab",
    }
    return Responder(env, home)


def reset_platform() -> None:
    """The healthy base, or the test run is worth nothing from here on."""
    done = lab_command("reset")
    assert done.code == 0, done.told()
