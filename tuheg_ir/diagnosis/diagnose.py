"""Look at a namespace and say what is wrong: collect or load, then decide. Behind the commands and the action."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from tuheg_ir.diagnosis.answer import for_service, public
from tuheg_ir.diagnosis.beside import figures, missed, tails
from tuheg_ir.diagnosis.collector import Target, collect
from tuheg_ir.diagnosis.collector.metrics import known_of, read_metrics
from tuheg_ir.diagnosis.collector.run import DEADLINE_S
from tuheg_ir.diagnosis.decide import decide, load_rules
from tuheg_ir.diagnosis.model import Diagnosis, Snapshot
from tuheg_ir.diagnosis.snapshot import load
from tuheg_ir.errors import UsageError


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


def look(auth: Mapping[str, Any], target: Target, *, deadline_s: float = DEADLINE_S) -> Looked:
    """Look at a live namespace. ``auth`` is kubernetes.core's; {} takes K8S_AUTH_* and KUBECONFIG.

    Reads only. Raises ClusterError when the API cannot be reached at all; whatever else fails is a
    note among the sources.
    """
    began = time.monotonic()
    # Rules and patterns take a while to load: done while the network is waited for.
    threading.Thread(target=load_rules, daemon=True).start()
    snapshot = collect(auth, target, deadline_s=deadline_s).snapshot
    diagnosis = decide(snapshot)
    return Looked(snapshot, diagnosis, round(time.monotonic() - began, 3))


def look_back(folder: Path, *, prometheus_url: str = "", at: datetime | None = None) -> Looked:
    """Look at a saved snapshot, its figures from a Prometheus if one is named. Raises UsageError."""
    began = time.monotonic()
    snapshot = load(folder, at=at)
    if prometheus_url:
        moment, known = at or snapshot.taken_at, known_of(snapshot.objects)
        asked = read_metrics(prometheus_url, snapshot.namespace, moment, known=known)
        # That the folder holds no figures is no lack when another place gives them.
        others = (each for each in snapshot.sources if each.source != "metrics" or not asked.signals)
        metrics, sources = {**snapshot.metrics, **asked.signals}, (*others, *asked.sources)
        snapshot = replace(snapshot, metrics=metrics, sources=sources)
    diagnosis = decide(snapshot)
    return Looked(snapshot, diagnosis, round(time.monotonic() - began, 3))


def diagnose_service(
    auth: Mapping[str, Any], target: Target, service: str, *, cluster: str = "", deadline_s: float = DEADLINE_S
) -> dict[str, Any]:
    """Return what the ladder of one service goes by: ``for_service``'s answer, facts and sources.

    Raises UsageError for a service that the inventory has not, else as ``look``.
    """
    if service not in target.services:
        raise UsageError(f"There is no service {service!r}", cluster, f"There are: {', '.join(target.services)}.")
    looked = look(auth, target, deadline_s=deadline_s)
    told = public(looked.diagnosis, replace(looked.snapshot, sources=missed(looked.snapshot.sources)))
    return {
        **told,
        **for_service(looked.diagnosis, looked.snapshot, looked.ref(service)),
        "cluster": cluster,
        "service": service,
        "took_s": looked.took_s,
        "facts": figures(looked.snapshot, looked.diagnosis),
    }
