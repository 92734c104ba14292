"""A roll-out was left half done on purpose, and a later setting means something else to pods of the former template.

All pods read the same settings. What is set there is meant for the new program; the pods that a partition, a pause or
`OnDelete` keeps on the former one may take it otherwise, and go on with their work all the while.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._as_meant import ordinal
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._lines_by_kind import Kind, kinds_told
from tuheg_ir.diagnosis.view.logs import heard_since, lines_told
from tuheg_ir.diagnosis.view.marked import OFTEN, STILL
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import mapping, newest, oldest, text, whole
from tuheg_ir.diagnosis.view.releases import SOON
from tuheg_ir.diagnosis.view.trouble import MINUTE, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes

CHANGED = "flag_changed"
"""The kind of line by which a program tells of a setting that it took while it ran."""
SCALE = "scale_workload"


def when(view: View) -> Iterator[Match]:
    """All pods of the former template, and only they, tell of something new since a setting that both were given."""
    for workload in view.serving:
        held = _held(workload)
        if not held:
            continue
        for seen in _settings(view, workload):
            told = _told_by_former(view, workload, seen.time) if seen.time else None
            suffer = _suffer(view, workload, seen.time) if seen.time and told else ()
            if told and suffer:
                yield _match(view, workload, held, seen, told, suffer)
                break


def _held(workload: Workload) -> str:
    """Return what keeps ready pods on the former template beside ready ones of the new; "" where nothing is told."""
    older, newer = workload.older_pods(), workload.newest_pods()
    if not older or not newer or not all(pod.ready for pod in workload.live):
        return ""
    strategy = mapping(workload.obj, "spec", "updateStrategy")
    partition = whole(strategy, "rollingUpdate", "partition")
    if partition > 0 and all(0 <= ordinal(pod) < partition for pod in older):
        return f"its partition of {partition} keeps"
    if text(strategy, "type") == "OnDelete":
        return "its pods are made anew only when somebody deletes them (OnDelete), which keeps"
    return "its roll-out is paused, which keeps" if mapping(workload.obj, "spec").get("paused") is True else ""


def _settings(view: View, workload: Workload) -> Iterator[Evidence]:
    """Yield the settings that came after all pods had started, newest first: written, or told of by both templates."""
    started = newest(pod.started for pod in workload.live)
    for ref, at in outside_changes(view, workload):
        if started is not None and started < at:
            yield Evidence("objects", ref, "it was written; pods of both templates read it", at)
    new = {pod.name for pod in workload.newest_pods()}
    hits = [hit for hit in view.hits_of(workload.ref, CHANGED) if not hit.previous and hit.last]
    if {hit.pod in new for hit in hits} == {True, False}:
        last = max(hits, key=lambda hit: str(hit.last))
        if started is not None and last.last is not None and started < last.last:
            yield Evidence("logs", workload.ref, f"pods of both templates took it: {last.line}", last.last)


def _told_by_former(view: View, workload: Workload, at: datetime) -> tuple[Evidence, ...]:
    """Return the lines of kinds that each pod of the former template repeats since then, and no other pod tells."""
    newer = [kinds for pod in workload.newest_pods() if (kinds := _kinds(view, pod, at))]
    if len(newer) < len(workload.newest_pods()) or not any(_goes_on(view, each, at) for each in newer):
        return ()  # what they tell is not known
    older = [(pod, _new(view, pod, at)) for pod in workload.older_pods()]
    shared = set.intersection(*({*new} for _, new in older)) - {shape for kinds in newer for shape in kinds}
    if not shared:
        return ()
    most = sorted(shared, key=lambda shape: (-min(new[shape].count for _, new in older), shape))[:2]
    told = ((pod, new[shape]) for pod, new in older for shape in most)
    return tuple(lines_told(pod.name, each.count, each.line, each.first) for pod, each in told)


def _kinds(view: View, pod: Pod, at: datetime) -> dict[str, Kind]:
    """Return the kinds of lines of a pod whose log goes back to before a moment; {} if it does not."""
    logs = tuple(view.logs_of([pod], previous=False))
    began = heard_since(logs)
    return {} if began is None or began > at - MINUTE else dict(kinds_told(logs))


def _new(view: View, pod: Pod, at: datetime) -> dict[str, Kind]:
    """Return the kinds of lines that a pod began to tell soon after a moment, and repeats."""
    kinds = _kinds(view, pod, at).items()
    return {
        shape: each
        for shape, each in kinds
        if each.count >= OFTEN and each.first and at <= each.first <= at + SOON and view.recent(each.last, STILL)
    }


def _goes_on(view: View, kinds: dict[str, Kind], at: datetime) -> bool:
    return any(each.last and each.last > at and view.recent(each.last, STILL) for each in kinds.values())


def _suffer(view: View, workload: Workload, at: datetime) -> tuple[Evidence, ...]:
    """Return who suffers since then: the workload, who calls it, whom it sends to, or an alert that names nobody."""
    near = {"", workload.ref, *view.graph.callers(workload.ref), *view.graph.calls.get(workload.ref, ())}
    alerts = [each for each in view.alerts if each.starts_at and each.starts_at >= at]
    found = [each.fires(view.about_alert(each)) for each in alerts if view.about_alert(each) in near]
    felt = (told for ref in sorted(near - {""}) for told in troubles(view, ref))
    return (*found, *(seen for seen, since in felt if since and since >= at))


def _match(
    view: View,
    workload: Workload,
    held: str,
    setting: Evidence,
    told: Sequence[Evidence],
    suffer: Sequence[Evidence],
) -> Match:
    older, newer = workload.older_pods(), workload.newest_pods()
    stays = f"{held} {len(older)} on the former template; {len(newer)} run the new one and tell nothing of the kind"
    hit = tuple(dict.fromkeys((*behind(view, workload.ref, but=workload.ref), *(e.object for e in suffer if e.object))))
    hit = tuple(ref for ref in hit if ref != workload.ref)
    again = "what keeps pods on the former template does so still: a restart leaves them as they are"
    back = "pods of the template before are those that take the setting otherwise: all would do so"
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("objects", workload.ref, stays, workload.released_at),
            setting,
            *told[:3],
            *suffer[:2],
        ),
        certainty=0.7,
        since=oldest(each.time for each in told),
        explains=hit,
        excludes=(
            *excluding(workload.ref, back, "rollback_workload"),
            *excluding(workload.ref, again, *RESTARTS, SCALE),
            *not_for(hit, f"what it is sent by pods of the former template of {workload.ref} is what is wrong"),
        ),
    )


RULE = Rule(
    name="left_between_revisions",
    title="A roll-out was left half done, and pods of the former template take a new setting otherwise",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no roll-out is held half done while only pods of the former template do something new since a setting",
)
