"""What the newest pods of a workload repeat since their release, and nobody before: errors of its own work."""

from __future__ import annotations

from datetime import datetime, timedelta

from tuheg_ir.diagnosis.rules._called import called_before
from tuheg_ir.diagnosis.rules._came_rarely import rarely_since
from tuheg_ir.diagnosis.rules._holders import able
from tuheg_ir.diagnosis.rules._own_names import of_a_stranger
from tuheg_ir.diagnosis.rules._refused_together import refused_as_others
from tuheg_ir.diagnosis.rules._users_mistakes import users_mistake
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.marked import Marked, marked
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.releases import (
    BEFORE,
    since_release,
    soon_after,
)
from tuheg_ir.diagnosis.view.silent import no_more
from tuheg_ir.diagnosis.view.statements import statements
from tuheg_ir.diagnosis.view.trouble import OFTEN, measured
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

FRESH = timedelta(hours=2)
"""Where no log reaches back before the errors, a release so young is suspected."""
SHORTLY = timedelta(minutes=15)
"""A database that was slow so shortly before a release was it without it."""
_SLOW = ("slow_statement", "lock_wait")
_AMONG_MEMBERS = ("replication", "failover", "cluster_degraded", "cluster_split")


def own_words(view: View, workload: Workload) -> Marked | None:
    """Return the error that all newest pods repeat since their release, and no older one; None: there is none."""
    if measured(view, workload) or not workload.changes or workload.returned:
        return None
    if called_before(view, workload.released_at):
        return None
    newest = {pod.name for pod in workload.newest_pods()}
    slow = slow_before(view, workload)
    told = (each for each in marked(view, workload) if set(each.pods) == newest and not (slow and waits(each)))
    fresh = workload.released_at is not None and view.recent(workload.released_at, FRESH)
    told = (
        each
        for each in told
        if since_release(workload, each.since)
        or (each.since is None and fresh)
        or rarely_since(view, workload, each) is not None
    )
    told = (each for each in told if not refused_as_others(view, workload, each.since) and not of_a_stranger(each.line))
    told = (each for each in told if not store_came_between(view, workload, each.since))
    told = (each for each in told if not users_mistake(view, workload, each))
    return next((each for each in told if not no_more(view, workload, each)), None)


def store_came_between(view: View, workload: Workload, since: datetime | None) -> bool:
    """Tell whether a store that a workload uses went through something after its release, just before the first words.

    It started: what was well until then may be without the store's data, or meet other settings of it. Or its members
    lost each other, which no client brings: what was under way then may lie in it half done.
    """
    released = workload.released_at
    if since is None or released is None:
        return False
    known = {each.ref for each in view.called(workload.ref)}
    data = (each for each in view.workloads.values() if role(each) in DATA)
    stores = [each for each in data if each.ref in known or workload.ref in able(view, each.ref)]
    moments = [
        *(pod.started for each in stores for pod in each.live),
        *(hit.first for each in stores for hit in view.hits_of(each.ref, *_AMONG_MEMBERS)),
    ]
    return any(at is not None and released - BEFORE < at and soon_after(since, at) for at in moments)


def slow_before(view: View, workload: Workload) -> bool:
    """Tell whether a database that a workload uses told often of slow statements or locks, up to its release.

    A single report in the night says nothing of what a release waits for.
    """
    at = workload.released_at
    return at is not None and any(slow_at(view, each, at) for each in view.called(workload.ref))


def slow_at(view: View, server: Workload, at: datetime) -> bool:
    """Tell whether a database told often of slow statements or locks up to a time."""
    hits = (hit for hit in view.hits_of(server.ref, *_SLOW) if hit.first is not None and hit.first < at + BEFORE)
    return any(hit.count >= OFTEN for hit in hits) and any(
        at - SHORTLY <= each.at < at + BEFORE and any(tells(trouble, each.text) for trouble in _SLOW)
        for each in statements(view, server)
    )


def waits(words: Marked) -> bool:
    """Tell whether words are those of who waits for a database."""
    return any(tells(trouble, words.line) for trouble in ("pool_exhausted", "connection_timeout", "lock_wait"))
