"""A client within some pods stopped for good: they refuse what others of the same template do well."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for, not_their_own
from tuheg_ir.diagnosis.rules._stopped_client import LONG, Stopped, stopped_clients
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.state import belongs_to, signs_of_trouble
from tuheg_ir.diagnosis.view.builds import another_build
from tuheg_ir.diagnosis.view.complaints import OFTEN, STILL, UNANSWERED, complaints
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.stores import keeps_data
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def when(view: View) -> Iterator[Match]:
    """Some pods tell for long that a client of theirs has stopped, others of their template work on, somebody suffers.

    Those show that what the client asks is well, and that a new process has a client that works.
    """
    for workload in view.serving:
        stopped = () if role(workload) or keeps_data(view, workload) else _after_work(view, workload)
        ill = {each.pod for each in stopped}
        began = min((each.first for each in stopped), default=None)
        if began is None or since_release(workload, began) or another_build(view, workload, ill):
            continue
        felt = list(_felt(view, workload, began))
        if not felt or _lacking(view, workload) or (well := next(_well(view, workload, ill), None)) is None:
            continue
        yield _match(view, workload, stopped, (well, *felt[:2]), began)


def _after_work(view: View, workload: Workload) -> tuple[Stopped, ...]:
    """Return the pods whose client stopped, unless one had not worked for a while before: the next would stop too."""
    started = {pod.name: pod.started for pod in workload.live}
    found = stopped_clients(view, workload)
    return found if all((at := started[each.pod]) is not None and each.first - at >= LONG for each in found) else ()


def _well(view: View, workload: Workload, ill: Collection[str]) -> Iterator[Evidence]:
    """Yield the ready pods with the template of the ill ones that have worked for a while, and say nothing of it."""
    templates = {pod.revision for pod in workload.live if pod.name in ill}
    like = [pod for pod in workload.live if pod.ready and pod.name not in ill and templates == {pod.revision}]
    like = [pod for pod in like if pod.started is not None and not view.recent(pod.started, LONG)]
    yield from (seen for pod in like if (seen := _works(view, workload, pod)) is not None)


def _works(view: View, workload: Workload, pod: Pod) -> Evidence | None:
    """Return what a pod told last, if that was of late and it gets an answer from all whom it asks."""
    complains = (hit for hit in view.hits_of(workload.ref, *UNANSWERED) if hit.pod == pod.name and not hit.previous)
    if any(hit.last is None or view.recent(hit.last, STILL) for hit in complains):
        return None
    lines = (line for log in view.logs_of([pod], previous=False) for line in reversed(log.lines))
    last = next(((at, line) for line in lines if (at := stamp(line)) is not None), None)
    if last is None or not view.recent(last[0], STILL):
        return None
    return Evidence("logs", f"Pod/{pod.name}", f"it has the same template and works: {last[1].strip()}", last[0])


def _felt(view: View, workload: Workload, began: datetime) -> Iterator[Evidence]:
    """Yield who suffers; the trouble of a server in which its client stopped may have begun before."""
    near = not_their_own(view, behind(view, workload.ref), began)
    for sign in signs_of_trouble(view):
        about = belongs_to(view, sign)
        if about == workload.ref and sign.source == "logs":
            continue  # its own words are told already
        if about in near or (not about and sign.source == "alerts"):
            yield sign


def _lacking(view: View, workload: Workload) -> bool:
    """Tell whether somebody whom it needs lacks pods, or gives others no answer: the next client may get none."""
    needed = view.graph.needs(workload.ref)
    if any((each := view.workloads.get(ref)) is not None and each.ready < each.wanted for ref in needed):
        return True
    hosts = {host for key, value in view.graph.settings(workload) for host in hosts_in(key, value)}
    others = (each for each in complaints(view, *UNANSWERED) if each.caller != workload.ref and each.hit.count >= OFTEN)
    return any(each.about in needed or not hosts.isdisjoint(each.hosts) for each in others)


def _match(
    view: View, workload: Workload, stopped: tuple[Stopped, ...], others: tuple[Evidence, ...], began: datetime
) -> Match:
    callers = not_their_own(view, behind(view, workload.ref, but=workload.ref), began)
    return Match(
        component=workload.ref,
        evidence=(*(each.evidence() for each in stopped[:2]), *others),
        certainty=0.7,
        since=began,
        explains=callers,
        excludes=(
            *excluding(workload.ref, "pods of the same template work", "rollback_workload"),
            *excluding(workload.ref, "more pods leave those as they are whose client stopped", "scale_workload"),
            *not_for(callers, f"the trouble comes from pods of {workload.ref}: nothing done to its callers mends it"),
        ),
    )


RULE = Rule(
    name="client_stopped",
    title="A client within some pods has stopped for good",
    root_cause="service_crash",
    remedy="restart_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no pods tell for long that a client of theirs has stopped while others of their template work",
    follows=True,
)
