"""A template lowered the processor limit, and its containers are held back since, or have too few threads by it.

The limit of a sidecar that is put in beside them stands in an annotation of the template.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._blocks_itself import lacks_threads_alone
from tuheg_ir.diagnosis.rules._cut_days_ago import Missed, missed
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.rules.memory_limit_cut import SUSPECT
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.releases import release_evidence, releases
from tuheg_ir.diagnosis.view.trouble import suffering, troubles
from tuheg_ir.diagnosis.view.usage import BUSY, THROTTLED, limit_cut, limits_cut, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

LOADED = 1.5
"""Where so many times the requests come, they may be what is too much."""
UNHELD = 0.15
"""By so much it is less sure where nothing but its own words tells that it lacks anything."""
_OF_SIDECAR = late(
    r"annotation \S+/(?:proxy-?cpu-?limit|sidecar-(?:proxy-)?cpu-limit|agent-limits-cpu)$", re.IGNORECASE
)
"""Annotations of a template that limit what is put in beside its containers: Istio, Linkerd, Consul, Dapr, Vault."""


class _Sidecar(NamedTuple):
    """A container that was put in, the change of its limit, what it has and what it, or the others', had."""

    name: str
    change: Change
    has: float
    had: float


def when(view: View) -> Iterator[Match]:
    """Containers are throttled, or their service slow, since their limit was cut; or their sidecar is since its was.

    Cut days ago by half or more, it is missed where they came to it under a load that their former limit bears.
    """
    for workload in view.serving:
        if not releases(view, workload, SUSPECT):
            if known := missed(view, workload):
                yield _days_ago(workload, known)
            continue
        if limit_cut(workload, "cpu"):
            yield from _own(view, workload)
        elif sidecar := _sidecar(view, workload):
            yield from _beside(view, workload, sidecar)


def _own(view: View, workload: Workload) -> Iterator[Match]:
    throttled = usage(view.figures, workload, "throttled_share").most
    busy = usage(view.figures, workload, "cpu_share").most
    told = f"throttled in {throttled:.0%} of periods, {busy:.0%} of the limit used"
    if throttled >= THROTTLED or busy >= BUSY:
        match, known = _match(view, workload, told, "limits"), missed(view, workload)
        yield _narrow(match, workload, known) if known else match
    elif _halved(workload) and any(troubles(view, workload.ref)) and lacks_threads_alone(view, workload):
        few = (
            "its pods repeat that their own threads are all taken, of which a runtime has as many as it sees processors"
        )
        match = _match(view, workload, few, "limits", source="logs")
        yield match._replace(certainty=match.certainty - UNHELD)


def _days_ago(workload: Workload, known: Missed) -> Match:
    """Return that a limit which was cut days ago is missed by now: what asks for more does so as it always does.

    Another program may have come with it, which nobody takes back after days for a figure.
    """
    match = Match(
        component=workload.ref,
        evidence=(*known.evidence, *release_evidence(workload, "limits")),
        certainty=0.7 if known.fits else 0.5,
        remedy="page_human" if workload.changed("image") else "rollback_workload",
        since=known.since,
    )
    return _narrow(match, workload, known)


def _narrow(match: Match, workload: Workload, known: Missed) -> Match:
    """Return a match that explains those who wait for a workload without processor time: more of them ask for more."""
    reason = f"{workload.ref} is the narrow place since its limit was cut: what stands before it only waits"
    low = not_for((workload.ref,), "it would have as low a limit, and be cold", RESTARTS)
    return match._replace(explains=known.sufferers, excludes=(*not_for(known.sufferers, reason), *low))


def _halved(workload: Workload) -> bool:
    """Tell whether a limit is at most half of what it was, or there was none: so many processors less are seen."""
    cuts = ((number(cut.before), number(cut.after)) for cut in limits_cut(workload, "cpu").values())
    return any(after is not None and (before is None or after <= before / 2) for before, after in cuts)


def _beside(view: View, workload: Workload, sidecar: _Sidecar) -> Iterator[Match]:
    """Yield that most of the sidecars are held back, and users feel it."""
    pods = workload.newest_pods()
    shares = [view.figures.still("throttled_share", pod=pod.name, container=sidecar.name) for pod in pods]
    held = [share for share in shares if share is not None and share > THROTTLED]
    suffers = any(troubles(view, workload.ref)) or any(suffering(view, workload.ref))
    if 2 * len(held) <= len(pods) or not suffers:
        return
    told = (
        f"{sidecar.name} is throttled in {max(held):.0%} of periods: it may use {sidecar.has:g} cores, "
        f"and {sidecar.had:g} without what the release set"
    )
    match = _match(view, workload, told, "other")
    set_to = Evidence("objects", workload.ref, f"released: {sidecar.change.told()}", workload.released_at)
    yield match._replace(evidence=tuple(dict.fromkeys((match.evidence[0], set_to, *match.evidence[1:]))))


def _match(view: View, workload: Workload, told: str, aspect: str, source: str = "metrics") -> Match:
    felt = [seen for seen, _ in troubles(view, workload.ref)]
    return Match(
        component=workload.ref,
        evidence=(Evidence(source, workload.ref, told), *felt, *release_evidence(workload, aspect)),
        certainty=0.8 if (traffic_growth(view, workload.ref) or 1.0) < LOADED else 0.6,
        since=workload.released_at,
    )


def _sidecar(view: View, workload: Workload) -> _Sidecar | None:
    """Return the container that pods have of an annotation whose limit is lower since a release.

    Where none was set before, it had what sidecars of that name have elsewhere in the namespace; where there are none,
    nobody knows.
    """
    for change in workload.changed("other"):
        has = number(change.after) if _OF_SIDECAR.search(change.field) else None
        if has is None:
            continue
        own = {text(each, "name") for each in items(workload.template, "spec", "containers")}
        limits = [_limits(pod) for pod in workload.newest_pods()]
        names = {name for each in limits for name, limit in each.items() if limit == has and name not in own}
        for name in sorted(names) if len(names) == 1 else ():
            others = [_limits(pod).get(name) for other, pod in view.pods() if other is not workload]
            had = number(change.before) or min((each for each in others if each is not None), default=None)
            if had is not None and had > has:
                return _Sidecar(name, change, has, had)
    return None


def _limits(pod: Pod) -> dict[str, float]:
    """Return container -> its processor limit, of those that have one."""
    found = {c.name: number(mapping(c.spec, "resources", "limits").get("cpu")) for c in pod.containers}
    return {name: limit for name, limit in found.items() if limit is not None}


RULE = Rule(
    name="cpu_limit_cut",
    title="A release lowered the processor limit below what is used",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no container is held back since its processor limit was lowered",
)
