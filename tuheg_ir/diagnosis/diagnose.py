"""Look at a namespace and say what is wrong: collect or load, then decide. Behind the commands and the action."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from tuheg_ir.diagnosis.answer import for_service, public
from tuheg_ir.diagnosis.apart import Apart
from tuheg_ir.diagnosis.beside import figures, missed
from tuheg_ir.diagnosis.collector import Target, collect
from tuheg_ir.diagnosis.collector.known import known_of
from tuheg_ir.diagnosis.collector.metrics import read_metrics
from tuheg_ir.diagnosis.collector.run import DEADLINE_S
from tuheg_ir.diagnosis.look import Looked, decided, look
from tuheg_ir.diagnosis.model import Snapshot
from tuheg_ir.diagnosis.snapshot import load
from tuheg_ir.errors import UsageError


def look_back(folder: Path, *, prometheus_url: str = "", at: datetime | None = None) -> Looked:
    """Look at a saved snapshot, its figures from a Prometheus if one is named. Raises UsageError."""
    began = time.monotonic()
    return decided(load_back(folder, prometheus_url=prometheus_url, at=at), began)


def load_back(folder: Path, *, prometheus_url: str = "", at: datetime | None = None) -> Snapshot:
    """Return a saved snapshot, its figures from a Prometheus if one is named. Raises UsageError."""
    snapshot = load(folder, at=at)
    if not prometheus_url:
        return snapshot
    moment = at or snapshot.taken_at
    asked = read_metrics(prometheus_url, snapshot.namespace, moment, known=lambda: known_of(snapshot.objects))
    # That the folder holds no figures is no lack when another place gives them.
    others = (each for each in snapshot.sources if each.source != "metrics" or not asked.signals)
    metrics, sources = {**snapshot.metrics, **asked.signals}, (*others, *asked.sources)
    return replace(snapshot, metrics=metrics, sources=sources)


def diagnose_service(
    auth: Mapping[str, Any], target: Target, service: str, *, cluster: str = "", deadline_s: float = DEADLINE_S
) -> dict[str, Any]:
    """Return what the ladder of one service goes by: ``for_service``'s answer, facts and sources.

    ``auth`` is kubernetes.core's; {} takes K8S_AUTH_* and KUBECONFIG. Reads only. Raises ClusterError when the API
    cannot be reached at all (whatever else fails is a note among the sources), UsageError for a service that the
    inventory has not.
    """
    if service not in target.services:
        raise UsageError(f"There is no service {service!r}", cluster, f"There are: {', '.join(target.services)}.")
    looked = look(Apart(lambda: collect(auth, target, deadline_s=deadline_s).snapshot))
    told = public(looked.diagnosis, replace(looked.snapshot, sources=missed(looked.snapshot.sources)))
    return {
        **told,
        **for_service(looked.diagnosis, looked.snapshot, looked.ref(service)),
        "cluster": cluster,
        "service": service,
        "took_s": looked.took_s,
        "facts": figures(looked.snapshot, looked.diagnosis),
    }
