# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keep what a restart destroys: objects, events and logs, bounded and without secrets.

A read that fails is a note; the rest is kept. Nothing here changes the cluster.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .kube import Client, KubeError
from .rollout import read_moment
from .scrub import scrub, scrub_text

_THREADS = 8
_PODS = 10
_EVENTS = 200
_EVENTS_READ = 2000
_LOG_BYTES = 1 << 20
# What the kubelet answers, with 200, when the container is gone already.
_NO_LOG = "unable to retrieve container logs"
_NOISE = ("managedFields",)
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass
class Evidence:
    """What was read: file name -> text, and a note for each read that failed."""

    files: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    pods: int = 0


@dataclass(frozen=True)
class Log:
    """One log to read: of a pod's container, of its current or its previous life."""

    pod: str
    container: str
    previous: bool

    @property
    def file(self) -> str:
        """The name of the file it is kept in."""
        return f"{self.pod}.{self.container}{'.previous' if self.previous else ''}.log"


def logs_of(pod: Mapping[str, Any]) -> list[Log]:
    """Return the logs worth reading of one pod.

    A container that is terminated holds the crash in its plain log, and its previous one is an
    error text; one that runs after a restart holds it in the previous log.
    """
    name = pod["metadata"]["name"]
    found = []
    for status in (pod.get("status") or {}).get("containerStatuses") or []:
        state = status.get("state") or {}
        if "running" in state or "terminated" in state:
            found.append(Log(name, status["name"], previous=False))
        if status.get("restartCount") and "terminated" not in state:
            found.append(Log(name, status["name"], previous=True))
    return found


def troubled_first(pods: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the pods, those with trouble before the others, and no more than are kept."""

    def calm(pod: Mapping[str, Any]) -> tuple[bool, int]:
        statuses = (pod.get("status") or {}).get("containerStatuses") or []
        ready = bool(statuses) and all(status.get("ready") for status in statuses)
        return ready, -sum(int(status.get("restartCount") or 0) for status in statuses)

    return sorted(pods, key=calm)[:_PODS]


def gather(
    client: Client, kind: str, namespace: str, name: str, *, tail_lines: int = 200, timeout_s: float = 15.0
) -> Evidence:
    """Read the workload, its revisions and pods, the namespace's events and the pods' logs."""
    end = time.monotonic() + timeout_s
    kept = Evidence()
    try:
        moment = read_moment(client, kind, namespace, name)
    except KubeError as error:
        kept.notes.append(str(error))
        return kept
    kept.pods = len(moment.pods)
    for file, thing in (("workload", moment.workload), ("revisions", moment.revisions), ("pods", moment.pods)):
        kept.files[f"{file}.json"] = _dump(thing)
    wanted = [log for pod in troubled_first(moment.pods) for log in logs_of(pod)]
    with ThreadPoolExecutor(_THREADS) as threads:
        events = threads.submit(_events, client, namespace, end)
        logs = {log.file: threads.submit(_log, client, namespace, log, tail_lines, end) for log in wanted}
        for file, read in {"events.json": events, **logs}.items():
            try:
                text = read.result()
            except KubeError as error:
                kept.notes.append(f"{file}: {error.message}")
            else:
                kept.files.update({file: text} if text else {})
    return kept


def _left(end: float) -> float:
    return max(0.1, end - time.monotonic())


def _events(client: Client, namespace: str, end: float) -> str:
    path = f"/api/v1/namespaces/{quote(namespace)}/events"
    events = client.get(path, {"limit": _EVENTS_READ}, timeout_s=_left(end)).get("items") or []
    events.sort(key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "")
    return _dump(events[-_EVENTS:])


def _log(client: Client, namespace: str, log: Log, tail_lines: int, end: float) -> str:
    path = f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(log.pod)}/log"
    query = {"container": log.container, "tailLines": tail_lines, "limitBytes": _LOG_BYTES, "timestamps": "true"}
    if log.previous:
        query["previous"] = "true"
    text = client.get_text(path, query, timeout_s=_left(end))
    return "" if _NO_LOG in text[:200] else scrub_text(text)


def _dump(thing: Any) -> str:
    return json.dumps(scrub(_without_noise(thing)), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _without_noise(thing: Any) -> Any:
    if isinstance(thing, dict):
        return {key: _without_noise(value) for key, value in thing.items() if key not in (*_NOISE, _LAST_APPLIED)}
    if isinstance(thing, list):
        return [_without_noise(each) for each in thing]
    return thing


def place(folder: str, incident: str, run: str, environ: Mapping[str, str]) -> Path:
    """Return the folder that the evidence of a run is kept in; the journal's place by default."""
    if folder:
        base = Path(folder).expanduser()
    elif environ.get("TUHEG_IR_HOME"):
        base = Path(environ["TUHEG_IR_HOME"]).expanduser()
    else:
        state = environ.get("XDG_STATE_HOME") or str(Path("~/.local/state").expanduser())
        base = Path(state) / "tuheg-ir"
    return base / (incident or "no-incident") / "evidence" / (run or "run")


def keep(kept: Evidence, folder: Path) -> list[str]:
    """Write the files, readable by their owner alone. Returns their names. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for file, text in kept.files.items():
        with os.fdopen(
            os.open(folder / file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as to:
            to.write(text)
    return sorted(kept.files)
