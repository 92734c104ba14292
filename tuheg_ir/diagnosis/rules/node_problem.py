"""A node tells of a problem of its own (its file system, kernel, clock, runtime), and pods there are not well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._ill_there import IllThere, ill_there
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.claims import claims_of
from tuheg_ir.diagnosis.view.nodes import Node, nodes, on_node
from tuheg_ir.diagnosis.view.odd import LIMITS
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_READ_ONLY = "read-only file system"
"""How every program tells that what it writes to is mounted so."""
_OF_FILES = ("read-only", "readonly", "file system", "filesystem", "i/o error")
"""How a node tells that it is one of the file systems that are mounted on it."""


def when(view: View) -> Iterator[Match]:
    """A condition that no kubelet writes is true of a node, and pods that were placed there do not become ready.

    Or pods that are ready fail there alone since it tells of that, or of a device that it lost.
    """
    for node in (*nodes(view), *_unread(view)):
        if not node.lost and (ill := list(ill_there(view, node))):
            yield _failing(view, node, ill)
            continue
        waiting = [(w, p) for w, p in on_node(view, node.name) if not p.ready]
        if node.lost or not node.problems or not waiting:
            continue
        touched = tuple(dict.fromkeys(w.ref for w, _ in waiting))
        events = (e for ref in touched for e in view.events_of(ref)[:1])
        files = all(any(word in f"{what} {why}".lower() for word in _OF_FILES) for what, why, _ in node.problems)
        own = _of_its_own_volume(view, node.name, waiting) if files else ()
        yield Match(
            component=touched[0] if own else node.ref,
            evidence=(
                *(Evidence("objects", node.ref, f"{what}: {why}", at) for what, why, at in node.problems),
                *(Evidence("objects", f"Pod/{p.name}", f"is on {node.name} and not ready") for _, p in waiting[:3]),
                *own,
                *(view.event_evidence(e) for e in events),
            ),
            certainty=0.7,
            since=min((at for _, _, at in node.problems if at), default=None),
            explains=touched[1:] if own else touched,
            excludes=tuple(
                each
                for ref in touched
                # What one pod alone has mounted is mounted anew for the next one.
                for each in excluding(
                    ref, "its template starts on other nodes", "rollback_workload", *(() if own else RESTARTS)
                )
            ),
        )


def _unread(view: View) -> tuple[Node, ...]:
    """Return the nodes that pods are on and that nobody may read: logs and events tell of their devices."""
    names = {pod.node for _, pod in view.pods() if pod.node} - {node.name for node in nodes(view)}
    return tuple(Node(name, "", None, (), cordoned=False) for name in sorted(names))


def _failing(view: View, node: Node, ill: Sequence[IllThere]) -> Match:
    """Return that ready pods fail on a node by what it tells of itself."""
    touched = tuple(each.workload.ref for each in ill)
    pods = [(pod, what, each.since) for each in ill for pod, what in each.told.items()]
    return Match(
        component=node.ref,
        evidence=(
            *dict.fromkeys(sign for each in ill for sign in each.signs[:3]),
            *(_seen(view, pod, f"is on {node.name} and ill: {what}", at) for pod, what, at in pods[:3]),
        ),
        certainty=0.75,
        since=oldest(each.since for each in ill),
        explains=touched,
        excludes=tuple(
            out
            for ref in touched
            for out in (
                *excluding(ref, "pods with the same template are well elsewhere", "rollback_workload"),
                *excluding(ref, f"{node.ref} stays as it is, and takes new pods", *RESTARTS, "scale_workload"),
            )
        ),
    )


def _seen(view: View, pod: str, told: str, at: datetime | None) -> Evidence:
    measured = any(view.figures.crossed(signal, limit, pod=pod) for signal, limit, _ in LIMITS)
    return Evidence("metrics" if measured else "logs", f"Pod/{pod}", told, at)


def _of_its_own_volume(view: View, node: str, waiting: Sequence[tuple[Workload, Pod]]) -> tuple[Evidence, ...]:
    """Return what shows that a node tells of a volume that one workload alone has mounted there.

    It keeps its data on a claim, says that it cannot write, and all others on the node are well.
    """
    workload, pod = waiting[0]
    others = [each for other, each in on_node(view, node) if other is not workload]
    if any(other is not workload for other, _ in waiting) or not others or not claims_of(workload):
        return ()
    for log in view.logs_of([pod]):
        for line in log.lines:
            if _READ_ONLY in line.lower():
                told = f"it cannot write to its volume, and {len(others)} others on {node} are well: {line}"
                return (Evidence("logs", f"Pod/{pod.name}", told, stamp(line)),)
    return ()


RULE = Rule(
    name="node_problem",
    title="A node has a problem of its own",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no node tells of a problem that pods there suffer from",
)
