"""Where the objects are: one store for all kinds, with one growing resourceVersion and a history.

Objects are never changed in place: a write puts a new one. So readers may keep what they got, and a
watcher sees every state. Keys are ``(resource, namespace, name)`` with the resource as
``deployments.apps``.
"""

from __future__ import annotations

import random
import threading
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tuheg_ir.sim.clock import Clock, iso
from tuheg_ir.sim.status import Obj

_HISTORY = 4000  # changes kept for each resource; a watch from before them is told 410
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  # the letters of generated names: no vowels, no lookalikes


@dataclass(frozen=True, slots=True)
class Change:
    """One write: what kind, the object after it (before it, when deleted), and what was there before."""

    version: int
    kind: str  # ADDED, MODIFIED, DELETED
    resource: str
    obj: Obj
    old: Obj | None


class Store:
    """All objects. Use under :attr:`lock`; :attr:`changed` is notified after every write."""

    def __init__(self, clock: Clock, seed: int = 0) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.version = 1
        self._random = random.Random(seed)  # noqa: S311 - names, not secrets
        self._objects: dict[str, dict[tuple[str, str], Obj]] = defaultdict(dict)
        self._history: dict[str, deque[Change]] = defaultdict(lambda: deque(maxlen=_HISTORY))
        self._forgotten: dict[str, int] = defaultdict(int)
        self._listeners: list[Callable[[Change], None]] = []

    def listen(self, listener: Callable[[Change], None]) -> None:
        """Call ``listener`` on every change from now on, inside the write."""
        self._listeners.append(listener)

    def suffix(self, length: int = 5) -> str:
        """Return random letters as generateName and pods use them; the seed decides which."""
        return "".join(self._random.choices(_ALPHABET, k=length))

    def uid(self) -> str:
        """Return a new uid; the seed decides which."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    # --- reading ---

    def get(self, resource: str, namespace: str, name: str) -> Obj | None:
        """Return the object, None when there is none. Not to be changed."""
        return self._objects[resource].get((namespace, name))

    def objects(self, resource: str, namespace: str = "") -> list[Obj]:
        """Return the objects of a namespace ('' = all), by namespace and name. Not to be changed."""
        items = self._objects[resource].items()
        return [obj for (place, _), obj in sorted(items, key=lambda item: item[0]) if namespace in ("", place)]

    def since(self, resource: str, version: int) -> list[Change] | None:
        """Return the changes after ``version``; None when that is further back than is kept."""
        if version < self._forgotten[resource]:
            return None
        news: deque[Change] = deque()
        for change in reversed(self._history[resource]):
            if change.version <= version:
                break
            news.appendleft(change)
        return list(news)

    def owned(self, resource: str, owner: Obj) -> Iterator[Obj]:
        """Yield the objects whose controller is ``owner``, by uid and never by label."""
        meta = owner["metadata"]
        for obj in self.objects(resource, meta.get("namespace", "")):
            if controller_uid(obj) == meta["uid"]:
                yield obj

    # --- writing ---

    def create(self, resource: str, obj: Obj) -> Obj:
        """Store a new object with uid, creation time and version; the caller has checked the rest."""
        meta = {
            **obj["metadata"],
            "uid": self.uid(),
            "creationTimestamp": iso(self.clock.stamp()),
        }
        return self._write("ADDED", resource, {**obj, "metadata": meta}, None)

    def replace(self, resource: str, obj: Obj) -> Obj:
        """Store a new state of an object that is there; one that equals the old writes nothing."""
        meta = obj["metadata"]
        old = self._objects[resource][meta.get("namespace", ""), meta["name"]]
        version = old["metadata"]["resourceVersion"]
        if {**obj, "metadata": {**meta, "resourceVersion": version}} == old:
            return old
        return self._write("MODIFIED", resource, obj, old)

    def delete(self, resource: str, namespace: str, name: str) -> Obj | None:
        """Remove an object at once and return its last state; None when there is none."""
        old = self._objects[resource].pop((namespace, name), None)
        return None if old is None else self._write("DELETED", resource, old, old)

    def _write(self, kind: str, resource: str, obj: Obj, old: Obj | None) -> Obj:
        self.version += 1
        meta = _ordered({**obj["metadata"], "resourceVersion": str(self.version)})
        obj = {**obj, "metadata": meta}
        if kind != "DELETED":
            self._objects[resource][meta.get("namespace", ""), meta["name"]] = obj
        history = self._history[resource]
        if len(history) == _HISTORY:
            self._forgotten[resource] = history[0].version
        change = Change(self.version, kind, resource, obj, old)
        history.append(change)
        for listener in self._listeners:
            listener(change)
        self.changed.notify_all()
        return obj


_META_ORDER = (
    "name",
    "generateName",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
)


def _ordered(meta: Obj) -> Obj:
    """Return metadata in the real API's order, for people who read YAML."""
    known: dict[str, Any] = {key: meta[key] for key in _META_ORDER if key in meta and meta[key] not in ({}, [])}
    return known | {key: value for key, value in meta.items() if key not in _META_ORDER}


def controller_uid(obj: Obj) -> str:
    """Return the uid of the object's controller, '' when it has none."""
    for reference in obj["metadata"].get("ownerReferences") or []:
        if reference.get("controller"):
            return str(reference["uid"])
    return ""
