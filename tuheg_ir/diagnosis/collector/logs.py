"""Current and previous logs, bounded, from the suspicious pods first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from tuheg_ir.diagnosis.collector.context import Context
from tuheg_ir.diagnosis.folder.logs import kept_lines
from tuheg_ir.diagnosis.model import Log, Obj

MOST = 40
"""Logs in a snapshot."""
OF_ONE_OWNER = 8
"""Logs of those of its pods that show a trouble."""
WELL = 2
"""So many pods of one owner that seem well: its oldest and its youngest, which may not say the same."""
LINES = {True: 500, False: 150}
"""Of a suspicious container, and of one that seems well."""
BYTES = 512 << 10
_NO_LOG = "unable to retrieve container logs"
"""What the kubelet answers, as a success, when the container is gone already."""


class Wanted(NamedTuple):
    """One log to read."""

    pod: str
    container: str
    previous: bool
    suspicious: bool


def wanted(pods: Iterable[Obj]) -> list[Wanted]:
    """Return the logs worth reading: those of suspicious pods first, then some of every workload."""
    found: list[Wanted] = []
    taken: dict[tuple[str, bool], int] = {}
    known = list(pods)
    ends = _oldest_and_youngest(known)
    for pod in sorted(known, key=lambda each: _rank(each, ends)):
        ill = suspicious(pod)
        logs, group = list(_of_pod(pod, suspicious=ill)), (_owner(pod), ill)
        size = len(logs) if ill else 1
        if logs and taken.get(group, 0) + size <= (OF_ONE_OWNER if ill else WELL):
            taken[group] = taken.get(group, 0) + size
            found += logs
    # Stable: the order of the pods stays, one of each workload before the second of any.
    return sorted(found, key=lambda log: not log.suspicious)[:MOST]


def suspicious(pod: Obj) -> bool:
    """Tell whether a pod shows any trouble: not ready, restarted, failed."""
    status = pod.get("status") or {}
    if status.get("phase") == "Succeeded":
        return False
    states = [*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())]
    running = status.get("containerStatuses") or ()
    ready = bool(running) and all(each.get("ready") for each in running)
    return not ready or any(each.get("restartCount") for each in states)


def _rank(pod: Obj, ends: frozenset[str]) -> tuple[bool, int, bool, str]:
    status, name = pod.get("status") or {}, str(pod["metadata"]["name"])
    restarts = sum(int(each.get("restartCount") or 0) for each in status.get("containerStatuses") or ())
    return not suspicious(pod), -restarts, name not in ends, name


def _oldest_and_youngest(pods: Iterable[Obj]) -> frozenset[str]:
    """Return the names of the oldest and the youngest of each owner's pods that show no trouble."""
    ages: dict[str, list[tuple[str, str]]] = {}
    for pod in pods:
        if not suspicious(pod):
            meta = pod["metadata"]
            ages.setdefault(_owner(pod), []).append((str(meta.get("creationTimestamp") or ""), str(meta["name"])))
    return frozenset(name for each in ages.values() for _, name in (min(each), max(each)))


def _owner(pod: Obj) -> str:
    owners = pod["metadata"].get("ownerReferences") or ()
    return next((str(each.get("uid") or each.get("name")) for each in owners), str(pod["metadata"]["name"]))


def _of_pod(pod: Obj, *, suspicious: bool) -> Iterator[Wanted]:
    """Yield what to read of a pod.

    A container that is terminated holds the crash in its plain log, and its previous one is an
    error text; one that runs or waits after a restart holds it in the previous log.
    """
    name = str(pod["metadata"]["name"])
    status = pod.get("status") or {}
    for each in status.get("containerStatuses") or ():
        yield from _of_container(name, each, suspicious=suspicious)
    for each in status.get("initContainerStatuses") or ():
        if not each.get("ready"):  # one that ended well says nothing of interest
            yield from _of_container(name, each, suspicious=suspicious)


def _of_container(pod: str, status: Mapping[str, Any], *, suspicious: bool) -> Iterator[Wanted]:
    container, state = str(status.get("name") or ""), status.get("state") or {}
    if not container:
        return
    if "running" in state or "terminated" in state:
        yield Wanted(pod, container, previous=False, suspicious=suspicious)
    if status.get("restartCount") and "terminated" not in state:
        yield Wanted(pod, container, previous=True, suspicious=suspicious)


def read(context: Context, log: Wanted) -> Log | None:
    """Read one log; None when there is none any more. Raises KubeError."""
    path = context.path("/api/v1", f"pods/{quote(log.pod)}/log")
    query = {"container": log.container, "tailLines": LINES[log.suspicious], "limitBytes": BYTES, "timestamps": "true"}
    if log.previous:
        query["previous"] = "true"
    text: str = context.client.get_text(path, query, timeout_s=context.left_s)
    if text.startswith(_NO_LOG):
        return None
    return Log(pod=log.pod, container=log.container, lines=kept_lines(text), previous=log.previous)
