"""What somebody wrote of late beside the workloads, whom it concerns, and when it came into force for them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.rules._onset import BEFORE
from tuheg_ir.diagnosis.rules.changed_beside import around
from tuheg_ir.diagnosis.view.changes import volumes_of
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.reading import name, text, written
from tuheg_ir.diagnosis.view.refusals import refusals
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited, outside_changes
from tuheg_ir.named import NamedTuple

ASLEEP = timedelta(days=3)
"""An edit may wait so long for the pods that are the first to start with it: over a weekend."""
POLICY = "NetworkPolicy"
"""It forbids from the moment in which it is made; what other objects do is known of those that were edited."""
_AT_ADMISSION = (
    *("LimitRange", "ResourceQuota", "PriorityClass", "ValidatingAdmissionPolicy"),
    *("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"),
)
"""What decides about each pod that is made, and about no other."""


class Edit(NamedTuple):
    """An object that was written, when, a workload that it concerns, and when it came into force there."""

    ref: str
    at: datetime
    on: str
    times: tuple[datetime, ...]


def edits(view: View) -> Iterator[Edit]:
    """Yield what was written of late, once for each workload that it concerns."""
    for workload in view.serving:
        for ref, at, times in (*_read(view, workload), *_beside(view, workload), *_at_admission(view, workload)):
            if view.recent(at, ASLEEP) and times:
                yield Edit(ref, at, workload.ref, times)


def _starts(workload: Workload, at: datetime) -> tuple[datetime, ...]:
    """Return when the first pods, or containers in them, started with an edit: what starts later does as those did.

    First are all that were started in one go: a roll-out, or an autoscaler, takes its time.
    """
    containers = [each for pod in workload.live for each in pod.containers]
    starts = [*(pod.created for pod in workload.live), *(each.started_at for each in containers)]
    starts += [each.ended.started_at for each in containers if each.ended]
    found = sorted({start for start in starts if start is not None and start > at})
    paused = (n for n, (one, other) in enumerate(pairwise(found), 1) if other - one > BEFORE)
    return tuple(found[: next(paused, None)])


def _read(view: View, workload: Workload) -> Iterator[tuple[str, datetime, tuple[datetime, ...]]]:
    """Yield what a template reads: in files that change under those that run, or only at their start."""
    mounted = {f"{kind}/{label}" for kind, label, _ in volumes_of(workload.template)}
    for ref, at in outside_changes(view, workload):
        yield ref, at, (*((at,) if ref in mounted else ()), *_starts(workload, at))


def _beside(view: View, workload: Workload) -> Iterator[tuple[str, datetime, tuple[datetime, ...]]]:
    """Yield routes to a workload, idle Services, its autoscaler and policies; old sessions outlive them."""
    calls = {host for key, value in view.graph.settings(workload) for host in hosts_in(key, value)}
    found = [obj for obj in around(view, workload) if text(obj, "kind") != "Service"]  # it still leads to pods
    idle = (service for service in view.services.values() if not service.backends)
    found += [each.obj for each in idle if workload.ref in each.meant or _named(view, each, calls)]
    for obj in found:
        at = written(obj) if text(obj, "kind") == POLICY else edited(obj)
        if at is not None:
            yield f"{text(obj, 'kind')}/{name(obj)}", at, (at, *_starts(workload, at))


def _named(view: View, service: Service, hosts: set[str]) -> bool:
    """Tell whether one of some hosts is a Service; a name outside may begin alike: api.example.com."""
    spaced = f"{service.name}.{view.snapshot.namespace.lower()}"
    return any(host in (service.name, spaced) or host.startswith(f"{spaced}.svc") for host in hosts)


def _at_admission(view: View, workload: Workload) -> Iterator[tuple[str, datetime, tuple[datetime, ...]]]:
    """Yield what decides about pods that were made, or refused, since it was written."""
    refused = [each.time for each in refusals(view, workload) if each.time]
    for kind in _AT_ADMISSION:
        for obj in view.snapshot.of(kind):
            at = written(obj)
            if at is None or (kind == "PriorityClass" and not _meant(obj, workload)):
                continue
            made = () if kind == "ResourceQuota" else _starts(workload, at)
            yield f"{kind}/{name(obj)}", at, (*made, *(each for each in refused if each > at))


def _meant(priority: Obj, workload: Workload) -> bool:
    named = text(workload.template, "spec", "priorityClassName")
    return named == name(priority) or (not named and bool(priority.get("globalDefault")))
