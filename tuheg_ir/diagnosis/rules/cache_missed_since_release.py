"""Since its release a program finds nothing in its cache, and what is behind the cache gets all that it spared.

A provider outside counts our requests and refuses the rest, a database or a service of ours has too much to do. Those
do what they always did; to ask them for more pays for a cache that is not used.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._cache_off import Off, cache_taken
from tuheg_ir.diagnosis.rules._filled_less import Less, fills_less
from tuheg_ir.diagnosis.rules._helping import behind, not_for, spared
from tuheg_ir.diagnosis.rules._misses import misses_more
from tuheg_ir.diagnosis.rules._own_misses import Found, misses_since_release
from tuheg_ir.diagnosis.view.complaints import complaints, told
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence
from tuheg_ir.diagnosis.view.trouble import suffering, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_REFUSED = ("rate_limited",)
_NOTHING = 0.05
"""What is kept in the program itself is lost with any pod; but it has more than this again when it is asked again."""


def when(view: View) -> Iterator[Match]:
    """A program misses in its cache since its release, and those who ask it suffer.

    Where nobody counts that, its release took the cache from it, and a store has no processor left since. Or it fills
    a cache with less since its release, for others who miss that once what was there before has run out.
    """
    filled = [(workload, less) for workload in view.serving if (less := fills_less(view, workload))]
    yield from (_of_filler(view, *each) for each in filled)
    spoken_of = {ref for workload, less in filled for ref in (workload.ref, *less.readers)}
    for workload in (each for each in view.serving if each.ref not in spoken_of):
        found = misses_since_release(view, workload)
        if found is None:
            if off := cache_taken(view, workload):
                yield _of_settings(view, workload, off)
            continue
        refs = behind(view, workload.ref)
        felt = [seen for ref in refs for seen, _ in troubles(view, ref)]
        felt = felt or [seen for ref in refs for seen in suffering(view, ref)]
        if felt:
            yield _match(view, workload, found, felt)


def _match(view: View, workload: Workload, found: Found, felt: list[Evidence]) -> Match:
    refused = [each for each in complaints(view, *_REFUSED) if each.caller == workload.ref and not each.about]
    stores = dict.fromkeys(each for cache in found.caches for each in (cache.ref, *spared(view, cache.ref)))
    callers = behind(view, workload.ref, but=workload.ref)
    emptied = not found.caches and found.misses.now > _NOTHING  # new pods may only have to fill it, older ones as well
    why = f"{workload.ref} asks for all anew since its release: nothing done to others has it find more in its cache"
    return Match(
        component=workload.ref,
        evidence=(
            found.misses.shown,
            *release_evidence(workload),
            *told(view, refused, 1),
            *felt[:2],
        ),
        certainty=0.7 if refused else 0.6,
        root_cause=release_cause(view, workload),
        remedy="page_human" if emptied else "",
        since=found.misses.since,
        explains=(*callers, *stores),
        excludes=(
            *not_for(
                (workload.ref,),
                "its new pods would miss as much, and more of them ask for more",
                (*RESTARTS, "scale_workload"),
            ),
            *not_for(callers, why),
            *not_for(stores, why, ("restart_workload", "rollback_workload", "scale_workload", "scale_database")),
        ),
    )


def _of_settings(view: View, workload: Workload, off: Off) -> Match:
    """Return that settings took a cache from a program, for which a store has to answer all since."""
    store = off.store.store.ref
    suffer = tuple(each for each in off.store.callers if each != workload.ref)
    stores = dict.fromkeys((store, *(ref for each in off.caches for ref in (each.ref, *spared(view, each.ref)))))
    missed = [found.shown for each in off.caches if (found := misses_more(view, each.ref))]
    why = f"{workload.ref} asks for all anew since its release: nothing done to others gives it its cache back"
    return Match(
        component=workload.ref,
        evidence=(off.shown, *missed[:1], *off.store.busy[:2], *off.store.hurts[:3]),
        certainty=0.7,
        root_cause="configuration_error",
        since=off.since,
        explains=(*suffer, *stores),
        excludes=(
            *not_for(
                (workload.ref,),
                "its new pods would find as little in a cache, and more of them ask for more",
                (*RESTARTS, "scale_workload"),
            ),
            *not_for(suffer, why),
            *not_for(stores, why, ("restart_workload", "rollback_workload", "scale_workload", "scale_database")),
        ),
    )


def _of_filler(view: View, workload: Workload, less: Less) -> Match:
    """Return that a program fills a cache with less, for which a store has to answer who asks that."""
    stores = (less.cache.ref, *spared(view, less.cache.ref))
    suffer = behind(view, *less.readers, *stores, but=workload.ref)
    why = f"{workload.ref} has not filled {less.cache.ref} as before since its release: nothing done to others does it"
    return Match(
        component=workload.ref,
        evidence=(*less.shown, *release_evidence(workload), *less.felt[:2]),
        certainty=0.65,
        root_cause=release_cause(view, workload),
        since=less.misses.since,
        explains=tuple(dict.fromkeys((*suffer, *stores))),
        excludes=(
            *not_for((workload.ref,), "its new pods would write as little", (*RESTARTS, "scale_workload")),
            *not_for([ref for ref in suffer if ref not in stores], why),
            *not_for(stores, why, ("restart_workload", "rollback_workload", "scale_workload", "scale_database")),
        ),
    )


RULE = Rule(
    name="cache_missed_since_release",
    title="Since its release a program finds nothing in its cache, and asks for all of it anew",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no program misses in its cache, since its release, what it had there before",
)
