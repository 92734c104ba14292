"""Lives of a program that all end at one and the same message, which is given out again to whoever comes next.

Each tells at its end whose turn it was: by the message's id, or by where a record stands in a log. What it stumbles
over then is its own code, and not somebody who does not answer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rules._one_teller import one_teller
from tuheg_ir.diagnosis.rules._places import Place, places
from tuheg_ir.diagnosis.rules._unreadable import tells_unreadable
from tuheg_ir.diagnosis.stamps import apart, goes_on, stamp, without_time
from tuheg_ir.diagnosis.view.changes import reads
from tuheg_ir.diagnosis.view.complaints import UNANSWERED
from tuheg_ir.diagnosis.view.crashes import Crash
from tuheg_ir.diagnosis.view.logs import speaks_of, tells, times_near
from tuheg_ir.diagnosis.view.once import once, once_a_view
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import ASLEEP, outside_changes
from tuheg_ir.named import NamedTuple

AGAIN = 3
"""A program that was started anew so often ends of the message again, even if only one of its lives is known."""
_TAIL = 80
"""So many last lines tell how a life ended: a trace stands there too."""
_TELLING = 6
"""A shorter name of a message may be in anybody's line."""
_BEFORE = 3
"""So many lines with a time before the error may tell whose turn it was."""
_HANDED = late(
    r"redeliver|deliver(?:y|ed)\b|delivery[-_ ]?tag|\b(?:message|msg|event|job|task|record|correlation)[-_ ]?id\b"
    r"|\b(?:message|event|job|task|record|order)\b.{0,120}\b(?:received|consumed|taken|dequeued|started|claimed)\b"
    r"|\b(?:receiv|consum|dequeu|fetch|process|handl|decod|claim|pick|import|project|apply)(?:ed|e|ing|ing up)?\b"
    r".{0,24}\b(?:message|event|job|task|record|order|document|invoice|#)",
    re.IGNORECASE,
)
"""Words of who takes up a message."""
_GIVEN_AGAIN = late(
    r"\bredelivered\b\W{1,5}true\b|\bdelivery[-_ ]?count\W{1,5}[2-9]|\battempts?\W{1,4}[2-9]", re.IGNORECASE
)
_ID = late(r"(?<![\w.:/-])(?=[\w-]{0,60}[A-Za-z])[A-Za-z0-9][\w-]{4,63}(?![\w-]|[.:/]\w)")
"""A word of letters and digits that is no part of an address, a version or a place in a file."""
_DIGITS = 4
"""So many digits has what tells one message from all others."""
_NUMBER = late(
    r"(?:(?<![a-z])(?:id|key|ref|no|nr|number|offset|order|invoice|message|event|job|task|record|document)|_id|#)"
    r"[\"']?\W{0,3}(\d{4,20})\b(?!\s?(?:rows|records|bytes|messages|events|[mun]?s)\b)",
    re.IGNORECASE,
)
"""A number that is called one of a message, and not how many there are."""
_UUID = late(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b[0-9a-f]{24}\b", re.IGNORECASE)
_OF_OTHERS = (
    *UNANSWERED,
    *("database_authentication", "outside_authentication", "database_full", "database_writes_refused"),
    *("dns", "certificate", "pool_exhausted", "read_only_database", "schema", "permission", "lock_wait", "cache_busy"),
    *("cache_full", "broker_alarm", "disk_full", "out_of_memory", "process_exhausted", "failover"),
)
"""Troubles with others, or with room: who stumbles over them does so at any message."""
_NUMBERS = late(r"(?<![\w+.:])(?:0x(?P<hex>[0-9a-fA-F]{1,16})|(?P<plain>\d{1,19}))(?![\w.])")
"""Numbers of a trace: Go tells what its functions were given, in hexadecimal; `+0x84` is a place in the program."""
_GIVEN = late(r"[\w\]>]\((.{1,400})\)")
"""A line of a trace that tells what a function was given; other lines after an error count seconds and restarts."""
_LARGE = 1000
"""A smaller number may be anything."""
_AT_ONCE = timedelta(minutes=5)
"""Edits that are no further apart may be one."""
_HINTS = ("deliver", "message", "event", "job", "task", "record", "order", "offset", "msg", "document", "invoice")


class Life(NamedTuple):
    """How a life of a container ended: at which messages, by which error."""

    log: Log
    messages: frozenset[str]
    line: str
    error: str
    at: datetime | None
    again: bool
    """Whether it tells by itself that the message was given out before, or the error names the record."""
    topics: frozenset[str]
    """The topics that its last lines name."""


class Skipped(NamedTuple):
    """A record of which another program tells that it can make nothing of it."""

    by: Workload
    place: Place
    seen: Evidence

    def may_be_of(self, topics: Collection[str]) -> bool:
        """Tell whether it may be of one of some topics, where they are told."""
        return not topics or self.place.topic in ("", *topics)


class Ended(NamedTuple):
    """The names of the message at which some lives ended, what tells the most first, and they."""

    names: tuple[str, ...]
    lives: tuple[Life, ...]


def ended_at_one(view: View, workload: Workload, ended: Sequence[Crash]) -> Ended | None:
    """Return the one message at which lives of a workload ended by a fault of its own; None if there is none.

    Two lives tell of it at least, and most of those that are known. One is enough where it tells that others had it.
    """
    if not ended:
        return None
    pods = {crash.pod.name for crash in ended}
    logs = [log for log in view.logs_of(workload.live) if log.pod in pods and _is_of(log, ended)]
    known = unreadable_elsewhere(view, workload)
    lives = [life for log in logs if (life := _life(log, known)) is not None]
    counts = Counter(message for life in lives for message in life.messages)
    if not counts or 2 * len(lives) <= sum(any(log.lines) for log in logs):
        return None
    times = max(counts.values())
    often = max(crash.container.restarts for crash in ended) >= AGAIN
    if times < len(lives) or (times < 2 and not (often and lives[0].again)):
        return None
    names = (message for message, told in counts.items() if told == times)
    return Ended(tuple(sorted(names, key=lambda name: ("@" not in name, -len(name), name))), tuple(lives))


def others_fail_at_it(view: View, workload: Workload, found: Ended | None) -> Evidence | None:
    """Return that another program cannot make sense of the record at which lives end: so it is not their settings."""
    if found is None:
        return None
    topics = {topic for life in found.lives for topic in life.topics}
    known = (each for each in unreadable_elsewhere(view, workload) if each.may_be_of(topics))
    return next((each.seen for each in known if _name(each.place) in found.names), None)


def sent_by(view: View, workload: Workload, found: Ended) -> tuple[Workload, Evidence] | None:
    """Return the one other workload of one's own whose log names the message, and its line; None if none or several."""
    names = [name for name in found.names if len(name) >= _TELLING]
    others = ((w, w.live) for w in view.serving if w is not workload and role(w) not in DATA) if names else ()
    return one_teller(
        view,
        others,
        lambda line: any(name in line for name in names) and not tells_unreadable(line),
        "it names the message",
    )


@once
def unreadable_elsewhere(view: View, workload: Workload) -> tuple[Skipped, ...]:
    """Return the records that others tell that they cannot make sense of, the first line about each.

    Who reads the same settings is no other where they are new: they may be what both stumble over. Nor is one whose
    own were written in the same minutes: one upgrade often writes the same into several.
    """
    fresh = [(ref, at) for ref, at in outside_changes(view, workload) if view.recent(at, ASLEEP)]
    mine, times = {tuple(ref.split("/", 1)) for ref, _ in fresh}, [at for _, at in fresh]
    others = (each for each in _unreadable_anywhere(view) if each.by is not workload)
    return tuple(
        each
        for each in others
        if mine.isdisjoint(reads(each.by.template))
        and not any(abs(at - time) <= _AT_ONCE for _, at in outside_changes(view, each.by) for time in times)
    )


@once_a_view
def _unreadable_anywhere(view: View) -> tuple[Skipped, ...]:
    """Return the records that programs tell that they cannot make sense of, the first line of each program about it."""
    found: dict[tuple[str, Place], Skipped] = {}
    for workload in view.serving:
        if role(workload) in DATA:
            continue
        for log in view.logs_of(workload.live):
            numbers = [n for n, line in enumerate(log.lines) if any(places(line)) and tells_unreadable(line)]
            times = times_near(log.lines) if numbers else ()
            for n in numbers:
                fact = f"it can make nothing of it either: {log.lines[n].strip()}"
                for place in places(log.lines[n]):
                    seen = Evidence("logs", f"Pod/{log.pod}", fact, times[n])
                    found.setdefault((workload.ref, place), Skipped(workload, place, seen))
    return tuple(found.values())


def _is_of(log: Log, ended: Sequence[Crash]) -> bool:
    """Tell whether a log is of a life that ended: the one before, or the last one of what does not run now."""
    mine = [crash for crash in ended if (crash.pod.name, crash.container.name) == (log.pod, log.container)]
    return any(log.previous or crash.container.state != "running" for crash in mine)


def _life(log: Log, known: Iterable[Skipped]) -> Life | None:
    """Return at which messages a life ended by its own fault; None if it did not, or names none.

    ``known``: the records that others can make nothing of: the numbers of a trace may mean one of them.
    """
    if not speaks_of(log, _HINTS):
        return None
    lines = log.lines[-_TAIL:]
    error = _own_error(lines)
    if error is None:
        return None
    handed = [n for n in _told_before(lines, error) if any(places(lines[n])) or _HANDED.search(lines[n])]
    named = {each for n in handed for each in _named(lines[n], log.pod)} if handed else set()
    before = log.lines[: len(log.lines) - len(lines) + min(handed, default=0)]
    topics = frozenset(place.topic for line in lines for place in places(line) if place.topic)
    traced = dict(_traced(lines, error, [each.place for each in known if each.may_be_of(topics)]))
    found = frozenset((*(each for each in named if _not_told_of_before(before, each)), *traced))
    if not found or _by_another(lines[min((*handed, error)) :]):
        return None
    last = max((*handed, *traced.values()))
    again = any(_GIVEN_AGAIN.search(lines[n]) for n in handed) or any(places(lines[error])) or bool(traced)
    return Life(log, found, lines[last].strip(), lines[error].strip(), times_near(lines)[last], again, topics)


def _traced(lines: Sequence[str], error: int, known: Iterable[Place]) -> Iterator[tuple[str, int]]:
    """Yield the records, of those that are known, whose part and place a function of the error's trace was given."""
    wanted = {_name(place): {place.part, place.offset} for place in known if place.offset >= _LARGE}
    for n in range(error, len(lines) if wanted else error):
        said = _GIVEN.search(lines[n])
        told = _NUMBERS.finditer(said[1]) if said else ()
        given = {int(each["hex"], 16) if each["hex"] else int(each["plain"]) for each in told}
        yield from ((name, n) for name, numbers in wanted.items() if numbers <= given)


def _name(place: Place) -> str:
    return f"{place.part}@{place.offset}"


def _own_error(lines: Sequence[str]) -> int | None:
    """Return which line tells of the fault of its own by which a life ended; None if none does."""
    own = [n for n, line in enumerate(lines) if tells("code_crash", without_time(line)) or _unreadable(line)]
    return own[-1] if own else None


def _unreadable(line: str) -> bool:
    return any(places(line)) and tells_unreadable(line)


def _told_before(lines: Sequence[str], error: int) -> list[int]:
    """Return the lines that tell what a life did before its error, and the error: a trace bears no times."""
    timed = [n for n in range(error) if stamp(lines[n]) is not None and not goes_on(apart(lines[n])[1])][-_BEFORE:]
    return [*timed, error]


def _named(line: str, pod: str) -> Iterator[str]:
    """Yield the messages that a line names; what is of the pod's own name is none."""
    for place in places(line):
        yield _name(place)
    bare = without_time(line)
    yield from (each.lower() for each in _UUID.findall(bare))
    yield from _NUMBER.findall(bare)
    yield from (each for each in _ID.findall(bare) if each not in pod and sum(map(str.isdigit, each)) >= _DIGITS)


def _not_told_of_before(lines: Sequence[str], name: str) -> bool:
    """Tell whether lines name something in their very last ones at most: what comes back all the time is no message."""
    timed = [name in line for line in lines if stamp(line) is not None]
    return all(timed[timed.index(True) :]) if True in timed else True


def _by_another(lines: Sequence[str]) -> bool:
    """Tell whether the end of a life speaks of somebody who does not answer, or of room that it lacks."""
    bare = [without_time(line) for line in lines]
    return any(tells(kind, line) for kind in _OF_OTHERS for line in bare)
