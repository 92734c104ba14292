"""The clock of one node is off: only pods there refuse what is good, or all others what comes from there."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._ahead import ahead
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.logs import Hit, speaks_of, tells
from tuheg_ir.diagnosis.view.nodes import nodes
from tuheg_ir.diagnosis.view.odd import odd_pods
from tuheg_ir.diagnosis.view.reading import created, newest, oldest
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

LATELY = timedelta(hours=6)
"""A node that has come longer ago has kept time since, or somebody would have missed it."""
_OF_TIME = late(r"ntp|chrony|clock|timesync|time service", re.IGNORECASE)
"""Words by which a condition of a node is about its clock."""
_TOO_OLD = late(
    r"\b(?:certificate|token|jwt|signature|credentials?)\W{1,3}(?:has |is |was )?expired\b|CERT_HAS_EXPIRED"
    r"|(?:Token|Jwt|Certificate|Signature)Expired|Expired(?:Signature|Jwt|Token)|certificate .{0,60}has expired"
    r"|\bDiscarding revoked task: ",
    re.IGNORECASE,
)
"""Logins and certificates whose time is over, and tasks: a worker of Celery throws those away that nobody revoked."""
_WORDS = ("expired", "revoked task")
_GIVEN_BACK = late(r"\bTaskRevokedError\b")
"""How who has handed a task over is told that it was thrown away."""


Told = Mapping[str, list[tuple[str, Hit]]]
"""Workload -> (node, what a pod there tells of), of all that tell of it."""


def when(view: View) -> Iterator[Match]:
    """Pods of one node alone call things too young or too old, or others what comes from it, and its clock is off."""
    young, old = _told(view, _too_young), _told(view, _too_old)
    yield from tuple(_from_there(view, young)) or _there(view, young, alone=True)
    yield from _there(view, old, alone=False)


def _there(view: View, told: Told, *, alone: bool) -> Iterator[Match]:
    """Yield the node of which alone pods call things too young or too old, where its clock is known to be off.

    ``alone``: two programs that say so are enough. What is too old may be so for all that a node's pods were given.
    """
    places = {node for found in told.values() for node, _ in found}
    if len(places) != 1 or "" in places:
        return
    (place,) = places
    said = {ref: [hit for _, hit in found] for ref, found in told.items()}
    if not all(_alone(view, view.workloads[ref], place, hits) for ref, hits in said.items()):
        return
    known = (*_stated(view, place), *_measured(view, place), *(() if alone else ahead(view).get(place, ())))
    if known or (alone and len(said) > 1):
        yield _match(view, place, said, known, "all pods that say so are on it; their like are well on others")


def _from_there(view: View, told: Told) -> Iterator[Match]:
    """Yield the node that is ahead, where pods of all others that are with it call what it gives them too young.

    By what it says of its clock nobody knows which way that is off: it is ahead if pods there of those who complain of
    the same take it, or if all who complain are on nodes that are in time: what is late gives out nothing too young.
    Then its kernel has to have lost the time before anybody complained, and others than who complains be there.
    """
    said = {ref: [hit for _, hit in found] for ref, found in told.items()}
    if not said or any(sum(hit.count for hit in hits) < OFTEN for hits in said.values()):
        return
    places = {node for found in told.values() for node, _ in found}
    if any(_stated(view, place) for place in places):
        return
    began = oldest(hit.first for hits in said.values() for hit in hits)
    in_time = _in_time(view, places)
    for node in nodes(view):
        if node.name in places:
            continue
        known = ahead(view).get(node.name) or (_stated(view, node.name) if _spared(view, node.name, said) else ())
        if not known and in_time:
            known = tuple(lost for lost in _measured(view, node.name) if began and lost.time and lost.time <= began)
            known = known if all(_given(view, ref, node.name, own=False) for ref in said) else ()
        if known and all(_given(view, ref, node.name) for ref in said):
            yield _match(view, node.name, said, known, "no pod that says so is on it, and what they ask or serve is")


def _spared(view: View, node: str, said: Mapping[str, list[Hit]]) -> bool:
    """Tell whether all who complain have pods on a node that do not."""
    heard = {log.pod for log in view.snapshot.logs if log.lines and not log.previous}
    return all(
        any(pod.node == node and pod.ready and pod.name in heard for pod in view.workloads[ref].live) for ref in said
    )


def _given(view: View, ref: str, node: str, *, own: bool = True) -> bool:
    """Tell whether on a node are pods of those whom a workload asks, or who ask it; ``own``: or of its own."""
    known = {*([ref] if own else []), *view.graph.needs(ref), *view.graph.callers(ref)} & view.workloads.keys()
    return any(pod.node == node for each in known for pod in view.workloads[each].live)


def _told(view: View, of: Callable[[View, Workload], Iterable[Hit]]) -> Told:
    """Return what live pods tell of still."""
    found: dict[str, list[tuple[str, Hit]]] = defaultdict(list)
    for workload in view.serving:
        pods = {pod.name: pod for pod in workload.live}
        for hit in of(view, workload):
            if hit.pod in pods and not hit.previous and _still(view, pods[hit.pod], hit):
                found[workload.ref].append((pods[hit.pod].node, hit))
    return found


def _too_young(view: View, workload: Workload) -> Iterable[Hit]:
    return view.hits_of(workload.ref, "too_early")


def _too_old(view: View, workload: Workload) -> Iterator[Hit]:
    """Yield what the logs of live pods tell of certificates, tokens and tasks whose time is over.

    It is no trouble of its own: it is told of anybody who comes back after a while.
    """
    for log in view.logs_of(workload.live, previous=False):
        lines = [line for line in log.lines if _is_too_old(line)] if speaks_of(log, _WORDS) else []
        times = [at for line in lines if (at := stamp(line)) is not None]
        if lines:
            said, first, last = lines[-1].strip()[:300], oldest(times), newest(times)
            yield Hit("too_old", workload.ref, log.pod, log.container, len(lines), said, (), first, last, log.previous)


def _is_too_old(line: str) -> bool:
    """Tell whether a line is of an end: some programs have the same words for what has not begun, and then say so."""
    return _TOO_OLD.search(line) is not None and not tells("too_early", line)


def _still(view: View, pod: Pod, hit: Hit) -> bool:
    """Tell whether a pod tells of it to the last, by its own clock: by a late one, what is told now is old already."""
    logs = view.logs_of([pod], previous=False)
    until = newest(next(filter(None, map(stamp, reversed(log.lines))), None) for log in logs)
    return hit.last is None or until is None or (view.recent(hit.last) and until - hit.last <= STILL)


def _alone(view: View, workload: Workload, node: str, hits: list[Hit]) -> bool:
    """Tell whether all pods of a workload on a node repeat it, and pods of their templates elsewhere do without."""
    counts = {hit.pod: hit.count for hit in hits}
    heard = {log.pod for log in view.logs_of(workload.live, previous=False) if log.lines}
    there = [pod for pod in workload.live if pod.node == node and pod.name in heard]
    well = {pod.revision for pod in workload.live if pod.node not in ("", node) and pod.ready and pod.name in heard}
    return all(counts.get(pod.name, 0) >= OFTEN and pod.revision in well for pod in there)


def _stated(view: View, place: str) -> tuple[Evidence, ...]:
    """Return that a node tells itself of a trouble with its clock."""
    node = next((each for each in nodes(view) if each.name == place), None)
    problems = node.problems if node is not None else ()
    return tuple(
        Evidence("objects", f"Node/{place}", f"{kind}: {why}", since)
        for kind, why, since in problems
        if _OF_TIME.search(f"{kind} {why}")
    )


def _measured(view: View, node: str) -> Iterator[Evidence]:
    """Yield that a node's clock alone is not in time; where several are not, their kernels are not told."""
    clocks = view.figures.latest("node_clock_in_time", "node")
    if len(clocks) > 1 and [name for name, held in clocks.items() if held < 1] == [node]:
        since = view.figures.crossed("node_clock_in_time", 1, below=True, node=node)
        yield Evidence("metrics", f"Node/{node}", "its kernel alone takes its clock not to be in time", since)


def _in_time(view: View, places: Collection[str]) -> bool:
    """Tell whether more nodes than one are known to be in time: two that are off alike by chance are rare."""
    clocks = view.figures.latest("node_clock_in_time", "node")
    return len(places) > 1 and all(clocks.get(place, 0) >= 1 for place in places)


def _odd_there(view: View, node: str) -> Iterator[str]:
    """Yield the workloads of which exactly pods on a node stand out from the others."""
    for workload in view.serving:
        odd = odd_pods(view, workload)
        if odd and all(pod.node == node for pod in workload.live if pod.name in odd):
            yield workload.ref


def _joined(view: View, node: str) -> tuple[Evidence, ...]:
    """Return that a node has come of late: it never kept time here, as nobody has set that up on it."""
    at = created(view.objects("Node").get(node))
    told = "it has come of late, and is off since then for all that is known"
    return (Evidence("objects", f"Node/{node}", told, at),) if view.recent(at, LATELY) else ()


def _handed_over(view: View, said: Mapping[str, list[Hit]]) -> tuple[str, ...]:
    """Return who tells that tasks are thrown away that it has handed over by what the pods there take them from."""
    taken_from = set[str]().union(*(view.graph.calls.get(ref, ()) for ref in said)) & view.workloads.keys()
    return tuple(
        workload.ref
        for workload in view.serving
        if workload.ref not in said and taken_from & view.graph.calls.get(workload.ref, set())
        if any(_GIVEN_BACK.search(line) for line in view.lines_of(workload))
    )


def _match(view: View, node: str, said: Mapping[str, list[Hit]], stated: tuple[Evidence, ...], fact: str) -> Match:
    hits = [max(found, key=lambda hit: hit.count) for found in said.values()]
    suffer = sorted({*said, *_odd_there(view, node)})
    senders = _handed_over(view, said)
    return Match(
        component=f"Node/{node}",
        evidence=(
            *stated,
            *map(view.hit_evidence, hits[:3]),
            Evidence("objects", f"Node/{node}", fact),
            *_joined(view, node),
        ),
        certainty=0.8 if stated and len(said) > 1 else 0.7,
        root_cause="configuration_error" if _joined(view, node) else "",
        since=oldest(hit.first for hit in hits),
        explains=behind(view, *suffer, *senders),
        excludes=tuple(
            each
            for ref in suffer
            for each in excluding(ref, f"the clock of {node} is off: its pods elsewhere are well", *_USELESS)
        )
        + not_for(senders, f"what it hands over is thrown away on {node}, where the clock is off", _USELESS),
    )


_USELESS = ("rollback_workload", "scale_workload", *RESTARTS)

RULE = Rule(
    name="node_clock_off",
    title="The clock of a node is off",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no node's pods alone call tokens or certificates too young or too old, nor others what it gives them",
)
