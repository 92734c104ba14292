"""A release asks for a call, or in a form of a protocol, that what it asks does not know: it is newer than that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._onset import way_changed
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints, told
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import BEFORE, release_cause, release_evidence, since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN, suffering, troubles, unplaced
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes

TROUBLE = "call_not_known"
PROVEN = timedelta(hours=2)
"""What is asked has to be as it is for so long before the release: what has just become older misses calls as well."""


def when(view: View) -> Iterator[Match]:
    """Since its release all new pods of a caller are told so, no older ones, and what they ask is as it was."""
    every = complaints(view, TROUBLE)
    for caller in view.serving if every else ():
        found = [each for each in every if each.caller == caller.ref and not each.hit.previous]
        if not caller.changes or caller.returned or role(caller) in DATA or not _of_the_release(caller, found):
            continue
        first = oldest(each.hit.first for each in found)
        asked = sorted({each.about for each in found if each.about in view.workloads})
        if caller.released_at is None or not since_release(caller, first):
            continue
        may_be = [] if any(each.hosts for each in found) else list(_may_be(view, caller, asked))
        if not may_be or not all(_as_it_was(view, caller, each, caller.released_at) for each in may_be):
            continue  # of who is outside nobody sees whether he is as he was
        said = tuple(_suffers(view, caller, asked, caller.released_at))
        if said and not _told_by_others(view, caller, asked, every):
            yield _match(view, caller, asked, (*told(view, found, 1), *said[:2]), first)


def _of_the_release(caller: Workload, found: list[Complaint]) -> bool:
    """Tell whether it is told often, by each pod of the newest template and by no other one."""
    hits = {each.hit for each in found}
    pods = {hit.pod for hit in hits}
    return sum(hit.count for hit in hits) >= OFTEN and pods == {pod.name for pod in caller.newest_pods()}


def _may_be(view: View, caller: Workload, asked: list[str]) -> Iterator[Workload]:
    """Yield what may have said it: what the lines name; where they name nothing, all that the caller asks."""
    yield from (each for each in view.called(caller.ref) if not asked or each.ref in asked)
    yield from (view.workloads[ref] for ref in asked if ref not in view.graph.calls.get(caller.ref, ()))


def _as_it_was(view: View, caller: Workload, called: Workload, released: datetime) -> bool:
    """Tell whether nothing of what is asked, nor of the way to it, is new: another version of it may lack a call."""
    started = (each.started_at or pod.created for pod in called.live for each in pod.containers)
    made = newest((called.released_at if called.changes else None, *started))
    written = (at for _, at in outside_changes(view, called))
    if called.ready < called.wanted or called.returned or way_changed(view, caller, called, released):
        return False
    return all(at is None or at < released - PROVEN for at in (made, *written))


def _told_by_others(view: View, caller: Workload, asked: list[str], every: Iterable[Complaint]) -> bool:
    """Tell whether somebody who is as he was is told the same by the same one: then that lacks it by itself.

    So it is with the caller where others say that it is the one who does not know. Where the lines name nobody it may
    be the same one.
    """
    others = [each for each in every if each.caller != caller.ref and each.caller in view.workloads]
    return any(
        each.about == caller.ref
        or ((not asked or each.about in asked) and not since_release(view.workloads[each.caller], each.hit.first))
        for each in others
    )


def _suffers(view: View, caller: Workload, asked: list[str], released: datetime) -> Iterator[Evidence]:
    """Yield who suffers since the release: its users, what it asks, or who lives on what it puts into a store."""
    stores = {each.ref for each in _may_be(view, caller, asked) if role(each) in DATA}
    about = {*asked, *(w.ref for w in view.serving if stores & view.graph.calls.get(w.ref, set()))}
    fires = ((view.about_alert(alert), alert) for alert in view.alerts)
    alarmed = (Evidence("alerts", ref, f"alert {a.name} fires", a.starts_at) for ref, a in fires if ref in about)
    feel = (seen for seen, since in troubles(view, caller.ref) if since is None or since >= released + BEFORE)
    for each in (*feel, *suffering(view, caller.ref), *alarmed, *unplaced(view)):
        if each.time is None or each.time >= released + BEFORE:
            yield each


def _match(view: View, caller: Workload, asked: list[str], seen: tuple[Evidence, ...], first: datetime | None) -> Match:
    known = " and ".join(asked) or "what it asks"
    older = tuple(Evidence("objects", ref, "it is as it was before", view.workloads[ref].released_at) for ref in asked)
    return Match(
        component=caller.ref,
        evidence=(*release_evidence(caller)[:2], *seen, *older[:1]),
        certainty=0.7,
        root_cause=release_cause(view, caller),
        since=first,
        explains=tuple(dict.fromkeys((*asked, *behind(view, caller.ref, but=caller.ref)))),
        excludes=(
            *excluding(caller.ref, "new and further pods ask the same", *RESTARTS, "scale_workload"),
            *not_for(asked, f"{known} is as it was: {caller.ref} asks for more than it knows"),
        ),
    )


RULE = Rule(
    name="call_not_known",
    title="A release asks for what its neighbour does not know",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no release is told since it came that what it asks does not know the call or its form",
)
