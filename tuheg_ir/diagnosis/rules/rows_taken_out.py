"""A run took the rows out of a table, and since then what asks for them finds nothing: no remedy brings them back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._emptied import Emptied, bare, emptied
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.rules._whole_base import ALL, meant_elsewhere, same_base
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.view.logs import heard_since, lines_told, times_near
from tuheg_ir.diagnosis.view.pods import controller
from tuheg_ir.diagnosis.view.reading import oldest, ref
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload
from tuheg_ir.named import NamedTuple

SOON = timedelta(minutes=15)
"""Somebody asks for what is gone so soon; where a cache has it still, only a few do at first."""
STILL = timedelta(minutes=15)
HEARD = timedelta(minutes=5)
"""So long a log has to reach back before what was taken out, to tell what is usual."""
TIMES = 5
"""So many times as often as before nothing is found."""
_LEAST = 4
"""A shorter name is found in any line."""
_GONE = 404
_NO_PARENT = late(
    r"\bis not present in table\b|\binsert or update on table\b.{0,100}\bforeign key|\badd or update a child row\b"
    r"|\bparent key not found\b|\b(?:INSERT|UPDATE|MERGE) statement conflicted with the FOREIGN KEY"
    r"|\bFOREIGN KEY constraint failed\b|\bForeign key constraint violated\b",
    re.IGNORECASE,
)
"""How databases refuse what belongs to a row that is not there."""
_NOTHING = late(
    r"\bnot[ _]found\b|NotFound(?:Exception|Error)?\b|\bDoesNotExist\b|\bNoResult|NoSuchElement|EmptyResult|NoRowsError"
    r"|\bno rows\b|\b(?:rows?|count|total|hits|results?|found)[\"']?[=:] ?0\b(?!\.)|\breturned (?:0|no|nil|null|none)\b"
    r"|\b(?:found|loaded|read|matched) (?:0|no|nothing)\b|\b(?:0|no) (?:rows?|results?|records?|documents?|matches)\b"
    r"|\bno (?:such|longer) (?:row|record|document|entity|entry|exists?)\b|: 0 \w+ (?:due|found|open|pending)\b",
    re.IGNORECASE,
)
"""How programs tell that they have found none of what they asked for."""
_NO_ROW = late(
    r"\b(?:command|files?|module|class|method|image|route|handler|host|name|resource|template|bean|plugin|table"
    r"|relation|column)s? [\w\"'./:-]{0,60} ?(?:was )?not found|no such (?:host|file|table|column)|ModuleNotFound"
    r"|ClassNotFound|FileNotFound|\b(?:relation|table|column)\b.{0,80}does not exist",
    re.IGNORECASE,
)
"""What else is not found: that is no row."""


_NO_TABLE = late(
    r"\b(?:relation|table) [\"'`]?[\w.]+[\"'`]? (?:does not|doesn't) exist|\bno such table\b|Invalid object name '"
    r"|ORA-00942|\bER_NO_SUCH_TABLE\b|\bUndefinedTable\b|\bNamespaceNotFound\b",
    re.IGNORECASE,
)
"""How databases miss a whole table: while all of it goes, and after it where none was made anew."""


class Missed(NamedTuple):
    """That a workload finds nothing since then: how often, a line, when first.

    ``named``: lines name what was taken out; ``refused``: a database says so; ``orphans``: of rows that belong to none.
    ``more``: it was seldom so before.
    """

    by: Workload
    pod: str
    line: str
    times: int
    first: datetime
    named: bool
    refused: bool
    orphans: bool
    more: bool


def when(view: View) -> Iterator[Match]:
    """A run, or a client of a database, took out what a table had, and right after others find nothing there.

    It is told of what is missed: a database refuses what belongs to it, or others name it. Where only some rows went,
    or no name is told, it has to be who was not released in those minutes, and lives on the same database. Where all of
    a database went, a whole table that is missed counts for those who live on it.
    """
    for gone in emptied(view):
        found = [each for w in view.workloads.values() if (each := _missed(view, w, gone))]
        told = [each for each in found if each.orphans or ((each.refused or each.more) and _fits(view, each, gone))]
        named = [each for each in told if each.named]
        if told:
            yield _match(view, gone, named or told, found)


def _fits(view: View, missed: Missed, gone: Emptied) -> bool:
    """Tell whether what is missed is what a run took out, and no release may bring that as well.

    A whole table that is missed may be one that a release needs and that its migration never made.
    """
    if missed.named and gone.whole and not missed.refused:
        return True
    around = {missed.by.ref, *view.graph.needs(missed.by.ref)} & view.workloads.keys()
    if any(since_release(view.workloads[ref], missed.first, SOON) for ref in around):
        return False
    return missed.named or (gone.whole and same_base(view, gone.by, missed.by, gone.bases))


def _missed(view: View, workload: Workload, gone: Emptied) -> Missed | None:
    """Return that a workload finds nothing since rows were taken out, soon after that and still."""
    if workload.kind in BATCH:
        return None
    logs = list(view.logs_of(workload.live, previous=False))
    base = ALL in gone.names and same_base(view, gone.by, workload, gone.bases)
    told = [(at, log.pod, line) for log in logs for at, line in _lines(log, tables=base) if at is not None]
    after = sorted(each for each in told if each[0] >= gone.at)
    if len(after) < OFTEN or after[0][0] - gone.at > SOON or view.now - after[-1][0] > STILL:
        return None
    named = re.compile("|".join(re.escape(_one(name)) for name in gone.names if len(_one(name)) >= _LEAST) or r"(?!)")
    # A service bears the name of what it keeps: that it tells its own name says nothing.
    of_it = [each for each in after if named.search(bare(each[2].replace(workload.name, "")))]
    refused = [each for each in (after if base else of_it) if _refuses(each[2], tables=base)]
    chosen = next(lines for lines in (refused, of_it, after) if len(lines) >= OFTEN)
    heard = heard_since(logs)
    more = _more(heard, gone.at, view.now, len(told) - len(after), len(after))
    _, pod, line = chosen[-1]
    sure = chosen is refused and (not base or more or len(told) == len(after))
    return Missed(
        workload,
        pod,
        line.strip()[:300],
        len(chosen),
        after[0][0],
        named=chosen is not after,
        refused=sure,
        orphans=sure and sum(_NO_PARENT.search(each[2]) is not None for each in refused) >= OFTEN,
        more=more,
    )


def _one(name: str) -> str:
    """Return a table's name as one of its rows is called, as far as endings tell: addresses, order_lines, stories."""
    return name[:-3] if name.endswith("ies") else name.removesuffix("s")


def _lines(log: Log, *, tables: bool) -> Iterator[tuple[datetime | None, str]]:
    """Yield the lines that tell that nothing is found; where a whole database went, that of whole tables as well."""
    for at, line in zip(times_near(log.lines), log.lines, strict=True):
        none = _NOTHING.search(line) and not _NO_ROW.search(line)
        if status_of(line) == _GONE or none or _refuses(line, tables=tables):
            yield at, line


def _refuses(line: str, *, tables: bool) -> bool:
    return bool(_NO_PARENT.search(line) or (tables and _NO_TABLE.search(line)))


def _more(heard: datetime | None, at: datetime, now: datetime, before: int, after: int) -> bool:
    """Tell whether nothing is found far more often than in the time before, as far as logs reach back."""
    if heard is None or at - heard < HEARD:
        return False
    return after * (at - heard) >= TIMES * before * max(now - at, timedelta(minutes=1))


def _match(view: View, gone: Emptied, told: Sequence[Missed], found: Sequence[Missed]) -> Match:
    began = oldest(each.first for each in told)
    missing = {each.by.ref for each in found}
    suffer = tuple(ref for ref in behind(view, *missing) if ref != gone.by)
    released = {w.ref for w in view.serving if began and since_release(w, began, SOON)}
    innocent = tuple(sorted({*suffer, *released}))
    why = f"{gone.by} took the rows out of the database: nothing done to a program brings them back"
    shown = sorted(told, key=lambda each: (not each.refused, each.first))
    ran = Evidence("objects", gone.by, "it ran", gone.at) if gone.by.startswith(BATCH) else None
    other = _elsewhere(view, gone, shown[0].by)
    return Match(
        component=gone.by,
        evidence=(
            gone.seen,
            *((ran,) if ran else ()),
            *other,
            *(lines_told(each.pod, each.times, each.line, each.first) for each in shown[:3]),
        ),
        root_cause="configuration_error" if other or ALL in gone.names else "",
        certainty=0.8 if any(each.refused for each in told) else 0.7 if any(each.named for each in told) else 0.55,
        since=began,
        explains=suffer,
        excludes=not_for((*innocent, *((gone.by,) if gone.by in view.workloads else ())), why, ON_CALLERS),
    )


def _elsewhere(view: View, gone: Emptied, by: Workload) -> tuple[Evidence, ...]:
    """Return that a run tells of itself that it is for other surroundings: it was led to the wrong database."""
    jobs = (job for job in view.snapshot.of("Job") if gone.by in (ref(job), controller(job)))
    told = next((said for job in jobs if (said := meant_elsewhere(job, by))), "")
    return (Evidence("objects", gone.by, f"it is for other surroundings than {by.ref}: {told}"),) if told else ()


RULE = Rule(
    name="rows_taken_out",
    title="A run took the rows out of a table, and what asks for them finds nothing since",
    root_cause="code_defect",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="nobody misses rows that a run took out of a table",
)
