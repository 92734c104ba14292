"""What a database's own log tells of waits for locks, and the run whose statement locks a whole table since then."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Session
from tuheg_ir.diagnosis.rules._database_users import secrets_of_its_address
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._first_in_line import first_in_line
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._lock_queue import queue_in
from tuheg_ir.diagnosis.rules._named_holder import named_waiting
from tuheg_ir.diagnosis.rules._sessions import Full, figure, label_of
from tuheg_ir.diagnosis.view.changes import reads
from tuheg_ir.diagnosis.view.complaints import Complaint, began, complaints
from tuheg_ir.diagnosis.view.mounted import mounted
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import at, mapping, oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN, measured
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload
from tuheg_ir.named import NamedTuple

SOON = timedelta(minutes=5)
"""A statement that locks a table makes others wait within this time of the start of its run."""
_WAITS = " still waiting for "
"""How PostgreSQL tells of a session that waits; that it gives up later is another line."""
CLOCKS = timedelta(seconds=30)
MOSTLY = 0.4
"""Share of the taken sessions that wait for locks from which on the waits, and no demand, have taken them."""
LONG_S = 20.0
"""A transaction that is open for so long may be what others wait for."""
_LOCKS = late(
    r"\bVACUUM\s*(?:\([^)]*\bFULL\b|FULL\b)|\bvacuumdb\b.*(?:--full|\s-f\b)|\bpg_repack\b|\bLOCK\s+TABLES?\b"
    r"|\b(?:ALTER|TRUNCATE|DROP|OPTIMIZE|REPAIR)\s+TABLE\b|\bCLUSTER\s+(?:VERBOSE\s+)?[\w\".]+\s+USING\b"
    r"|\bREINDEX\b(?!.{0,60}CONCURRENTLY)|\bCREATE\s+(?:UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY)"
    r"|\bREFRESH\s+MATERIALIZED\s+VIEW\s+(?!CONCURRENTLY)"
    r"|\bdb:migrate\b|\bmanage\.py migrate\b|\bmigrations?:(?:migrate|run|up)\b|\becto\.migrate\b"
    r"|\b(?:flyway|liquibase|alembic|goose|knex|prisma|artisan|dbmate|atlas|sqlx|diesel|phinx|drizzle-kit|ef)\b"
    r".*\b(?:migrat\w*|up\w*)\b"
    r"|\bMigrating schema\b.{0,80}\bto version\b|\bRunning Changeset: |\bRunning upgrade \S* ?-> \S"
    r"|(?<!=)={2,3} +\d{8,14} \S+: migrating\b|\bApplying (?:migration [\"'`]|\w+\.\d{4}_\w)",
    re.IGNORECASE | re.DOTALL,
)
"""Statements, and tools whose statements, let nobody else at a table while they run; how such tools tell of one."""


def told_by_itself(view: View, ref: str) -> list[Complaint]:
    """Return the waits that a database's own log repeats while its users suffer; [] if it does not."""
    found = [c for c in complaints(view, "lock_wait") if c.caller == ref] or _gone_quiet(view, ref)
    pods = view.workloads[ref].pods if found and ref in view.workloads else ()
    waits = sum(_WAITS in line for log in view.logs_of(pods, previous=False) for line in log.lines)
    return found if waits >= OFTEN and any(suffers(view, each) for each in users_of(view, ref)) else []


def _gone_quiet(view: View, ref: str) -> list[Complaint]:
    """Return the waits of which a database's own log told long ago, and which have not ended: each is told of once.

    Once all sessions that its clients may open wait, nobody comes any more who could tell of a new one.
    """
    hits = [hit for hit in view.hits_of(ref, "lock_wait") if not hit.previous]
    go_on = (hit for hit in hits for log in view.logs_with(hit) if len(queue_in(log.lines).waiting) >= OFTEN)
    return [Complaint(ref, "", (), hit) for hit in go_on]


def queued_before(view: View, each: Full, moment: datetime | None) -> bool:
    """Tell whether the sessions of a full database wait for a lock that others held before a time, and do so still.

    Who waits keeps its session, and its client, that gives it up, opens another one: what grows then grows for that.
    Its sessions tell how many wait now. Since when, figures and its log tell; where neither does, it may be as long.
    """
    moment = moment or each.since
    label = label_of(view, "db_locks_waiting", each.ref)
    since = view.figures.crossed("db_locks_waiting", OFTEN, component=label) if label else None
    if each.database is not None:
        locked = sum(s.count for s in each.database.sessions if s.locked_out)
        first = since or began(told_by_itself(view, each.ref))
        return locked >= max(OFTEN, MOSTLY * each.used) and (first is None or moment is None or first < moment)
    counted = figure(view, "db_locks_waiting", each.ref)
    if counted is not None:
        many = counted >= max(OFTEN, MOSTLY * each.used)
        return many and since is not None and moment is not None and since < moment
    waits = told_by_itself(view, each.ref)
    goes_on = any(len(queue_in(log.lines).waiting) >= OFTEN for c in waits for log in view.logs_with(c.hit))
    first = began(waits)
    return goes_on and first is not None and moment is not None and first < moment


def users_of(view: View, ref: str) -> tuple[str, ...]:
    """Return what suffers with a database: who calls it, and who tells of it what only a client can, with its callers.

    Where a Secret keeps the address nothing else tells who is a client, but for its own log: whose sessions wait.
    """
    told = {c.caller for c in complaints(view, "pool_exhausted", "database_full", "lock_wait") if c.about == ref}
    return behind(view, ref, *told, *named_waiting(view, ref), but=ref)


class Run(NamedTuple):
    """A run that locks whole tables, its pod, and the command or the line of its log that shows so."""

    workload: Workload
    pod: Pod
    said: str


def run_behind(view: View, ref: str, since: datetime | None) -> Run | None:
    """Return the one run on a database that goes on, began just before the waits and locks whole tables.

    None where a client was released then as well: its statements may be what locks.
    """
    secrets = secrets_of_waiting(view, ref)
    if since is None or any(since_release(w, since, SOON) for w in view.serving if works_on(view, w, ref, secrets)):
        return None
    found = {pod.name: (workload, pod) for workload, pod in _runs(view, ref, secrets) if _then(pod, since)}
    if len(found) != 1:
        return None
    ((workload, pod),) = found.values()
    said = _bars(view, ref, workload, pod) or locking(view, pod)
    return Run(workload, pod, said) if said else None


def secrets_of_waiting(view: View, ref: str) -> set[tuple[str, str]]:
    """Return the Secrets by which all come to a database who tell of waits in the only one that there is."""
    if [w.ref for w in of_role(view.workloads, "database")] != [ref]:
        return set()
    told = {c.caller for c in complaints(view, "lock_wait") if c.about == ref}
    read = [secrets_of_its_address(view, view.workloads[c]) for c in told & {*view.workloads}]
    return {("Secret", label) for label in set.intersection(*read)} if read else set()


def works_on(view: View, workload: Workload, ref: str, secrets: set[tuple[str, str]]) -> bool:
    """Tell whether a workload uses a database, as its settings say, or a Secret that those who wait there read too."""
    return ref in view.graph.needs(workload.ref) or bool(secrets & reads(workload.template))


def _runs(view: View, ref: str, secrets: set[tuple[str, str]]) -> Iterator[tuple[Workload, Pod]]:
    """Yield (run, pod) of the runs that use a database; the Job that owns a pod, rather than its CronJob."""
    for workload in view.workloads.values():
        if workload.kind in BATCH and works_on(view, workload, ref, secrets):
            for pod in workload.live:
                if pod.phase == "Running":
                    jobs = (w for w in view.workloads.values() if w.kind == "Job" and pod.name.startswith(w.name + "-"))
                    yield max(jobs, key=lambda w: len(w.name), default=workload), pod


def _then(pod: Pod, since: datetime) -> bool:
    began = oldest(c.started_at for c in pod.containers if not c.init) or pod.created
    return began is not None and -CLOCKS <= since - began <= SOON


def _bars(view: View, ref: str, run: Workload, pod: Pod) -> str:
    """Return a run's statement on a whole table behind which all others wait, as a database's log tells it; else "".

    It waits itself, for whoever reads that table for long; those who read too would wait for none but this one. The log
    may tell a tool's name in place of whose it is.
    """
    first = first_in_line(view, ref)
    above = {run.ref, *(w.ref for w in view.workloads.values() if w.kind in BATCH and pod in w.pods)}
    if first is None or first.serves - above:
        return ""
    return next((line for line in first.lines if locks_tables(line)), "")


def locks_tables(said: str) -> bool:
    """Tell whether a statement, or a command, lets nobody else at a table while it runs."""
    return bool(_LOCKS.search(said))


def locking(view: View, pod: Pod) -> str:
    """Return what a run told last of a statement that locks a whole table, else its command; "" for neither.

    A command may name a file of statements that a ConfigMap keeps.
    """
    said = _scripts(view, pod)
    said += [" ".join(map(str, at(c.spec, of) or ())) for c in pod.containers for of in ("command", "args")]
    said += [line.strip() for log in view.logs_of((pod,), previous=False) for line in log.lines]
    return next(filter(locks_tables, reversed(said)), "")


def _scripts(view: View, pod: Pod) -> list[str]:
    """Return the lines of the mounted files that the command of a pod names."""
    said = " ".join(str(each) for c in pod.containers for of in ("command", "args") for each in at(c.spec, of) or ())
    maps = [each for each in mounted(pod.obj) if each.kind == "ConfigMap"]
    files = ((m.path, mapping(view.objects("ConfigMap").get(m.name), "data")) for m in maps)
    named = (str(body) for path, data in files for key, body in data.items() if f"{path}/{key}" in said.split())
    return [line.strip() for body in named for line in body.splitlines()]


def suffers(view: View, ref: str) -> bool:
    """Tell whether users of a workload feel something; where nobody measures, whether it got no lock, or no session.

    Who waits for a lock keeps its session so long: the pool is empty for whoever comes next.
    """
    workload = view.workloads.get(ref)
    if workload is None or workload.kind in BATCH:
        return bool(felt(view, ref))
    gave_up = sum(c.hit.count for c in complaints(view, "lock_wait", "pool_exhausted") if c.caller == ref)
    return (
        workload.ready < workload.wanted or bool(felt(view, ref)) or (gave_up >= OFTEN and not measured(view, workload))
    )


def open_longest(view: View, ref: str) -> Session | None:
    """Return the session that most likely holds a database's lock: the oldest open transaction that waits for none."""
    found = [
        s
        for database in view.databases
        if database.ref == ref
        for s in database.sessions
        if not s.locked_out and s.age_s >= LONG_S and (s.state.startswith("idle in transaction") or s.state == "active")
    ]
    return max(found, key=lambda s: (s.state.startswith("idle in transaction"), s.age_s), default=None)
