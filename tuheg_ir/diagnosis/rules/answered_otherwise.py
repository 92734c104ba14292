"""Requests are refused that were answered before, since the one release of who asks, answers or leads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._called import called_before
from tuheg_ir.diagnosis.rules._helping import names
from tuheg_ir.diagnosis.rules._migrated import then as ran
from tuheg_ir.diagnosis.rules._onset import near, others_written
from tuheg_ir.diagnosis.rules._twins import programs
from tuheg_ir.diagnosis.rules.edge_released import is_edge
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.askers import answer_of
from tuheg_ir.diagnosis.view.releases import BEFORE, release_cause, release_evidence, works_otherwise
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.turned import Turned, turned
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def when(view: View) -> Iterator[Match]:
    """Refusals came in the minutes of a release, of all that was changed then, and an alert is about who has to do.

    Nobody may have been called before it. Who leads requests to others may lead them to a wrong one, who refuses them.
    """
    if not view.alerts:
        return
    found: dict[str, list[tuple[Workload, Turned]]] = {}
    for workload in view.serving if any(_may_have_brought(view, w) for w in view.workloads.values()) else ():
        told = turned(view, workload)
        released = _released(view, told) if told else None
        if told and released and _concerns(view, workload, told, released):
            found.setdefault(released.ref, []).append((workload, told))
    for ref, said in found.items():
        released = view.workloads[ref]
        alerts = tuple(_about(view, released, [workload for workload, _ in said]))
        if alerts:
            yield _match(view, released, said, alerts)


def _may_have_brought(view: View, workload: Workload) -> bool:
    """Tell whether a release may be what people were called for; a store is not taken back."""
    if not workload.changes or not works_otherwise(workload) or workload.returned:
        return False
    if called_before(view, workload.released_at):
        return False
    return not is_store(workload) and not keeps_data(view, workload)


def _released(view: View, told: Turned) -> Workload | None:
    """Return who alone was released as answers turned; None where nobody was, or anything else was written or run.

    A worker that takes no requests, and came with who does in the same image, is a part of that release.
    """
    then = [each for each in view.workloads.values() if each.changes and near(each.released_at, told.since)]
    asked = {ref for service in view.services.values() for ref in service.backends}
    serve = [each for each in then if each.ref in asked]
    then = [each for each in then if each in serve or not any(_came_with(each, other) for other in serve)]
    if any(ran(each, told.since) for each in view.workloads.values() if each.kind == "Job"):
        return None
    if len(then) != 1 or not _may_have_brought(view, then[0]):
        return None
    return None if any(at is not None and near(at, told.since) for at in others_written(view)) else then[0]


def _came_with(worker: Workload, server: Workload) -> bool:
    """Tell whether two were released in one image."""
    return bool(worker.changed("image")) and programs(worker, tags=True) == programs(server, tags=True)


def _concerns(view: View, workload: Workload, told: Turned, released: Workload) -> bool:
    """Tell whether a release is of who answers, of who asks it, of who leads users to it, or of what it needs.

    Those who came besides were led there, or sent by who asks, or are strangers. What an edge tells is what those said
    to whom it leads: the released one, if it names that one, or leads to no other.
    """
    if is_edge(view, released) and workload.ref in _led_to(view):
        return True
    if is_edge(view, workload) and released.ref in (led := _led_to(view)):
        return not told.besides and (led == {released.ref} or _names(view, workload, released, told))
    if released.ref in view.graph.callers(workload.ref):
        return True
    return not told.besides and released.ref in {workload.ref, *view.graph.needs(workload.ref)}


def _names(view: View, edge: Workload, released: Workload, told: Turned) -> bool:
    """Tell whether most refusals that an edge tells of name who was released: its Service as upstream, or a pod."""
    services = [service.name for service in view.leading_to(released.ref)]
    space = view.snapshot.namespace
    called = [each for name in services for each in (f"{space}-{name}-", f"{space}/{name}/", f"{name}.{space}.")]
    pods = [pod.address for pod in released.live if pod.address]
    lines = (line for line in view.lines_of(edge) if answer_of(line) == told.status)
    refused = [line for line in lines if (at := stamp(line)) is not None and at >= told.since]
    told_of = sum(any(each in line for each in called) or any(names(line, each) for each in pods) for line in refused)
    return 2 * told_of > len(refused)


def _led_to(view: View) -> set[str]:
    """Return the workloads to which routes lead users from outside."""
    services = (view.services.get(route.service) for route in view.routes)
    return {ref for service in services if service for ref in service.backends}


def _about(view: View, released: Workload, refuse: Sequence[Workload]) -> Iterator[Evidence]:
    """Yield the alerts about a release, about who refuses, about who needs one of them, or about nobody known.

    Only those that fire since it came: an older one tells of something else.
    """
    came = released.released_at
    around = {"", released.ref, *view.graph.callers(released.ref), *view.graph.needs(released.ref)}
    around.update(*({each.ref, *view.graph.callers(each.ref)} for each in refuse))
    if is_edge(view, released):
        around |= _led_to(view)
    for alert in view.alerts:
        ref = view.about_alert(alert)
        if ref in around and not (alert.starts_at and came and alert.starts_at < came + BEFORE):
            yield alert.fires(ref)


def _match(
    view: View, released: Workload, said: Sequence[tuple[Workload, Turned]], alerts: tuple[Evidence, ...]
) -> Match:
    suffer = dict.fromkeys((*(workload.ref for workload, _ in said), *(each.object for each in alerts)))
    return Match(
        component=released.ref,
        evidence=(
            *(told.evidence(workload.ref) for workload, told in said[:3]),
            *release_evidence(released)[:2],
            *alerts[:2],
        ),
        certainty=0.4,
        root_cause=release_cause(view, released),
        since=min(told.since for _, told in said),
        explains=tuple(ref for ref in suffer if ref in view.workloads and ref != released.ref),
    )


RULE = Rule(
    name="answered_otherwise",
    title="Requests are refused since a release that were answered before, and nothing else changed",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.SYMPTOM,
    when=when,
    why_not="no share of refused requests rose in the minutes of one release, the only change then",
    follows=True,
)
