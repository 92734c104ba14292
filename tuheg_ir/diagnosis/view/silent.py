"""Troubles of which a log told for a while and tells no more, though it goes on: they are over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile

from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.askers import of_probe
from tuheg_ir.diagnosis.view.logs import Hit, begun, tells, times_near
from tuheg_ir.diagnosis.view.marked import NEW, Marked, complains, is_marked, shape_of
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.trouble import MINUTE, errors, labels_of, suffered_last, suffers_since, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes

LONG = timedelta(minutes=10)
"""What was silent for a shorter time may only pause."""
GOES_ON = timedelta(minutes=5)
"""A log that told of its work longer ago than this may be silent about everything."""
ENOUGH = 5
"""So many lines of work show that a program does it again: no error, no warning, no probe of whether it is there."""
MISSED = 30
"""Who says something is expected to say it so many times by now: he says it no more."""
AMONG = 3
"""A warning among so many times as many lines of work is none of a program that only gets by."""
Said = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Spell:
    """A time in which a log did little but complain: how often, the last line of it."""

    first: datetime
    last: datetime
    count: int
    line: str


def over(view: View, hit: Hit) -> bool:
    """Tell whether the pod that told of a trouble has worked on for long without a word of it, and nobody suffers."""
    if hit.previous or hit.last is None or view.recent(hit.last, LONG) or any(troubles(view, hit.component)):
        return False
    workload, said = view.workloads.get(hit.component), partial(tells, hit.trouble)
    told = [h for h in view.hits_of(hit.component, hit.trouble) if h.container == hit.container and not h.previous]
    first = {each.pod: each.first for each in told}
    logs = {log.pod: log.lines for log in _logs(view, workload, first) if log.container == hit.container}
    silent = hit.pod in logs and _fell_silent(view, logs[hit.pod], hit.last, said)
    return silent and any(_reaches_back(lines, first[pod], view.now - hit.last) for pod, lines in logs.items())


def no_more(view: View, workload: Workload, told: Marked) -> bool:
    """Tell whether all pods that repeated an error or a warning have worked on for long without it.

    It may come again: that it ceased while a change is in force only tells that it is not of that.
    """
    said = says(told)
    logs = _telling(view, workload, told, said)
    ends = ((lines, _last(lines, said)) for lines in logs)
    return bool(logs) and all(last is not None and _fell_silent(view, lines, last, said) for lines, last in ends)


def missed(view: View, workload: Workload, told: Marked) -> bool:
    """Tell whether all pods that told of something work on without it for so long that they would have again by now.

    They told of it for longer, and it may come again; what is in force all the time is seldom why it came.
    """
    said = says(told)
    logs = _telling(view, workload, told, said)
    return bool(logs) and all(_misses(view, lines, said) for lines in logs)


def over_for_good(view: View, workload: Workload, told: Marked) -> bool:
    """Tell whether they tell of it no more, and one of their logs shows that it does not come at times."""
    said = says(told)
    logs = (log.lines for log in _logs(view, workload, told.pods))
    spans = ((lines, _first(lines, said), _last(lines, said)) for lines in logs)
    return no_more(view, workload, told) and any(
        last is not None and _reaches_back(lines, first, view.now - last) for lines, first, last in spans
    )


def ended_before(view: View, workload: Workload, told: Marked, *sufferers: str) -> bool:
    """Tell whether words came again and again, and ended before users began to suffer, for longer than they lasted.

    ``sufferers``: whose users; those of who is well again began to suffer when they did so the last time. A trouble
    that was over for a moment and is there again is another one, or would be told of again. Words that came a few
    times, or after which a pod tells of no more work, may be the last ones of who gave up; a store, or one of whose
    requests hardly any fail, need not tell of it. What came often is missed soon; words that came before, and were
    silent for minutes in between, are of a trouble before.
    """
    said = says(told)
    logs = _telling(view, workload, told, said)
    times = [time for lines in logs for line, time in zip(lines, times_near(lines), strict=True) if time and said(line)]
    first = begun(times)
    if first is None or told.count < ENOUGH:
        return False
    last, count = max(times), sum(time >= first for time in times)
    lasted = last - first
    if count < ENOUGH or view.now - last < max(MINUTE, min(lasted, MISSED * lasted / count)):
        return False
    suffer = suffers_since(view, *sufferers) or suffered_last(view, *sufferers)
    if suffer is None or last >= suffer:
        return False
    if role(workload) in DATA or _answers(view, workload):
        return True
    return all(len(_work(_after(lines, said))) >= ENOUGH for lines in logs)


def _answers(view: View, workload: Workload) -> bool:
    """Tell whether figures show that a workload gets requests, and hardly any of them fails."""
    asked = (
        view.figures.still("request_rate", component=label) for label in labels_of(view, workload.ref, "request_rate")
    )
    return any(asked) and errors(view, workload.ref) is None


def may_be_of_old(view: View, workload: Workload, told: Marked) -> bool:
    """Tell whether a warning may be as old as its program, though no log tells of it before: it runs anew, unchanged.

    Each of its processes that warn started again, began to do so sooner than the warning comes again on the average,
    and does its work beside it; the one before did not work for longer without it. An error, or what came with a
    release or with settings, of its own or of what it needs, is new all the same.
    """
    if told.error or _changed_lately(view, workload):
        return False
    said = says(told)
    logs = [log for log in _logs(view, workload, told.pods) if any(map(said, log.lines))]
    return bool(logs) and all(_from_the_start(view, workload, log, said) for log in logs)


def spell(view: View, lines: Sequence[str]) -> Spell | None:
    """Return for how long a log did little but complain of one thing, if it works on for longer since without it.

    It did the same work without it before; what it complains of since, it complained of then.
    """
    places = _of_most(lines)
    if len(places) < ENOUGH:
        return None
    begin, end = places[0], places[-1]
    first, last = _time(lines[begin::-1]), _time(lines[end:])
    if first is None or last is None or view.now - last < max(LONG, last - first):
        return None
    before, since = lines[:begin], lines[end + 1 :]
    did, does = _work(before), _work(since)
    if len(did) < ENOUGH or len(_work(lines[begin:end])) > len(places) or not _works_since(view, lines, last):
        return None
    new = {shape_of(line) for line in since if complains(line)} - {shape_of(line) for line in before}
    if new or not {shape_of(line) for line in did} & {shape_of(line) for line in does}:
        return None
    return Spell(first, last, len(places), lines[end].strip())


def complained_since(lines: Sequence[str]) -> datetime | None:
    """Return when a log told first what it complains of most; None if it does not, or nobody knows."""
    places = _of_most(lines)
    return _time(lines[places[0] :: -1]) if len(places) >= ENOUGH else None


def quiet(view: View, lines: Sequence[str]) -> bool:
    """Tell whether a log goes on, and has complained of nothing for long: who did works since."""
    if not any(map(complains, lines)):
        return view.recent(_time(reversed(lines)), GOES_ON)
    last = _last(lines, complains)
    return last is not None and _silent(view, lines, last)


def _of_most(lines: Sequence[str]) -> list[int]:
    """Return where a log tells of what it complains of most."""
    shapes = {at: shape_of(line) for at, line in enumerate(lines) if complains(line)}
    told = Counter(shapes.values())
    shape = max(told, key=lambda each: told[each], default="")
    return [at for at, each in shapes.items() if each == shape]


def _changed_lately(view: View, workload: Workload) -> bool:
    """Tell whether a workload or anything that it needs is new: released, or with settings that were written."""
    needed = (view.workloads[ref] for ref in view.graph.needs(workload.ref) if ref in view.workloads)
    return any(
        releases(view, each, NEW) or any(view.recent(at, NEW) for _, at in outside_changes(view, each))
        for each in (workload, *needed)
    )


def _from_the_start(view: View, workload: Workload, log: Log, said: Said) -> bool:
    """Tell whether a process that started again warns since then, after no longer a silence than is usual.

    Its log is full of work, and goes back to its start.
    """
    first, start, began = _first(log.lines, said), _time(log.lines), _started_again(workload, log)
    if first is None or start is None or began is None or not view.recent(began, NEW) or start > began + MINUTE:
        return False
    times = sum(map(said, log.lines))
    usual = (view.now - first) / times
    if first - start > usual or len(_work(log.lines)) < AMONG * times:
        return False
    return not any(_did_without(each.lines, said, usual) for each in _before(view, workload, log))


def _started_again(workload: Workload, log: Log) -> datetime | None:
    """Return when the container of a log was started, if not for the first time."""
    containers = (each for pod in workload.live if pod.name == log.pod for each in pod.containers)
    return next((each.started_at for each in containers if each.name == log.container and each.restarts), None)


def _before(view: View, workload: Workload, log: Log) -> Iterator[Log]:
    """Yield the logs of what ran in the same container before."""
    logs = view.logs_of(workload.live)
    return (each for each in logs if each.previous and (each.pod, each.container) == (log.pod, log.container))


def _did_without(lines: Sequence[str], said: Said, usual: timedelta) -> bool:
    """Tell whether a log tells of work for longer than certain lines usually take to come again, and of none of them.

    How long it worked, where no line tells its time, nobody knows: it may have been for long.
    """
    works = _work(lines)
    first, last = _time(works), _time(reversed(works))
    short = first is not None and last is not None and last - first <= usual
    return len(works) >= ENOUGH and not short and not any(map(said, lines))


def _work(lines: Iterable[str]) -> list[str]:
    """Return the lines of work: no error, no warning, no probe."""
    return [line for line in lines if not complains(line) and not of_probe(line)]


def says(told: Marked) -> Said:
    """Return how to tell a line of some errors; a part of their shape is cheap to see."""
    part = max(told.shape.split("#"), key=len)
    return lambda line: part in line and complains(line) and shape_of(line) == told.shape


def _telling(view: View, workload: Workload, told: Marked, said: Said) -> list[Sequence[str]]:
    """Return the logs of the pods that told of some errors which have lines of that still."""
    return [log.lines for log in _logs(view, workload, told.pods) if any(map(said, log.lines))]


def _logs(view: View, workload: Workload | None, pods: Iterable[str]) -> Iterable[Log]:
    names = frozenset(pods)
    return view.logs_of((pod for pod in workload.live if pod.name in names) if workload else (), previous=False)


def _fell_silent(view: View, lines: Sequence[str], last: datetime, said: Said) -> bool:
    """Tell whether a log tells of work for longer than it told certain lines, the last of them then.

    What comes again and again was told for longer than it is silent each time.
    """
    first = _first(lines, said)
    return _silent(view, lines, last) and first is not None and view.now - last > last - first


def _misses(view: View, lines: Sequence[str], said: Said) -> bool:
    """Tell whether a log tells of work for long, and of what it told often no more."""
    first, last = _first(lines, said), _last(lines, said)
    if first is None or last is None or not _silent(view, lines, last):
        return False
    times = sum(map(said, lines))
    return times >= MISSED and view.now - last >= MISSED * (last - first) / times


def _silent(view: View, lines: Sequence[str], last: datetime) -> bool:
    """Tell whether a log tells of work for long since a time."""
    return view.now - last >= LONG and _works_since(view, lines, last)


def _works_since(view: View, lines: Sequence[str], last: datetime) -> bool:
    """Tell whether a log tells of work since a time until now, and of no error.

    Who gave up, or answers without what it needs, may warn of it, and is asked whether it is there.
    """
    works = []
    for line in reversed(lines):
        if (time := stamp(line)) is None:
            continue
        if time <= last:
            break
        if is_marked(line):
            return False
        if not complains(line) and not of_probe(line):
            works.append(time)
    return len(works) >= ENOUGH and view.recent(max(works), GOES_ON)


def _reaches_back(lines: Sequence[str], first: datetime | None, silent: timedelta) -> bool:
    """Tell whether a log began so long before certain lines as they are silent now: what comes at times came then."""
    start = _time(lines)
    return first is not None and start is not None and start <= first - silent


def _first(lines: Sequence[str], said: Said) -> datetime | None:
    """Return when a log told certain lines first; None if it did not, or nobody knows."""
    place = next((at for at, line in enumerate(lines) if said(line)), None)
    return None if place is None else _time(lines[place::-1])


def _last(lines: Sequence[str], said: Said) -> datetime | None:
    """Return when a log told certain lines last; None if it did not, or nobody knows."""
    place = next((at for at in range(len(lines) - 1, -1, -1) if said(lines[at])), None)
    return None if place is None else _time(lines[place:])


def _after(lines: Sequence[str], said: Said) -> Iterator[str]:
    """Return the lines after the last of certain lines, the last of all first."""
    return takewhile(lambda line: not said(line), reversed(lines))


def _time(lines: Iterable[str]) -> datetime | None:
    """Return the first time that lines tell."""
    return next((time for line in lines if (time := stamp(line)) is not None), None)
