"""A service outside takes no calls from the address by which pods leave the cluster: it is not on its list.

A partner, or a database of a cloud, lets in the addresses that it was told of. New nodes leave by an address of their
own in another zone, and a gateway that is made anew has another one: who runs there is refused with a key that is right
and by a template that is well elsewhere. A new pod may come to such a node, or leave by such a gateway, as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._by_zone import zones
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._repeated import Repeated, repeated
from tuheg_ir.diagnosis.rules._way_out import is_proxy
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import all_told, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload
from tuheg_ir.named import NamedTuple

OFTEN = 5
"""A call or two may be refused for anything."""
NEW = timedelta(hours=12)
"""What was refused everywhere long before is no reason of what is felt now."""
_NOT = (
    r"(?:is|was) not (?:an? )?(?:allowed|permitted|whitelisted|allow-?listed|authori[sz]ed"
    r"|(?:on|in) (?:the|your|our) (?:\w+ )?(?:allow|white|access)[ -]?list)\b"
)
_REFUSED = late(
    rf"\bIP(?:v[46])?(?:[ /]\w+)? .{{0,50}}{_NOT}|\b(?:\d{{1,3}}\.){{3}}\d{{1,3}}\S{{0,3}} {_NOT}"
    r"|(?<![A-Za-z])IP(?:_?ADDRESS)?_(?:NOT_(?:ALLOWED|WHITELISTED|PERMITTED)|BLOCKED|RESTRICTED)\b"
    r"|\bSOURCE_(?:IP_)?NOT_ALLOWED\b|\boriginating IP address of the call .{0,60}violates this restriction",
    re.IGNORECASE,
)
"""How Azure, Snowflake, Google, GitHub and payment services say it; not a driver's list of what it might be."""
_WORDS = (
    *("not allow", "not an allow", "not permit", "not a permit", "not white", "not a white", "not auth", "not an auth"),
    *("not on ", "not in ", "not_allowed", "not_whitelisted", "not_permitted", "_blocked", "_restricted"),
    "violates this restriction",
)


class Refused(NamedTuple):
    """Whose pods are refused, and what they repeat; ``well``: those of the same template that are not, elsewhere."""

    workload: Workload
    seen: Repeated
    ill: tuple[Pod, ...]
    well: tuple[Pod, ...]


def when(view: View) -> Iterator[Match]:
    """Pods repeat it: those on some nodes alone, or all of a workload that was not released then; users suffer."""
    found = [told for each in view.serving if (told := _refused(view, each)) is not None]
    found.sort(key=lambda told: (not any(troubles(view, told.workload.ref)), -told.seen.number, told.workload.ref))
    felt = [seen for told in found for seen in all_told(view, told.workload.ref)]
    if felt:
        yield _match(view, found, felt)


def _refused(view: View, workload: Workload) -> Refused | None:
    if role(workload) in DATA or is_proxy(workload):
        return None  # what refuses others itself
    seen = repeated(view, workload, _REFUSED, _WORDS, OFTEN)
    if seen is None or any(view.graph.resolve(host) not in ("", workload.ref) for host in hosts_named([seen.line])):
        return None
    ill = tuple(pod for pod in workload.live if pod.name in seen.pods)
    well = _served(view, workload, ill)
    alike = len(ill) == len(workload.live) and view.recent(seen.since, NEW)
    if well or (alike and not _released(view, workload, seen)):
        return Refused(workload, seen, ill, well)
    return None


def _served(view: View, workload: Workload, ill: tuple[Pod, ...]) -> tuple[Pod, ...]:
    """Return the pods that are not refused, if they are of the same template as those that are, and on other nodes."""
    heard = {log.pod for log in view.logs_of(workload.live, previous=False) if len(log.lines) >= OFTEN}
    well = tuple(pod for pod in workload.live if pod.name in heard - {each.name for each in ill})
    apart = not {pod.node for pod in ill} & {pod.node for pod in well}
    same = {pod.revision for pod in ill} <= {pod.revision for pod in well}
    return well if apart and same else ()


def _released(view: View, workload: Workload, seen: Repeated) -> bool:
    """Tell whether it began with a release of who is refused or of whom it calls: that may have another way out."""
    around = {workload.ref, *view.graph.needs(workload.ref)}
    return any(since_release(view.workloads[ref], seen.since) for ref in around if ref in view.workloads)


def _match(view: View, found: list[Refused], felt: list[Evidence]) -> Match:
    refs = [told.workload.ref for told in found]
    apart = any(told.well for told in found)
    why = "its template is served elsewhere" if apart else "it was not released as it began"
    return Match(
        component=refs[0],
        evidence=(*(told.seen.told() for told in found[:2]), *(_where(view, told) for told in found[:2]), *felt[:2]),
        certainty=0.7 if apart else 0.55,
        since=oldest(told.seen.since for told in found),
        explains=tuple(dict.fromkeys((*refs[1:], *behind(view, *refs, but=refs[0])))),
        excludes=(
            *not_for(refs, f"the address is not on a list outside: {why}", ("rollback_workload",)),
            *not_for(refs, "a further pod may leave by such an address as well", ("scale_workload",)),
        ),
    )


def _where(view: View, told: Refused) -> Evidence:
    """Return where the refused pods are, and where the others."""
    ref, at = told.workload.ref, oldest(pod.created for pod in told.ill)
    if not told.well:
        return Evidence("objects", ref, "all its pods are refused, its template is older", told.workload.released_at)
    fact = f"its {len(told.ill)} refused pods are on {_places(view, told.ill)}, "
    fact += f"{len(told.well)} of its template that are served on {_places(view, told.well)}"
    return Evidence("objects", ref, fact, at)


def _places(view: View, pods: tuple[Pod, ...]) -> str:
    """Return the zones of pods, or their nodes where no zone is told."""
    known = zones(view)
    return ", ".join(sorted({known.get(pod.node, pod.node) for pod in pods})[:4])


RULE = Rule(
    name="our_address_refused",
    title="A service outside does not take the address by which pods leave",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no pods repeat that a service outside does not take their address",
)
