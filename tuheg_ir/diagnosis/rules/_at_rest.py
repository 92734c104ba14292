"""Services that somebody put to rest on purpose: for work on their data, or with another in their place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._database_users import addresses
from tuheg_ir.diagnosis.view.batch import verdict
from tuheg_ir.diagnosis.view.changes import reads
from tuheg_ir.diagnosis.view.network import Route
from tuheg_ir.diagnosis.view.pods import controller
from tuheg_ir.diagnosis.view.reading import created, last_write, mapping, moment, newest
from tuheg_ir.diagnosis.view.releases import BEFORE, SOON, soon_after
from tuheg_ir.diagnosis.view.scaling import may_go_to_nought
from tuheg_ir.diagnosis.view.stores import is_store
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

TOGETHER = timedelta(minutes=10)
"""Who takes several services down for one reason needs no longer from one to the next."""
PREPARES = timedelta(hours=1)
"""A backup may come before the work itself, and take that long."""
LATELY = timedelta(hours=12)
_HOOKS = late(r"(?:helm\.sh|argocd\.argoproj\.io)/hook")
"""Annotations by which a tool that releases knows a run for a step of it."""
_OF_THE_RELEASE = "meta.helm.sh/"
"""How annotations begin that name a release, which may be called as a service of it."""


class AtRest(NamedTuple):
    """Workloads that were scaled to nought together, and what tells that it was meant.

    ``runs`` are Jobs that somebody began then, and that work on the data of those at rest; one that ended long ago
    is none. ``instead`` tells what was put in their place: each route, and the workloads that it leads to.
    """

    workloads: tuple[Workload, ...]
    since: datetime
    runs: tuple[Workload, ...]
    instead: tuple[tuple[Evidence, tuple[str, ...]], ...]


def at_rest(view: View) -> tuple[AtRest, ...]:
    """Return the services that were put to rest for a reason that can be seen."""
    found = []
    for group in _together(view):
        resting, since, until = tuple(workload for workload, _ in group), group[0][1], group[-1][1]
        begun = [run for run in _runs(view, since, until) if not any(_came_with(run, each) for each in resting)]
        runs = tuple(run for run in begun if any(_same_data(view, run, each) for each in resting))
        instead = tuple(_instead(view, resting, since))
        if runs or (instead and len(resting) > 1):
            found.append(AtRest(resting, since, runs, instead))
    return tuple(found)


def bases(view: View, workload: Workload) -> set[str]:
    """Return what a workload keeps its data in: stores beside it, and hosts outside that its settings lead to."""
    stores = {ref for ref in view.graph.calls.get(workload.ref, ()) if is_store(view.workloads[ref])}
    hosts = {host for found in addresses(view, workload) for host in found if not view.graph.resolve(host)}
    return stores | hosts


def ended(run: Workload) -> datetime | None:
    """Return when a run was done; None if it was not."""
    return moment(run.obj, "status", "completionTime")


def _together(view: View) -> Iterator[Sequence[tuple[Workload, datetime]]]:
    """Yield the workloads that were scaled to nought at nearly the same time, each with when."""
    found = [(workload, at) for workload in view.serving if (at := rests_since(view, workload))]
    group: list[tuple[Workload, datetime]] = []
    for each in sorted(found, key=lambda one: (one[1], one[0].ref)):
        if group and each[1] - group[-1][1] > TOGETHER:
            yield group
            group = []
        group.append(each)
    if group:
        yield group


def rests_since(view: View, workload: Workload) -> datetime | None:
    """Return when a service was scaled to nought of late; None: it was not, nobody tells when, or it does so itself."""
    if workload.kind not in ("Deployment", "StatefulSet") or workload.wanted or is_store(workload):
        return None
    if may_go_to_nought(view, workload.ref):
        return None
    told = [e for e in view.events_of(workload.ref, "ScalingReplicaSet", within=LATELY) if " to 0" in e.message]
    at = newest(e.last for e in told) or last_write(workload.obj)
    return at if view.recent(at, LATELY) else None


def _runs(view: View, since: datetime, until: datetime) -> Iterator[Workload]:
    """Yield the Jobs that were begun by hand while services were taken down or soon after, and are not over."""
    for run in view.workloads.values():
        made, done = created(run.obj), ended(run) or verdict(run.obj)[1]
        if run.kind != "Job" or controller(run.obj) or made is None or _is_hook(run):
            continue
        if since + BEFORE <= made <= until + PREPARES and (done is None or view.recent(done, SOON)):
            yield run


def _is_hook(run: Workload) -> bool:
    """Tell whether a tool made a run as a step of a release, and nobody by hand."""
    return any(_HOOKS.match(key) for key in mapping(run.obj, "metadata", "annotations"))


def _came_with(run: Workload, workload: Workload) -> bool:
    """Tell whether a run was made with a release: that it brought its pods to nought may be by mistake."""
    return bool(workload.changes) and soon_after(created(run.obj), workload.released_at)


def _same_data(view: View, run: Workload, other: Workload) -> bool:
    """Tell whether a run works on what another keeps its data in: it names the same, or takes the same Secret."""
    secrets = [{each for each in reads(one.template) if each[0] == "Secret"} for one in (run, other)]
    return bool(bases(view, run) & bases(view, other) or secrets[0] & secrets[1])


def _instead(view: View, resting: Iterable[Workload], since: datetime) -> Iterator[tuple[Evidence, tuple[str, ...]]]:
    """Yield the routes that were turned away from services, as they were put to rest, to another that needs none."""
    refs = {each.ref for each in resting}
    led = [(route, view.services[route.service].backends) for route in view.routes if route.service in view.services]
    if any(refs & set(backends) for _, backends in led):
        return
    for route, backends in led:
        kind, _, label = route.ref.partition("/")
        at = last_write(view.objects(kind).get(label))
        if at is None or abs(at - since) > SOON or not backends:
            continue
        theirs = _was_theirs(view, route, refs)
        if all(_stands_in(view, view.workloads[ref], refs, since, theirs=theirs) for ref in backends):
            fact = f"{route.host or 'every host'} is sent to {backends[0]}, which is ready"
            yield Evidence("objects", route.ref, fact, at), backends


def _was_theirs(view: View, route: Route, refs: set[str]) -> bool:
    """Tell whether a route led to services at rest before: it, its host or a note of it has the name of one.

    Who releases writes many routes at once; one that always led to another says nothing of those at rest.
    """
    kind, _, label = route.ref.partition("/")
    notes = mapping(view.objects(kind).get(label), "metadata", "annotations")
    told = {str(value).partition(":")[0] for key, value in notes.items() if not key.startswith(_OF_THE_RELEASE)}
    return any(
        service.name in {label, route.host.partition(".")[0], *told}
        for service in view.services.values()
        if refs & set(service.backends)
    )


def _stands_in(view: View, workload: Workload, refs: set[str], since: datetime, *, theirs: bool) -> bool:
    """Tell whether a workload is whole, needs none of those at rest, and came for them.

    One that serves since long and needs nobody may stand in too, where the route was ``theirs``.
    """
    needs = view.graph.needs(workload.ref)
    came = all(pod.created is not None and abs(pod.created - since) <= SOON for pod in workload.live)
    return 0 < workload.wanted <= workload.ready and not needs & refs and (came or (theirs and not needs))
