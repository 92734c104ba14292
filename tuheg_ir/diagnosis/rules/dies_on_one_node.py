"""Programs end on one node with the same words, and their like are well on others."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules.volume_full import FULL, TIGHT
from tuheg_ir.diagnosis.view.claims import claims_of_pod
from tuheg_ir.diagnosis.view.crashes import Crash, ended_by_themselves
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_OF_THE_NODE = late(
    r"inotify|too many open files in system|file table overflow|cannot allocate memory|resource temporarily unavailable"
    r"|read-only file system|input/output error|no space left on device|no device|clock skew",
    re.IGNORECASE,
)
"""Last words of a program whose machine has run out of something, or is broken."""
Died = list[tuple[Workload, tuple[Crash, ...]]]


def when(view: View) -> Iterator[Match]:
    """All that crash are on one node, pods of their own templates are well on others, and it is not one's own fault."""
    died = [(w, found) for w in view.serving if (found := tuple(_of_no_volume(view, w)))]
    places = {crash.pod.node for _, found in died for crash in found}
    if len(places) != 1 or "" in places:
        return
    node = places.pop()
    words = tuple(_words(view, died))
    well = {w.ref for w, found in died if _well_elsewhere(w, found, node)}
    if (len(well) == len(died) and (words or len(died) > 1)) or _said_alike(view, died, well):
        yield _match(node, died, words, well)


def _of_no_volume(view: View, workload: Workload) -> Iterator[Crash]:
    """Yield the crashes of a workload, but for those of pods whose own volume has no room.

    A server of data is always on one node, and its like, on other nodes, have volumes of their own.
    """
    used = view.figures.latest("volume_used_share", "persistentvolumeclaim")
    told = {hit.pod for hit in view.hits_of(workload.ref, "disk_full")}
    for crash in ended_by_themselves(view, workload):
        claims = [claim for claim in claims_of_pod(crash.pod) if claim]
        fullest = max((used[claim] for claim in claims if claim in used), default=TIGHT if claims else 0.0)
        if not (fullest >= FULL or (fullest >= TIGHT and crash.pod.name in told)):
            yield crash


def _said_alike(view: View, died: Died, well: set[str]) -> bool:
    """Tell whether all that end lack the same of their machine, also one whose template is well on another node.

    A release whose first pod ends on that node has no pod elsewhere yet: the words are those of who was not released.
    """
    lacking = {w.ref: {_lacks(hit) for hit in _hits(view, w, found)} for w, found in died}
    return len(died) > 1 and bool(well) and bool(set.intersection(*lacking.values()))


def _well_elsewhere(workload: Workload, died: tuple[Crash, ...], node: str) -> bool:
    """Tell whether each template whose pods die on a node has a pod that is well on another one."""
    well = {pod.revision for pod in workload.live if pod.ready and pod.node not in ("", node)}
    return all(crash.pod.revision in well for crash in died)


def _words(view: View, died: Died) -> Iterator[Evidence]:
    """Yield what the pods that end say of their machine."""
    return (view.hit_evidence(hit) for workload, found in died for hit in _hits(view, workload, found))


def _hits(view: View, workload: Workload, died: tuple[Crash, ...]) -> Iterator[Hit]:
    """Yield what pods of a workload that end say of their machine."""
    pods = {crash.pod.name for crash in died}
    for hit in view.hits_of(workload.ref, "code_crash", "process_exhausted", "disk_full", "out_of_memory"):
        if hit.pod in pods and _OF_THE_NODE.search(hit.line):
            yield hit


def _lacks(hit: Hit) -> str:
    """Return what a machine has no more of, in the words of who says so."""
    found = _OF_THE_NODE.search(hit.line)
    return found[0].lower() if found else ""


def _match(node: str, died: Died, words: tuple[Evidence, ...], well: set[str]) -> Match:
    found = [crash for _, each in died for crash in each]
    return Match(
        component=f"Node/{node}",
        evidence=(
            *(crash.evidence() for crash in found[:2]),
            *words[:2],
            Evidence("objects", f"Node/{node}", _shown(died, well)),
        ),
        certainty=(0.8 if len(died) > 1 else 0.7) if words else 0.6,
        since=oldest(crash.pod.created for crash in found),
        explains=tuple(workload.ref for workload, _ in died),
        excludes=tuple(
            each
            for workload, _ in died
            for each in excluding(workload.ref, _reason(workload, well), "rollback_workload", *RESTARTS)
        ),
    )


def _shown(died: Died, well: set[str]) -> str:
    if len(well) == len(died):
        return "all that end are on it; their like are well on others"
    return f"all that end are on it; {', '.join(sorted(well))} of the same template is well on another"


def _reason(workload: Workload, well: set[str]) -> str:
    if workload.ref in well:
        return "its template is well on other nodes"
    return f"{', '.join(sorted(well))}, well on another node, ends there with the same words"


RULE = Rule(
    name="dies_on_one_node",
    title="Programs end on one node only, and their like are well on others",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="the pods that end are on several nodes, or none is well on any other, or it is their own fault or volume",
)
