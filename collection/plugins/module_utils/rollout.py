# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Look at a roll-out once, or watch it to its end.

Three watches (the workload, its revisions, its pods) feed one pure judge, so a bad roll-out is
named within seconds of its pods' first failure instead of at a deadline. "Healthy" is said only
after a fresh read agreed; the end of the time is "unknown", never healthy.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from .kube import Client, KubeError
from .kubewatch import Mirror
from .look import HEALTHY, UNHEALTHY, UNKNOWN, WAITING, Look
from .rollout_judge import judge
from .templates import API_PATHS, selector_text

__all__ = ["HEALTHY", "UNHEALTHY", "UNKNOWN", "Look", "judge", "look_once", "watch_rollout"]

_TICK_S = 0.5  # timers (a pull error that must hold 2 s) are looked at this often
_UNREADY_AFTER_S = 60.0  # for one look: this long without being ready is a fault


class _Paths(NamedTuple):
    workload: str
    workloads: str
    revisions: str
    pods: str


class Moment(NamedTuple):
    """What was read at one moment."""

    workload: dict[str, Any]
    revisions: list[dict[str, Any]]
    pods: list[dict[str, Any]]


def read_moment(client: Client, kind: str, namespace: str, name: str) -> Moment:
    """Read a workload, its revisions and pods, one after the other. Raises KubeError."""
    paths = _paths(kind, namespace, name)
    workload = client.get(paths.workload) | {"kind": kind}
    query = {"labelSelector": selector_text(workload)}
    revisions = client.get(paths.revisions, query).get("items") or []
    return Moment(workload, revisions, client.get(paths.pods, query).get("items") or [])


def look_once(
    client: Client,
    kind: str,
    namespace: str,
    name: str,
    *,
    since: datetime | None = None,
    generation: int | None = None,
) -> Look:
    """One look now. Trouble with the cluster is "unknown" with its reason, never an exception."""
    try:
        moment = read_moment(client, kind, namespace, name)
    except KubeError as error:
        return _troubled(error, kind, name)
    return _judged(client, moment, since=since, generation=generation, unready_after_s=_UNREADY_AFTER_S)


def watch_rollout(
    client: Client,
    kind: str,
    namespace: str,
    name: str,
    *,
    since: datetime | None = None,
    generation: int | None = None,
    timeout_s: float = 60.0,
) -> Look:
    """Watch until the roll-out is healthy or unhealthy, cannot be judged, or time is up.

    since, generation: as in judge(); `since` is this machine's clock. Without a generation the
    one found first counts as ours: who changes it while we watch is someone else.
    timeout_s 0 is one look.
    """
    if timeout_s <= 0:
        return look_once(client, kind, namespace, name, since=since, generation=generation)
    deadline = time.monotonic() + timeout_s
    try:
        workload = client.get(_paths(kind, namespace, name).workload, timeout_s=timeout_s)
    except KubeError as error:
        return _troubled(error, kind, name)
    if generation is None:
        generation = int(workload["metadata"].get("generation") or 0)
    with ExitStack() as stack:
        mirrors = _Mirrors(client, kind, namespace, workload, deadline)
        stack.enter_context(closing(mirrors))

        def look(moment: Moment, seen: dict[Any, datetime]) -> Look:
            return _judged(client, moment, since=since, generation=generation, seen=seen)

        def confirm() -> Look:
            try:
                moment = read_moment(client, kind, namespace, name)
            except KubeError as error:
                return _troubled(error, kind, name)
            return _judged(client, moment, since=since, generation=generation)

        return _until_settled(mirrors, look, confirm, deadline, timeout_s)


def _until_settled(
    mirrors: _Mirrors,
    look: Callable[[Moment, dict[Any, datetime]], Look],
    confirm: Callable[[], Look],
    deadline: float,
    timeout_s: float,
) -> Look:
    seen: dict[Any, datetime] = {}
    last = Look(UNKNOWN, "nothing was read yet", "progressing")
    while (left := deadline - time.monotonic()) > 0:
        moment = mirrors.wait(min(_TICK_S, left))
        if isinstance(moment, Moment):
            last = look(moment, seen)
            _remember(seen, last)
            if last.verdict == HEALTHY:
                last = confirm()
        elif moment is not None:
            last = moment
        if last.cause not in WAITING and not _may_come_back(last):
            return last
    error = mirrors.error()
    reason = str(error) if error else last.reason
    return replace(last, verdict=UNKNOWN, cause="timeout", reason=f"not over after {timeout_s:g} s: {reason}")


def _may_come_back(look: Look) -> bool:
    """A confirming read that failed: the watch goes on until the time is up."""
    return look.verdict == UNKNOWN and look.cause in ("unreachable", "silent", "busy", "failed")


def _remember(seen: dict[Any, datetime], look: Look) -> None:
    now = datetime.now(UTC)
    current = {fault.key for fault in look.faults}
    for key in [key for key in seen if key not in current]:
        del seen[key]
    for key in current:
        seen.setdefault(key, now)


def _judged(
    client: Client,
    moment: Moment,
    *,
    since: datetime | None,
    generation: int | None,
    seen: dict[Any, datetime] | None = None,
    unready_after_s: float | None = None,
) -> Look:
    """Judge with the cluster's clock: `since` was taken from ours."""
    skew = timedelta(seconds=client.skew_s)
    return judge(
        moment.workload,
        moment.revisions,
        moment.pods,
        now=datetime.now(UTC) + (skew if seen is None else timedelta()),
        since=since + skew if since else None,
        generation=generation,
        seen=seen,
        unready_after_s=unready_after_s,
    )


def _troubled(error: KubeError, kind: str, name: str) -> Look:
    if error.kind == "not_found":
        return Look(UNKNOWN, f"there is no {kind} {name} ({error.message})", "missing")
    return Look(UNKNOWN, str(error), error.kind)


def _paths(kind: str, namespace: str, name: str) -> _Paths:
    if kind not in API_PATHS:
        raise ValueError(f"kind is {kind!r}; it must be one of {', '.join(API_PATHS)}")
    group, plural, revisions = API_PATHS[kind]
    base = f"{group}/namespaces/{quote(namespace)}"
    return _Paths(
        f"{base}/{plural}/{quote(name)}",
        f"{base}/{plural}",
        f"{base}/{revisions}",
        f"/api/v1/namespaces/{quote(namespace)}/pods",
    )


class _Mirrors:
    """The three mirrors of one roll-out and the condition they share."""

    def __init__(self, client: Client, kind: str, namespace: str, workload: dict[str, Any], deadline: float) -> None:
        self._changed = threading.Condition()
        self._kind = kind
        self._news = -1
        paths = _paths(kind, namespace, workload["metadata"]["name"])
        selector = {"labelSelector": selector_text(workload)}
        one = {"fieldSelector": f"metadata.name={workload['metadata']['name']}"}
        self._workload, self._revisions, self._pods = self._all = [
            Mirror(client, path, query, self._changed, deadline)
            for path, query in (
                (paths.workloads, one),
                (paths.revisions, selector),
                (paths.pods, selector),
            )
        ]

    def wait(self, limit_s: float) -> Moment | Look | None:
        """The moment after a change or after limit_s; None while a mirror is not fresh.

        A Look if there is nothing to judge any more: deleted, or not allowed to read.
        """
        with self._changed:
            news = sum(mirror.version for mirror in self._all)
            if news == self._news:
                self._changed.wait(limit_s)
                news = sum(mirror.version for mirror in self._all)
            self._news = news
            if not all(mirror.fresh for mirror in self._all):
                error = self.error()
                final = error and error.kind in ("forbidden", "unauthorized", "invalid")
                return Look(UNKNOWN, str(error), error.kind) if error and final else None
            found = self._workload.objects()
            if not found:
                return Look(UNKNOWN, "it was deleted while we watched", "missing")
            workload = found[0] | {"kind": self._kind}
            return Moment(workload, self._revisions.objects(), self._pods.objects())

    def error(self) -> KubeError | None:
        """The trouble of a mirror that is not fresh, if any."""
        return next((mirror.error for mirror in self._all if mirror.error), None)

    def close(self) -> None:
        """End all watches."""
        for mirror in self._all:
            mirror.end()
        for mirror in self._all:
            mirror.close()
