"""The edge was released, and requests to some who stand behind it end there since."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._figures import stays_away
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.rules._onset import near, others_written
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.answers import answers
from tuheg_ir.diagnosis.view.reading import items, oldest, text
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence
from tuheg_ir.diagnosis.view.trouble import OFTEN, TOLD
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_EDGES = late(
    r"ingress|gateway|traefik|haproxy|envoy|nginx|kong|contour|emissary|ambassador|apisix|caddy|proxy"
    r"|nutcracker|mcrouter",
    re.IGNORECASE,
)
"""Words in the image or name of a program that leads requests to others."""
_LEAVES_OUT = late(
    r"(?:ignor|skip|reject|refus|invalid|risky|not allowed|denied).{0,80}(?:ingress|annotation|route|snippet)"
    r"|(?:ingress|annotation|route|snippet).{0,80}(?:ignor|skip|reject|refus|invalid|risky|not allowed|denied)",
    re.IGNORECASE,
)
"""Lines in which an edge tells that it does not take a way in as it is written."""
_HOST = late(r"^[^/]*[.:][^/]*/")
"""The registry that an image comes from: a proxy of images says nothing of what is in them."""
ROLLED = timedelta(minutes=3)
"""Its older pods serve so long beside the newer ones."""


def when(view: View) -> Iterator[Match]:
    """Requests to workloads with a way in stay away since the release of the edge, the only change, where they end."""
    away = dict(_away(view))
    began = oldest(seen.time for seen in away.values())
    if began is None:
        return
    released = [w for w in view.workloads.values() if w.changes and not w.returned and near(w.released_at, began)]
    if len(released) != 1 or any(at is not None and near(at, began) for at in others_written(view)):
        return  # which of several changes it was nobody can tell
    edge = released[0]
    if edge.ref in away or not is_edge(view, edge) or not all(_whole(view.workloads[ref]) for ref in away):
        return
    ends = [*_ends_there(view, edge), *_hears_nothing(view, away, edge.released_at)]
    if ends:
        yield _match(view, edge, away, ends)


def _away(view: View) -> Iterator[tuple[str, Evidence]]:
    """Yield the workloads with a way in whose users stay away, and since when."""
    led_to = {route.service for route in view.routes}
    for ref in sorted({ref for named in led_to if (s := view.services.get(named)) for ref in s.backends}):
        seen = next(stays_away(view, ref), None)
        if seen is not None and ref in view.workloads:
            yield ref, seen


def is_edge(view: View, workload: Workload) -> bool:
    """Tell whether a workload leads requests from outside to others, and is whole."""
    return leads_from_outside(view, workload) and _whole(workload)


def leads_from_outside(view: View, workload: Workload) -> bool:
    """Tell whether a workload leads requests from outside to others, by its name or its image.

    Not one whom others here ask: a gateway of payments, or a proxy of a database, leads no users.
    """
    return is_proxy(workload) and not view.graph.callers(workload.ref)


def is_proxy(workload: Workload) -> bool:
    """Tell whether a workload leads requests to others, by its name or its image."""
    images = [_HOST.sub("", text(c, "image")) for c in items(workload.template, "spec", "containers")]
    return any(map(_EDGES.search, (workload.name, *images)))


def _whole(workload: Workload) -> bool:
    return 0 < workload.wanted <= workload.ready


def _ends_there(view: View, edge: Workload) -> Iterator[Evidence]:
    """Yield that an edge finds nothing for a large part of the requests; bots alone make for a few."""
    found = answers(view, edge).values()
    missed, told = sum(each.missed for each in found), sum(each.told for each in found)
    if missed >= max(OFTEN, TOLD * told):
        yield Evidence("logs", edge.ref, f"{missed} of the last {told} requests that its logs tell of found nothing")


def _hears_nothing(view: View, away: dict[str, Evidence], released: datetime | None) -> Iterator[Evidence]:
    """Yield who told of its requests until the release, and tells of none since: it is not the figures that ended."""
    for ref in away:
        logs = view.logs_of(view.workloads[ref].live, previous=False)
        times = [at for log in logs for line in log.lines if status_of(line) and (at := stamp(line))]
        if released is not None and len(times) >= OFTEN and max(times) <= released + ROLLED:
            yield Evidence("logs", ref, "its logs tell of no request since", max(times))


def _leaves_out(view: View, edge: Workload) -> Iterator[Evidence]:
    """Yield what an edge says of ways in that it does not take."""
    for log in view.logs_of(edge.newest_pods(), previous=False):
        for line in log.lines:
            if not status_of(line) and _LEAVES_OUT.search(line):
                yield Evidence("logs", f"Pod/{log.pod}", line.strip(), stamp(line))


def _match(view: View, edge: Workload, away: dict[str, Evidence], ends: list[Evidence]) -> Match:
    left_out = next(_leaves_out(view, edge), None)
    return Match(
        component=edge.ref,
        evidence=(
            *release_evidence(edge)[:2],
            *list(away.values())[:3],
            *([left_out] if left_out else []),
            *ends[:2],
        ),
        certainty=0.65,
        root_cause="configuration_error" if left_out else release_cause(view, edge),
        since=oldest(seen.time for seen in away.values()),
        explains=tuple(away),
        excludes=(
            *excluding(edge.ref, "a restart runs the same release", *RESTARTS, "scale_workload"),
            *not_for(tuple(away), f"its pods are well: {edge.ref} leads nobody to them since its release"),
        ),
    )


RULE = Rule(
    name="edge_released",
    title="Since the edge was released, requests do not reach some who stand behind it",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no requests stay away from those with a way in since the edge alone was released",
)
