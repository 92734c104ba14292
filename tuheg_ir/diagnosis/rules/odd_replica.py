"""One replica is slow or fails while its like, with the same template, are well: a stuck instance."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._between_zones import cut_off_there
from tuheg_ir.diagnosis.rules._by_zone import ill_by_zone
from tuheg_ir.diagnosis.rules._collecting import heap_is_full
from tuheg_ir.diagnosis.rules._files_left_open import files_left_open
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._imposed import imposed
from tuheg_ir.diagnosis.rules._kind_of_node import on_one_kind
from tuheg_ir.diagnosis.rules._lost_guide import Left, lost_by_node, lost_guide
from tuheg_ir.diagnosis.rules._not_of_its_own import met_by_all, not_of_its_own, refused_sessions
from tuheg_ir.diagnosis.rules._pool_hangs import pool_hangs
from tuheg_ir.diagnosis.rules._taken_in_between import may_be_taken, may_be_taken_unseen, taken_in_between
from tuheg_ir.diagnosis.rules.all_stuck import stuck_again
from tuheg_ir.diagnosis.view.beneath import rolled_beneath
from tuheg_ir.diagnosis.view.builds import another_build
from tuheg_ir.diagnosis.view.odd import ill_since, odd_pods, odd_since, standing_still, template_mark, used_up
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.split import by_revision
from tuheg_ir.diagnosis.view.trouble import MINUTE, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import ASLEEP

_ON_STORE = ("scale_database", "restart_workload")
"""What people do to a database whose clients wait for connections."""


def when(view: View) -> Iterator[Match]:
    """Few pods of a workload stand out from the others, whatever revision they are of."""
    for workload in view.serving:
        if left := lost_guide(view, workload):
            if not lost_by_node(view, workload, left):
                yield _unguided(view, workload, left)
        else:
            yield from _standing_out(view, workload)


def _standing_out(view: View, workload: Workload) -> Iterator[Match]:
    """Yield that few pods are slow, fail or are stuck, by their figures or their own words."""
    odd = odd_pods(view, workload) or _still(view, workload)
    if not odd or by_revision(view, workload) or _of_another_template(workload, odd):
        return
    if another_build(view, workload, odd):
        return  # a restart would give the others that build too
    doubtful = may_be_taken(view, workload, odd)
    if taken_in_between(view, workload) or (doubtful and not _started_long_ago(view, workload, odd)):
        return  # a new pod would start with the same edit, and the others with it
    if imposed(view, workload):
        return  # a new pod would be given the limit again that the others are without
    if refused_sessions(view, odd) or met_by_all(view, workload, odd) or _first_of_all(view, workload, odd):
        return  # a new pod would meet the same; of sessions those that are well would lose theirs
    if _by_place(view, workload, odd):
        return  # where they run is odd, and the next ones will be
    felt = [seen for seen, _ in troubles(view, workload.ref)]
    hits = [h for h in view.hits_of(workload.ref) if h.pod in odd]
    hits.sort(key=lambda h: h.trouble not in ("process_exhausted", "stuck"))
    began = odd_since(view, odd) or oldest(hit.first for hit in hits)
    if began is not None and view.recent(began, MINUTE):
        return  # one pod is often the first to feel what all are about to feel
    if began is None and _starting(view, workload, odd):
        return  # its figures are a few points, of its first answers
    well = len(workload.live) - len(odd)
    heap = heap_is_full(view, workload, odd)
    cause, around = not_of_its_own(view, workload, odd)
    spent = bool(heap) or used_up(view, workload, odd)
    hanging = () if around or spent else pool_hangs(view, workload, odd)
    doubtful = doubtful or (not spent and not hanging and may_be_taken_unseen(view, workload, odd))
    cause = cause or (
        "unknown" if doubtful else "resource_exhaustion" if spent else "database_connection" if hanging else ""
    )
    stores = [each.ref for each in view.called(workload.ref) if role(each) in ("database", "pooler")]
    yield Match(
        component=workload.ref,
        evidence=(
            *(
                Evidence("metrics", f"Pod/{pod}", f"{told}; {well} like it are well", began)
                for pod, told in odd.items()
            ),
            *felt[:1],
            *around[:2],
            Evidence("objects", f"Pod/{min(odd)}", "it has the same template as those that are well"),
            *heap,
            *(hanging or (view.hit_evidence(hit) for hit in hits[:2])),
        ),
        certainty=0.7 if len(odd) == 1 else 0.6,
        root_cause=cause,
        remedy="page_human" if around or doubtful else "restart_connection_pool" if hanging else "",
        since=began,
        excludes=excluding(workload.ref, "pods with the same template are well", "rollback_workload")
        + (excluding(workload.ref, "a restart mends nothing of it", *RESTARTS) if around else ())
        + (excluding(workload.ref, "each start reads an edit that may be it", *RESTARTS) if doubtful else ())
        + (excluding(workload.ref, "it has what it needs beside this pool", "scale_workload") if hanging else ())
        + (not_for(stores, "their like are well with it", _ON_STORE) if hanging else ()),
    )


def _by_place(view: View, workload: Workload, odd: Collection[str]) -> bool:
    """Tell whether odd pods differ from their like by where they run: on which kind of node, or in which zone."""
    if on_one_kind(view, workload) or ill_by_zone(view, workload) or cut_off_there(view, odd):
        return True
    return any(rolled_beneath(view, workload, ill) for ill in ill_since(view, workload))


def _unguided(view: View, workload: Workload, left: Sequence[Left]) -> Match:
    """Return that the proxy of a pod goes by former settings, and refuses what its like take."""
    why = "pods with the same template take the same requests"
    return Match(
        component=workload.ref,
        evidence=(
            *(seen for each in left for seen in each.seen),
            left[0].well,
            Evidence("objects", f"Pod/{left[0].pod.name}", "it has the same template as those that are well"),
        ),
        certainty=0.75,
        since=min(each.began for each in left),
        explains=behind(view, workload.ref),
        excludes=excluding(workload.ref, why, "rollback_workload", "scale_workload"),
    )


def _still(view: View, workload: Workload) -> dict[str, str]:
    """Return pod -> that it is stuck, where it alone says so and works no more, and somebody suffers by it.

    Of a release all pods may get stuck, one after the other; and of what holds data one rests whose part another took.
    """
    told = {} if stuck_again(view, workload) else standing_still(view, workload)
    if not told or not any(any(troubles(view, ref)) for ref in behind(view, workload.ref)):
        return {}
    return {pod: f"does no work any more, and says so: {hit.line}" for pod, hit in told.items()}


def _first_of_all(view: View, workload: Workload, odd: Collection[str]) -> bool:
    """Tell whether odd pods have no files left, and their like, which are only younger, are on their way to it."""
    return used_up(view, workload, odd) and files_left_open(view, workload) is not None


def _starting(view: View, workload: Workload, odd: Collection[str]) -> bool:
    """Tell whether all odd pods have only just started: what is not known to have begun may be their first answers."""
    return all(view.recent(pod.started, MINUTE) for pod in workload.live if pod.name in odd)


def _started_long_ago(view: View, workload: Workload, odd: Collection[str]) -> bool:
    """Tell whether all odd pods run for long: of those an edit from before their start is the less likely reason.

    It is no reason to say nothing of them for ever.
    """
    return not any(view.recent(pod.started, ASLEEP) for pod in workload.live if pod.name in odd)


def _of_another_template(workload: Workload, odd: Collection[str]) -> bool:
    """Tell whether all odd pods carry the mark of a template that no other pod has (revisions may not be known)."""
    mine = {template_mark(pod) for pod in workload.live if pod.name in odd}
    return bool(mine) and "" not in mine and not mine & {template_mark(p) for p in workload.live if p.name not in odd}


RULE = Rule(
    name="odd_replica",
    title="One replica is stuck",
    root_cause="service_crash",
    remedy="restart_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no replica stands out from its like",
    heard=True,
)
