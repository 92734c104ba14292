"""A limit that is in no template: a LimitRange, or an autoscaler of resources, gave it to what was made since."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.given import given_limit, of_former_template, resized_by, size
from tuheg_ir.diagnosis.view.odd import odd_pods
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import items, mapping, text, written
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.usage import BUSY, THROTTLED, killed_for_memory, limit_of, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

YOUNG = timedelta(hours=48)
"""A default that was written longer ago than this, and that all pods have, has proved itself."""


class Imposed(NamedTuple):
    """The pods that a limit which they were given keeps from their work, those without it, and what gave it.

    ``former``: the higher limit that those without it were given in their time; "" for none. ``throttled``: in which
    share of periods the processor limit holds them back. ``dropped``: the higher limit of the template before, which
    their release dropped; "" for none.
    """

    held: tuple[str, ...]
    free: tuple[str, ...]
    odd: dict[str, str]
    limit: str
    former: str
    by: str
    at: datetime | None
    throttled: float = 0.0
    dropped: str = ""


@once
def imposed(view: View, workload: Workload) -> Imposed | None:
    """Return how pods are held back by a processor limit that their template does not have; None if they are not.

    Either older ones of the template are without it, and well, or the default is so young that all pods before were.
    A default that was lowered is one that the older ones are without: they keep the higher limit of before. Where
    requests have grown by more than an autoscaler cut, they need more time than the template gives as well.
    """
    limit, former, given = _given(workload, "cpu")
    if not given:
        return None
    share, throttled = (usage(view.figures, workload, s).by_pod for s in ("cpu_share", "throttled_share"))
    short = {*(p for p, v in throttled.items() if v > THROTTLED), *(p for p, v in share.items() if v > BUSY)}
    held = {pod.name for pod in workload.live if pod.name in short & given and _at_limit(view, pod, limit)}
    free = _free(workload, given, "cpu")
    if 2 * len(held) <= len(given) or short - given or _over_again(workload, given):
        return None
    odd = odd_pods(view, workload, few=False)
    by, at = _by(view, workload, given, "cpu", limit)
    dropped = "" if free else _dropped(view, workload, "cpu", limit, at)
    cut = (limit_of(workload, "cpu") or 0.0) / (size(limit) or 1.0)
    resized = _resized(view, workload, given, by) and (traffic_growth(view, workload.ref) or 1.0) < cut
    if {*odd} - given or not (free or dropped or resized or _came_with(view, workload, at)):
        return None
    most = max((throttled.get(pod, 0.0) for pod in held), default=0.0)
    return Imposed(tuple(sorted(held)), free, odd, limit, former, by, at, most, dropped)


def killed_by_default(view: View, workload: Workload) -> Imposed | None:
    """Return how pods are killed at a memory limit that their template does not have; None if they are not.

    Older ones live without it, of whatever template, and need no less as far as is measured; or the default is so young
    that all pods before were without it; or a release dropped a higher limit.
    """
    ended = killed_for_memory(view, workload)
    limit, former, given = _given(workload, "memory", {container.name for _, container in ended})
    killed, at_it = {pod.name for pod, _ in ended}, {pod.name for pod, c in ended if _has(c.spec, limit)}
    if 2 * len(at_it & given) <= len(given) or killed - at_it or _over_again(workload, given):
        return None
    by, at = _by(view, workload, given, "memory", limit)
    free = _free(workload, given, "memory")
    dropped = "" if free else _dropped(view, workload, "memory", limit, at)
    if not (free or dropped or _resized(view, workload, given, by) or _came_with(view, workload, at)):
        return None
    held = view.figures.latest("memory_bytes", "pod")
    needs = [held[pod.name] for pod in _older(workload, given) if pod.name in held]
    if needs and max(needs) <= size(limit):
        return None
    return Imposed(tuple(sorted(at_it)), free, {}, limit, former, by, at, dropped=dropped)


def _at_limit(view: View, pod: Pod, limit: str) -> bool:
    """Tell whether a limit may be that of a pod's container which is short of time, as far as figures tell them apart.

    What runs beside a program may be given less, and have enough.
    """
    short = {
        text(labels, "container")
        for signal, most in (("throttled_share", THROTTLED), ("cpu_share", BUSY))
        for labels, value in view.figures.standing(signal, pod=pod.name)
        if value > most
    }
    mine = (each for each in pod.containers if each.name in short)
    return "" in short or any(size(text(each.spec, "resources", "limits", "cpu")) == size(limit) for each in mine)


def _older(workload: Workload, given: Collection[str]) -> list[Pod]:
    return [pod for pod in workload.live if pod.ready and pod.name not in given]


def _free(workload: Workload, given: Collection[str], resource: str) -> tuple[str, ...]:
    """Return the pods that are well without the limit: one with a limit of its former template shows nothing of it."""
    return tuple(pod.name for pod in _older(workload, given) if not of_former_template(workload, pod, resource))


def _dropped(view: View, workload: Workload, resource: str, limit: str, at: datetime | None) -> str:
    """Return the higher limit that a release of late dropped, where the default stood already; "" for none."""
    if not releases(view, workload, YOUNG) or (at and workload.released_at and at > workload.released_at):
        return ""
    gone = (c.before for c in workload.changed("limits") if c.field == f"limits.{resource}" and not c.after)
    return next((before for before in gone if size(before) > size(limit)), "")


def _has(container: object, limit: str) -> bool:
    return size(text(container, "resources", "limits", "memory")) == size(limit)


def _given(workload: Workload, resource: str, of: Collection[str] = ()) -> tuple[str, str, set[str]]:
    """Return the lowest limit that pods were given, the highest if that is another one, and who has the lowest.

    ``of``: the containers that are asked about; () for any.
    """
    limits = {pod.name: limit for pod in workload.live if (limit := given_limit(workload, pod, resource, of))}
    limit, former = (chosen(limits.values(), key=size, default="") for chosen in (min, max))
    given = {pod for pod, each in limits.items() if size(each) == size(limit)}
    return limit, former if size(former) > size(limit) else "", given


def _over_again(workload: Workload, given: Collection[str]) -> bool:
    """Tell whether the youngest pods are without a limit that older ones were given: new ones get it no more."""
    born = sorted((pod.created, pod.name) for pod in workload.live if pod.created)
    return bool(born) and born[-1][1] not in given


def _came_with(view: View, workload: Workload, at: datetime | None) -> bool:
    """Tell whether a default is young, and all pods were made since: those that it had before were without."""
    return at is not None and view.recent(at, YOUNG) and all(pod.created and pod.created >= at for pod in workload.live)


def _by(
    view: View, workload: Workload, given: Collection[str], resource: str, limit: str
) -> tuple[str, datetime | None]:
    """Return who gave pods a limit, and since when: the autoscaler that noted it, or a LimitRange with that default."""
    scalers = (resized_by(pod, resource) for pod in workload.live if pod.name in given)
    scaler = next(filter(None, scalers), "")
    return (scaler, None) if scaler else next(_defaults(view, resource, limit), ("", None))


def _resized(view: View, workload: Workload, given: Collection[str], by: str) -> bool:
    """Tell whether an autoscaler cut the limit of a workload's own template, for pods that are all made of late.

    Whatever is made of any template gets less then; who had so little for long has lived with it.
    """
    scaled = by.startswith("VerticalPodAutoscaler/")
    return scaled and all(view.recent(pod.created, YOUNG) for pod in workload.live if pod.name in given)


def _defaults(view: View, resource: str, limit: str) -> Iterator[tuple[str, datetime | None]]:
    """Yield the LimitRanges whose default is a limit, and when they were written."""
    for name, obj in sorted(view.objects("LimitRange").items()):
        for each in items(obj, "spec", "limits"):
            if text(each, "type") == "Container" and number(mapping(each, "default").get(resource)) == number(limit):
                yield f"LimitRange/{name}", written(obj)
