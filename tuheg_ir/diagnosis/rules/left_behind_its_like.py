"""One pod of several has not what its like have, and answers that there is nothing: a new process reads it anew."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._lacks import Lacks, lacks
from tuheg_ir.diagnosis.rules._missed import felt_since
from tuheg_ir.diagnosis.rules._not_of_its_own import not_of_its_own
from tuheg_ir.diagnosis.rules.one_backend_named import fresh_are_no_better
from tuheg_ir.diagnosis.view.builds import another_build
from tuheg_ir.diagnosis.view.odd import PROVEN, same_template
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import items
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_MAY_SHRINK = "its like have more than may be there by now: a start would take that from them"


def when(view: View) -> Iterator[Match]:
    """One pod has not what pods of its template have, and somebody suffers since.

    Not where each keeps its own part, or what its node has: a new pod would not get it.
    """
    for workload in view.serving:
        if workload.kind != "Deployment" or len(workload.live) < 2 or not same_template(workload.live):
            continue
        if role(workload) or is_store(workload) or keeps_data(view, workload) or _of_its_node(workload):
            continue
        found = lacks(view, workload)
        if found is None or another_build(view, workload, {found.pod.name}) or _is_young(view, found):
            continue
        felt = tuple(felt_since(view, workload, found.since))
        if not felt or not_of_its_own(view, workload, {found.pod.name})[1]:
            continue
        yield _match(view, workload, found, felt[:1])


def _of_its_node(workload: Workload) -> bool:
    """Tell whether a program may read what lies on its node."""
    return any("hostPath" in each for each in items(workload.template, "spec", "volumes"))


def _is_young(view: View, found: Lacks) -> bool:
    """Tell whether a pod may still be reading what its like have, or they may only be the first to have it."""
    return view.recent(found.pod.started, PROVEN) or view.recent(found.since, MINUTE)


def _match(view: View, workload: Workload, found: Lacks, felt: tuple[Evidence, ...]) -> Match:
    suffer = behind(view, workload.ref, but=workload.ref)
    anew = () if found.ended or found.part else fresh_are_no_better(view, workload, found.pod.name)
    unsure = found.part is False or bool(anew)
    like = Evidence("objects", f"Pod/{found.pod.name}", "pods of the same template beside it have what it has not")
    return Match(
        component=workload.ref,
        evidence=(*found.evidence, like, *felt, *anew),
        certainty=0.75 if found.ended or found.part else 0.65,
        remedy="page_human" if unsure else "",
        since=found.since,
        explains=suffer,
        excludes=(
            *not_for(suffer, f"it fails where {found.pod.name} answers and nowhere else"),
            *excluding(workload.ref, "pods of the same template are well", "rollback_workload"),
            *excluding(workload.ref, "more pods beside it leave it as it is", "scale_workload"),
            *(excluding(workload.ref, _MAY_SHRINK, *RESTARTS) if found.part is False else ()),
        ),
    )


RULE = Rule(
    name="left_behind_its_like",
    title="One replica has not what its like have",
    root_cause="service_crash",
    remedy="restart_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no pod answers that there is nothing where pods of its template have it",
)
