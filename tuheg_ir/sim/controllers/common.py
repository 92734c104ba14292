"""What controllers share: conditions, owners, hashes, events, counts."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from tuheg_ir.sim.clock import iso
from tuheg_ir.sim.registry import Registry
from tuheg_ir.sim.resources import by_key, by_kind
from tuheg_ir.sim.status import Obj

HASH_LABEL = "pod-template-hash"
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def short_hash(value: Any) -> str:
    """Return a short hash as controllers put it into names (not the same letters as the real one)."""
    digest = hashlib.sha256(json.dumps(value, sort_keys=True).encode()).digest()
    number = int.from_bytes(digest[:4], "big")
    return "".join(_ALPHABET[ord(digit) % len(_ALPHABET)] for digit in str(number))


def reference(owner: Obj) -> Obj:
    """Return the ownerReference that makes ``owner`` the controller."""
    meta = owner["metadata"]
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": meta["name"],
        "uid": meta["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def condition(status: Obj, kind: str) -> Obj | None:
    """Return a condition of a status."""
    return next((item for item in status.get("conditions") or [] if item["type"] == kind), None)


def is_true(status: Obj, kind: str) -> bool:
    """Return whether a condition is there and True."""
    found = condition(status, kind)
    return found is not None and found["status"] == "True"


def active(pod: Obj) -> bool:
    """Return whether a pod counts: not ended, not being deleted."""
    return not pod["metadata"].get("deletionTimestamp") and pod["status"].get("phase") not in ("Succeeded", "Failed")


def ready(pod: Obj) -> bool:
    """Return whether a pod's Ready condition is True."""
    return is_true(pod["status"], "Ready")


def share(value: Any, whole: int, *, up: bool) -> int:
    """Return an int-or-percent of ``whole``, rounded up or down."""
    if isinstance(value, int):
        return value
    percent = int(str(value).rstrip("%"))
    return -(-whole * percent // 100) if up else whole * percent // 100


def bare_template(template: Obj) -> Obj:
    """Return a pod template without the hash label that the Deployment controller adds."""
    labels = {k: v for k, v in (template["metadata"].get("labels") or {}).items() if k != HASH_LABEL}
    return {**template, "metadata": {**template["metadata"], "labels": labels}}


def pod_from(template: Obj, name: Obj, owner: Obj, labels: Obj) -> Obj:
    """Return the pod that a template describes; ``name`` is {name: ..} or {generateName: ..}."""
    body = copy.deepcopy(template)
    meta = body["metadata"]
    meta["labels"] = {**(meta.get("labels") or {}), **labels}
    meta = {**name, **meta, "ownerReferences": [reference(owner)]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": body["spec"]}


class Writer:
    """The writes of controllers: status, replicas, events."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.store = registry.store

    def now(self) -> str:
        """Return the stamp of this moment."""
        return iso(self.store.clock.stamp())

    def status(self, obj: Obj, status: Obj) -> Obj:
        """Write a status, if it differs."""
        resource = by_kind()[obj["apiVersion"], obj["kind"]]
        current = self.store.get(resource.key, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
        if current is None or current["metadata"]["uid"] != obj["metadata"]["uid"]:
            return obj
        return self.store.replace(resource.key, {**current, "status": status})

    def update(self, obj: Obj) -> Obj:
        """Write an object that was made from the stored one."""
        resource = by_kind()[obj["apiVersion"], obj["kind"]]
        meta = obj["metadata"]
        return self.registry.update(resource, meta.get("namespace", ""), meta["name"], obj)[0]

    def delete(self, key: str, obj: Obj, options: Obj | None = None) -> None:
        """Delete an object."""
        meta = obj["metadata"]
        self.registry.delete(by_key()[key], meta.get("namespace", ""), meta["name"], options or {})

    def set_condition(self, status: Obj, kind: str, value: str, reason: str, message: str) -> None:
        """Set a condition as the Deployment controller does: the transition time moves with the value only."""
        old = condition(status, kind)
        if old and (old["status"], old["reason"]) == (value, reason):
            return
        moved = old is None or old["status"] != value
        new = {
            "type": kind,
            "status": value,
            "lastUpdateTime": self.now(),
            "lastTransitionTime": self.now() if moved or old is None else old["lastTransitionTime"],
            "reason": reason,
            "message": message,
        }
        rest = [item for item in status.get("conditions") or [] if item["type"] != kind]
        status["conditions"] = [*rest, new]

    def event(self, obj: Obj, kind: str, reason: str, message: str, component: str, path: str = "") -> None:
        """Record an event; the same one again counts up."""
        meta = obj["metadata"]
        namespace = meta.get("namespace") or "default"
        involved = {
            "kind": obj["kind"],
            "namespace": meta.get("namespace", ""),
            "name": meta["name"],
            "uid": meta["uid"],
            "apiVersion": obj["apiVersion"],
            "resourceVersion": meta["resourceVersion"],
        } | ({"fieldPath": path} if path else {})
        name = f"{meta['name']}.{short_hash([meta['uid'], reason, message, path])}"
        known = self.store.get("events", namespace, name)
        if known is not None:
            again = {**known, "count": known["count"] + 1, "lastTimestamp": self.now()}
            self.store.replace("events", again)
            return
        body = {
            "kind": "Event",
            "apiVersion": "v1",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": involved,
            "reason": reason,
            "message": message,
            "source": {"component": component},
            "firstTimestamp": self.now(),
            "lastTimestamp": self.now(),
            "count": 1,
            "type": kind,
            "eventTime": None,
            "reportingComponent": component,
            "reportingInstance": "",
        }
        self.store.create("events", body)


def total(objects: Sequence[Obj], path: str) -> int:
    """Return the sum of ``spec.replicas`` or a status count over ReplicaSets."""
    part, field = path.split(".")
    return sum((obj.get(part) or {}).get(field) or 0 for obj in objects)
