"""Who calls whom: from the inventory, from the settings of pod templates, and from the hosts that logs name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tuheg_ir.diagnosis.model import Snapshot
from tuheg_ir.diagnosis.view.changes import keys_of, volumes_of
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.reading import at, items, mapping, name, text
from tuheg_ir.diagnosis.view.workloads import Workload

_WORD = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?", re.IGNORECASE)


class Graph:
    """Calls between workloads of the namespace. ``calls[ref]`` are the workloads that one needs.

    ``outside[ref]`` are hosts outside the namespace that the workload's troubles name.
    """

    def __init__(
        self, snapshot: Snapshot, found: Mapping[str, Workload], services: Mapping[str, Service], hits: Iterable[Hit]
    ) -> None:
        self._snapshot = snapshot
        self._found = found
        self._names = _names(snapshot, found, services)
        self.calls: dict[str, set[str]] = {ref: set() for ref in found}
        self.outside: dict[str, set[str]] = {ref: set() for ref in found}
        for ref, workload in found.items():
            self.calls[ref] |= set(self._declared(workload)) | set(self._configured(workload))
            self.calls[ref].discard(ref)
        for hit in hits:
            for host in hit.hosts:
                target = self.resolve(host)
                if target and target != hit.component:
                    self.calls.setdefault(hit.component, set()).add(target)
                elif not target and _foreign(host):
                    self.outside.setdefault(hit.component, set()).add(host)

    def resolve(self, host: str) -> str:
        """Return the workload behind a host name or address; "" for none that is known."""
        found = host.lower().strip(".")
        if found in self._names:
            return self._names[found]
        first, _, rest = found.partition(".")
        inside = not rest or rest.split(".")[0] == self._snapshot.namespace or rest.startswith("svc")
        return self._names.get(first, "") if inside else self._names.get(".".join(found.split(".")[1:2]), "")

    def needs(self, ref: str) -> set[str]:
        """Return everything that a workload needs, directly or through others."""
        seen: set[str] = set()
        todo = [ref]
        while todo:
            for each in self.calls.get(todo.pop(), ()):
                if each not in seen and each != ref:
                    seen.add(each)
                    todo.append(each)
        return seen

    def callers(self, ref: str) -> set[str]:
        """Return the workloads that need this one, directly or through others."""
        return {each for each in self.calls if ref in self.needs(each)}

    def _declared(self, workload: Workload) -> Iterator[str]:
        declared = self._snapshot.services.get(workload.name) or {}
        for other in declared.get("depends_on") or []:
            if ref := self._names.get(str(other)):
                yield ref

    def _configured(self, workload: Workload) -> Iterator[str]:
        for value in self._settings(workload):
            for word in _WORD.findall(value[:4000]):
                if len(word) > 2 and (ref := self.resolve(word)):
                    yield ref

    def _settings(self, workload: Workload) -> Iterator[str]:
        spec = mapping(workload.template, "spec")
        for container in [*items(spec, "initContainers"), *items(spec, "containers")]:
            for entry in items(container, "env"):
                yield text(entry, "value")
            for field in ("command", "args"):
                yield from (str(word) for word in at(container, field) or [])
        needed = {
            ref
            for kind, ref, *_ in [*volumes_of(workload.template), *keys_of(workload.template)]
            if kind == "ConfigMap"
        }
        for obj in self._snapshot.of("ConfigMap"):
            if name(obj) in needed:
                yield from (str(value) for value in mapping(obj, "data").values() if not _hashed(value))


def _hashed(value: Any) -> bool:
    return str(value).startswith("sha256:")


def _foreign(host: str) -> bool:
    """Tell whether a host is a name outside the cluster."""
    return "." in host and not host.endswith((".local", ".svc")) and not host.replace(".", "").isdigit()


def _names(snapshot: Snapshot, found: Mapping[str, Workload], services: Mapping[str, Service]) -> dict[str, str]:
    names: dict[str, str] = {}
    for workload in found.values():
        for pod in workload.live:
            if pod.address:
                names[pod.address] = workload.ref
        if workload.kind == "StatefulSet":
            for number in range(max(workload.wanted, len(workload.pods))):
                names[f"{workload.name}-{number}"] = workload.ref
    for service in services.values():
        backend = next(iter(service.backends or service.meant), "")
        if backend:
            names[service.name.lower()] = backend
            for address in [text(service.obj, "spec", "clusterIP"), *(at(service.obj, "spec", "clusterIPs") or [])]:
                if address and address != "None":
                    names[str(address)] = backend
    for workload in found.values():
        names.setdefault(workload.name.lower(), workload.ref)
    for key, declared in snapshot.services.items():
        names.setdefault(str(key).lower(), f"{declared.get('kind', 'Deployment')}/{key}")
    return names
