"""Readers that lost their broker and stand still since it is back, while one that was started later works."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._readers import QUIET
from tuheg_ir.diagnosis.rules.all_stuck import idle
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.logs import stamp
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.workloads import Workload

SOON = timedelta(minutes=30)
LOST = ("connection_refused", "connection_reset", "connection_timeout")


def left_behind(view: View, consumer: Workload, grew: datetime | None) -> tuple[Evidence, ...]:
    """Return what shows it: who tells of the loss and neither works nor speaks since, and who came after it and does.

    ``grew``: since when work waits. Who lived through the loss and has found the way back is no such reader, and then
    nobody can tell whether the others have only got nothing to do.
    """
    still = {each.object.removeprefix("Pod/"): each for each in idle(view, consumer)}
    told = [h for h in view.hits_of(consumer.ref, *LOST) if h.pod in still and h.last and not h.previous]
    lost = newest(hit.last for hit in told)
    left = [pod for pod in consumer.live if pod.name in {hit.pod for hit in told}]
    others = [pod for pod in consumer.live if pod not in left]
    if lost is None or grew is None or not timedelta() <= grew + QUIET - lost <= SOON or not others:
        return ()
    came = oldest(pod.started for pod in others)
    spoke, speaks = _last_word(view, left), oldest(_last_word(view, [pod]) for pod in others)
    silent = spoke is not None and view.now - spoke > QUIET
    at_work = speaks is not None and view.recent(speaks, QUIET) and not any(pod.name in still for pod in others)
    if came is None or came < lost or not silent or not at_work:
        return ()
    return (
        *(still[pod.name] for pod in left[:2]),
        view.hit_evidence(told[0]),
        Evidence("objects", f"Pod/{others[0].name}", "it was started after that, and works", came),
    )


def _last_word(view: View, pods: Iterable[Pod]) -> datetime | None:
    return newest(stamp(log.lines[-1]) for log in view.logs_of(list(pods), previous=False) if log.lines)
