"""Many sessions wait for what one open transaction has locked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence, Session
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._entered_by_hand import entered_by_hand
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._from_lost_pods import from_lost_pods
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.rules._holders import forgotten
from tuheg_ir.diagnosis.rules._idle_ages import idle_since
from tuheg_ir.diagnosis.rules._left_open_by_hand import left_open_by_hand
from tuheg_ir.diagnosis.rules._listed_sessions import ListedHead, listed_stranger, watched_stranger
from tuheg_ir.diagnosis.rules._lock_holder import SOON, Run, open_longest, run_behind, suffers, told_by_itself, users_of
from tuheg_ir.diagnosis.rules._named_holder import Named, named_holder, named_waiting, stranger
from tuheg_ir.diagnosis.rules._sessions import clients, figure, label_of, serves
from tuheg_ir.diagnosis.rules._watched_client import watched_client
from tuheg_ir.diagnosis.view.complaints import Complaint, began, complaints, told
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import DATA, of_role, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import cause_of_release, release_evidence, releases, since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN, troubles
from tuheg_ir.diagnosis.view.view import View

_ON_OTHERS = ("restart_workload", "rollback_workload", "scale_workload")
"""What is done to pods that are there, and touches no session of one that is gone."""
LATELY = timedelta(hours=6)
"""A release of the client so young may be what locks."""
MANY = 3
"""So many sessions waiting for locks at once are no ordinary moment."""


def when(view: View) -> Iterator[Match]:
    """Sessions wait for locks, as they, figures or logs tell, and another session or run holds on."""
    known = {d.ref: d for d in view.databases}
    if not of_role(view.workloads, "database") and (listed := listed_stranger(view)) is not None:
        yield from _of_listed(view, listed)
    for ref in dict.fromkeys([*known, *(w.ref for w in of_role(view.workloads, "database"))]):
        database = known.get(ref)
        waiting = sum(s.count for s in database.sessions if s.locked_out) if database else 0
        counted = figure(view, "db_locks_waiting", ref) or 0.0
        blocker = open_longest(view, ref)
        own = blocker is not None and serves(view, blocker.owner) and forgotten(blocker)
        holder = view.workloads.get(blocker.owner) if blocker is not None and own else None
        hand = blocker is not None and (each := view.workloads.get(blocker.owner)) is not None and each.kind == "Pod"
        came = holder is not None and blocker is not None and since_release(holder, view.now - _age(blocker))
        complained = [c for c in complaints(view, "lock_wait") if c.about in (ref, "")]
        itself = told_by_itself(view, ref) if database is None else []
        if (named := _named(view, ref, itself)) is not None:
            yield _of_named(view, ref, named, itself)
            continue
        if itself and (outside := stranger(view, ref) or entered_by_hand(view, ref)) is not None:
            yield _of_stranger(view, ref, outside, itself)
            continue
        if database is None and (by_hand := _of_hand(view, ref, complained)) is not None:
            yield by_hand
            continue
        watched = watched_stranger(view, ref) if database is None else None
        if watched is not None and any(suffers(view, each) for each in watched.waiting):
            yield _of_stranger(view, ref, watched.evidence, [], watched.waiting)
            continue
        if (run := run_behind(view, ref, began(itself))) is not None:
            yield _of_run(view, ref, run, itself)
            continue
        if waiting < MANY and counted < MANY and not _only_told(view, complained):
            continue
        if (run := _run_of_clients(view, ref, blocker, complained)) is not None:
            yield _of_run(view, ref, run, complained, *_counted(ref, counted))
            continue
        yield Match(
            component=blocker.owner if blocker is not None and (own or hand) else ref,
            evidence=(
                *((Evidence("database", ref, f"{waiting} sessions wait for a lock"),) if waiting else ()),
                *((Evidence("database", ref, _told(blocker)),) if blocker else ()),
                *_counted(ref, counted),
                *told(view, complained, 2),
                *(release_evidence(holder) if holder is not None and came else ()),
            ),
            certainty=0.8 if blocker else 0.6 if waiting or counted else 0.5,
            root_cause=cause_of_release(holder) if holder is not None and came else "",
            remedy="rollback_workload" if came else "restart_connection_pool" if own else "page_human",
            since=min((c.hit.first for c in complained if c.hit.first), default=None),
            explains=tuple(
                r
                for r in (*((ref,) if hand else ()), *behind(view, ref))
                if not (blocker and (own or hand) and r == blocker.owner)
            ),
            excludes=()
            if own
            else not_for(
                clients(view, ref),
                "its sessions wait for somebody else's lock: new ones would wait as well",
            ),
        )


def _run_of_clients(view: View, ref: str, blocker: Session | None, complained: list[Complaint]) -> Run | None:
    """Return the run behind waits of which only clients, sessions or figures tell; none of another open transaction.

    Clients tell of a wait when they give it up, and may have done so before: figures know better when it came.
    """
    label = label_of(view, "db_locks_waiting", ref)
    counted = view.figures.crossed("db_locks_waiting", MANY, component=label) if label else None
    began_waiting = counted or began(complained)
    felt_by_users = any(suffers(view, each) for each in users_of(view, ref))
    run = run_behind(view, ref, began_waiting) if felt_by_users else None
    held = (
        run is not None and blocker is not None and blocker.owner not in (run.workload.ref, *_schedules(view, run.pod))
    )
    return None if held else run


def _named(view: View, ref: str, waits: list[Complaint]) -> Named | None:
    """Return the client that holds what all wait for, as a database's log names it; None if its release may lock.

    What pods that are gone have left open no release has to do with. Where its age alone tells of it a run that came
    with the waits, and locks, is the nearer one.
    """
    found = named_holder(view, ref) if waits else None
    if found is None or (releases(view, found.workload, LATELY) and not _lost(view, ref, found, waits)):
        return None
    return None if found.by_age and run_behind(view, ref, began(waits)) is not None else found


def _of_named(view: View, ref: str, named: Named, waits: list[Complaint]) -> Match:
    """Return that one client holds what all wait for. What it does not work on goes with its session.

    A person looks first where its age alone tells of it, and others were released as the waits began: they may lock.
    What pods have left that are lost with their node no new pod gives back.
    """
    holder, began_waiting = named.workload, began(waits)
    idle = idle_since(view, ref, holder.ref, named.since, began_waiting)
    forgot = idle is not None and began_waiting is not None and idle < began_waiting
    runs = holder.kind == "Deployment" and role(holder) not in DATA
    others = tuple(sorted({*clients(view, ref), *named_waiting(view, ref)} - {holder.ref}))
    came = any((w := view.workloads.get(r)) is not None and since_release(w, began_waiting, SOON) for r in others)
    alone = forgot and runs and not (named.by_age and came)
    age = Evidence("metrics", ref, f"{holder.name} keeps a transaction open that does nothing", idle)
    lost = _lost(view, ref, named, waits)
    return Match(
        component=holder.ref,
        evidence=(named.evidence, *((lost,) if lost else ()), *((age,) if forgot else ()), *told(view, waits, 1)),
        certainty=0.7 if named.by_age else 0.8,
        remedy="restart_connection_pool"
        if lost or (alone and serves(view, holder.ref))
        else "restart_workload"
        if alone
        else "page_human",
        since=began_waiting,
        explains=tuple(r for r in (ref, *users_of(view, ref)) if r != holder.ref),
        excludes=(
            *not_for(others, f"{holder.name} holds the lock, and they wait: new ones would wait as well"),
            *not_for((holder.ref,) if lost else (), "it holds on by sessions of a pod that is gone", _ON_OTHERS),
        ),
    )


def _lost(view: View, ref: str, named: Named, waits: list[Complaint]) -> Evidence | None:
    """Return that who holds what all wait for is a pod that was lost with its node."""
    return None if named.by_age else from_lost_pods(view, ref, named.pids, named.workload, began(waits))


def _of_hand(view: View, ref: str, complained: list[Complaint]) -> Match | None:
    """Return that a pod by hand, or a run, holds what others wait for, as a watch tells, or its own words."""
    held = watched_client(view, ref)
    if held is None and sum(c.hit.count for c in complained) >= OFTEN:
        held = left_open_by_hand(view, ref, began(complained))
    if held is None or not any(suffers(view, each) for each in users_of(view, ref) if each != held.client):
        return None
    most = sorted(complained, key=lambda each: -each.hit.count)
    return _of_stranger(view, ref, held.evidence, most, component=held.client)._replace(certainty=held.certainty)


def _of_stranger(
    view: View,
    ref: str,
    holder: Evidence,
    waits: list[Complaint],
    waiting: tuple[str, ...] = (),
    component: str = "",
) -> Match:
    """Return that somebody holds what all wait for whom nobody calls: a person has to end that one session.

    ``component``: the pod from which that one works; "" where it is none of ours.
    """
    users = tuple(each for each in waiting or users_of(view, ref) if each != component)
    return Match(
        component=component or ref,
        evidence=(holder, *told(view, waits, 1)),
        certainty=0.8,
        since=began(waits) or holder.time,
        explains=(ref, *users),
        excludes=(
            *not_for(users, "somebody else holds the lock, and its sessions wait: new ones would wait as well"),
            *not_for((ref,), "the waits end with one session, and a restart ends everybody's work", ON_CALLERS),
            *not_for((ref,), "more sessions would wait for the same lock", ("scale_database",)),
        ),
    )


def _of_listed(view: View, listed: ListedHead) -> Iterator[Match]:
    """Yield that a session of nobody here holds what clients of a database outside wait for: a person has to end it."""
    users = behind(view, *listed.waiting)
    if any(suffers(view, each) for each in users):
        yield Match(
            component=listed.waiting[0],
            evidence=(listed.evidence, *(seen for ref in users for seen in felt(view, ref)[:1])),
            certainty=0.8,
            since=oldest(since for ref in users for _, since in troubles(view, ref)),
            explains=tuple(ref for ref in users if ref != listed.waiting[0]),
            excludes=not_for(users, "somebody else holds the lock, and its sessions wait: new ones would wait as well"),
        )


def _counted(ref: str, counted: float) -> tuple[Evidence, ...]:
    return (Evidence("metrics", ref, f"{counted:.0f} locks are waited for"),) if counted >= MANY else ()


def _of_run(view: View, ref: str, behind_it: Run, waits: list[Complaint], *seen: Evidence) -> Match:
    """Return that a run locks what all others wait for. Who ends it knows what becomes of its work: a person."""
    run, pod, said = behind_it
    users = users_of(view, ref)
    others = tuple(
        r for r in dict.fromkeys((*clients(view, ref), *users)) if r not in (run.ref, *_schedules(view, pod))
    )
    why = f"{run.name} holds the lock, and they wait: new ones would wait as well"
    return Match(
        component=run.ref,
        evidence=(
            *told(view, waits, 1),
            *seen,
            Evidence(
                "objects",
                f"Pod/{pod.name}",
                f"it works on {ref} since just before, and locks: {said[:200]}",
                pod.created,
            ),
        ),
        certainty=0.6,
        since=began(waits),
        explains=tuple(r for r in (ref, *users) if r != run.ref),
        excludes=(
            *not_for(others, why),
            *not_for((ref,), "the waits end with the run, and a restart ends everybody's work", ON_CALLERS),
        ),
    )


def _schedules(view: View, pod: Pod) -> tuple[str, ...]:
    return tuple(w.ref for w in view.workloads.values() if w.kind == "CronJob" and pod in w.pods)


def _only_told(view: View, complained: list[Complaint]) -> bool:
    """Tell whether clients that suffer, and were not released lately, repeat that they wait for locks."""
    found = [c for c in complained if "lock" in c.hit.line.lower() and "deadlock" not in c.hit.line.lower()]
    old = [c for c in found if (w := view.workloads.get(c.caller)) and not releases(view, w, LATELY)]
    return sum(c.hit.count for c in old if felt(view, c.caller)) >= OFTEN


def _age(blocker: Session) -> timedelta:
    return timedelta(seconds=blocker.age_s)


def _told(blocker: Session) -> str:
    who = blocker.owner or blocker.application or blocker.user or blocker.client
    query = f": {blocker.query[:120]}" if blocker.query else ""
    return f"{who} keeps a transaction open ({blocker.state} for {blocker.age_s:.0f} s){query}"


RULE = Rule(
    name="waiting_for_a_lock",
    title="Many database sessions wait for the lock of one open transaction",
    root_cause="database_connection",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no sessions wait for a lock",
)
