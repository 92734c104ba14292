"""A proxy between services has all the connections it may have, since those who come to it are more.

Each new pod of a caller opens a pool of its own. Those who came early hold theirs and work, those who came late get
none, and what lies behind the proxy is idle: it looks as if new pods were ill, or as if the store did not answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._capacity import GROWN, remedy_for_load
from tuheg_ir.diagnosis.rules._edge_limit import Taken, held_up, taken, written_before
from tuheg_ir.diagnosis.rules._helping import behind, not_for, released_since
from tuheg_ir.diagnosis.rules._poolers import databases_behind, room
from tuheg_ir.diagnosis.rules.edge_released import is_proxy
from tuheg_ir.diagnosis.view.complaints import complaints
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.growth import grown
from tuheg_ir.diagnosis.view.programs import role_of_image
from tuheg_ir.diagnosis.view.reading import items, oldest, text
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import MINUTE, suffering, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def when(view: View) -> Iterator[Match]:
    """All pods of a proxy have all the connections they may, its callers suffer, and whom it asks is well.

    Not since its own release, nor since its settings were written: then the limit may be what changed. Where nobody
    knows that its callers became more they may keep what they open, or ask more since a release: a person is called.
    """
    for proxy in view.serving:
        found = taken(view, proxy) if _is_between(view, proxy) else None
        if found is None:
            continue
        callers = behind(view, proxy.ref, but=proxy.ref)
        told = [seen for ref in callers for seen in (*(seen for seen, _ in troubles(view, ref)), *suffering(view, ref))]
        began = oldest((found.rose, found.since))
        changed = since_release(proxy, began) or written_before(view, proxy, began)
        if told and not changed and not _ill_behind(view, proxy):
            yield _match(view, proxy, callers, found, told)


def _is_between(view: View, proxy: Workload) -> bool:
    """Tell whether a workload leads requests of others here to others: no store, and no pooler, which has its rules."""
    images = [text(each, "image") for each in items(proxy.template, "spec", "containers")]
    return is_proxy(proxy) and bool(view.graph.callers(proxy.ref)) and not any(map(role_of_image, images))


def _ill_behind(view: View, proxy: Workload) -> bool:
    """Tell whether those whom a proxy asks do not answer it: connections then pile up, however many it may have."""
    asked = view.called(proxy.ref)
    lacking = any(each.ready < each.wanted or any(troubles(view, each.ref)) for each in asked)
    return lacking or held_up(view, proxy, [each.ref for each in asked])


def _match(view: View, proxy: Workload, callers: Sequence[str], found: Taken, told: Sequence[Evidence]) -> Match:
    began = oldest((found.rose, found.since))
    released = released_since(view, callers, began)
    more = () if released or not found.crowd else tuple(_became_more(view, proxy, callers, began))
    safe, shown = _bears_more(view, proxy)
    remedy, seen, excludes = remedy_for_load(view, proxy) if more and safe else ("page_human", (), ())
    unreleased = [each for each in callers if each not in released]
    return Match(
        component=proxy.ref,
        evidence=(*found.evidence, *more[:2], *shown, *told[:2], *seen),
        certainty=0.8 if more else 0.5,
        remedy=remedy,
        since=found.since,
        explains=(*callers, *(each.ref for each in view.called(proxy.ref))),
        excludes=(
            *excludes,
            *not_for(callers, f"each pod more opens more connections at {proxy.ref}", ("scale_workload",)),
            *not_for(unreleased, "no release came with it", ("rollback_workload",)),
            *not_for(
                callers if more else (), f"who has connections works: all would come back to {proxy.ref}", RESTARTS
            ),
            *not_for((proxy.ref,), "it ends all connections, and as many come back to the same limit", RESTARTS),
            *not_for((proxy.ref,), "no release came with it", ("rollback_workload",)),
        ),
    )


def _became_more(view: View, proxy: Workload, callers: Sequence[str], began: datetime | None) -> Iterator[Evidence]:
    """Yield what shows that more came to a proxy as it filled: more pods of who calls it, more requests to those."""
    direct = [w for ref in callers if (w := view.workloads.get(ref)) and proxy in view.called(ref)]
    for caller in direct:
        growth = grown(view, caller)
        if growth and (growth.at is None or began is None or growth.at <= began + MINUTE):
            yield Evidence(
                growth.source, caller.ref, f"each pod opens connections of its own: {growth.fact}", growth.at
            )
    for caller in direct:
        times = traffic_growth(view, caller.ref)
        if times is not None and times >= GROWN:
            yield Evidence("metrics", caller.ref, f"its requests have grown {times:.1f} times")


def _bears_more(view: View, proxy: Workload) -> tuple[bool, tuple[Evidence, ...]]:
    """Tell whether those behind a proxy bear the connections of more of it, and what shows it.

    A database has few to give: its proxy's limit may be what keeps it from being full.
    """
    if any(c.about in {each.ref for each in view.called(proxy.ref)} for c in complaints(view, "database_full")):
        return False, ()
    shown = room(view, proxy)
    return bool(view.called(proxy.ref)) and (bool(shown) or not databases_behind(view, proxy)), shown


RULE = Rule(
    name="proxy_outrun",
    title="A proxy between services has all the connections it may have, since those who come to it are more",
    root_cause="capacity",
    remedy="scale_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no proxy between services has all the connections it may have while whom it asks is well",
)
