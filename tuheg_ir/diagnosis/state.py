"""How a namespace stands when no rule holds: well, or not to be told."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence, Finding, Source
from tuheg_ir.diagnosis.view.askers import answers_lately
from tuheg_ir.diagnosis.view.crashes import crashes
from tuheg_ir.diagnosis.view.held_back import TOO_MANY, new_troubles, one_held_back
from tuheg_ir.diagnosis.view.logs import times_around
from tuheg_ir.diagnosis.view.marked import Marked
from tuheg_ir.diagnosis.view.odd import odd_pods
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.outlasted import not_outlasted
from tuheg_ir.diagnosis.view.page_cache import page_cache
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.scaling import sees_again
from tuheg_ir.diagnosis.view.silent import may_be_of_old, over, over_for_good
from tuheg_ir.diagnosis.view.trouble import ERRORS, troubles
from tuheg_ir.diagnosis.view.undone import told_of_no_end
from tuheg_ir.diagnosis.view.usage import always_busy, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

__all__ = ["ERRORS", "belongs_to", "nothing_found", "verdict_of"]

_FRESH = timedelta(minutes=2)
_NOW = timedelta(minutes=15)
_OFTEN = 3
"""A complaint that a log repeats less often is one of those that every system has."""
_HARMLESS = (
    *("rate_limited", "throttled_retry", "failover", "stuck", "permission", "lease_over"),
    *("cluster_whole", "cluster_degraded", "answer_misread", "date_misread", "unclean_end"),
)
_FELT = (
    ("error_ratio", "component"),
    ("latency_p95", "component"),
    ("error_ratio_by_pod", "pod"),
    ("latency_p95_by_pod", "pod"),
)
_FAILED = ("FailedGetResourceMetric", "FailedComputeMetricsReplicas", "FailedGetScale", "Evicted")
"""Events (reasons) of controllers that cannot do their work."""
_LEFT_OUT = ("JobAlreadyActive", "TooManyMissedTimes")
"""Events (reasons) of schedules whose runs do not come any more."""
_RUNS = timedelta(hours=1)
"""Most schedules come round within this."""
_GUESS = 0.1
"""How sure it is that nothing can be told: hardly, most cases that were left with too little had a cause."""
_GOOD_PART = 0.1
"""Share of the answers that are refusals from which on it is more than what every limit does."""
_GOES_ON = timedelta(minutes=3)
"""What nobody was refused for so long is over."""
_BUSY = 0.9
"""Share of a limit, or of throttled periods, at which nobody may call a container well."""


_EMPTY = Evidence("objects", "", "there is no workload in it: is that the right namespace?")


def nothing_found(view: View, near: Collection[str] = (), failed: Sequence[Source] = ()) -> Finding:
    """Return the finding where no rule holds: of the namespace, or of some workloads, the first of them meant.

    ``failed``: the rules that broke; what they would have found nobody knows, so nobody may call it well.
    """
    ill = tuple(sign for sign in signs_of_trouble(view) if not near or belongs_to(view, sign) in ("", *near))
    where = next(iter(near)) if near else _component(view, ill)
    unended = told_of_no_end(view) if not ill else None
    if not ill and not failed and unended is None and _seen_well(view):
        well = tuple(_well(view))
        return Finding(where, "no_fault", "no_action", where, _surety(view), well, rule="nothing_wrong")
    missing = tuple(
        Evidence("objects", "", f"{s.source} could not be read: {s.note or s.kind}")
        for s in view.snapshot.sources
        if not s.ok
    )
    broke = tuple(Evidence("objects", "", f"{each.source} was not judged: {each.note}") for each in failed)
    nothing = () if view.workloads or not view.snapshot.known("Pod") else (_EMPTY,)
    told = (*ill, *((unended,) if unended else ()), *missing, *broke, *nothing)[:12]
    return Finding(where, "unknown", "page_human", where, _GUESS, told, rule="nothing_known")


def belongs_to(view: View, sign: Evidence) -> str:
    """Return the workload that a sign is about; "" if it is not known."""
    kind, _, name = sign.object.partition("/")
    if kind == "Pod":
        return view.owner_of(name)
    return sign.object if sign.object in view.workloads else view.component(name or kind)


def verdict_of(view: View, findings: Sequence[Finding]) -> str:
    """Return healthy, unhealthy or unknown."""
    if any(f.root_cause not in ("no_fault", "unknown") for f in findings):
        return "unhealthy"
    if any(f.root_cause == "no_fault" for f in findings):
        return "healthy"
    return "unhealthy" if any(p.get("verdict") == "unhealthy" for p in view.snapshot.probes) else "unknown"


def signs_of_trouble(view: View) -> Iterator[Evidence]:
    """Yield the signs that something is wrong, whatever it is.

    Where probes of the inventory judge the platform and all are healthy, what controllers and logs
    complain of on the way is none.
    """
    for workload in view.serving:
        yield from _of_workload(view, workload)
    for alert in view.alerts:
        yield alert.fires(view.about_alert(alert))
    ill = [probe for probe in view.snapshot.probes if probe.get("verdict") != "healthy"]
    for probe in ill:
        told = f"probe {probe.get('name')} is {probe.get('verdict')}: {probe.get('reason')}"
        yield Evidence("probes", f"{probe.get('service')}", told)
    if (full := view.figures.now("volume_used_share")) is not None and full > _BUSY:
        yield Evidence("metrics", "", f"a volume is full to {full:.0%}")
    yield from _unplaced_errors(view)
    if ill or not view.snapshot.probes:
        yield from _complaints(view)


def _of_workload(view: View, workload: Workload) -> Iterator[Evidence]:
    if workload.ready < workload.wanted and not _starting(view, workload):
        yield workload.standing()
    elif waiting := [p for p in workload.live if not p.ready and not _young(view, p)]:
        yield Evidence("objects", workload.ref, f"{waiting[0].name} is not ready", waiting[0].unready_since)
    yield from (crash.evidence() for crash in not_outlasted(view, workload, crashes(view, workload))[:2])
    yield from (seen for seen, _ in troubles(view, workload.ref))
    yield from (Evidence("metrics", f"Pod/{pod}", told) for pod, told in sorted(odd_pods(view, workload).items()))
    for signal in ("throttled_share", "memory_share"):
        most = usage(view.figures, workload, signal).most
        if most > _BUSY and not (signal == "memory_share" and page_cache(view, workload)):
            yield Evidence("metrics", workload.ref, f"its {signal.replace('_', ' ')} is at {most:.0%}")
    busy = usage(view.figures, workload, "cpu_share")
    odd = len(busy.by_pod) > 1 and len(busy.beyond(_BUSY)) == 1
    if (busy.widely(_BUSY) or odd) and not always_busy(view, workload, _BUSY):
        yield Evidence("metrics", workload.ref, f"its pods use up to {busy.most:.0%} of their CPU limit")


def _complaints(view: View) -> Iterator[Evidence]:
    for event in view.events:
        if event.reason in _FAILED and view.recent(event.last, _NOW) and not sees_again(view, event):
            yield view.event_evidence(event)
        if event.reason in _LEFT_OUT and event.count >= _OFTEN and view.recent(event.last, _RUNS):
            yield view.event_evidence(event)
    yield from _told_by_logs(view)


@once_a_view
def _told_by_logs(view: View) -> tuple[Evidence, ...]:
    """Return what logs complain of again and again, where nobody measures that requests succeed all the same."""
    measured = {view.component(label) for label in view.figures.latest("error_ratio", "component")}
    return (*_told_troubles(view, measured), *_told_warnings(view, measured))


def _told_troubles(view: View, measured: Collection[str]) -> Iterator[Evidence]:
    for hit in view.hits:
        if hit.count < _OFTEN or hit.previous or hit.trouble in _HARMLESS or hit.component in measured:
            continue
        if hit.last is None or (view.recent(hit.last, _NOW) and not over(view, hit)):
            yield view.hit_evidence(hit)


def _told_warnings(view: View, measured: Collection[str]) -> Iterator[Evidence]:
    for workload in view.serving:
        if workload.ref not in measured and (refused := _refused(view, workload, measured)) is not None:
            yield refused
        told = new_troubles(view, workload)
        if workload.ref in measured:
            told = tuple(each for each in told if not may_be_of_old(view, workload, each))
        if (each := next((each for each in told if not _silenced(view, workload, each)), None)) is not None:
            yield Evidence("logs", workload.ref, f"{each.count} lines: {each.line}", each.since)


def _refused(view: View, workload: Workload, measured: Collection[str]) -> Evidence | None:
    """Return that limits turn away a good part of what is asked, by a workload's own log; None if that is as wanted.

    They do so still, and none of those that it calls does it, of whom it is known how they are.
    """
    answers = answers_lately(view, workload)
    refused = [at for status, at in answers if status == TOO_MANY]
    if len(refused) < max(_OFTEN, _GOOD_PART * len(answers)) or not view.recent(max(refused), _GOES_ON):
        return None
    source = [each for each in view.called(workload.ref) if _refuses(view, each) >= len(refused)]
    if one_held_back(view, workload) or any(e.ref in measured or one_held_back(view, e) for e in source):
        return None
    told = f"{len(refused)} of the last {len(answers)} requests were refused with {TOO_MANY}"
    return Evidence("logs", workload.ref, told)


def _refuses(view: View, workload: Workload) -> int:
    """Return how many requests a workload has refused lately for its limits, by its own log."""
    return sum(status == TOO_MANY for status, _ in answers_lately(view, workload))


def _silenced(view: View, workload: Workload, told: Marked) -> bool:
    """Tell whether the pods that told of something do so no more, though their logs go on."""
    if over_for_good(view, workload, told):
        return True
    logs = [log for log in view.logs_of(workload.live, previous=False) if log.pod in told.pods and log.lines]
    ends = [times_around(log.lines[-_OFTEN:])[0][-1] for log in logs]
    return not any(told.lately.values()) and all(end is not None and view.recent(end, _NOW) for end in ends)


def _unplaced_errors(view: View) -> Iterator[Evidence]:
    """Yield failed requests whose series names no workload that is known."""
    for label, ratio in view.figures.latest("error_ratio", "component").items():
        if ratio > ERRORS and not view.component(label):
            yield Evidence("metrics", label, f"{ratio:.1%} of requests fail")


def _starting(view: View, workload: Workload) -> bool:
    """Tell whether the pods that are not ready came a moment ago and nothing has failed in them."""
    waiting = [p for p in workload.live if not p.ready]
    return bool(waiting) and all(_young(view, pod) for pod in waiting)


def _young(view: View, pod: Pod) -> bool:
    faults = any(
        c.state == "waiting" and c.reason not in ("ContainerCreating", "PodInitializing") for c in pod.containers
    )
    return view.recent(pod.created, _FRESH) and not pod.restarts and not faults


def _seen_well(view: View) -> bool:
    """Tell whether enough was read to say that nothing is wrong: no data is never good news.

    Pods that run say nothing of what users feel: figures or probes do, and alerts that are silent though
    alerting works. Logs alone name no slowness and no request that never came.
    """
    runs = any(w.pods or w.wanted for w in view.serving) and view.snapshot.known("Pod")
    heard = bool(view.snapshot.alerts and view.snapshot.logs)
    return runs and bool(_felt(view) or view.snapshot.probes or heard)


def _felt(view: View) -> bool:
    """Tell whether anybody measures what users feel."""
    return any(view.figures.latest(signal, label) for signal, label in _FELT)


def _surety(view: View) -> float:
    """Return how sure it is that all is well: pods that run say little, requests that succeed say much."""
    sure = 0.2
    sure += 0.45 if _felt(view) else 0.0
    sure += 0.45 if view.snapshot.probes else 0.0
    sure += 0.25 if view.snapshot.logs else 0.0
    sure += 0.05 if view.snapshot.known("Event") and sure > 0.2 else 0.0
    return round(min(0.95, sure), 2)


def _well(view: View) -> Iterator[Evidence]:
    serving = view.serving
    pods = sum(w.ready for w in serving)
    yield Evidence("objects", "", f"all {len(serving)} workloads are complete, {pods} pods ready")
    ratios = view.figures.latest("error_ratio", "component")
    if ratios:
        yield Evidence("metrics", "", f"at most {max(ratios.values()):.1%} of requests fail")
    if view.snapshot.probes:
        yield Evidence("probes", "", f"all {len(view.snapshot.probes)} probes are healthy")
    if view.snapshot.alerts and not view.alerts:
        yield Evidence("alerts", "", "no alert fires that means trouble")


def _component(view: View, ill: Sequence[Evidence]) -> str:
    """Return what the finding is about: what is ill, else what an alert is about, else what users come to first."""
    named = [each.object for each in ill if each.object in view.workloads]
    named += [ref for alert in view.snapshot.alerts if (ref := view.about_alert(alert))]
    for route in view.routes:
        service = view.services.get(route.service)
        named += service.backends if service else ()
    served = {ref for service in view.services.values() for ref in service.backends}
    named += [w.ref for w in view.serving if w.wanted and w.ref in served and not view.graph.callers(w.ref)]
    named += [w.ref for w in view.serving if not view.graph.callers(w.ref)]
    named += [w.ref for w in view.serving]
    return next(iter(named), f"Namespace/{view.snapshot.namespace}")
