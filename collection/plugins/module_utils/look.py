# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a look at something says: the three verdicts, and the look at a workload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .podfaults import Fault

HEALTHY, UNHEALTHY, UNKNOWN = "healthy", "unhealthy", "unknown"
# causes of "unknown" that time may cure: a watcher goes on looking
WAITING = ("progressing", "stale")


@dataclass(frozen=True)
class Look:
    """What one look at a workload says.

    verdict: healthy, unhealthy or unknown. cause: Kubernetes' word (OOMKilled, ErrImagePull) or
    one of progressing, stale, paused, spec_changed, scaled_to_zero, not_ready, deadline, stuck,
    on_delete, partition, timeout, missing, or the kind of a KubeError.
    replicas: {wanted, updated, ready, available}. revision: name of the current ReplicaSet or
    ControllerRevision. pods: [{name, ready, restarts, reason}], those of the current revision.
    faults: those seen, held or not (a watcher remembers since when).
    """

    verdict: str
    reason: str
    cause: str = ""
    generation: int = 0
    replicas: Mapping[str, int] = field(default_factory=dict)
    revision: str = ""
    pods: tuple[Mapping[str, Any], ...] = ()
    faults: tuple[Fault, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The look as results carry it."""
        shown = asdict(self)
        del shown["faults"]
        shown["pods"] = [dict(pod) for pod in self.pods]
        shown["replicas"] = dict(self.replicas)
        return shown
