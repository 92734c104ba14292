"""A release that only put a container beside a program: what goes back with it is that one, and what belongs to it."""

from __future__ import annotations

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.releases import template_before
from tuheg_ir.diagnosis.view.workloads import Workload

_SPLIT = late(r"[^a-z0-9]+")
_LOCAL = late(r"(?:^|[/@=])(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?(?:[/?,;]|$)|^(?:unix:)?/(?:var/)?run/\S+\.sock$")
"""Where a container beside a program is asked: in the same pod, by its network or a socket of its file system."""
_GENERAL = frozenset({"agent", "proxy", "sidecar", "exporter", "collector", "app", "api", "service", "name", "url"})
"""Words that names of containers and variables have in common by chance."""


def brought_beside(workload: Workload, container: str) -> bool:
    """Tell whether a release put one container beside others, and changed nothing of these but how they meet it.

    Those are settings that nobody had before: they lead to it, or bear a word of its name as those that lead to it do.
    """
    came = [c for c in workload.changes if c.container == container and c.field == "container" and not c.before]
    others = [c for c in workload.changes if c not in came]
    words = _words(workload, container, others)
    return bool(came) and all(_belongs(workload, each, words) for each in others)


def _belongs(workload: Workload, change: Change, words: frozenset[str]) -> bool:
    """Tell whether a change is one that comes with a container beside a program; a volume that came is its own."""
    if change.field == "volumes":
        now = items(workload.template, "spec", "volumes")
        return all(each in now for each in items(template_before(workload), "spec", "volumes"))
    if not change.container:
        return change.field.startswith("annotation ")
    if change.aspect != "env" or change.before:
        return False
    return bool(_LOCAL.search(change.after) or words.intersection(_SPLIT.split(change.name.lower())))


def _words(workload: Workload, container: str, changes: list[Change]) -> frozenset[str]:
    """Return the words by which a container is known: of its name, its image, and settings that lead to it."""
    held = (each for group in ("containers", "initContainers") for each in items(workload.template, "spec", group))
    image = next((text(each, "image") for each in held if text(each, "name") == container), "")
    leading = [c.name for c in changes if c.aspect == "env" and not c.before and _LOCAL.search(c.after)]
    heads = {_SPLIT.split(each.lower())[0] for each in leading}
    named = {word for each in (container, image.rpartition("/")[2].partition(":")[0]) for word in _SPLIT.split(each)}
    return frozenset(word for word in named | heads if len(word) > 2) - _GENERAL
