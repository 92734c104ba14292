"""The cache has reached its memory limit: it refuses writes, or throws out what is needed.

Where that began with the release of one of its users, it is that user who fills it. Where its own release, or an edit
of what it reads, forbade it to throw anything out, that is why it refuses. Where they let it throw out work that lies
there, jobs vanish.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._cache_filler import filler, started
from tuheg_ir.diagnosis.rules._counted_keys import came_up_to_its_room
from tuheg_ir.diagnosis.rules._eviction import (
    EVICTIONS,
    SUSPECT,
    holds_more_than_copies,
    keeps_all_since_release,
    keeps_all_since_start,
)
from tuheg_ir.diagnosis.rules._figures import is_well
from tuheg_ir.diagnosis.rules._helping import behind, not_for, settings_written, spared
from tuheg_ir.diagnosis.rules._readers import backlogs
from tuheg_ir.diagnosis.rules._work_thrown_out import ThrownOut, work_thrown_out
from tuheg_ir.diagnosis.view.complaints import complaints, told
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence, since_release, soon_after
from tuheg_ir.diagnosis.view.trouble import began as trouble_began
from tuheg_ir.diagnosis.view.trouble import labels_of, told_errors, troubles
from tuheg_ir.diagnosis.view.usage import memory_grows, starving
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

FULL = 0.97
_EMPTY = "a restart empties it: everything that it spares would hit the database at once"


def when(view: View) -> Iterator[Match]:
    """A cache refuses writes for want of memory, or evicts all the time."""
    for cache in of_role(view.workloads, "cache"):
        refused = [c for c in complaints(view, "cache_full") if cache.ref in (c.about, c.caller)]
        share = _now(view, "cache_memory_share", cache)
        evictions = _now(view, "cache_evictions", cache)
        busy = evictions is not None and evictions >= EVICTIONS
        rose = busy and _rose(view, cache)
        counted = _came_up(view, cache) if busy and not rose and not refused else None
        thrown = work_thrown_out(view, cache) if busy and not rose and not refused and counted is None else None
        evicting = rose or counted is not None or thrown is not None
        if not refused and not (evicting and share is not None and share >= FULL):
            continue
        callers = behind(view, cache.ref, but=cache.ref)
        if not refused and thrown is None and is_well(view, callers):
            continue
        full = counted.time if counted else thrown.since if thrown else _since(view, cache)
        began = min((c.hit.first for c in refused if c.hit.first), default=full)
        seen = (
            *told(view, refused),
            *((Evidence("metrics", cache.ref, f"{share:.0%} of its memory is used"),) if share is not None else ()),
            *((Evidence("metrics", cache.ref, f"{evictions:.0f} evictions a second", began),) if evicting else ()),
            *((counted,) if counted else ()),
        )
        if thrown is not None:
            # What ails those behind a cache passes for its doing, which a loss of work need not be.
            if thrown.edited or not any(_ails(view, view.workloads[ref]) for ref in callers if ref in view.workloads):
                yield _lost(view, cache, thrown, seen)
            continue
        settings = settings_written(view, cache, began)
        # Where figures do not go back to when it became full, they do not tell who filled it.
        user = None if settings or counted else filler(view, cache, began)
        if refused and not settings and (at_start := keeps_all_since_start(view, cache, surely=user is not None)):
            settings, user = at_start, None
        # A cache that was told to keep all days ago may have had room until somebody else filled it.
        if refused and not settings and user is None and keeps_all_since_release(view, cache):
            yield _keeps_all(view, cache, seen, began)
            continue
        yield _filled(view, cache, user, seen, began) if user else _match(view, cache, settings, seen, began)


def _came_up(view: View, cache: Workload) -> Evidence | None:
    """Return since when a cache is full by its own count, if somebody suffers since then.

    One that was started in the last days fills up as it should.
    """
    counted, began_at = came_up_to_its_room(view, cache), started(cache)
    if counted is None or counted.time is None or (began_at is not None and counted.time - began_at < SUSPECT):
        return None
    began = [at for ref in behind(view, cache.ref, but=cache.ref) for _, at in troubles(view, ref)]
    began += [alert.starts_at for alert in view.alerts]
    return counted if any(soon_after(at, counted.time) for at in began) else None


def _own_failures(view: View, user: Workload, began: datetime | None) -> tuple[Hit, ...]:
    """Return the failures of its own that a released user tells of since its release, before the cache was full."""
    told = [hit for hit in told_errors(view, user) if hit.first and since_release(user, hit.first)]
    return tuple(hit for hit in told if began and hit.first and hit.first < began)


def _match(
    view: View, cache: Workload, settings: tuple[Evidence, ...], seen: tuple[Evidence, ...], began: datetime | None
) -> Match:
    callers = behind(view, cache.ref, but=cache.ref)
    return Match(
        component=settings[0].object if settings else cache.ref,
        root_cause="configuration_error" if settings else "",
        evidence=(*settings, *seen),
        certainty=0.75 if any(each.source == "logs" for each in seen) else 0.6,
        since=began,
        explains=(*callers, *((cache.ref,) if settings else ()), *spared(view, cache.ref)),
        excludes=(
            *not_for(callers, f"{cache.ref} has no memory left: nothing done to its callers makes room"),
            *not_for((cache.ref,), _EMPTY, ("restart_workload", "rollback_workload", "scale_workload")),
        ),
    )


def _keeps_all(view: View, cache: Workload, seen: tuple[Evidence, ...], began: datetime | None) -> Match:
    """Return that a cache refuses what it had room for as long as it was free to throw out any key.

    To take that back costs what it holds, none of which was irreplaceable then. Where it holds work or the like, or
    writes to a volume, somebody may have wanted it to keep all.
    """
    callers = behind(view, cache.ref, but=cache.ref)
    kept = holds_more_than_copies(view, cache)
    barred = ("restart_workload", "scale_workload", *(("rollback_workload",) if kept else ()))
    return Match(
        component=cache.ref,
        evidence=(*release_evidence(cache, "command", "env"), *seen),
        certainty=0.75,
        root_cause="configuration_error",
        remedy="page_human" if kept else "rollback_workload",
        since=began,
        explains=(*callers, *spared(view, cache.ref)),
        excludes=(
            *not_for(callers, f"{cache.ref} keeps every key since its release: nothing done to its callers makes room"),
            *not_for((cache.ref,), "it would be full again: its template tells it to keep every key", barred),
        ),
    )


def _lost(view: View, cache: Workload, thrown: ThrownOut, seen: tuple[Evidence, ...]) -> Match:
    """Return that a cache was told to throw out any key, and work lies there: what is gone somebody has to do again.

    Whoever lays it down or works it off is well amid that: what ails one of them, or those who call them, is another
    matter, and has a remedy of its own.
    """
    callers = tuple(ref for ref in thrown.users if not _ails(view, view.workloads[ref]))
    component = thrown.seen[0].object if thrown.edited else cache.ref
    why = f"{cache.ref} throws out work that nobody has done: nothing done to its callers brings it back or keeps it"
    barred = ("restart_workload", "rollback_workload", "scale_workload")
    return Match(
        component=component,
        root_cause="configuration_error",
        evidence=(*thrown.seen, *seen),
        certainty=0.75 if any(each.source == "logs" for each in thrown.seen) else 0.6,
        since=thrown.since,
        explains=(*callers, *((cache.ref,) if thrown.edited else ())),
        excludes=(
            *not_for(callers, why),
            *not_for((cache.ref,), "it would throw out work as before, and what is gone stays so", barred),
        ),
    )


def _ails(view: View, user: Workload) -> bool:
    """Tell whether anything is wrong with who has work in a cache, whoever feels it: it waits, fails, ends or fills."""
    told = any(not hit.previous for hit in view.hits_of(user.ref))
    felt = told or any(troubles(view, user.ref)) or trouble_began(view, user) is not None
    return felt or starving(view, user) or memory_grows(view, user) or any(backlogs(view, user))


def _filled(view: View, cache: Workload, user: Workload, seen: tuple[Evidence, ...], began: datetime | None) -> Match:
    """Return that the release of one user fills a cache that was large enough for all before."""
    others = tuple(ref for ref in behind(view, cache.ref) if ref not in (cache.ref, user.ref))
    own = _own_failures(view, user, began)
    return Match(
        component=user.ref,
        evidence=(*release_evidence(user), *(view.hit_evidence(hit) for hit in own[:2]), *seen),
        certainty=0.65,
        root_cause=release_cause(view, user) if own else "",
        remedy="rollback_workload",
        since=began,
        explains=(*others, cache.ref, *spared(view, cache.ref)),
        excludes=(
            *not_for(others, f"{cache.ref} has no memory left since {user.ref} was released"),
            *not_for((user.ref,), "its new pods would fill the cache again", (*RESTARTS, "scale_workload")),
            *not_for((cache.ref,), _EMPTY, ("restart_workload", "rollback_workload", "scale_workload")),
        ),
    )


def _now(view: View, signal: str, cache: Workload) -> float | None:
    found = [view.figures.now(signal, component=label) for label in labels_of(view, cache.ref, signal)]
    return max((value for value in found if value is not None), default=None)


def _rose(view: View, cache: Workload) -> bool:
    return any(
        not view.figures.beyond_from_the_start("cache_evictions", EVICTIONS, component=label)
        for label in labels_of(view, cache.ref, "cache_evictions")
    )


def _since(view: View, cache: Workload) -> datetime | None:
    found = [
        view.figures.crossed("cache_evictions", EVICTIONS, component=label)
        for label in labels_of(view, cache.ref, "cache_evictions")
    ]
    return min((at for at in found if at), default=None)


RULE = Rule(
    name="cache_full",
    title="The cache has no memory left",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no cache refuses writes or evicts much",
)
