"""Make docs/demo.svg, the picture of the README files, from a real drill: `.venv/bin/python .ci/picture.py`.

What is in it is what the commands printed. The journal is thrown away.
"""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from machine import ROOT, say

PICTURE = ROOT / "docs" / "demo.svg"
TUHEG = str(ROOT / ".venv" / "bin" / "tuheg-ir")
WIDTH = 110
# What is written over: all before the return of the cursor; and the line of the step under way, in its last state.
_OVERWRITTEN = re.compile(r"[^\n]*\r(?!\n)|\x1b\[\?25[lh]|\x1b\[\d*[ABCDGK]")
_LIVE = re.compile(r"(?:\x1b\[[\d;]*m)*[-\\|/](?:\x1b\[[\d;]*m)* \S*\d+:\d\d")


class Recorder:
    """Runs commands on a terminal of their own, shows what they print, and keeps it for the picture."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = {**environment, "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
        self.text = ""

    def run(self, *words: str) -> int:
        """Run one command of tuheg-ir; return its exit code."""
        self.text += f"\n$ {' '.join(('tuheg-ir', *words))}\n"
        outer, inner = pty.openpty()
        with subprocess.Popen([TUHEG, *words], cwd=ROOT, env=self.environment, stdout=inner, stderr=inner) as process:
            os.close(inner)
            with os.fdopen(outer, "rb") as screen:
                self._keep(screen.fileno())
        return process.returncode

    def _keep(self, screen: int) -> None:
        data = b""
        try:
            while part := os.read(screen, 65536):
                os.write(sys.stdout.fileno(), part)
                data += part
        except OSError:
            pass  # the other end of a terminal is gone with its program
        shown = _OVERWRITTEN.sub("", data.decode().replace("\r\n", "\n"))
        self.text += "".join(line for line in shown.splitlines(keepends=True) if not _LIVE.match(line))

    def picture(self, place: Path) -> None:
        """Write what was seen as an SVG picture."""
        from rich.console import Console
        from rich.text import Text

        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            console = Console(record=True, width=WIDTH, file=nowhere)
            console.print(Text.from_ansi(self.text.strip()))
        console.save_svg(str(place), title="tuheg-ir")


def main() -> int:
    """Drill, show the internal update, write the picture; the drill's exit code."""
    with tempfile.TemporaryDirectory(prefix="tuheg-ir-picture-") as home:
        environment = {**os.environ, "HOME": home}
        for name in ("TUHEG_IR_HOME", "XDG_STATE_HOME"):
            environment.pop(name, None)
        recorder = Recorder(environment)
        code = recorder.run("drill", "database-connection", "--lang", "en")
        listed = subprocess.run(
            [TUHEG, "incident", "list", "--drills", "--format", "json"],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        number = str(json.loads(listed.stdout)["incidents"][-1]["number"])
        code = code or recorder.run("message", "internal_update", "--incident", number, "--lang", "en")
    if code == 0:
        recorder.picture(PICTURE)
        say(f"{PICTURE.relative_to(ROOT)} is written")
    return code


if __name__ == "__main__":
    sys.exit(main())
