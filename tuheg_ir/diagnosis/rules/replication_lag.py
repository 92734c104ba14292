"""A replica of the database is behind its primary, since it stopped or since somebody writes too fast for it.

Where it has stopped and another one follows the same source still, its readers can be led to that. What stopped with an
error of its own is the dependency that fails: neither sessions nor writers bring it to follow again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._delayed import delay_of, stays_behind_as_set
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.rules._new_primary import leads_since
from tuheg_ir.diagnosis.rules._nobody_writes import late_by_the_clock
from tuheg_ir.diagnosis.rules._other_replica import other_replica
from tuheg_ir.diagnosis.rules._stopped_replica import why_behind
from tuheg_ir.diagnosis.rules._users import as_before, released_user
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import cause_of_release, release_evidence
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

BEHIND_S = 30.0


def when(view: View) -> Iterator[Match]:
    """The lag is long, and longer than it was; or a database repeats that its replica lost what it should follow."""
    seen: set[str] = set()
    for label, lag in view.figures.latest("db_replication_lag", "component").items():
        since = view.figures.crossed("db_replication_lag", BEHIND_S, component=label)
        ref = view.component(label) or label
        delay = delay_of(view, view.workloads[ref]) if ref in view.workloads else None
        if lag <= BEHIND_S or since is None or (delay and stays_behind_as_set(view, ref, delay)):
            continue
        if late_by_the_clock(view, ref):
            continue
        databases = {w.ref for w in of_role(view.workloads, "database")}
        callers = tuple(sorted(view.graph.callers(ref) - databases))
        seen.add(ref)
        shown = (
            Evidence("metrics", ref, f"the replica is {lag:.0f} s behind", since),
            *(view.hit_evidence(h) for h in view.hits_of(ref, "replication")[:2]),
        )
        # One that is late on purpose, or was late before its figures begin, is so by no release of an hour ago.
        begun = (view.figures.first("db_replication_lag", component=label) or 0.0) <= BEHIND_S
        if begun and delay is None and (writer := _writer(view, ref, since)):
            yield _flooded(view, ref, writer, shown, since)
            continue
        instead = other_replica(view, view.workloads[ref]) if ref in view.workloads else None
        yield Match(
            component=ref,
            evidence=(*shown, *(instead[1] if instead else ())),
            certainty=0.65,
            root_cause=why_behind(view, ref, view.hits_of(ref, "replication", "replication_stopped")),
            remedy="switch_traffic" if instead else "",
            target=instead[0] if instead else "",
            since=since,
            explains=(*callers, *sorted(databases - {ref})),
            excludes=not_for(callers, "it reads what the replica has: nothing done to it makes the replica catch up"),
        )
    yield from _told(view, seen)


def _writer(view: View, replica: str, since: datetime) -> Workload | None:
    """Return the one user of a replica or its primary with whose release the lag began.

    None where a replica stopped by itself, or follows anew.
    """
    databases = of_role(view.workloads, "database")
    linked = {replica, *view.graph.calls.get(replica, ()), *view.graph.callers(replica)}
    pair = [each for each in databases if each.ref in linked or len(databases) == 2]
    stopped = any(view.hits_of(each.ref, "replication_stopped") for each in pair)
    if stopped or not all(as_before(each, since) for each in pair):
        return None
    found = {user.ref: user for each in pair if (user := released_user(view, each, since))}
    return next(iter(found.values())) if len(found) == 1 else None


def _flooded(view: View, ref: str, writer: Workload, shown: tuple[Evidence, ...], since: datetime) -> Match:
    databases = {w.ref for w in of_role(view.workloads, "database")}
    others = tuple(sorted(view.graph.callers(ref) - databases - {writer.ref}))
    return Match(
        component=writer.ref,
        evidence=(*release_evidence(writer, "command", "env"), *shown),
        certainty=0.65,
        root_cause=cause_of_release(writer),
        remedy="rollback_workload",
        since=since,
        explains=(*others, *sorted(databases | {ref})),
        excludes=(
            *not_for(others, "it reads what the replica has: nothing done to it makes the replica catch up"),
            *not_for(
                (writer.ref,), "its new pods would ask as much of the database again", (*RESTARTS, "scale_workload")
            ),
            *not_for((ref,), "it follows as fast as it can: a restart makes it later", RESTARTS),
        ),
    )


def _told(view: View, seen: set[str]) -> Iterator[Match]:
    """Yield the databases whose own logs repeat that a replica lost its primary's changes, where nobody measures it."""
    for workload in of_role(view.workloads, "database"):
        # What has stopped says so once. Who was made the primary stopped as it should.
        stopped = [h for h in view.hits_of(workload.ref, "replication_stopped") if not h.previous]
        stopped = [h for h in stopped if not leads_since(view, h)]
        hits = stopped or [h for h in view.hits_of(workload.ref, "replication") if fresh(view, h)]
        if workload.ref in seen or (not stopped and sum(hit.count for hit in hits) < OFTEN):
            continue
        databases = {w.ref for w in of_role(view.workloads, "database")}
        instead = other_replica(view, workload)
        yield Match(
            component=workload.ref,
            evidence=(*(view.hit_evidence(hit) for hit in hits[:3]), *(instead[1] if instead else ())),
            certainty=0.65 if instead else 0.55,
            root_cause=why_behind(view, workload.ref, hits),
            remedy="switch_traffic" if instead else "",
            target=instead[0] if instead else "",
            since=oldest(hit.first for hit in hits),
            explains=tuple(sorted(view.graph.callers(workload.ref) - databases)),
            excludes=not_for(
                (workload.ref,), "what the replica has lost a restart does not bring", ("restart_workload",)
            ),
        )


RULE = Rule(
    name="replication_lag",
    title="A database replica is far behind its primary",
    root_cause="database_connection",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not=f"no replica is more than {BEHIND_S:.0f} s behind",
)
