"""Programs that start more slowly than before are killed by a probe each time, before they listen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view.pods import Container, Pod
from tuheg_ir.diagnosis.view.reading import mapping, oldest, whole
from tuheg_ir.diagnosis.view.releases import brought_by_release, never_ready
from tuheg_ir.diagnosis.view.starts import slower_steps
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

AGAIN = 2
"""So often it has to have been started again: once may be a machine's hiccup."""
_TOLD_TO_END = frozenset({0, 137, 143})
_KILLED = late(r"failed (liveness|startup) probe", re.IGNORECASE)
_FAILED = late(r"(?:liveness|startup) probe (?:failed|errored)", re.IGNORECASE)
_NOBODY_LISTENS = late(
    r"connection refused|actively refused|no response|rejecting connections|is starting up"
    r"|Can't connect to (?:local )?\S+ server|LOADING",
    re.IGNORECASE,
)
"""What a probe is told by a program that is not up yet; one that answers that it is ill is up."""
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
    """Pods of a proven template are killed again and again by a probe as early as it may, amid a start that goes on."""
    for workload in view.serving:
        pods = [pod for pod in workload.newest_pods() if _killed_at_start(view, workload, pod)]
        if not pods or brought_by_release(workload, pods):
            continue
        well = [pod for pod in workload.newest_pods() if pod.ready]
        first = oldest(pod.created for pod in pods)
        if any(pod.created is None or first is None or pod.created >= first for pod in well):
            continue  # younger ones started in time: the probe leaves time enough
        last = [said for pod in pods for said in _last_words(view, pod)]
        if last and not {hit.pod for hit in view.hits_of(workload.ref)} & {pod.name for pod in pods}:
            yield _match(view, workload, pods, well, last[0])


def _killed_at_start(view: View, workload: Workload, pod: Pod) -> bool:
    """Tell whether a probe that finds nobody listening has killed a pod's container at each start."""
    told = [e for e in view.events_of(workload.ref, "Killing", "Unhealthy") if e.about == f"Pod/{pod.name}"]
    kills = [found[1].lower() for e in told if e.reason == "Killing" and (found := _KILLED.search(e.message))]
    failed = [e.message for e in told if e.reason == "Unhealthy" and _FAILED.search(e.message)]
    deaf = bool(failed) and all(_NOBODY_LISTENS.search(message) for message in failed)
    return never_ready(pod) and bool(kills) and deaf and any(_at_once(c, kills[0]) for c in pod.containers)


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
            yield Evidence(
                "logs", f"Pod/{pod.name}", f"its start goes on until it is killed: {lines[-1].strip()[:240]}"
            )


def _match(view: View, workload: Workload, pods: Sequence[Pod], well: Sequence[Pod], last: Evidence) -> Match:
    killed = [e for e in view.events_of(workload.ref, "Killing") if e.about in {f"Pod/{pod.name}" for pod in pods}]
    beside = (*_cores(view, pods, well), *_steps(view, workload, pods, well))
    lived = [c.ended.lived_s for pod in pods for c in pod.containers if c.ended and c.ended.lived_s is not None]
    told = f"{len(pods)} pods that were never ready are killed {median(lived):.0f} s after each start"
    told += f"; {len(well)} older ones with the same template are ready" if well else ""
    callers = behind(view, workload.ref, but=workload.ref)
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("objects", workload.ref, told, oldest(pod.created for pod in pods)),
            *(view.event_evidence(event) for event in killed[:1]),
            last,
            *beside,
        ),
        certainty=(0.7 if well else 0.6) + (0.05 if beside else 0.0),
        since=oldest(pod.created for pod in pods),
        explains=callers,
        excludes=(
            *excluding(workload.ref, "each new pod is killed in its start: a restart ends those that serve", *RESTARTS),
            *excluding(workload.ref, "its template ran well: the start has become slower", "rollback_workload"),
            *excluding(workload.ref, "further pods would be killed in their start", "scale_workload"),
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
