"""Memory runs out without a release and without more traffic: new processes are small again for a while."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._filled_by_silence import filled_by_silence
from tuheg_ir.diagnosis.rules._follows_load import follows_load
from tuheg_ir.diagnosis.rules._kept_in_memory import kept_in_memory
from tuheg_ir.diagnosis.rules._kind_of_node import on_one_kind
from tuheg_ir.diagnosis.rules._memory import LOADED, began_of, short_of_memory, told_by_program
from tuheg_ir.diagnosis.rules._past_limit import let_go
from tuheg_ir.diagnosis.rules.memory_since_release import SUSPECT
from tuheg_ir.diagnosis.view.crashes import crashes, looping_since
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.reading import created, oldest
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.usage import killed_for_memory, memory_grows, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

AT_ONCE_S = 20 * 60.0
"""What fills a container so soon again and again is no leak that a further start would help against."""
ROOMY = 0.7
"""Who uses less of its limit than this has room."""


def when(view: View) -> Iterator[Match]:
    """Containers are short of memory, and neither a release nor traffic explains it."""
    for workload in view.serving:
        if on_one_kind(view, workload):
            continue  # its like have enough on other nodes
        evidence = short_of_memory(view, workload)
        released = releases(view, workload, SUSPECT) or let_go(view, workload)
        if not evidence or released or (traffic_growth(view, workload.ref) or 1.0) >= LOADED:
            continue
        if follows_load(view, workload):
            continue  # its clients come back, and fill a new process as they did this one
        if filled_by_silence(view, workload):
            continue  # a new process would wait as well, and what waits in this one would be lost
        grows = memory_grows(view, workload)
        if not grows and _over(view, workload):
            continue
        traffic = traffic_growth(view, workload.ref) is not None
        heap = bool(told_by_program(view, workload)) and bool(list(troubles(view, workload.ref)))
        measured = (grows or traffic or heap) and not _past_unknown(view, workload)
        told = [Evidence("metrics", workload.ref, "memory rises steadily in its pods")] if grows else []
        at_once = _at_once(view, workload)
        anew = _began_anew(view, workload)
        kept = kept_in_memory(view, workload) if at_once else ()
        again = excluding(workload.ref, "it is killed soon after each start", *RESTARTS) if at_once and not kept else ()
        yield Match(
            component=workload.ref,
            evidence=(*evidence, *kept, *told),
            certainty=_sure(grows, traffic, measured, at_once),
            remedy=""
            if kept or (measured and not (at_once or keeps_data(view, workload) or is_store(workload) or anew))
            else "page_human",
            since=oldest((began_of(evidence), looping_since(view, workload) if at_once else None)),
            excludes=(
                *excluding(workload.ref, "no release came with it", "rollback_workload"),
                *again,
            ),
        )


def _sure(grows: bool, traffic: bool, measured: bool, at_once: bool) -> float:
    """Return how sure it is: the kernel's word for a limit that each start meets anew needs no figures."""
    if measured and traffic:
        return 0.75 if grows else 0.55
    return 0.55 if at_once else 0.5 if measured else 0.45


def _at_once(view: View, workload: Workload) -> bool:
    """Tell whether containers are killed again and again soon after their start: the limit is too low for them."""
    killed = killed_for_memory(view, workload)
    lived = [c.ended.lived_s for _, c in killed if c.ended and c.ended.lived_s is not None]
    return bool(lived) and max(lived) < AT_ONCE_S and min(c.restarts for _, c in killed) >= 3


def _over(view: View, workload: Workload) -> bool:
    """Tell whether a kill is long over: one, of a program that has had room since then, and that nobody called for."""
    killed = killed_for_memory(view, workload)
    if len(killed) != 1 or any(c.restarts > 1 for _, c in killed) or crashes(view, workload):
        return False
    if any(troubles(view, workload.ref)) or any(view.about_alert(alert) == workload.ref for alert in view.alerts):
        return False
    shares = usage(view.figures, workload, "memory_share")
    measured = {pod.name for pod, _ in killed} <= set(shares.by_pod)
    return measured and shares.most < ROOMY and not told_by_program(view, workload)


def _began_anew(view: View, workload: Workload) -> bool:
    """Tell whether kills have given a workload all that a restart would, and those who suffer do so of something else.

    Whatever runs of it has room, and nobody misses it: whoever is called for the others need not start it once more.
    """
    if not killed_for_memory(view, workload) or told_by_program(view, workload) or workload.ready < workload.wanted:
        return False
    ill = {each.ref for each in view.serving if any(troubles(view, each.ref))}
    if not ill or any(workload.ref == ref or workload.ref in view.graph.needs(ref) for ref in ill):
        return False
    shares = usage(view.figures, workload, "memory_share")
    return {pod.name for pod in workload.live} <= set(shares.by_pod) and shares.most < ROOMY


def _past_unknown(view: View, workload: Workload) -> bool:
    """Tell whether a release may have come with it and nobody could see: young pods, and no revision was read."""
    young = [view.recent(pod.created, SUSPECT) for pod in workload.live]
    old = created(workload.obj)
    return not workload.revisions and bool(young) and all(young) and old is not None and not view.recent(old, SUSPECT)


RULE = Rule(
    name="memory_leak",
    title="Memory runs out, and neither a release nor traffic explains it",
    root_cause="resource_exhaustion",
    remedy="restart_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no container is short of memory without a release or traffic that explains it",
)
