"""Nodes keep tracked connections to pods that are gone, as what leads Services to pods there cannot clear them.

Datagrams of one client port go where the first of them went for as long as the node's kernel tracks them. kube-proxy,
or what stands in its place, clears that when a pod goes; where it has not the program or the right to do so it says so,
and part of the questions to a name server that was scaled in, or made anew, stay without an answer. Those pods that are
left answer all that reach them: the act that took the others away, and the name servers themselves, are innocent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, Complaint, complaints, told
from tuheg_ir.diagnosis.view.logs import ADDRESS, lines_told, speaks_of
from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import newest, oldest, text
from tuheg_ir.diagnosis.view.releases import cause_of_release, release_evidence, soon_after
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_WORDS = ("conntrack", "connection track", "endpoint connections", "service connections", "stale connections")
_NOT_CLEARED = late(
    r"(?:fail|error|unable|could not|cannot|can't)\w*.{0,60}\b(?:delet|clear|clean|flush|remov)\w*.{0,60}"
    r"(?:conntrack|connection.?track|endpoint connections|(?:stale|service) \w*\s?connections)",
    re.IGNORECASE,
)
_LACKS = late(r"executable file not found|no such file|command not found|not found in \$PATH")
"""The program that clears them is not there: that comes with an image, and with no load."""
_OF_NAMES = late(r"dns|:53\b")
SEVERAL = 3
"""So many complaints are no chance."""


class _Kept(NamedTuple):
    """What a pod of an agent could not clear: when, the line, and the addresses of whom it speaks."""

    pod: Pod
    at: datetime
    line: str
    hosts: frozenset[str]


def when(view: View) -> Iterator[Match]:
    """What runs on each node could not clear tracked connections to a pod that is gone, and pods there suffer since."""
    known = {pod.address for _, pod in view.pods()} - {""}
    for agent in view.serving:
        kept = [each for each in _kept(view, agent) if not each.hosts & known] if agent.kind == "DaemonSet" else []
        last = newest(each.at for each in kept)
        if last is None:
            continue
        lately = [each for each in kept if soon_after(last, each.at)]
        found = _suffering(view, lately)
        if sum(each.hit.count for each in found) >= SEVERAL:
            yield _match(view, agent, kept, lately, found)


def _kept(view: View, agent: Workload) -> Iterator[_Kept]:
    """Yield what pods of an agent tell that they could not clear."""
    for pod in agent.live:
        for log in view.logs_of([pod], previous=False):
            for line in log.lines if speaks_of(log, _WORDS) else ():
                at = stamp(line) if _NOT_CLEARED.search(line) else None
                if at is not None:
                    yield _Kept(pod, at, line, frozenset(ADDRESS.findall(line)))


def _suffering(view: View, kept: Sequence[_Kept]) -> list[Complaint]:
    """Return who misses answers of what could not be cleared: since then only, and on no node but those."""
    nodes, since = {each.pod.node for each in kept}, oldest(each.at for each in kept)
    where = {pod.name: pod.node for _, pod in view.pods()}
    services = [service for service in view.services.values() if _is_of(service, kept)]
    servers = {each.ref for each in of_role(view.workloads, "dns")}
    of_names = any(_OF_NAMES.search(each.line) for each in kept) or any(servers & {*s.backends} for s in services)
    backends = {ref for service in services for ref in service.backends} - servers
    found = [*complaints(view, "dns")] if of_names else []
    found += [each for each in complaints(view, *UNANSWERED) if each.about in backends]
    found = [each for each in found if each.caller in view.workloads and each.caller not in servers | backends]
    elsewhere = any(where.get(each.hit.pod) not in nodes for each in found)
    return [] if elsewhere or not all(soon_after(each.hit.first, since) for each in found) else found


def _is_of(service: Service, kept: Sequence[_Kept]) -> bool:
    """Tell whether a Service is the one whose connections could not be cleared."""
    return any(text(service.obj, "spec", "clusterIP") in each.hosts for each in kept)


def _brought(view: View, agent: Workload, kept: Sequence[_Kept], lately: Sequence[_Kept]) -> bool:
    """Tell whether the agent's release brought it that it cannot clear them.

    Only its pods tell of it, while those of the template before that are left, and heard, do not; or none is left, and
    the program is not there since another image is.
    """
    new, ill = {pod.name for pod in agent.newest_pods()}, {each.pod.name for each in kept}
    if not agent.changes or agent.returned or not ill <= new:
        return False
    if agent.older_pods():
        return any(log.lines for log in view.logs_of(agent.older_pods(), previous=False))
    return bool(agent.changed("image")) and all(_LACKS.search(each.line) for each in lately)


def _match(
    view: View, agent: Workload, kept: Sequence[_Kept], lately: Sequence[_Kept], found: Sequence[Complaint]
) -> Match:
    callers = sorted({each.caller for each in found})
    led = [ref for s in view.services.values() if _is_of(s, lately) for ref in s.backends]
    asked = list(dict.fromkeys((*led, *(each.ref for each in of_role(view.workloads, "dns")))))
    brought = _brought(view, agent, kept, lately)
    nodes = sorted({each.pod.node for each in lately})
    twins = any(pod.node not in nodes for ref in callers for pod in view.workloads[ref].live)
    fact = f"only pods on {', '.join(nodes[:4])} miss answers" + (
        ", and none of their twins elsewhere" if twins else ""
    )
    why = f"what nodes track leads to pods that are gone, as {agent.ref} cannot clear it: new pods there change nothing"
    return Match(
        component=agent.ref,
        evidence=(
            *(lines_told(each.pod.name, 1, each.line.strip(), each.at) for each in _one_each(lately)[:2]),
            *(release_evidence(agent, "image") if brought else ()),
            Evidence("objects", agent.ref, fact, oldest(each.hit.first for each in found)),
            *told(view, found, 2),
            *_of_its_strategy(agent, brought=brought),
        ),
        certainty=0.85 if brought or twins else 0.7,
        root_cause=cause_of_release(agent) if brought else "",
        remedy="rollback_workload" if brought else "",
        since=oldest(each.hit.first for each in found),
        explains=behind(view, *asked, *callers, but=agent.ref),
        excludes=(
            *not_for(callers, why),
            *not_for(
                asked, f"{why}; more pods that go leave more of it", (*RESTARTS, "rollback_workload", "scale_workload")
            ),
            *excluding(agent.ref, "new pods of it are of the same template, and clear no more", *RESTARTS),
        ),
    )


def _one_each(kept: Sequence[_Kept]) -> list[_Kept]:
    return list({each.pod.name: each for each in kept}.values())


def _of_its_strategy(agent: Workload, *, brought: bool) -> Iterator[Evidence]:
    """Yield that pods have to be ended by hand before a template serves."""
    if brought and text(agent.obj, "spec", "updateStrategy", "type") == "OnDelete":
        yield Evidence("objects", agent.ref, "its pods are made anew only when somebody deletes them (OnDelete)")


RULE = Rule(
    name="tracked_to_former_pods",
    title="Nodes keep tracked connections to pods that are gone",
    root_cause="network_fault",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="nothing that runs on each node tells that it could not clear connections to pods that are gone",
)
