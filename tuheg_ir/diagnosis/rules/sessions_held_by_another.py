"""Somebody else than the services holds the sessions of a database: a report, a job, a console, pods that are gone."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._dead_sessions import Dead, Loss, dead_sessions
from tuheg_ir.diagnosis.rules._given_up_by_pools import given_up
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.rules._holders import Holder, held_by, is_ours
from tuheg_ir.diagnosis.rules._hung_run import hangs
from tuheg_ir.diagnosis.rules._kept_by_pooler import kept_by_pooler
from tuheg_ir.diagnosis.rules._left_lying import left_lying
from tuheg_ir.diagnosis.rules._raised_pool import raised
from tuheg_ir.diagnosis.rules._sessions import Full, clients, full, sufferers
from tuheg_ir.diagnosis.view.complaints import complaints
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import oldest, text
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

MANY = 6
"""So many pods are no single program that somebody runs beside the services."""
SHARE = 0.35
"""Share of the usable sessions that one client takes from the others."""

_ENDS = ("Never", "OnFailure")
"""How pods are restarted that come to an end: those of workflows, schedulers and drivers of their own."""


def when(view: View) -> Iterator[Match]:
    """The greediest client of a full database is not one of those that suffer, or pods that are gone hold a part."""
    for each in full(view):
        if dead := dead_sessions(view).get(each.ref) or given_up(view, each):
            yield _of_dead(view, each, dead)
            continue
        found = held_by(view, each)
        greedy = next((h for h in found if h.count >= SHARE * each.usable), None)
        if greedy is None or greedy != found[0] or not each.usable or not _apart(view, each, greedy):
            continue
        if each.database is None and not greedy.ref:
            continue  # figures tell a name only: that of a driver, which the services may use as well
        if (client := view.workloads.get(greedy.ref)) and raised(client) and since_release(client, each.since):
            continue  # its release let it take them: see sessions_outgrown
        if left_lying(view, each, greedy, "database" if each.database else "metrics"):
            continue  # it does nothing with them: see sessions_leaked
        if (kept := kept_by_pooler(view, each, greedy)) is not None:
            yield _of_pooler(view, each, *kept)
            continue
        component = greedy.ref if greedy.ref in view.workloads else each.ref
        suffer = sufferers(view, each, but=component)
        run = view.workloads.get(component)
        hung = hangs(view, run) if run else ()
        endable = _may_be_ended(view, each, greedy)
        own = bool(hung) or (endable and _by_its_pool(view, each, greedy))
        yield Match(
            component=component,
            target="" if own else each.ref,
            evidence=(
                Evidence("database" if each.database else "metrics", each.ref, _told(greedy, each.usable)),
                *hung,
                *_at_once(view, greedy),
                *_run(view, greedy),
                *each.evidence,
            ),
            certainty=0.8,
            remedy="restart_connection_pool" if own else "" if endable else "page_human",
            since=each.since,
            explains=suffer,
            excludes=(
                *not_for(
                    [ref for ref in clients(view, each.ref) if ref in suffer],
                    f"{greedy.name} holds the sessions: nothing done to this client gives them back",
                ),
                *not_for((each.ref,), "a restart would end the work of every client", ("restart_workload",)),
                *not_for((each.ref,) if hung else (), "more room leaves locked what is locked", ("scale_database",)),
            ),
        )


def _of_dead(view: View, each: Full, dead: Dead) -> Match:
    """Return that sessions of pods which were lost, or gave them up, take the room: no client gives them back.

    Of a run nothing is left that could be started again: a person ends them at the database.
    """
    suffer = sufferers(view, each, but=dead.owner)
    why = f"{dead.held} sessions of which no pod knows any more take the room: nothing done to a client gives them back"
    owner = view.workloads[dead.owner]
    return Match(
        component=owner.ref,
        target=each.ref if _is_run(owner) else "",
        evidence=(dead.shown, *each.evidence),
        certainty=0.8,
        remedy="page_human" if _is_run(owner) else "restart_connection_pool",
        since=dead.loss.since,
        explains=(*suffer, *_made_good(view, dead.loss)),
        excludes=(
            *not_for([ref for ref in clients(view, each.ref) if ref in suffer and ref != owner.ref], why),
            *not_for((owner.ref,), why, ("restart_workload", "rollback_workload", "scale_workload")),
            *not_for((each.ref,), "a restart would end the work of every client", ("restart_workload",)),
            *not_for((each.ref,), "more room leaves in place what nobody uses", ("scale_database",)),
        ),
    )


def _of_pooler(view: View, each: Full, pooler: Workload, shown: Evidence) -> Match:
    """Return that a pooler keeps what a run had that is over: it gives it back as it begins anew."""
    suffer = sufferers(view, each, but=pooler.ref)
    return Match(
        component=pooler.ref,
        evidence=(shown, *each.evidence),
        certainty=0.8,
        remedy="restart_connection_pool",
        since=each.since,
        explains=suffer,
        excludes=(
            *not_for(
                [ref for ref in clients(view, each.ref) if ref in suffer],
                f"{pooler.name} keeps sessions of a run that is over: nothing done to this client gives them back",
            ),
            *not_for((each.ref,), "a restart would end the work of every client", ("restart_workload",)),
            *not_for((each.ref,), "more room leaves in place what nobody uses", ("scale_database",)),
        ),
    )


def _made_good(view: View, loss: Loss) -> tuple[str, ...]:
    """Return the node that was lost if all that serves has its pods again: nobody misses it but for the sessions."""
    whole = all(workload.ready >= workload.wanted for workload in view.serving)
    return (f"Node/{loss.node}",) if whole and loss.node else ()


def _at_once(view: View, greedy: Holder) -> Iterator[Evidence]:
    """Yield that the sessions are those of many pods, the first of which may run for long."""
    if _many(view, greedy):
        live = view.workloads[greedy.ref].live
        fact = f"{len(live)} pods of it run at once"
        yield Evidence("objects", greedy.ref, fact, oldest(pod.created for pod in live))


def _run(view: View, greedy: Holder) -> Iterator[Evidence]:
    """Yield since when the one run goes on that has the sessions: who knows it tells how long it still needs them."""
    workload = view.workloads.get(greedy.ref)
    if workload is not None and _is_run(workload) and not _many(view, greedy):
        began = oldest(pod.created for pod in workload.live)
        yield from [Evidence("objects", greedy.ref, "a run of it goes on since then", began)] if began else []


def _is_run(workload: Workload) -> bool:
    """Tell whether a client comes to an end by itself: a pod that no Job made is a run if it is not started again."""
    return workload.kind in BATCH or any(text(pod.obj, "spec", "restartPolicy") in _ENDS for pod in workload.live)


def _may_be_ended(view: View, each: Full, greedy: Holder) -> bool:
    """Tell whether room is made, and kept, by ending the idle sessions of a client: what it has and does not use.

    Not where it is a run, which has its sessions for its work and gives them back at its end; most are at work; or it
    asks again and again for more, or has many pods: it takes at once what is freed.
    Figures do not tell since when its sessions are idle, or what for.
    """
    workload = view.workloads.get(greedy.ref)
    if each.database is None or _many(view, greedy) or (workload is not None and _is_run(workload)):
        return False
    if workload is not None and role(workload):
        return False  # what serves others, a pooler perhaps, has them for these
    if sum(hit.count for hit in {c.hit for c in each.refused if c.caller == greedy.ref}) > 1:
        return False  # each of its pods, and each run of one, may tell of it once
    return 2 * greedy.of_state("idle") > greedy.count


def _many(view: View, greedy: Holder) -> bool:
    """Tell whether the sessions are those of many pods: more room is soon taken by more pods."""
    workload = view.workloads.get(greedy.ref)
    return workload is not None and len(workload.live) >= MANY


def _apart(view: View, each: Full, greedy: Holder) -> bool:
    """Tell whether a client is not one of the services that suffer: no service, or idle and not refused itself."""
    if not is_ours(view, greedy, each.since):
        return True
    refused = {c.caller for c in (*each.refused, *complaints(view, "pool_exhausted"))} - {each.ref}
    idle = greedy.of_state("idle") - greedy.forgotten
    return bool(refused) and greedy.ref not in refused and 2 * idle > greedy.count


def _by_its_pool(view: View, each: Full, greedy: Holder) -> bool:
    """Tell whether a client, if its idle sessions may be ended, gives them back as its own pool is restarted.

    Nobody else's are touched then. It is one of the services, or has had most of its sessions in nobody's use for long.
    A tool may have had its own in use within the hour, and is not ours to restart.
    """
    lies = greedy.ref in view.workloads and 2 * greedy.unused > greedy.count
    return lies or is_ours(view, greedy, each.since)


def _told(holder: Holder, usable: int) -> str:
    states = {s.state: 0 for s in holder.sessions}
    for session in holder.sessions:
        states[session.state] += session.count
    inside = ", ".join(f"{count} {state}" for state, count in states.items() if state)
    return f"{holder.name} holds {holder.count} of {usable} sessions" + (f" ({inside})" if inside else "")


RULE = Rule(
    name="sessions_held_by_another",
    title="Another program holds the database's sessions",
    root_cause="database_connection",
    remedy="scale_database",
    tier=Tier.STATED,
    when=when,
    why_not="no client beside the services that suffer holds a large part of a full database's sessions",
)
