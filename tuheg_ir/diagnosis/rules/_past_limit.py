"""A release that let a program take more memory than its container has: it is killed before it comes to its ceiling.

A cache evicts, a heap is collected and a broker holds its senders back at the ceiling that they are told. Once that
is above the limit of the container the kernel is first, again and again: each start only begins to fill anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from math import inf
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.quantities import BINARY, number
from tuheg_ir.diagnosis.rules._cache_room import room_of
from tuheg_ir.diagnosis.rules._eviction import holds_more_than_copies
from tuheg_ir.diagnosis.rules._heard_words import words_in_force
from tuheg_ir.diagnosis.rules._killed_by_node import is_by_node
from tuheg_ir.diagnosis.rules._unbounded import fills_ever_since, unbounded
from tuheg_ir.diagnosis.view.changes import refs_read, words_given
from tuheg_ir.diagnosis.view.given import given_limit
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import image_name, role, role_of_image
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.releases import template_before
from tuheg_ir.diagnosis.view.stores import keeps_data
from tuheg_ir.diagnosis.view.usage import NEAR, killed_for_memory, memory_before
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_HAD_ROOM = 0.8
"""A ceiling of at most so much of the limit leaves room for what a program needs beside it."""
_SOFT = "gomemlimit"
"""A collector only works harder near this one: people set it just below the limit, as they are told to."""
_CEILING = late(
    r"(?<![\w.-])(?:--?)?(?:[a-z]+_){0,3}(?P<name>Xmx(?=\d)|XX:Max(?:HeapSize|RAMPercentage)|max[_-]old[_-]space[_-]size"
    r"|gomemlimit|innodb[_-]buffer[_-]pool[_-]size|shared_buffers|wiredTigerCacheSizeGB"
    r"|vm_memory_high_watermark(?:\.(?:relative|absolute))?)"
    r"(?:\s{0,2}[=:]\s{0,2}|\s{1,3}|(?<=Xmx))[\"']?(?:\{absolute,\s{0,2}\"?)?"
    r"(?P<much>\d{1,18}(?:\.\d{1,6})?)\s?(?P<unit>[kmgt]?)i?b?(?![\w.])",
    re.IGNORECASE,
)
"""Ceilings of Java, Node and Go, MySQL, PostgreSQL, MongoDB and RabbitMQ, as flags and variables tell them."""
_PLAIN = {"maxoldspacesize": 2.0**20, "sharedbuffers": 2.0**13, "wiredtigercachesizegb": 2.0**30}
"""What a figure without a unit is counted in, where that is not bytes."""
_SHARES = {"xx:maxrampercentage": 0.01, "vmmemoryhighwatermark": 1.0, "vmmemoryhighwatermarkrelative": 1.0}
"""Names of ceilings that tell a share of the limit, and what 1 of them is."""
_HEAP = "xmx"
"""The heap of Java, of whose two flags the last holds."""
_CACHE = "the memory for keys"
_FREE = ("redis", "valkey", "keydb")
"""Caches that take all memory there is where nobody tells them a ceiling."""
_OF_KEYS = (*_FREE, "memcached", "dragonfly")


class PastLimit(NamedTuple):
    """A ceiling in two templates, as shares of the one limit of their container."""

    container: str
    name: str
    before: float
    now: float

    def told(self) -> str:
        """Return it as a few words."""
        if self.now == inf:
            return f"its release took the ceiling from {self.name}, which was {self.before:.0%} of the memory limit"
        return f"its release raised {self.name} from {self.before:.0%} to {self.now:.0%} of the memory limit"


@once
def past_limit(view: View, workload: Workload) -> PastLimit | None:
    """Return the ceiling that the newest release raised above the limit, where its pods are killed at that.

    None where they, or those before them, were short of memory under the former ceiling as well.
    """
    at = workload.released_at
    if at is None or workload.returned or not workload.changed("command", "env"):
        return None
    raised = {each.container: each for each in _raised(workload)}
    killed = [each for each in killed_for_memory(view, workload) if each[0].live]
    found = next((raised[c.name] for _, c in killed if c.name in raised), None)
    newest = {pod.name for pod in workload.newest_pods()}
    if found is None or any(c.name not in raised or pod.name not in newest for pod, c in killed):
        return None
    if any(is_by_node(view, pod) or given_limit(workload, pod, "memory") for pod, _ in killed):
        return None  # it is not the limit of the template that they came to
    if (memory_before(view, workload, at) or 0.0) >= NEAR or _ended_before(view, workload, at.timestamp()):
        return None
    return found if fills_ever_since(view, workload, at) else None


def let_go(view: View, workload: Workload) -> str:
    """Return that the newest release raised what bounds memory above the limit, or took it away; "" for neither."""
    if found := past_limit(view, workload):
        return found.told()
    bound = unbounded(view, workload)
    return f"its release took away what kept memory in bounds: {bound}" if bound else ""


def may_go_back(view: View, workload: Workload) -> bool:
    """Tell whether going back from a ceiling costs a data service nothing that it does not lose by each kill.

    Only what a release of settings alone brought, and all pods have died of: what outlives a kill in another pod or in
    scratch files may not outlive the end of all pods. A cache that loads more keys than it may hold throws them out.
    """
    if len(workload.changes) != len(workload.changed("command", "env")):
        return False
    if role(workload) == "cache":
        if keeps_data(view, workload):
            return False
        if not holds_more_than_copies(view, workload):
            return True
    ill = {pod.name for pod, _ in killed_for_memory(view, workload)}
    return all(pod.name in ill and not _keeps_files(pod) for pod in workload.live)


def _keeps_files(pod: Pod) -> bool:
    """Tell whether a pod has scratch volumes, or the node's own files: they are there after a kill."""
    return any("emptyDir" in each or "hostPath" in each for each in items(pod.obj, "spec", "volumes"))


def _raised(workload: Workload) -> Iterator[PastLimit]:
    """Yield the ceilings that the newest template has above the limit of their container, and the one before below."""
    before, now = template_before(workload), workload.template
    olds = {text(c, "name"): c for c in items(before, "spec", "containers")}
    for container in items(now, "spec", "containers"):
        old = olds.get(text(container, "name"), {})
        limit, former = _limit(container), _limit(old)
        if not limit or not former or limit < former:
            continue  # a limit that was cut is another fault
        was, is_now = _ceilings(before, old, former), _ceilings(now, container, limit)
        for name, (label, share) in is_now.items():
            had = was.get(name, ("", 0.0))[1]
            if 0 < had <= _HAD_ROOM and share >= (1.0 if name == _SOFT else NEAR):
                yield PastLimit(text(container, "name"), label, had, share)


def _limit(container: Mapping[str, Any]) -> float | None:
    return number(mapping(container, "resources", "limits").get("memory"))


def _ceilings(template: Mapping[str, Any], container: Mapping[str, Any], limit: float) -> dict[str, tuple[str, float]]:
    """Return name -> (as it is told, share of the limit) of what a container may take; told twice, the last holds."""
    image = text(container, "image")
    if role_of_image(image) == "cache" and image_name(image).startswith(_OF_KEYS):
        room = room_of(template)
        without = inf if image_name(image).startswith(_FREE) and not _told_elsewhere(template, container) else 0.0
        return {_CACHE: (_CACHE, room / limit if room else without)}
    found = {}
    for each in _CEILING.finditer(" ".join(words_in_force(container))):
        name, much, unit = re.sub(r"[_.-]", "", each["name"]).lower(), float(each["much"]), each["unit"].lower()
        name = _HEAP if name == "xx:maxheapsize" else name
        if name in _SHARES and not unit and much * _SHARES[name] <= 1:
            found[name] = (each["name"], much * _SHARES[name])
        else:
            found[name] = (each["name"], much * (BINARY[unit] if unit else _PLAIN.get(name, 1.0)) / limit)
    if _HEAP in found:
        found.pop("xx:maxrampercentage", None)  # Java reads it where nobody tells how large the heap is
    return found


def _told_elsewhere(template: Mapping[str, Any], container: Mapping[str, Any]) -> bool:
    """Tell whether a cache may be told its ceiling by a file, a map or its image's own script."""
    words = words_given(container)
    return bool(refs_read(template, "ConfigMap", "Secret")) or any(".conf" in word or "$" in word for word in words)


def _ended_before(view: View, workload: Workload, released: float) -> bool:
    """Tell whether containers were seen to end before a release, whichever pods were there."""
    names = {each.labels.get("pod", "") for each in view.figures.series("restarts")}
    mine = [name for name in names if view.owner_of(name) == workload.ref or name.startswith(f"{workload.name}-")]
    points = [each.points for name in mine for each in view.figures.series("restarts", pod=name)]
    return any(b > a for each in points for (_, a), (at, b) in pairwise(each) if at < released)
