"""A run lasts far longer than any before, or comes at another hour or pace, since its settings were changed, and locks.

By night nobody meets it. It is still at work when users come, or comes to the rows of the largest of them by day: then
services give up waiting for locks, hours after the change and after the run began. Nothing is wrong with who waits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._comes_oftener import oftener
from tuheg_ir.diagnosis.rules._database_log import prefix_of
from tuheg_ir.diagnosis.rules._database_users import addresses, secrets_of_its_address
from tuheg_ir.diagnosis.rules._first_run_since import FirstRun, first_run_since
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, not_for
from tuheg_ir.diagnosis.rules._listed_sessions import listed_stranger
from tuheg_ir.diagnosis.rules._lock_holder import (
    CLOCKS,
    SOON,
    locking,
    locks_tables,
    open_longest,
    run_behind,
    secrets_of_waiting,
    suffers,
    told_by_itself,
    users_of,
    works_on,
)
from tuheg_ir.diagnosis.rules._moved_hour import moved_run
from tuheg_ir.diagnosis.rules._named_holder import named_holder, stranger
from tuheg_ir.diagnosis.rules._sessions import label_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.batch import started, went_on
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints, told
from tuheg_ir.diagnosis.view.pods import Pod, controller
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import at, oldest, ref
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload
from tuheg_ir.named import NamedTuple

MANY = 3
"""So many sessions waiting for locks at once are no ordinary moment."""
_LOCKS = late(
    r"\bDELETE\s+FROM\b|\bUPDATE\s+[\w.`\"]+\s+SET\b|\bINSERT\s+INTO\b|\bREPLACE\s+INTO\b|\bMERGE\s+INTO\b"
    r"|\bFOR\s+(?:NO KEY )?(?:UPDATE|SHARE)\b|\bLOCK\s+TABLES?\b|\b(?:ALTER|TRUNCATE)\s+TABLE\b",
    re.IGNORECASE,
)
"""Statements that keep rows, or a table, until their transaction ends."""
_CHANGES = late(
    r"\b(?:delet|purg|prun|remov|updat|archiv|back-?fill|anonymi[sz]|recalculat|upsert|insert|expir|merg)(?:e|es|ed|ing)\b"
    r"|\brewr(?:ote|itten|iting)\b",
    re.IGNORECASE,
)
"""How a run tells that it changes rows."""
_ANOTHER = late(r"User@Host: |\bthread id \d|^# Time: |^\*\*\* ")
"""Where a database's log begins to tell of another session."""
_LINES = 8
"""A statement stands so near to the session that it is of."""
_OUTSIDE = ""
"""In place of a database that is none of our workloads."""


class _Waits(NamedTuple):
    """Who tells that a database's sessions wait for locks: clients, or figures; and since when."""

    complained: tuple[Complaint, ...]
    seen: tuple[Evidence, ...]
    since: datetime


def when(view: View) -> Iterator[Match]:
    """Clients of a database wait for locks; a run on it, the first since a change, lasts far longer than any before."""
    databases = [each.ref for each in of_role(view.workloads, "database")]
    for database in databases or [_OUTSIDE]:
        waits = _waits(view, database)
        runs = [run for run in _runs(view, database, waits) if _at_work(view, run, waits.since)] if waits else []
        held = [(run, shown) for run in runs if waits and (shown := _holds(view, database, run, waits))]
        if waits and len(held) == 1:
            yield _match(view, database, *held[0], waits)


def _waits(view: View, database: str) -> _Waits | None:
    """Return that clients of a database that serve wait for locks again and again, and suffer; None if not so."""
    serving = {w.ref for w in view.serving} - {database}
    found = tuple(c for c in complaints(view, "lock_wait") if c.about == database and c.caller in serving)
    itself = told_by_itself(view, database) if database else []
    often = bool(itself) or sum(c.hit.count for c in found if suffers(view, c.caller)) >= OFTEN
    label = label_of(view, "db_locks_waiting", database) if database else None
    many = view.figures.now("db_locks_waiting", component=label) if label else None
    felt_by_users = any(suffers(view, each) for each in users_of(view, database) if each in serving)
    counted = many is not None and many >= MANY and felt_by_users
    crossed = view.figures.crossed("db_locks_waiting", MANY, component=label) if label and counted else None
    found = (*found, *itself)
    since = crossed or oldest(c.hit.first for c in found)
    if since is None or not (often or counted):
        return None
    figures = (Evidence("metrics", database, f"{many:.0f} locks are waited for", crossed),) if counted else ()
    first = tuple(sorted(found, key=lambda c: str(c.hit.first)))
    return _Waits(first, figures, since)


def _runs(view: View, database: str, waits: _Waits) -> Iterator[FirstRun]:
    """Yield the runs that may be behind the waits, and work on the same database."""
    for schedule in view.workloads.values():
        if schedule.kind != "CronJob":
            continue
        run = first_run_since(view, schedule) or moved_run(view, schedule) or oftener(view, schedule)
        if run is not None and (_works_there(view, database, run) if database else _works_outside(view, run, waits)):
            yield run


def _at_work(view: View, run: FirstRun, since: datetime) -> bool:
    """Tell whether a run, or of several that are still known one, was at work as others began to wait."""
    known = [job for job in _jobs(view, run) if (began := started(job)) and run.began <= began <= since]
    return run.began < since and (not known or any(went_on(job, since, CLOCKS) for job in known))


def _jobs(view: View, run: FirstRun) -> list[Obj]:
    return [job for job in view.snapshot.of("Job") if controller(job) == run.schedule.ref]


def _works_there(view: View, database: str, run: FirstRun) -> bool:
    """Tell whether a run works on a database: by its settings, or a Secret; where those are hidden, by what it tells.

    Whoever may not read what a ConfigMap says sees no host in it.
    """
    if works_on(view, run.schedule, database, secrets_of_waiting(view, database)):
        return True
    sessions = (s for each in view.databases if each.ref == database for s in each.sessions)
    return any(s.client == run.pod.address for s in sessions if s.client) or bool(_named(view, database, run))


def _works_outside(view: View, run: FirstRun, waits: _Waits) -> bool:
    callers = {each.caller for each in waits.complained} & {*view.workloads}
    return any(_led_alike(view, run.schedule, view.workloads[each]) for each in callers)


def _led_alike(view: View, one: Workload, other: Workload) -> bool:
    """Tell whether two workloads are led to the same database that is not among ours: one host, or one Secret."""
    hosts, theirs = ({host for named in addresses(view, each) for host in named} for each in (one, other))
    return bool(hosts & theirs or secrets_of_its_address(view, one) & secrets_of_its_address(view, other))


def _holds(view: View, database: str, run: FirstRun, waits: _Waits) -> tuple[Evidence, float] | None:
    """Return what shows that a run holds locks, and how sure; None if it does not, or somebody else is known to."""
    own = {run.schedule.ref, *map(ref, _jobs(view, run))}
    longest = open_longest(view, database)
    if longest is not None:
        if longest.owner not in own and longest.client != run.pod.address:
            return None
        told_so = f"{run.schedule.name} keeps a transaction open ({longest.state} for {longest.age_s:.0f} s)"
        return Evidence("database", database, told_so), 0.8
    named = named_holder(view, database)
    if named is not None and named.workload.ref in own:
        return named.evidence, 0.85
    if named is not None or stranger(view, database) or listed_stranger(view):
        return None
    if line := _named(view, database, run):
        return Evidence("logs", database, f"its log names a session of {run.schedule.ref}: {line[:200]}"), 0.75
    line = (locking(view, run.pod) if run.moved else "") or _tells(view, run.pod)
    if not line or (not run.moved and run_behind(view, database, waits.since) is not None):
        return None
    clients = (view.workloads[each] for each in users_of(view, database))
    came = any(since_release(w, waits.since, SOON) for w in clients if w.kind not in BATCH)  # it may be what locks
    return Evidence("logs", f"Pod/{run.pod.name}", f"it tells: {line[:200]}"), 0.5 if came else 0.6


def _named(view: View, database: str, run: FirstRun) -> str:
    """Return the last statement by which a database's own log tells that a run's session holds locks; "" for none.

    It tells who is served by an address, or by the name that a program gives itself: that stands before its messages.
    """
    if not database:
        return ""
    address = rf"(?<![\w.:]){re.escape(run.pod.address)}(?![\w:]|\.\d)" if run.pod.address else r"(?!)"
    of_it, name = re.compile(address), re.compile(rf"(?<![\w.-]){re.escape(run.schedule.name)}(?![\w.-])")
    found, told_at = "", None
    for log in view.logs_of(view.workloads[database].pods, previous=False):
        for number, line in enumerate(log.lines):
            told_at = stamp(line) or told_at
            if told_at is None or told_at < run.began:  # an address is given anew
                continue
            if of_it.search(line):
                found = _statement(log.lines[number : number + _LINES]) or found
            elif name.search(prefix_of(line)) and _locks(line):
                found = line.strip()
    return found


def _statement(lines: tuple[str, ...]) -> str:
    """Return the first line that locks rows, before the log tells of another session."""
    for number, line in enumerate(lines):
        if number and _ANOTHER.search(line):
            return ""
        if _locks(line):
            return line.strip()
    return ""


def _locks(line: str) -> bool:
    return bool(_LOCKS.search(line)) or locks_tables(line)


def _tells(view: View, pod: Pod) -> str:
    """Return what a run told last of rows that it changes, else its command; "" for neither."""
    said = [" ".join(map(str, at(c.spec, of) or ())) for c in pod.containers for of in ("command", "args")]
    said += [line.strip() for log in view.logs_of((pod,), previous=False) for line in log.lines]
    return next((line for line in reversed(said) if _LOCKS.search(line) or _CHANGES.search(line)), "")


def _match(view: View, database: str, run: FirstRun, holds: tuple[Evidence, float], waits: _Waits) -> Match:
    shown, certainty = holds
    own = (run.schedule.ref, ref(run.job))
    asking = (*users_of(view, database), *(c.caller for c in waits.complained))
    suffer = tuple(dict.fromkeys(each for each in (database, *asking, *own) if each))
    others = tuple(each for each in suffer if each not in (database, *own))
    return Match(
        component=run.changed,
        evidence=(*run.shown, shown, *waits.seen, *told(view, waits.complained, 1)),
        certainty=certainty,
        root_cause="code_defect" if run.released else "",
        since=waits.since,
        explains=tuple(each for each in suffer if each != run.changed),
        excludes=(
            *not_for(others, f"{run.schedule.name} holds the locks, and they wait: new ones would wait as well"),
            *not_for(
                (database,) if database else (),
                "what the run has done so far is taken back at a restart, and nobody is served meanwhile",
                (*ON_CALLERS, "scale_database"),
            ),
            *not_for(own, "the same work would begin anew", ("restart_workload",)),
        ),
    )


RULE = Rule(
    name="changed_run_holds_locks",
    title="The first run since a change of its settings lasts too long, or comes at another hour or pace, and locks",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no run since a change lasts far longer than those before, or comes at another hour or pace, and locks",
)
