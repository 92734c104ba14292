"""Programs that tell that they read their settings anew just after somebody wrote them, while they run.

They are well by themselves with what they read, as a price that is held for a second is, and only their callers fail by
their answers. Some read a ConfigMap by the API: no template names it then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rules._blames_another import OTHERS
from tuheg_ir.diagnosis.rules._helping import names
from tuheg_ir.diagnosis.rules._onset import near, way_changed
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.changes import reads
from tuheg_ir.diagnosis.view.demand import more_asked
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.marked import Marked, complains, is_marked, marked
from tuheg_ir.diagnosis.view.mounted import mounted
from tuheg_ir.diagnosis.view.reading import mapping, oldest
from tuheg_ir.diagnosis.view.releases import BEFORE
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import ASLEEP, edited
from tuheg_ir.named import NamedTuple

WITHIN = timedelta(minutes=5)
"""An edit reaches a mounted file in a minute or two, and who asks the API hears of it at once or at the next turn."""
QUIET = timedelta(minutes=30)
"""Who told of it within so long before as well, or goes on to, reads its settings at every turn."""
MOSTLY = 0.5
"""So large a share of what a caller calls an error is about the one that it calls."""
_WHAT = r"(?:app(?:lication)? )?(?:config(?:uration)?s?|config[ -]?maps?|settings|properties)(?: files?| sources?)?"
_DONE = r"(?:re-?loaded|refreshed|re-?read)\b(?! (?:every|each|at))"
_ANEW = late(
    r"\brefresh keys changed: \[[^\]\s]"  # Spring Cloud tells of an empty list where nothing changed
    rf"|\bdetected (?:a )?changes? in (?:the )?{_WHAT}\b"
    rf"|\b{_WHAT} (?:\S{{1,80}} )?(?:(?:has|have|was|were) (?:been )?)?(?:{_DONE}|changed\b|updated\b)"
    rf"|\b(?:{_DONE}|(?:re-?loading|refreshing|re-?reading)) (?:the |its |new |changed )?{_WHAT}\b",
    re.IGNORECASE,
)
"""How programs tell that they took new settings while they run."""
_TAKEN = late(
    r"\b(?:(?:re-?)?(?:load(?:ed|ing)|read(?:ing)?|pars(?:ed|ing)|import(?:ed|ing)|appl(?:ied|ying))"
    r"|refresh(?:ed|ing)|chang(?:ed?|es)|updat(?:ed?|ing)|modif(?:ied|y)|re-?load|written|write)\b",
    re.IGNORECASE,
)
"""How they tell it of a file that they name, whatever it holds."""


_Line = tuple[datetime, str, str]
"""When a line was told, the line, and the pod that told it."""


class ReadAnew(NamedTuple):
    """The ConfigMap that a workload read anew, when it was written, whether its template names it, and who told so."""

    ref: str
    written: datetime
    mounted: bool
    read: datetime
    told: Evidence


def read_anew(view: View, workload: Workload) -> ReadAnew | None:
    """Return the one ConfigMap that a workload's pods tell to have read just after it was edited; None if none is.

    Most of those that tell anything say so, and say it then alone; who was started since reads nothing anew. None where
    it was released since.
    """
    maps = view.objects("ConfigMap").items()
    wrote = {label: at for label, obj in maps if (at := edited(obj)) is not None and view.recent(at, ASLEEP)}
    heard = [log for log in view.logs_of(workload.live, previous=False) if log.lines] if wrote else []
    told = {each for log in heard for each in _told(log)}
    found: dict[str, Evidence] = {}
    for label, at in wrote.items() if heard else ():
        files = _Files(view, workload, label)
        of_files = {each for log in heard for each in files.told_in(log)}
        mine = sorted(each for each in told | of_files if each[0] >= at - QUIET)
        pods = {pod for _, _, pod in mine}
        if not mine or mine[0][0] < at + BEFORE or mine[0][0] > at + WITHIN or mine[-1][0] > at + 2 * WITHIN:
            continue
        speak = {log.pod for log in older_logs(workload, heard, at)}
        if 2 * len(pods) > len(speak) and _is_its(view, workload, label, " ".join(line for _, line, _ in mine)):
            moment, line, _ = mine[0]
            found[label] = Evidence("logs", workload.ref, f"{len(pods)} pods: {line[:160]}", moment)
    if len(found) != 1:
        return None
    label, seen = found.popitem()
    at = wrote[label]
    if workload.changes and workload.released_at is not None and workload.released_at > at + BEFORE:
        return None
    named = ("ConfigMap", label) in reads(workload.template)
    return ReadAnew(f"ConfigMap/{label}", at, named, seen.time or at, seen)


def older_logs(workload: Workload, logs: Iterable[Log], at: datetime) -> list[Log]:
    """Return the logs of pods that were not started since a time: who starts anew reads nothing anew."""
    young = {pod.name for pod in workload.live if pod.started is not None and pod.started > at}
    return [log for log in logs if log.pod not in young]


class _Files:
    """The files in which a workload's pods find a ConfigMap, as a whole directory: by their names, and its path."""

    def __init__(self, view: View, workload: Workload, label: str) -> None:
        held = [each.path for each in mounted(workload.template) if (each.kind, each.name) == ("ConfigMap", label)]
        keys = mapping(view.objects("ConfigMap").get(label), "data") if held else ()
        self._names = (*held, *(key for key in keys if "." in key))
        self._started = {pod.name: pod.started for pod in workload.live}

    def told_in(self, log: Log) -> Iterator[_Line]:
        """Yield when a log tells that such a file was read or written, as it goes on."""
        for line in log.lines:
            if self._told(line) and (moment := stamp(line)) is not None and not self._at_start(log.pod, moment):
                yield moment, line, log.pod

    def _told(self, line: str) -> bool:
        if not any(name in line for name in self._names) or complains(line):
            return False
        return bool(_TAKEN.search(line)) and any(names(line, name) for name in self._names)

    def _at_start(self, pod: str, moment: datetime) -> bool:
        """Tell whether a pod had just been started: then it reads all its files."""
        started = self._started.get(pod)
        return started is not None and moment - started < WITHIN


def _told(log: Log) -> Iterator[_Line]:
    """Yield when a log tells that settings were read anew, and in which words; that it failed is none of it."""
    for line in log.lines:
        if _ANEW.search(line) and not is_marked(line) and (moment := stamp(line)) is not None:
            yield moment, line, log.pod


def _is_its(view: View, workload: Workload, label: str, lines: str) -> bool:
    """Tell whether a workload reads a ConfigMap: as its template says, or by the API, where it or its log names it.

    Frameworks that ask the API take the one that is called like the program.
    """
    if ("ConfigMap", label) in reads(workload.template) or label == workload.name or names(lines, label):
        return True
    # A setting that names another program tells whom it calls.
    settings = () if view.graph.resolve(label) else view.graph.settings(workload)
    return any(names(value, label) for _, value in settings)


def fail_by_it(view: View, workload: Workload, found: ReadAnew) -> Iterator[tuple[str, Evidence, datetime]]:
    """Yield the callers that fail at a workload's answers since it read its settings anew, what they feel and when.

    They name it in most of their errors, which they did not tell before, are asked for no more, and neither they nor
    the way to it changed in those minutes; it has nobody behind it that fails, and was not released then either.
    """
    needs = [view.workloads[ref] for ref in view.graph.needs(workload.ref) if ref in view.workloads]
    if view.hits_of(workload.ref, *OTHERS) or any(any(troubles(view, each.ref)) for each in needs):
        return
    for ref in view.graph.asked_by(workload.ref):
        caller = view.workloads.get(ref)
        felt = [(seen, since) for seen, since in troubles(view, ref) if since is not None]
        began = oldest(since for _, since in felt)
        if caller is None or began is None or not near(found.read, began) or more_asked(view, ref, began):
            continue
        changed = (each.released_at for each in (caller, workload, *needs) if each.changes)
        if any(near(at, began) for at in changed) or way_changed(view, caller, workload, began, in_its_minutes=True):
            continue
        if _names_it(view, workload, [*marked(view, caller)], found.read):
            yield ref, felt[0][0], began


def _names_it(view: View, workload: Workload, errors: list[Marked], read: datetime) -> bool:
    """Tell whether most errors name a workload, and none that does is of before it read its settings anew."""
    called = {workload.name, *(service.name for service in view.leading_to(workload.ref))}
    mine = [
        each
        for each in errors
        if any(view.graph.resolve(host) == workload.ref for host in hosts_named([each.line]))
        or any(names(each.line, label) for label in called)
    ]
    often = sum(each.count for each in mine)
    return often > MOSTLY * sum(each.count for each in errors) and all(
        each.since is not None and each.since >= read + BEFORE for each in mine
    )
