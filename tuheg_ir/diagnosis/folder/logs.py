"""logs/<pod>/<container>.log and .previous.log; also logs/<pod>.log and logs/<pod>.previous.log."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from tuheg_ir.diagnosis.folder.files import Notes
from tuheg_ir.diagnosis.folder.thinning import thinned
from tuheg_ir.diagnosis.model import Log, Obj
from tuheg_ir.diagnosis.objects import clean_text
from tuheg_ir.diagnosis.seal import scrub_blocks
from tuheg_ir.diagnosis.stamps import apart, told_once, whole

FOLDER = "logs"
LINES = 2000
"""So many lines of a log are kept; of a longer one the most telling."""
LINE = 2000
"""Characters of one line that are kept."""
BYTES = 4 << 20
"""The end of a log that is read; what is before it is left."""
_PREVIOUS = ".previous"
_BINARY = 0.3
"""Share of characters that are none; above it a file is no log."""


def read(folder: Path, objects: Mapping[str, Iterable[Obj]], notes: Notes) -> tuple[Log, ...]:
    """Return the logs in the folder, by pod and container."""
    first = {_name(pod): _speaker(pod) for pod in objects.get("Pod", ())}
    found = []
    for path, pod, container in _files(folder / FOLDER, notes):
        previous = container.endswith(_PREVIOUS) if container else pod.endswith(_PREVIOUS)
        name = pod if container else pod.removesuffix(_PREVIOUS)
        lines = _lines(path, notes, f"{FOLDER}/{path.relative_to(folder / FOLDER)}")
        if lines is not None:
            held = container.removesuffix(_PREVIOUS) if container else first.get(name, "")
            found.append(Log(pod=name, container=held, lines=lines, previous=previous))
    return in_order(found)


def _files(folder: Path, notes: Notes) -> Iterator[tuple[Path, str, str]]:
    """Yield the log files with the pod's and the container's name, ending .previous included."""
    for path in _listed(folder, notes):
        if path.is_dir():
            for inner in _listed(path, notes):
                if inner.suffix == ".log":
                    yield inner, path.name, inner.stem
                else:
                    notes.bad("logs", f"{path.name}/{inner.name} is not read: its name does not end in .log")
        elif path.suffix == ".log":
            yield path, path.stem, ""
        else:
            notes.bad("logs", f"{path.name} is not read: its name does not end in .log")


def _listed(folder: Path, notes: Notes) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        notes.bad("logs", f"{folder.name}: {error.strerror or error}")
        return []


def _lines(path: Path, notes: Notes, name: str) -> tuple[str, ...] | None:
    try:
        if not path.is_file():
            raise OSError(0, "it is not a file")
        size = path.stat().st_size
        with path.open("rb") as file:
            file.seek(max(0, size - BYTES))
            raw = file.read(BYTES)
    except OSError as error:
        notes.bad("logs", f"{name}: {error.strerror or error}")
        return None
    text = raw.decode("utf-8", "replace")
    odd = text.count("\0") + text.count("\ufffd") - raw.count(b"\xef\xbf\xbd")
    if odd > _BINARY * len(text):
        notes.bad("logs", f"{name} is not text")
        return None
    if size > BYTES:
        text = text.partition("\n")[2] or text
        notes.good("logs", f"{name}: the last {BYTES >> 20} MiB of {size >> 20}")
    return kept_lines(text)


def kept_lines(text: str, most: int = LINES) -> tuple[str, ...]:
    """Return the most telling lines of a log, without empty ones, each with one time before it, scrubbed and cut."""
    told = [line[: 2 * LINE] for line in text.replace("\r", "\n").split("\n") if line.strip()]
    times, bare = _apart(told)
    if len(bare) > most:
        times, bare = _thinned(times, bare, most)
    # Scrubbed as one text: a private key has many lines, and no time may stand between them.
    clean = clean_text("\n".join(bare), most * (2 * LINE + 1)).split("\n")
    whole_lines = told_once(_times_of(clean, bare, times), clean)
    return tuple(line[:LINE].rstrip() for line in whole_lines if line.strip())


def _apart(told: Iterable[str]) -> tuple[Sequence[str], Sequence[str]]:
    both = [apart(line) for line in told]
    return [time for time, _ in both], [line for _, line in both]


def _thinned(times: Sequence[str], bare: Sequence[str], most: int) -> tuple[Sequence[str], Sequence[str]]:
    """Return the most telling lines, and their times. A secret of many lines is hidden before any of it can go."""
    clean = scrub_blocks("\n".join(bare)).split("\n")
    times = _times_of(clean, bare, times)
    places = thinned(clean, most)
    return [times[at] for at in places], [clean[at] for at in places]


def _times_of(clean: Sequence[str], bare: Sequence[str], times: Sequence[str]) -> tuple[str, ...]:
    """Return the times of scrubbed lines; where lines were hidden those before and after them keep theirs."""
    if len(clean) == len(bare):
        return tuple(times)
    most = min(len(clean), len(bare))
    head = next((n for n in range(most) if clean[n] != bare[n]), most)
    tail = next((n for n in range(most - head) if clean[-1 - n] != bare[-1 - n]), most - head)
    return (*times[:head], *[""] * (len(clean) - head - tail), *times[len(times) - tail :])


def dated(logs: Iterable[Log], until: datetime) -> tuple[Log, ...]:
    """Return logs with whole times, read at a time; of a container that ended nobody knows here when it did."""
    return tuple(log if log.previous else log._replace(lines=whole(log.lines, until)) for log in logs)


def in_order(logs: Iterable[Log]) -> tuple[Log, ...]:
    """Return logs by pod and container, the current one before the previous one."""
    return tuple(sorted(logs, key=lambda log: (log.pod, log.container, log.previous)))


def _name(pod: Obj) -> str:
    return str(pod["metadata"]["name"])


def _speaker(pod: Obj) -> str:
    """Return whose words the log of a whole pod holds: its first container's, or those of who has to end before it."""
    status, spec = pod.get("status") or {}, pod.get("spec") or {}
    own = status.get("containerStatuses") or []
    sidecars = [c.get("name") for c in spec.get("initContainers") or [] if c.get("restartPolicy") == "Always"]
    inits = status.get("initContainerStatuses") or []
    before = [each for each in inits if not _is_done(each, sidecar=each.get("name") in sidecars)]
    if own and before and not any(map(_has_started, own)):
        return str(before[0].get("name") or "")
    containers = spec.get("containers") or [{}]
    return str(containers[0].get("name") or "")


def _has_started(status: Obj) -> bool:
    """Tell whether a container of a pod ever ran."""
    return "waiting" not in (status.get("state") or {}) or bool(status.get("lastState") or status.get("restartCount"))


def _is_done(status: Obj, *, sidecar: bool) -> bool:
    """Tell whether an init container did its work, or runs beside the others from then on.

    The next one waits until a sidecar has started, and not until it is ready.
    """
    ended = (status.get("state") or {}).get("terminated") or {}
    did = bool(status.get("ready")) or (bool(ended) and ended.get("exitCode") == 0)
    return did or (sidecar and bool(status.get("started")))


def file_of(log: Log) -> Path:
    """Return where a log is kept, below the snapshot's folder."""
    ending = f"{_PREVIOUS if log.previous else ''}.log"
    if not log.container:
        return Path(FOLDER, f"{_safe(log.pod)}{ending}")
    return Path(FOLDER, _safe(log.pod), f"{_safe(log.container)}{ending}")


def _safe(name: str) -> str:
    """Return a name that stays in its folder; names that Kubernetes accepts are left as they are."""
    return re.sub(r"[^\w.-]", "_", name).lstrip(".") or "_"
