"""What a diagnosis knows, slimmed from the cluster's answers to what the rules ask.

Every figure may be None: not known. The rules never take None for zero.
Shares are 0.0-1.0 of a limit, ages and durations are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal["healthy", "unhealthy", "unknown"]
Holder = Literal["own", "other", "load", "nobody"]


@dataclass(frozen=True, slots=True)
class Source:
    """One thing that was asked: whether it answered, how long it took, and why not."""

    source: str
    ok: bool
    ms: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class PodFailure:
    """A pod that does not serve, with the reason that Kubernetes gives."""

    pod: str
    revision: str
    reason: str
    configuration: bool = False
    """The container never ran: image, command, ConfigMap, Secret."""


@dataclass(frozen=True, slots=True)
class Crashes:
    """Containers that ended by themselves and were started again."""

    restarts: int
    pods: tuple[str, ...]
    exit_codes: tuple[int, ...]
    on_current_revision: bool


@dataclass(frozen=True, slots=True)
class Rollback:
    """Whether an older template is there to go back to."""

    possible: bool
    target: str = ""
    proven: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Workload:
    """The service's own workload: its pods, its roll-out, its past."""

    ref: str
    desired: int | None = None
    ready: int | None = None
    verdict: Verdict = "unknown"
    reason: str = ""
    revision: str = ""
    revision_age_s: float | None = None
    start_failures: tuple[PodFailure, ...] = ()
    """Pods of the current revision that have never been ready."""
    older_serving: int = 0
    crashes: Crashes | None = None
    oom_killed: tuple[str, ...] = ()
    rollback: Rollback | None = None
    not_ready: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resources:
    """How near the service's busiest pod is to its limits."""

    memory_share: float | None = None
    cpu_share: float | None = None
    throttled_share: float | None = None


@dataclass(frozen=True, slots=True)
class Database:
    """Who holds the connection slots of a database that the service depends on."""

    service: str
    ref: str
    used: int
    usable: int
    maximum: int
    own: int
    own_idle_in_transaction: int
    other: int
    holder: Holder
    detail: str = ""
    holder_ref: str = ""
    """Who holds most of them: Kind/name, or the address of a client outside of the cluster."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe's answer."""

    service: str
    name: str
    purpose: str
    verdict: Verdict
    value: float | None = None
    threshold: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Errors:
    """Requests that fail now: ``told`` says how that is seen.

    ``before_revision`` is the share of failed requests just before the current revision came,
    ``limit`` what is tolerated.
    """

    failing: bool
    told: str
    limit: float
    ratio: float | None = None
    before_revision: float | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the rules look at."""

    service: str
    workload: Workload
    probes: tuple[Probe, ...] = ()
    dependencies: dict[str, str] = field(default_factory=dict)
    """Key of a service that this one depends on -> its Kind/name."""
    database: Database | None = None
    resources: Resources = Resources()
    errors: Errors | None = None
    sources: tuple[Source, ...] = ()
    logs: tuple[dict[str, Any], ...] = ()

    def own_probes(self) -> tuple[Probe, ...]:
        """Return the probes of the service itself."""
        return tuple(p for p in self.probes if p.service == self.service)

    def dependency_probes(self, service: str) -> tuple[Probe, ...]:
        """Return the probes of one service that this one depends on."""
        return tuple(p for p in self.probes if p.service == service)
