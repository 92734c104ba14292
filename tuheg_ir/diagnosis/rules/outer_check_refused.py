"""A release no longer answers the check that an edge or a balancer makes of its pods: these are well, and get nobody.

The kubelet asks what the template tells it, and finds them ready; who leads users to them asks what it was told once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._edge_limit import maps_of
from tuheg_ir.diagnosis.rules._figures import stays_away
from tuheg_ir.diagnosis.rules._helping import HOURS, ON_CALLERS, behind, not_for, not_their_own
from tuheg_ir.diagnosis.rules._onset import near
from tuheg_ir.diagnosis.rules._outer_checks import (
    NOW,
    Down,
    Refusal,
    about_whom,
    asked_before,
    downs,
    of_balancer,
    refusal,
    told_to_check,
    ways_to,
)
from tuheg_ir.diagnosis.rules.edge_released import is_proxy
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import lines_told
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence, since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN, all_told
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited


def when(view: View) -> Iterator[Match]:
    """Since its release who leads to it has its checks refused, while its pods are ready, or they say so themselves.

    Their own words are enough where a way in tells to check what they refuse, or a balancer asks it, and users suffer
    since; or where the kubelet asked it before, and users stay away. Where a way in, or who leads to it, was changed in
    the same minutes, another thing may be asked since. Who refuses a monitoring alone has its users.
    """
    for workload in view.serving:
        at = workload.released_at
        if not workload.changes or workload.returned or at is None or not view.recent(at, HOURS):
            continue
        if not 0 < workload.wanted <= workload.ready:
            continue
        told = [each for each in downs(view) if each.about == workload.ref and since_release(workload, each.at)]
        own = refusal(view, workload)
        own = own if own is not None and since_release(workload, own.since) else None
        if (told or own) and not _way_changed(view, workload, at) and not _others_refuse(view, told, at):
            shown = list(_shown(view, workload, told, own, at))
            if shown:
                yield _match(view, workload, told, own, shown)


def _way_changed(view: View, workload: Workload, at: datetime) -> bool:
    """Tell whether what leads to it, or who does, was changed in the minutes of its release."""
    edges = [each for each in view.serving if each is not workload and is_proxy(each)]
    wrote = (edited(obj) for obj in (*ways_to(view, workload), *(m for each in edges for m in maps_of(view, each))))
    released = (each.released_at for each in edges if each.changes)
    return any(when_ is not None and near(when_, at) for when_ in (*wrote, *released))


def _others_refuse(view: View, told: Sequence[Down], at: datetime) -> bool:
    """Tell whether one that nobody released refuses the checks of the same since: then these are asked otherwise."""
    edges = {each.by.ref for each in told}
    others = (each for each in downs(view) if each.by.ref in edges and each.at is not None and each.at >= at)
    return any(not since_release(view.workloads[each.about], each.at) for each in others)


def _shown(
    view: View, workload: Workload, told: Sequence[Down], own: Refusal | None, at: datetime
) -> Iterator[Evidence]:
    """Yield what shows that nobody is led to its pods; nothing where they may be asked by monitoring alone."""
    failing = [*_failing(view, workload, at), *stays_away(view, workload.ref)]
    felt = failing or [each for each in all_told(view, workload.ref) if each.time is None or each.time >= at]
    meant = list(told_to_check(view, workload, own.path)) if own else []
    if told or meant:
        yield from (*(meant[:1] if felt else ()), *felt[:2])
    elif own and (of_balancer(own.line) or asked_before(workload, own.path)):
        yield from failing  # what it answered before nobody knows: a balancer may be content with a refusal


def _failing(view: View, workload: Workload, at: datetime) -> Iterator[Evidence]:
    """Yield that an edge fails requests that were for it, since its release and yet."""
    for edge in view.serving:
        if edge is workload or not is_proxy(edge):
            continue
        lines = [line for line in view.lines_of(edge) if status_of(line) >= 500]
        times = [when_ for line in lines if (when_ := stamp(line)) and about_whom(view, line) == workload.ref]
        if len(times) >= OFTEN and min(times) >= at and view.recent(max(times), NOW):
            yield Evidence("logs", edge.ref, f"{len(times)} requests for {workload.ref} failed there since", min(times))


def _match(
    view: View, workload: Workload, told: Sequence[Down], own: Refusal | None, shown: Sequence[Evidence]
) -> Match:
    began = oldest([*(each.at for each in told), *([own.since] if own else ())])
    edges = [each.by.ref for each in told] + [each.object for each in shown if each.source == "logs"]
    suffer = tuple(dict.fromkeys(ref for ref in (*edges, *behind(view, workload.ref)) if ref != workload.ref))
    suffer = not_their_own(view, suffer, began)
    meant = list(told_to_check(view, workload, own.path)) if own else []
    why = f"{workload.ref} refuses the check of who leads to it: no change of these makes it answer"
    return Match(
        component=workload.ref,
        evidence=(
            *release_evidence(workload, "probe")[:2],
            *(Evidence("logs", f"Pod/{each.pod}", each.line.strip(), each.at) for each in told[:2]),
            *((lines_told(own.pod, own.times, own.line.strip(), own.since),) if own else ()),
            *shown,
        ),
        certainty=0.85 if told and own else 0.7 if told or meant else 0.6,
        root_cause=release_cause(view, workload),
        since=began,
        explains=suffer,
        excludes=(
            *excluding(workload.ref, "every pod of the release refuses the check alike", *RESTARTS, "scale_workload"),
            *not_for(suffer, why, ON_CALLERS),
        ),
    )


RULE = Rule(
    name="outer_check_refused",
    title="Since its release a service refuses the check of who leads users to it",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no ready pods of a release refuse the checks of an edge or a balancer",
)
