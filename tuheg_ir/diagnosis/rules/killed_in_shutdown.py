"""A store's pods were told to end and killed before they were done: now they read their data anew."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view.events import Event
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import label_selector, mapping, name, oldest, whole
from tuheg_ir.diagnosis.view.recovering import recovering
from tuheg_ir.diagnosis.view.releases import never_ready
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LATELY = timedelta(hours=3)
"""A cluster forgets its events by then; a recovery may take as long."""
BEFORE = timedelta(minutes=15)
"""So long before a pod came its predecessor was told to end: it has to be ended and to let its volume go."""
SHORT_S = 120
"""A store that is given less may not be done in it; one with more hangs or was ended by force."""
USUAL_S = 30
YOUNG = timedelta(minutes=2)
_STOPPED = late(r"Stopping container", re.IGNORECASE)
_HARD = ("Evicted", "OOMKilling", "TaintManagerEviction", "NodeNotReady")
_BY_A_DRAIN = late(r"^Evicted pod", re.IGNORECASE)
"""Events of ends for which a pod gets no time, or of which nobody told it; one that drains a node says Evicted too."""

Cut = tuple[Pod, Hit, Event]


def when(view: View) -> Iterator[Match]:
    """Pods of a store recover from a hard end, though those before were told to end and had little time for it."""
    for workload in view.serving:
        if any(not _BY_A_DRAIN.search(e.message) for e in view.events_of(workload.ref, *_HARD, within=LATELY)):
            continue
        cut = [
            (pod, hit, told)
            for pod, hit in recovering(view, workload)
            if never_ready(pod) and not pod.restarts and not view.recent(pod.created, YOUNG)
            for told in _told_to_end(view, workload, pod)[:1]
        ]
        over = _overdue(view, workload, cut)
        if cut and (over or _seconds(workload) < SHORT_S):
            yield _match(view, workload, cut, over)


def _told_to_end(view: View, workload: Workload, pod: Pod) -> list[Event]:
    """Return the events that tell of the end of a pod's predecessor: of the same name, where names stay."""
    mine = {f"Pod/{other.name}" for other in workload.live if other.name != pod.name}
    return [
        event
        for event in view.events_of(workload.ref, "Killing", within=LATELY)
        if _STOPPED.search(event.message) and event.about not in mine and _just_before(event, pod)
    ]


def _just_before(event: Event, pod: Pod) -> bool:
    return bool(event.last and pod.created and timedelta(0) <= pod.created - event.last <= BEFORE)


def _overdue(view: View, workload: Workload, cut: Sequence[Cut]) -> list[Event]:
    """Return the events which say that predecessors had not ended within their time."""
    late = view.events_of(workload.ref, "ExceededGracePeriod", within=LATELY)
    return [event for event in late if event.about in {told.about for _, _, told in cut}]


def _seconds(workload: Workload) -> int:
    """Return how long its pods may take to end."""
    return whole(workload.template, "spec", "terminationGracePeriodSeconds") or USUAL_S


def _match(view: View, workload: Workload, cut: Sequence[Cut], over: Sequence[Event]) -> Match:
    told = f"{len(cut)} pods were told to end and not done in the {_seconds(workload)} s that they have for it"
    since = oldest(event.last for *_, event in cut)
    callers = behind(view, workload.ref, but=workload.ref)
    budget = tuple(_unshielded(view, workload)) if len(cut) > 1 else ()
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("objects", workload.ref, f"{told}; {workload.ready} of {workload.wanted} are ready", since),
            *(view.event_evidence(event) for event in (over or [told for *_, told in cut])[:2]),
            *(view.hit_evidence(hit) for _, hit, _ in cut[:2]),
            *budget,
        ),
        certainty=0.75 if over else 0.7,
        since=since,
        explains=callers,
        excludes=(
            *not_for((workload.ref,), "its pods read their data anew: whoever ends them lets them begin once more"),
            *not_for(callers, f"they wait for {workload.ref}, which reads its data anew"),
        ),
    )


def _unshielded(view: View, workload: Workload) -> Iterator[Evidence]:
    """Yield that no disruption budget keeps two of its pods from being taken at once, though one seems meant for it."""
    budgets = view.objects("PodDisruptionBudget")
    if any(label_selector(mapping(b, "spec", "selector"), workload.labels) for b in budgets.values()):
        return
    idle = [b for b in budgets.values() if "expectedPods" in mapping(b, "status") and not _expected(b)]
    for each in [b for b in idle if workload.name in name(b) or name(b) in workload.name][:1]:
        yield Evidence("objects", f"PodDisruptionBudget/{name(each)}", "it selects no pod: it keeps none from a drain")


def _expected(budget: object) -> int:
    return whole(budget, "status", "expectedPods")


RULE = Rule(
    name="killed_in_shutdown",
    title="A store's pods get too little time to end, and have to recover",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no store recovers from an end that it was told of and had too little time for",
)
