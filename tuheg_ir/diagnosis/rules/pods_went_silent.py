"""Pods that are ready do their work no more since their callers wait for answers in vain, and others of them do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._fell_silent import LONG, NEXT, fell_silent, node_is_silent, works
from tuheg_ir.diagnosis.rules._helping import HOURS, behind, not_for
from tuheg_ir.diagnosis.rules._onset import near, others_written
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, Complaint, complaints
from tuheg_ir.diagnosis.view.demand import more_asked
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence, releases, works_otherwise
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

NEAR = timedelta(minutes=5)
"""So long after the last answer of a pod its callers may tell first that they wait."""
AGAIN, USUAL = 0.6, 0.4


def when(view: View) -> Iterator[Match]:
    """A ready pod told of no more work from the minutes on in which callers began to miss answers; its fellows did.

    Where all are silent nothing may come as far as to them, nor where all on the node of one are. Who complains of
    another one waits for that. Where a pod that was made since fell silent too, and they run a release of these hours,
    it is of the release: new ones do so again; not if more is asked, or a setting was written as the first fell silent.
    """
    for workload in view.serving:
        if is_store(workload) or keeps_data(view, workload):
            continue
        told = [each for each in complaints(view, *UNANSWERED) if _of_it(each, workload)]
        began = oldest(each.hit.first for each in told)
        if began is None or sum(each.hit.count for each in told) < OFTEN:
            continue
        silent = {} if _waits(view, workload) else fell_silent(view, workload, NEXT)
        first = oldest(silent.values())
        if first is None or view.now - first < LONG or not -NEAR <= began - first <= NEAR:
            continue
        at_work = any(works(view, pod) for pod in workload.live if pod.ready and pod.name not in silent)
        if at_work and not any(node_is_silent(view, workload, name) for name in silent):
            yield _match(view, workload, told, silent, first)


def _of_it(told: Complaint, workload: Workload) -> bool:
    return told.about == workload.ref != told.caller and not told.hit.previous


def _waits(view: View, workload: Workload) -> bool:
    """Tell whether pods of a workload wait for another one in vain themselves."""
    told = (each for each in complaints(view, *UNANSWERED) if each.caller == workload.ref and not each.hit.previous)
    return sum(each.hit.count for each in told if each.about != workload.ref) >= OFTEN


def _is_of_release(view: View, workload: Workload, first: datetime) -> bool:
    """Tell whether a release of these hours is all that is known to have come before its pods fell silent."""
    if workload.returned or workload.released_at is None or not works_otherwise(workload):
        return False
    if more_asked(view, workload.ref, first) or any(at is not None and near(at, first) for at in others_written(view)):
        return False
    return releases(view, workload, HOURS)


def _match(
    view: View, workload: Workload, told: list[Complaint], silent: dict[str, datetime], first: datetime
) -> Match:
    made = {pod.name: pod.created for pod in workload.newest_pods()}
    again = any((at := made.get(name)) is not None and at > first for name in silent)
    back = again and set(silent) <= set(made) and _is_of_release(view, workload, first)
    seen = (
        Evidence("logs", f"Pod/{name}", "it is ready, and tells of no more work since", at)
        for name, at in sorted(silent.items(), key=lambda each: each[1])
    )
    suffer = behind(view, *(each.caller for each in told), but=workload.ref)
    why = f"pods of {workload.ref} do not answer: nothing done to it mends that"
    return Match(
        component=workload.ref,
        evidence=(*seen, *(view.hit_evidence(each.hit) for each in told[:2]), *(release_evidence(workload) * back)),
        certainty=AGAIN if back else USUAL,
        root_cause=release_cause(view, workload) if back else "",
        remedy="rollback_workload" if back else "",
        since=first,
        explains=tuple(ref for ref in suffer if ref in view.workloads),
        excludes=not_for(suffer, why),
    )


RULE = Rule(
    name="pods_went_silent",
    title="Pods that are ready work no more, and their callers wait",
    root_cause="service_crash",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no ready pod fell silent as its callers began to miss answers",
    follows=True,
)
