"""A host outside shows a certificate that is out of date: whose fault it is not, and who tells of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tuheg_ir.diagnosis.rule import Match
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._signing import end_told
from tuheg_ir.diagnosis.view.complaints import Complaint, told
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.view import View


def ended_since(view: View, each: Complaint, of_ends: Iterable[Complaint]) -> bool:
    """Tell whether what a release complains of ended after it, or somebody not released refuses the same host.

    ``of_ends``: all complaints of an end of what another shows.
    """
    caller = view.workloads[each.caller]
    end = end_told(each)
    if end is not None and caller.released_at is not None and end > caller.released_at:
        return True
    return any(
        other.caller != each.caller
        and (asker := view.workloads.get(other.caller)) is not None
        and set(other.hosts) & set(each.hosts)
        and not since_release(asker, other.hit.first)
        for other in of_ends
    )


def by_host(found: list[Complaint]) -> Iterator[list[Complaint]]:
    """Yield the complaints that name a host in common, all of them together."""
    left = list(found)
    while left:
        group = [left.pop(0)]
        hosts = set(group[0].hosts)
        while more := [each for each in left if hosts & set(each.hosts)]:
            group += more
            left = [each for each in left if each not in more]
            hosts.update(host for each in more for host in each.hosts)
        yield group


def ended_outside(view: View, found: list[Complaint]) -> Match:
    """Return that a host outside shows a certificate that is out of date, told of who complains of it most."""
    counts: dict[str, int] = {}
    for each in found:
        counts[each.caller] = counts.get(each.caller, 0) + each.hit.count
    callers = sorted(counts, key=lambda ref: (-counts[ref], ref))
    # Who calls a caller only passes its words on.
    first = next((ref for ref in callers if not view.graph.needs(ref) & set(callers)), callers[0])
    return Match(
        component=first,
        evidence=told(view, found),
        certainty=0.7,
        root_cause="dependency_failure",
        since=oldest(each.hit.first for each in found),
        explains=behind(view, *callers, but=first),
        excludes=not_for(callers, "it refuses a certificate that is out of date, as it should: its owner is outside"),
    )
