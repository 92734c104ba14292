"""Sessions of a database that a program has taken, does nothing with, and does not give back: whoever it serves."""

from __future__ import annotations

from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rules._beside_its_pool import beside_its_pool
from tuheg_ir.diagnosis.rules._holders import UNUSED, Holder
from tuheg_ir.diagnosis.rules._lying_asleep import lying_asleep
from tuheg_ir.diagnosis.rules._pools import SAME, kept, kept_waiting, left_open
from tuheg_ir.diagnosis.rules._sessions import Full, label_of, released_before
from tuheg_ir.diagnosis.rules._taken_since import climbs_on, taken_since_release
from tuheg_ir.diagnosis.view.complaints import complaints
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

LEAST = 5
"""Fewer forgotten transactions than this are no leak."""
SHARE = 0.3
"""Share of the usable sessions, or of the client's own, from which on forgotten transactions are the trouble."""
LONG = timedelta(minutes=20)
"""No program that runs on and on comes back to a transaction that it has left alone for so long."""
NEARLY = 0.9
"""Share of its own sessions that are asleep where a program has no use for them."""
MOST = 0.5
"""Share of all sessions of a database from which on those that sleep leave no room for others."""
GREW = 0.9
"""A client that had more than this share of its sleeping sessions an hour ago may always have so many."""
STEADY = timedelta(minutes=5)
"""Sessions that a rush has opened are in use again, or closed, sooner."""
_CLIENTS = "db_connections_by_client"


def leaks(holder: Holder, of: int) -> bool:
    """Tell whether most sessions of a client are idle in transactions, and many of all."""
    return holder.forgotten >= max(LEAST, SHARE * of) and 2 * holder.forgotten >= holder.count


def left_lying(view: View, each: Full, holder: Holder, source: str = "database") -> tuple[Evidence, ...]:
    """Return that a program which runs on and on leaves sessions lying, whether or not anybody calls it.

    Its transactions are open for long and do nothing; its pool has as many connections taken as the database counts
    asleep, and gives none back; or its own log, or the database since its release, counts ever more of them; or they
    became most of all by and by, and hardly any of all is awake. A run, or a person's console, ends with them.
    """
    client = view.workloads.get(holder.ref)
    if client is None or client.kind in (*BATCH, "Pod") or not each.usable:
        return ()
    if leaks(holder, each.usable) and holder.oldest_s >= LONG.total_seconds():
        fact = f"{holder.forgotten} of the {holder.count} sessions of {holder.name} do nothing in transactions"
        return (Evidence(source, each.ref, f"{fact}, the oldest for {holder.oldest_s / 60:.0f} min"),)
    return (
        _taken_and_asleep(view, each, holder, source)
        or _asleep_and_refused(view, each, holder, source)
        or _ever_more_open(view, each, holder, source)
        or (
            taken_since_release(view, each, holder)
            or lying_asleep(view, each, holder)
            or beside_its_pool(view, each, holder)
            if source == "metrics"
            else ()
        )
    )


def _taken_and_asleep(view: View, each: Full, holder: Holder, source: str) -> tuple[Evidence, ...]:
    """Return that most of what a pool holds as taken is asleep at the database: nobody uses it, nor gives it back."""
    asleep = holder.of_state("idle") - holder.of_state("idle in transaction")
    if asleep < SHARE * each.usable:
        return ()
    climb = kept(view, view.workloads[holder.ref], each.since)
    if climb is None or holder.count < SAME * climb.taken:
        return ()
    unused = climb.taken - (holder.count - asleep)
    if unused < max(LEAST, SHARE * each.usable) or 2 * unused < climb.taken:
        return ()
    fact = f"{asleep} of the {holder.count} sessions of {holder.name} are asleep, {climb.taken} are taken of its pool"
    return (Evidence(source, each.ref, fact), climb.shown)


def _asleep_and_refused(view: View, each: Full, holder: Holder, source: str) -> tuple[Evidence, ...]:
    """Return that a program is refused sessions while nearly all of its own are asleep, and that these became many.

    A pool uses an idle session before it opens another: those that it opens others beside are lost to it. A pod that
    has just come has none yet, and a pool that is big is so from the start. But where each process has a session of its
    own most sleep at all times, and more come with more work, or with a release: of these it tells nothing.
    """
    asleep = holder.of_state("idle") - holder.of_state("idle in transaction")
    refused = {c.caller for c in each.refused}
    if source != "metrics" or holder.ref not in refused or asleep < max(LEAST, NEARLY * holder.count):
        return ()
    pods = view.workloads[holder.ref].live
    if asleep < MOST * each.usable or any(p.created is None or view.recent(p.created, UNUSED) for p in pods):
        return ()
    label, names = label_of(view, _CLIENTS, each.ref), {(s.user, s.application) for s in holder.sessions}
    series = [s for s in view.figures.series(_CLIENTS) if s.labels.get("component") == label and _whose(s) in names]
    each_alone = (view.figures.alone(_CLIENTS, s) for s in series)
    grown = (one for one in each_alone if not one.beyond_from_the_start(_CLIENTS, GREW * asleep))
    since = oldest(one.crossed(_CLIENTS, GREW * asleep) for one in grown)
    if since is None or view.now - since < STEADY:
        return ()
    steady = any(s.points and s.points[-1][1] >= GREW * asleep and climbs_on(s.points) for s in series)
    steady = steady and not _waits_for_a_lock(view, holder.ref, each.ref)
    if _may_have_more_processes(view, view.workloads[holder.ref], each.since, steady=steady):
        return ()
    fact = f"{holder.name} is refused sessions, and {asleep} of its {holder.count} are asleep; they became many"
    return (Evidence(source, each.ref, fact, since),)


def _ever_more_open(view: View, each: Full, holder: Holder, source: str) -> tuple[Evidence, ...]:
    """Return that a program's own log counts ever more sessions, as many as the database does, and not for more to do.

    Who waits for a lock keeps its session for as long as another holds on, and a release may want more of them: of
    these it tells nothing.
    """
    client = view.workloads[holder.ref]
    if holder.count < max(LEAST, SHARE * each.usable) or _has_more_to_do(view, client):
        return ()
    locked = _waits_for_a_lock(view, client.ref, each.ref)
    counted = None if locked or released_before(view, client, each.since) else left_open(view, client, holder.count)
    if counted is None:
        return ()
    fact = f"{holder.name} holds {holder.count} of {each.usable} sessions"
    return (Evidence(source, each.ref, fact), counted)


def _waits_for_a_lock(view: View, client: str, database: str) -> bool:
    """Tell whether a client or others of its database wait for a lock, which may be held for long."""
    return any(client in (c.caller, c.about) or c.about == database for c in complaints(view, "lock_wait"))


def _may_have_more_processes(view: View, client: Workload, since: datetime | None, *, steady: bool) -> bool:
    """Tell whether a program may have started further processes, each with a session: for more work, or by a release.

    A tenth more sessions are many more here, so a tenth more requests are, too; nobody may know how many there are.
    ``steady``: they became more and more for long. What waits for another does so no longer than that one lets it, and
    its sessions are soon as many as they will be.
    """
    if _has_more_to_do(view, client) or released_before(view, client, since):
        return True
    return not steady and kept_waiting(view, client, since)


def _has_more_to_do(view: View, client: Workload) -> bool:
    """Tell whether a program gets more requests, or is called and nobody knows how often."""
    growth = traffic_growth(view, client.ref)
    asked = bool(view.leading_to(client.ref))
    return asked if growth is None else growth * GREW > 1.0


def _whose(series: Series) -> tuple[str, str]:
    return series.labels.get("user", ""), series.labels.get("client", "")
