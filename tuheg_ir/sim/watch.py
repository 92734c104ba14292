"""Watches: what was, then every change, filtered and in the wanted form."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from tuheg_ir.sim.registry import Query
from tuheg_ir.sim.resources import Resource
from tuheg_ir.sim.status import ApiError, Obj
from tuheg_ir.sim.store import Change, Store

_BOOKMARK_EVERY = 30.0  # seconds of silence after which a client that likes bookmarks gets one
_TURN = 1.0  # seconds after which a silent watch looks whether the server is stopping
_LONGEST = 1800.0


def bookmark(resource: Resource, version: int, *, initial: bool = False) -> Obj:
    """Return a BOOKMARK event; ``initial`` marks the end of the initial events."""
    meta: Obj = {"resourceVersion": str(version), "creationTimestamp": None}
    if initial:
        meta["annotations"] = {"k8s.io/initial-events-end": "true"}
    return {
        "type": "BOOKMARK",
        "object": {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": meta},
    }


def _event(change: Change, test: Callable[[Obj], bool]) -> Obj | None:
    """Return the event as one watcher sees it: an object that leaves the selection is DELETED there."""
    before = change.old is not None and change.kind != "ADDED" and test(change.old)
    after = change.kind != "DELETED" and test(change.obj)
    if after:
        return {"type": "MODIFIED" if before else "ADDED", "object": change.obj}
    return {"type": "DELETED", "object": change.obj} if before else None


class Watch:
    """One watch of one client."""

    def __init__(self, store: Store, resource: Resource, query: Query, stopping: Callable[[], bool]) -> None:
        self._store = store
        self._resource = resource
        self._test = query.test(resource)
        self._stopping = stopping

    def events(self, start: str, *, timeout: float, bookmarks: bool, initial: bool | None) -> Iterator[Obj | None]:
        """Yield events until ``timeout`` seconds are over; None now and then, when nothing happens.

        ``start`` is the resourceVersion to go on from; '' and '0' begin with what there is.
        ``initial`` is the query's sendInitialEvents.
        """
        with_state = initial if initial is not None else start in ("", "0")
        with self._store.lock:
            version = self._store.version
            state = [obj for obj in self._store.objects(self._resource.key) if self._test(obj)] if with_state else []
        yield from ({"type": "ADDED", "object": obj} for obj in state)
        if initial and bookmarks:
            yield bookmark(self._resource, version, initial=True)
        if not with_state and start not in ("", "0"):
            version = int(start)
        yield from self._follow(version, min(timeout or _LONGEST, _LONGEST), bookmarks)

    def _follow(self, version: int, timeout: float, bookmarks: bool) -> Iterator[Obj | None]:
        end = time.monotonic() + timeout
        quiet_since = time.monotonic()
        while time.monotonic() < end and not self._stopping():
            changes, version = self._next(version, min(_TURN, max(0.0, end - time.monotonic())))
            for change in changes:
                if (event := _event(change, self._test)) is not None:
                    quiet_since = time.monotonic()
                    yield event
            if bookmarks and time.monotonic() - quiet_since > _BOOKMARK_EVERY:
                quiet_since = time.monotonic()
                yield bookmark(self._resource, version)
            elif not changes:
                yield None

    def _next(self, version: int, wait: float) -> tuple[list[Change], int]:
        """Return the changes after ``version`` (waiting a little for some) and the version reached."""
        with self._store.lock:
            found = self._store.since(self._resource.key, version)
            if found == []:
                self._store.changed.wait(wait)
                found = self._store.since(self._resource.key, version)
            if found is None:
                raise ApiError.gone(f"too old resource version: {version} ({self._store.version})")
            return found, max(version, self._store.version)
