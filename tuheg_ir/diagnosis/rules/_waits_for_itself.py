"""Whether those who hold a pool's connections wait for the pool themselves, since a release.

Work that keeps a connection and asks for a second one meanwhile takes two of a pool. When as many begin at once as the
pool has connections, each holds one and waits for another until it gives up: nothing is slow, and the database idles.
Such code may serve well for hours until the next busy one. More connections are no help against it for long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rules._capacity import fewer
from tuheg_ir.diagnosis.rules._holders import Holder, databases_of, measured_holders
from tuheg_ir.diagnosis.rules._in_between import JUST
from tuheg_ir.diagnosis.rules._lets_wait import lets_wait
from tuheg_ir.diagnosis.rules._pools import SAME, held_up
from tuheg_ir.diagnosis.rules._quick_beside import quick_beside
from tuheg_ir.diagnosis.rules._sessions import clients, label_of, released_before
from tuheg_ir.diagnosis.view.complaints import OFTEN, complaints, fresh
from tuheg_ir.diagnosis.view.demand import JUST_BEFORE, MUCH_MORE, SOON_AFTER, grew_then, more_asked, traffic_growth
from tuheg_ir.diagnosis.view.logs import Hit, tells
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import of_code_alone, since_release
from tuheg_ir.diagnosis.view.usage import starving, work_growth
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_WITHIN = late(r"\bhandleExistingTransaction\b")
"""Spring and Micronaut open another transaction, with a connection of its own, within one that holds one."""
_ANEW, _OUTER = (
    late(r"\bTransactionalInterceptorRequiresNew\b"),
    late(r"\bTransactionalInterceptor(?:Required|Mandatory)\b"),
)
"""So does Quarkus, where one of these calls stands within the other."""
_TRACE = late(
    r"(?:^|\s|\\t)at [\w.$<>/@-]{1,300}\(|\bCaused by: |^\s*\.\.\. \d+ |^[\w.$]{1,200}(?:Exception|Error)(?::|$)"
)
_LONGEST = 120
"""A trace has no more lines to each side of the one that tells what went wrong."""
_SCALED = late(r"Scaled down replica set (\S{1,253}) (?:from \d+ )?to (\d{1,6})\b")
_LEAST, _MOST, _BEFORE = 0.5, 1.3, 0.25
"""A transaction whose owner waits is open about as long as a pool lets wait, and was open far less long before."""
_STATES, _AGES, _OPEN = "db_connections_by_state", "db_transaction_age_by_state", "idle in transaction"
_AT_WORK = 0.1
"""A database that works at so small a share of the sessions that are open in transactions works for none of them."""
_ITSELF = 2
"""Who measures a database has a session at work, and so has an autovacuum."""
PROVEN = timedelta(days=1)
"""What has served for a day has borne its busiest hour."""
A_WEEK, HOUR = timedelta(days=7), timedelta(hours=1)
"""What has served for a week has borne the rush of each of its days."""
DAILY, STEP = 5.0, timedelta(minutes=5)
"""An hour of a usual day brings so many times the requests at most; more, or all at once, is of a sale or a fault."""


def waits_for_itself(view: View, workload: Workload, waits: Sequence[Hit]) -> tuple[Evidence, ...]:
    """Return what shows that a release's work holds connections and waits for more; () if something else may.

    Who has more to do for each pod, or waits for somebody who is slow, or for a lock, needs more connections than
    before without being at fault. So may what a release set otherwise than its code, and a database that was released
    as it began.
    """
    began = oldest(hit.first for hit in waits)
    if began is None or not _is_new(workload, waits) or not released_before(view, workload, began):
        return ()
    if held_up(view, workload, began) or complaints(view, "lock_wait") or _more_to_do(view, workload, began):
        return ()
    stores = databases_of(view, workload)
    if any(since_release(each, began) or _works_hard(view, each) for each in stores):
        return ()
    opened = [_opened(view, workload, each.ref, began) for each in stores]
    nested = _nested(view, workload, mostly=not any(opened))
    # Code that nests may serve for years: amid more requests, those may be what fills its pool, unless figures tell.
    if nested and not more_asked(view, workload.ref, began):
        return (nested, *(seen for each in opened for seen in each or ())) if () not in opened else ()
    limit = lets_wait(view, workload, waits)
    if len(stores) != 1 or limit is None or not opened[0] or not quick_beside(view, workload, stores[0].ref, limit):
        return ()
    as_long = _as_long(view, stores[0].ref, limit, began)
    return (*((nested,) if nested else ()), *opened[0], as_long) if as_long else ()


def _more_to_do(view: View, workload: Workload, began: datetime) -> bool:
    """Tell whether a workload may have more to do for each of its pods, by anything that tells, or if nothing does.

    Its own requests may each bring more work than before, where who asks it was released just before, or is
    asked for more since then. What each day brings by and by the release before has borne as well.
    """
    growth = traffic_growth(view, workload.ref)
    if growth is None or (more_asked(view, workload.ref, began) and not _as_each_day(view, workload, growth)):
        return True
    if _lacks_pods(view, workload, began) or _scaled_down(view, workload) or fewer(view, workload):
        return True
    if (work_growth(view, workload) or 1.0) >= MUCH_MORE:
        return True
    asking = [each for each in view.serving if workload.ref in view.graph.calls.get(each.ref, ())]
    if any(grew_then(view, each.ref, began, JUST_BEFORE, SOON_AFTER, MUCH_MORE) for each in asking):
        return True
    return any(since_release(each, began, JUST) for each in asking)


def _as_each_day(view: View, workload: Workload, growth: float) -> bool:
    """Tell whether requests grew evenly, as in an hour of each day, and the release before bore a week of these."""
    before, came = workload.revisions[1].created, workload.released_at
    if before is None or came is None or came - before < A_WEEK or growth > DAILY:
        return False
    moments = (view.now - n * STEP for n in range(2, HOUR // STEP))
    return not any(grew_then(view, workload.ref, at, JUST_BEFORE, SOON_AFTER, MUCH_MORE) for at in moments)


def _lacks_pods(view: View, workload: Workload, began: datetime) -> bool:
    """Tell whether pods are missing but for those whose probes fail since: who starves answers these too late."""
    serve = [
        pod
        for pod in workload.live
        if pod.ready
        or (pod.unready_since and pod.unready_since >= began and view.events_of(f"Pod/{pod.name}", "Unhealthy"))
    ]
    return len(serve) < workload.wanted


def _scaled_down(view: View, workload: Workload) -> bool:
    """Tell whether pods were taken from a workload of late; a roll-out takes all from the release before, in steps."""
    left: dict[str, int] = {}
    for event in view.events_of(workload.ref, "ScalingReplicaSet"):
        if told := _SCALED.search(event.message):
            left[told[1]] = min(int(told[2]), left.get(told[1], int(told[2])))
    return any(left.values())


def _is_new(workload: Workload, waits: Sequence[Hit]) -> bool:
    """Tell whether only pods of a release of code alone lack connections, where the one before served for a day."""
    if not of_code_alone(workload) or workload.returned or len(workload.revisions) < 2:
        return False
    newest_ones = {pod.name for pod in workload.newest_pods()}
    before, came = workload.revisions[1].created, workload.released_at
    proven = before is not None and came is not None and came - before >= PROVEN
    return proven and all(hit.pod in newest_ones for hit in waits)


def _works_hard(view: View, store: Workload) -> bool:
    """Tell whether a database tells of slow statements, or has no processor time left: it keeps its clients waiting."""
    return starving(view, store) or any(fresh(view, hit) for hit in view.hits_of(store.ref, "slow_statement"))


def _opened(view: View, workload: Workload, database: str, began: datetime) -> tuple[Evidence, ...] | None:
    """Return that a workload's sessions idle in transactions since then; () if they do not, None if nobody knows."""
    label = label_of(view, _STATES, database)
    counts = {s.labels.get("state", ""): s for s in view.figures.series(_STATES, component=label)} if label else {}
    if _OPEN not in counts:
        return _listed(view, workload, database)
    now = view.figures.now(_STATES, component=label, state=_OPEN) or 0.0
    was = view.figures.before(_STATES, began - timedelta(minutes=1), component=label, state=_OPEN) or 0.0
    at_work = view.figures.now(_STATES, component=label, state="active") or 0.0
    mine = _counted(view, workload, database)
    taken = taken_by_pods(view, workload) or (float(mine.count) if mine else None)
    if taken is None and clients(view, database) != (workload.ref,):
        return ()  # whose sessions they are nobody knows
    idle = view.figures.now(_STATES, component=label, state="idle") or 0.0
    if now < SAME * (idle if taken is None else taken) or works(at_work, now) or 2 * was > now:
        return ()
    if mine and any(s.state for s in mine.sessions) and mine.of_state(_OPEN) < SAME * (taken or mine.count):
        return ()  # they are those of somebody else
    since = view.figures.crossed(_STATES, now / 2, component=label, state=_OPEN)
    fact = f"{now:.0f} of its sessions idle in transactions, and it works at hardly any"
    return (Evidence("metrics", database, fact, since),)


def _counted(view: View, workload: Workload, database: str) -> Holder | None:
    """Return the sessions that figures count of a workload, all of which are taken where its pool has none left."""
    return next((each for each in measured_holders(view, database) if each.ref == workload.ref), None)


def _listed(view: View, workload: Workload, database: str) -> tuple[Evidence, ...] | None:
    """Return that most sessions of a workload that a database lists idle in transactions; None if it lists none."""
    mine = [s for d in view.databases if d.ref == database for s in d.sessions if s.owner == workload.ref]
    if not mine:
        return None
    every = sum(s.count for s in mine)
    idle = sum(s.count for s in mine if s.state.startswith(_OPEN))
    if 2 * idle <= every or works(sum(s.count for s in mine if s.state == "active"), idle):
        return ()
    return (Evidence("database", database, f"{idle} of {every} sessions of {workload.name} idle in transactions"),)


def works(at_work: float, idle: float) -> bool:
    """Tell whether so many sessions are at work that not all clients can wait for those who idle in transactions."""
    return at_work > max(_ITSELF, _AT_WORK * idle)


def taken_by_pods(view: View, workload: Workload) -> float | None:
    """Return how many connections the pools of all pods have taken; None if nobody counts them."""
    counts = view.figures.latest("pool_in_use", "pod")
    mine = [counts.get(pod.name) for pod in workload.live]
    return sum(each for each in mine if each) if mine and all(each is not None for each in mine) else None


def _as_long(view: View, database: str, limit: float, began: datetime) -> Evidence | None:
    """Return that transactions are open as long as a pool lets wait, and were not before: what they do is wait."""
    label = label_of(view, _AGES, database)
    if not label:
        return None
    now = view.figures.now(_AGES, component=label, state=_OPEN)
    was = view.figures.before(_AGES, began - timedelta(seconds=limit), component=label, state=_OPEN)
    if now is None or was is None or not _LEAST * limit <= now <= _MOST * limit or was > _BEFORE * limit:
        return None
    fact = f"its oldest transaction idles for {now:.0f} s, {was:.2g} s before; a pool lets wait for {limit:.0f} s"
    return Evidence("metrics", database, fact)


def _nested(view: View, workload: Workload, *, mostly: bool) -> Evidence | None:
    """Return that traces of most pods show that who waits for a connection is within a transaction that has one.

    Those who wait for their first one may be more: it counts that there are those who wait for a second. ``mostly``:
    these have to be the most, as where work is slow for another reason those are who wait for their first one.
    """
    traces = {log.pod: [*_traces(log)] for log in view.logs_of(workload.newest_pods(), previous=False)}
    counted = {pod: sum(map(_shows_it, found)) for pod, found in traces.items()}
    if mostly and 2 * sum(counted.values()) <= sum(map(len, traces.values())):
        return None
    shown = [pod for pod, count in counted.items() if count >= OFTEN]
    if not shown or 2 * len(shown) < len(workload.newest_pods()):
        return None
    fact = f"{sum(counted.values())} times who waits for a connection does so within a transaction that holds another"
    return Evidence("logs", f"Pod/{min(shown)}", fact)


def _shows_it(trace: str) -> bool:
    return bool(_WITHIN.search(trace)) or bool(_ANEW.search(trace) and _OUTER.search(trace))


def _traces(log: Log) -> Iterator[str]:
    """Yield the trace around each line that tells of a pool without a connection."""
    for number, line in enumerate(log.lines):
        if tells("pool_exhausted", line):
            above = _run(log.lines[max(0, number - _LONGEST) : number][::-1])
            yield "\n".join((*above[::-1], line, *_run(log.lines[number + 1 : number + _LONGEST])))


def _run(lines: Sequence[str]) -> list[str]:
    """Return the lines at a beginning that are of a trace."""
    end = next((n for n, line in enumerate(lines) if not _TRACE.search(line)), len(lines))
    return list(lines[:end])
