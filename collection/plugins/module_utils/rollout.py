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
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import quote

from .kube import Client, KubeError
from .kubeerror import no_workload
from .kubewatch import Mirror
from .look import HEALTHY, UNHEALTHY, UNKNOWN, WAITING, Look
from .rollout_judge import judge
from .templates import API_PATHS, selector_text

__all__ = ["HEALTHY", "UNHEALTHY", "UNKNOWN", "Look", "judge", "look_once", "watch_rollout"]

_TICK_S = 0.5  # timers (a pull error that must hold 2 s) are looked at this often
_PASSING = ("unreachable", "silent", "busy", "failed")  # kinds of trouble that may end by itself
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
    try:
        workload = client.get(paths.workload) | {"kind": kind}
    except KubeError as error:
        raise no_workload(error, kind, namespace, name) from error
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
    """One look now. Raises KubeError."""
    moment = read_moment(client, kind, namespace, name)
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

    Raises KubeError if the cluster cannot be read at all; passing trouble is waited out, and
    trouble in the middle that lasts to the end of the time is "unknown".
    """
    if timeout_s <= 0:
        return look_once(client, kind, namespace, name, since=since, generation=generation)
    deadline = time.monotonic() + timeout_s
    workload = _first_read(client, kind, namespace, name, deadline)
    ours = generation if generation is not None else int(workload["metadata"].get("generation") or 0)
    judged = partial(_judged, client, since=since, generation=ours)
    with closing(_Mirrors(client, kind, namespace, workload, deadline)) as mirrors:
        return _until_settled(
            mirrors,
            judged,
            lambda: judged(read_moment(client, kind, namespace, name)),
            deadline,
            timeout_s,
        )


def _first_read(client: Client, kind: str, namespace: str, name: str, deadline: float) -> dict[str, Any]:
    """The workload, waiting out a server that is away for a moment."""
    path = _paths(kind, namespace, name).workload
    while True:
        try:
            return client.get(path, timeout_s=max(0.1, deadline - time.monotonic()))
        except KubeError as error:
            if error.kind not in _PASSING or time.monotonic() + _TICK_S >= deadline:
                raise no_workload(error, kind, namespace, name) from error
            time.sleep(_TICK_S)


def _until_settled(
    mirrors: _Mirrors,
    judged: Callable[..., Look],
    confirm: Callable[[], Look],
    deadline: float,
    timeout_s: float,
) -> Look:
    seen: dict[Any, datetime] = {}
    last = Look(UNKNOWN, "nothing was read yet", "progressing")
    trouble: KubeError | None = None
    while (left := deadline - time.monotonic()) > 0:
        trouble = mirrors.error()
        moment = mirrors.wait(min(_TICK_S, left))
        if isinstance(moment, Look):
            return moment
        if moment is None:
            continue
        last = judged(moment, seen=seen)
        _remember(seen, last)
        if last.verdict == HEALTHY:
            try:
                last = confirm()
            except KubeError as error:
                trouble, last = error, replace(last, verdict=UNKNOWN, cause="progressing", reason=str(error))
        if last.cause not in WAITING:
            return last
    reason = f"not over after {timeout_s:g} s: {trouble or last.reason}"
    return replace(last, verdict=UNKNOWN, cause="timeout", reason=reason)


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

        A Look if there is nothing to judge any more. Raises KubeError if we may not read.
        """
        with self._changed:
            news = sum(mirror.version for mirror in self._all)
            if news == self._news:
                self._changed.wait(limit_s)
                news = sum(mirror.version for mirror in self._all)
            self._news = news
            if not all(mirror.fresh for mirror in self._all):
                error = self.error()
                if error and error.kind not in _PASSING:
                    raise error
                return None
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
