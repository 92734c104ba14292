"""A release that took away what kept memory in bounds: workers that are renewed, the ceiling of a heap or of a cache.

What leaked under that bound leaks for days before it is missed, and nobody calls the release new by then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.quantities import BINARY
from tuheg_ir.diagnosis.rules._heard_words import words_in_force
from tuheg_ir.diagnosis.rules._twins import programs
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.pods import Container, Pod
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.releases import SLOWLY, template_before
from tuheg_ir.diagnosis.view.usage import NEAR, killed_for_memory, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_BOUND = late(
    r"(?<![\w.-])(?:--?)?(?P<name>"
    r"(?:(?!rate|throttl|[a-z]*quota)[a-z]+[_.-]){0,4}"
    r"(?:max[_-]?requests(?:[_-]?per[_-]?child)?|max[_-]?(?:connections|tasks|memory)[_-]?per[_-]?child"
    r"|max[_-]?worker[_-]?lifetime|reload[_-]on[_-](?:rss|as)|max[_-]jobs|max[_-]?rss|worker[_-]max[_-]\w+"
    r"|max[_-]old[_-]space[_-]size|malloc[_-]arena[_-]max|gomemlimit|gcheaphardlimit(?:percent)?|maxmemory)"
    r"|XX:Max(?:RAMPercentage|HeapSize|MetaspaceSize|DirectMemorySize)|Xmx(?=\d)"
    r"|(?:[a-z]+[_.-]){0,3}cache[_.-](?:max[_.-])?(?:size|entries|items|capacity|limit|mb|bytes|memory)(?:[_.-]?(?:mb|bytes))?"
    r"|(?:[a-z]+[_.-]){0,3}max[_.-]cache[_.-](?:size|entries|items|memory)(?:[_.-]?(?:mb|bytes))?"
    r")(?:\s{0,2}[=:]\s{0,2}|\s+|(?<=Xmx))[\"']?(?P<much>\d+(?:\.\d+)?)(?P<unit>[kmgt]?)",
    re.IGNORECASE,
)
"""Settings that renew a worker after so much work or at such a size, or tell a heap or a cache how large it may be.

Of Gunicorn, Hypercorn, Uvicorn, uWSGI, PHP-FPM, Apache, Passenger, Celery, Octane, RoadRunner; Java, Node, Go, .NET.
"""
_ELSEWHERE = late(r"--?(?:c|conf|config(?:uration)?|config-file|ini|yaml|settings)(?:=.*)?", re.IGNORECASE)
"""A word that leads to a file of settings."""
_LOOSER = 2.0
"""A bound that is raised so many times is none any more for who lived below the former."""
_FILLS = 0.5
"""So much of the time since it was made a pod has spent in lives as long as its last, or something else came."""


def unbounded(view: View, workload: Workload) -> str:
    """Return the bound of memory that the newest release took away or raised far, where its pods ran into it since.

    "" if there is none, or if the pods lived on for long without it and began to fill only later.
    """
    if not workload.changes or workload.returned or workload.released_at is None:
        return ""
    bound = taken_away(view, workload)
    return bound if bound and fills_ever_since(view, workload, workload.released_at) else ""


@once
def taken_away(view: View, workload: Workload) -> str:
    """Return the bound that the newest template has no more, or far higher; "" for none.

    What its settings in a ConfigMap say still holds, and where a release names a file of settings nobody knows.
    """
    was, now = template_before(workload), workload.template
    olds = {text(c, "name"): c for c in items(was, "spec", "containers")}
    for container in items(now, "spec", "containers"):
        before = olds.get(text(container, "name"))
        had = _of(before) if before and not _led_to_a_file(before, container) else {}
        left = {**_in_maps(view, now), **_of(container)} if had else {}
        for name, (told, much) in had.items():
            if much > 0 and not 0 < left.get(name, ("", 0.0))[1] < _LOOSER * much:
                return told
    return ""


def kept_by_twin(view: View, workload: Workload) -> Evidence | None:
    """Return that another workload runs the same image, with the bound, for long and with room: it is not the code."""
    bound = taken_away(view, workload)
    for other in view.serving:
        alike = other is not workload and programs(other, tags=True) == programs(workload, tags=True)
        if not alike or not bound or bound not in {told for told, _ in _bounds_of(other.template).values()}:
            continue
        lived = [each for pod in other.live for each in pod.containers if not each.init]
        if lived and not any(each.restarts or each.ended for each in lived) and not _is_near(view, other):
            return Evidence("objects", other.ref, f"it runs the same image with {bound}, and never ran out of memory")
    return None


def _is_near(view: View, workload: Workload) -> bool:
    return usage(view.figures, workload, "memory_share").most > NEAR


def _bounds_of(template: Mapping[str, Any]) -> dict[str, tuple[str, float]]:
    return {key: value for c in items(template, "spec", "containers") for key, value in _of(c).items()}


def _in_maps(view: View, template: Mapping[str, Any]) -> dict[str, tuple[str, float]]:
    """Return the bounds that the ConfigMaps which a template reads tell of."""
    data = (mapping(found, "data") for _, found in view.maps_read(template))
    return _bounds("\n".join(f"{key}={value}" for each in data for key, value in each.items()))


def _of(container: Mapping[str, Any]) -> dict[str, tuple[str, float]]:
    return _bounds("\n".join(words_in_force(container)))


def _arguments(container: Mapping[str, Any]) -> Iterator[str]:
    yield from (str(word) for field in ("command", "args") for word in (container.get(field) or ()))


def _bounds(said: str) -> dict[str, tuple[str, float]]:
    """Return name -> (how it is told, how much) of the bounds in what a container is told."""
    return {
        re.sub(r"[_.-]", "", found["name"]).lower(): (
            " ".join(found[0].split()),
            float(found["much"]) * BINARY[found["unit"].lower()],
        )
        for found in _BOUND.finditer(said)
    }


def _led_to_a_file(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Tell whether a container is told of a file of settings since a release: the bound may stand there."""
    olds = {*_arguments(before)}
    return any(_ELSEWHERE.fullmatch(word) and word not in olds for word in _arguments(now))


def fills_ever_since(view: View, workload: Workload, released: datetime) -> bool:
    """Tell whether the pods that are short of memory have filled it again and again since they were made."""
    killed = killed_for_memory(view, workload)
    if killed:
        return all(_fills(pod, container) for pod, container in killed)
    near = usage(view.figures, workload, "memory_share").beyond(NEAR)
    ill = [pod for pod in workload.newest_pods() if pod.name in near]
    return bool(ill) and all(pod.started is not None and pod.started <= released + SLOWLY for pod in ill)


def _fills(pod: Pod, container: Container) -> bool:
    ended = container.ended
    if ended is None or ended.at is None or pod.created is None or not ended.lived_s:
        return False
    return container.restarts * ended.lived_s >= _FILLS * (ended.at - pod.created).total_seconds()
