"""Pods that get too little of their node's processors, beside one that takes far more of them than it did."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.nodes import capacity, on_node
from tuheg_ir.diagnosis.view.odd import CLEARLY, odd_since
from tuheg_ir.diagnosis.view.usage import BUSY, THROTTLED
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

USED_UP = 0.9
"""Share of a node's processors from which on those who run there wait for them."""
SEEN = 0.85
"""The same, of what the pods that are known use: the node's own programs and those of others use some too."""
WAITS = 0.2
"""Share of its time from which on a container waits for a processor so long that who asks it feels it."""
GREW = 4.0
"""A pod that uses so many times what it used, and a whole processor at least, takes it from its neighbours."""
WHOLE = 1.0
MUCH = 0.25
"""Share of a node's processors from which on one pod may be why the others there get too little."""
LESS = 0.8
"""Who waits for a processor does less than before: it uses no more than this share of what it used."""
SOME = 0.3
"""It still takes what it gets: who uses less than this share of what it used hangs."""
MORE = 1.5
"""Who uses so many times what it used works more by itself, and its own threads may wait for one another."""
TOGETHER = timedelta(minutes=5)
"""Figures tell of two things that came at once no further apart."""
SHORTLY = timedelta(minutes=40)
"""Threads that now and then come too late tell of it so long after their node was taken up at most."""


def starved(view: View, workload: Workload, odd: Collection[str]) -> tuple[Evidence, ...]:
    """Return that all odd pods of a workload get too little of their nodes' processors, and by whom, if that is seen.

    They wait, and neither at a limit of their own nor for their own threads; their like do not. Or they do less than
    before since a neighbour of another workload takes far more of a node that has no more.
    """
    pods = [pod for pod in workload.live if pod.name in odd]
    others = [pod for pod in workload.live if pod.name not in odd]
    since = odd_since(view, odd)
    found = [_by_whom(view, workload, pod, others, since) for pod in pods]
    return tuple(each for seen in found for each in seen) if found and all(found) else ()


def waits(view: View, pod: Pod, since: datetime | None) -> float:
    """Return in which share of its time a pod waits for a processor, though no limit of its own keeps it; else 0.

    Not where it works more than before a time: what is measured counts its own threads that wait for each other, too.
    """
    at_limit = (("throttled_share", THROTTLED), ("cpu_share", BUSY))
    if any(_most(view, signal, pod) > limit for signal, limit in at_limit) or _changed(view, pod, since) >= MORE:
        return 0.0
    waiting = _most(view, "cpu_waiting", pod)
    return waiting if waiting >= WAITS else 0.0


def _changed(view: View, pod: Pod, since: datetime | None) -> float:
    """Return how many times what it used before a time a pod uses of a processor; 1 if nobody knows."""
    was = view.figures.before("cpu_usage", since, pod=pod.name) if since else None
    now = view.figures.now("cpu_usage", pod=pod.name)
    return now / was if was and now is not None else 1.0


def grew(view: View, pod: Pod) -> datetime | None:
    """Return since when a pod uses a whole processor and more, and many times what it used; None if it does not.

    One that was made just then used none.
    """
    since = view.figures.crossed("cpu_usage", WHOLE, pod=pod.name)
    was = view.figures.before("cpu_usage", since, pod=pod.name) if since else None
    if was is None and since and pod.created and since - pod.created <= TOGETHER:
        return since
    now = view.figures.now("cpu_usage", pod=pod.name)
    return since if was is not None and now is not None and now >= GREW * was else None


def gets_little(view: View, pod: Pod, since: datetime | None) -> bool:
    """Tell whether a pod waits for a processor, or else, where nobody measures that, does less than before a time."""
    if view.figures.latest("cpu_waiting", "container", pod=pod.name):
        return waits(view, pod, since) > 0
    return SOME < _changed(view, pod, since) <= LESS


def short_of_processors(view: View, pods: Collection[Pod], since: datetime | None, *, late: bool) -> bool:
    """Tell whether each of some pods gets too little of a node that has no more: so would a new one there.

    Or shares it with one that took it up shortly before: who still does as much there is late, and hangs nowhere.
    ``late``: that they are late is what they tell.
    """
    return bool(pods) and all(
        used_up(view, pod.node) is True
        and (gets_little(view, pod, since) or (late and _pushed_aside(view, pod, since)))
        for pod in pods
    )


def _pushed_aside(view: View, pod: Pod, since: datetime | None) -> bool:
    """Tell whether a pod works as it did, where nobody measures its waits, beside one that took up its node since."""
    if since is None or view.figures.latest("cpu_waiting", "container", pod=pod.name):
        return False
    if view.figures.now("cpu_usage", pod=pod.name) is None:
        return False
    mine = view.owner_of(pod.name)
    onsets = (_took_up(view, each) for other, each in on_node(view, pod.node) if other.ref != mine and each.live)
    return any(
        began is not None
        and -SHORTLY <= began - since <= TOGETHER
        and SOME < _changed(view, pod, min(began, since)) < MORE
        for began in onsets
    )


def _took_up(view: View, pod: Pod) -> datetime | None:
    """Return since when a pod takes a good part of its node's processors, and many times what it took."""
    now, size = view.figures.now("cpu_usage", pod=pod.name), capacity(view, pod.node, "cpu")
    return grew(view, pod) if now is not None and now >= MUCH * size else None


def used_up(view: View, node: str) -> bool | None:
    """Tell whether a node's processors are used up, by its own figures or those of its pods; None if nobody knows."""
    share, size = view.figures.now("node_cpu_share", node=node), capacity(view, node, "cpu")
    if share is not None:
        return share >= USED_UP
    return sum(_uses(view, pod) for _, pod in on_node(view, node)) >= SEEN * size if size else None


def _uses(view: View, pod: Pod) -> float:
    """Return how many processors all containers of a pod use together."""
    by_container = view.figures.latest("cpu_usage", "container", pod=pod.name)
    return sum(by_container.values()) or view.figures.latest("cpu_usage", "pod").get(pod.name, 0.0)


def _by_whom(
    view: View, workload: Workload, pod: Pod, others: Collection[Pod], since: datetime | None
) -> tuple[Evidence, ...]:
    full = used_up(view, pod.node)
    waiting, most = waits(view, pod, since), max((_most(view, "cpu_waiting", each) for each in others), default=0.0)
    alone = bool(others) and waiting > CLEARLY * most and full is not False
    beside = tuple(_beside(view, workload, pod, since))
    if not alone and not (beside and full and gets_little(view, pod, since)):
        return ()
    told = f"waits for a processor in {waiting:.0%} of its time, and none of its like in more than {most:.0%}"
    return (*((Evidence("metrics", f"Pod/{pod.name}", told),) if alone else ()), *beside[:1])


def _beside(view: View, workload: Workload, pod: Pod, since: datetime | None) -> Iterator[Evidence]:
    """Yield the pods of others on its node that take far more since it is odd."""
    for other, each in on_node(view, pod.node) if pod.node and since else ():
        began = grew(view, each) if other.ref != workload.ref and each.live else None
        if began is not None and since is not None and abs(since - began) <= TOGETHER:
            now = view.figures.now("cpu_usage", pod=each.name) or 0.0
            told = f"it takes {now:.1f} processors of {pod.node} since then, many times what it took"
            yield Evidence("metrics", f"Pod/{each.name}", told, began)


def _most(view: View, signal: str, pod: Pod) -> float:
    return max(view.figures.latest(signal, "container", pod=pod.name).values(), default=0.0)
