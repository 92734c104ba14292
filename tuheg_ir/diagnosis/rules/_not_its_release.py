"""Who was not released and meets the very same as the pods of a release: then the release did not bring it.

The template before would meet it too, as soon as pods of it are started.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._blames_another import ITS_OWN
from tuheg_ir.diagnosis.rules._credentials import REFUSED
from tuheg_ir.diagnosis.view.batch import failed_runs
from tuheg_ir.diagnosis.view.changes import refs_read
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.hosts import is_address
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.pulls import REASONS
from tuheg_ir.diagnosis.view.reading import items, mapping, oldest
from tuheg_ir.diagnosis.view.releases import healthy_older, never_ready, releases
from tuheg_ir.diagnosis.view.stillborn import last_words, without_numbers
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import ASLEEP, outside_changes

_SAME = "it was not released, and tells the same: "


def not_its_release(view: View, workload: Workload, pods: Sequence[Pod]) -> Evidence | None:
    """Return what shows that the pods of a release meet what it did not bring; None if nothing does."""
    return _put_in(workload, pods) or _met_by_others(view, workload, pods)


def _met_by_others(view: View, workload: Workload, pods: Sequence[Pod]) -> Evidence | None:
    """Return that a workload which nobody released of late tells what the pods of a release tell; None if none does."""
    named = {pod.name for pod in pods}
    older, told = {pod.name for pod in healthy_older(workload)}, view.hits_of(workload.ref)
    well = {without_numbers(hit.line) for hit in told if hit.pod in older and not hit.previous}
    mine = [hit for hit in told if hit.pod in named and without_numbers(hit.line) not in well]
    words = (last_words(view, pods) | {without_numbers(hit.line) for hit in mine}) - well
    own = {without_numbers(hit.line) for hit in mine if hit.trouble in ITS_OWN}
    missed = {each for hit in mine for each in _missed(view, workload, hit)}
    fell = _older_fell(workload)
    waits, unheard = _cannot_pull(pods), not any(log.lines for log in view.logs_of(pods))
    for other in view.serving:
        if other is workload or releases(view, other, ASLEEP):
            continue
        if waits and _cannot_pull(other.live):
            fact = "it was not released, and its pods cannot pull their image either"
            return Evidence("objects", other.ref, fact)
        if fell and other.live and all(_fell(pod) for pod in other.live):
            fact = f"it was not released, and no pod of it is ready any more, nor any older one of {workload.name}"
            return Evidence("objects", other.ref, fact, oldest(pod.unready_since for pod in other.live))
        ill = [pod for pod in other.live if not pod.ready]
        ends = {pod.name for pod in ill}
        for hit in (hit for hit in view.hits_of(other.ref) if fresh(view, hit)):
            # Faults of different programs read alike; who ends by the same one meets the same.
            alike = words if hit.pod in ends else words - own
            if without_numbers(hit.line) in alike or missed.intersection(_missed(view, workload, hit)):
                return Evidence("logs", other.ref, _SAME + hit.line, hit.first)
        if said := words & last_words(view, ill) if words else set():
            return Evidence("logs", other.ref, _SAME + min(said)[:160])
        if unheard and (ends_there := _ends_there(other, pods)):
            return ends_there
    if unheard:
        return next(_runs_fail(view, workload), None)
    return next(_refused_too(view, workload, [hit for hit in mine if hit.trouble in REFUSED]), None)


def _put_in(workload: Workload, pods: Sequence[Pod]) -> Evidence | None:
    """Return the one container that ends, if no template names it and the older pods have it as well.

    So a mesh puts its proxies into all pods: the template before would get the same one.
    """
    spec = mapping(workload.template, "spec")
    named = {each.get("name") for key in ("containers", "initContainers") for each in items(spec, key)}
    ends = {c.name for pod in pods for c in pod.containers if c.ended and c.ended.exit_code}
    older = {c.name for pod in healthy_older(workload) for c in pod.containers}
    if len(ends) != 1 or ends & named or not ends <= older:
        return None
    fact = f"only {min(ends)} ends, which no template names and older pods have as well"
    return Evidence("objects", workload.ref, fact)


def _refused_too(view: View, workload: Workload, mine: Sequence[Hit]) -> Iterator[Evidence]:
    """Yield who is refused too, with a Secret that the pods of a release read: drivers say that in other words.

    Who may read no Secrets does not see that it was written; both read it all the same.
    """
    secrets = refs_read(workload.template, "Secret") if mine else set()
    runs = {run.component for run in failed_runs(view)}
    for other in view.workloads.values():
        shared = secrets & refs_read(other.template, "Secret") if other is not workload else set()
        if not shared or releases(view, other, ASLEEP):
            continue
        for hit in view.hits_of(other.ref, *REFUSED):
            if other.ref in runs or fresh(view, hit):
                fact = f"it was not released, reads {min(shared)} too, and is refused as well: {hit.line}"
                yield Evidence("logs", other.ref, fact, hit.first)


def _runs_fail(view: View, workload: Workload) -> Iterator[Evidence]:
    """Yield the runs that fail since something was written which they read as the pods of a release do.

    Where nobody read what those say it may be that: the template before would start with it too.
    """
    edits = outside_changes(view, workload)
    for run in failed_runs(view):
        other = view.workloads.get(run.component)
        if other is None or run.at is None or releases(view, other, ASLEEP):
            continue
        known = refs_read(other.template)
        for ref, at in edits:
            if ref in known and at < run.at:
                fact = f"it was not released, reads {ref} too, and its run fails since that was written"
                yield Evidence("objects", other.ref, fact, run.at)


def _older_fell(workload: Workload) -> bool:
    """Tell whether all pods of the template before run and are no longer ready: going back brings no other ones."""
    older = [pod for pod in workload.older_pods() if not pod.deleting]
    return bool(older) and all(_fell(pod) for pod in older)


def _fell(pod: Pod) -> bool:
    """Tell whether a pod served, runs on, and is not ready any more."""
    return runs_on(pod) and not pod.ready and not never_ready(pod)


def runs_on(pod: Pod) -> bool:
    """Tell whether all containers of a pod run, and none has ended before."""
    return all(c.state == "running" and not c.ended for c in pod.containers if not c.init)


def _ends_there(other: Workload, pods: Sequence[Pod]) -> Evidence | None:
    """Return that a pod of another ends on the node of some pods, with their code, and is well on another node.

    Where nobody read what those say it may be the machine that lacks something.
    """
    codes = {(pod.node, c.ended.exit_code) for pod in pods for c in pod.containers if c.ended and c.ended.badly}
    for pod in other.live:
        like = [each for each in other.live if each.ready and each.revision == pod.revision and each.node != pod.node]
        ends = {(pod.node, c.ended.exit_code) for c in pod.containers if c.ended and not c.ready}
        if pod.node and like and ends & codes:
            fact = f"it was not released, ends on {pod.node} with the same code, and is well on {like[0].node}"
            return Evidence("objects", f"Pod/{pod.name}", fact, pod.created)
    return None


def _missed(view: View, released: Workload, hit: Hit) -> Iterator[tuple[str, str]]:
    """Yield (trouble, host) of what a line could not reach by its name; an address may be the resolver's or its own."""
    hosts = (host for host in hit.hosts if host != "localhost" and not is_address(host))
    yield from ((hit.trouble, host) for host in hosts if view.graph.resolve(host) != released.ref)


def _cannot_pull(pods: Sequence[Pod]) -> bool:
    """Tell whether pods wait for an image that cannot be had, and for nothing else."""
    waiting = [pod for pod in pods if not pod.ready]
    return bool(waiting) and all(any(c.reason in REASONS for c in pod.containers) for pod in waiting)
