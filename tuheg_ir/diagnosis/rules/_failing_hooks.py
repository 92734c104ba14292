"""What pods do before they end fails at once since a release, and was done before: then nothing lets them wait.

Such a hook is written as ever. It is the image that has no shell any more, or not the program or the page that the hook
asks for. A hook that fails because there is no more time for it has let its pod wait until then.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._cut_at_ends import AHEAD, LATELY, ROLLED, TWICE, Cut, errors_rose, times_told
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.events import Event
from tuheg_ir.diagnosis.view.reading import items, mapping, oldest, text
from tuheg_ir.diagnosis.view.releases import template_before
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

AT_ONCE = timedelta(seconds=5)
"""Who is told to end and fails within this time has not waited."""
HALF = 2
_BREAKS = ("image", "command", "mounts", "other")
"""What of a template a hook needs in order to work."""
_BARE = late(r"distroless|chisell?ed|shell-?less|no-?shell|(?<![a-z])scratch(?![a-z])", re.IGNORECASE)
"""How images are called that hold a program and no shell; but those to look into them by hand have one."""
_WITH_SHELL = late(r"debug|(?<![a-z])dev(?![a-z])", re.IGNORECASE)
_SHELL = late(r"(?:^|/)(?:ba|da|a|z|k)?sh$")


def broken_by(workload: Workload) -> list[Change]:
    """Return what a release changed that a hook may need, images first."""
    return sorted((c for c in workload.changes if c.aspect in _BREAKS), key=lambda c: c.aspect != "image")


def lost_its_shell(workload: Workload) -> bool:
    """Tell whether a release gave a container whose hook asks for a shell an image that is called one without."""
    before = {text(c, "name"): text(c, "image") for c in items(template_before(workload), "spec", "containers")}
    for container in items(workload.template, "spec", "containers"):
        command = mapping(container, "lifecycle", "preStop", "exec").get("command") or [""]
        was = before.get(text(container, "name"), "")
        if was and not _bare(was) and _bare(text(container, "image")) and _SHELL.search(str(command[0])):
            return True
    return False


def failing_hooks(view: View, workload: Workload, came: datetime) -> list[Event]:
    """Return how hooks of most pods that ended since a release failed at once; none where they failed before it.

    Those of the template: what was put in beside it comes and goes without a release of it.
    """
    told = [e for e in view.events_of(workload.ref, "FailedPreStopHook", within=LATELY) if e.last]
    asked = {e.about: e.last for e in view.events_of(workload.ref, "Killing", within=LATELY) if e.last}
    mine = f"Pod/{workload.revisions[0].name}-" if workload.revisions else ""
    if any(e.last < came + ROLLED and not (mine and e.about.startswith(mine)) for e in told if e.last):
        return []  # pods of before could not do it either
    since = (e for e in told if e.last and e.last > came and _of_template(workload, e))
    failed = {e.about: e for e in since if e.last and e.last - asked.get(e.about, e.last) <= AT_ONCE}
    ended = {about for about, at in asked.items() if at > came + ROLLED}
    most = HALF * len(ended & failed.keys()) >= len(ended)
    return [*failed.values()] if len(failed) >= TWICE and most else []


def ended_well(view: View, workload: Workload, came: datetime, cut: Cut) -> bool | None:
    """Tell whether nobody missed the pods of before as a release ended them; None: nobody was there to see it.

    So their hook let them wait, whatever was written long ago of it.
    """
    until = came + ROLLED
    watched = False
    for ref in (workload.ref, *cut.tellers):
        for rose in errors_rose(view, ref):
            watched |= rose.since < came
            if any(came - AHEAD <= at <= until for at in rose.times):
                return False
    for hit in cut.hits:
        began = oldest(stamp(line) for log in view.logs_with(hit) for line in log.lines[:1])
        watched |= began is not None and began < came
        if any(came - AHEAD <= at <= until for at in times_told(view, workload, hit)):
            return False
    return watched or None


def _of_template(workload: Workload, event: Event) -> bool:
    """Tell whether a hook that failed is of the template, by its container; of no other where that is not told."""
    own = _with_hooks(workload.template)
    return (
        event.container in own
        if event.container
        else all(_with_hooks(pod.obj) <= own for pod in workload.newest_pods())
    )


def _with_hooks(holder: Mapping[str, Any]) -> set[str]:
    """Return the containers of a pod or a template that do something before they end."""
    containers = (c for key in ("containers", "initContainers") for c in items(holder, "spec", key))
    return {text(c, "name") for c in containers if mapping(c, "lifecycle", "preStop")}


def _bare(image: str) -> bool:
    return bool(_BARE.search(image)) and not _WITH_SHELL.search(image)
