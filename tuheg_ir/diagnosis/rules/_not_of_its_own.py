"""What tells pods from their like and no restart mends: their node, how much they are asked, a stranger in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._dealt_to_few import dealt_to_few
from tuheg_ir.diagnosis.rules._former_pods import unreached_by
from tuheg_ir.diagnosis.rules._link import link_troubles
from tuheg_ir.diagnosis.rules._made_in_vain import made_in_vain
from tuheg_ir.diagnosis.rules._slow_disk import WAIT_S
from tuheg_ir.diagnosis.rules._starved import starved
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.state import ERRORS
from tuheg_ir.diagnosis.view.askers import of_probe
from tuheg_ir.diagnosis.view.claims import claims_of_pod
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, fresh
from tuheg_ir.diagnosis.view.logs import Hit, times_around
from tuheg_ir.diagnosis.view.marked import MANY, NEW, OFTEN, is_marked
from tuheg_ir.diagnosis.view.nodes import nodes, on_node
from tuheg_ir.diagnosis.view.odd import CLEARLY, MOSTLY, odd_pods, odd_since
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.trouble import MINUTE, SLOW_S, SLOWER, of_pods
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload
from tuheg_ir.named import NamedTuple

_NUMBER = late(r"\d+(?:\.\d+)*")
_UNREACHED = ("dns", "connection_timeout")
"""What who reaches nobody tells of: names that are not resolved, and addresses that do not answer."""
_LINES = 500
"""So many last lines of a log tell what a pod meets now."""


def not_of_its_own(view: View, workload: Workload, odd: Collection[str]) -> tuple[str, tuple[Evidence, ...]]:
    """Return the cause, and what shows that odd pods suffer by what is not of their own; ("", ()) if nothing does."""
    if strange := strangers_words(view, workload, odd):
        return "security_incident", strange
    if clock := by_a_clock(view, workload, odd):
        return "configuration_error", clock
    if full := _without_room(view, workload, odd):
        return "resource_exhaustion", full
    if asked := tuple(_asked_more(view, workload, odd)):
        return "capacity", asked
    where = tuple(_by_node(view, workload, odd)) or starved(view, workload, odd) or _on_slow_disks(view, workload, odd)
    where = where or tuple(made_in_vain(view, workload, odd)) or tuple(_sent_to_former_pods(view, workload, odd))
    where = where or _reaches_nobody(view, workload, odd)
    return ("dependency_failure" if where else ""), where


def strangers_words(view: View, workload: Workload, pods: Collection[str]) -> tuple[Evidence, ...]:
    """Return what logs of some pods repeat that programs of strangers say; a restart would take away what shows it."""
    told = (hit for hit in view.hits_of(workload.ref, "intrusion") if hit.pod in pods and hit.count >= OFTEN)
    return tuple(view.hit_evidence(hit) for hit in told)


def by_a_clock(view: View, workload: Workload, pods: Collection[str]) -> tuple[Evidence, ...]:
    """Return what logs of all of some pods tell of times that cannot be: the clock of their nodes is off."""
    told = [hit for hit in view.hits_of(workload.ref, "too_early") if hit.pod in pods and hit.count >= OFTEN]
    return tuple(map(view.hit_evidence, told)) if {hit.pod for hit in told} == {*pods} else ()


def _without_room(view: View, workload: Workload, odd: Collection[str]) -> tuple[Evidence, ...]:
    """Return what odd pods with volumes of their own repeat of no space: a new pod would be given the same volume."""
    told = [h for h in view.hits_of(workload.ref, "disk_full") if h.pod in odd and h.count >= OFTEN and fresh(view, h)]
    kept = all(any(claims_of_pod(pod)) for pod in workload.live if pod.name in odd)
    return tuple(map(view.hit_evidence, told)) if kept and {h.pod for h in told} == {*odd} else ()


def refused_sessions(view: View, odd: Collection[str]) -> bool:
    """Tell whether each odd pod repeats that its store has no session left: its like opened theirs while it had some.

    A new pod would be refused as well; and one of those that are well would not get back what it has. Not where one
    repeats that it leaks: what it holds is free again once it is gone.
    """
    refused: Counter[str] = Counter()
    leaked: Counter[str] = Counter()
    for hit in view.hits:
        if hit.pod in odd and not hit.previous and fresh(view, hit):
            refused[hit.pod] += hit.count if hit.trouble == "database_full" else 0
            leaked[hit.pod] += hit.count if hit.trouble == "connection_leak" else 0
    return bool(odd) and all(refused[pod] >= OFTEN > leaked[pod] for pod in odd)


def met_by_all(view: View, workload: Workload, odd: Collection[str]) -> bool:
    """Tell whether those that are not odd tell of the very error that odd pods mostly do, and nearly as often.

    They do so in the last hour, and since the odd ones are odd: what they meet now and then is no matter.
    What all of them meet is no fault of some: figures of a few requests each tell by chance who fails more of them. Who
    is slow is so by himself, whatever all tell beside it.
    """
    takes = of_pods(view, workload.ref, "latency_p95_by_pod")
    usual = max((seconds for pod, seconds in takes.items() if pod not in odd), default=0.0)
    if any(takes.get(pod, 0.0) > max(SLOW_S, SLOWER * usual) for pod in odd):
        return False
    told = _errors(view, workload)
    theirs = Counter(each.line for each in told if each.pod in odd)
    line, times = next(iter(theirs.most_common(1)), ("", 0))
    if times < max(OFTEN * len(odd), MOSTLY * theirs.total()):
        return False
    began = odd_since(view, odd)
    same = [each for each in told if each.line == line]
    lately = [each for each in same if began is None or each.at is None or each.at >= began]
    proven = sum(each.pod in odd for each in lately) >= MANY * len(odd)  # of a few each it is chance who tells more
    return _alike(workload, same, odd) and (not proven or _alike(workload, lately, odd))


class _Error(NamedTuple):
    """An error that a pod told: when, and what without figures."""

    pod: str
    at: datetime | None
    line: str


def _errors(view: View, workload: Workload) -> list[_Error]:
    """Return what live pods called errors in the last hour, as far back as all their logs with errors reach."""
    ends = [(log.pod, log.lines[-_LINES:]) for log in view.logs_of(workload.live, previous=False)]
    ends = [(pod, lines) for pod, lines in ends if any(map(is_marked, lines))]
    times = [times_around(lines)[0] for _, lines in ends]
    start = newest((view.now - NEW, *(oldest(each) for each in times)))
    return [
        _Error(pod, at, _NUMBER.sub("0", without_time(line)))
        for (pod, lines), told in zip(ends, times, strict=True)
        for at, line in zip(told, lines, strict=True)
        if (at is None or start is None or at >= start) and is_marked(line)
    ]


def _alike(workload: Workload, told: Iterable[_Error], odd: Collection[str]) -> bool:
    """Tell whether each pod that is not odd told some errors nearly as often as those that are, on the average."""
    counts = Counter(each.pod for each in told)
    others = [counts[pod.name] for pod in workload.live if pod.name not in odd]
    mean = sum(counts[pod] for pod in odd) / len(odd)
    return bool(others) and min(others) >= max(OFTEN, mean / CLEARLY)


def _asked_more(view: View, workload: Workload, odd: Collection[str]) -> Iterator[Evidence]:
    """Yield that each odd pod gets several times as many requests as any of its like: they are dealt out unevenly.

    Who fails is soon done, and so gets more from who asks the quickest: that is what comes of its fault.
    """
    failing = view.figures.latest("error_ratio_by_pod", "pod")
    if any(failing.get(pod, 0.0) > ERRORS for pod in odd):
        return
    if (dealt := dealt_to_few(view, workload)) and set(odd) <= set(dealt.busy):
        told = f"{len(dealt.idle)} of its like had as much to do, and have nothing since: it has their work"
        yield from (Evidence("metrics", f"Pod/{pod}", told, dealt.first) for pod in sorted(odd))
        return
    rates = of_pods(view, workload.ref, "request_rate_by_pod")
    others = [rate for pod, rate in rates.items() if pod not in odd]
    if not others or not set(odd) <= set(rates) or min(rates[pod] for pod in odd) <= CLEARLY * max(others):
        return
    for pod in sorted(odd):
        told = f"gets {rates[pod]:.1f} requests a second, and none of its like more than {max(others):.1f}"
        yield Evidence("metrics", f"Pod/{pod}", told)


def _by_node(view: View, workload: Workload, odd: Collection[str]) -> Iterator[Evidence]:
    """Yield that odd pods are on nodes of which none of their like is well, and that those are ill by other signs."""
    apart = _apart(workload, odd)
    if apart and len(odd) > len(apart):  # several share one; who is alone on its node is told apart by any
        told = f"all {len(odd)} of {workload.ref} here are odd, and those on other nodes are well"
        yield from (Evidence("objects", f"Node/{node}", told) for node in sorted(apart))
        return
    for node in nodes(view):
        if node.name not in apart:
            continue
        signs = (node.lost, *node.pressures, *(f"{kind}: {message}" for kind, message, _ in node.problems))
        for sign in filter(None, signs):
            yield Evidence("objects", node.ref, f"it carries what is odd: {sign}", node.since)
    if exhausted(view)(workload) >= {*odd} and (alike := same_on_its_node(view, workload, exhausted(view))):
        yield alike
    for other in view.serving if len(apart) == 1 else ():
        if other is not workload and _apart(other, odd_pods(view, other)) == apart:
            yield Evidence("metrics", other.ref, f"pods of it are odd too on {min(apart)}, and nowhere else")


def _sent_to_former_pods(view: View, workload: Workload, odd: Collection[str]) -> Iterator[Evidence]:
    """Yield whom the odd pods alone, all those on one node, cannot reach since it has new pods: so would a new one."""
    for each in unreached_by(view, workload):
        if {*odd} <= {*each.pods}:
            told = f"from {each.node} alone it is not reached since new pods of it came: {each.lines[-1][1]}"
            yield Evidence("logs", each.called.ref, told, each.since)


def _reaches_nobody(view: View, workload: Workload, odd: Collection[str]) -> tuple[Evidence, ...]:
    """Return what odd pods, on nodes of their own, tell of names that nobody resolves and of others that do not answer.

    Two servers at once that all their like reach: it is the way out of their nodes, and a new pod may go the same.
    """
    told = [h for h in view.hits_of(workload.ref, *_UNREACHED) if h.count >= OFTEN and not h.previous]
    lost = [h for h in told if h.pod in odd and fresh(view, h)]
    both = all({h.trouble for h in lost if h.pod == pod} == {*_UNREACHED} for pod in odd)
    if not odd or not both or {h.pod for h in told if h.trouble == "dns"} != {*odd} or not _apart(workload, odd):
        return ()
    return () if _neighbours_reach(view, workload, lost) else tuple(map(view.hit_evidence, lost))


def _neighbours_reach(view: View, workload: Workload, lost: Collection[Hit]) -> bool:
    """Tell whether beside each pod that reaches nobody one of another workload, that calls others too, works since.

    Not where the node's link is bad or its table is full: who keeps connections open is the last to miss anything.
    """
    pods, first = {hit.pod for hit in lost}, oldest(hit.first for hit in lost)
    ill = {hit.pod for hit in view.hits if hit.trouble in ("dns", *UNANSWERED)}
    return first is not None and all(
        not link_troubles(view, node)
        and any(
            other is not workload
            and pod.name not in ill
            and view.graph.calls.get(other.ref)
            and _works(view, pod, first)
            for other, pod in on_node(view, node)
        )
        for node in {pod.node for pod in workload.live if pod.name in pods}
    )


def _works(view: View, pod: Pod, since: datetime) -> bool:
    """Tell whether a pod with an address of its own tells of work since a time until now, and of no error."""
    if not pod.ready or pod.on_host_network:
        return False
    said = [(at, line) for log in view.logs_of([pod], previous=False) for line in log.lines if (at := stamp(line))]
    told = [(at, line) for at, line in said if at >= since and not of_probe(line)]
    lately = any(view.recent(at, MINUTE) for at, _ in told)
    return lately and len(told) >= OFTEN and not any(is_marked(line) for _, line in told)


def _on_slow_disks(view: View, workload: Workload, odd: Collection[str]) -> tuple[Evidence, ...]:
    """Return that the disk of each node of odd pods takes several times as long as any of those of their like.

    All of these nodes have to be measured: what is not may be as slow. Whoever floods a disk, a restart leaves it so.
    """
    waits, apart = view.figures.latest("node_disk_wait", "node"), _apart(workload, odd)
    beside = {pod.node for pod in workload.live if pod.name not in odd and pod.ready}
    if not apart or not apart | beside <= set(waits):
        return ()
    most = max(waits[node] for node in beside)
    if min(waits[node] for node in apart) < max(WAIT_S, CLEARLY * most):
        return ()
    told = "an operation of its disk takes {:.2g} s, and {:.2g} s at most where those that are well are"
    return tuple(Evidence("metrics", f"Node/{node}", told.format(waits[node], most)) for node in sorted(apart))


def same_on_its_node(view: View, workload: Workload, ill: Callable[[Workload], set[str]]) -> Evidence | None:
    """Return that pods of another workload are ill in the same way on the one node of those that are, and nowhere else.

    What two programs meet on one machine alone is the machine's, or of somebody else who runs on it. ``ill``: the names
    of a workload's pods that are so.
    """
    mine = _apart(workload, ill(workload))
    for other in view.serving if len(mine) == 1 else ():
        if other is not workload and (theirs := ill(other)) and _apart(other, theirs) == mine:
            return Evidence("objects", other.ref, f"its pod on {min(mine)} is ill in the same way, and none elsewhere")
    return None


def exhausted(view: View) -> Callable[[Workload], set[str]]:
    """Return what names the pods of a workload that tell of lately that files, threads or the like are used up."""
    return lambda workload: {h.pod for h in view.hits_of(workload.ref, "process_exhausted") if fresh(view, h)}


def _apart(workload: Workload, odd: Collection[str]) -> set[str]:
    """Return the nodes of odd pods; none where one of their like is well on one of them, or a node is not known."""
    theirs = {pod.node for pod in workload.live if pod.name in odd}
    others = {pod.node for pod in workload.live if pod.name not in odd and pod.ready}
    return theirs if others and "" not in theirs | others and not theirs & others else set()
