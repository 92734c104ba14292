"""What a case collects: objects, logs, metrics, alert, sessions; and its clock. Ages are seconds before now."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.diagnosis.casemaker.names import uid

Obj = dict[str, Any]

EVENT_LIFE = 3600
"""Seconds that the API server keeps an event."""


def minutes(number: float) -> float:
    return number * 60


def hours(number: float) -> float:
    return number * 3600


def days(number: float) -> float:
    return number * 86400


@dataclass
class World:
    """One namespace at one moment."""

    namespace: str
    now: datetime
    objects: list[Obj] = field(default_factory=list)
    logs: dict[str, list[str]] = field(default_factory=dict)
    metrics: dict[str, list[Obj]] = field(default_factory=dict)
    raw: list[str] = field(default_factory=list)
    alert: Obj | None = None
    databases: list[Obj] = field(default_factory=list)
    snapshot: Obj | None = None
    addresses: int = 10
    nodes: list[str] = field(default_factory=list)

    def time(self, age: float) -> datetime:
        return (self.now - timedelta(seconds=age)).replace(microsecond=0)

    def at(self, age: float) -> str:
        """Return a moment as Kubernetes writes it."""
        return self.time(age).strftime("%Y-%m-%dT%H:%M:%SZ")

    def micro(self, age: float) -> str:
        return self.time(age).strftime("%Y-%m-%dT%H:%M:%S.000000Z")

    def address(self) -> str:
        """Return the next free pod address."""
        self.addresses += 1
        return f"10.244.{1 + self.addresses // 200}.{10 + self.addresses % 200}"

    def node(self, number: int) -> str:
        """Return the name of one of the nodes, in turn."""
        names = self.nodes or ["worker-1", "worker-2", "worker-3"]
        return names[number % len(names)]

    def meta(
        self, kind: str, name: str, age: float, *, namespace: str | None = None, labels: Obj | None = None, **more: Any
    ) -> Obj:
        """Return an object's metadata."""
        place = self.namespace if namespace is None else namespace
        made: Obj = {"name": name}
        if place:
            made["namespace"] = place
        made |= {
            "uid": uid(place, kind, name, int(age)),
            "creationTimestamp": self.at(age),
            "resourceVersion": str(int(self.time(age).timestamp()) % 100_000_000),
        }
        if labels:
            made["labels"] = dict(labels)
        return made | {key: value for key, value in more.items() if value}

    def add(self, obj: Obj) -> Obj:
        self.objects.append(obj)
        return obj

    def changed(self, obj: Obj, age: float, manager: str = "kubectl-edit", fields: Obj | None = None) -> Obj:
        """Note when and by whom an object was last written, as managedFields does."""
        entry: Obj = {
            "manager": manager,
            "operation": "Update" if manager.startswith("kubectl") else "Apply",
            "apiVersion": obj["apiVersion"],
            "time": self.at(age),
            "fieldsType": "FieldsV1",
            "fieldsV1": fields or {},
        }
        obj["metadata"].setdefault("managedFields", []).append(entry)
        obj["metadata"]["resourceVersion"] = str(int(self.time(age).timestamp()) % 100_000_000)
        return obj


def start(namespace: str, now: str) -> World:
    """Return an empty world; ``now`` as 2026-02-11T14:30:00."""
    return World(namespace, datetime.fromisoformat(now).replace(tzinfo=UTC))
