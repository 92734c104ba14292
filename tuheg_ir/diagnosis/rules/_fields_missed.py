"""Which fields of what it reads a program stumbles over, as its lines tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.complaints import kind_spoken_of
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.logs import times_near
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

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
_BELOW = late(
    r"(?:^|Z) {0,6}(?:Field required|(?:\w{1,20} )?[Ii]nput should be|field required|value is not) ?.{0,80}[\[(]type="
)
_PLACE = late(r"(?:\S{10,40}Z )? {0,6}(?:\w{1,60}(?:\.| -> )){0,12}([A-Za-z_]\w{1,60})")
"""Pydantic tells the field in the line above of what is wrong with it."""
_EVERYDAY = frozenset(
    (
        *("length", "size", "count", "map", "filter", "foreach", "reduce", "find", "some", "every"),
        *("slice", "split", "includes", "push", "join", "keys", "values", "entries", "then", "get", "set"),
        *("has", "call", "apply", "bind", "tostring", "tolowercase", "touppercase", "trim", "replace"),
        *("match", "indexof", "prototype", "default", "id", "ids", "uuid", "key", "name", "value", "type"),
        *("kind", "status", "state", "code", "message", "error", "errors", "data", "body", "payload"),
        *("result", "results", "response", "request", "headers", "params", "query", "item", "items"),
        *("list", "rows", "row", "index", "user", "date", "time", "timestamp", "version", "url", "path"),
        *("host", "config", "options", "props", "args", "content", "text", "title", "label"),
        *("description", "total"),
    )
)
"""What any program may lack by itself: members of a language, and names that half of all answers and tables have."""
_OF_REQUESTS = late(
    r"bad ?request|request (?:body|validation)|RequestValidation|NotReadable|MethodArgument|\b(?:400|422)\b",
    re.IGNORECASE,
)
"""What was asked is wrong: that is the matter of who asked."""


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


def lacked_by_chance(field: str) -> bool:
    """Tell whether two programs may lack a field, each by its own fault: its name is an everyday one, or a number."""
    return field in _EVERYDAY or field.isdigit()


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
