"""Runs that took all rows out of a table, or many: by their logs, their commands, or the log of the database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rules._senders import sends
from tuheg_ir.diagnosis.rules._whole_base import ALL, asked_to_lose_all, lost
from tuheg_ir.diagnosis.view.batch import ended, started, tries, verdict, went_on
from tuheg_ir.diagnosis.view.logs import times_near
from tuheg_ir.diagnosis.view.pods import controller
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import items, mapping, name, ref, written
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

HOURS = timedelta(hours=6)
"""What was emptied longer ago was noticed, or is missed by nobody."""
AGAIN = timedelta(minutes=15)
"""What one empties again after so long it empties as a habit."""
CLOCKS = timedelta(seconds=30)
_NAMED = r"[\"'`\[(:]*(?:[\w-]+[\"'`\]]*\.[\"'`\[]*)?([a-z_][\w-]*)"
_WHOLE = late(
    rf"\btruncat(?:e|ed|es|ing)\s+(?:cascades\s+to\s+)?(?:table\s+)?(?:only\s+)?{_NAMED}"
    rf"|\btruncate(?:_tables?)?\({_NAMED}|\bdrop_table\({_NAMED}"
    rf"|\bdrop\s+table\s+(?:if\s+exists\s+)?{_NAMED}"
    rf"|\bdelete\s+from\s+(?:only\s+)?{_NAMED}[\"'`\]]*\s*(?:;|[\"']|$)"
    rf"|\bCMD: drop\b.{{0,80}}\"namespace\": ?\"{_NAMED}|\[{_NAMED}/[\w-]{{10,}}\] deleting index",
    re.IGNORECASE,
)
"""How databases, their tools and statements tell that a table, a collection or an index loses all that it has."""
_ROWS = late(
    rf"\bdelete\s+from\s+(?:only\s+)?{_NAMED}[\"'`\]]*\s+(?:as\s+\w+\s+)?(?:using|where)\b"
    r"|\b(?:delet|remov|purg|wip|clear|empti)ed\s+(?:all\s+)?(?:\d[\d,._]*\s+)?"
    rf"(?:(?:rows?|records?|documents?|entries)\s+)(?:from|in|of)\s+(?:(?:the\s+)?(?:table|collection)\s+)?{_NAMED}"
    rf"|\b\d[\d,._]*\s+(?:rows?|records?|documents?)\s+(?:deleted|removed|purged)\s+(?:from|in)\s+{_NAMED}",
    re.IGNORECASE,
)
"""How they tell that some rows go: more than were meant, it may be."""
_HINTS = ("trunc", "drop", "delet", "remov", "purg", "wip", "clear", "empti", "reset", "clean")
_COMMENT = late(r"(?:^|\s)--\s(?!\s*\w+\().*")
"""What a file of SQL says about itself; Rails tells so of what it does: `-- drop_table(:orders)`."""
NOT_DONE = late(
    r"\b(?:cannot|can't|could not|failed|denied|would|dry.?run|skip(?:ped|ping)?|rolled back)\b"
    r"|(?-i:\bERROR\b|STATEMENT:)",
    re.IGNORECASE,
)
"""A statement that was refused, or only spoken of."""
_NO_TABLE = (
    *("table", "if", "only", "exists", "cascade", "partition"),
    *("data", "log", "logs", "file", "files", "the", "to"),
)
_VERSION = late(r"^(?:[VRU]?[\d._-]+|R)_+|\.\w+$")
_UNDOES = late(r"^U\d|[._-](?:down|undo|rollback|revert)\b", re.IGNORECASE)
"""A file that takes back what another one does: tools keep it, and run it only when they are told to."""
_SIGNS = late(r"[\W_]+")
_SLUG = 5
"""A file with a shorter name is not known by it."""


class Emptied(NamedTuple):
    """What was taken out of tables: by whom, what shows it, when it began, of which, and whether all that was there.

    Of a whole database the names are ``ALL``; ``bases``: which ones, "" for one that is not named.
    """

    by: str
    seen: Evidence
    at: datetime
    names: frozenset[str]
    whole: bool
    bases: frozenset[str] = frozenset()


class _Said(NamedTuple):
    at: datetime
    line: str
    names: frozenset[str]
    whole: bool
    source: str = "logs"
    bases: frozenset[str] = frozenset()


def bare(name: str) -> str:
    """Return a table's name, or a line that may name one, as both are written alike: `work_orders`, `/Work-Orders`."""
    return _SIGNS.sub("", name).lower()


def emptied(view: View) -> Iterator[Emptied]:
    """Yield which runs, or clients of a database, took the rows out of tables; not who does so again and again."""
    done: dict[str, list[Emptied]] = {}
    jobs = [(job, run) for job in view.snapshot.of("Job") if (run := run_of(view, job)) and not verdict(job)[0]]
    for job, run in jobs:
        if began := started(job):
            said = [*_told(view, job, run, began), *_meant(view, job, run, began)]
            done.setdefault(run.ref, []).extend(_as_one(run.ref, ref(job), said))
    for server in of_role(view.workloads, "database"):
        for by, one in _of_server(view, server, jobs):
            if not any(abs(one.at - each.at) <= HOURS and one.names & each.names for each in done.get(by, ())):
                done.setdefault(by, []).append(one)
    for each in done.values():
        yield from _once(view, each)


def _once(view: View, told: Sequence[Emptied]) -> Iterator[Emptied]:
    """Yield what one took out of late, as one, if it had not done so earlier as well: that is usual then."""
    last = max((each.at for each in told), default=None)
    if last is None or not view.recent(last, HOURS):
        return
    now = [each for each in told if last - each.at <= AGAIN]
    names, bases = (frozenset[str]().union(*told) for told in zip(*((e.names, e.bases) for e in now), strict=True))
    if any(each.names & names for each in told if each not in now):
        return
    first = min(now, key=lambda each: each.at)
    yield first._replace(names=names, whole=any(each.whole for each in now), bases=bases)


def run_of(view: View, job: Obj) -> Workload | None:
    """Return the workload that a Job is, or a run of."""
    return view.workloads.get(controller(job) or ref(job))


def _as_one(by: str, where: str, said: Sequence[_Said]) -> list[Emptied]:
    """Return what one run told as one; the first line of it stands for all."""
    if not said:
        return []
    first = min(said, key=lambda each: (each.source != "logs", each.at))
    began = min(each.at for each in said)
    names, bases = (frozenset[str]().union(*told) for told in zip(*((e.names, e.bases) for e in said), strict=True))
    seen = Evidence(first.source, where, f"it took out what was there: {first.line.strip()}", first.at)
    return [Emptied(by, seen, began, names, any(each.whole for each in said), bases)]


def _told(view: View, job: Obj, run: Workload, began: datetime) -> Iterator[_Said]:
    """Yield what the log of a run tells; lines without a time are as old as the run."""
    for log in view.logs_of(tries(job, run.pods)):
        yield from _said(log.lines, began)


def _said(lines: Sequence[str], began: datetime | None) -> Iterator[_Said]:
    if not any(hint in line.lower() for line in lines for hint in _HINTS):
        return
    for at, line in zip(times_near(lines), lines, strict=True):
        time = max(at, began) if at and began else at or began
        names, whole, bases = _taken(line)
        if names and time:
            yield _Said(time, line, names, whole, bases=bases)


def _taken(line: str) -> tuple[frozenset[str], bool, frozenset[str]]:
    """Return of which tables a line tells that rows went, and whether all; and of which databases all tables went."""
    lowered = line.lower()
    if not any(hint in lowered for hint in _HINTS) or NOT_DONE.search(line):
        return frozenset(), False, frozenset()
    done = _COMMENT.sub("", line)
    if bases := lost(done):
        return frozenset({ALL}), True, bases
    for pattern, whole in ((_WHOLE, True), (_ROWS, False)):
        found = {name.lower() for each in pattern.finditer(done) for name in each.groups() if name}
        if names := frozenset(map(bare, found.difference(_NO_TABLE))):
            return names, whole, frozenset()
    return frozenset(), False, frozenset()


def _meant(view: View, job: Obj, run: Workload, began: datetime) -> Iterator[_Said]:
    """Yield what a run was made to do: its command, and files of SQL that this or its log names."""
    if said := asked_to_lose_all(run.template):
        yield _Said(began, said, frozenset({ALL}), whole=True, source="objects", bases=frozenset({""}))
    for each in asked_of(view, job, run):
        yield from (said._replace(source="objects") for said in _said(each.splitlines(), began))


def asked_of(view: View, job: Obj, run: Workload) -> list[str]:
    """Return the words of a run's command, and the files of SQL that it has and that these or its log name."""
    containers = items(run.template, "spec", "containers")
    asked = [str(word) for each in containers for key in ("command", "args") for word in each.get(key) or ()]
    named = bare(" ".join([*asked, *(line for log in view.logs_of(tries(job, run.pods)) for line in log.lines)]))
    files = (file for _, found in _maps(view, job, run) for file in mapping(found, "data").items())
    slugs = ((bare(_VERSION.sub("", key)), str(value)) for key, value in files if not _UNDOES.search(key))
    return [*asked, *(value for slug, value in slugs if len(slug) >= _SLUG and slug in named)]


def _maps(view: View, job: Obj, run: Workload) -> Iterator[tuple[str, Obj]]:
    """Yield the ConfigMaps that a run reads, and the one that was made for it under its name."""
    read = dict(view.maps_read(run.template))
    own = {label: found for label in (run.name, name(job)) if (found := view.objects("ConfigMap").get(label))}
    over = ended(job)
    for label, found in {**own, **read}.items():
        at = written(found)
        if at is None or over is None or at <= over:  # it has read no other words than were there
            yield label, found


def _of_server(view: View, server: Workload, jobs: Iterable[tuple[Obj, Workload]]) -> Iterator[tuple[str, Emptied]]:
    """Yield what a database tells of itself, of the one run that went on then, or of the client that it names."""
    runs = list(jobs)
    for log in view.logs_of(server.live, previous=False):
        for said in _said(log.lines, None):
            if not said.whole:
                continue  # that rows go is any client's work
            then = {run.ref for job, run in runs if went_on(job, said.at, CLOCKS) and _uses(view, run, server)}
            sent = then or {w.ref for w in view.serving if sends(view, said.line, w)}
            by = sent.pop() if len(sent) == 1 else server.ref
            yield from ((by, one) for one in _as_one(by, server.ref, [said]))


def _uses(view: View, run: Workload, server: Workload) -> bool:
    """Tell whether a run may work on a database: its settings say so, or name none at all, as with a Secret."""
    needs = view.graph.needs(run.ref)
    return server.ref in needs or not needs
