"""Build the lab's programs from the Go modules that lab/go pins."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lab import stamps
from lab.errors import LabError
from lab.paths import PACKAGE, Lab
from lab.toolchain import go_environment

Say = Callable[[str], None]

#: Modules at a time: while one is fetched, or linked on one core, another is compiled.
LANES = 2
#: So long Go may take to clean up when it is interrupted.
PATIENCE_S = 5.0


@dataclass(frozen=True)
class Module:
    """A pinned module and the programs made from it; `source`: it is built from a patched copy."""

    name: str
    programs: Mapping[str, str]
    ldflags: str = ""
    tags: tuple[str, ...] = ()
    source: Mapping[str, Any] = field(default_factory=dict)

    @property
    def pins(self) -> Path:
        return PACKAGE / "go" / self.name

    def key(self) -> str:
        """Return the key of all that goes into the programs; the toolchain is left out on purpose."""
        pins = stamps.content([self.pins], PACKAGE)
        return stamps.key(pins, self.programs, self.ldflags, self.tags, self.source)

    def stale(self, lab: Lab, wanted: Collection[str]) -> list[str]:
        """Return which of the wanted programs are not built from these pins."""
        key = self.key()
        return [
            name
            for name in self.programs
            if name in wanted and not stamps.is_fresh(lab, f"go-{name}", key, self._products(lab, name))
        ]

    def _products(self, lab: Lab, name: str) -> list[Path]:
        return [lab.program(name), gateway_definitions(lab)] if self.source else [lab.program(name)]


def load_modules() -> list[Module]:
    """Read programs.yml."""
    entries = yaml.safe_load((PACKAGE / "programs.yml").read_text())
    return [
        Module(
            name=name,
            programs=entry["programs"],
            ldflags=entry.get("ldflags", ""),
            tags=tuple(entry.get("tags", ())),
            source=entry.get("source", {}),
        )
        for name, entry in entries.items()
    ]


def build_all(todo: Iterable[tuple[Module, list[str]]], lab: Lab, program: Path, say: Say) -> None:
    """Build the named programs of modules, some modules at a time; the first that fails, or Ctrl-C, ends the others."""
    pool, go = ThreadPoolExecutor(LANES, thread_name_prefix="go"), Go(program)
    try:
        for built in as_completed([pool.submit(build, module, names, lab, go, say) for module, names in todo]):
            built.result()
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        go.stop()
        raise
    finally:
        pool.shutdown()


def build(module: Module, names: Collection[str], lab: Lab, go: Go, say: Say) -> None:
    """Build these programs of a module at once, so that one is linked while others are compiled, and stamp each."""
    folder = copy_source(module, lab, go) if module.source else module.pins
    lab.bin.mkdir(parents=True, exist_ok=True)
    if module.source:
        write_gateway_definitions(lab, go, folder)
    part = lab.program(f".{module.name}.parts")
    shutil.rmtree(part, ignore_errors=True)  # what a build left that was cut short
    part.mkdir()
    flags = ["-ldflags", f"-s -w {module.ldflags}".strip()]
    if module.tags:
        flags += ["-tags", ",".join(module.tags)]
    go(folder, "build", *flags, "-o", f"{part}/", *(module.programs[name] for name in names))
    for name in names:
        (part / made_by(module.programs[name])).replace(lab.program(name))
        stamps.mark(lab, f"go-{name}", module.key())
    shutil.rmtree(part)
    say(f"built {', '.join(names)}")


def made_by(package: str) -> str:
    """Return the name that Go gives to the program of a package: its last part that is no version."""
    return re.sub(r"/v\d+$", "", package).rpartition("/")[2]


def copy_source(module: Module, lab: Lab, go: Go) -> Path:
    """Copy the module and its patched neighbours out of the module cache; return where to build."""
    source = dict(module.source)
    remove, stubs = source.pop("remove"), source.pop("stubs")
    work = lab.src / module.name
    if work.exists():
        shutil.rmtree(work)
    for folder, wanted in source.items():
        found = json.loads(go(module.pins, "mod", "download", "-json", wanted["module"]))
        if found["Sum"] != wanted["sum"]:
            raise LabError(f"{wanted['module']} has the hash {found['Sum']}, pinned is another")
        shutil.copytree(found["Dir"], work / folder)
        _make_writable(work / folder)
    for place in remove:
        shutil.rmtree(work / place)
    for place, stub in stubs.items():
        shutil.copytree(module.pins / "stubs" / stub, work / place)
    main = work / next(iter(source))
    for pin in ("go.mod", "go.sum"):
        shutil.copy(module.pins / pin, main / pin)
    return main


def write_gateway_definitions(lab: Lab, go: Go, folder: Path) -> None:
    """Keep the Gateway API's definitions, which come with the ingress controller's dependencies."""
    # `list` would name no folder while nothing has fetched the module.
    module = json.loads(go(folder, "mod", "download", "-json", "sigs.k8s.io/gateway-api"))["Dir"]
    files = sorted(Path(module, "config/crd/standard").glob("*.yaml"))
    if not files:
        raise LabError(f"no definitions of the Gateway API in {module}")
    gateway_definitions(lab).write_text("".join(f"---\n{f.read_text()}\n" for f in files))


def gateway_definitions(lab: Lab) -> Path:
    """Return where the Gateway API's definitions are kept."""
    return lab.bin / "gateway-api.yaml"


def _make_writable(folder: Path) -> None:
    """Undo the module cache's write protection."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | stat.S_IWUSR)


class Go:
    """The Go program, called with the pins' environment from several threads until it is stopped for all."""

    def __init__(self, program: Path) -> None:
        self._program = program
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def __call__(self, folder: Path, *args: str) -> str:
        """Run a command of Go in a folder; return what it printed. Raises LabError."""
        with self._start(folder, *args) as process:
            output, errors = process.communicate()
            with self._lock:
                self._running.discard(process)
        if process.returncode:
            last = "\n".join((errors.strip() or output.strip()).splitlines()[-8:])
            raise LabError(f"go {args[0]} in {folder} failed:\n{last}")
        return output

    def stop(self) -> None:
        """End what runs, with what it has started; nothing more is begun."""
        with self._lock:
            self._stopped = True
            running = tuple(self._running)
        for sign, patience in ((signal.SIGINT, PATIENCE_S), (signal.SIGKILL, PATIENCE_S)):
            for process in running:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, sign)
            deadline = time.monotonic() + patience
            while any(process.poll() is None for process in running) and time.monotonic() < deadline:
                time.sleep(0.05)

    def _start(self, folder: Path, *args: str) -> subprocess.Popen[str]:
        with self._lock:
            if self._stopped:
                raise LabError("the build was stopped")
            process = subprocess.Popen(
                [self._program, *args],
                cwd=folder,
                env=go_environment(),
                process_group=0,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            self._running.add(process)
        return process
