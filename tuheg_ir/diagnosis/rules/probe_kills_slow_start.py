"""Programs that start more slowly than before are killed by a probe each time, before they listen.

So it is with a store that reads its data anew after a hard end, as long as the probe ends it before it is through.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules.crash_later import SUSPECT
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view.pods import Container, Pod
from tuheg_ir.diagnosis.view.reading import mapping, oldest, whole
from tuheg_ir.diagnosis.view.recovering import cut_off
from tuheg_ir.diagnosis.view.releases import brought_by_release, never_ready, releases
from tuheg_ir.diagnosis.view.starts import slower_steps
from tuheg_ir.diagnosis.view.stores import is_store
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

AGAIN = 2
"""So often it has to have been started again: once may be a machine's hiccup."""
_TOLD_TO_END = frozenset({0, 137, 143})
_KILLED = late(r"failed (liveness|startup) probe", re.IGNORECASE)
_FAILED = late(r"(?:liveness|startup) probe (?:failed|errored)", re.IGNORECASE)
_NOBODY_LISTENS = late(
    r"connection refused|actively refused|no response|rejecting connections|is starting up"
    r"|not yet accepting connections|Can't connect to (?:local )?\S+ server|LOADING",
    re.IGNORECASE,
)
"""What a probe is told by a program that is not up yet; one that answers that it is ill is up."""
_NOT_THROUGH = late(
    r"rejecting connections|\bLOADING\b|is loading the dataset"
    r"|the database system is (?:starting up|in recovery|not yet accepting connections)",
    re.IGNORECASE,
)
"""What a store itself says to a probe, or to clients, while it reads its data."""
_OF_A_HARD_END = "unclean_end"
_WAITS = late(
    r"\b(?:wait(?:s|ing|ed)?|retr(?:y|ies|ying)|attempts?|refused|unreachable|unavailable|timed? ?out|timeout"
    r"|not (?:yet )?(?:ready|available|reachable|found))\b",
    re.IGNORECASE,
)
"""Who says so at last does not start slowly, but stands before something."""
NEAR = timedelta(seconds=15)
"""A program whose last line is so near to its end was at work until it was killed."""
LAST = 3
SLOWER = 1.3
"""So many times the time of others for the same steps is slow."""


def when(view: View) -> Iterator[Match]:
    """Pods of a proven template are killed again and again by a probe as early as it may, amid a start that goes on.

    One that ran before, and starts anew on its restarted node or after it was killed, has a proven template too.
    """
    for workload in view.serving:
        pods = [pod for pod in workload.newest_pods() if _killed_at_start(view, workload, pod)]
        if not pods or _brought(view, workload, pods):
            continue
        well = [pod for pod in workload.newest_pods() if pod.ready]
        first = oldest(pod.created for pod in pods)
        if any(pod.created is None or first is None or pod.created >= first for pod in well):
            continue  # younger ones started in time: the probe leaves time enough
        last = [said for pod in pods for said in (*_amid_recovery(view, workload, pod), *_last_words(view, pod))]
        if last and not _complaining(view, workload) & {pod.name for pod in pods}:
            yield _match(view, workload, pods, well, last[0])


def _brought(view: View, workload: Workload, pods: Sequence[Pod]) -> bool:
    """Tell whether a release may be behind it; the template of pods that were ready for hours is proven."""
    new = [pod for pod in pods if never_ready(pod)]
    return brought_by_release(workload, new) if new else releases(view, workload, SUSPECT)


def _complaining(view: View, workload: Workload) -> set[str]:
    """Return the pods that tell of a trouble; that it reads its data anew is none of a store."""
    hits = (hit for hit in view.hits_of(workload.ref) if hit.trouble != _OF_A_HARD_END)
    return {hit.pod for hit in hits if not _NOT_THROUGH.search(hit.line)}


def _killed_at_start(view: View, workload: Workload, pod: Pod) -> bool:
    """Tell whether a probe that finds nobody listening has killed a pod's container at each start."""
    kills = [found[1].lower() for e in _told(view, workload, pod, "Killing") if (found := _KILLED.search(e))]
    failed = _failures(view, workload, pod)
    deaf = bool(failed) and all(_NOBODY_LISTENS.search(message) for message in failed)
    if not kills or not (deaf or (failed and cut_off(view, workload, pod))):
        return False
    return any(_never_up(pod, c) and _at_once(c, kills[0]) for c in pod.containers)


def _told(view: View, workload: Workload, pod: Pod, reason: str) -> list[str]:
    return [e.message for e in view.events_of(workload.ref, reason) if e.about == f"Pod/{pod.name}"]


def _failures(view: View, workload: Workload, pod: Pod) -> list[str]:
    return [message for message in _told(view, workload, pod, "Unhealthy") if _FAILED.search(message)]


def _never_up(pod: Pod, container: Container) -> bool:
    """Tell whether a pod was never ready, or not since before the run that was ended: its node may have restarted."""
    if never_ready(pod):
        return True
    began = container.ended.started_at if container.ended else None
    return not pod.ready and began is not None and pod.unready_since is not None and pod.unready_since <= began


def _amid_recovery(view: View, workload: Workload, pod: Pod) -> Iterator[Evidence]:
    """Yield that a store read its data when it was ended, as its log says or as it told the probe."""
    if hit := cut_off(view, workload, pod):
        yield view.hit_evidence(hit)
        return
    said = next((message for message in _failures(view, workload, pod) if _NOT_THROUGH.search(message)), "")
    if said and is_store(workload):
        yield Evidence("events", f"Pod/{pod.name}", f"it runs, and does not let anybody in yet: {said.strip()[:200]}")


def _at_once(container: Container, kind: str) -> bool:
    """Tell whether a container was ended about as early as its probe may end it: it has never listened."""
    ended = container.ended
    if container.init or container.restarts < AGAIN or container.killed_for_memory or ended is None:
        return False
    least, most = _allowed(container, kind)
    return ended.exit_code in _TOLD_TO_END and ended.lived_s is not None and least <= ended.lived_s <= most


def _allowed(container: Container, kind: str) -> tuple[float, float]:
    """Return how long a container lives at least and at most that does not answer its probe at all."""
    probe = mapping(container.spec, f"{kind}Probe")
    delay, period = whole(probe, "initialDelaySeconds"), whole(probe, "periodSeconds") or 10
    times, patience = whole(probe, "failureThreshold") or 3, whole(probe, "timeoutSeconds") or 1
    least = delay + period * (times - 1)
    return 0.9 * least, least + 2 * period + times * patience + 60


def _last_words(view: View, pod: Pod) -> Iterator[Evidence]:
    """Yield the last line of a run that was at work until it was killed, and did not wait for anything."""
    ends = [container.ended.at for container in pod.containers if container.ended]
    for log in view.logs_of([pod]):
        lines = [line for line in log.lines if line.strip()][-LAST:]
        at = stamp(lines[-1]) if lines else None
        working = len({without_time(line) for line in lines}) > 1 and not any(map(_WAITS.search, lines))
        if working and at and any(end and abs(end - at) <= NEAR for end in ends):
            yield Evidence("logs", f"Pod/{pod.name}", f"its start goes on until it is killed: {lines[-1].strip()}")


def _match(view: View, workload: Workload, pods: Sequence[Pod], well: Sequence[Pod], last: Evidence) -> Match:
    killed = [e for e in view.events_of(workload.ref, "Killing") if e.about in {f"Pod/{pod.name}" for pod in pods}]
    beside = (*_cores(view, pods, well), *_steps(view, workload, pods, well))
    lived = [c.ended.lived_s for pod in pods for c in pod.containers if c.ended and c.ended.lived_s is not None]
    never = all(never_ready(pod) for pod in pods)
    state = "were never ready" if never else "are no longer ready"
    told = f"{len(pods)} pods that {state} are killed {median(lived):.0f} s after each start"
    told += f"; {len(well)} older ones with the same template are ready" if well else ""
    callers = behind(view, workload.ref, but=workload.ref)
    starved = () if workload.ready else callers
    since = oldest(pod.created if never_ready(pod) else pod.unready_since for pod in pods)
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("objects", workload.ref, told, since),
            *(view.event_evidence(event) for event in killed[:1]),
            last,
            *beside,
        ),
        certainty=(0.7 if well else 0.6) + (0.05 if beside else 0.0),
        since=since,
        explains=callers,
        excludes=(
            *excluding(workload.ref, "each new pod is killed in its start: a restart ends those that serve", *RESTARTS),
            *excluding(workload.ref, "its template ran well: the start has become slower", "rollback_workload"),
            *excluding(workload.ref, "further pods would be killed in their start", "scale_workload"),
            *not_for(starved, f"they wait for {workload.ref}, which is killed in its start"),
        ),
    )


def _cores(view: View, pods: Iterable[Pod], well: Iterable[Pod]) -> tuple[Evidence, ...]:
    """Return that the killed pods are on nodes with fewer cores than those of the ones that are well."""
    theirs, others = ([_cores_of(view, pod.node) for pod in some] for some in (pods, well))
    known = [cores for cores in theirs if cores], [cores for cores in others if cores]
    if len(known[0]) < len(theirs) or not known[1] or max(known[0]) >= min(known[1]):
        return ()
    fact = f"they are on nodes with {max(known[0]):.0f} cores or fewer, those that are well on bigger ones"
    return (Evidence("objects", f"Node/{next(iter(pods)).node}", fact),)


def _cores_of(view: View, node: str) -> float:
    return number(mapping(view.objects("Node").get(node), "status", "capacity").get("cpu")) or 0.0


def _steps(view: View, workload: Workload, pods: Iterable[Pod], well: Iterable[Pod]) -> tuple[Evidence, ...]:
    """Return that the steps of a start take much longer than they took where it is well."""
    times = slower_steps(view, pods, well)
    if times is None or times < SLOWER:
        return ()
    fact = f"the same steps of the start take {times:.1f} times as long as in a pod that is ready"
    return (Evidence("logs", workload.ref, fact),)


RULE = Rule(
    name="probe_kills_slow_start",
    title="A start has become slower than a probe allows, and is cut off each time",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no probe kills pods of a proven template again and again while their start goes on",
)
