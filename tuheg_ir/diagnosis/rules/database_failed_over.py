"""Clients talk to a database server that is the primary no longer, or were sent to one that only reads.

A release of their own sent them there, or an edit of the Service that they ask.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._led_by_release import led_to_another, released
from tuheg_ir.diagnosis.rules._new_primary import (
    WRITES,
    leads_since,
    moves,
    named_alone,
    only_server,
    settled_on,
    switched_to,
)
from tuheg_ir.diagnosis.rules._selects_replicas import Widened, led_by_service, selects_replicas
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.complaints import Complaint, began, complaints, told
from tuheg_ir.diagnosis.view.graph import foreign
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.odd import PROVEN
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import of_role, role
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.silent import over
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_LEADS = late(r"MASTER MODE enabled|[+]switch-master|[+]promoted-slave", re.IGNORECASE)
"""How Redis, and its Sentinel, tell that another server takes the writes from now on."""
_START = timedelta(minutes=5)
"""So long a server of MySQL sets itself up: each primary takes no writes at first."""
_ONE = ("app.kubernetes.io/name", "app.kubernetes.io/instance")
"""Labels that workloads of one installation have in common."""


def when(view: View) -> Iterator[Match]:
    """Writes of a client are refused as read-only; a pooler between keeps the sessions, whoever its clients are."""
    every = tuple(_moved(view))
    by_service: dict[str, tuple[Widened, dict[str, list[Complaint]]]] = {}
    holders = _holders(view, every)
    refused = [each for found in holders.values() for each in found]
    for holder, found in holders.items():
        moved = _of_theirs(view, found, every)
        database = next((c.about for c in found if c.about), "")
        if led := _led_elsewhere(view, view.workloads[holder], found, moved):
            yield released(view, holder, found, led)
            continue
        about = {c.about for c in found}
        one = named_alone(view, view.workloads[holder], about)
        if _over(view, found, moved):
            continue
        if not moved and (widened := selects_replicas(view, holder, found, refused)):
            by_service.setdefault(widened.service.ref, (widened, {}))[1][holder] = found
            continue
        if one and (by := settled_on(view, view.workloads[holder], one, about)):
            yield released(view, holder, found, by, moved, one)
            continue
        if _renewed(view, holder, moved):
            continue  # its sessions are newer than the change: they were not left over
        shown = tuple(_shown(view, holder, found, moved))
        one = one or only_server(view, about, began(found))
        yield Match(
            component=holder,
            evidence=(*told(view, found), *moved, *shown),
            certainty=0.5 if not moved else 0.8 if shown else 0.7,
            remedy="page_human" if one else "",
            since=began(found),
            explains=behind(view, holder, but=holder),
            excludes=(
                *not_for((holder,) if one else (), f"it knows {one} alone: new sessions lead there again", RESTARTS),
                *not_for(
                    (holder,),
                    "the template did not change: old sessions lead to a server that only reads",
                    ("rollback_workload",),
                ),
                *not_for(
                    (database,) if database else (),
                    "the database has a new primary: restarting it could move it again",
                    ("restart_workload", "scale_workload"),
                ),
                *not_for(
                    sorted({c.caller for c in found} - {holder}),
                    "it has its sessions from the pooler, which keeps them",
                ),
            ),
        )
    yield from (led_by_service(view, *each) for each in by_service.values())


def _holders(view: View, moved: tuple[Evidence, ...]) -> dict[str, list[Complaint]]:
    """Return who holds the sessions whose writes are refused, and the complaints of them."""
    holders: dict[str, list[Complaint]] = {}
    for each in complaints(view, "read_only_database"):
        workload = view.workloads.get(each.caller)
        if workload is not None and role(workload) != "database":
            own = _led_elsewhere(view, workload, [each], moved)
            holders.setdefault((not own and _pooler(view, each.caller)) or each.caller, []).append(each)
    return holders


def _led_elsewhere(
    view: View, workload: Workload, found: list[Complaint], moved: tuple[Evidence, ...]
) -> tuple[Change, ...]:
    """Return how a release changed the host of a database, if writes are refused since then and no primary moved."""
    felt = (since for _, since in troubles(view, workload.ref))
    if _of_theirs(view, found, moved) or not since_release(workload, oldest((began(found), *felt))):
        return ()
    return led_to_another(view, workload)


def _pooler(view: View, caller: str) -> str:
    """Return the pooler by which alone a caller comes to its database: the one that the server names, if several."""
    called = {ref for ref in view.graph.calls.get(caller, ()) if ref in view.workloads}
    if any(role(view.workloads[ref]) == "database" for ref in called):
        return ""
    poolers = {ref for ref in called if role(view.workloads[ref]) == "pooler"}
    named = {ref for ref in poolers if any(_named_by_server(view, ref))}
    chosen = poolers if len(poolers) == 1 else named
    return min(chosen) if len(chosen) == 1 else ""


def _named_by_server(view: View, pooler: str) -> Iterator[Evidence]:
    """Yield that a database itself tells whose writes it refuses: those of a pooler's addresses."""
    for hit in view.hits:
        server = view.workloads.get(hit.component)
        if hit.trouble != "read_only_database" or server is None or role(server) != "database":
            continue
        if any(view.graph.resolve(host) == pooler for host in hit.hosts):
            yield view.hit_evidence(hit)


def _shown(view: View, holder: str, found: list[Complaint], moved: tuple[Evidence, ...]) -> Iterator[Evidence]:
    """Yield what shows who holds the old sessions: younger pods write, or clients of a pooler are refused anew."""
    yield from list(_younger_write(view, holder, moved))[:1]
    clients = sorted({c.caller for c in found} - {holder})
    for client in clients:
        if _renewed(view, client, moved):
            yield Evidence("objects", client, "all its pods came after that, and fail as before")
    if clients:
        yield from _named_by_server(view, holder)


def _younger_write(view: View, holder: str, moved: tuple[Evidence, ...]) -> Iterator[Evidence]:
    """Yield that pods of a client came after the change, and have logs that tell of no refusal as its older ones do.

    Who was started a moment ago may not have written yet.
    """
    at, refused = _moved_at(moved), {hit.pod for hit in view.hits_of(holder, "read_only_database")}
    for pod in view.workloads[holder].live if refused else ():
        later = pod.ready and pod.name not in refused and _came_after(pod, at)
        proven = later and not view.recent(pod.started, PROVEN)
        if proven and any(log.lines for log in view.logs_of([pod], previous=False)):
            yield Evidence("objects", f"Pod/{pod.name}", "it came after that, and is not refused", pod.created)


def _came_after(pod: Pod, at: datetime | None) -> bool:
    return at is not None and pod.created is not None and pod.created > at


def _over(view: View, found: list[Complaint], moved: tuple[Evidence, ...]) -> bool:
    """Tell whether nobody is refused any more since a server of the same database told that it takes the writes.

    Who writes seldom is silent for a while on the old session too: it has to work on for long without a refusal.
    """
    servers = (view.workloads[ref] for ref in {c.about for c in found} & {*view.workloads})
    pods = {f"Pod/{pod.name}" for server in servers for pod in server.pods}
    at = _moved_at(tuple(each for each in moved if each.object in pods))
    last = newest(c.hit.last or c.hit.first for c in found)
    return at is not None and last is not None and last < at and all(over(view, c.hit) for c in found)


def _moved_at(moved: tuple[Evidence, ...]) -> datetime | None:
    return newest(each.time for each in moved)


def _moved(view: View) -> Iterator[Evidence]:
    """Yield what shows that another server became the primary: it says so, or follows no more and leads since."""
    for hit in view.hits:
        workload = view.workloads.get(hit.component)
        if workload is None or not view.recent(hit.last):
            continue
        if _tells_of_a_move(view, workload, hit):
            yield view.hit_evidence(hit)
    yield from map(view.event_evidence, moves(view))


def _tells_of_a_move(view: View, workload: Workload, hit: Hit) -> bool:
    """Tell whether a server, or who watches over the servers of a cache, tells that another one is the primary."""
    if role(workload) == "cache":
        return hit.trouble == "failover" and bool(_LEADS.search(hit.line))
    if role(workload) != "database":
        return False
    if hit.trouble == "replication_stopped":
        return leads_since(view, hit)
    return hit.trouble == "failover" and not _at_its_start(view, workload, hit)


def _at_its_start(view: View, workload: Workload, hit: Hit) -> bool:
    """Tell whether a server of MySQL took writes as it started, as each primary does, and no other one gave them up."""
    said, pod = WRITES.search(hit.line), next((pod for pod in workload.live if pod.name == hit.pod), None)
    if said is None or not said[1] or hit.previous or hit.last is None or pod is None or pod.started is None:
        return False
    others = (each for one in _one_database(view, workload) for each in one.live if each is not pod)
    told = ((WRITES.search(line), stamp(line)) for log in view.logs_of(others) for line in log.lines)
    gave_up = any(no and not no[1] and (at is None or at > pod.started - _START) for no, at in told)
    return not gave_up and hit.last - pod.started <= _START


def _of_theirs(view: View, found: list[Complaint], moved: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """Return the moves, without those of servers that are none of the database complained of, if that is known."""
    known = [view.workloads[c.about] for c in found if c.about in view.workloads]
    caches = {*_and_pods(of_role(view.workloads, "cache"))}
    if any(role(each) == "cache" for each in known):
        watch = [view.workloads[ref] for each in known for ref in sorted(view.graph.callers(each.ref) & caches)]
        own, watching = caches & {*_and_pods(known)}, caches & {*_and_pods(watch)}
        return tuple(e for e in moved if e.object in own or (e.object in watching and switched_to(view, e.fact, known)))
    moved = tuple(each for each in moved if each.object not in caches)
    behind_it = {ref for each in known if role(each) != "database" for ref in view.graph.needs(each.ref)}
    databases = [each for each in known if role(each) == "database"]
    databases += [each for each in of_role(view.workloads, "database") if each.ref in behind_it]
    if not databases and not any(foreign(host) for c in found for host in c.hosts):
        return moved
    own = {one.ref for each in databases for one in _one_database(view, each)}
    others = [each for each in of_role(view.workloads, "database") if each.ref not in own]
    strange = {*_and_pods(others)}
    return tuple(each for each in moved if each.object not in strange)


def _and_pods(workloads: Iterable[Workload]) -> Iterator[str]:
    for each in workloads:
        yield each.ref
        yield from (f"Pod/{pod.name}" for pod in each.pods)


def _one_database(view: View, workload: Workload) -> Iterator[Workload]:
    """Yield a database, and the workloads in which other servers of the same one run, as those of replicas do."""
    shared = {ref for each in view.leading_to(workload.ref) for ref in each.backends}
    mine = [workload.labels.get(key) for key in _ONE]
    for each in of_role(view.workloads, "database"):
        alike = all(mine) and [each.labels.get(key) for key in _ONE] == mine
        if each is workload or each.ref in shared or alike:
            yield each


def _renewed(view: View, caller: str, moved: tuple[Evidence, ...]) -> bool:
    """Tell whether all pods of a client came after the change and fail nevertheless."""
    pods, at = view.workloads[caller].live, _moved_at(moved)
    return bool(pods) and all(_came_after(pod, at) for pod in pods)


RULE = Rule(
    name="database_failed_over",
    title="A client writes to a database server that only reads, since a failover, a release or an edit",
    root_cause="database_connection",
    remedy="restart_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no client's writes are refused as read-only",
)
