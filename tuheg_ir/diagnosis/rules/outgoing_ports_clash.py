"""Connections that leave get the same port of their node: its kernel lets the second one fall, and the host is well.

For what goes out a node puts its own address, and a port of its own, in the place of a pod's. Where two pods, or two
threads, connect to one address outside at the same moment, both may be given one port: the packet of the second falls,
and its client sends it again after a second, or after three. The more connections are opened, the more often that is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._figures import rise
from tuheg_ir.diagnosis.rules._handshakes import SEVERAL, Lost, lost_handshakes, waits_to_connect
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._hosts_outside import hosts_outside
from tuheg_ir.diagnosis.rules._link import link_troubles
from tuheg_ir.diagnosis.rules._more_ports import takes_more
from tuheg_ir.diagnosis.rules._nat_ports import no_ports_left
from tuheg_ir.diagnosis.rules._probed_hosts import probed_in_vain
from tuheg_ir.diagnosis.rules._translators import Translator, clashes_not, settings_of_ports, translator
from tuheg_ir.diagnosis.view.complaints import complaints
from tuheg_ir.diagnosis.view.logs import heard_since
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import cause_of_release, release_evidence
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SIGNAL = "node_connections_clashed"
OPENED = "connections_opened"
TIMES, MANY = 5.0, 0.5
"""So many times as many as before, and so many a second: some fall at all times, mostly questions for names."""
SLACK = timedelta(minutes=5)
"""What falls only so long after calls were late falls as they are made again and again."""
LATER = timedelta(minutes=15)
"""Who is well for so long while connections fall is late by something else."""
HALF = 0.5
"""Where no more requests fail most handshakes get through: nobody waits for a host that is down for all."""


def when(view: View) -> Iterator[Match]:
    """Handshakes with a host outside lose packets, and since then the kernels of their nodes let connections fall.

    Whose release opens many more of them takes it back; so does who gives out ports if its release changed how.
    """
    fallen = _fallen(view)
    if not fallen or clashes_not(view) or no_ports_left(view):
        return
    found: dict[str, list[Lost]] = {}
    for each in lost_handshakes(view):
        found.setdefault(each.host, []).append(each)
    lost = [each for host, told in found.items() if _on_our_nodes(view, host, told, fallen) for each in told]
    if lost:
        yield _match(view, fallen, lost)


def _fallen(view: View) -> dict[str, Evidence]:
    """Return node -> that its kernel lets many more connections fall than it did, while nothing else is bad there.

    A table that is full, or a link that is bad, loses packets of all kinds.
    """
    found: dict[str, Evidence] = {}
    for series in view.figures.series(SIGNAL):
        node, turn = series.labels.get("node", ""), rise(view, series, SIGNAL, TIMES, MANY)
        if turn is not None and not link_troubles(view, node):
            since = view.figures.alone(SIGNAL, series).crossed(SIGNAL, max(MANY, TIMES * turn.before))
            fact = f"{turn.now:.2g} connections a second fall as others have their ports, {turn.before:.2g} before"
            found[node] = Evidence("metrics", f"Node/{node}", fact, since)
    return found


def _on_our_nodes(view: View, host: str, lost: Sequence[Lost], fallen: dict[str, Evidence]) -> bool:
    """Tell whether packets to a host are lost where connections fall, and nothing tells that the host is ill."""
    where = {pod.name: pod for _, pod in view.pods()}
    pods = [where.get(each.pod) for each in lost]
    if not all(pod is not None and pod.node in fallen and not pod.on_host_network for pod in pods):
        return False  # what has no address of its own is given no port
    callers = {each.caller for each in lost}
    known = hosts_outside(view).get(host)
    if host in probed_in_vain(view) or (known and not all(map(waits_to_connect, known.said))):
        return False
    others = complaints(view, "dns", "connection_timeout")
    if any(c.hit.trouble == "dns" or (c.about and waits_to_connect(c)) for c in others if c.caller in callers):
        return False  # names are asked for, and pods are reached, without a port of the node
    if not any(each.came for each in lost):
        few = sum(each.times for each in lost) < SEVERAL
        return not few and all(_mostly_served(view, ref) for ref in callers) and _with_it(view, lost, fallen)
    return _with_it(view, lost, fallen)


def _mostly_served(view: View, ref: str) -> bool:
    """Tell whether most requests to a workload are known to be answered well."""
    ratios = [view.figures.now("error_ratio", component=each) for each in labels_of(view, ref, "error_ratio")]
    return bool(ratios) and all(ratio is not None and ratio < HALF for ratio in ratios)


def _with_it(view: View, lost: Sequence[Lost], fallen: dict[str, Evidence]) -> bool:
    """Tell whether packets are lost since connections fall; a log may begin later than both."""
    since, first = oldest(each.time for each in fallen.values()), oldest(each.seen.time for each in lost)
    if since is None or first is None or since > first + SLACK:
        return False
    heard = heard_since(log for log in view.snapshot.logs if log.pod in {each.pod for each in lost})
    return first - since <= LATER or heard is None or heard > since


def _match(view: View, fallen: dict[str, Evidence], lost: Sequence[Lost]) -> Match:
    first = oldest(each.seen.time for each in lost)
    began = oldest((first, *(each.time for each in fallen.values())))
    callers = [ref for ref in dict.fromkeys(each.caller for each in lost) if ref in view.workloads]
    gives = translator(view, began)
    agent = gives.workload.ref if gives else ""
    best = sorted(lost, key=lambda each: (not each.came, -each.times))
    drops = sorted(fallen.values(), key=lambda each: each.object)
    why = "packets of its connections fall on its node: new pods, or more, open as many from there"
    worst = max(fallen, key=lambda node: (view.figures.now(SIGNAL, node=node) or 0.0, node))
    match = Match(
        component=agent or f"Node/{worst}",
        evidence=(*drops[:3], *(each.seen for each in best[:3]), *_chosen(gives)),
        certainty=0.85 if any(each.came for each in lost) else 0.7,
        since=began,
        explains=behind(view, *callers, but=agent),
        excludes=(
            *not_for(callers, why),
            *(excluding(agent, "it would give out ports in the same way", *RESTARTS) if agent else ()),
        ),
    )
    return _by_release(view, match, gives, callers, began, fallen)


def _chosen(gives: Translator | None) -> Iterator[Evidence]:
    if gives and gives.told:
        yield Evidence("objects", gives.workload.ref, f"how it chooses ports of nodes: {gives.told}")


def _by_release(
    view: View,
    match: Match,
    gives: Translator | None,
    callers: Collection[str],
    began: datetime | None,
    nodes: Collection[str],
) -> Match:
    """Return whose release brought the clashes: of the one caller that opens many more, or of who gives out ports.

    A caller is counted; that another choice of ports did it is seen by its time alone.
    """
    counted = [(view.workloads[ref], takes_more(view, view.workloads[ref], began, (OPENED,))) for ref in callers]
    takers = [(workload, seen) for workload, seen in counted if seen]
    if not takers and gives and gives.brought:
        evidence = (*match.evidence, settings_of_ports(gives.workload))
        return match._replace(evidence=evidence, root_cause="configuration_error", remedy="rollback_workload")
    if len(takers) != 1 or _others_open_more(view, takers[0][0], nodes):
        mine = {("rollback_workload", workload.ref) for workload, _ in takers}  # it may help yet: a person weighs it
        return match._replace(excludes=tuple(each for each in match.excludes if (each.remedy, each.target) not in mine))
    taker, seen = takers[0]
    why = f"{taker.ref} opens the connections that clash: nothing done to others makes it open fewer"
    again = "new pods open as many connections again"
    return match._replace(
        component=taker.ref,
        evidence=(seen, *match.evidence, *release_evidence(taker)[:2]),
        root_cause=cause_of_release(taker),
        remedy="rollback_workload",
        explains=behind(view, *callers, match.component, but=taker.ref),
        excludes=(
            *excluding(taker.ref, again, *RESTARTS, "scale_workload"),
            *not_for((ref for ref in callers if ref != taker.ref), why),
        ),
    )


def _others_open_more(view: View, taker: Workload, nodes: Collection[str]) -> bool:
    """Tell whether pods of anybody else have come to open as many connections from nodes as a release does."""
    opened: dict[str, float] = {}
    for workload, pod in view.pods():
        given = pod.node in nodes and not pod.on_host_network  # what has its node's own address is given no port
        now = view.figures.now(OPENED, pod=pod.name) if given else None
        was = 0.0 if workload.ref == taker.ref else view.figures.first(OPENED, pod=pod.name) or 0.0
        opened[workload.ref] = opened.get(workload.ref, 0.0) + max(0.0, (now or 0.0) - was)
    mine = opened.pop(taker.ref, 0.0)
    return max(opened.values(), default=0.0) >= mine


RULE = Rule(
    name="outgoing_ports_clash",
    title="Connections that leave a node get the same port, and some of them fall",
    root_cause="network_fault",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no node lets more connections fall for their ports while handshakes with a host outside are lost",
)
