"""A service of the namespace fails or is slow by itself; its callers only show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._blocks_itself import unread
from tuheg_ir.diagnosis.rules._figures import felt, is_well, said_by_callers
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._lost_for_good import lost_for_good
from tuheg_ir.diagnosis.rules._vouched import in_vain
from tuheg_ir.diagnosis.rules._word import word_of
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, Complaint, complaints, told
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.silent import over
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.view.view import View

SETTLES = timedelta(seconds=30)
"""So long after a service is ready again its callers may still wait for their next attempt."""


def when(view: View) -> Iterator[Match]:
    """Callers complain of a service or measure that it fails, and nothing that it needs is complained of."""
    said: dict[str, list[Complaint]] = {}
    for each in complaints(view, *UNANSWERED):
        if each.about not in view.workloads or unread(view, each.hit) or in_vain(view, each):
            continue  # whose own threads are all taken accuses all whom it asks
        if not over(view, each.hit) and not _until_it_came(view, each):
            said.setdefault(each.about, []).append(each)
    for ref, told_of in list(said.items()):
        who = {each.caller for each in told_of}
        if all(lost_for_good(view, each, who) for each in told_of):
            del said[ref]
    blamed = [ref for ref in view.workloads if ref in said or any(said_by_callers(view, ref))]
    for ref in blamed:
        if view.graph.needs(ref) & set(blamed) - view.graph.callers(ref):
            continue  # something behind it is blamed as well
        own = tuple(_own(view, ref))
        if not own and is_well(view, behind(view, ref, *(c.caller for c in said.get(ref, ())))):
            continue  # lines without anybody who suffers
        measured = tuple(evidence for _, evidence in said_by_callers(view, ref))
        if not own and ref not in said and all(view.recent(e.time, MINUTE) for e in measured):
            continue  # a caller that has just run short of something itself measures the same
        found = (*own, *measured[:2], *told(view, said.get(ref, ()), 2))
        callers = behind(view, ref, but=ref)
        yield Match(
            component=ref,
            evidence=found,
            certainty=0.5 if own or measured else 0.4,
            root_cause=word_of(
                view,
                ref,
                "" if own or measured or not _only_waited_for(view, ref, said[ref]) else "unknown",
                (each.hit for each in said.get(ref, ())),
            ),
            since=min((e.time for e in found if e.time), default=None),
            explains=callers,
            excludes=not_for(callers, f"the trouble comes from {ref}: nothing done to its callers mends it"),
        )


def _until_it_came(view: View, each: Complaint) -> bool:
    """Tell whether a caller complained only until all pods of a service were ready, and is silent for longer since.

    So do those who start beside what they need.
    """
    first, last, pods = each.hit.first, each.hit.last, view.workloads[each.about].live
    came = newest(pod.ready_since for pod in pods if pod.ready)
    if first is None or last is None or came is None or not all(pod.ready for pod in pods):
        return False
    return last <= came + SETTLES and view.now - last >= max(MINUTE, last - first)


def _only_waited_for(view: View, ref: str, said: Iterable[Complaint]) -> bool:
    """Tell whether all that is known of a service is that callers wait for it in vain, and it calls others itself.

    Then it may wait for one of those, and nobody can tell that it fails by itself.
    """
    late = all(each.hit.trouble == "connection_timeout" or tells("connection_timeout", each.hit.line) for each in said)
    return late and bool(view.graph.calls.get(ref))


def _own(view: View, ref: str) -> Iterator[Evidence]:
    """Yield what shows that the service itself is ill."""
    workload = view.workloads[ref]
    if workload.ready < workload.wanted:
        yield workload.standing()
    yield from felt(view, ref)


RULE = Rule(
    name="dependency_fails",
    title="A service that others need fails by itself",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.SYMPTOM,
    when=when,
    why_not="no service is complained of by its callers",
    follows=True,
)
