"""The whole job once, on a real cluster: break it, respond, show the messages. The body of `make demo`.

`--record FILE.svg` also writes a picture of the terminal.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from everything import LAB, why_no_lab
from machine import ROOT, say

sys.path.insert(0, str(ROOT))
from benchmarks.session import running_lab
from lab.paths import Lab

TUHEG = (str(ROOT / ".venv" / "bin" / "tuheg-ir"),)
BREAK, FAULT = "leaked-transactions", "database-connection"
STAGES = ("internal_update", "user_notice", "summary")
_BEFORE = """\
This starts a real one-node Kubernetes on this machine (as root, in namespaces of its own, reached through loopback
only), breaks the database connections of a service on it, lets tuheg-ir respond, and takes everything down again. A
lab that runs already is used and left running.
The first time it builds Kubernetes and the rest from source: about 20 minutes on two cores. After that it takes about
three minutes.
"""


class Recorder:
    """Runs commands, shows what they print as it comes, and keeps it for the picture."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.text = ""

    def run(self, shown: str, *command: str, keep_progress: bool = True) -> int:
        """Run one command; return its exit code. Progress (standard error) may be shown and not kept."""
        self._put(f"\n$ {shown}\n")
        errors = subprocess.STDOUT if keep_progress else None
        with subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process:
            for line in process.stdout or ():
                self._put(line)
        return process.returncode

    def _put(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()
        self.text += text

    def picture(self, place: Path) -> None:
        """Write what was seen as an SVG picture."""
        from rich.console import Console
        from rich.text import Text

        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            console = Console(record=True, width=110, file=nowhere)
            console.print(Text.from_ansi(self.text.strip()))
        console.save_svg(str(place), title="tuheg-ir")


def respond(recorder: Recorder) -> int:
    """Break, respond, show the messages; return respond's exit code (1 when the break never showed)."""
    breaking = ("-m", "lab", "break", BREAK, "--wait")
    if recorder.run(f"python {' '.join(breaking)}", LAB[0], *breaking, keep_progress=False):
        return 1
    options = ("respond", FAULT, "--severity", "P0", "--lang", "en")
    code = recorder.run(f"tuheg-ir {' '.join(options)}", *TUHEG, *options)
    number = _incident(recorder.environment)
    for stage in STAGES:
        options = ("message", stage, "--incident", number, "--lang", "en")
        code = code or recorder.run(f"tuheg-ir {' '.join(options)}", *TUHEG, *options)
    return code


def _incident(environment: dict[str, str]) -> str:
    listed = subprocess.run(
        [*TUHEG, "incident", "list", "--format", "json"], env=environment, check=True, capture_output=True, text=True
    )
    return str(json.loads(listed.stdout)["incidents"][-1]["number"])


def environment(lab: Lab, home: str) -> dict[str, str]:
    """Return the environment of a responder on the lab: the least-privilege account, a journal of its own."""
    return {
        **os.environ,
        "FORCE_COLOR": "1",
        "KUBECONFIG": str(lab.account),
        "TUHEG_IR_HOME": home,
        "TUHEG_IR_INVENTORY": str(ROOT / "lab" / "inventory"),
        "TUHEG_IR_CLUSTER": "lab",
    }


def main() -> int:
    """Run the demonstration; a lab that it started is taken down whatever happens."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", type=Path, metavar="FILE.svg")
    options = parser.parse_args()
    say(_BEFORE)
    if reason := why_no_lab():
        say(f"Not here: {reason}")
        return 4
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with running_lab() as lab, tempfile.TemporaryDirectory(prefix="tuheg-ir-demo-") as home:
            recorder = Recorder(environment(lab, home))
            code = respond(recorder)
    except subprocess.CalledProcessError:
        say("The lab did not start (see above).")
        return 4
    if options.record:
        recorder.picture(options.record)
    return code


if __name__ == "__main__":
    sys.exit(main())
