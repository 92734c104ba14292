"""Callers of one service that stumble over the same field since its release: it answers in another form.

Each by itself may have broken, above all one that was released as well; programs of other people, in other languages,
do not come to lack the same field by chance in the same minutes. Few of them tell whose answer it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._fed_by import share_a_store
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._hosts_outside import WATCHES
from tuheg_ir.diagnosis.rules._in_between import in_between
from tuheg_ir.diagnosis.rules._onset import way_changed
from tuheg_ir.diagnosis.rules._rare_at_first import fails_since, tells_late
from tuheg_ir.diagnosis.view.complaints import STILL, kind_spoken_of
from tuheg_ir.diagnosis.view.graph import foreign, hosts_in
from tuheg_ir.diagnosis.view.hosts import hosts_named, is_address
from tuheg_ir.diagnosis.view.logs import lines_told, times_near
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import BEFORE, since_release, soon_after
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.trouble import OFTEN, suffering
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes

_FIELD = late(
    r"\bKeyError\W{1,4}(?:key not found: |key )?[\"':]{0,2}(\w{2,60})"
    r"|\bkey not found: [\"':]{0,2}(\w{2,60})"
    r"|\bmissing (?:required )?(?:creator )?(?:field|property|key) ?:? ?[\"'`](\w{2,60})"
    r"|\bmissing required properties,? including(?: the following)?: ?'?(\w{2,60})"
    r"|\b(?:unrecognized|unknown) (?:field|property|key) [\"'`](\w{2,60})"
    r"|\bGo struct field (?:\w{1,60}\.){0,8}(\w{2,60}) of type"
    r"|\bof (?:undefined|null) \(reading '(\w{2,60})'"
    r"|\bundefined (?:array key|index|property):? [\"']?(?:\w{1,60}::\$)?(\w{2,60})"
    r"|\bfield '(\w{2,60})' is required for type"
    r"|\brequired (?:property|value) '(\w{2,60})'"
    r"|\bJSONException: No value for (\w{2,60})"
    r"|\bthrough reference chain: .{1,300}\[\"(\w{2,60})\"\]\)"
    r"|\bpath:? \$[\w.\[\]]{0,120}\.(\w{2,60})"
    r"|[\"'](?:path|loc)[\"']: ?[\[(](?:[^\])]{0,120}, ?)?[\"'](\w{2,60})[\"'][\])]"
    r"|\b(\w{2,60})\\n {0,6}(?:Field required|Input should be)"
    r"|\b(\w{2,60}): invalid type: "
    r"|[\"'](\w{2,60})[\"']: ?\[[\"']Not a valid "
    r"|\bto property [\w\\]{1,120}::\$(\w{2,60}) of type"
    r"|\.(\w{2,60})\.(?:to\w{2,30}|map|filter|forEach|reduce|split|trim|slice|replace) is not a function",
    re.IGNORECASE,
)
"""How programs tell which field of what they read is not there, is of another type, or is one that they do not know."""
_BELOW = late(r"(?:^|Z) {0,6}(?:Field required|Input should be|field required|value is not) ?.{0,80}[\[(]type=")
_PLACE = late(r"(?:\S{10,40}Z )? {0,6}(?:\w{1,60}(?:\.| -> )){0,12}([A-Za-z_]\w{1,60})")
"""Pydantic tells the field in the line above of what is wrong with it."""
_OF_REQUESTS = late(
    r"bad ?request|request (?:body|validation)|RequestValidation|NotReadable|MethodArgument|\b(?:400|422)\b",
    re.IGNORECASE,
)
"""What was asked is wrong: that is the matter of who asked."""
_EVERYDAY = frozenset(
    (
        *("length", "size", "count", "map", "filter", "foreach", "reduce", "find", "some", "every", "slice", "split"),
        *(
            "includes",
            "push",
            "join",
            "keys",
            "values",
            "entries",
            "then",
            "get",
            "set",
            "has",
            "call",
            "apply",
            "bind",
        ),
        *("tostring", "tolowercase", "touppercase", "trim", "replace", "match", "indexof", "prototype", "default"),
        *("id", "ids", "uuid", "key", "name", "value", "type", "kind", "status", "state", "code", "message", "error"),
        *(
            "errors",
            "data",
            "body",
            "payload",
            "result",
            "results",
            "response",
            "request",
            "headers",
            "params",
            "query",
        ),
        *(
            "item",
            "items",
            "list",
            "rows",
            "row",
            "index",
            "user",
            "date",
            "time",
            "timestamp",
            "version",
            "url",
            "path",
        ),
        *("host", "config", "options", "props", "args", "content", "text", "title", "label", "description", "total"),
    )
)
"""What any program may lack by itself: members of a language, and names that half of all answers and tables have."""
_OF_SHAPE = ("image", "env", "command", "mounts")
"""What a release has to change for its answers to be others."""


class Missed(NamedTuple):
    """What a workload tells of a field that it stumbles over: how often, from when until when, a pod and a line.

    ``hosts``: those that any of its lines names; ``of_store``: one speaks of a store.
    """

    often: int
    first: datetime
    last: datetime
    pod: str
    line: str
    hosts: frozenset[str]
    of_store: bool


class Alike(NamedTuple):
    """Callers that stumble over the same field, the lines that tell it, since when, and who suffers by it."""

    callers: tuple[Workload, ...]
    told: tuple[Evidence, ...]
    first: datetime
    felt: tuple[Evidence, ...]
    untouched: Workload


def stumble_alike(view: View, called: Workload) -> Alike | None:
    """Return the callers that stumble over one field since a service's release, if at least one was not released.

    Not where one stumbled over it before, where anything else was released or set otherwise then that all of them ask,
    are asked by or share a store with, or where one may get the field from the other. One that was released as well had
    served well. Nor where a line names another: whoever is called often was released before something else broke.
    """
    if not called.changed(*_OF_SHAPE) or called.released_at is None or called.returned:
        return None
    if called.ready < called.wanted or is_store(called) or keeps_data(view, called):
        return None
    callers = [w for w in view.serving if w is not called and called.ref in view.graph.calls.get(w.ref, ())]
    told = [(w, fields_missed(view, w)) for w in callers]
    for field in sorted({field for _, missed in told for field in missed}):
        lacking = [(w, missed[field]) for w, missed in told if field in missed]
        found = _alike(view, called, called.released_at + BEFORE, lacking)
        if found is not None and _of_its_answers(view, called, field, found.callers, dict(lacking)):
            return found
    return None


def _alike(view: View, called: Workload, came: datetime, told: Sequence[tuple[Workload, Missed]]) -> Alike | None:
    early = oldest(fails_since(view, called, w) for w, _ in told)
    new = [(w, m) for w, m in told if _goes_on(view, m) and _may_witness(view, called, w, m, early)]
    if len(new) < 2 or any(m.first < came for _, m in told):
        return None
    met = min(m.first for _, m in new)
    first = met if since_release(called, met) else (oldest((early, met)) or met)
    untouched = next((w for w, m in new if not since_release(w, m.first)), None)
    callers = tuple(w for w, _ in new)
    said = [each for w in callers for each in (*felt(view, w.ref), *suffering(view, w.ref))]
    began = oldest(each.time for each in said)
    if untouched is None or began is None or began < came:
        return None
    for moment in {first, met}:
        changed = (w for w in view.serving if w is not called and _changed_then(view, w, moment))
        if any(_may_be_why(view, w, callers) for w in changed) or way_changed(view, untouched, called, moment):
            return None
        if any(soon_after(moment, at) for _, at in outside_changes(view, called)):
            return None
    lines = (lines_told(m.pod, m.often, m.line, m.first) for _, m in new)
    return Alike(callers, tuple(lines), first, tuple(said), untouched)


def _goes_on(view: View, missed: Missed) -> bool:
    return missed.often >= OFTEN and view.recent(missed.last, STILL)


def _may_witness(view: View, called: Workload, caller: Workload, missed: Missed, early: datetime | None) -> bool:
    """Tell whether a service's release may have brought a caller what it misses, and its own did not.

    ``early``: since when one of the callers fails since that release, though words of it came later.
    """
    if since_release(called, missed.first):
        return not since_release(caller, missed.first) or in_between(caller, called.released_at, missed.first)
    return early is not None and tells_late(view, called, caller, missed.first)


def _changed_then(view: View, other: Workload, first: datetime) -> bool:
    """Tell whether a workload was released then, or what it reads was written."""
    return since_release(other, first) or any(soon_after(first, at) for _, at in outside_changes(view, other))


def _of_its_answers(
    view: View, called: Workload, field: str, callers: Sequence[Workload], told: Mapping[Workload, Missed]
) -> bool:
    """Tell whether it may be only the answers of a service in which callers miss a field, by what their lines name.

    Where not all of them name it, the field must be one that others do not have by chance, and nothing else that all
    of them read and of which nobody sees how it changed may be meant: a host outside, or the rows of a store.
    """
    named = [[*_named(view, each, told[each].hosts)] for each in callers]
    if any(ref != called.ref for refs in named for ref in refs):
        return False
    if all(named):
        return True
    if field in _EVERYDAY or field.isdigit() or frozenset.intersection(*(_outside(view, each) for each in callers)):
        return False
    return not (_one_store(view, callers) and any(told[each].of_store for each in callers))


def _named(view: View, caller: Workload, hosts: Iterable[str]) -> Iterator[str]:
    """Yield whom the hosts in a caller's lines mean but itself: workloads, or hosts that are none.

    An address that is nobody's here may be that of whom it serves.
    """
    for host in sorted(hosts):
        ref = view.graph.resolve(host)
        if ref != caller.ref and host != "localhost" and (ref or not is_address(host)):
            yield ref or host


def _outside(view: View, caller: Workload) -> frozenset[str]:
    """Return the hosts outside that a caller asks, but for those that only get what it measures."""
    said = (host for key, value in view.graph.settings(caller) for host in hosts_in(key, value))
    hosts = {*said, *view.graph.outside.get(caller.ref, ())}
    away = (host for host in hosts if foreign(host) and not view.graph.resolve(host))
    return frozenset(host for host in away if not WATCHES.search(host))


def _one_store(view: View, callers: Sequence[Workload]) -> bool:
    """Tell whether all callers ask one store."""
    shared = set.intersection(*(view.graph.calls.get(each.ref, set()) for each in callers))
    return any(role(view.workloads[ref]) in DATA for ref in shared if ref in view.workloads)


def _may_be_why(view: View, other: Workload, callers: Sequence[Workload]) -> bool:
    """Tell whether another release may have brought all callers what they stumble over, or one of them the others."""
    near = [view.graph.needs(w.ref) | view.graph.callers(w.ref) for w in callers if w is not other]
    if other in callers:
        return any(other.ref in each for each in near)
    return all(other.ref in each or share_a_store(view, w, other) for each, w in zip(near, callers, strict=True))


@once
def fields_missed(view: View, workload: Workload) -> dict[str, Missed]:
    """Return field, in small letters and without underscores -> what a workload tells of stumbling over it."""
    found: dict[str, Missed] = {}
    for log in view.logs_of(workload.live, previous=False):
        told = list(_fields(log.lines))
        times = times_near(log.lines) if told else []
        for number, field in told:
            at = times[number]
            if at is None:
                continue
            was = found.get(field)
            line = log.lines[number].strip()[:240]
            hosts, of_store = frozenset(hosts_named([log.lines[number]])), bool(kind_spoken_of(line))
            if was is None:
                found[field] = Missed(1, at, at, log.pod, line, hosts, of_store)
            else:
                first, last = oldest((was.first, at)) or at, newest((was.last, at)) or at
                hosts, of_store = hosts | was.hosts, of_store or was.of_store
                found[field] = Missed(was.often + 1, first, last, log.pod, line, hosts, of_store)
    return found


def _fields(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield (number of the line, field) of what is told of fields."""
    for number, line in enumerate(lines):
        said = _FIELD.search(line)
        field = next(filter(None, said.groups()), "") if said else ""
        if not field and number and _BELOW.search(line):
            above = _PLACE.fullmatch(lines[number - 1].rstrip())
            field = above[1] if above else ""
        if field and not _OF_REQUESTS.search(line):
            yield number, field.replace("_", "").lower()
