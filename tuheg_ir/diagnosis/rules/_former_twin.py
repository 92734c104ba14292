"""A twin that runs what a template of days ago had, asked for the same: what a release brought shows beside it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rules._former_colour import set_up_alike
from tuheg_ir.diagnosis.rules._lines_by_kind import Kind, kinds_told
from tuheg_ir.diagnosis.rules._twins import programs
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.view.changes import changes
from tuheg_ir.diagnosis.view.marked import STILL
from tuheg_ir.diagnosis.view.reading import items, oldest, text
from tuheg_ir.diagnosis.view.took import way_of
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.usage import starving
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Revision, Workload
from tuheg_ir.diagnosis.view.written import outside_changes
from tuheg_ir.named import NamedTuple

LATELY = timedelta(days=7)
"""So long a release may wait for the demand that shows it."""
SHARED = 0.5
"""So large a share of the requests has to go ways that the twin serves as well."""
_LEAST = 20
"""So many requests of a log tell how many lines each has."""


class Twin(NamedTuple):
    """Who runs the images of a former template, that template, and how many releases came since."""

    workload: Workload
    former: Revision
    releases: tuple[Revision, ...]

    def told(self, ref: str) -> tuple[Evidence, ...]:
        """Return what the twin of somebody is, and which releases came since."""
        runs = f"it runs what revision {self.former.number} of {ref} had, and is set up alike"
        since = f"{len(self.releases)} release(s) since revision {self.former.number}"
        since += ": one step back may have the same still" if len(self.releases) > 1 else ""
        return (
            Evidence("objects", self.workload.ref, runs, self.former.created),
            Evidence("objects", ref, since, self.releases[-1].created),
        )


def former_twins(view: View, workload: Workload) -> Iterator[Twin]:
    """Yield the workloads that are well, and differ by nothing but images that a workload had until days ago."""
    mine = programs(workload, tags=True)
    for other in view.serving:
        theirs = programs(other, tags=True)
        if other is workload or theirs == mine or not theirs or not set_up_alike(other, workload):
            continue
        twin = _twin(view, workload, other)
        if twin is not None and not any(troubles(view, other.ref)) and not starving(view, other):
            yield twin


def _twin(view: View, workload: Workload, other: Workload) -> Twin | None:
    """Return it if only images changed since a template that had the other's: no limit, and nothing that both read."""
    theirs = programs(other, tags=True)
    for number, former in enumerate(workload.revisions[1:], 1):
        if {text(each, "image") for each in items(former.template, "spec", "containers")} != theirs:
            continue
        came = workload.revisions[number - 1].created
        if came is None or not view.recent(came, LATELY):
            return None
        if any(at > came for _, at in outside_changes(view, workload)):
            return None  # the twin may not have taken it yet
        alike = all(change.aspect == "image" for change in changes(former.template, workload.template))
        return Twin(other, former, workload.revisions[:number]) if alike else None
    return None


def tells_more(view: View, workload: Workload, twin: Workload) -> Evidence | None:
    """Return the kind of line that each pod tells for each request, and the twin, which serves the same ways, never."""
    theirs = tuple(view.logs_of(twin.live, previous=False))
    ways, known = {*_asked(theirs)}, kinds_told(theirs)
    found = list[tuple[int, dict[str, Kind]]]()
    for pod in workload.newest_pods():
        logs = tuple(view.logs_of([pod], previous=False))
        asked = _asked(logs)
        if len(asked) < _LEAST or sum(way in ways for way in asked) < SHARED * len(asked):
            return None
        kinds = {shape: each for shape, each in kinds_told(logs).items() if shape not in known}
        often = {s: each for s, each in kinds.items() if each.count >= len(asked) and view.recent(each.last, STILL)}
        found.append((len(asked), often))
    shared = set.intersection(*({*kinds} for _, kinds in found)) if found else set()
    if not shared:
        return None
    most = max(sorted(shared), key=lambda shape: sum(kinds[shape].count for _, kinds in found))
    told = [kinds[most] for _, kinds in found]
    often_told = sum(each.count for each in told) / sum(asked for asked, _ in found)
    what = f"{often_told:.1f} lines for each request, and {twin.ref} has none: {told[0].line}"
    return Evidence("logs", workload.ref, what, oldest(each.first for each in told))


def _asked(logs: tuple[Log, ...]) -> list[str]:
    """Return the ways of the requests that logs tell of."""
    return [way_of(line) for log in logs for line in log.lines if status_of(line)]
