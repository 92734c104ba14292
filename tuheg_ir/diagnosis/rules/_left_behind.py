"""Readers that stand still while others of their like work: they lost their broker, or leave their part undone."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._fell_silent import LONG, NEXT, fell_silent, node_is_silent, worked, works
from tuheg_ir.diagnosis.rules._readers import IDLE, QUIET
from tuheg_ir.diagnosis.rules.all_stuck import idle
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.askers import of_probe
from tuheg_ir.diagnosis.view.odd import told_apart
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.usage import BUSY
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.work import Work, work_of, work_of_all
from tuheg_ir.diagnosis.view.workloads import Workload

SOON = timedelta(minutes=30)
ANEW = timedelta(minutes=10)
"""A broker is back so soon after its former process went."""
LOST = ("connection_refused", "connection_reset", "connection_timeout")
FALLEN = 0.15
"""Who uses so small a part of the processor time that it used has stopped to work."""
LESS, MORE = 0.7, 1.25
"""Who uses between so many times what it used works as before."""
MUCH = 0.2
"""Who uses so much more of a processor than before is at work, whatever it tells."""
HALF = 0.5
"""Others that do so large a part more, all together, of what some did took it over, however little each of them did."""


def left_behind(view: View, consumer: Workload, grew: datetime | None) -> tuple[Evidence, ...]:
    """Return what shows it: who tells of the loss and neither works nor speaks since, and who came after it and does.

    ``grew``: since when work waits. Who lived through the loss and has found the way back is no such reader, and then
    nobody can tell whether the others have only got nothing to do. Where none of them came after it, it has to be known
    that the broker itself was started anew right then, and serves others.
    """
    still = _standing(view, consumer)
    told = [h for h in view.hits_of(consumer.ref, *LOST) if h.pod in still and h.last and not h.previous]
    lost = newest(hit.last for hit in told)
    left = [pod for pod in consumer.live if pod.name in {hit.pod for hit in told}]
    others = [pod for pod in consumer.live if pod not in left]
    if lost is None or grew is None or not _soon_waits(lost, grew):
        return ()
    spoke = _last_word(view, left)
    if spoke is None or view.now - spoke <= QUIET:
        return ()
    found = _came_after(view, others, lost, still) if others else _serves_others(view, consumer, lost)
    return (*(still[pod.name] for pod in left[:2]), view.hit_evidence(told[0]), found) if found else ()


def _standing(view: View, consumer: Workload) -> dict[str, Evidence]:
    """Return pod -> what shows that it works no more: its processor time, or that it tells of none, beats left out."""
    silent = {
        pod: Evidence("logs", f"Pod/{pod}", "it is ready, and tells of no more work since", at)
        for pod, at in fell_silent(view, consumer, LONG).items()
    }
    return {**silent, **{each.object.removeprefix("Pod/"): each for each in idle(view, consumer)}}


def _came_after(view: View, others: list[Pod], lost: datetime, still: Collection[str]) -> Evidence | None:
    """Return that all others were started after a loss, and are at work."""
    came, speaks = oldest(pod.started for pod in others), oldest(_last_word(view, [pod]) for pod in others)
    at_work = speaks is not None and view.recent(speaks, QUIET) and not any(pod.name in still for pod in others)
    if came is None or came < lost or not at_work:
        return None
    return Evidence("objects", f"Pod/{others[0].name}", "it was started after that, and works", came)


def _serves_others(view: View, consumer: Workload, lost: datetime) -> Evidence | None:
    """Return that a broker was started anew as its readers lost it, and that others who use it work."""
    for broker in (each for each in of_role(view.workloads, "broker") if each.ready and each.ready >= each.wanted):
        anew = [pod.started for pod in broker.live if pod.started and lost - NEXT <= pod.started <= lost + ANEW]
        clients = (view.workloads.get(ref) for ref in view.graph.callers(broker.ref) if ref != consumer.ref)
        well = next((w for w in clients if w and any(works(view, pod) for pod in w.live)), None)
        if anew and well and view.graph.calls.get(consumer.ref, {broker.ref}) & {broker.ref}:
            return Evidence("objects", broker.ref, f"it was started anew right then, and serves {well.ref}", max(anew))
    return None


def left_undone(view: View, consumer: Workload, grew: datetime | None) -> tuple[Evidence, ...]:
    """Return the few pods that stopped to work as work began to wait, while all their like work on as before.

    Whose work went to others has only got nothing to do: then those do more than before. So it may be where somebody
    was released in those minutes, who sends to others since. And who complains meets what a new pod meets too.
    """
    works = work_of_all(view, consumer)
    fell = {pod: work.was for pod, work in works.items() if work.was > 2 * IDLE and _stopped(work)}
    others = [work for pod, work in works.items() if pod not in fell]
    if not fell or len(fell) > len(others):
        return ()
    more = sum(work.now - work.was for work in others)
    if not all(_as_before(work) for work in others) or more >= HALF * sum(fell.values()):
        return ()
    since = {pod: view.figures.crossed("cpu_share", FALLEN * was, below=True, pod=pod) for pod, was in fell.items()}
    then = (at is not None and grew is not None and _soon_waits(at, grew) for at in since.values())
    if not all(then) or any(since_release(w, grew) for w in view.serving) or {*told_apart(view, consumer)} & {*fell}:
        return ()
    told = f"it does nothing any more; {len(others)} like it work as before, and none does its part"
    return tuple(Evidence("metrics", f"Pod/{pod}", told, since[pod]) for pod in sorted(fell))


def fell_out(view: View, consumer: Workload, grew: datetime | None) -> tuple[Evidence, ...]:
    """Return the few pods that told of no more work as work began to wait, while all others tell of it as before.

    Their processor time may tell nothing: who works little uses as much for what beats on in it. Nothing is known where
    others do more since, or may have done before as far as their logs reach; nor where all on a node fell silent, or
    somebody was released in those minutes whom the consumer does not ask: he may send to others since. Whom it asks
    answers all of its pods.
    """
    fell = fell_silent(view, consumer, LONG)
    others = [pod for pod in consumer.live if pod.name not in fell]
    stopped = oldest(fell.values())
    if stopped is None or grew is None or len(fell) > len(others) or not all(works(view, pod) for pod in others):
        return ()
    if not all(_soon_waits(at, grew) for at in fell.values()) or {*told_apart(view, consumer)} & {*fell}:
        return ()
    asked = {consumer.ref, *view.graph.needs(consumer.ref)}
    if any(since_release(w, stopped) for w in view.serving if w.ref not in asked) or since_release(consumer, stopped):
        return ()
    lost = sum(_told_within(view, pod, stopped - LONG) or 0 for pod in consumer.live if pod.name in fell)
    more = [_told_more(view, pod, stopped) for pod in others]
    if None in more or sum(each or 0 for each in more) >= HALF * lost:
        return ()
    if any(_toils(view, pod) or node_is_silent(view, consumer, pod) for pod in fell):
        return ()
    told = f"it is ready, and tells of no more work since; {len(others)} like it do as before, and none does its part"
    return tuple(Evidence("logs", f"Pod/{pod}", told, at) for pod, at in sorted(fell.items()))


def _toils(view: View, pod: str) -> bool:
    """Tell whether a pod uses much more of a processor than it did: it may be at one long piece of work."""
    work = work_of(view, pod, "cpu_usage")
    return work is not None and work.now - work.was >= MUCH


def _told_within(view: View, pod: Pod, start: datetime) -> int | None:
    """Return how much work a pod told of within so many minutes from a moment on; None: its log begins later."""
    times = worked(view, pod)
    return sum(start <= at < start + LONG for at in times) if times and times[0] <= start + NEXT else None


def _told_more(view: View, pod: Pod, stopped: datetime) -> int | None:
    """Return how much more work a pod tells of now than before others stopped; None: nobody knows."""
    was, now = _told_within(view, pod, stopped - LONG), _told_within(view, pod, view.now - LONG)
    return None if was is None or now is None else now - was


def _stopped(work: Work) -> bool:
    return work.now <= IDLE and work.left <= FALLEN


def _as_before(work: Work) -> bool:
    """Tell whether a reader works as before; of one at its limit nobody can tell: it cannot work more."""
    return LESS * work.was <= work.now <= max(MORE * work.was, IDLE) and work.now <= BUSY


def _soon_waits(stopped: datetime, grew: datetime) -> bool:
    """Tell whether work began to wait soon after somebody stopped to do it."""
    return timedelta() <= grew + QUIET - stopped <= SOON


def _last_word(view: View, pods: Iterable[Pod]) -> datetime | None:
    """Return when some pods last said anything but that they were asked whether they are well."""
    logs = view.logs_of(list(pods), previous=False)
    return newest(stamp(next((line for line in reversed(log.lines) if not of_probe(line)), "")) for log in logs)
