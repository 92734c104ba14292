"""Only pods that run another build of the same image fail: its tag was pushed again, and a new pod pulled it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._named_backends import named, the_one_named
from tuheg_ir.diagnosis.view.answers import answers
from tuheg_ir.diagnosis.view.builds import another_build
from tuheg_ir.diagnosis.view.crashes import ended_by_themselves
from tuheg_ir.diagnosis.view.logs import heard_since
from tuheg_ir.diagnosis.view.marked import complained, complains
from tuheg_ir.diagnosis.view.odd import odd_pods, told_apart
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.trouble import ERRORS, OFTEN, TOLD, all_told, of_pods, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

SLOW_START = timedelta(minutes=2)
"""A pod may take that long to become ready."""
FAR = 3
"""Who fails less than so many times as often as its like all together: chance makes some difference.

Twice as far where these fail as well: they may ask each other, but more often all of them meet one trouble.
"""

PROVEN = timedelta(days=1)
"""A build that did well for so long has met what it is asked for."""
QUIET = timedelta(minutes=30)
"""A log that tells of nothing for so long before shows that it began then."""


def when(view: View) -> Iterator[Match]:
    """All pods that fail, end or are named run a build of an image that none of their well like runs, by one name."""
    for workload in view.serving:
        odd = _odd(view, workload)
        found = another_build(view, workload, odd) if odd else None
        if found is None:
            continue
        theirs, others = found
        told = f"it runs {theirs.digest[:12]} of {theirs.image}; those with the same template that are well run "
        began = oldest(pod.created for pod in workload.live if pod.name in odd)
        reason = f"a new pod pulls {theirs.image} again, which is another program now"
        yield Match(
            component=workload.ref,
            evidence=(
                Evidence("objects", f"Pod/{min(odd)}", told + others.digest[:12], began),
                *list(odd.values())[:3],
                *[seen for seen, _ in troubles(view, workload.ref)][:1],
                *[view.hit_evidence(hit) for hit in view.hits_of(workload.ref) if hit.pod in odd][:2],
            ),
            certainty=0.8,
            since=began,
            excludes=excluding(workload.ref, reason, *RESTARTS, "rollback_workload", "scale_workload"),
        )


def _odd(view: View, workload: Workload) -> Mapping[str, Evidence]:
    """Return pod -> what shows that it fails, ends or hangs; of what is measured first, else of what logs tell."""
    late = [pod for pod in workload.live if not pod.ready and not view.recent(pod.unready_since, SLOW_START)]
    odd = {pod.name: Evidence("objects", f"Pod/{pod.name}", "it is not ready", pod.unready_since) for pod in late}
    odd |= {crash.pod.name: crash.evidence() for crash in ended_by_themselves(view, workload)}
    odd |= {pod: Evidence("metrics", f"Pod/{pod}", told) for pod, told in odd_pods(view, workload).items()}
    if odd or of_pods(view, workload.ref, "error_ratio_by_pod"):
        return odd
    return _fails(view, workload) or _named(view, workload) or _complains(view, workload)


def _fails(view: View, workload: Workload) -> dict[str, Evidence]:
    """Return the pods that fail far more requests than their like, by their own logs."""
    said = answers(view, workload)
    fails = {pod: each for pod, each in said.items() if each.failed >= OFTEN and each.share > TOLD}
    others = [each for pod, each in said.items() if pod not in fails]
    usual = sum(each.failed for each in others) / max(1, sum(each.told for each in others))
    return {
        pod: Evidence("logs", f"Pod/{pod}", f"{each.failed} of the last {each.told} requests failed", each.since)
        for pod, each in sorted(fails.items())
        if each.share >= (FAR if usual <= ERRORS else 2 * FAR) * usual
    }


def _named(view: View, workload: Workload) -> dict[str, Evidence]:
    """Return the pod that nearly all failures of a caller name."""
    live = {pod.name for pod in workload.live}
    for caller in view.serving:
        pod, count = the_one_named(view, caller)
        if pod in live:
            _, first, line, *_ = named(view, caller)
            told = f"{count} failures name {pod} and no other: {line}"
            return {pod: Evidence("logs", caller.ref, told, first)}
    return {}


def _complains(view: View, workload: Workload) -> dict[str, Evidence]:
    """Return the pods that repeat what their like, whose logs are there, do not; only where somebody suffers by it.

    One of several may do what the others do not, such as lead them; and who runs another build may have other words.
    What it began to repeat after days with that build came otherwise; and so did what another container of it repeats.
    """
    if not any(all_told(view, workload.ref)):
        return {}
    told = told_apart(view, workload)
    odd = [pod for pod in workload.live if pod.name in told]
    if any(_did_well(view, workload, pod) for pod in odd):
        return {}
    well = set.intersection(*(_silent(view, workload, pod) for pod in odd)) if odd else set[str]()
    if not another_build(view, workload, told, well=well):
        return {}
    return {pod: Evidence("logs", f"Pod/{pod}", fact) for pod, fact in sorted(told.items())}


def _did_well(view: View, workload: Workload, pod: Pod) -> bool:
    """Tell whether a pod is there for long, and its log goes far back before it began to repeat anything."""
    hits = [hit.first for hit in view.hits_of(workload.ref) if hit.pod == pod.name and not hit.previous]
    firsts = [*hits, *(each.since for each in complained(view, workload) if each.pods.get(pod.name))]
    began, heard = oldest(firsts), heard_since(view.logs_of((pod,), previous=False))
    if began is None or None in firsts or heard is None or pod.created is None:
        return False
    return began - pod.created > PROVEN and began - heard > QUIET


def _silent(view: View, workload: Workload, pod: Pod) -> set[str]:
    """Return the containers of a pod whose logs are there and complain of nothing."""
    said = {hit.container for hit in view.hits_of(workload.ref) if hit.pod == pod.name and not hit.previous}
    logs = [log for log in view.logs_of((pod,), previous=False) if log.lines and log.container not in said]
    return {log.container for log in logs if not any(map(complains, log.lines))}


RULE = Rule(
    name="image_pushed_again",
    title="A tag was pushed again, and the pods that pulled it since fail",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no failing pod runs another build of its image than its like",
)
