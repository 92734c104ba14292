"""Which indexes went: as a database tells of it, or, as most do not, by what a run that changed it was made to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rules._emptied import NOT_DONE, asked_of, run_of
from tuheg_ir.diagnosis.view.batch import ended, started, tries, verdict
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import ref
from tuheg_ir.diagnosis.view.statements import Statement
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

DROPPED = late(
    r"\bCMD: dropIndexes\b|\bdropIndex(?:es)?\b[\"']?\s*[:(]"
    r"|\bDROP\s+INDEX\s+(?:CONCURRENTLY\s+)?(?:IF\s+EXISTS\s+)?[\w\"`.]+"
    r"|\bALTER\s+TABLE\s+\S+\s+DROP\s+(?:INDEX|KEY)\s+[\w\"`.]+",
    re.IGNORECASE,
)
"""How databases tell, where they log such commands, that an index goes."""
SOON = timedelta(minutes=5)
"""A statement that has lost its index is slow the next time that it is sent."""
HOURS = timedelta(hours=6)
"""A run that ended longer ago has nothing to do with what began just now."""
_Q = r"[\"'`\[]?"
_NAMED = rf"(?:{_Q}\w+{_Q}\.)?{_Q}:?(\w+)"
_OF_TABLE = late(rf"\bALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?{_NAMED}", re.IGNORECASE)
_GOES = late(rf"\bDROP\s+(?:INDEX|KEY)\s+(?:IF\s+EXISTS\s+)?{_NAMED}", re.IGNORECASE)
_COMES = late(
    rf"\bADD\s+(?:UNIQUE\s+|FULLTEXT\s+|SPATIAL\s+)?(?:INDEX|KEY)\s+(?:IF\s+NOT\s+EXISTS\s+)?{_NAMED}", re.IGNORECASE
)
"""What a change of a table says of its indexes, one after another."""
_ALONE = late(
    rf"\bDROP\s+INDEX\s+(?:CONCURRENTLY\s+)?(?:IF\s+EXISTS\s+)?{_NAMED}{_Q}(?:\s+ON\s+{_NAMED})?", re.IGNORECASE
)
_MADE = late(rf"\bCREATE\s+(?:UNIQUE\s+)?INDEX\s+(?:CONCURRENTLY\s+)?(?:IF\s+NOT\s+EXISTS\s+)?{_NAMED}", re.IGNORECASE)
_RENAMED = late(
    rf"\bRENAME\s+(?:INDEX|KEY)\s+{_NAMED}{_Q}\s+TO\s+{_NAMED}"
    rf"|\bALTER\s+INDEX\s+(?:IF\s+EXISTS\s+)?{_NAMED}{_Q}\s+RENAME\s+TO\s+{_NAMED}"
    r"|\brename_index\W{1,3}\w+\W{1,4}(\w+)\W{1,4}(\w+)",
    re.IGNORECASE,
)
_IN_CODE = late(
    r"\b(?:db\.|getCollection\([\"'])(?P<of>[\w.-]{1,80}?)[\"')]{0,2}\.dropIndex(?:es)?\([\"']?(?P<name>[\w.-]*)"
    r"|\bremove_index\W{1,3}(?P<table>\w+)(?:\W.{0,80}?\bname\W{1,5}(?P<called>\w+)|(?P<columns>[^\n;]{0,80}))"
    r"|\bdrop_index\W{1,3}(?:op\.f\W{1,3})?(?P<index>\w+)\W{1,4}table_name\W{1,3}(?P<on>\w+)"
)
"""The same in MongoDB's shell, and as Rails and Alembic say it."""
_MADE_IN_CODE = late(
    r"\b(?:add|create)_?index\b(?P<said>(?:(?!\b(?:add|create|drop|remove)_?index).){1,300})",
    re.IGNORECASE | re.DOTALL,
)
"""How code makes one, and what it says of it; names may stand anywhere in that."""
_LISTED = late(r"[\s,:\"'{]{0,6}(?:columns?\b[\s:=>]{1,5})?(?:\[([^\]]{1,80})\]|(\w+))")
"""The columns, as Rails is told them, behind the table."""
_COMMENT = late(r"/\*[^*/]{0,2000}\*/|(?:^|(?<=\s))--(?!\s*\w+\()[^\n]*|^[ \t]*#[^\n]*", re.MULTILINE)
"""What a file of SQL says about itself; Rails tells so of what it does: `-- remove_index(:orders, :kind)`."""
_SIDE = late(
    r"^[ \t]*--[ \t]*(?:\+(?:goose|migrate)\s+|migrate:|(?://)?@)(?:(?P<back>down|undo)|up|do)\b"
    r"|^[ \t]*(?:(?:public|protected|override|async|static|function|void|export|const|def)[ \t]+)*(?:\w+\.){0,2}"
    r"(?:(?P<taken>down(?:grade)?)|up(?:grade)?)(?:[ \t]*[(:={]|[ \t]+do\b|(?<=def down)$|(?<=def up)$)",
    re.IGNORECASE | re.MULTILINE,
)
"""From here on a file tells what it does, or how that is taken back, which is not run with it."""
_LONGEST = 100_000
_WORD = late(r"\w+")
_SHORT = 3
"""No shorter word of an index's name tells it from others."""
_NO_NAME = frozenset({"idx", "index", "key", "btree", "gin", "gist", "hash", "uniq", "unique"})
"""What is in any index's name."""


class Drop(NamedTuple):
    """An index that went, at some time between two: what tells of it, and by which run, if that alone tells.

    ``tables``: those that it, and what went with it, were of; ``names``: the words of names of which that is not told.
    """

    at: datetime
    until: datetime
    seen: Evidence
    text: str = ""
    run: Workload | None = None
    tables: frozenset[str] = frozenset()
    names: tuple[frozenset[str], ...] = ()

    def meant(self, statement: str) -> bool:
        """Tell whether a statement may miss what went: it names the table, or most of what an index is called by."""
        said = statement.lower()
        if not (self.tables or self.names) or self.tables & set(_WORD.findall(said)):
            return True
        words = set(_WORD.findall(said.replace("_", " "))) if self.names else set()
        return any(2 * len(each & words) > len(each) for each in self.names)

    def leads_to(self, began: datetime) -> bool:
        """Tell whether it went just before something began, as far as the times are known."""
        return self.at <= began <= self.until + SOON


def drops(view: View, server: Workload, lines: Sequence[Statement]) -> list[Drop]:
    """Return which indexes of a database went: as runs on it tell, and behind these as it tells itself."""
    told = [(each, f"an index was dropped: {each.text[:240]}") for each in lines if DROPPED.search(each.text)]
    return [
        *sorted(by_runs(view, server), key=lambda each: each.until),
        *(Drop(each.at, each.at, Evidence("logs", server.ref, fact, each.at), each.text) for each, fact in told),
    ]


def by_runs(view: View, server: Workload) -> Iterator[Drop]:
    """Yield the drops of late that runs on a database tell of: in their logs, their commands or their files of SQL."""
    for job in view.snapshot.of("Job"):
        run, began, over = run_of(view, job), started(job), ended(job)
        # One that goes on may still build another; what one that failed has done, and what it took back, nobody sees.
        if run is None or began is None or over is None or verdict(job)[0]:
            continue
        if not view.recent(over, HOURS) or not _uses(view, run, server):
            continue
        told = ((source, gone) for source, said in _texts(view, job, run) if (gone := _gone(said)))
        for source, gone in islice(told, 1):
            fact = ", ".join(f"{index} of {table}" if table else index for index, table in gone)
            yield Drop(
                at=began,
                until=over,
                seen=Evidence(source, ref(job), f"it dropped indexes: {fact[:240]}", over),
                run=run,
                tables=frozenset(table.lower() for _, table in gone if table),
                names=tuple(_parts(index) for index, table in gone if not table),
            )


def _texts(view: View, job: Obj, run: Workload) -> Iterator[tuple[str, str]]:
    """Yield what a run did, as its log tells in a line each, and what it was made to do."""
    logs = view.logs_of(tries(job, run.pods))
    yield "logs", ";\n".join(line for log in logs for line in log.lines if not NOT_DONE.search(line))
    for each in asked_of(view, job, run):
        yield "objects", each


def _gone(said: str) -> list[tuple[str, str]]:
    """Return the indexes, and the tables that they were of, "" if not told, that a text takes away for good."""
    if "drop" not in said.lower() and "remove_index" not in said:
        return []
    gone: dict[str, str] = {}
    made = set[str]()
    was: dict[str, str] = {}
    for part in _COMMENT.sub(" ", _done(said[:_LONGEST])).split(";"):
        for _, kind, name, of in sorted(_steps(part)):
            if kind == "goes":
                former = was.pop(name, name)
                if former not in made:
                    gone[former] = of
                made.discard(name)
                continue
            if kind == "renamed" and of not in made:
                was[name] = was.pop(of, of)
            if kind != "perhaps":
                made.add(name)
            gone.pop(name, None)  # it is made anew, or another one has its name
    return list(gone.items())


def _done(said: str) -> str:
    """Return a text without the parts that tell how what it does is taken back."""
    sides = list(_SIDE.finditer(said))
    ends = [*(each.start() for each in sides[1:]), len(said)]
    kept = (
        said[each.start() : end] for each, end in zip(sides, ends, strict=True) if not (each["back"] or each["taken"])
    )
    return "\n".join((said[: sides[0].start()], *kept)) if sides else said


def _steps(part: str) -> Iterator[tuple[int, str, str, str]]:
    """Yield where a part of a text tells what is done to an index: whether it goes, its name, its table or old name."""
    table = _OF_TABLE.search(part)
    for found in _GOES.finditer(part) if table else ():
        yield found.start(), "goes", found[1].lower(), table[1] if table else ""
    for found in () if table else _ALONE.finditer(part):
        yield found.start(), "goes", found[1].lower(), found[2] or ""
    for found in _IN_CODE.finditer(part):
        of = found["of"] or found["table"] or found["on"]
        named = found["name"] or found["called"] or found["index"] or _by_columns(of, found["columns"] or "")
        yield found.start(), "goes", named.lower(), of
    for found in (*_COMES.finditer(part), *_MADE.finditer(part)):
        yield found.start(), "made", found[1].lower(), ""
    for found in _RENAMED.finditer(part):
        old, new = (each for each in found.groups() if each)
        yield found.start(), "renamed", new.lower(), old.lower()
    for found in _MADE_IN_CODE.finditer(part):
        words = [each.lower() for each in _WORD.findall(found["said"])]
        for word in words:
            yield found.start(), "made" if word == words[0] else "perhaps", word, ""
        if words:
            yield found.start(), "made", _by_columns(words[0], found["said"].split(words[0], 1)[-1]).lower(), ""


def _by_columns(table: str, said: str) -> str:
    """Return what Rails calls an index of which only the columns are told."""
    listed = _LISTED.match(said)
    columns = _WORD.findall(listed[1] or listed[2]) if listed else ()
    return f"index_{table}_on_{'_and_'.join(columns)}" if columns else table


def _parts(index: str) -> frozenset[str]:
    """Return the words of an index's name, which mostly has its table's: `ix_items_on_kind`."""
    return frozenset(word for word in index.lower().split("_") if len(word) >= _SHORT) - _NO_NAME


def _uses(view: View, run: Workload, server: Workload) -> bool:
    """Tell whether a run may work on a database: its settings say so, or name none at all, as with a Secret."""
    needs = {need for need in view.graph.needs(run.ref) if role(view.workloads[need]) == "database"}
    return server.ref in needs or not needs
