"""What leads to a workload, or decides how much of it there is, was written, and its users suffer since."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._attached import attached
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.rules._kept_out import kept_out
from tuheg_ir.diagnosis.rules._onset import near
from tuheg_ir.diagnosis.rules._through_gateway import let_out_since
from tuheg_ir.diagnosis.view.demand import more_asked
from tuheg_ir.diagnosis.view.reading import mapping, name, oldest, text, written
from tuheg_ir.diagnosis.view.releases import since_release, soon_after
from tuheg_ir.diagnosis.view.trouble import nothing_there, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited

_WAYS = ("Service", "Ingress", "HTTPRoute", "GRPCRoute", "VirtualService")
"""What leads users to a workload, or keeps them from it."""
_HELD = ("restart_workload", "rollback_workload", "restart_connection_pool")


def when(view: View) -> Iterator[Match]:
    """A route, Service, autoscaler or policy of a workload was written right before its users suffer or stay away."""
    for workload in view.serving:
        felt = list(troubles(view, workload.ref)) or list(nothing_there(view, workload.ref))
        began = oldest(since for _, since in felt)
        if began is None or since_release(workload, began) or more_asked(view, workload.ref, began):
            if began is None:
                yield from _kept_out(view, workload)
            continue
        found = [(obj, at) for obj in around(view, workload) if (at := _edited(obj)) and soon_after(began, at)]
        if found and _of_the_way_out(found[0][0]) and let_out_since(view, workload):
            continue
        # A release that came after it is nearer; nobody may say then that the template did not change.
        nearer = workload.changes and workload.released_at and found and workload.released_at > found[0][1]
        if len(found) == 1 and not nearer:
            yield _match(view, workload, *found[0], tuple(seen for seen, _ in felt), began)


def _kept_out(view: View, workload: Workload) -> Iterator[Match]:
    """Yield the one way to a workload that was edited as its users began to stay away; no release came then."""
    away = list(kept_out(view, workload))
    began = oldest(since for _, since in away)
    if began is None or any(w.changes and near(w.released_at, began) for w in view.workloads.values()):
        return
    ways = (obj for obj in around(view, workload) if text(obj, "kind") in _WAYS)
    found = [(obj, at) for obj in ways if (at := edited(obj)) and near(at, began)]
    if len(found) == 1:
        yield _match(view, workload, *found[0], tuple(seen for seen, _ in away), began)


def around(view: View, workload: Workload) -> Iterator[Obj]:
    """Yield the objects beside a workload's template that decide how it is reached and how much of it there is."""
    services = {service.name: service.obj for service in view.leading_to(workload.ref)}
    yield from services.values()
    for ref in sorted({route.ref for route in view.routes if route.service in services}):
        kind, _, named = ref.partition("/")
        yield mapping(view.objects(kind), named)
    yield from (obj for obj, names in attached(view) if names & services.keys())
    for obj in view.snapshot.of("HorizontalPodAutoscaler"):
        target = mapping(obj, "spec", "scaleTargetRef")
        if f"{text(target, 'kind')}/{text(target, 'name')}" == workload.ref:
            yield obj
    yield from (policy.obj for policy in view.policies if workload.ref in policy.binds)


def _of_the_way_out(obj: Obj) -> bool:
    """Tell whether an object is a policy of whom pods may ask, and of nothing else."""
    return text(obj, "kind") == "NetworkPolicy" and mapping(obj, "spec").get("policyTypes") == ["Egress"]


def _edited(obj: Obj) -> datetime | None:
    """Return when an object was written after it was made; a policy counts from when it was made."""
    return written(obj) if text(obj, "kind") == "NetworkPolicy" else edited(obj)


def _idle_twin(view: View, workload: Workload, service: Obj) -> Workload | None:
    """Return the one whole workload that a Service could lead to instead: its labels differ in one key only.

    It may have a Service of its own, by which it is looked at before it is switched to.
    """
    wanted = mapping(service, "spec", "selector")
    twins = [
        other
        for other in view.serving
        if other is not workload
        and other.ready
        and other.ready >= other.wanted
        and sum(mapping(other.template, "metadata", "labels").get(key) != value for key, value in wanted.items()) == 1
    ]
    return twins[0] if len(twins) == 1 and len(wanted) > 1 else None


def _match(
    view: View, workload: Workload, obj: Obj, at: datetime, felt: tuple[Evidence, ...], began: datetime
) -> Match:
    ref = f"{text(obj, 'kind')}/{name(obj)}"
    twin = _idle_twin(view, workload, obj) if ref.startswith("Service/") else None
    stands = [Evidence("objects", twin.ref, f"{twin.ready} pods stand idle; {ref} could lead to them")] if twin else []
    return Match(
        component=ref,
        evidence=(
            Evidence("objects", ref, f"it was written; users of {workload.ref} suffer since", at),
            *felt,
            *stands,
        ),
        certainty=0.55,
        remedy="switch_traffic" if twin else "",
        since=began,
        explains=(workload.ref,),
        excludes=not_for((workload.ref,), f"its template did not change: {ref} did", _HELD),
    )


RULE = Rule(
    name="changed_beside",
    title="A route, Service, autoscaler or policy was changed, and users suffer since",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="nobody began to suffer right after a route, Service, autoscaler or policy was written",
    follows=True,
)
