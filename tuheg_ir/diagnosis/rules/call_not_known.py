"""A release asks for a call, or in a form of a protocol, that what it asks does not know: it is newer than that."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._onset import way_changed
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints, told
from tuheg_ir.diagnosis.view.marked import complains, is_marked
from tuheg_ir.diagnosis.view.object_stores import object_stores
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import BEFORE, release_cause, release_evidence, since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN, suffering, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes

TROUBLE = "call_not_known"
PROVEN = timedelta(hours=2)
"""What is asked has to be as it is for so long before the release: what has just become older misses calls as well."""
_FAILED = late(r"\bfail(?:s|ed|ure)?\b|\berror occurred\b", re.IGNORECASE)
_OF_OBJECTS = late(r"x-?amz|STREAMING-\w+-.{0,60}TRAILER|\bwhen calling the \w+ operation", re.IGNORECASE)
"""Words that only a client of an object store is told."""
_COUNTED = late(r"error|fail|unimplemented|\b5(?:xx|\d\d)\b", re.IGNORECASE)
"""Words of an alert about failed requests."""


def when(view: View) -> Iterator[Match]:
    """Since its release all new pods of a caller are told so as an error, and what they ask is as it was."""
    every = complaints(view, TROUBLE)
    for caller in view.serving if every else ():
        found = [each for each in every if each.caller == caller.ref and not each.hit.previous]
        if not caller.changes or caller.returned or role(caller) in DATA or not _of_the_release(caller, found):
            continue
        first = oldest(each.hit.first for each in found)
        asked = _asked(view, caller, found)
        if not asked or caller.released_at is None or not since_release(caller, first):
            continue
        if not all(_as_it_was(view, caller, view.workloads[each], caller.released_at) for each in asked):
            continue
        said = tuple(_suffers(view, caller, asked, caller.released_at))
        if said and not _told_by_others(view, caller, asked, every):
            yield _match(view, caller, asked, (*told(view, found, 1), *said[:2]), first)


def _of_the_release(caller: Workload, found: list[Complaint]) -> bool:
    """Tell whether each pod of the newest template, and no other one, is told often, and each calls it an error.

    Many a library asks for more than it needs, and goes on without: it tells of that as of nothing.
    """
    hits = {each.hit for each in found}
    pods = {hit.pod for hit in hits}
    of_all = sum(hit.count for hit in hits) >= OFTEN and pods == {pod.name for pod in caller.newest_pods()}
    return of_all and all(_fails(hit.line) for hit in hits)


def _fails(line: str) -> bool:
    """Tell whether who writes a line calls it an error, or a warning that something failed."""
    return is_marked(line) or (complains(line) and _FAILED.search(line) is not None)


def _asked(view: View, caller: Workload, found: list[Complaint]) -> list[str]:
    """Return which of ours said it: what the lines name; of an object store, which is seldom named, what settings name.

    Where a line names nobody, somebody may have asked the caller itself in vain; and of a host outside nobody knows
    whether it is as it was.
    """
    if any(each.hosts for each in found):
        return []
    if asked := {each.about for each in found if each.about}:
        return sorted(asked) if asked <= view.workloads.keys() else []
    if not all(_OF_OBJECTS.search(each.hit.line) for each in found):
        return []
    stores = {view.graph.resolve(host) for host in object_stores(view, caller)}
    return sorted(stores) if stores <= view.workloads.keys() else []


def _as_it_was(view: View, caller: Workload, called: Workload, released: datetime) -> bool:
    """Tell whether nothing of what is asked, nor of the way to it, is new: another version of it may lack a call."""
    started = (each.started_at or pod.created for pod in called.live for each in pod.containers)
    made = newest((called.released_at if called.changes else None, *started))
    written = (at for _, at in outside_changes(view, called))
    if called.ready < called.wanted or called.returned or way_changed(view, caller, called, released):
        return False
    return all(at is None or at < released - PROVEN for at in (made, *written))


def _told_by_others(view: View, caller: Workload, asked: list[str], every: Iterable[Complaint]) -> bool:
    """Tell whether somebody who is as he was is told the same, by the same one or by nobody that he names.

    Then that lacks it by itself. So it is with the caller where others say that it is the one who does not know.
    """
    others = [each for each in every if each.caller != caller.ref and each.caller in view.workloads]
    return any(
        each.about == caller.ref
        or (each.about in ("", *asked) and not since_release(view.workloads[each.caller], each.hit.first))
        for each in others
    )


def _suffers(view: View, caller: Workload, asked: list[str], released: datetime) -> Iterator[Evidence]:
    """Yield who suffers since the release: its users, or who lives on what it puts into a store.

    What is asked answers with errors, and counts them. Whatever else ails it has another cause.
    """
    stores = {ref for ref in asked if role(view.workloads[ref]) == "database"}
    living = {w.ref for w in view.serving if stores & view.graph.calls.get(w.ref, set())}
    fires = [(view.about_alert(alert), alert) for alert in view.alerts]
    meant = [(ref, a) for ref, a in fires if ref in living or (ref in asked and _COUNTED.search(a.said))]
    alarmed = (a.fires(ref) for ref, a in meant)
    feel = (seen for seen, since in troubles(view, caller.ref) if since is not None)
    for each in (*feel, *suffering(view, caller.ref), *alarmed):
        if each.time is not None and each.time >= released + BEFORE:
            yield each


def _match(view: View, caller: Workload, asked: list[str], seen: tuple[Evidence, ...], first: datetime | None) -> Match:
    older = tuple(Evidence("objects", ref, "it is as it was before", view.workloads[ref].released_at) for ref in asked)
    return Match(
        component=caller.ref,
        evidence=(*release_evidence(caller)[:2], *seen, *older[:1]),
        certainty=0.7,
        root_cause=release_cause(view, caller),
        since=first,
        explains=behind(view, caller.ref, but=caller.ref),
        excludes=excluding(caller.ref, "new and further pods ask the same", *RESTARTS, "scale_workload"),
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
