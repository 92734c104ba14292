"""Who calls whom: from the inventory, from the settings of pod templates, and from the hosts that logs name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Snapshot
from tuheg_ir.diagnosis.view.changes import reads
from tuheg_ir.diagnosis.view.hosts import QUOTED, is_address
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.reading import at, items, mapping, name, text
from tuheg_ir.diagnosis.view.workloads import Workload

_URL = late(r"[a-z][\w+.-]{0,40}://(?:[^@/\s]*@)?([^/\s?'\"]+)", re.IGNORECASE)
"""What stands between scheme and path: hosts, with ports, between commas."""
_TARGET = late(r"\b(?:dns|xds|passthrough|kubernetes)://[^/\s'\"]*/([a-z](?:[a-z0-9.-]*[a-z0-9])?)", re.IGNORECASE)
"""Whom a client of gRPC asks, behind how it resolves the name: `dns:///rates:9000`, `dns://10.0.0.2/rates`."""
_HOST_PORT = late(r"(?<![\w./@-])([a-z](?:[a-z0-9.-]*[a-z0-9])?):\d{2,5}\b", re.IGNORECASE)
_SVC = late(r"\b([a-z](?:[a-z0-9.-]{0,253}[a-z0-9])?\.svc(?:\.[a-z0-9.-]+)?)\b", re.IGNORECASE)
_SET = late(
    r"(?<![\w.-])[\w.-]{0,100}(?:host(?:name)?|server|addr(?:ess)?|endpoint|upstream|contact[_-]?points?)[\w.-]{0,100}"
    r"\s*[=:]\s*[\"']?([a-z0-9.-]+)",
    re.IGNORECASE,
)
_NAMED = late(
    r"host|url|uri|addr|endpoint|server|broker|bootstrap|upstream|service|dsn|backend|peer|target|proxy|"
    r"contact[_-]?points?|database|redis|cache|queue|nodes|_api$|_svc$|"
    r"(?:^|_)(?:db|pg|mysql|mongo|sql)_?(?:writer?|read(?:er)?|primary|replicas?|master|slave|main|rw|ro)$",
    re.IGNORECASE,
)
"""Names of variables whose value is a host, or a list of hosts."""
_BESIDE = late(
    r"(?:pass(?:word|wd|phrase)?|pwd|token|secret|key|cert(?:ificate)?|salt|(?<![a-z])id|user(?:_?name)?"
    r"|(?<!host)name|(?<![a-z])port)(?:_file)?$",
    re.IGNORECASE,
)
"""Names of what stands beside a host, and is none."""
_WHOM = r"(?:upstream|backend)(?:_(?:addr|host|name|service|cluster))?"
_ASKED = late(
    rf'(?<!\\)" 5\d\d \d+ {QUOTED} {QUOTED}(?:[^"]|{QUOTED}){{0,600}}?'
    rf'[ ,{{](?:{_WHOM}|"{_WHOM}")[=:] ?"?([a-z0-9][\w.-]*)',
    re.IGNORECASE,
)
"""Where the access log of a proxy names, behind a failed request, whom it has asked; in quotes speaks the client."""
_LED_TO = late(
    rf'(?<!\\)" 5\d\d (?:[^"]{{1,120}}(?:"-" [\d -]{{3,60}})?(?:{QUOTED} ){{4}}"'
    rf"|\d+ {QUOTED} {QUOTED} \d+ [\d.]+ \[[^\]]*\] \[[^\]]*\] )((?:\d{{1,3}}\.){{3}}\d{{1,3}}):\d"
)
"""Where access logs of Envoy and of ingress-nginx tell, by its place alone, to which pod a failed request was led."""
_WHERE = late(r"(?:api_|base_|service_|svc_|grpc_|http_)?(?:url|uri|host(?:name)?|addr(?:ess)?|endpoint|server|target)")
"""How the name of a variable ends that tells where something is."""
_NO_WORD = late(r"\W")
_MOST = 1000
"""No StatefulSet has more pods than this."""
_LONGEST = 20_000
"""No setting is looked through further than this."""


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
        self._maps = {name(obj): obj for obj in snapshot.of("ConfigMap")}
        self._meant: dict[tuple[str, str], str] = {}
        self._needs: dict[str, set[str]] = {}
        self.calls: dict[str, set[str]] = {ref: set() for ref in found}
        self.outside: dict[str, set[str]] = {ref: set() for ref in found}
        for ref, workload in found.items():
            self.calls[ref] |= set(self._declared(workload)) | set(self._configured(workload))
            self.calls[ref].discard(ref)
        for hit in hits:
            for host in hit.hosts:
                target = self.resolve(host)
                if target:
                    self._told(hit.component, target)
                elif foreign(host):
                    self.outside.setdefault(hit.component, set()).add(host)
        for caller, called in self._measured():
            if caller and called and caller != called:
                self.calls.setdefault(caller, set()).add(called)
        for caller, called in self._asked():
            if caller and called:
                self._told(caller, called)

    def _told(self, caller: str, called: str) -> None:
        """Add a call that a log tells of: a server that names its client does not call it."""
        if caller != called and caller not in self.calls.get(called, ()):
            self.calls.setdefault(caller, set()).add(called)

    def resolve(self, host: str) -> str:
        """Return the workload behind a host name or address; "" for none that is known.

        Known are `service`, `service.namespace`, both with `.svc` and what follows, and a pod's name before them. One
        of another namespace is known where its Service was read: a proxy, or a broker, that several share.
        """
        found = host.lower().strip(".")
        if found in self._names:
            return self._names[found]
        head, dot, _ = f"{found}.".partition(".svc.")
        parts = head.strip(".").split(".")
        space = self._snapshot.namespace.lower()
        if len(parts) > 1 and parts[-1] == space:
            parts = parts[:-1]
        elif shared := self._names.get(".".join(parts[-2:])) if len(parts) > 1 else "":
            return self._names.get(parts[0], shared) if len(parts) > 2 else shared
        elif dot and len(parts) > 1:
            return ""  # a Service of another namespace
        if len(parts) == 2 and parts[1] in self._names and parts[0].rpartition("-")[2].isdigit():
            return self._names.get(parts[0]) or self._names[parts[1]]
        return self._names.get(parts[0], "") if len(parts) == 1 else ""

    def meant(self, caller: str, label: str) -> str:
        """Return the workload that a caller calls by a name of its own: its variable CLEARING_URL says who clearing is.

        "" where the name or the variable leads to none of the namespace, or to several.
        """
        if (caller, label) not in self._meant:
            self._meant[caller, label] = self.resolve(label) or self._by_variable(caller, label)
        return self._meant[caller, label]

    def _by_variable(self, caller: str, label: str) -> str:
        found = {self.resolve(host) for host in self.hosts_meant(caller, label)}
        return found.pop() if len(found) == 1 else ""

    def hosts_meant(self, caller: str, label: str, *, alone: bool = False) -> set[str]:
        """Return the hosts to which a caller's variables of such a name lead: CLEARING_URL for clearing.

        ``alone``: with nothing before it, as in API_URL, and not in CLEARING_API_URL.
        """
        workload, called = self._found.get(caller), _NO_WORD.sub("_", label.lower()).strip("_")
        found = set()
        for key, value in self.settings(workload) if workload and called else ():
            head, named, tail = f"_{_NO_WORD.sub('_', key.lower())}".rpartition(f"_{called}_")
            if named and not (alone and head) and _WHERE.fullmatch(tail):
                found |= hosts_in(key, value[:_LONGEST])
        return found

    def other_space(self, host: str) -> str:
        """Return the namespace in which a host is, if it is that of a Service of another one: `name.namespace.svc`."""
        head, dot, _ = f"{host.lower().strip('.')}.".partition(".svc.")
        space = head.rpartition(".")[2] if dot and "." in head else ""
        return space if space != self._snapshot.namespace.lower() else ""

    def is_away(self, host: str) -> bool:
        """Tell whether a host is none of this namespace by its name: one outside, or a Service of another one."""
        return not self.resolve(host) and (foreign(host) or bool(self.other_space(host)))

    def needs(self, ref: str) -> set[str]:
        """Return everything that a workload needs, directly or through others."""
        if ref not in self._needs:
            self._needs[ref] = _reached(self.calls, ref)
        return self._needs[ref]

    def asked_by(self, ref: str) -> list[str]:
        """Return who calls a workload itself, by name."""
        return sorted(caller for caller, called in self.calls.items() if ref in called)

    def callers(self, ref: str) -> set[str]:
        """Return the workloads that need this one, directly or through others."""
        above: dict[str, set[str]] = {}
        for caller, called in self.calls.items():
            for each in called:
                above.setdefault(each, set()).add(caller)
        return _reached(above, ref)

    def _measured(self) -> Iterator[tuple[str, str]]:
        """Yield (caller, called) as sessions of databases and figures of dependencies show them."""
        for database in self._snapshot.databases:
            for session in database.sessions:
                yield session.owner or self.resolve(session.client), database.ref
        for signal in ("dependency_latency_p95", "dependency_error_ratio"):
            for series in self._snapshot.metrics.get(signal, ()):
                called = self.resolve(series.labels.get("dependency", ""))
                yield self.resolve(series.labels.get("component", "")), called
        for signal in ("db_connections_by_client", "db_transaction_age_by_client"):
            for series in self._snapshot.metrics.get(signal, ()):
                yield self.resolve(series.labels.get("client", "")), self.resolve(series.labels.get("component", ""))

    def _asked(self) -> Iterator[tuple[str, str]]:
        """Yield (caller, called) as access logs of proxies show them."""
        above = {pod.name: ref for ref, workload in self._found.items() for pod in workload.pods}
        for log in self._snapshot.logs:
            failed = [line[:1000] for line in log.lines if '" 5' in line]
            named = (line for line in failed if "upstream" in line or "backend" in line)
            hosts = {found[1] for line in named if (found := _ASKED.search(line))}
            for host in hosts.union(found[1] for line in failed if (found := _LED_TO.search(line))):
                yield above.get(log.pod, ""), self.resolve(host)

    def _declared(self, workload: Workload) -> Iterator[str]:
        declared = self._snapshot.services.get(workload.name) or {}
        others = at(declared, "depends_on")
        for other in others if isinstance(others, list | tuple) else ():
            if ref := self._names.get(str(other).lower()):
                yield ref

    def _configured(self, workload: Workload) -> Iterator[str]:
        for key, value in self.settings(workload):
            for host in hosts_in(key, value[:_LONGEST]):
                if ref := self.resolve(host):
                    yield ref

    def settings(self, workload: Workload) -> Iterator[tuple[str, str]]:
        """Yield the settings of a workload: variables, words of commands ("": no name), ConfigMaps that it reads."""
        spec = mapping(workload.template, "spec")
        for container in [*items(spec, "initContainers"), *items(spec, "containers")]:
            for entry in items(container, "env"):
                yield text(entry, "name"), text(entry, "value")
        yield from self.commands(workload)
        for ref in self._read_by(workload):
            data = mapping(self._maps.get(ref), "data")
            yield from ((str(key), str(value)) for key, value in data.items() if not _hashed(value))

    def commands(self, workload: Workload, named: str = "") -> Iterator[tuple[str, str]]:
        """Yield the words of the commands of a workload's containers, or of one that is named, as settings."""
        spec = mapping(workload.template, "spec")
        for container in [*items(spec, "initContainers"), *items(spec, "containers")]:
            for field in ("command", "args"):
                words = at(container, field)
                if named in ("", text(container, "name")) and isinstance(words, list | tuple):
                    yield from (("", str(word)) for word in words)

    def _read_by(self, workload: Workload) -> set[str]:
        return {ref for kind, ref in reads(workload.template) if kind == "ConfigMap"}


def leads(key: str) -> bool:
    """Tell whether a variable is called as those are whose value is a host."""
    return _NAMED.search(key) is not None and not _BESIDE.search(key)


def hosts_in(key: str, value: str) -> set[str]:
    """Return the hosts that a setting names: of URLs, of host:port, of cluster names; the value itself if so named."""
    found = {part for match in _URL.finditer(value) for part in match.group(1).split(",")}
    found |= {match.group(1) for pattern in (_HOST_PORT, _TARGET, _SVC, _SET) for match in pattern.finditer(value)}
    if _NAMED.search(key) and len(value) < 500 and "://" not in value:
        found |= set(re.split(r"[,;\s]+", value))
    return {host for each in found if (host := each.rpartition("@")[2].partition(":")[0].strip(".;").lower())}


def _reached(edges: Mapping[str, Iterable[str]], start: str) -> set[str]:
    """Return everything that can be reached, the start left out."""
    seen: set[str] = set()
    todo = [start]
    while todo:
        for each in edges.get(todo.pop(), ()):
            if each not in seen and each != start:
                seen.add(each)
                todo.append(each)
    return seen


def _hashed(value: Any) -> bool:
    return str(value).startswith("sha256:")


def foreign(host: str) -> bool:
    """Tell whether a host is a name outside the cluster."""
    return "." in host and not host.endswith((".local", ".svc")) and not is_address(host)


def _names(snapshot: Snapshot, found: Mapping[str, Workload], services: Mapping[str, Service]) -> dict[str, str]:
    names: dict[str, str] = {}
    for workload in found.values():
        names |= {pod.address: workload.ref for pod in workload.live if pod.address}
        if workload.kind == "StatefulSet":
            count = min(_MOST, max(workload.wanted, len(workload.pods)))
            names |= {f"{workload.name}-{number}".lower(): workload.ref for number in range(count)}
    for _, service in sorted(services.items()):
        if backend := next(iter(service.backends or service.meant), ""):
            names[service.name.lower()] = backend
            space = text(service.obj, "metadata", "namespace")
            names |= {f"{service.name}.{space}".lower(): backend} if space not in ("", snapshot.namespace) else {}
            address = text(service.obj, "spec", "clusterIP")
            names |= {address: backend} if address not in ("", "None") else {}
    for workload in found.values():
        names.setdefault(workload.name.lower(), workload.ref)
    for key, declared in snapshot.services.items():
        names.setdefault(str(key).lower(), f"{text(declared, 'kind') or 'Deployment'}/{key}")
    return names
