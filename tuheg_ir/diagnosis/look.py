"""What was seen and what was decided from it. Of the collector nothing is loaded here: a child may do the reading."""

from __future__ import annotations

import time
from typing import Any

from tuheg_ir.diagnosis.answer import public
from tuheg_ir.diagnosis.apart import Apart
from tuheg_ir.diagnosis.beside import figures, tails
from tuheg_ir.diagnosis.decide import decide, load_rules
from tuheg_ir.diagnosis.model import Diagnosis, Snapshot
from tuheg_ir.named import NamedTuple


class Looked(NamedTuple):
    """What was seen, what was decided from it, and how many seconds that took."""

    snapshot: Snapshot
    diagnosis: Diagnosis
    took_s: float

    def as_dict(self, *, cluster: str = "", service: str = "") -> dict[str, Any]:
        """Return the public answer (docs/result.md)."""
        return {
            **public(self.diagnosis, self.snapshot),
            "cluster": cluster,
            "service": service,
            "took_s": self.took_s,
            "facts": figures(self.snapshot, self.diagnosis),
            "logs": tails(self.snapshot, self.ref(service)),
        }

    def ref(self, service: str) -> str:
        """Return Kind/name of a service of the inventory; "" for ""."""
        spec = self.snapshot.services.get(service) or {}
        return f"{spec.get('kind', 'Deployment')}/{service}" if service else ""


def look(reading: Apart[Snapshot]) -> Looked:
    """Load the rules while a namespace is read, and decide. Raises what the reading raises."""
    if not reading.is_over():  # what cannot be read need not wait for them
        load_rules()
    return decided(reading.result(), reading.began)


def decided(snapshot: Snapshot, began: float) -> Looked:
    """Decide on a snapshot that has been read since ``began`` (time.monotonic)."""
    diagnosis = decide(snapshot)
    return Looked(snapshot, diagnosis, round(time.monotonic() - began, 3))
