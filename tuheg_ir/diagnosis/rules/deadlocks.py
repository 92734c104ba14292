"""Transactions end each other in deadlocks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._deadlock_parties import Parties, parties
from tuheg_ir.diagnosis.rules._figures import rise
from tuheg_ir.diagnosis.rules._first_by_plan import A_DAY, QUIET, first_by_plan
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._sessions import clients, label_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

SIGNAL = "db_deadlocks"
TIMES = 4.0
"""So many times as many deadlocks as before have a new reason."""
LEAST = 2
"""A single one, which its client tries again, is of every day."""
SOON = timedelta(minutes=30)
"""A release so long before the first deadlock is not its reason."""
_AGAIN = (*RESTARTS, "scale_workload")


class _Blamed(NamedTuple):
    """A program whose release may be behind deadlocks, and what else than the release shows so.

    ``sure``: it is, if no other is blamed as well.
    """

    workload: Workload
    shown: tuple[Evidence, ...]
    sure: bool = True


def when(view: View) -> Iterator[Match]:
    """The database reports deadlocks."""
    databases = [w.ref for w in of_role(view.workloads, "database")]
    for ref in databases:
        label = label_of(view, SIGNAL, ref)
        rate = view.figures.now(SIGNAL, component=label) if label else None
        lines = _lines(view, ref, alone=len(databases) == 1)
        if not (rate and rate > 0) and _known(ref, lines) < LEAST:
            continue
        began = _rose(view, label) if label else None
        began = began or min((h.first for h in lines if h.first), default=None)
        rates = (Evidence("metrics", ref, f"{rate:.2g} deadlocks a second", began),) if rate else ()
        yield _match(view, ref, lines, began, rates)


def _match(view: View, ref: str, lines: tuple[Hit, ...], began: datetime | None, rates: tuple[Evidence, ...]) -> Match:
    sides = parties(view, view.workloads[ref])
    clients_told = {*clients(view, ref), *(h.component for h in lines)} - {ref}
    blamed = list(_blamed(view, ref, lines, began, counted=bool(rates))) if began else []
    one = blamed[0].workload if len(blamed) == 1 and blamed[0].sure else None
    apart = sorted(sides.any - sides.always) if sides else ()
    return Match(
        component=one.ref if one else ref,
        evidence=(
            *rates,
            *(view.hit_evidence(h) for h in lines[:2]),
            *(blamed[0].shown if one else ()),
            *((Evidence("objects", one.ref, c.told(), one.released_at) for c in one.changes[:2]) if one else ()),
        ),
        certainty=0.65 if one else 0.55,
        root_cause=("code_defect" if one.changed("image") else "configuration_error") if one else "",
        remedy="rollback_workload" if one else "page_human",
        since=began,
        explains=behind(view, ref, *clients_told, but=one.ref) if one else (),
        excludes=(
            *not_for(
                (ref,),
                "the order of the clients' statements makes the deadlocks, not the server",
                ("restart_workload",),
            ),
            *not_for((one.ref,) if one else (), "its statements would meet in the same order again", _AGAIN),
            *not_for(apart, "others end each other in deadlocks as well, without it", ("rollback_workload",)),
        ),
    )


def _blamed(view: View, ref: str, lines: tuple[Hit, ...], began: datetime, *, counted: bool) -> Iterator[_Blamed]:
    """Yield the clients whose release may be behind deadlocks: soon after it, or in its first run by schedule.

    Where the database tells who meets whom it is on one side of them all: who meets it there need not be released.
    """
    known, sides = set(clients(view, ref)), parties(view, view.workloads[ref])
    told = {*known, *(h.component for h in lines)} - {ref} if sides is None else sides.always
    shown = (_always(ref, sides),) if sides else ()
    for workload in (w for client in sorted(told) if (w := view.workloads.get(client))):
        came = workload.released_at if workload.changes else None
        if came is None:
            continue
        if timedelta(minutes=-2) <= began - came <= SOON:
            first = workload.ref in known or _told_before(view, lines, came)
            if first and (counted or _may_have_part(view, ref, workload.ref, lines)):
                yield _Blamed(workload, shown)
        elif sides and (run := first_by_plan(view, workload, began)) is not None:
            sure = _others_older(view, sides, workload, began) and _told_before(view, lines, began - QUIET)
            yield _Blamed(workload, (*shown, run), sure)


def _always(ref: str, sides: Parties) -> Evidence:
    fact = f"of {sides.told} deadlocks whose sides it names it has part in nearly all"
    return Evidence("logs", ref, fact)


def _others_older(view: View, sides: Parties, workload: Workload, began: datetime) -> bool:
    """Tell whether a program meets somebody else whose release is no younger than a day: that one did well with it."""
    others = [view.workloads[each] for each in sides.any - {workload.ref}]
    return any(not w.changes or w.released_at is None or began - w.released_at > A_DAY for w in others)


def _known(ref: str, lines: tuple[Hit, ...]) -> int:
    """Return how many deadlocks logs tell of: a database tells of each, and so does the client that it was told to."""
    own = sum(hit.count for hit in lines if hit.component == ref)
    return max(own, sum(hit.count for hit in lines) - own)


def _rose(view: View, label: str) -> datetime | None:
    """Return since when there are many more deadlocks than before; every busy database has a few."""
    turns = [rise(view, series, SIGNAL, TIMES, 0.0) for series in view.figures.series(SIGNAL, component=label)]
    rises = oldest(turn.since for turn in turns if turn)
    return rises or view.figures.crossed(SIGNAL, 0, component=label)


def _may_have_part(view: View, ref: str, client: str, lines: tuple[Hit, ...]) -> bool:
    """Tell whether a client may have part in the deadlocks that logs tell of.

    Not where they are those of other clients alone, and its own log is there and tells of none.
    """
    tellers = {hit.component for hit in lines}
    heard = any(log.lines for log in view.logs_of(view.workloads[client].live))
    return ref in tellers or client in tellers or not heard


def _told_before(view: View, lines: tuple[Hit, ...], release: datetime) -> bool:
    """Tell whether a log with deadlocks reaches back before a release; one that was cut says not when they began."""
    pods = {hit.pod for hit in lines}
    first = oldest(next(filter(None, map(stamp, log.lines)), None) for log in view.snapshot.logs if log.pod in pods)
    return first is not None and first < release


def _lines(view: View, ref: str, *, alone: bool) -> tuple[Hit, ...]:
    mine = {ref, *clients(view, ref)}
    return tuple(
        h
        for h in view.hits
        if h.trouble == "lock_wait" and "deadlock" in h.line.lower() and (alone or h.component in mine)
    )


RULE = Rule(
    name="deadlocks",
    title="Database transactions end each other in deadlocks",
    root_cause="database_connection",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no database reports deadlocks",
)
