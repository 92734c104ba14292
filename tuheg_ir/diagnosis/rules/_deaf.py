"""Processes to which nothing comes any more: they hold connections to a server that went without closing them.

Such a connection looks well to whoever only listens on it: no error is told, ever. What tells is what they count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import mean

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.view.counted import AILS, counted
from tuheg_ir.diagnosis.view.marked import STILL
from tuheg_ir.diagnosis.view.odd import same_template
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_COMES = late(
    r"deliver|receiv|recv|consum|process|handled|forward|relay|push|publish|messages|msgs|events|updates|records|rows",
    re.IGNORECASE,
)
"""Names of counts of what comes in, or is passed on: what is better high than nought."""
_NO_RATE = late(r"ms$|sec|bytes|total$", re.IGNORECASE)
"""Names of how long or how large it was, and of all since the start."""
ENOUGH = 5
"""So many counts tell of before, and of since."""
AS_MUCH = 1.5
"""Who counts more than so many times what each of the others did has taken over from them."""
AWAY = timedelta(minutes=30)
"""A server is back so soon after it went."""
_SLACK = timedelta(minutes=2)

Counts = Mapping[tuple[str, tuple[str, ...]], Sequence[tuple[datetime, int]]]
"""What a log counts (name, and with which other names in its line) -> when and how much."""


class Deaf(NamedTuple):
    """Since when nothing comes to the older pods of a client, and what shows it."""

    since: datetime
    evidence: tuple[Evidence, ...]


def deaf(view: View, client: Workload, started: datetime) -> Deaf | None:
    """Return that several pods, all that are older than a server's loss, count nothing since then; it is back since.

    Those of the same template that are younger count as much as each of these did: they did not take it over.
    """
    if len(client.live) < 3 or not same_template(client.live):
        return None
    counts = _counts_by_pod(view, client)
    for name in sorted({name for each in counts.values() for name in each}):
        told = {pod.name: counts.get(pod.name, {}).get(name, ()) for pod in client.live}
        fell = {pod: found for pod, each in told.items() if (found := _fell(view, each, started)) is not None}
        since = oldest(at for at, _ in fell.values())
        old = [pod for pod in client.live if pod.name in fell]
        young = [pod for pod in client.live if pod.name not in fell]
        if since is None or len(old) < 2 or not young or not all(_before(pod, since) for pod in old):
            continue
        does = [_does(view, told[pod.name], started) for pod in young if pod.started and pod.started > since]
        most = AS_MUCH * min(was for _, was in fell.values())
        if len(does) == len(young) and all(0 < each <= most for each in does):
            return Deaf(since, tuple(_told(name[0], {pod: was for pod, (_, was) in fell.items()}, young, does, since)))
    return None


def _before(pod: Pod, since: datetime) -> bool:
    """Tell whether no container of a pod was started since: a fresh process has connections of its own."""
    return bool(pod.containers) and all(c.started_at is not None and c.started_at < since for c in pod.containers)


@once
def _counts_by_pod(view: View, client: Workload) -> Mapping[str, Counts]:
    """Return pod -> what comes in by its logs: the same for each server that was started again."""
    counts: dict[str, dict[tuple[str, tuple[str, ...]], Sequence[tuple[datetime, int]]]] = {}
    for log in view.logs_of(client.live, previous=False):
        counts.setdefault(log.pod, {}).update(_counts(log))
    return counts


def _counts(log: Log) -> Counts:
    """Return what comes in, or is passed on, by what a log counts again and again."""
    return {
        (name, names): [(at, values[n]) for at, values in told]
        for names, told in counted(log).items()
        for n, name in enumerate(names)
        if _COMES.search(name) and not AILS.search(name) and not _NO_RATE.search(name)
    }


def _fell(view: View, told: Sequence[tuple[datetime, int]], started: datetime) -> tuple[datetime, float] | None:
    """Return when a count fell to nought for good, about as a server went, and how much it was each time before."""
    last = next((n for n in range(len(told) - 1, -1, -1) if told[n][1]), -1)
    before, since = told[: last + 1], told[last + 1 :]
    if len(before) < ENOUGH or len(since) < ENOUGH or not view.recent(since[-1][0], STILL):
        return None
    at = since[0][0]
    if not all(value for _, value in before[-ENOUGH:]) or not -_SLACK <= started - at <= AWAY:
        return None
    return at, mean(value for _, value in before)


def _does(view: View, told: Sequence[tuple[datetime, int]], started: datetime) -> float:
    """Return how much is counted since a server's start, on average; 0 for nothing lately, or too few lines."""
    since = [(at, value) for at, value in told if at > started]
    lately = [value for at, value in since if view.recent(at, STILL)]
    return mean(value for _, value in since) if len(since) >= ENOUGH and lately and all(lately) else 0.0


def _told(
    name: str, was: Mapping[str, float], young: Sequence[Pod], does: Sequence[float], since: datetime
) -> Iterator[Evidence]:
    for pod, each in sorted(was.items())[:2]:
        yield Evidence("logs", f"Pod/{pod}", f"{name}: {each:.0f} each time before, nought ever since", since)
    told = f"{name}: {does[0]:.0f} each time; it was started since"
    yield Evidence("logs", f"Pod/{young[0].name}", told, young[0].started)
