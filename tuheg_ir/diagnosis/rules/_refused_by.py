"""Who refuses a caller's requests since a release, where its errors tell how it was answered and not by whom.

A client's exception mostly names no host. Whose answer it was its server tells in the same moments, or of the same
request by its number; the trace leads through the client of that one; or the caller asks nobody else.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rules._onset import near
from tuheg_ir.diagnosis.stamps import has_near, stamp, without_time
from tuheg_ir.diagnosis.view.askers import answer_of
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.marked import complains, is_marked
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import BEFORE
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes
from tuheg_ir.named import NamedTuple

_REFUSED = late(
    r"(?:\bstatus(?:[ _-]?code)?|\bcode|\bHTTP(?:/\d(?:\.\d)?)?|\breturned|\brespon(?:ded|se)|\banswered|\bsuccess|->"
    r"|\bgot|\bfailed with)[\"'\]]?\W{0,4}(?:(?:with|status|code|is|of|was)\b\W{0,2}){0,3}(?P<told>4\d\d)\b"
    r"|\b(?P<named>4\d\d)[ :]\W?(?:Bad ?Request|Not ?Found|Method ?Not|Not ?Acceptable|Conflict|Gone\b|Precondition"
    r"|Unsupported ?Media|Unprocessable|Client Error|Length ?Required)"
    r"|(?:Client|Response|Status|Http|Feign|Rest|Api)\w{0,20}(?:Exception|Error)(?:\$\w{2,40})?: \[?(?P<typed>4\d\d)\b"
    r"(?= ?[\]:])",
    re.IGNORECASE,
)
"""How the errors of clients tell that an answer was a refusal; Spring and Feign tell it in the type of an exception."""
_OTHERWISE = (401, 403, 407, 408, 425, 429, 499)
"""Who may not, or asks too often or too slowly, is refused whatever he asks for."""
_NUMBER = late(r"(?<![0-9a-f])(?:[0-9a-f]{32}|[0-9a-f]{16}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9a-f])")
"""The number of a request or a trace, that a caller hands on."""
_OF_A_PLACE = late(
    r"_?(?:base_?)?(?:ur[il]|host(?:name)?|addr(?:ess)?|endpoint|service|server|target|api|http|grpc|rest|root)$"
)
"""How the name of a setting ends that tells where somebody is; before it stands who."""
_CLIENT = r"[_-]?(?:http|rest|api|service|svc|web)?[_-]?(?:client|gateway|api|adapter|connector|proxy|remote)"
_GOES_ON = late(r"at |Caused by|File \"|\.\.\. \d|--- End|---> |Error: |Traceback ")
"""How the lines of a trace begin, to which the kubelet gave a time where the program tells none."""
_THROWN = late(r"[\w.]{1,200}(?:Exception|Error)(?:\$\w{1,60})?: ")
"""How the line of an exception begins that a program puts below its own words."""
AT_ONCE = timedelta(seconds=2)
"""A refusal is told by both sides within so much."""
DENSE = 0.5
"""Where refusals are told in so large a part of the time, that one falls into the moment of another says nothing."""
MOSTLY = 0.8
REACHES = timedelta(minutes=5)
"""So long before a release a log has to reach back to show that it told nothing of it then."""
HEAD, BEFORE_IT = 100, 60
"""So much of a line, and so much before what it tells of a refusal, is shown."""
LONGEST, LEAST, ENOUGH = 40, 4, 20
"""Lines of a trace; letters of a name; answers that show how a server answers."""


class _Error(NamedTuple):
    """An error that tells of a refusal: when, of which pod, its line, and the trace that follows."""

    at: datetime
    pod: str
    line: str
    trace: str


class Refusals(NamedTuple):
    """(when, pod, line) of the errors of a caller that one neighbour refuses, and what shows that it is that one."""

    told: list[tuple[datetime, str, str]]
    seen: Evidence


def refused_by(view: View, caller: Workload, called: Workload) -> Refusals | None:
    """Return the errors of a caller that a neighbour refuses since its release; None: none, or nobody knows whose."""
    came = called.released_at
    if came is None or called not in view.called(caller.ref) or not _heard_before(view, caller, came):
        return None
    errors = _refusals(view, caller)
    if errors and _passes_on(view, caller, called):
        return None
    for status in sorted(errors, key=lambda each: -len(errors[each])):
        told = errors[status]
        if len(told) < OFTEN or told[0].at < came + BEFORE or _edited(view, called, told[0].at):
            continue
        if seen := _whose(view, caller, called, status, told):
            return Refusals([(each.at, each.pod, _short(each.line)) for each in told], seen)
    return None


def _passes_on(view: View, caller: Workload, called: Workload) -> bool:
    """Tell whether a server complains of refusals by somebody else, whom it names: it may pass these on."""
    told = (each.line for told in _refusals(view, called).values() for each in told)
    return _name_others(view, caller, called, (line for line in told if not answer_of(line)))


def _name_others(view: View, caller: Workload, called: Workload, lines: Iterable[str]) -> bool:
    """Tell whether lines name a host that is neither of both."""
    here = {"", caller.ref, called.ref}
    return any(view.graph.resolve(host) not in here or view.graph.is_away(host) for host in hosts_named(lines))


def _short(line: str) -> str:
    """Return a line so that it tells of the refusal in its beginning."""
    said = _REFUSED.search(line)
    at = said.start() - BEFORE_IT if said else 0
    return line if at < HEAD else f"{line[:HEAD]} ... {line[at:]}"


@once
def _refusals(view: View, caller: Workload) -> dict[int, list[_Error]]:
    """Return the complaints of a workload that tell of a refusal, by its status, in the order of time."""
    found: dict[int, list[_Error]] = defaultdict(list)
    for log in view.logs_of(caller.live, previous=False):
        for number, line in enumerate(log.lines):
            if status := _status(line):
                found[status] += _errors(log, number)
    return {status: sorted(told) for status, told in found.items()}


def _errors(log: Log, number: int) -> Iterator[_Error]:
    """Yield the error that tells of a refusal in a line, with its time.

    What a program tells of it, and the exception in a line of its own below that, are one error.
    """
    line, above = log.lines[number], log.lines[number - 1] if number else ""
    at, began, thrown = stamp(line), stamp(above), without_time(line)
    below = began is not None and is_marked(above) and not _status(above) and _THROWN.match(thrown) is not None
    if began is not None and below and (at is None or at - began <= AT_ONCE):
        yield _Error(began, log.pod, f"{above} {thrown}", _trace(log.lines, number - 1))
    elif at is not None:
        yield _Error(at, log.pod, line, _trace(log.lines, number))


def _status(line: str) -> int:
    """Return the status that somebody was refused with, by a line that its program calls an error or a warning."""
    said = _REFUSED.search(line) if complains(line) else None
    status = int(said["told"] or said["named"] or said["typed"]) if said else 0
    return 0 if status in _OTHERWISE else status


def _trace(lines: Sequence[str], number: int) -> str:
    """Return what is told of an error: its line, and those that follow without a time of their own, or of its trace."""
    rest = lines[number + 1 : number + LONGEST]
    end = next((n for n, line in enumerate(rest) if stamp(line) and not _GOES_ON.match(without_time(line))), len(rest))
    return "\n".join((lines[number], *rest[:end]))


def _heard_before(view: View, caller: Workload, came: datetime) -> bool:
    """Tell whether a log of a caller reaches back long enough before a release."""
    logs = view.logs_of(caller.live, previous=False)
    firsts = (next(filter(None, map(stamp, log.lines)), None) for log in logs)
    return any(first is not None and first <= came - REACHES for first in firsts)


def _edited(view: View, called: Workload, began: datetime) -> bool:
    """Tell whether what a server reads was written in the minutes in which it began to refuse."""
    return any(near(at, began) for _, at in outside_changes(view, called))


def _whose(view: View, caller: Workload, called: Workload, status: int, told: Sequence[_Error]) -> Evidence | None:
    """Return what shows that refusals are a neighbour's."""
    came = called.released_at
    lines = [line for line in view.lines_of(called) if answer_of(line)]
    refused = [line for line in lines if answer_of(line) == status]
    if refused and (_by_number(told, refused) or _in_its_moments(told, refused)):
        fact = f"it tells itself that it answered {len(refused)} of {len(lines)} requests with {status}, at these times"
        return Evidence("logs", called.ref, fact, oldest(map(stamp, refused)))
    if not refused and len(lines) >= ENOUGH:
        return None  # so it answers nobody
    if _name_others(view, caller, called, (each.line for each in told)):
        return None
    if client := _client(view, caller, called, told):
        return Evidence("logs", called.ref, f"the errors lead through the client for it, {client}", told[0].at)
    if _asks_nobody_else(view, caller, called) and all(is_marked(e.line) and not answer_of(e.line) for e in told):
        return Evidence("objects", called.ref, f"{caller.ref} is known to ask nobody else", came)
    return None


def _by_number(told: Sequence[_Error], refused: Sequence[str]) -> bool:
    """Tell whether most errors name a request that a server tells to have refused."""
    known = {number for line in refused for number in _NUMBER.findall(line)}
    met = sum(not known.isdisjoint(_NUMBER.findall(each.line)) for each in told)
    return met >= max(OFTEN, len(told) / 2)


def _in_its_moments(told: Sequence[_Error], refused: Sequence[str]) -> bool:
    """Tell whether nearly all errors fall into moments in which a server refused one, if there are not too many."""
    times = sorted(at for line in refused if (at := stamp(line)) is not None)
    if not times or len(times) * 2 * AT_ONCE > DENSE * (times[-1] - times[0]):
        return False
    within = [each for each in told if times[0] - AT_ONCE <= each.at <= times[-1] + AT_ONCE]
    met = sum(has_near(times, each.at, AT_ONCE) for each in within)
    return met >= max(OFTEN, MOSTLY * len(within))


def _client(view: View, caller: Workload, called: Workload, told: Sequence[_Error]) -> str:
    """Return the client, named as a setting names the neighbour, through which nearly all errors lead; "" for none."""
    names = {name for ref, name in _named(view, caller) if ref == called.ref}
    names -= {name for ref, name in _named(view, caller) if ref != called.ref}
    if not names:
        return ""
    pattern = re.compile(rf"(?<![a-z])(?:{'|'.join(map(re.escape, sorted(names)))}){_CLIENT}", re.IGNORECASE)
    found = [said[0] for each in told if (said := pattern.search(each.trace))]
    return found[0] if len(found) >= MOSTLY * len(told) else ""


def _named(view: View, caller: Workload) -> Iterator[tuple[str, str]]:
    """Yield (Kind/name, name) of whom a caller's settings name: REGISTER_BASE_URL is that of the register."""
    for key, value in view.graph.settings(caller):
        name = _OF_A_PLACE.sub("", key.lower().replace("-", "_").replace(".", "_")).replace("_", "")
        if len(name) >= LEAST:
            yield from ((ref, name) for host in hosts_in(key, value) if (ref := view.graph.resolve(host)))


def _asks_nobody_else(view: View, caller: Workload, called: Workload) -> bool:
    """Tell whether a caller is known to ask no other program, of the namespace or outside."""
    asked = [each for each in view.called(caller.ref) if role(each) not in DATA]
    hosts = {host for key, value in view.graph.settings(caller) for host in hosts_in(key, value)}
    return asked == [called] and not view.graph.outside.get(caller.ref) and not any(map(view.graph.is_away, hosts))
