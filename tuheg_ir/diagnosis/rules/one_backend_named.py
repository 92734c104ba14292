"""What callers fail with names one pod again and again, of the many behind a Service: that one is ill."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._link import link_troubles
from tuheg_ir.diagnosis.rules._named_backends import by_address, named, the_one_named
from tuheg_ir.diagnosis.view.builds import another_build
from tuheg_ir.diagnosis.view.marked import LATELY
from tuheg_ir.diagnosis.view.odd import PROVEN, template_mark
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.releases import never_ready
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes

_ASKED = ("database", "cache")
"""Programs that ask nobody for what their own callers want."""


def when(view: View) -> Iterator[Match]:
    """Failures of callers name one pod of several that serve the same, and other pods are named by successes only."""
    pods = by_address(view)
    for caller in view.serving:
        pod, count = the_one_named(view, caller)
        if not pod or role(caller) in _ASKED:
            continue  # it names who asks it, as who tries one password after another
        _, first, line, *_ = named(view, caller)
        ill = next(w for each, w in pods.values() if each.name == pod)
        if len(_like(view, ill)) < 2 or is_store(ill) or keeps_data(view, ill):
            continue
        if another_build(view, ill, {pod}):
            continue  # a restart would give the others that build too
        if len(ill.live) > 1 and not _has_twin(ill, pod):
            continue  # its template may be why, as that of a release which stands still
        if any(link_troubles(view, each.node) for each in ill.live if each.name == pod):
            continue  # its node may be why
        told = Evidence("logs", caller.ref, f"{count} failures name {pod} and no other: {line}", first)
        yield _match(view, caller, ill, pod, told)


def _like(view: View, ill: Workload) -> list[Pod]:
    """Return the live pods that serve beside those of a workload, itself included: all behind the same Services."""
    refs = {ref for service in view.leading_to(ill.ref) for ref in service.backends}
    return [pod for ref in refs | {ill.ref} if ref in view.workloads for pod in view.workloads[ref].live if pod.ready]


def _has_twin(ill: Workload, pod: str) -> bool:
    """Tell whether another ready pod of a workload has the template of one."""
    mine = {template_mark(each) for each in ill.live if each.name == pod}
    return any(each.ready and each.name != pod and template_mark(each) in mine for each in ill.live)


def _match(view: View, caller: Workload, ill: Workload, pod: str, told: Evidence) -> Match:
    suffer = behind(view, ill.ref, caller.ref, but=ill.ref)
    held = not_for((caller.ref,), f"it fails where {pod} answers and nowhere else")
    if len(ill.live) == 1:  # the others behind the Service are of other workloads
        version = Evidence(
            "objects", ill.ref, "it alone of those behind the Service runs this version", ill.live[0].created
        )
        return Match(
            component=ill.ref,
            evidence=(told, version),
            certainty=0.75,
            root_cause="code_defect",
            remedy="switch_traffic",
            since=told.time,
            explains=suffer,
            excludes=held,
        )
    like = Evidence("objects", f"Pod/{pod}", "pods of the same template beside it are named by no failure")
    anew = fresh_are_no_better(view, ill, pod)
    return Match(
        component=ill.ref,
        evidence=(told, like, *anew),
        certainty=0.7,
        remedy="page_human" if anew else "",
        since=told.time,
        explains=suffer,
        excludes=(*held, *excluding(ill.ref, "pods of the same template are well", "rollback_workload"))
        + (excluding(ill.ref, "what was started last is no better", *RESTARTS) if anew else ()),
    )


def fresh_are_no_better(view: View, ill: Workload, name: str) -> tuple[Evidence, ...]:
    """Return that the one named was started last of all, and of late, or that those started later never got ready."""
    pod = next(each for each in ill.live if each.name == name)
    mine = pod.started
    if mine is None:
        return ()
    later = [each for each in ill.live if each.started and each.started > mine]
    vain = [each for each in later if never_ready(each) and not view.recent(each.created, PROVEN)]
    if vain:
        told = "it was started later, and has never been ready"
        return (Evidence("objects", f"Pod/{vain[0].name}", told, vain[0].created),)
    before = [each.started for each in ill.live if each.started and each.name != name]
    read = any(max(before, default=mine) < at <= mine for _, at in outside_changes(view, ill))  # by it alone
    if not later and len(ill.live) > 1 and (read or view.recent(mine, LATELY)):
        return (Evidence("objects", f"Pod/{name}", "it was started last of all: what it got then may be why", mine),)
    return ()


RULE = Rule(
    name="one_backend_named",
    title="All failures of a caller name one of several pods behind a Service",
    root_cause="service_crash",
    remedy="restart_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no caller's failures name one address of several",
)
