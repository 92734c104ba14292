"""Whether a server of PostgreSQL replays what its primary writes, as an operator, an agent or the server itself tells.

A pause was asked for by somebody, and stays until somebody ends it: the server goes on to receive, answers whoever
reads, and is ready. It is none that holds at the end of a recovery, nor one that a setting too small brings about: a
server that starts anew would stop there again, or not start.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._elsewhere import elsewhere
from tuheg_ir.diagnosis.rules._helping import names
from tuheg_ir.diagnosis.view.changes import words_of
from tuheg_ir.diagnosis.view.logs import times_near
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import mapping
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_IS = r"\\?[\"']?\s{0,3}[=:]\s{0,3}\\?[\"']?"
_FIELD = rf"\breplay[_ ]?(?:is_)?paused{_IS}|_replay_paused{_IS}"
_STATE = rf"replay_pause_state{_IS}"
_PATRONI = r"\breplayed_location\b.{0,200}?\bpaused\\?\"\s?:\s?"
_WORDS = r"\b(?:wal|xlog) replay (?:on (?:\S{1,80} ){1,3})?(?:is|was|has been) (?:currently )?"
_ON = late(
    rf"(?:{_FIELD}|{_PATRONI})(?:true|t|yes|on|1)\b|{_STATE}paused\b|{_WORDS}paused\b|\brecovery has paused\b",
    re.IGNORECASE,
)
_OFF = late(
    rf"(?:{_FIELD}|{_PATRONI})(?:false|f|no|off|0)\b|{_STATE}not paused\b|{_WORDS}(?:not paused|resumed)\b"
    r"|\bisPrimary\\?\": ?true|\bredo starts at|\barchive recovery complete|\bselected new timeline",
    re.IGNORECASE,
)
"""What ends a pause, or what only a server tells that replays again, or leads."""
_ITSELF = "ecovery has paused"
"""What a server writes once as it pauses; that it goes on again it does not write."""
_RESTART_POINT = late(r"\brestart ?point (?:starting|complete|at)\b")
"""What a server does again and again while it replays, and seldom once after it has paused."""
_LAST_ONE = timedelta(minutes=10)
_MISSED = timedelta(minutes=30)
"""Who makes no restart point for so long, and made them before, replays nothing; an alert may be late by that."""
_STOPS_AGAIN = late(
    r"insufficient parameter settings|recovery stopping (?:before|after)|pausing at the end of recovery"
    r"|\brecovery_target_(?:time|lsn|xid|name)\b",
    re.IGNORECASE,
)
_PLACE = late(
    rf"(receive|replay)[ed]{{0,2}}_?(?:wal_)?(?:lsn|location){_IS}([0-9A-F]{{1,8}}/[0-9A-F]{{1,8}}|\d+)", re.IGNORECASE
)


class Paused(NamedTuple):
    """A pod that replays nothing any more, since when at the latest, and what tells it."""

    pod: Pod
    since: datetime
    evidence: Evidence


class _Told(NamedTuple):
    at: datetime
    on: bool
    line: str
    by: str


def paused(view: View, workload: Workload) -> Iterator[Paused]:
    """Yield the pods of a database whose replay is paused by the last word about each, and that miss something."""
    if _stops_again(view, workload):
        return
    for pod in workload.live:
        told = [each for each in _told(view, workload, pod) if pod.started is None or each.at >= pod.started]
        told.sort(key=lambda each: each.at)
        since = max((n + 1 for n, each in enumerate(told) if not each.on), default=0)
        last = told[since:]
        if not last or _nothing_left(last[-1].line) or _of_old(view, last[-1]):
            continue
        if not all(_ITSELF in each.line for each in last) or _shows(view, pod, last[0].at):
            yield Paused(pod, last[0].at, _evidence(pod, last))


def _told(view: View, workload: Workload, pod: Pod) -> Iterator[_Told]:
    """Yield what logs tell of one pod: its own, and those that name it and no other one of its kind."""
    others = [each.name for each in workload.live if each.name != pod.name]
    for log in view.snapshot.logs:
        if log.previous or not any("eplay" in line or _ITSELF in line for line in log.lines):
            continue
        for line, at in zip(log.lines, times_near(log.lines), strict=True):
            off = _OFF.search(line) is not None
            if at is None or not (off or _ON.search(line)) or elsewhere(view, line, (pod.obj,)):
                continue
            mine = names(line, pod.name) and not any(names(line, each) for each in others)
            if mine or (log.pod == pod.name and not any(names(line, each) for each in others)):
                yield _Told(at, not off, line, log.pod)


def _of_old(view: View, last: _Told) -> bool:
    """Tell whether somebody told of a pause a while ago, and writes on without a word of it.

    The server itself tells it once: that is asked otherwise.
    """
    if _ITSELF in last.line:
        return False
    times = (at for log in view.snapshot.logs if log.pod == last.by for at in times_near(log.lines)[-1:])
    return any(at is not None and at - last.at > _MISSED for at in times)


def _evidence(pod: Pod, last: Sequence[_Told]) -> Evidence:
    """Return who tells that a pod is paused, and in which words: of a line of fields the message tells nothing."""
    said = _ON.search(last[-1].line)
    fact = f"{pod.name} replays no more what its primary writes: {said[0] if said else last[-1].line}"
    return Evidence("logs", f"Pod/{last[-1].by}", fact, last[0].at)


def _shows(view: View, pod: Pod, since: datetime) -> bool:
    """Tell whether a server that said once that it pauses shows that it still does: restart points come no more."""
    made, ends = list[datetime](), list[datetime]()
    for log in view.logs_of([pod], previous=False):
        for line, at in zip(log.lines, times_near(log.lines), strict=True):
            if at is not None:
                ends.append(at)
                made += [at] if _RESTART_POINT.search(line) else []
    before = any(at <= since + _LAST_ONE for at in made)
    return before and max(made) <= since + _LAST_ONE and max(ends) >= since + _MISSED


def _nothing_left(line: str) -> bool:
    """Tell whether a line says that what was received is replayed to the end."""
    found = {each[1].lower(): each[2] for each in _PLACE.finditer(line)}
    return len(found) > 1 and len(set(found.values())) == 1


def _stops_again(view: View, workload: Workload) -> bool:
    """Tell whether a server would stop at the same place again, by its words or its settings, or would not start."""
    said = (line for log in view.logs_of(workload.live) for line in log.lines)
    files = (str(mapping(obj, "data")) for _, obj in view.maps_read(workload.template))
    return any(_STOPS_AGAIN.search(each) for each in (*said, *words_of(workload.template), *files))
