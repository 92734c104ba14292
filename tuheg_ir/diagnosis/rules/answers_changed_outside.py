"""Programs that nobody released stumble over the same field as who suffers: somebody outside answers otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._in_between import PROVEN
from tuheg_ir.diagnosis.rules._misread_alike import Alike, misread_alike
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.logs import lines_told
from tuheg_ir.diagnosis.view.trouble import suffering
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes


def when(view: View) -> Iterator[Match]:
    """Who suffers misses a field that another program misses since the same minutes, and both still do.

    Not where somebody whom both ask was released or set otherwise then: that one answers.
    """
    for workload in view.serving:
        said = [*felt(view, workload.ref), *suffering(view, workload.ref)]
        for alike in misread_alike(view, workload) if said else ():
            if view.recent(min(alike.ours.last, alike.theirs.last), STILL) and not _changed_here(view, workload, alike):
                yield _match(workload, alike, said)
                break


def _changed_here(view: View, workload: Workload, alike: Alike) -> bool:
    """Tell whether one whom both ask came anew, or was set otherwise, shortly before they stumbled."""
    first = min(alike.ours.first, alike.theirs.first)
    both = view.graph.needs(workload.ref) & view.graph.needs(alike.other.ref)
    asked = [view.workloads[ref] for ref in both if ref in view.workloads]
    times = [each.released_at for each in asked if each.changes]
    times += [at for each in asked for _, at in outside_changes(view, each)]
    return any(at is not None and at <= first and first - at <= PROVEN for at in times)


def _match(workload: Workload, alike: Alike, said: list[Evidence]) -> Match:
    return Match(
        component=workload.ref,
        evidence=(
            *(lines_told(told.pod, told.often, told.line, told.first) for told in (alike.ours, alike.theirs)),
            *said[:2],
        ),
        certainty=0.7,
        since=min(alike.ours.first, alike.theirs.first),
        explains=(alike.other.ref,),
    )


RULE = Rule(
    name="answers_changed_outside",
    title="Programs of different people stumble over the same field of what somebody outside answers",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no two programs stumble over the same field since the same minutes",
)
