"""Who may reach whom through NetworkPolicies, and whether a release brought a host into a service's settings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.complaints import Complaint, began, complaints
from tuheg_ir.diagnosis.view.network import Policy, lets_in, lets_out, lets_out_dns, lets_out_to, opens, within
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.reading import at, created, items, label_selector, name, newest, text, written
from tuheg_ir.diagnosis.view.releases import soon_after
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited

_MONITORING = late(r"monitor|prometheus|metric|observ|telemetry|grafana|victoria", re.IGNORECASE)
"""How the namespaces are called that scrape."""
_UNANSWERED = late(
    r"\b(169\.254\.\d{1,3}\.\d{1,3})(?:#|:)53\b.{0,80}(?:time(?:d )?.?out|refused|not permitted|unreachable|no route)",
    re.IGNORECASE,
)
"""How a client names a name server on its own node that does not answer: such an address is never a pod's."""
Unanswered = tuple[Complaint, str]


def names_host(changes: Iterable[Change], host: str) -> bool:
    """Tell whether one of the changes brought a host into the settings."""
    return any(host in c.after.lower() and host not in c.before.lower() for c in changes)


class Bound(Protocol):
    """Whatever knows policies, and whom they bind: a view, or what it would be with other labels."""

    @property
    def policies(self) -> tuple[Policy, ...]:
        """Return the NetworkPolicies."""


def binding(bound: Bound, ref: str, *, ingress: bool) -> tuple[Policy, ...]:
    """Return the policies that close a direction of a workload."""
    return tuple(p for p in bound.policies if ref in p.binds and (p.ingress if ingress else p.egress))


def lets_through(bound: Bound, caller: Workload, callee: Workload, port: tuple[str, ...] = ()) -> tuple[Policy, ...]:
    """Return the policies between two workloads when no rule of them lets the one reach the other; () if one does.

    ``port``: by number and name, the one that is asked; else any that the containers of the other one have.
    """
    ports = port or tuple(_ports(callee))
    for end, ingress in ((callee, True), (caller, False)):
        closing = binding(bound, end.ref, ingress=ingress)
        if not closing:
            continue
        other = caller if ingress else callee
        passes = lets_in if ingress else lets_out
        if not any(passes(p, other, ports) or _by_address(p, other, ports, ingress=ingress) for p in closing):
            return closing
    return ()


@once_a_view
def unanswered(view: View) -> tuple[Unanswered, ...]:
    """Return what all tell who get no answer of the name server on their own node, with its address."""
    said = complaints(view, "dns")
    return tuple((each, found[1]) for each in said if (found := _UNANSWERED.search(each.hit.line)))


def closed_to_dns(bound: Bound, ref: str, missed: Sequence[Unanswered] = ()) -> tuple[Policy, ...]:
    """Return the policies that together leave a workload no way to ask for a name.

    ``missed`` is what all tell who get no answer. Whom they ask may run on their own node, where no selector of pods
    leads; policies under which names were found there before are innocent.
    """
    closing = binding(bound, ref, ingress=False)
    shut = not any(lets_out_dns(p) for p in closing) or _forget_the_node(closing, missed)
    return closing if shut else ()


def _forget_the_node(closing: Sequence[Policy], missed: Sequence[Unanswered]) -> bool:
    """Tell whether policies let nobody out to the name server on each node, and it is missed since they are there."""
    servers = {server for _, server in missed}

    def let_out(policies: Iterable[Policy]) -> bool:
        return any(lets_out_dns(policy, server) for policy in policies for server in servers)

    if not closing or not servers or let_out(closing):
        return False
    if any(each.caller not in policy.binds for each, _ in missed for policy in closing):
        return False  # who is not bound by them gets no answer either
    youngest, since = newest_of(closing)
    before = [policy for policy in closing if policy is not youngest]
    if before and edited(youngest.obj) is None and not let_out(before):
        return False  # so it was before, and names were found
    return soon_after(began(each for each, _ in missed), since)


def closed_to_the_outside(bound: Bound, ref: str, space: str = "") -> tuple[Policy, ...]:
    """Return the policies that together leave a workload no way to addresses outside the cluster, or to a namespace."""
    closing = binding(bound, ref, ingress=False)
    return closing if not any(lets_out_to(p, space) for p in closing) else ()


def closed_from_elsewhere(view: View, ref: str) -> tuple[Policy, ...]:
    """Return the policies that together let nothing from another namespace reach a workload."""
    closing = binding(view, ref, ingress=True)
    return closing if closing and not any(_from_elsewhere(p) for p in closing) else ()


def closed_to_monitoring(view: View, ref: str) -> tuple[Policy, ...]:
    """Return the policies that together let nobody in who could be the monitoring; () where one may be."""
    closing = binding(view, ref, ingress=True)
    return closing if closing and not any(_may_be_monitoring(p) for p in closing) else ()


def newest_of(policies: Iterable[Policy]) -> tuple[Policy, datetime | None]:
    """Return the policy that was written last, and when."""
    found = sorted(policies, key=lambda p: (str(written(p.obj) or ""), p.ref))
    return found[-1], newest([written(found[-1].obj)])


def _ports(workload: Workload) -> Iterator[str]:
    for container in items(workload.template, "spec", "containers"):
        for port in items(container, "ports"):
            yield from (found for key in ("containerPort", "name") if (found := text(port, key)))


def _by_address(policy: Policy, other: Workload, wanted: Iterable[str], *, ingress: bool) -> bool:
    """Tell whether a block of addresses in a policy holds a pod of the other side, for one of the wanted ports."""
    side, key = ("ingress", "from") if ingress else ("egress", "to")
    for rule in items(policy.obj, "spec", side):
        if not opens(rule, tuple(wanted)):
            continue
        blocks = [text(peer, "ipBlock", "cidr") for peer in items(rule, key)]
        if any(within(block, pod.address) for block in blocks if block for pod in other.live):
            return True
    return False


def _some_space(policy: Policy, selector: Any) -> bool:
    """Tell whether a selector chooses a namespace, as far as namespaces are known."""
    if selector is None:
        return False
    return not policy.others or any(label_selector(selector, each) for each in (policy.own, *policy.others))


def space_changed(view: View, policies: Iterable[Policy]) -> tuple[str, datetime] | None:
    """Return the namespace that was written last, if policies choose namespaces by label and are older than that."""
    chosen = tuple(policies)
    if not any(_chooses_spaces(policy) for policy in chosen):
        return None
    _, at_policy = newest_of(chosen)
    times = [(time, f"Namespace/{name(o)}") for o in view.snapshot.of("Namespace") if (time := _edited(o))]
    time, ref = max(times, default=(None, ""))
    return (ref, time) if time and (at_policy is None or time > at_policy) else None


def _edited(space: Obj) -> datetime | None:
    """Return when a namespace was changed after it was made."""
    time, made = written(space), created(space)
    return time if time is not None and (made is None or time > made) else None


def _chooses_spaces(policy: Policy) -> bool:
    return any(
        at(peer, "namespaceSelector") is not None
        for side, key in (("ingress", "from"), ("egress", "to"))
        for rule in items(policy.obj, "spec", side)
        for peer in items(rule, key)
    )


def _from_elsewhere(policy: Policy) -> bool:
    for rule in items(policy.obj, "spec", "ingress"):
        peers = items(rule, "from")
        if not peers or any("ipBlock" in p or _some_space(policy, at(p, "namespaceSelector")) for p in peers):
            return True
    return False


def _may_be_monitoring(policy: Policy) -> bool:
    for rule in items(policy.obj, "spec", "ingress"):
        peers = items(rule, "from")
        spaces = [at(peer, "namespaceSelector") for peer in peers]
        if not peers or any("ipBlock" in peer for peer in peers):
            return True
        if any(
            space is not None and (not at(space, "matchLabels") or _MONITORING.search(str(space))) for space in spaces
        ):
            return True
    return False
