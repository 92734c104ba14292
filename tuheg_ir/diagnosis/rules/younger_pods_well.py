"""Pods of one template fail or are slow, and those that were started later are well: a fresh process would be too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._collecting import heap_is_full
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._kept_by_age import kept_by_age
from tuheg_ir.diagnosis.rules._met_alike import wait_for_a_lock_alike
from tuheg_ir.diagnosis.rules._missed import felt_by
from tuheg_ir.diagnosis.rules._no_heap_left import no_heap_left
from tuheg_ir.diagnosis.rules._not_of_its_own import by_a_clock, strangers_words
from tuheg_ir.diagnosis.rules._way_out import is_proxy
from tuheg_ir.diagnosis.view.complaints import complaints, kind_spoken_of
from tuheg_ir.diagnosis.view.counted import counted, counts_lately, only_noughts, talks
from tuheg_ir.diagnosis.view.crashes import crashes
from tuheg_ir.diagnosis.view.kinds import SESSIONS, SETTING, USED_UP, WAY, kind_of, of_a_way, over_http
from tuheg_ir.diagnosis.view.marked import OFTEN, complained, complains, shape_of
from tuheg_ir.diagnosis.view.odd import (
    CLEARLY,
    PROVEN,
    full_of_code,
    odd_pods,
    odd_since,
    same_template,
    told_apart,
    used_up,
)
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.routes import fail_at_a_route
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data, share_their_data
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.usage import BUSY, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes

LIFE = 2 * 86400.0
"""Who lived for so many seconds is well for as long when it is started anew; no release of late is to blame then."""
UNMEASURED = timedelta(hours=1)
"""What began with a release is told of so soon."""
UNASKED = 0.02
"""Who gets less than this share of the requests of another gets none but those of probes."""
_SESSIONS = ("database_", "pool_", "statement_", "read_only_database")
_USED_UP = ("process_exhausted", "compiled_cache_full")
_CONNECTIONS = ("connection_refused", "connection_timeout", "connection_reset")


def when(view: View) -> Iterator[Match]:
    """Ill and well pods have the same template, and their start tells them apart: the younger ones are well."""
    for workload in view.serving:
        if is_store(workload) or (keeps_data(view, workload) and not share_their_data(view, workload)):
            continue  # its members differ by what they do
        if any(hit.trouble.endswith("_authentication") for hit in view.hits_of(workload.ref)):
            continue  # younger ones may have come in before a password was changed
        if any(crash.ended.lived_s is None or crash.ended.lived_s < LIFE for crash in crashes(view, workload)):
            continue  # who ends again and again is always young, and ill before long
        measured = odd_pods(view, workload, few=False)
        ill = measured or _compile_again(view, workload) or _apart_by_their_words(view, workload)
        ill = ill or fail_at_a_route(view, workload) or no_heap_left(view, workload)
        bad = [pod for pod in workload.live if pod.name in ill]
        well = [pod for pod in workload.live if pod.name not in ill and pod.ready]
        if not bad or not well or not same_template((*bad, *well)):
            continue
        if unasked(view, bad, well) or _nobody_there(view, workload, ill) or _as_busy(view, workload, (*bad, *well)):
            continue  # the well ones fail at nothing as yet: not asked, or as busy; or a fresh one would find nobody
        if strangers_words(view, workload, ill) or by_a_clock(view, workload, ill):
            continue  # a restart would take away what shows it, and leave the way in; a fresh process reads that clock
        if not _proven(view, workload, ill, measured=bool(measured)):
            continue  # the well ones run what the release brought as well, and not for long enough
        began = odd_since(view, ill) or oldest(hit.first for hit in view.hits_of(workload.ref) if hit.pod in ill)
        if told := by_start(view, bad, well):
            seen = tuple(_seen(ill, "metrics" if measured else "logs", began))
            yield _match(view, workload, ill, told, began, _read_since(view, workload, bad, well), seen)


def _seen(ill: Mapping[str, str], source: str, since: datetime | None) -> Iterator[Evidence]:
    yield from (Evidence(source, f"Pod/{pod}", what, since) for pod, what in sorted(ill.items())[:3])


def _apart_by_their_words(view: View, workload: Workload) -> dict[str, str]:
    """Return the pods that repeat what their like do not; none where the others only say it less often.

    Those tell as often of another trouble of theirs then, and none is told by all of them and by nobody else: each
    meets one load in words of its own.
    """
    ill = told_apart(view, workload)
    words = [each.lately for each in complained(view, workload) if all(each.lately.get(pod, 0) >= OFTEN for pod in ill)]
    if any(set(lately) <= set(ill) for lately in words):
        return ill
    kinds: dict[str, Counter[str]] = {}
    for hit in view.hits_of(workload.ref):
        if not hit.previous:
            kinds.setdefault(hit.trouble, Counter())[hit.pod] += hit.count
    told = [(min(each[pod] for pod in ill), each.keys() - ill.keys(), each) for each in kinds.values() if ill]
    theirs = [(least, max((each[pod] for pod in others), default=0)) for least, others, each in told if least]
    alike = any(most >= least for least, most in theirs) and all(least < CLEARLY * most for least, most in theirs)
    return {} if alike else ill


def _proven(view: View, workload: Workload, ill: Collection[str], *, measured: bool) -> bool:
    """Tell whether the well ones have run for long enough to show that what a release brought is good.

    Where nobody measures them, all that they show is that they do not tell of it. Who loses what the others have lost
    is only not there yet, nor is who has not asked for what somebody else of their store keeps locked.
    """
    if kept_by_age(view, workload) or wait_for_a_lock_alike(view, workload, ill):
        return False
    if used_up(view, workload, ill):
        return not releases(view, workload, timedelta(seconds=LIFE))
    return measured or not releases(view, workload, UNMEASURED)


def _nobody_there(view: View, workload: Workload, ill: Collection[str]) -> bool:
    """Tell whether all whom ill pods complain of have no pod that is ready: those that are well did not ask yet."""
    mine = (each for each in complaints(view, *_CONNECTIONS) if each.caller == workload.ref and each.hit.pod in ill)
    called = [view.workloads.get(each.about) for each in mine]
    return bool(called) and all(each is not None and each.wanted > 0 and not each.ready for each in called)


def _as_busy(view: View, workload: Workload, pods: Sequence[Pod]) -> bool:
    """Tell whether neither ill nor well ones have any processor left: who is well will tell of it before long."""
    return {pod.name for pod in pods} <= {*usage(view.figures, workload, "cpu_share").beyond(BUSY)}


def by_start(view: View, bad: list[Pod], well: list[Pod]) -> str:
    """Return how the start of pods tells the ill from the well, younger ones being well; "" if it does not."""
    times, good = [p.started for p in bad], [p.started for p in well]
    known, others = [t for t in times if t], [t for t in good if t]
    if len(known) < len(bad) or len(others) < len(well):
        return ""
    first, last, after = min(known), max(known), [t for t in others if t > max(known)]
    if (
        not after
        or min(after) - last < PROVEN
        or view.now - min(after) < PROVEN
        or any(first <= t <= last for t in others)
    ):
        return ""
    return f"all {len(bad)} were started from {first:%d %b %H:%M} to {last:%H:%M}; who was started later is well"


def _compile_again(view: View, workload: Workload) -> dict[str, str]:
    """Return pod -> that it has no room left for compiled code, where somebody feels it: many do well without."""
    felt = any(sign.source != "logs" for sign in felt_by(view, behind(view, workload.ref), None))
    return full_of_code(view, workload) if felt else {}


def unasked(view: View, bad: Sequence[Pod], well: Sequence[Pod]) -> bool:
    """Tell whether the well ones get next to no requests beside the ill ones, by figures or by what they count."""
    rates = view.figures.latest("request_rate_by_pod", "pod")
    asked = [rate for pod in bad if (rate := rates.get(pod.name))]
    if not asked or any(pod.name not in rates for pod in (*bad, *well)):
        return _count_noughts(view, bad, well)  # where nobody is asked, it tells none from the others
    return max(rates[pod.name] for pod in well) <= UNASKED * min(asked)


def _count_noughts(view: View, bad: Sequence[Pod], well: Sequence[Pod]) -> bool:
    """Tell whether the well ones only log noughts lately, of what each of the ill ones counts, as far as they are read.

    A container is held against its like: a proxy beside it counts other things, or nothing.
    """
    told, others = ([log for log in view.logs_of(pods, previous=False) if talks(view, log)] for pods in (bad, well))
    for container in {log.container for log in told}:
        busy = [counted(log) for log in told if log.container == container]
        idle = [only_noughts(view, log) for log in others if log.container == container]
        names = set.intersection(*idle) if idle else set()
        if any(all(counts_lately(view, each, name) for each in busy) for name in names):
            return True
    return False


def _read_since(view: View, workload: Workload, bad: list[Pod], well: list[Pod]) -> tuple[Evidence, ...]:
    """Return what the template reads that was written after the ill pods had started, and before all well ones did."""
    last, first = newest(p.started for p in bad), oldest(p.started for p in well)
    if last is None or first is None:
        return ()
    told = "it was written after the ill ones had read it, and before the well ones did"
    edits = ((ref, at) for ref, at in outside_changes(view, workload) if last < at < first)
    return tuple(Evidence("objects", ref, told, at) for ref, at in edits)


def _ended_for_memory(view: View, workload: Workload, ill: Collection[str]) -> Iterator[Evidence]:
    """Yield that pods that are well were started anew because the process before had no memory left."""
    for crash in crashes(view, workload):
        lines = [h for h in view.hits_of(workload.ref, "out_of_memory") if h.previous and h.pod == crash.pod.name]
        if crash.pod.name not in ill and (crash.container.killed_for_memory or lines):
            yield crash.evidence()
            yield from (view.hit_evidence(hit) for hit in lines[:1])


def _loses_a_store(view: View, workload: Workload) -> bool:
    """Tell whether a workload complains of its way to a store, or to somebody outside, who may be one."""
    for each in (c for c in complaints(view, *_CONNECTIONS) if c.caller == workload.ref):
        about = view.workloads.get(each.about)
        line = each.hit.line
        if is_store(about) if about else (each.hosts and not over_http(line)) or kind_spoken_of(line):
            return True
    return False


def _match(
    view: View,
    workload: Workload,
    ill: Mapping[str, str],
    told: str,
    began: datetime | None,
    edits: tuple[Evidence, ...],
    seen: tuple[Evidence, ...],
) -> Match:
    hits = [hit for hit in view.hits_of(workload.ref) if hit.pod in ill]
    mounts = any(hit.trouble == "mount_stale" for hit in hits)
    heap = (*heap_is_full(view, workload, ill), *_ended_for_memory(view, workload, ill))
    out = bool(heap) or used_up(view, workload, ill)
    edits = () if heap else edits[:1]  # what fills a heap was not read anew
    hits = sorted(hits, key=lambda h: (h.trouble != "mount_stale", h.trouble not in _USED_UP))
    # What a proxy cannot reach are the pods behind it.
    told_of = any(hit.trouble.startswith(_SESSIONS) for hit in hits) or _loses_a_store(view, workload)
    sessions = told_of and not is_proxy(workload)
    aging = all(what.startswith("takes ") for what in ill.values())  # slow and without an error
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("objects", workload.ref, told, began),
            *edits,
            *heap[:2],
            *seen,
            *(felt for felt, _ in list(troubles(view, workload.ref))[:1]),
            *(view.hit_evidence(hit) for hit in hits[:1]),
        ),
        certainty=0.75 if out or any(each.source == "metrics" for each in seen) else 0.6,
        root_cause="configuration_error"
        if edits
        else _cause(mounts, out, sessions, aging) or _by_words(view, workload, ill),
        since=began,
        explains=behind(view, workload.ref, but=workload.ref),
        excludes=excluding(workload.ref, "pods with the same template are well", "rollback_workload"),
    )


def _cause(mounts: bool, out: bool, sessions: bool, aging: bool) -> str:
    """Return what the older pods have kept that the younger ones got anew; "" where only their words tell."""
    if mounts:
        return "dependency_failure"
    if out:
        return "resource_exhaustion"  # whatever it cannot do then: open sessions or files, answer in time
    return "database_connection" if sessions else "resource_exhaustion" if aging else ""


def _by_words(view: View, workload: Workload, ill: Collection[str]) -> str:
    """Return of which kind is what all ill ones tell most, and hardly any others; "" where it is of none.

    What the program itself gets wrong is no defect that a release brought: its own state is broken.
    """
    shapes = {each.shape for each in complained(view, workload) if _alone(each.lately, ill)}
    logs = view.logs_of((pod for pod in workload.live if pod.name in ill), previous=False)
    told = (line for log in logs for line in log.lines)
    # Lines of fields are all of one shape, whatever they tell.
    kinds = Counter(_kind(line) for line in told if shapes and complains(line) and shape_of(line) in shapes)
    found = [(count, kind) for kind, count in kinds.items() if kind and count >= OFTEN]
    if found:
        return max(found)[1]
    # Without a word of its own: what a proxy keeps is the way to those who stand behind it.
    return WAY if is_proxy(workload) and not kinds else ""


def _kind(line: str) -> str:
    kind = WAY if of_a_way(line) else kind_of(line)
    return kind if kind in (WAY, SETTING, SESSIONS, USED_UP) else ""


def _alone(lately: Mapping[str, int], ill: Collection[str]) -> bool:
    """Tell whether each ill pod tells something, and clearly more often than any other."""
    others = max((count for pod, count in lately.items() if pod not in ill), default=0)
    least = min(lately.get(pod, 0) for pod in ill)
    return least > 0 and least >= CLEARLY * others


RULE = Rule(
    name="younger_pods_well",
    title="Older pods are ill, and younger ones of the same template are well",
    root_cause="service_crash",
    remedy="restart_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="the start of no workload's pods tells the ill ones from well ones that are younger",
    heard=True,
)
