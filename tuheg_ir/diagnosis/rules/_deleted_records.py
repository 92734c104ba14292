"""What programs that keep a DNS zone log of the records that they took out of it.

Each tells it in its own way: external-dns with AWS (`Desired change: DELETE api.shop.example A`), with Google (`Del
records: api.shop.example. A [..]`) or Azure (a name and its zone apart), Terraform (`Destroying... [id=Z1_<name>_A]`),
octoDNS, a script around nsupdate. A word of taking out, a kind of record and the name itself are in all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.stamps import after_time, stamp
from tuheg_ir.diagnosis.view.changes import words_of
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_BY_ITSELF = r"(?<![A-Za-z0-9])(?:{})(?![A-Za-z0-9])"
_TAKES_OUT = late(_BY_ITSELF.format("del(?:et(?:e[ds]?|ing))?|remov(?:e[ds]?|ing)|destroy(?:ed|ing)?"), re.IGNORECASE)
_PUTS_IN = late(
    _BY_ITSELF.format("creat(?:e[ds]?|ing)|upsert(?:ed|ing)?|add(?:ed|ing)?|updat(?:e[ds]?|ing)|register(?:ed|s|ing)?"),
    re.IGNORECASE,
)
_OF_ADDRESSES = late(_BY_ITSELF.format("A|AAAA|CNAME|ALIAS"))
_RECORD = late(_BY_ITSELF.format("[Rr]ecords?|RRs?|[Rr]r[Ss]ets?|(?:Resource)?RecordSets?|nsupdate|[A-Z]+Record"))
_OF_OTHERS = late(_BY_ITSELF.format("TXT|MX|NS|SRV|PTR|SOA|CAA"))
_NOT_DONE = late(
    r"dry.?run|\bwould\b|fail|\berror\b|denied|forbidden|skip|refus|unable|cannot|can't|\bnot\b|\bkeep|throttl"
    r"|\bplan(?:ned)?\b|\bwill be\b",
    re.IGNORECASE,
)
"""Words of what was only looked at, or was refused: the zone is as it was."""
_REHEARSED = late(r"\bDryRun:true\b|\brunning in dry.?run mode", re.IGNORECASE)
_REHEARSES = late(r"-*(?:[A-Z_]+_)?dry[-_]run(?:=(?:true|1|yes))?", re.IGNORECASE)
_ANSWER = 3
"""So many lines after it, at most, a zone's server is told to have refused what was asked of it."""
_TRIES = 3
_TRIED = timedelta(minutes=2)
"""Who asks so often for so long that a record be taken out is refused each time."""
_AT_ONCE = timedelta(seconds=30)
"""A record that is made in another form is taken out and put in with one batch, in any order."""


class Deleted(NamedTuple):
    """A name whose record of addresses a workload took out of its zone, when, and the line that tells it."""

    by: Workload
    pod: str
    host: str
    at: datetime
    line: str


class _Told(NamedTuple):
    """The lines of a log of a workload, by their numbers, that tell of something taken out or put in.

    They are few, whatever the log is long: only of these each name is looked for.
    """

    by: Workload
    log: Log
    lines: tuple[tuple[int, str], ...]


def deleted(view: View, hosts: Sequence[str]) -> Iterator[Deleted]:
    """Yield for each of some names who took it out last; not where somebody put it in again with that or since."""
    zones = {".".join(host.split(".")[-2:]).lower() for host in hosts}
    logs = [
        _Told(workload, log, lines)
        for workload in view.workloads.values()
        for log in view.logs_of(workload.pods)
        if zones and speaks_of(log, zones) and (lines := _of_records(log)) and not _rehearses(workload, log)
    ]
    for host in hosts if logs else ():
        named = named_by(host)
        told = [each for log in logs for each in _taken_out(log, host, named)]
        last = max(told, key=lambda each: each.at, default=None)
        if last is not None and not any(_put_in(log, named, last.at) for log in logs):
            yield last


def _of_records(log: Log) -> tuple[tuple[int, str], ...]:
    """Return the lines, with their numbers, that may tell that something was taken out or put in."""
    return tuple((n, line) for n, line in enumerate(log.lines) if _TAKES_OUT.search(line) or _PUTS_IN.search(line))


def named_by(host: str) -> re.Pattern[str]:
    """Return what finds a name in a line, whole or as a name and its zone; none that only ends or begins like it."""
    label, _, zone = host.partition(".")
    whole = rf"(?<![a-z0-9.-]){re.escape(host)}(?![a-z0-9-]|\.[a-z0-9])"
    apart = rf"(?<![a-z0-9.-]){re.escape(label)}['\"] .{{0,40}}\bzone ['\"]{re.escape(zone)}['\".]"
    return re.compile(f"{whole}|{apart}", re.IGNORECASE)


def _taken_out(told: _Told, host: str, named: re.Pattern[str]) -> list[Deleted]:
    """Return where a log tells that a record was taken out; who is refused tells that right after, or tries again."""
    found = []
    for number, line in told.lines:
        if not named.search(line) or not _says(_TAKES_OUT, named, line):
            continue
        at, next_ones = stamp(line), told.log.lines[number + 1 : number + 1 + _ANSWER]
        if at is not None and not any(map(_NOT_DONE.search, next_ones)):
            found.append(Deleted(told.by, told.log.pod, host, at, after_time(line)))
    refused = len(found) >= _TRIES and found[-1].at - found[0].at >= _TRIED
    return [] if refused else found


def _put_in(told: _Told, named: re.Pattern[str], since: datetime) -> bool:
    """Tell whether a log tells that a record of a name was put in since a time, or with the same batch."""
    lines = (line for _, line in told.lines if named.search(line) and not _says(_TAKES_OUT, named, line))
    found = (line for line in lines if _says(_PUTS_IN, named, line))
    return any((at := stamp(line)) is not None and at >= since - _AT_ONCE for line in found)


def _says(word: re.Pattern[str], named: re.Pattern[str], line: str) -> bool:
    """Tell whether a line tells by a word that it was done to a record of addresses; a name may hold any word."""
    rest = named.sub(" ", line)
    if not word.search(rest) or _NOT_DONE.search(rest):
        return False
    return bool(_OF_ADDRESSES.search(rest)) or bool(_RECORD.search(rest) and not _OF_OTHERS.search(rest))


def _rehearses(workload: Workload, log: Log) -> bool:
    """Tell whether a program only tells what it would do."""
    return any(map(_REHEARSES.fullmatch, words_of(workload.template))) or any(map(_REHEARSED.search, log.lines))
