"""What a diagnosis is made of: the snapshot that was taken, and what was decided from it.

A snapshot comes from a live cluster or from a folder and is the only thing that the rules see,
so that the same folder gives the same answer for ever. Times are UTC. Nothing here reads or
decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from tuheg_ir.named import NamedTuple

Obj = Mapping[str, Any]
"""A Kubernetes object as the API gives it, slimmed; always with apiVersion, kind and metadata."""


class Source(NamedTuple):
    """One thing that was asked: whether it answered, how long it took, why not, and when.

    ``kind`` is a short word for a failure: forbidden, missing, silent, late, unreachable, invalid, not_configured;
    bug for a rule that broke.
    """

    source: str
    ok: bool
    ms: int = 0
    note: str = ""
    kind: str = ""
    at: datetime | None = None


class Log(NamedTuple):
    """The tail of one container's log, scrubbed; ``previous``: of the container before the last restart."""

    pod: str
    container: str
    lines: tuple[str, ...]
    previous: bool = False


class Alert(NamedTuple):
    """An alert of Prometheus or Alertmanager, or one entry of an Alertmanager webhook."""

    name: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    state: str = "firing"
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    @property
    def said(self) -> str:
        """Return its name and its sentences, to look for words in."""
        return f"{self.name} {' '.join(map(str, self.annotations.values()))}"

    @property
    def critical(self) -> bool:
        """Tell whether somebody is to be woken for it."""
        return str(self.labels.get("severity", "")).lower() in ("critical", "page")

    def fires(self, about: str, more: str = "") -> Evidence:
        """Return that it fires about a component ("": nobody knows of which), and ``more`` that is known of it."""
        return Evidence("alerts", about, f"alert {self.name} fires{more}", self.starts_at)


class Series(NamedTuple):
    """One time series of a signal: its labels and its points (Unix seconds, value), oldest first."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]

    @property
    def last(self) -> float | None:
        """Return the newest value; None for an empty series."""
        return self.points[-1][1] if self.points else None


@dataclass(frozen=True, slots=True)
class Session:
    """A group of database sessions: of one client, in one state; ``age_s`` is its oldest's time in that state.

    ``client`` is an address or a host name, ``owner`` the workload whose pod has that address ("" unknown),
    ``wait`` what they wait for ("Lock", "Client", ""), or that with its kind: "Lock:transactionid".
    """

    client: str
    owner: str
    user: str
    application: str
    state: str
    count: int
    age_s: float = 0.0
    wait: str = ""
    query: str = ""

    @property
    def locked_out(self) -> bool:
        """Tell whether they wait for somebody else's lock."""
        return self.wait.lower().partition(":")[0] == "lock"


class Database(NamedTuple):
    """What pg_stat_activity and the settings of one database say."""

    ref: str
    max_connections: int
    reserved: int
    sessions: tuple[Session, ...]

    @property
    def used(self) -> int:
        """Return how many sessions there are."""
        return sum(session.count for session in self.sessions)

    @property
    def usable(self) -> int:
        """Return how many sessions ordinary users may have together."""
        return max(0, self.max_connections - self.reserved)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that was read, once. ``objects`` are by kind; what was not read is absent, not empty.

    ``services`` is the inventory's ir_services where there is one: names, dependencies, limits.
    ``probes`` are results of the inventory's probes (see Probe of the collection).
    """

    taken_at: datetime
    namespace: str
    objects: Mapping[str, tuple[Obj, ...]] = field(default_factory=lambda: MappingProxyType({}))
    logs: tuple[Log, ...] = ()
    alerts: tuple[Alert, ...] = ()
    metrics: Mapping[str, tuple[Series, ...]] = field(default_factory=lambda: MappingProxyType({}))
    databases: tuple[Database, ...] = ()
    probes: tuple[Mapping[str, Any], ...] = ()
    sources: tuple[Source, ...] = ()
    services: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, *kinds: str) -> tuple[Obj, ...]:
        """Return the objects of some kinds."""
        return tuple(obj for kind in kinds for obj in self.objects.get(kind, ()))

    def known(self, kind: str) -> bool:
        """Tell whether objects of a kind were read at all."""
        return kind in self.objects


class Evidence(NamedTuple):
    """One fact that speaks for a finding: where it comes from, what it is about, what it says, since when.

    ``source`` is one of: objects, events, logs, metrics, database, alerts, probes. Independent sources make a
    finding more certain; more facts of one source hardly do.
    """

    source: str
    object: str
    fact: str
    time: datetime | None = None


class Excluded(NamedTuple):
    """A remedy that would be useless or harmful now, for which target (Kind/name), and why.

    ``final``: it would corrupt data or destroy evidence, and nobody may override that in a ladder.
    """

    remedy: str
    target: str
    reason: str
    final: bool = False


class Finding(NamedTuple):
    """A probable cause: where, what, what helps, how sure (0 to 1), why, and what must not be done."""

    component: str
    root_cause: str
    remedy: str
    target: str
    confidence: float
    evidence: tuple[Evidence, ...]
    excluded: tuple[Excluded, ...] = ()
    rule: str = ""
    since: datetime | None = None


class Considered(NamedTuple):
    """A guess that lost, or a rule that did not fire, and why."""

    rule: str
    component: str
    root_cause: str
    remedy: str
    confidence: float
    reason: str


class Diagnosis(NamedTuple):
    """What was decided. Findings come best first and are never empty. ``broken``: rules that a bug of ours broke."""

    verdict: str
    findings: tuple[Finding, ...]
    considered: tuple[Considered, ...] = ()
    broken: tuple[Source, ...] = ()
