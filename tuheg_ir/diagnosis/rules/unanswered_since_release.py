"""Callers get no answer of a workload since its own release, and nothing but the release lies in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._at_fault import breaks_since
from tuheg_ir.diagnosis.rules._blames_another import blames_another
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._innocent_image import long_run, others_fail
from tuheg_ir.diagnosis.rules._onset import way_changed
from tuheg_ir.diagnosis.rules._served_twins import serves_twins
from tuheg_ir.diagnosis.rules._served_well import ends_by_itself, served_well, settled
from tuheg_ir.diagnosis.rules._small_part import STUMBLES
from tuheg_ir.diagnosis.rules._unreachable import no_way_to
from tuheg_ir.diagnosis.rules._was_so_before import failed_alike
from tuheg_ir.diagnosis.rules.scaled_down import lost
from tuheg_ir.diagnosis.view.at_odds import never_ran, setting_at_fault
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, Complaint, complaints
from tuheg_ir.diagnosis.view.crashes import crashes
from tuheg_ir.diagnosis.view.demand import requests_grew
from tuheg_ir.diagnosis.view.logs import ADDRESS, heard_since
from tuheg_ir.diagnosis.view.marked import is_calm
from tuheg_ir.diagnosis.view.odd import newest_differ
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import (
    BEFORE,
    of_code_alone,
    release_cause,
    release_evidence,
    since_release,
    works_otherwise,
)
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.trouble import OFTEN, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LOADED = 1.3
"""So many times the requests may be the reason as well."""
FITTING, USUAL = 0.65, 0.55
LATELY = timedelta(minutes=5)
"""Callers that told of it longer ago than this may have been in the way of the roll-out only."""


def when(view: View) -> Iterator[Match]:
    """Callers that nobody touched get no answer of a workload since its release, and told of none before it."""
    for workload in view.serving:
        if not works_otherwise(workload) or workload.returned or any(troubles(view, workload.ref)):
            continue  # what its users feel says more than callers do
        said = _said(view, workload)
        began = _only_since(view, workload, said)
        if began is not None and not _innocent(view, workload, said, began):
            yield _match(view, workload, said, began)


def _said(view: View, workload: Workload) -> list[Complaint]:
    """Return what callers tell of answers that they do not get; what keeps data has troubles of its own.

    Not what they tell of others as well: nobody knows whose answers those are.
    """
    if is_store(workload) or keeps_data(view, workload):
        return []
    told = [each for each in complaints(view, *UNANSWERED) if each.caller in view.workloads and not each.hit.previous]
    of_others = {each.hit for each in told if each.about != workload.ref}
    mine = (each for each in told if each.about == workload.ref and each.caller != workload.ref)
    return [
        each for each in mine if each.hit not in of_others and not (is_calm(each.hit.line) or _asks_nobody(view, each))
    ]


def _asks_nobody(view: View, told: Complaint) -> bool:
    """Tell whether a caller asked a pod's address that nobody has: new pods have others, whatever they are made of."""
    spaces = {pod.address.rsplit(".", 2)[0] for pod in view.workloads[told.about].live if pod.address}
    asked = {view.graph.resolve(each) for each in ADDRESS.findall(told.hit.line) if each.rsplit(".", 2)[0] in spaces}
    return "" in asked and told.about not in asked


def _only_since(view: View, workload: Workload, said: Sequence[Complaint]) -> datetime | None:
    """Return when callers began to complain, as they do still: with the release, and a log tells of none before."""
    at, firsts = workload.released_at, [each.hit.first for each in said]
    began = oldest(firsts)
    if at is None or began is None or None in firsts or sum(each.hit.count for each in said) < OFTEN:
        return None
    if not any(each.hit.last is None or view.recent(each.hit.last, LATELY) for each in said):
        return None
    pods = {each.hit.pod for each in said}
    logs = [log for log in view.snapshot.logs if log.pod in pods and not log.previous]
    heard = any((first := heard_since([log])) is not None and first < at + BEFORE for log in logs)
    return began if heard and since_release(workload, began) else None


def _innocent(view: View, workload: Workload, said: Sequence[Complaint], began: datetime) -> bool:
    """Tell whether something else may be the reason: another release or edit, more requests, whom it calls itself.

    What older pods do not get through either is no matter of the release, nor is it that nobody could start new ones.
    """
    breaks = breaks_since(view, workload, began) and _by_faults(view, workload, said)
    differ = newest_differ(view, workload) and not breaks
    if differ or any(not pod.ready or pod.restarts for pod in workload.older_pods()):
        return True
    if never_ran(workload) and setting_at_fault(view, workload) is None:
        return True
    callers = [view.workloads[ref] for ref in sorted({each.caller for each in said})]
    if any(way_changed(view, caller, workload, began) for caller in callers):
        return True
    pods = {each.hit.pod for each in said}
    if all(serves_twins(view, caller, workload, pods & {pod.name for pod in caller.live}) for caller in callers):
        return True
    if any(each.caller == workload.ref and each.about for each in complaints(view, *UNANSWERED)):
        return True
    if no_way_to(view, workload):
        return True  # nobody comes as far as its pods: no program brings that about
    others = blames_another(view, workload, workload) or others_fail(view, workload, began)
    if others or failed_alike(view, workload):  # who only paused as it came told the same before
        return True
    return _pressed(view, workload, began, breaks=breaks) or (
        of_code_alone(workload) and served_well(view, workload, began)
    )


def _by_faults(view: View, workload: Workload, said: Sequence[Complaint]) -> bool:
    """Tell whether what callers miss comes of faults of a workload's code: most are told of them, or they end it.

    What is refused, reset or late has another reason, whatever it tells of a request beside.
    """
    stumbled = sum(each.hit.count for each in said if STUMBLES.search(each.hit.line))
    return 2 * stumbled > sum(each.hit.count for each in said) or ends_by_itself(view, workload)


def _pressed(view: View, workload: Workload, began: datetime, *, breaks: bool) -> bool:
    """Tell whether there may be more to do, or fewer to do it: by another release, more requests, a run.

    ``breaks``: its own code breaks since then. A release that came before it and served well until then is no reason.
    """
    others = (each for each in view.workloads.values() if each is not workload and since_release(each, began))
    if not all(breaks and _came_before(each, workload) for each in others):
        return True
    above = (workload.ref, *view.graph.callers(workload.ref))
    more = any((requests_grew(view, ref, workload.released_at) or 1.0) >= LOADED for ref in above)
    return more or any(lost(view, workload)) or long_run(view, began)


def _came_before(other: Workload, workload: Workload) -> bool:
    """Tell whether another release came before one, and served for minutes until then: it broke nothing by itself."""
    came = workload.released_at
    return other.released_at is not None and came is not None and other.released_at < came and settled(other, came)


def _match(view: View, workload: Workload, said: Sequence[Complaint], began: datetime) -> Match:
    suffer = behind(view, workload.ref, *(each.caller for each in said), but=workload.ref)
    callers = tuple(
        ref for ref in suffer if ref in view.workloads and not crashes(view, view.workloads[ref])
    )  # what ends has its own reason
    setting = setting_at_fault(view, workload)
    state = workload.standing()
    return Match(
        component=workload.ref,
        evidence=(
            *release_evidence(workload, *([setting.aspect] if setting else [])),
            *(view.hit_evidence(each.hit) for each in said[:2]),
            *((state,) if workload.ready < workload.wanted else ()),
        ),
        certainty=FITTING if setting else USUAL,
        root_cause=release_cause(view, workload),
        since=began,
        explains=callers,
        excludes=(
            *excluding(workload.ref, "a restart runs the same release", *RESTARTS),
            *not_for(callers, f"{workload.ref} does not answer since it was released: nothing done to it mends that"),
        ),
    )


RULE = Rule(
    name="unanswered_since_release",
    title="Callers get no answer since a release of whom they call",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no caller began to complain of a workload with a release of that one",
    follows=True,
)
