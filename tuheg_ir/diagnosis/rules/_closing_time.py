"""How long a server keeps a connection that nobody uses, and whether it closes it earlier since its release."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.changes import words_given
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.releases import template_before
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_CLOSES = late(
    r"(?P<name>[\w.-]{0,40}(?:keep[_-]?alive|idle[_-]?time-?_?out|persistent[_-]?time-?_?out)[\w-]*(?:\W{1,3}time[\w-]*)?)"
    r"\W{1,4}(?:PT)?(?:(?:\d\d:)?(?P<minutes>\d+)[m:])?(?P<number>\d+)\s?(?P<unit>ms|milli\w*|s|sec\w*|m|min\w*)?(?![\w:.])",
    re.IGNORECASE,
)
"""How settings name that time, and how a server tells of it when it starts: `--keep-alive 75`, `IDLE_TIMEOUT=1m15s`."""
_THOUSANDTHS = late(r"ms$|milli", re.IGNORECASE)
_OF_OTHERS = late(
    r"agent|client|pool|upstream|proxy|tcp|(?<![a-z])db|sql|redis|mongo|grpc|session|request|conn|max|count|prob|interval"
    r"|retr|size|enabl",
    re.IGNORECASE,
)
"""Words for connections that a program opens itself, for sessions of users, and for what is no time."""
LEAST_MS = 1000
"""So large a time without a unit is in thousandths: nobody keeps a connection for a quarter of an hour."""
EDGES = 60
"""Proxies and balancers keep what nobody uses for so many seconds, or longer, as they come."""
AT_ONCE = timedelta(minutes=2)
"""What a program tells so soon is of its start."""
Times = Mapping[str, float]


def closes_earlier(view: View, workload: Workload) -> bool:
    """Tell whether a release set the time lower, took it away, or brought one that is shorter than those of edges.

    Where it took it away the program goes by its own time: that is not known, but where it tells of it at its start.
    """
    old, new = template_before(workload), workload.template
    before, after = _set(old), _set(new)
    if any(after[label] < before[label] for label in before.keys() & after.keys()):
        return True
    if _taken_from(old) != _taken_from(new):
        return False  # it may have moved to where nobody sees it
    if not after:
        gone = before.keys() - _labels(new)
        longest = max((time for _, time, _, _ in _told(view, workload.newest_pods())), default=0.0)
        return bool(gone) and longest < max(before.values())
    if before.keys() & after.keys():
        return False
    return max(after.values()) < (min(before.values()) if before else EDGES)


def unheeded(view: View, workload: Workload) -> Evidence | None:
    """Return that a release with another image closes earlier than its template sets, or than its older pods do.

    Its newest pods tell of it as they start.
    """
    wanted, told = list(_set(workload.template).items()), _told(view, workload.newest_pods())
    if not workload.changed("image"):
        return None
    if len(wanted) == 1:
        [(label, time)] = wanted
        for pod, kept, line, at in told:
            if kept < time:
                return Evidence("logs", f"Pod/{pod}", f"it does not heed {label} of {time:g} s, and tells: {line}", at)
    before = min((time for _, time, _, _ in _told(view, workload.older_pods())), default=0.0)
    for pod, kept, line, at in told:
        if kept < before:
            fact = f"older pods tell of {before:g} s at their start, this one: {line}"
            return Evidence("logs", f"Pod/{pod}", fact, at)
    return None


def told_at_start(view: View, workload: Workload) -> Evidence | None:
    """Return what the newest pods tell of that time at their start; None if they do not."""
    found = ((f"Pod/{pod}", line, at) for pod, _, line, at in _told(view, workload.newest_pods()))
    return next((Evidence("logs", pod, f"it tells at its start: {line}", at) for pod, line, at in found), None)


def closes_after(view: View, workload: Workload) -> float | None:
    """Return after how many seconds at the earliest a program closes what nobody uses; None where nobody tells.

    What it tells as it starts counts before what its template sets.
    """
    told = [time for _, time, _, _ in _told(view, workload.newest_pods())]
    return min(told or _set(workload.template).values(), default=None)


def _set(template: Mapping[str, Any]) -> Times:
    """Return label -> the seconds that a template sets, by variables and words of commands."""
    given = (word for each in items(template, "spec", "containers") for word in (*words_given(each), ""))
    return dict(_times("\n".join(given)))


def _labels(template: Mapping[str, Any]) -> set[str]:
    """Return the names of all variables: one that is set from elsewhere, or to no time, is not gone."""
    return {text(e, "name") for each in items(template, "spec", "containers") for e in items(each, "env")}


def _taken_from(template: Mapping[str, Any]) -> list[Any]:
    return [source for each in items(template, "spec", "containers") for source in items(each, "envFrom")]


def _told(view: View, pods: tuple[Pod, ...]) -> list[tuple[str, float, str, datetime]]:
    """Return (pod, seconds, line, when) of what pods tell of that time as they start."""
    found = []
    for log in view.logs_of(pods, previous=False):
        for at, line in _first_words(log):
            found += [
                (log.pod, time, line.strip()[:200], at) for label, time in _times(line) if "time" in label.lower()
            ]
    return found


def _first_words(log: Log) -> Iterator[tuple[datetime, str]]:
    """Yield the lines that a program tells at its start, with their times."""
    timed = [(at, line) for line in log.lines if (at := stamp(line)) is not None]
    yield from ((at, line) for at, line in timed if at - timed[0][0] <= AT_ONCE)


def _times(said: str) -> Iterator[tuple[str, float]]:
    """Yield the names and the seconds after which a server closes what nobody uses, as a setting or a line says."""
    for found in _CLOSES.finditer(said):
        number, minutes = int(found["number"]), int(found["minutes"] or 0)
        if number + minutes and not _OF_OTHERS.search(found["name"]):
            yield found["name"], 60.0 * minutes + number * _unit(found["name"], number, (found["unit"] or "").lower())


def _unit(label: str, number: int, unit: str) -> float:
    """Return how many seconds a unit is; where none is told the name may tell it, or the size of the number."""
    if unit:
        return 1.0 if unit.startswith("s") else 0.001 if unit.startswith(("ms", "mil")) else 60.0
    return 0.001 if number >= LEAST_MS or _THOUSANDTHS.search(label) else 1.0
