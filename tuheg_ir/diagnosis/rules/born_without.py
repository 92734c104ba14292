"""The ill pods of a template lack what its well ones were given when they were made, or the other way round.

What an admission webhook puts into a pod (variables, a token's volume, a proxy) stands in no template. Pods that were
made while it was away, or did something else, are without it for as long as they live, however often they restart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._ill_and_well import IllAndWell, ill_and_well, on_ailing_nodes
from tuheg_ir.diagnosis.rules.younger_pods_well import unasked
from tuheg_ir.diagnosis.view.born import holds, of_the_template, only_these
from tuheg_ir.diagnosis.view.odd import used_up
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.stores import is_store
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def when(view: View) -> Iterator[Match]:
    """All ill pods of a template, and no well ones, are without something that is in no template, or alone have it."""
    for workload in view.serving:
        if is_store(workload) or len({holds(workload, pod) for pod in workload.live}) == 1:
            continue  # all hold the same: cheaper to see than who is ill
        apart = ill_and_well(view, workload)
        if apart is None or used_up(view, workload, apart.told):
            continue  # nobody was given what they have used up
        if on_ailing_nodes(view, apart) or unasked(view, apart.ill, apart.well):
            continue  # what they were given differs beside that
        lacks, more = (only_these(workload, *each) for each in ((apart.well, apart.ill), (apart.ill, apart.well)))
        if lacks or more:
            yield _match(view, workload, apart, lacks, more)


def _as_the_well(view: View, workload: Workload, apart: IllAndWell, lacks: Sequence[str]) -> Evidence | None:
    """Return what shows that a pod made now is as the well ones: one of them, or of others, was made since all ill.

    Of others it is what stands in no template of theirs. Where the last one that was made is not so, nobody knows.
    """
    last = newest(pod.created for pod in apart.ill)
    if last is None or not all(pod.created for pod in apart.ill):
        return None
    found = [
        _given(other, {_thing(each) for each in lacks}) for other in view.serving if other is not workload and lacks
    ]
    given = {pod.created: pod for pods, _ in found for pod in pods if pod.created and pod.created > last}
    well = {pod.created: pod for pod in apart.well if pod.created and pod.created > last}
    anew = [pod for pod in workload.live if pod.created and pod.created > last]
    if any(without for _, without in found) or not all(_alike(workload, pod, apart, lacks) for pod in anew):
        return None
    if well:
        return Evidence("objects", f"Pod/{well[max(well)].name}", "it was made after them, and is well", max(well))
    if given:
        told = "it was made after them, and was given that"
        return Evidence("objects", f"Pod/{given[max(given)].name}", told, max(given))
    return None


def _alike(workload: Workload, pod: Pod, apart: IllAndWell, lacks: Sequence[str]) -> bool:
    """Tell whether a pod holds what the ill ones lack, or nothing that they alone have."""
    return set(lacks) <= holds(workload, pod) if lacks else not only_these(workload, (*apart.ill, pod), apart.well)


def _given(other: Workload, wanted: Collection[str]) -> tuple[list[Pod], bool]:
    """Return which pods of a workload were given something that its template has not, and whether the last was not."""
    own = {_thing(each) for each in of_the_template(other)}
    given = [pod for pod in other.live if set(wanted) <= {_thing(each) for each in holds(other, pod)} - own]
    last = newest(pod.created for pod in given)
    return given, last is not None and any(pod.created and pod.created > last for pod in other.live)


def _thing(held: str) -> str:
    """Return what a pod holds, whichever of its containers it is in."""
    return held.partition(" of ")[0]


def _match(view: View, workload: Workload, apart: IllAndWell, lacks: tuple[str, ...], more: tuple[str, ...]) -> Match:
    mended = _as_the_well(view, workload, apart, lacks)
    what = f"are without {', '.join(lacks[:4])}" if lacks else f"alone have {', '.join(more[:4])}"
    made = oldest(pod.created for pod in apart.ill)
    told = f"its {len(apart.ill)} ill pods {what}, which the {len(apart.well)} well ones "
    told += "of the same template were given when they were made" if lacks else "of the same template were not given"
    again = () if mended else excluding(workload.ref, "nobody knows that a new pod is made otherwise", *RESTARTS)
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("objects", workload.ref, told, made),
            *([mended] if mended else []),
            *list(apart.evidence(view))[:2],
            *(seen for seen, _ in list(troubles(view, workload.ref))[:1]),
        ),
        certainty=0.65,
        remedy="restart_workload" if mended else "page_human",
        since=made,
        explains=behind(view, workload.ref, but=workload.ref),
        excludes=(
            *excluding(workload.ref, "pods with the same template are well", "rollback_workload"),
            *again,
        ),
    )


RULE = Rule(
    name="born_without",
    title="Ill pods of a template were not given what its well ones were given when they were made",
    root_cause="configuration_error",
    remedy="restart_workload",
    tier=Tier.STATED,
    when=when,
    why_not="the ill pods of no workload hold less or more than the well ones of their template",
)
