"""Queues as somebody's log lists them with their readers: a run that asks the broker, where nobody measures them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

STILL = timedelta(minutes=75)
"""Who looks does so each hour or more often: what was listed longer ago than this may be otherwise by now."""
_CELLS = late(r"[^\s|│┃]+")
_RULER = late(r"^[\s|│┃┌┐└┘├┤┬┴┼─═+=-]*$")
_NUMBER = late(r"[0-9]{1,15}")
_NAMES, _WAITING = ("name", "queue"), ("messages_ready", "ready", "messages")
_READERS = "consumers"
"""Columns as `rabbitmqctl list_queues` and `rabbitmqadmin list queues` name them."""


class Listing(NamedTuple):
    """What a log listed once: queue -> how many messages wait in it, and how many read it."""

    at: datetime
    pod: str
    queues: dict[str, tuple[int, int]]


def left_unread(view: View, names: set[str], since: datetime) -> Evidence | None:
    """Return that the queues of some names which had readers have none since a time, and one of them grew.

    None: nobody tells so. Whoever still reads one of them was not dropped for good.
    """
    listed = [each for each in _listings(view) if names & each.queues.keys()]
    if not listed or listed[-1].at < since or not view.recent(listed[-1].at, STILL):
        return None
    last = listed[-1]
    had = {name: read for name in sorted(names & last.queues.keys()) if (read := _read(listed, name))}
    if any(last.queues[name][1] for name in had):
        return None
    for name, (at, were, readers) in had.items():
        waiting, _ = last.queues[name]
        if waiting > were:
            fact = f"nobody reads {name}, in which {waiting} messages wait; {readers} did at {at:%H:%M}, with {were}"
            return Evidence("logs", f"Pod/{last.pod}", fact, last.at)
    return None


def _read(listed: Sequence[Listing], name: str) -> tuple[datetime, int, int] | None:
    """Return when a queue was listed with readers the last time, how many messages waited in it, and how many read."""
    found = [(each.at, *each.queues[name]) for each in listed if each.queues.get(name, (0, 0))[1]]
    return found[-1] if found else None


@once_a_view
def _listings(view: View) -> list[Listing]:
    """Return what all logs listed, oldest first."""
    ended = {pod.name: pod.started for each in view.workloads.values() for pod in each.pods if not pod.live}
    logs = (log for log in view.snapshot.logs if speaks_of(log, (_READERS,)))
    return sorted((each for log in logs for each in _in(log, ended.get(log.pod))), key=lambda each: each.at)


def _in(log: Log, ended: datetime | None) -> Iterator[Listing]:
    """Yield the listings of a log; one without times is as old as its run, if that is over."""
    bare = [without_time(line) for line in log.lines]
    heads = [n for n, line in enumerate(bare) if _columns(_CELLS.findall(line.lower())) is not None]
    for head in heads:
        rows = dict(_rows(bare[head:]))
        at = newest(map(stamp, log.lines[max(0, head - 2) : head + len(rows) + 1])) or ended
        if rows and at is not None:
            yield Listing(at, log.pod, rows)


def _rows(lines: Sequence[str]) -> Iterator[tuple[str, tuple[int, int]]]:
    head = _CELLS.findall(lines[0].lower())
    columns = _columns(head)
    for line in lines[1:]:
        cells = _CELLS.findall(line)
        if _RULER.match(line):
            continue
        if columns is None or len(cells) != len(head):
            return
        name, waiting, readers = (cells[n] for n in columns)
        if not (_NUMBER.fullmatch(waiting) and _NUMBER.fullmatch(readers)):
            return
        yield name, (int(waiting), int(readers))


def _columns(head: Sequence[str]) -> tuple[int, int, int] | None:
    """Return where a heading has the name of a queue, what waits in it and its readers; None: it is no such heading."""
    name = next((head.index(each) for each in _NAMES if each in head), None)
    waiting = next((head.index(each) for each in _WAITING if each in head), None)
    if name is None or waiting is None or _READERS not in head:
        return None
    return name, waiting, head.index(_READERS)
