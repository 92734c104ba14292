"""What the account of `rbac/` sees of a namespace: no Secrets, nothing of others, ConfigMaps as seals, young events.

With what is in `rbac/optional` it sees of other namespaces what is read there too, and the Secrets of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tuheg_ir.diagnosis.collector.reads import READS
from tuheg_ir.diagnosis.model import Obj, Snapshot, Source
from tuheg_ir.diagnosis.objects import slim
from tuheg_ir.diagnosis.view.events import told_last

KINDS = {read.kind for read in READS} - {"Secret"}
ALSO = {read.kind for read in READS if read.also}
KEPT = timedelta(hours=1)
"""So long a cluster keeps an event after it was told last."""


def seen(snapshot: Snapshot, *, more: bool = False) -> Snapshot:
    """Return what would be read of the same cluster with the rights of the account; with ``more``, those above too."""
    objects = {
        kind: tuple(read for obj in held if (read := _read(kind, obj, snapshot, more=more)) is not None)
        for kind, held in snapshot.objects.items()
        if more or kind in KINDS
    }
    refused = Source("secrets", ok=False, note="our account lacks the right", kind="forbidden", at=snapshot.taken_at)
    sources = (*(each for each in snapshot.sources if each.source != "secrets"), *(() if more else (refused,)))
    there = {pod["metadata"]["name"] for pod in objects.get("Pod", ())}
    others = {pod["metadata"]["name"] for pod in snapshot.objects.get("Pod", ())} - there
    logs = tuple(log for log in snapshot.logs if log.pod not in others)
    return replace(snapshot, objects=objects, sources=sources, logs=logs)


def _read(kind: str, obj: Obj, snapshot: Snapshot, *, more: bool) -> Mapping[str, Any] | None:
    here = (obj.get("metadata") or {}).get("namespace") in (None, "", snapshot.namespace)
    if not here and not (more and kind in ALSO):
        return None
    if kind not in KINDS and kind != "Secret":
        return None
    if kind == "Event" and not _is_kept(obj, snapshot.taken_at):
        return None
    return slim(dict(obj), kind, hide_config=True) if kind == "ConfigMap" else obj


def _is_kept(event: Obj, now: datetime) -> bool:
    last = told_last(event)
    return last is None or now - last <= KEPT
