"""A release that served well for minutes before a trouble: what that says of it, and what it meets with others then."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._blames_another import ITS_OWN, blames_itself, keeps_for_others, mostly
from tuheg_ir.diagnosis.rules._fed_by import share_a_store
from tuheg_ir.diagnosis.rules._helping import names
from tuheg_ir.diagnosis.rules._late_to_all import late_to_all
from tuheg_ir.diagnosis.rules._raised_pool import raised
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.crashes import ended_by_themselves, only_of_newest, probe_kills
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import of_code_alone, since_release
from tuheg_ir.diagnosis.view.stores import of_a_store
from tuheg_ir.diagnosis.view.trouble import MINUTE, OFTEN
from tuheg_ir.diagnosis.view.usage import BUSY, memory_grows, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

SERVED = timedelta(minutes=5)
"""A new image that served well for so long is seldom the reason: other code fails with its first requests."""
_AT_ONCE = ("dns", "connection_refused", "connection_reset", "certificate", "database_full")
_MEETS = (
    *_AT_ONCE,
    *("lock_wait", "rate_limited", "cache_busy", "disk_full", "database_writes_refused", "read_only_database"),
)
"""Troubles that a program meets with others; a release of settings brings the first of them, if any, at its start.

Not that it waits in vain: it may ask for too much by and by.
"""
_WAITS = ("connection_timeout", "pool_exhausted", "lock_wait")
"""Troubles of who waits for a store in vain."""
_ASKS = late(r"pool|conn|worker", re.IGNORECASE)
"""Names of settings that may let a program ask for more than before, whatever they were: unset has a value too."""


def served_well(view: View, workload: Workload, began: datetime | None) -> bool:
    """Tell whether most pods of a release served for minutes before the trouble, and blame themselves for nothing.

    Other code fails with its first requests, or tells what it runs out of.
    """
    if began is None or not settled(workload, began):
        return False
    return not (blames_itself(view, workload) or ends_by_itself(view, workload) or _runs_out(view, workload))


def settled(workload: Workload, began: datetime) -> bool:
    """Tell whether most pods of a release served for minutes before a trouble, whatever it is since."""
    newest_ones = workload.newest_pods()
    if workload.released_at is None or not newest_ones:
        return False
    proven = [pod for pod in newest_ones if _served_from(pod, began) < began - SERVED]
    return began - workload.released_at > SERVED and 2 * len(proven) >= len(newest_ones)


def lately_of_others(view: View, workload: Workload, began: datetime | None) -> tuple[Hit, ...]:
    """Return the troubles with others that a release which had served well mostly repeats since its trouble began.

    A setting may be short only under load, which shows in time limits and in how much it asks for; a wrong host, root
    or port shows at once. That it waits in vain counts where whom it calls is late to all. Of memory that is a
    store's: what a program lacks itself it blames itself for.
    """
    image = of_code_alone(workload)
    if not image and (raised(workload) or _asks_otherwise(workload)):
        return ()
    meant = (*(_MEETS if image else _AT_ONCE), "out_of_memory")
    newest_ones = {pod.name for pod in workload.newest_pods()}
    mine = (hit for hit in view.hits_of(workload.ref, *meant) if hit.pod in newest_ones and not hit.previous)
    mine = (hit for hit in mine if hit.trouble != "out_of_memory" or of_a_store(hit.line))
    since = (hit for hit in mine if hit.first is None or began is None or hit.first >= began - MINUTE)
    told = tuple(hit for hit in since if image or not _its_own(workload, hit))
    if sum(hit.count for hit in told) >= OFTEN and mostly(view, workload, meant):
        return told
    return late_to_all(view, workload, began)


def broke_before(view: View, workload: Workload, began: datetime | None) -> tuple[Hit, ...]:
    """Return the faults of its own that another told first just before a trouble of a release which had served well.

    The other was not released, and the release calls it or lives on what it writes: then it may only miss that.
    """
    if began is None or not served_well(view, workload, began):
        return ()
    called = {each.ref for each in view.called(workload.ref)}
    others = (w for w in view.serving if w is not workload and not since_release(w, began))
    near = (w for w in others if w.ref in called or share_a_store(view, workload, w))
    hits = (hit for other in near for hit in view.hits_of(other.ref, *ITS_OWN) if not hit.previous)
    return tuple(hit for hit in hits if hit.first is not None and began - SERVED <= hit.first <= began)


def _served_from(pod: Pod, began: datetime) -> datetime:
    """Return since when a pod served before a trouble: what became ready anew since then was made before it."""
    since = pod.ready_since if pod.ready_since is not None and pod.ready_since < began else pod.created
    return since or began


def _asks_otherwise(workload: Workload) -> bool:
    """Tell whether a release set how many connections or workers it has, from whatever it was."""
    return any(_ASKS.search(change.field) for change in workload.changed("env"))


def _its_own(workload: Workload, hit: Hit) -> bool:
    """Tell whether a release itself sent a program to the host of a trouble."""
    return any(names(change.after, host) for change in workload.changed("env", "command") for host in hit.hosts)


def _runs_out(view: View, workload: Workload) -> bool:
    """Tell whether it has ever less of something of its own, which takes its time after a release."""
    busy = usage(view.figures, workload, "cpu_share").widely(BUSY)
    refused = view.hits_of(workload.ref, "database_full")  # a pool that gets no session runs out by that
    waits = refused or _keeps_waiting(view, workload) or keeps_for_others(view, workload)
    short = () if waits else view.hits_of(workload.ref, "pool_exhausted")
    return busy or memory_grows(view, workload) or bool(short and not _all_wait(view, workload, short))


def _keeps_waiting(view: View, workload: Workload) -> bool:
    """Tell whether it gave up waiting for locks before its pool was empty: who waits keeps a session so long."""
    locks = [hit for hit in view.hits_of(workload.ref, "lock_wait") if not hit.previous]
    first = oldest(hit.first for hit in locks)
    empty = oldest(hit.first for hit in view.hits_of(workload.ref, "pool_exhausted"))
    return first is not None and empty is not None and first <= empty and sum(hit.count for hit in locks) >= OFTEN


def _all_wait(view: View, workload: Workload, short: Sequence[Hit]) -> bool:
    """Tell whether others on the same store, who were not released, wait in vain since just before a pool has run out.

    Then it is the store that answers late, and a pool is empty for as long. Who waits only later may wait for what the
    release asks, and who waits since long before, or no more, does so for a reason of his own.
    """
    began = oldest(hit.first for hit in short)
    above = view.graph.callers(workload.ref)
    others = (w for w in view.serving if w is not workload and w.ref not in above and not since_release(w, began))
    near = (w for w in others if share_a_store(view, workload, w))
    waits = (hit for w in near for hit in view.hits_of(w.ref, *_WAITS) if hit.count >= OFTEN and not hit.previous)
    firsts = [hit.first for hit in waits if hit.first is not None and fresh(view, hit)]
    return began is not None and any(began - SERVED <= first <= began for first in firsts)


def ends_by_itself(view: View, workload: Workload) -> bool:
    """Tell whether pods of the release, and of no older one, ended by themselves."""
    ended = ended_by_themselves(view, workload)
    killed = probe_kills(view, workload, [crash.pod for crash in ended])
    return bool(ended) and not killed and only_of_newest(workload, ended)
