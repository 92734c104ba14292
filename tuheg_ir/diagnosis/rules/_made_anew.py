"""What a workload uses and took at its start, and that was written, made or started anew since, or leads anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._new_primary import leads_since, moves
from tuheg_ir.diagnosis.rules._their_secret import rotated
from tuheg_ir.diagnosis.view.changes import reads
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import created, newest
from tuheg_ir.diagnosis.view.releases import SLOWLY
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes
from tuheg_ir.named import NamedTuple

_AGAIN = 2
"""Who was started again more often than this may end again."""
_OF_LATE = timedelta(hours=1)
"""An end longer ago is past: starts are counted for all of a pod's life."""
_LEADERS = ("database", "cache", "broker")
"""Programs of which one server leads and the others follow."""


class Anew(NamedTuple):
    """What was made anew: Kind/name, when, what tells so, and the workloads by which it is asked (none: it is read)."""

    ref: str
    at: datetime
    seen: Evidence
    behind: tuple[str, ...] = ()

    @property
    def is_read(self) -> bool:
        """Tell whether it is read, and not asked."""
        return self.ref.startswith(("Secret/", "ConfigMap/"))


def made_anew(view: View, workload: Workload) -> Iterator[Anew]:
    """Yield what a workload reads or asks that was made anew, whenever its own pods were started."""
    yield from _written(view, workload)
    yield from _services(view, workload)
    for server in view.called(workload.ref):
        if (started := started_well(server)) is not None and (role(server) or _all_since(server, started)):
            told = Evidence("objects", server.ref, "it was started anew, and is ready since", started)
            yield Anew(server.ref, started, told, (server.ref,))
        if role(server) in _LEADERS and not _ended_of_late(view, server):
            yield from (Anew(server.ref, seen.time, seen, (server.ref,)) for seen in _leads(view, server) if seen.time)


def _written(view: View, workload: Workload) -> Iterator[Anew]:
    """Yield the ConfigMaps and Secrets of its template that were written after they were made."""
    told = "it was written, and {} reads it"
    found = dict(outside_changes(view, workload))
    for kind, label in reads(workload.template) if view.objects("Secret") else ():
        secret = view.objects("Secret").get(label) if kind == "Secret" else None
        if secret is not None and (at := rotated(view, secret)) is not None:
            found[f"Secret/{label}"] = newest((at, found.get(f"Secret/{label}"))) or at
    for ref, at in found.items():
        yield Anew(ref, at, Evidence("objects", ref, told.format(workload.ref), at))


def _services(view: View, workload: Workload) -> Iterator[Anew]:
    """Yield the Services that it asks and that were made after a pod of it was started."""
    first = min((pod.started for pod in workload.live if pod.started), default=None)
    hosts = {host.partition(".")[0] for key, value in view.graph.settings(workload) for host in hosts_in(key, value)}
    called = view.graph.calls.get(workload.ref, set())
    for service in view.services.values():
        at = created(service.obj)
        if first is None or at is None or at <= first or service.ready == 0:
            continue
        if service.name in hosts or called & {*service.backends}:
            yield Anew(service.ref, at, Evidence("objects", service.ref, "it was made anew", at), service.backends)


def started_well(server: Workload) -> datetime | None:
    """Return when the last process of a server was started, if all are well and none ends again and again."""
    containers = [each for pod in server.live for each in pod.containers]
    if not containers or any(not each.ready or each.restarts > _AGAIN for each in containers):
        return None
    return newest(pod.started for pod in server.live) if server.ready >= server.wanted else None


def _ended_of_late(view: View, server: Workload) -> bool:
    """Tell whether a process of a server has ended again and again, and within the hour: the next one may as well."""
    containers = [each for pod in server.live for each in pod.containers]
    return any(c.restarts > _AGAIN and c.ended is not None and view.recent(c.ended.at, _OF_LATE) for c in containers)


def _all_since(server: Workload, started: datetime) -> bool:
    """Tell whether all pods of a server started with the last one: who only got one more was not made anew.

    Of a store, one of whose members is new, clients may keep sessions of that very one.
    """
    return all(pod.started and started - pod.started <= SLOWLY for pod in server.live)


def _leads(view: View, server: Workload) -> Iterator[Evidence]:
    """Yield that another server leads: it tells so itself, who watches over it does, or an event about it."""
    watching = {ref for ref in view.graph.callers(server.ref) if (w := view.workloads.get(ref)) and role(w) == "cache"}
    for hit in view.hits:
        if hit.component not in {server.ref, *watching}:
            continue
        if hit.trouble == "failover" or (hit.trouble == "replication_stopped" and leads_since(view, hit)):
            yield view.hit_evidence(hit)
    for event in moves(view):
        if event.about.partition("/")[2].startswith(server.name):
            yield view.event_evidence(event)
