"""Pods that stand out from their like: same workload, same template, and only they are slow or fail."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.answers import Answers, answers
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.flicker import by_chance
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.marked import OFTEN, STILL, complained
from tuheg_ir.diagnosis.view.reading import labels, oldest, text
from tuheg_ir.diagnosis.view.trouble import ERRORS, SLOW_S, SLOWER
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.work import work_of_all
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

LIMITS = (("error_ratio_by_pod", ERRORS, 4.0), ("latency_p95_by_pod", SLOW_S, SLOWER))
"""By which signals pods stand out, from where on, and how many times what the others have."""
_WORK = (("request_rate_by_pod", 0.05), ("cpu_share", 0.3), ("cpu_usage", 0.3))
"""What tells how much a pod does, the best first, and the share of its former work from which on it does none."""
_WORKED = 0.06
"""Who did less than this (of requests a second, of its processor limit, of a core) did too little to tell its end."""
_GOES_ON = 0.5
"""Share of its former work that a pod still does which is well."""
CLEARLY = 3
"""So many times as often as its like a pod has to complain."""
PROVEN = timedelta(minutes=5)
"""A pod that has been well for so long is not just too young to be ill; pods of one roll-out are of one age."""
MOSTLY = 0.5
"""Share of failed requests in its log by which a pod is told from its like."""


def odd_pods(view: View, workload: Workload, *, few: bool = True) -> dict[str, str]:
    """Return pod -> what is odd about it; {} unless fewer than half stand out clearly from all the others.

    ``few``: False where they may be most of them as well.
    """
    live = {pod.name for pod in workload.live}
    found: dict[str, str] = {}
    for signal, limit, factor in LIMITS:
        values = {pod: value for pod, value in view.figures.latest(signal, "pod").items() if pod in live}
        bad = {pod for pod, value in values.items() if value > limit}
        bad = _grown_slow(view, signal, values) if len(bad) == len(values) else bad
        bad -= _as_slow_as_ever(view, signal, {pod: values[pod] for pod in bad - set(found)}, found)
        chance = by_chance(view, signal, limit, set(values), bad)
        bad -= chance
        good = [value for pod, value in values.items() if pod not in bad | chance]
        if not bad or not good or (few and len(bad) > len(good)) or min(values[p] for p in bad) < factor * max(good):
            continue
        for pod in sorted(bad):
            told = f"{values[pod]:.0%} of its requests fail" if "error" in signal else f"takes {values[pod]:.1f} s"
            found[pod] = f"{found[pod]}, {told}" if pod in found else told
    return found if not few or 2 * len(found) <= len(live) else {}


def _grown_slow(view: View, signal: str, values: Mapping[str, float]) -> set[str]:
    """Return which pods grew slow where each takes long by what it does, and some still take no longer than ever.

    All of them where nobody's latency tells the ones from the others.
    """
    was = {pod: view.figures.first(signal, pod=pod) for pod in values} if "latency" in signal else {}
    least = SLOWER * min(values.values(), default=0.0)
    slow = {pod for pod, value in values.items() if value >= least}
    as_ever = all(value < SLOWER * (was.get(pod) or 0.0) for pod, value in values.items() if pod not in slow)
    grown = all(values[pod] >= SLOWER * (was.get(pod) or values[pod]) for pod in slow)
    return slow if slow and grown and as_ever else {*values}


def _as_slow_as_ever(view: View, signal: str, slow: Mapping[str, float], failing: Collection[str]) -> set[str]:
    """Return which slow pods took about as long before others of their like began to fail: those make no measure.

    Who fails at once, before any work is done, is quicker than who does the work.
    """
    began = odd_since(view, failing) if "latency" in signal else None
    if began is None:
        return set()
    was = {pod: view.figures.before(signal, began, pod=pod) for pod in slow}
    return {pod for pod, took in slow.items() if took < SLOWER * (was[pod] or 0.0)}


def odd_since(view: View, odd: Iterable[str]) -> datetime | None:
    """Return since when the first of some odd pods is beyond a limit; None if nobody knows."""
    return oldest(
        view.figures.crossed(signal, _turned(view, signal, limit, pod), pod=pod)
        for pod in odd
        for signal, limit, _ in LIMITS
    )


def _turned(view: View, signal: str, limit: float, pod: str) -> float:
    """Return beyond what a pod is odd: its usual latency may lie above what is long elsewhere, and it grew."""
    was = (view.figures.first(signal, pod=pod) or 0.0) if "latency" in signal else 0.0
    grown = was > limit and (view.figures.now(signal, pod=pod) or 0.0) > SLOWER * was
    return SLOWER * was if grown else limit


def well_before(view: View, odd: Collection[Pod], moment: datetime) -> bool:
    """Tell whether odd pods are known to have been well before a time, or far better; those made since were not there.

    None of them was beyond a limit, and about as far, where it is now: what nobody measured then may be as old.
    """
    there = [pod for pod in odd if pod.created is None or pod.created < moment]
    return bool(there) and all(_better_before(view, pod.name, moment) for pod in there)


def _better_before(view: View, pod: str, moment: datetime) -> bool:
    for signal, limit, factor in LIMITS:
        was, now = view.figures.before(signal, moment, pod=pod), view.figures.now(signal, pod=pod)
        if now is not None and now > limit and (was is None or (was > limit and now < factor * was)):
            return False
    return True


def standing_still(view: View, workload: Workload) -> dict[str, Hit]:
    """Return pod -> what it says, of the pods that alone repeat that they are stuck, and work no more; at most half.

    What answers nobody counts no failure and no slow answer of its own: only its callers tell of it.
    """
    live = {pod.name: pod for pod in workload.live}
    hits = [h for h in view.hits_of(workload.ref, "stuck", "workers_busy") if h.pod in live and not h.previous]
    hits.sort(key=lambda hit: hit.trouble != "stuck")
    told = {hit.pod: hit for hit in reversed(hits)}
    repeated = (_repeats(view, [hit for hit in hits if hit.pod == pod]) for pod in told)
    if not told or 2 * len(told) > len(live) or not all(repeated) or any(_young(view, live[pod]) for pod in told):
        return {}
    for signal, stopped in _WORK:
        works = work_of_all(view, workload, signal)
        if works and all(work.was > _WORKED for work in works.values()):
            idle = {pod for pod, work in works.items() if work.left <= stopped}
            others = [work.left for pod, work in works.items() if pod not in idle]
            return told if idle == set(told) and min(others, default=0.0) >= _GOES_ON else {}
    return {}


def _repeats(view: View, hits: Collection[Hit]) -> bool:
    """Tell whether something is told often, and lately: a start may tell its settings in the same words, once."""
    return sum(hit.count for hit in hits) >= OFTEN and any(fresh(view, hit) for hit in hits)


def _young(view: View, pod: Pod) -> bool:
    """Tell whether figures may begin with a pod's start, which takes all the processor time that it gets."""
    return pod.started is None or view.recent(pod.started)


def ill_since(view: View, workload: Workload) -> Iterator[dict[str, datetime]]:
    """Yield pod -> since when it is beyond a limit, for each signal, however many pods are."""
    for signal, limit, _ in LIMITS:
        crossings = {pod.name: view.figures.crossed(signal, limit, pod=pod.name) for pod in workload.live}
        yield {pod: since for pod, since in crossings.items() if since is not None}


def told_apart(view: View, workload: Workload) -> dict[str, str]:
    """Return pod -> the complaint that it repeats in its log, where others of its like have a log without it."""
    heard = {log.pod for log in view.logs_of(workload.live, previous=False) if log.lines}
    found: dict[str, str] = {}
    told = answers(view, workload)
    fails = {pod for pod, each in told.items() if each.failed >= OFTEN and each.share >= MOSTLY}
    if fails and any(each.share <= ERRORS for pod, each in told.items() if pod not in fails):
        found = {pod: f"{told[pod].failed} of {told[pod].told} requests in its log failed" for pod in fails}
    for shape, line, pods in _repeated(view, workload):
        telling = {pod for pod, count in pods.items() if count >= OFTEN}
        others = max((count for pod, count in pods.items() if pod not in telling), default=0)
        if telling and telling < heard and min(pods[pod] for pod in telling) >= CLEARLY * others:
            often = {pod: pods[pod] for pod in telling} | _told_as_often(view, workload, shape, telling)
            found = {pod: f"its log repeats ({count} lines): {line}" for pod, count in often.items()} | found
    return found if set(found) < heard and not _as_ill(view, told, found, heard - set(found)) else {}


def _told_as_often(view: View, workload: Workload, shape: str, telling: Collection[str]) -> dict[str, int]:
    """Return who else has told the same as often, if not in these minutes, and how often.

    He tells of errors or of the same still: what he told may be over, and many warn now and then.
    """
    ever = next((each.pods for each in complained(view, workload) if each.shape == shape), {})
    least = max(OFTEN, min(ever.get(pod, 0) for pod in telling))
    same = (each for each in complained(view, workload) if each.error or each.shape == shape)
    going_on = {pod for each in same for pod, count in each.lately.items() if count}
    return {pod: count for pod, count in ever.items() if count >= least and pod in going_on - set(telling)}


def _repeated(view: View, workload: Workload) -> Iterable[tuple[str, str, dict[str, int]]]:
    """Return what each complaint is that pods told lately, a line of it, and how often which of them did."""
    words: dict[str, tuple[str, dict[str, int]]] = {
        each.shape: (each.line, dict(each.lately)) for each in complained(view, workload)
    }
    for hit in view.hits_of(workload.ref):
        if not hit.previous and (hit.last is None or view.recent(hit.last, STILL)):
            # What they meet is one trouble, though each pod tells of it with names and numbers of its own.
            _, pods = words.setdefault(hit.trouble, (f"{hit.trouble}: {hit.line}", {}))
            pods[hit.pod] = pods.get(hit.pod, 0) + hit.count
    return [(shape, line, pods) for shape, (line, pods) in words.items()]


def _as_ill(view: View, told: Mapping[str, Answers], ill: Collection[str], others: Collection[str]) -> bool:
    """Tell whether one of those whose logs do not tell of it fails all the same, as figures show, or its own answers.

    Who of several says of what requests failed is chance, where a part of them is turned away without a word.
    """
    ratios = view.figures.latest("error_ratio_by_pod", "pod")
    if any(ratios.get(pod, 0.0) > ERRORS for pod in others):
        return True
    least = max(ERRORS, MOSTLY * min((told[pod].share for pod in ill if pod in told), default=0.0))
    theirs = (told[pod] for pod in others if pod in told)
    return any(each.failed >= OFTEN and each.share >= least for each in theirs)


def well_since(view: View, workload: Workload, at: datetime) -> bool:
    """Tell whether only pods are ill that started before a time, and one of their template that started since is well.

    What was written then is good: it is among what that one started with.
    """
    ill = odd_pods(view, workload, few=False) or told_apart(view, workload)
    bad = [pod for pod in workload.live if pod.name in ill]
    well = [pod for pod in workload.live if pod.name not in ill and pod.ready and pod.started and pod.started > at]
    proven = [pod for pod in well if not view.recent(pod.started, PROVEN)]
    before = all(pod.started and pod.started < at for pod in bad)
    return bool(bad) and bool(proven) and before and same_template((*bad, *proven))


def newest_differ(view: View, workload: Workload) -> bool:
    """Tell whether some newest pods repeat a complaint of which others like them, well for minutes, tell nothing.

    They run one and the same code with the same settings: that alone makes none of them ill. Only who tells of work
    all the while is known to be well: a release may fail at what few ask of it.
    """
    ill, newest_ones = told_apart(view, workload), workload.newest_pods()
    bad = [pod for pod in newest_ones if pod.name in ill]
    rest = [pod for pod in newest_ones if pod.name not in ill and pod.ready and not view.recent(pod.started, PROVEN)]
    well = [pod for pod in rest if works(view, pod) and not _tells_as_well(view, workload, pod, bad)] if bad else []
    return bool(well) and same_template((*bad, *well))


def works(view: View, pod: Pod, least: int = OFTEN) -> bool:
    """Tell whether the log of a pod goes on: so many lines tell that they are of these minutes."""
    times = (stamp(line) for log in view.logs_of([pod], previous=False) for line in log.lines)
    return sum(at is not None and view.recent(at, STILL) for at in times) >= least


def _tells_as_well(view: View, workload: Workload, pod: Pod, bad: Collection[Pod]) -> bool:
    """Tell whether a pod fails requests, or complains of something that odd ones repeat, if far less often."""
    mine = answers(view, workload).get(pod.name)
    if mine is not None and mine.share > ERRORS:
        return True
    told = (pods for _, _, pods in _repeated(view, workload) if pods.get(pod.name))
    return any(pods.get(odd.name, 0) >= CLEARLY * pods[pod.name] for pods in told for odd in bad)


def used_up(view: View, workload: Workload, odd: Collection[str]) -> bool:
    """Tell whether all odd pods repeat that they have no files, threads or ports left, and none of their like does."""
    hits = [
        hit
        for hit in view.hits_of(workload.ref, "process_exhausted")
        if not hit.previous and (hit.last is None or view.recent(hit.last, STILL))
    ]
    often = {hit.pod for hit in hits if hit.count >= OFTEN}
    of_process = set(odd) <= often and {hit.pod for hit in hits} <= set(odd)
    return bool(odd) and (of_process or set(odd) == set(full_of_code(view, workload)))


def full_of_code(view: View, workload: Workload) -> dict[str, str]:
    """Return pod -> that it has no room left for compiled code, where others of its like have a log without that.

    It says so for some minutes, and compiles again each time what does not fit until it is started anew.
    """
    heard = {log.pod for log in view.logs_of(workload.live, previous=False) if log.lines}
    hits = [hit for hit in view.hits_of(workload.ref, "compiled_cache_full") if not hit.previous and hit.pod in heard]
    found = {hit.pod: f"it has no room left for compiled code: {hit.line}" for hit in hits}
    return found if set(found) < heard else {}


def same_template(pods: Iterable[Pod]) -> bool:
    """Tell whether pods carry the mark of one and the same template."""
    marks = {template_mark(pod) for pod in pods}
    return len(marks) == 1 and "" not in marks


def template_mark(pod: Pod) -> str:
    """Return the mark that its controller gives a pod for its template; "" for none."""
    found = labels(pod.obj)
    return text(found, "pod-template-hash") or text(found, "controller-revision-hash")


def pods_by_name(workload: Workload) -> dict[str, Pod]:
    """Return the pods of a workload by name."""
    return {pod.name: pod for pod in workload.pods}
