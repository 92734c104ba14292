"""Troubles with others that pods of one node have, and their twins on other nodes have not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.complaints import Complaint
from tuheg_ir.diagnosis.view.odd import odd_pods, odd_since
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

SEVERAL = 2
"""Pods of fewer workloads may be missed for their own sake: they hang, or are badly released."""
CLOCKS = timedelta(minutes=2)
"""So far apart are lines and samples that tell of one moment."""


def alone_on(view: View, node: str, found: Iterable[Complaint]) -> dict[str, Complaint]:
    """Return workload -> its first complaint, of those that complain from a node only; their twins elsewhere are heard.

    Who complains elsewhere of pods on that node, and of no others, has the same trouble with it, if pods of several
    workloads there are missed so, and none that pods on the node miss too.
    """
    where = _where(view)
    known = [each for each in found if each.caller in view.workloads and not each.hit.previous]
    here = [each for each in known if where.get(each.hit.pod) == node]
    if not here:
        return {}
    missed = {address for each in here for address in _named(view, each)}
    of_it = [(each.caller, _of_pods_on(view, node, each, missed)) for each in known if where.get(each.hit.pod) != node]
    several = len({owner for _, owners in of_it for owner in owners}) >= SEVERAL
    elsewhere = {caller for caller, owners in of_it if not (owners and several)}
    first = {each.caller: each for each in reversed(here) if each.caller not in elsewhere}
    heard = _heard(view)
    lonely = {
        ref: first[ref]
        for ref in sorted(first)
        if any(pod.node and pod.node != node and pod.name in heard for pod in view.workloads[ref].live)
    }
    return lonely | _miss_more(here, [each for each in known if each not in here], lonely)


def _miss_more(
    here: Iterable[Complaint], there: Iterable[Complaint], lonely: Mapping[str, Complaint]
) -> dict[str, Complaint]:
    """Return workload -> its first complaint, of those that miss several from a node, and none of these elsewhere.

    All that they miss elsewhere has pods on the node that are cut off there: that is the same trouble again.
    """
    missed: dict[str, set[str]] = {}
    for each in there:
        missed.setdefault(each.caller, set()).add(each.about)
    more: dict[str, list[Complaint]] = {}
    for each in here:
        if each.about and each.about not in missed.get(each.caller, ()):
            more.setdefault(each.caller, []).append(each)
    return {
        caller: found[0]
        for caller, found in sorted(more.items())
        if len({each.about for each in found}) >= SEVERAL
        and caller in missed
        and caller not in lonely
        and missed[caller] <= lonely.keys()
    }


def at_home_on(view: View, node: str, found: Iterable[Complaint], since: datetime | None) -> dict[str, Complaint]:
    """Return workload -> its first complaint, of those that have pods on a node only and complain since a time.

    No twin elsewhere tells whether it is the node's doing: that has to be known of the node itself.
    """
    homes = {ref: {pod.node for pod in workload.live} for ref, workload in view.workloads.items()}
    known = [each for each in found if homes.get(each.caller) == {node} and not each.hit.previous]
    young = [each for each in known if since is None or each.hit.first is None or each.hit.first >= since - CLOCKS]
    old = {each.caller for each in known if each not in young}
    return {each.caller: each for each in reversed(young) if each.caller not in old}


def missed_at_home_on(
    view: View, node: str, found: Iterable[Complaint], since: datetime | None
) -> dict[str, Complaint]:
    """Return workload -> the first complaint of it, of those that have pods on a node only, and time out for others.

    So since a time, and from elsewhere alone: who misses it on the node as well does not ask over that node's link. Who
    refuses was reached, and what was started since may have hung before. It has to be known of the node itself too.
    """
    where = _where(view)
    homes = {ref for ref, workload in view.workloads.items() if {pod.node for pod in workload.live} == {node}}
    every = [each for each in found if each.about in homes and not each.hit.previous]
    late = [each for each in every if each.hit.trouble == "connection_timeout"]
    lines = {(each.hit.pod, each.hit.line) for each in late}  # a driver may tell of both in one line
    other = {c.about for c in every if c.hit.trouble == "connection_refused" and (c.hit.pod, c.hit.line) not in lines}
    other |= {each.about for each in every if where.get(each.hit.pod, node) == node}
    other |= {ref for ref in homes if not any(pod.ready for pod in view.workloads[ref].live)}
    if since is not None:
        other |= {c.about for c in every if c.hit.first is not None and c.hit.first < since - CLOCKS}
        other |= {ref for ref in homes if any(p.started and p.started > since for p in view.workloads[ref].live)}
    return {each.about: each for each in reversed(late) if each.about not in other}


def missed_on(view: View, node: str, found: Iterable[Complaint]) -> dict[str, Complaint]:
    """Return workload -> the first complaint of it, of those whose pods on a node are missed elsewhere, and no others.

    It may be the pods' own doing: that it is the node's has to be known of the node itself.
    """
    where = _where(view)
    known = [each for each in found if not each.hit.previous and where.get(each.hit.pod, node) != node]
    return {owner: each for each in reversed(known) for owner in sorted(_of_pods_on(view, node, each, set()))}


def unanswered_on(view: View, node: str, found: Iterable[Complaint]) -> dict[str, Complaint]:
    """Return workload -> the first complaint of it, of those whose pods on a node alone do not answer others elsewhere.

    Others of it serve elsewhere, and nobody on the node misses it too: then it may hang.
    """
    where = _where(view)
    late = [each for each in found if each.hit.trouble == "connection_timeout" and not each.hit.previous]
    here = [each for each in late if where.get(each.hit.pod) == node]
    hung = {address for each in here for address in _named(view, each)}
    others = {owner for each in late for owner, pod in _named(view, each).values() if pod.node != node}
    others |= {each.about for each in here}
    away = [each for each in late if where.get(each.hit.pod, node) != node]
    missed = {owner: each for each in reversed(away) for owner in sorted(_of_pods_on(view, node, each, hung))}
    return {
        ref: each
        for ref, each in sorted(missed.items())
        if ref not in others and any(pod.ready and pod.node not in ("", node) for pod in view.workloads[ref].live)
    }


def only_new_on(view: View, node: str, refs: Iterable[str]) -> bool:
    """Tell whether of each of some workloads the pods on a node are new, and those elsewhere of a former template.

    The first pods of several roll-outs come to the emptiest node: all of these may fail by their own releases.
    """
    return all(_only_new_on(view.workloads[ref], node) for ref in refs)


def _only_new_on(workload: Workload, node: str) -> bool:
    former = {pod.name for pod in workload.older_pods()}
    here = {pod.name for pod in workload.live if pod.node == node}
    there = {pod.name for pod in workload.live if pod.node not in ("", node)}
    return bool(there) and not here & former and there <= former


def unready_only_on(view: View, node: str, since: datetime | None) -> dict[str, Evidence]:
    """Return workload -> what shows it, of those whose pods on a node are not ready since a time, and others are."""
    found = {}
    for workload in view.serving:
        here = [pod for pod in workload.live if pod.node == node]
        elsewhere = any(pod.ready and pod.node != node for pod in workload.live)
        young = all(since is None or (at := pod.unready_since) is None or at >= since - CLOCKS for pod in here)
        if here and elsewhere and young and not any(pod.ready for pod in here):
            told = f"no pod of it on {node} is ready, and others are"
            found[workload.ref] = Evidence("objects", workload.ref, told, here[0].unready_since)
    return found


def odd_only_on(view: View, node: str, since: datetime | None) -> dict[str, Evidence]:
    """Return workload -> what shows it, of those whose pods on a node, all and alone, are slow or fail since a time.

    Their like elsewhere may tell of the same trouble, for they ask who is on that node too.
    """
    found = {}
    for workload in view.serving:
        odd = odd_pods(view, workload, few=False)
        began = odd_since(view, odd)
        young = since is None or began is None or began >= since - CLOCKS
        if odd and young and set(odd) == {pod.name for pod in workload.live if pod.node == node}:
            pod, told = min(odd.items())
            found[workload.ref] = Evidence("metrics", f"Pod/{pod}", f"{told}; those on other nodes are well", began)
    return found


def node_of(view: View, each: Complaint) -> str:
    """Return the node of the pod that complains; "" where nobody knows it."""
    return _where(view).get(each.hit.pod, "")


def _of_pods_on(view: View, node: str, each: Complaint, missed: set[str]) -> set[str]:
    """Return whose pods a complaint names, if all of them are on a node, and none is missed there too."""
    named = _named(view, each)
    alone = {pod.node for _, pod in named.values()} == {node} and not missed & named.keys()
    return {owner for owner, _ in named.values()} if alone else set()


def _named(view: View, each: Complaint) -> dict[str, tuple[str, Pod]]:
    """Return the pods that a complaint names by their addresses, beside the one that complains."""
    known = _by_address(view)
    named = {host: known[host] for host in each.hit.hosts if host in known}
    return {host: (owner, pod) for host, (owner, pod) in named.items() if pod.name != each.hit.pod}


@once_a_view
def _where(view: View) -> dict[str, str]:
    return {pod.name: pod.node for _, pod in view.pods() if pod.node}


@once_a_view
def _by_address(view: View) -> dict[str, tuple[str, Pod]]:
    return {pod.address: (workload.ref, pod) for workload, pod in view.pods() if pod.address}


@once_a_view
def _heard(view: View) -> frozenset[str]:
    """Return the pods whose logs are there."""
    return frozenset(log.pod for log in view.snapshot.logs)
