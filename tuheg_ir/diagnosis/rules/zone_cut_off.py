"""Pods of one zone cannot open connections to those of another, while all else is reached: what lies between is broken.

The pods there differ from their like by nothing but where they run: new ones would be as deaf, an older template too.
Where users are dealt out to both zones by a route, they can be led to the one that reaches everything.
Where no proxy tells whom pods reach, those of several workloads that are ill in one zone alone show as much, faintly.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._between_zones import CutOff, cut_off
from tuheg_ir.diagnosis.rules._by_zone import InOneZone, in_one_zone, zones
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._kind_of_node import of_a_kind
from tuheg_ir.diagnosis.rules._split_users import other_half
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

TOLD, SHOWN = 0.8, 0.45


def when(view: View) -> Iterator[Match]:
    """Proxies in one zone tell that connections to pods of another one time out, or pods are ill in one zone alone."""
    if (found := cut_off(view)) is not None:
        yield _of_calls(view, found)
    elif (ill := in_one_zone(view)) is not None and of_a_kind(view) is None:
        yield _of_figures(view, ill)


def _of_calls(view: View, found: CutOff) -> Match:
    led = None if found.both else _led_elsewhere(view, found)
    first = led[0].ref if led else found.callers[0]
    way = "between" if found.both else "from"
    fact = f"connections {way} {found.zone} {'and' if found.both else 'to'} {found.there} time out, others are opened"
    felt = [seen for seen, _ in troubles(view, first)]
    suffer = behind(view, *found.callers, *found.asked, but=first)
    return Match(
        component=first,
        evidence=(
            Evidence("logs", first, fact, found.began),
            *found.evidence,
            *felt[:2],
            *((led[1],) if led else ()),
        ),
        certainty=TOLD,
        remedy="switch_traffic" if led else "",
        since=found.began,
        explains=suffer,
        excludes=not_for(
            sorted({*found.callers, *found.asked}),
            f"what lies between {found.zone} and {found.there} is broken: pods there meet that by any template",
        ),
    )


def _led_elsewhere(view: View, found: CutOff) -> tuple[Workload, Evidence] | None:
    """Return who is cut off with all its pods, and who reaches everything and could serve its users as well."""
    of = zones(view)
    for ref in found.callers:
        workload = view.workloads[ref]
        other = other_half(view, workload) if {of.get(pod.node) for pod in workload.live} == {found.zone} else None
        if other is not None and found.zone not in {of.get(pod.node, found.zone) for pod in other[0].live}:
            return workload, other[1]
    return None


def _of_figures(view: View, ill: InOneZone) -> Match:
    refs = sorted(ill.found, key=lambda ref: (-len(ill.found[ref].ill), ref))
    seen = [each for ref in refs for each in ill.found[ref].evidence(view)]
    fact = (
        f"all its ill pods are in {ill.zone}, as those of {len(refs) - 1} more; the well ones of its template are not"
    )
    return Match(
        component=refs[0],
        evidence=(Evidence("metrics", refs[0], fact), *seen[:4]),
        certainty=SHOWN,
        since=oldest(each.time for each in seen),
        explains=behind(view, *refs, but=refs[0]),
        excludes=not_for(refs, f"new pods come to {ill.zone} as well, and the template is well elsewhere"),
    )


RULE = Rule(
    name="zone_cut_off",
    title="Pods of one zone cannot reach those of another",
    root_cause="network_fault",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no connections time out between two zones alone, and pods of no one zone are ill",
)
