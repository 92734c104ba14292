"""Pods of a template that end at each start, though older ones of the very same template run: what is outside changed.

More of them, or a start of the old ones, makes only more that end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.view.crashes import Crash, ended_by_themselves, probe_kills
from tuheg_ir.diagnosis.view.reading import created, newest, oldest, text
from tuheg_ir.diagnosis.view.releases import brought_by_release, never_ready
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

AGAIN = 2
"""So often a container has to have been started again: many a program waits for another one that way."""
_OF_ONE_EACH = ("StatefulSet", "DaemonSet")
"""Kinds whose pods differ, by their data or their node, whatever their template is."""
_LINK = re.compile(r"\btcp://(?P<host>(?:\d{1,3}\.){3}\d{1,3}|\[[0-9a-f:]+\]):\d{1,5}\b")
"""How the kubelet writes the NAME_PORT of a Service into the environment of each container."""
_MISREAD = re.compile(
    r"pars(?:e|ing)|invalid|integer|number|convert|input string|port should|malformed|syntax|not a\b", re.IGNORECASE
)


def stillborn(view: View, workload: Workload) -> tuple[Crash, ...]:
    """Return the containers that end at each start in pods which are younger than all that run of the same template."""
    if workload.kind in _OF_ONE_EACH:
        return ()
    mine = {pod.name: pod for pod in workload.newest_pods()}
    ended = tuple(c for c in ended_by_themselves(view, workload) if c.pod.name in mine and never_ready(c.pod))
    last = newest(pod.created for pod in mine.values() if pod.ready)
    first = oldest(c.pod.created for c in ended)
    if last is None or first is None or first - last < MINUTE:
        return ()
    pods = [crash.pod for crash in ended]
    again = all(crash.container.restarts >= AGAIN for crash in ended)
    if not again or brought_by_release(workload, pods) or probe_kills(view, workload, pods):
        return ()
    return ended


def misread_links(view: View, workload: Workload) -> Iterator[tuple[str, datetime, str, str]]:
    """Yield (Service/name, when it was made, pod, line) where a program takes a Service's address for its own setting.

    Only of Services that came after the template: it was well without them.
    """
    current = workload.current
    if current is None or current.created is None or text(workload.template, "spec", "enableServiceLinks") == "False":
        return
    young = {
        text(service.obj, "spec", "clusterIP"): (service.ref, at)
        for service in view.services.values()
        if (at := created(service.obj)) and at > current.created
    }
    for log in view.logs_of(crash.pod for crash in ended_by_themselves(view, workload)):
        for line in log.lines:
            found = _LINK.search(line[:1000])
            if found and _MISREAD.search(line[:1000]) and (service := young.get(found["host"].strip("[]"))):
                yield *service, log.pod, line[:300]
