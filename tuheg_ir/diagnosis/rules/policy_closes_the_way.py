"""A NetworkPolicy keeps a caller from what it needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._came_through import came_through
from tuheg_ir.diagnosis.rules._closed_port import closed_port
from tuheg_ir.diagnosis.rules._figures import felt, said_by_callers, stays_away
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.rules._members import parted
from tuheg_ir.diagnosis.rules._reach import (
    Bound,
    closed_from_elsewhere,
    closed_to_dns,
    closed_to_monitoring,
    closed_to_the_outside,
    lets_through,
    newest_of,
    space_changed,
    unanswered,
)
from tuheg_ir.diagnosis.rules._relabelled import closed_by_release, relabelled
from tuheg_ir.diagnosis.rules._through_gateway import led_round
from tuheg_ir.diagnosis.rules._unjoined import unjoined
from tuheg_ir.diagnosis.view.complaints import Complaint, began, complaints, told
from tuheg_ir.diagnosis.view.network import Policy
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

LATELY = timedelta(hours=6)
SLACK = timedelta(minutes=2)
SOON = timedelta(minutes=15)
TROUBLES = ("connection_timeout", "connection_refused", "dns", "pool_exhausted", "cache_busy", "upstream_failure")
"""What a caller tells whose packets are dropped (most networks drop, some refuse)."""


_DOWN = late(r"targets?.{0,60}\bdown\b|targetdown|scrape", re.IGNORECASE)


class _Closed(NamedTuple):
    """One way that policies close: who suffers, which way, what shows that it hurts, and whose release closed it."""

    policies: tuple[Policy, ...]
    sufferers: tuple[str, ...]
    way: str
    evidence: tuple[Evidence, ...]
    released: Workload | None = None


def when(view: View) -> Iterator[Match]:
    """A way that a workload needs is closed by policies, and its troubles came after them."""
    found: dict[str, list[_Closed]] = {}
    undone: dict[str, list[_Closed]] = {}
    for closed in _closed(view):
        policy, at = newest_of(closed.policies)
        first = min((e.time for e in closed.evidence if e.time), default=None)
        if at is not None and first is not None and first < at - SLACK:
            continue  # the trouble is older than the policy
        if closed.released is not None:
            undone.setdefault(closed.released.ref, []).append(closed)
        else:
            found.setdefault(policy.ref, []).append(closed)
    for ref, ways in undone.items():
        yield _left_out(view, view.workloads[ref], ways)
    for ref, ways in found.items():
        policy, at = newest_of(p for w in ways for p in w.policies if p.ref == ref)
        sufferers = tuple(dict.fromkeys(s for w in ways for s in w.sufferers))
        space = space_changed(view, [policy])
        moved = space if space is not None and view.recent(space[1], LATELY) and not view.recent(at, LATELY) else None
        told = f"it was changed; {ref} goes by its labels"
        evidence = [Evidence("objects", moved[0], told, moved[1])] if moved else []
        evidence += [Evidence("objects", ref, f"it lets nothing through {w.way}", at) for w in ways[:2]]
        evidence += [e for w in ways for e in w.evidence][:4]
        yield Match(
            component=moved[0] if moved else ref,
            evidence=tuple(evidence),
            certainty=0.8 if moved or view.recent(at, LATELY) else 0.55,
            since=min((e.time for w in ways for e in w.evidence if e.time), default=at),
            explains=(*behind(view, *sufferers), *((ref,) if moved else ())),
            excludes=not_for(sufferers, f"{ref} binds new pods as well"),
        )


def _left_out(view: View, released: Workload, ways: Sequence[_Closed]) -> Match:
    """Return that a release took the labels from a workload's pods by which older policies let it through."""
    policy, at = newest_of(p for w in ways for p in w.policies)
    sufferers = tuple(dict.fromkeys(s for w in ways for s in w.sufferers))
    binds = f"{policy.ref} binds new pods as well"
    others = (ref for ref in sufferers if ref != released.ref)
    without = tuple(remedy for remedy in ON_CALLERS if remedy != "rollback_workload")
    return Match(
        component=released.ref,
        evidence=(
            relabelled(released),
            *(Evidence("objects", policy.ref, f"it lets nothing through {w.way}", at) for w in ways[:2]),
            *[e for w in ways for e in w.evidence][:4],
        ),
        certainty=0.8,
        remedy="rollback_workload",
        since=oldest(e.time for w in ways for e in w.evidence),
        explains=behind(view, *sufferers, but=released.ref),
        excludes=(*not_for(others, binds), *not_for((released.ref,), binds, without)),
    )


def _closed(view: View) -> Iterator[_Closed]:
    yield from _between(view)
    yield from _outward(view)
    yield from _inward(view)
    yield from _scraped(view)
    yield from _among(view)


def _between(view: View) -> Iterator[_Closed]:
    said = complaints(view, *TROUBLES)
    for caller, calls in view.graph.calls.items():
        for callee in sorted(calls):
            one, other = view.workloads.get(caller), view.workloads.get(callee)
            closing = lets_through(view, one, other) if one and other else ()
            if closing and came_through(view, closing, caller, callee):
                continue
            mine = [c for c in said if c.caller == caller and c.about == callee]
            if not closing:
                at_port = closed_port(view, one, other, mine) if one and other and mine else None
                if at_port is not None:
                    way = f"from {caller} to {callee} at port {at_port.port}"
                    yield _Closed(at_port.policies, (caller, callee), way, told(view, mine, 2))
                continue
            evidence = (*told(view, mine, 2), *(e for by, e in said_by_callers(view, callee) if by == caller))
            evidence = evidence or _by_figures(view, closing, caller, callee)
            if evidence:
                released = _way_released(view, caller, callee, evidence, [c for c in said if c.about == callee])
                yield _Closed(closing, (caller, callee), f"from {caller} to {callee}", evidence, released)


def _way_released(
    view: View, caller: str, callee: str, evidence: Iterable[Evidence], said: Sequence[Complaint]
) -> Workload | None:
    """Return whose release closed the way between two; None if nobody's did, or others cannot reach the one either."""

    def closing(bound: Bound, found: Mapping[str, Workload]) -> Sequence[Policy]:
        return lets_through(bound, found[caller], found[callee])

    let_in = [c.caller for c in said if c.caller in view.workloads and not _shut(view, c.caller, callee)]
    if let_in:
        return None
    mine = [c for c in said if c.caller == caller]
    return closed_by_release(view, (caller, callee), closing, mine, oldest(e.time for e in evidence))


def _shut(view: View, caller: str, callee: str) -> bool:
    return bool(lets_through(view, view.workloads[caller], view.workloads[callee]))


def _by_figures(view: View, closing: Iterable[Policy], caller: str, callee: str) -> tuple[Evidence, ...]:
    """Return what figures alone show of a young policy: requests stay away, and the caller fails, since it is there."""
    _, at = newest_of(closing)
    hurts = [seen for seen, began in troubles(view, caller) if began and at and -SLACK <= began - at <= SOON]
    away = [e for e in stays_away(view, callee) if e.time and at and -SLACK <= e.time - at <= SOON]
    return (*away, *hurts) if hurts and away else ()


def _outward(view: View) -> Iterator[_Closed]:
    unresolved, unreached = complaints(view, "dns"), complaints(view, "connection_timeout", "connection_refused")
    for ref in view.workloads:
        dns = [c for c in unresolved if c.caller == ref]
        if dns and (closing := closed_to_dns(view, ref, unanswered(view))):
            released = _out_released(view, ref, partial(closed_to_dns, missed=unanswered(view)), dns)
            yield _Closed(closing, (ref,), f"from {ref} to the DNS", told(view, dns, 2), released)
        for space, found in _foreign(view, unreached, ref).items():
            outside = [each for each in found if space or not led_round(view, each)]
            if not outside:
                continue  # it asks a gateway, which is answered
            closed = partial(closed_to_the_outside, space=space)
            if closing := closed(view, ref):
                way = f"from {ref} to {f'the namespace {space}' if space else 'hosts outside'}"
                yield _Closed(closing, (ref,), way, told(view, outside, 2), _out_released(view, ref, closed, outside))


def _out_released(
    view: View, ref: str, closed: Callable[[Bound, str], tuple[Policy, ...]], said: Sequence[Complaint]
) -> Workload | None:
    """Return a workload whose own release closed its way out; None if it did not."""
    return closed_by_release(view, (ref,), lambda bound, _: closed(bound, ref), said, began(said))


def _foreign(view: View, said: Iterable[Complaint], ref: str) -> dict[str, list[Complaint]]:
    """Return what a workload tells of hosts elsewhere, by the namespace of a neighbour ("": outside the cluster)."""
    found: dict[str, list[Complaint]] = {}
    for each in said:
        hosts = [host for host in each.hosts if "." in host] if each.caller == ref and not each.about else []
        for space in sorted({view.graph.other_space(host) for host in hosts}):
            found.setdefault(space, []).append(each)
    return found


def _inward(view: View) -> Iterator[_Closed]:
    """Yield what the ingress can no longer reach, where its errors show it and the pods are well."""
    for route in view.routes:
        service = view.services.get(route.service)
        for ref in service.backends if service else ():
            closing = closed_from_elsewhere(view, ref)
            hurts = (*felt(view, ref), *stays_away(view, ref))
            workload = view.workloads[ref]
            if closing and hurts and workload.ready and _young(view, closing):
                yield _Closed(closing, (ref,), f"from {route.ref} to {ref}", hurts)


def _scraped(view: View) -> Iterator[_Closed]:
    """Yield what the monitoring can no longer reach: an alert says that targets are down, and the pods are well."""
    for alert in view.alerts:
        ref = view.about_alert(alert)
        closing = closed_to_monitoring(view, ref) if ref and _DOWN.search(alert.said) else ()
        if closing and view.workloads[ref].ready and _young(view, closing):
            shown = alert.fires(ref)
            yield _Closed(closing, (ref,), f"from the monitoring to {ref}", (shown,))


def _among(view: View) -> Iterator[_Closed]:
    """Yield where members of one workload lost one another, or cannot join, as they no longer reach each other."""
    for each in (*parted(view), *unjoined(view)):
        ref = each.workload.ref
        yield _Closed(each.policies, (ref,), f"from pods of {ref} to each other at port {each.port}", each.evidence)


def _young(view: View, policies: Iterable[Policy]) -> bool:
    chosen = tuple(policies)
    _, at = newest_of(chosen)
    space = space_changed(view, chosen)
    return view.recent(at, LATELY) or (space is not None and view.recent(space[1], LATELY))


RULE = Rule(
    name="policy_closes_the_way",
    title="A NetworkPolicy closes a way that a service needs",
    root_cause="network_fault",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no policy closes a way whose caller complains",
)
