"""Pods of one template are ill on all nodes of one kind, and well on the others: what is beneath them differs.

Nodes are renewed with another kernel, system or runtime, and a program that reads its limits, its clock or its devices
from there is wrong on each of them. New pods come to such nodes as well, so that no start, no release taken back and no
further replica mends it.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._ill_and_well import IllAndWell
from tuheg_ir.diagnosis.rules._kind_of_node import SOFTWARE, OfAKind, of_a_kind
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.written import outside_changes

EITHER = 0.5
"""How sure one may be where two things tell the ill ones from the others."""


def when(view: View) -> Iterator[Match]:
    """All ill pods are on nodes of one kind, and pods with the same template are well on nodes of others."""
    if (kind := of_a_kind(view)) is not None:
        yield _match(view, kind)


def _match(view: View, kind: OfAKind) -> Match:
    refs = sorted(kind.found, key=lambda ref: (-len(kind.found[ref].ill), ref))
    worst, told = refs[0], kind.found[refs[0]]
    since = oldest(pod.created for pod in told.ill)
    edits = [edit for ref in refs for edit in _read_by_them_alone(view, ref, kind.found[ref])]
    sure = 0.75 if kind.what in SOFTWARE else 0.6
    return Match(
        component=worst,
        evidence=(
            *(Evidence("objects", ref, _said(kind, ref), since if ref == worst else None) for ref in refs[:3]),
            *edits[:1],
            *list(told.evidence(view))[:2],
            *(seen for seen, _ in list(troubles(view, worst))[:1]),
        ),
        certainty=min(sure, EITHER) if edits else sure,
        root_cause="" if kind.what in SOFTWARE else "dependency_failure",
        since=since,
        explains=tuple(dict.fromkeys((*refs[1:], *behind(view, *refs, but=worst)))),
        excludes=tuple(
            each
            for ref in refs
            for each in (
                *excluding(ref, "pods with the same template are well on other nodes", "rollback_workload"),
                *(
                    ()
                    if kind.closed
                    else excluding(ref, "new pods come to such nodes as well", *RESTARTS, "scale_workload")
                ),
            )
        ),
    )


def _read_by_them_alone(view: View, ref: str, told: IllAndWell) -> Iterator[Evidence]:
    """Yield what was written after all well ones had started, and before all ill ones did: it may be that instead."""
    last, first = newest(pod.started for pod in told.well), oldest(pod.started for pod in told.ill)
    if last is None or first is None:
        return
    for edited, at in outside_changes(view, view.workloads[ref]):
        if last < at < first:
            yield Evidence("objects", edited, "the ill ones alone have read it as it is: it may be that as well", at)


def _said(kind: OfAKind, ref: str) -> str:
    told = kind.found[ref]
    where = f"its {len(told.ill)} ill pods are on nodes with {kind.what} {kind.theirs}"
    return f"{where}, its {len(told.well)} well ones of the same template on others ({kind.others})"


RULE = Rule(
    name="ill_on_one_kind_of_node",
    title="Pods are ill on nodes of one kind, and their like are well on others",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no kind of node tells ill pods from well ones of their template",
)
