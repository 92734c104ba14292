"""Ask all sources at once, on threads, within one deadline.

A source that fails or is late becomes a note; only a cluster that cannot be reached at all is an
error. Every read has a limit of its own, so that no thread is left behind.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from tuheg_ir.diagnosis.facts import Source
from tuheg_ir.diagnosis.sources import LOG_PODS, SOURCES, Context, NotConfigured, log
from tuheg_ir.errors import ClusterError

THREADS = 16
"""More than there are sources: none waits for another, and all give up a silent API together."""
_NO_CONNECTION = frozenset({"unreachable", "silent", "tls", "unauthorized", "invalid"})


class Collection:
    """The answers that came, and a note for each source."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.sources: list[Source] = []
        self.logs: list[dict[str, Any]] = []
        self.errors: dict[str, BaseException] = {}


def collect(context: Context, sources: Mapping[str, Callable[[Context], Any]] | None = None) -> Collection:
    """Ask the sources (default: all). Raises ClusterError when the pods cannot be asked for."""
    asked = SOURCES if sources is None else sources
    found = Collection()
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="diagnose")
    try:
        # Slow ones first: the probes and the query in the database's pod take longest.
        order = sorted(asked, key=lambda name: name not in ("probes", "sessions", "pods"))
        running = {name: pool.submit(_timed, asked[name], context) for name in order}
        if "pods" in running:
            _gather(context, found, {"pods": running.pop("pods")})
            _check_connection(found)
        logs = _start_logs(context, found, pool)
        _gather(context, found, {name: running[name] for name in asked if name in running})
        _gather_logs(context, found, logs)
    finally:
        # No read outlives the deadline, so this waits for nothing but their clean end.
        pool.shutdown(wait=True, cancel_futures=True)
    return found


def _timed(source: Callable[[Context], Any], context: Context) -> tuple[Any, int]:
    began = time.monotonic()
    answer = source(context)
    return answer, round((time.monotonic() - began) * 1000)


def _gather(context: Context, found: Collection, running: Mapping[str, Future[Any]]) -> None:
    began = time.monotonic()
    wait(running.values(), timeout=max(0.0, context.end - began))
    for name, future in running.items():
        took = round((time.monotonic() - began) * 1000)
        if not future.done():
            found.sources.append(Source(name, ok=False, ms=took, note="no answer in time"))
            continue
        error = future.exception()
        if error is None:
            found.answers[name], took = future.result()
            found.sources.append(Source(name, ok=True, ms=took))
        elif isinstance(error, NotConfigured):
            found.sources.append(Source(name, ok=True, ms=0, note=f"not asked: {error}"))
        else:
            found.errors[name] = error
            found.sources.append(Source(name, ok=False, ms=took, note=note_of(error)))


def note_of(error: BaseException) -> str:
    """Return one line that tells why a source failed."""
    text = str(getattr(error, "message", "") or str(error) or type(error).__name__)
    return " ".join(text.split())[:300]


def _start_logs(
    context: Context, found: Collection, pool: ThreadPoolExecutor
) -> list[tuple[str, str, bool, Future[str]]]:
    """Ask for the logs of the service's pods, and for the earlier ones of those restarted.

    A container that has ended holds its crash in the plain log; asking for the previous one is
    answered with an error text then.
    """
    started = []
    container = str(context.spec.get("container", context.service))
    pods = [p for p in found.answers.get("pods", []) if context.utils.sessions.pod_owner(p) == context.service]
    for pod in sorted(pods, key=_least_well)[:LOG_PODS]:
        status = _container_status(pod, container)
        if not status or "waiting" in (status.get("state") or {}):
            has_log = bool(status and status.get("restartCount"))
        else:
            has_log = True
        name = pod["metadata"]["name"]
        again = bool(status and status.get("restartCount"))
        running = bool(status and "running" in (status.get("state") or {}))
        for previous in [False, *([True] if again and running else [])]:
            if has_log:
                future = pool.submit(log, context, name, container, previous=previous)
                started.append((name, container, previous, future))
    return started


def _container_status(pod: Mapping[str, Any], container: str) -> Mapping[str, Any] | None:
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    return next((s for s in statuses if s.get("name") == container), None)


def _least_well(pod: Mapping[str, Any]) -> tuple[bool, int]:
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    ready = bool(statuses) and all(s.get("ready") for s in statuses)
    return ready, -sum(int(s.get("restartCount") or 0) for s in statuses)


def _gather_logs(context: Context, found: Collection, logs: list[tuple[str, str, bool, Future[str]]]) -> None:
    if not logs:
        return
    began = time.monotonic()
    wait([future for *_, future in logs], timeout=max(0.0, context.end - began))
    notes = []
    for pod, container, previous, future in logs:
        if not future.done():
            notes.append(f"{pod}: no answer in time")
        elif (error := future.exception()) is not None:
            notes.append(f"{pod}: {note_of(error)}")
        else:
            lines = [line for line in future.result().splitlines() if line.strip()]
            found.logs.append({"pod": pod, "container": container, "previous": previous, "lines": lines})
    took = round((time.monotonic() - began) * 1000)
    found.sources.append(Source("logs", ok=bool(found.logs) or not notes, ms=took, note="; ".join(notes)[:300]))


def _check_connection(found: Collection) -> None:
    """Tell a cluster that cannot be reached from one that merely hides something."""
    error = found.errors.get("pods")
    if getattr(error, "kind", "") in _NO_CONNECTION:
        raise ClusterError(
            sentence(str(getattr(error, "message", error))),
            "",
            sentence(str(getattr(error, "next", ""))) + ".",
        ) from error


def sentence(text: str) -> str:
    """Return the text with a capital first letter and no last stop."""
    clean = text.strip().rstrip(".")
    return clean[:1].upper() + clean[1:]
