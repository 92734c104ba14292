"""An edge has as many connections as it may have since more users came: further ones wait before it.

Nothing fails there, and nobody is slow: who gets in is served as ever, so that figures and logs of those behind it
show nothing. More of the edge let the others in; a restart throws out those who are in, and all come back at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._capacity import GROWN, remedy_for_load
from tuheg_ir.diagnosis.rules._edge_limit import Taken, held_up, taken, written_before
from tuheg_ir.diagnosis.rules._helping import behind, names, not_for
from tuheg_ir.diagnosis.rules.edge_released import leads_from_outside
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import all_told, suffering
from tuheg_ir.diagnosis.view.usage import work_growth
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_WAYS_IN = ("Ingress", "HTTPRoute", "Gateway")


def when(view: View) -> Iterator[Match]:
    """All pods of an edge have all the connections they may, somebody suffers, and nobody behind it is slow.

    Not since its own release, nor since its settings or a way in were written: then the limit, or how long connections
    are kept, may be what changed. Nor where whom most of them lead to was released as they began to climb.
    """
    led = _led(view)
    for edge in view.serving:
        if role(edge) or edge.ref in led or not leads_from_outside(view, edge) or (found := taken(view, edge)) is None:
            continue
        told = [*all_told(view, edge.ref), *(seen for ref in led for seen in suffering(view, ref))]
        began = oldest((found.rose, found.since))
        if (
            not told
            or since_release(edge, began)
            or written_before(view, edge, began, *_WAYS_IN)
            or held_up(view, edge, led)
        ):
            continue
        released = [w for w in map(view.workloads.get, led) if w and since_release(w, began)]
        if any(_leads_to(view, found, each) for each in released):
            continue
        sure = not (released and not found.held_by) and found.crowd
        yield _match(view, edge, led, found, told, sure=sure)


def _led(view: View) -> tuple[str, ...]:
    """Return the workloads to which ways lead from outside."""
    services = [s for each in view.routes if (s := view.services.get(each.service))]
    return tuple(sorted({ref for each in services for ref in each.backends if ref in view.workloads}))


def _leads_to(view: View, found: Taken, workload: Workload) -> bool:
    """Tell whether most connections lead to a workload, as the edge calls the Service of it."""
    return any(names(found.held_by.replace("_", " "), each.name) for each in view.leading_to(workload.ref))


def _match(
    view: View, edge: Workload, led: Sequence[str], found: Taken, told: Sequence[Evidence], *, sure: bool
) -> Match:
    grown = max((g for ref in led if (g := traffic_growth(view, ref))), default=None)
    grown = found.grown or grown or work_growth(view, edge)
    source = found.evidence[0].source if found.grown else "metrics"
    loaded = sure and grown is not None and grown >= GROWN
    remedy, more, excludes = remedy_for_load(view, edge) if loaded else ("page_human", (), ())
    shown = (Evidence(source, edge.ref, f"what comes to it has grown {grown:.1f} times"),) if loaded else ()
    return Match(
        component=edge.ref,
        evidence=(*found.evidence, *told[:2], *shown, *more),
        certainty=0.75 if loaded else 0.5,
        remedy=remedy,
        since=found.since,
        explains=behind(view, *led, but=edge.ref),
        excludes=(
            *excludes,
            *excluding(edge.ref, "it ends all connections, and as many come back to the same limit", *RESTARTS),
            *excluding(edge.ref, "no release came with it", "rollback_workload"),
            *not_for(led, f"who reaches it is served: {edge.ref} lets no more through, whoever is behind it"),
        ),
    )


RULE = Rule(
    name="connections_at_their_limit",
    title="An edge has as many connections as it may have",
    root_cause="capacity",
    remedy="scale_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no edge has all the connections it may have while those behind it are well",
    follows=True,
)
