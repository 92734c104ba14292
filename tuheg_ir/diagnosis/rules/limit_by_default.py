"""Pods are held back by a processor limit that is in no template: a LimitRange gives it to whatever is made since."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._imposed import Imposed, imposed
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.odd import odd_since
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.workloads import Workload


def when(view: View) -> Iterator[Match]:
    """Pods that a LimitRange gave a processor limit are held back; older ones without it are well, or it is young."""
    for workload in view.serving:
        found = imposed(view, workload)
        if found is None:
            continue
        hurts = list(troubles(view, workload.ref))
        callers = [ref for ref in view.workloads if workload.ref in view.graph.calls.get(ref, ())]
        if found.odd or hurts or any(True for ref in callers for _ in troubles(view, ref)):
            yield _match(view, workload, found, tuple(seen for seen, _ in hurts))


def _match(view: View, workload: Workload, found: Imposed, hurts: tuple[Evidence, ...]) -> Match:
    told = f"{len(found.held)} pods were given a processor limit of {found.limit} that its template does not have"
    theirs = f"were given {found.former}" if found.former else "are without it"
    told += f"; {len(found.free)} older ones {theirs}" if found.free else ""
    held = f"those with the limit are throttled in up to {found.throttled:.0%} of periods"
    began = odd_since(view, found.odd) or oldest(seen.time for seen in hurts)
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("objects", workload.ref, told),
            *((Evidence("objects", found.by, "it gives each new container that limit", found.at),) if found.by else ()),
            Evidence("metrics", workload.ref, held, began),
            *(Evidence("metrics", f"Pod/{pod}", what) for pod, what in sorted(found.odd.items())[:2]),
            *hurts[:2],
        ),
        certainty=0.85 if found.odd and found.free else 0.7,
        since=began,
        explains=behind(view, workload.ref, but=workload.ref),
        excludes=(
            *excluding(workload.ref, "new pods are given the limit, also in place of those that are well", *RESTARTS),
            *excluding(workload.ref, "the limit is not in its template", "rollback_workload"),
        ),
    )


RULE = Rule(
    name="limit_by_default",
    title="A namespace's default processor limit holds new pods back",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no pods are held back by a processor limit that a LimitRange gave them",
)
