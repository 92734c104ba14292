"""One client has a shared cache look through all its keys, and all others wait for as long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._key_walks import Walked, Walker, walked, walker
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.releases import BEFORE, cause_of_release, release_evidence, since_release
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

MOSTLY = 0.5
"""Whose words make up so large a part of what the cache counts is who does it."""
IN_PART = 0.2
"""Loggers that leave lines out tell so much of it at least; who tells of less may do so beside another."""
AT_ONCE = timedelta(minutes=2)
"""So far apart are the first word of it and the first figure, where both are of the same."""


def when(view: View) -> Iterator[Match]:
    """A cache looks through its keys much of the time, not before, one client tells of it, and others suffer since."""
    for cache in of_role(view.workloads, "cache"):
        found = walked(view, cache)
        client = walker(view, cache, found) if found is not None else None
        if found is not None and client is not None and (hurt := tuple(_hurt(view, cache, client.by, found))):
            yield _match(view, cache, found, client, hurt)


def _hurt(view: View, cache: Workload, by: Workload, found: Walked) -> Iterator[Evidence]:
    """Yield what others who ask the cache feel since it is so, and the alerts about them."""
    for ref in behind(view, cache.ref, but=cache.ref):
        if ref != by.ref:
            yield from (seen for seen, at in troubles(view, ref) if at is not None and at >= found.since + BEFORE)
    for alert in view.alerts:
        about = view.about_alert(alert)
        fired = alert.starts_at is not None and alert.starts_at >= found.since
        if fired and about != by.ref and about in behind(view, cache.ref):
            yield alert.fires(about)


def _does_most(view: View, cache: Workload, found: Walked, walks: Walker) -> bool:
    """Tell whether most of it is a client's: it tells of most, or of a part from the very first, by the last release.

    For somebody silent to do the rest, another who was well for longer had to begin in the same minute.
    """
    if walks.part >= MOSTLY:
        return True
    first, came = walks.told.time, walks.by.released_at
    if walks.part < IN_PART or first is None or came is None or abs(first - found.since) > AT_ONCE:
        return False
    others = (view.workloads.get(ref) for ref in view.graph.callers(cache.ref) if ref != walks.by.ref)
    return not any(w and w.released_at and came <= w.released_at <= found.since - BEFORE for w in others)


def _match(view: View, cache: Workload, found: Walked, walks: Walker, hurt: tuple[Evidence, ...]) -> Match:
    client = walks.by
    ours = found.new and since_release(client, found.since) and _does_most(view, cache, found, walks)
    # What runs by the clock ends by itself, and comes again with the next run: a person suspends it.
    back = ours and client in view.serving and any(seen.source == "metrics" for seen in hurt)
    callers = tuple(ref for ref in behind(view, cache.ref) if ref != client.ref)
    reason = f"{client.name} has {cache.name} look through all its keys: nothing done to others makes it stop"
    return Match(
        component=client.ref,
        evidence=(found.shown, walks.told, *hurt[:2], *(release_evidence(client, "image") if ours else ())),
        certainty=0.75,
        root_cause=cause_of_release(client) if ours else "",
        remedy="rollback_workload" if back else "",
        since=found.since,
        explains=callers,
        excludes=(
            *not_for(callers, reason),
            *excluding(client.ref, "new pods ask in the same way", *RESTARTS, "scale_workload"),
        ),
    )


RULE = Rule(
    name="keys_walked",
    title="A client has a shared cache look through all its keys",
    root_cause="code_defect",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no cache looks through all its keys since lately, by a client that tells of it, while others suffer",
)
