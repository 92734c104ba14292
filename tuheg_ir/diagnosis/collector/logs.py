"""Current and previous logs, bounded, from the suspicious pods first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from math import inf
from typing import Any
from urllib.parse import quote

from tuheg_ir.diagnosis.collector.context import Context, note_of
from tuheg_ir.diagnosis.folder.logs import kept_lines
from tuheg_ir.diagnosis.model import Log, Obj
from tuheg_ir.diagnosis.moments import moment
from tuheg_ir.named import NamedTuple
from tuheg_ir.project import module_utils

MOST = 40
"""Logs of the target's own namespace in a snapshot."""
ALSO = 20
"""Logs of all its other namespaces together."""
OF_ONE_OWNER = 8
"""Logs of those of its pods that show a trouble."""
WELL = 2
"""So many pods of one owner that seem well: its oldest and its youngest, which may not say the same."""
LINES = 500
"""Of one log: all that are asked for at first, and so many are kept."""
FAR = 20_000
"""A log whose newest lines are of less than an hour is read further back: what it said then tells what began when."""
FAR_BACK_S = 3600.0
BYTES = 4 << 20
"""Of one answer. The kubelet leaves out what is behind it, which is the newest."""
FAR_S = 5.0
"""A log that takes longer is as long as its newest lines."""
_TIME = len("2025-11-05T14:30:00.000000000Z")
"""What stands before each line, written alike in all."""
_NO_LOG = "unable to retrieve container logs"
"""What the kubelet answers, as a success, when the container is gone already."""


class Wanted(NamedTuple):
    """One log to read; ``far``: as far back as may be; ``namespace``: the pod's, "" the target's.

    ``ended``: its container had ended when the pod was read.
    """

    pod: str
    container: str
    previous: bool
    suspicious: bool
    far: bool = True
    namespace: str = ""
    ended: bool = False


def wanted(pods: Iterable[Obj], most: int = MOST) -> list[Wanted]:
    """Return the logs worth reading: those of suspicious pods first, then some of every workload, then the others."""
    found: list[Wanted] = []
    others: list[Wanted] = []
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
        else:
            others += [log._replace(far=False) for log in logs]
    # Stable: the order of the pods stays, one of each workload before the second of any.
    return [*sorted(found, key=lambda log: not log.suspicious), *others][:most]


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
    status = pod.get("status") or {}
    for each in status.get("containerStatuses") or ():
        yield from _of_container(pod["metadata"], each, suspicious=suspicious)
    for each in status.get("initContainerStatuses") or ():
        if not each.get("ready"):  # one that ended well says nothing of interest
            yield from _of_container(pod["metadata"], each, suspicious=suspicious)


def _of_container(meta: Mapping[str, Any], status: Mapping[str, Any], *, suspicious: bool) -> Iterator[Wanted]:
    container, state = str(status.get("name") or ""), status.get("state") or {}
    if not container:
        return
    log = Wanted(str(meta["name"]), container, False, suspicious, namespace=str(meta.get("namespace") or ""))
    if "running" in state or "terminated" in state:
        yield log._replace(ended="terminated" in state)
    if status.get("restartCount") and "terminated" not in state:
        yield log._replace(previous=True)


class Told(NamedTuple):
    """A log as it is kept, and what a reader should know of that ("" nothing)."""

    log: Log
    note: str = ""


def read(context: Context, log: Wanted) -> Told | None:
    """Read one log; None when there is none any more. Raises KubeError.

    Of a busy service the newest lines are those of the last seconds: then it is read as far back as is bearable, and
    the most telling lines are kept.
    """
    near, asked = _text(context, log, LINES), LINES
    if not near and log.ended and (before := _of_life_before(context, log)):
        log, near = log._replace(previous=True), before
    if _is_cut(near) and len(near) > BYTES // 8:
        asked = LINES // 10
        near = _text(context, log, asked)
    if near.startswith(_NO_LOG):
        return None
    count, note = near.count("\n"), ""
    if log.far and count >= asked and (lines := _lines_of_an_hour(near, count)) > count:
        try:
            far = _text(context, log, lines, timeout_s=FAR_S)
        except module_utils("kube").kube.KubeError as error:
            far, note = "", f"only its last {count} lines were read: {note_of(error)}"
        near = _before(far, near) + near
    return Told(Log(pod=log.pod, container=log.container, lines=kept_lines(near, LINES), previous=log.previous), note)


def _of_life_before(context: Context, log: Wanted) -> str:
    """Return what a container said that had ended, where it runs again since and has said nothing yet; "" if none."""
    with suppress(module_utils("kube").kube.KubeError):  # it never said a word, and there is no life before
        return _text(context, log._replace(previous=True), LINES)
    return ""


def _lines_of_an_hour(near: str, count: int) -> int:
    """Return how many lines to ask for, that an hour before the last of the newest ones is among them."""
    last = near.rstrip("\n").rfind("\n") + 1
    begin, end = moment(near[:_TIME]), moment(near[last : last + _TIME])
    if begin is None or end is None:
        return 0
    span_s = max(1.0, (end - begin).total_seconds())
    bearable = count * BYTES // len(near.encode()) * 9 // 10
    return min(FAR, bearable, round(count * FAR_BACK_S / span_s))


def _text(context: Context, log: Wanted, lines: int, *, timeout_s: float = inf) -> str:
    path = context.path("/api/v1", f"pods/{quote(log.pod)}/log", namespace=log.namespace)
    query = {"container": log.container, "tailLines": lines, "limitBytes": BYTES, "timestamps": "true"}
    if log.previous:
        query["previous"] = "true"
    found: str = context.client.get_text(path, query, timeout_s=min(timeout_s, context.left_s))
    return found


def _is_cut(text: str) -> bool:
    """Tell whether an answer ends within a line: the kubelet stopped at the most that it was asked for."""
    return bool(text) and not text.endswith("\n")


def _before(far: str, near: str) -> str:
    """Return what a log told before its newest lines began; "" where something between them is left out."""
    if _is_cut(far):
        return ""
    begin = near[:_TIME]
    return "".join(f"{line}\n" for line in far.split("\n")[:-1] if line[:_TIME] < begin)
