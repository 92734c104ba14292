"""A new version beside the stable one writes into their store what that, which nobody touched, cannot read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._twins import another_program, programs
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.programs import DATA, of_role
from tuheg_ir.diagnosis.view.reading import created, oldest
from tuheg_ir.diagnosis.view.releases import release_evidence, since_release, soon_after
from tuheg_ir.diagnosis.view.trouble import OFTEN, suffering
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def when(view: View) -> Iterator[Match]:
    """A service misreads data since another version of it, which does not, was put beside it on the same store."""
    for old in view.serving:
        hits = _misread(view, old)
        first = oldest(hit.first for hit in hits)
        said = (*felt(view, old.ref), *suffering(view, old.ref))
        if sum(hit.count for hit in hits) < OFTEN or not said or _came(old, first):
            continue
        # What was taken back may have left its entries behind.
        others = (w for w in view.serving if w is not old and not w.returned)
        came = [w for w in others if _came(w, first) and _concerns(view, w, old)]
        if len(came) == 1 and _beside(view, came[0], old) and not _misread(view, came[0]):
            yield _match(view, came[0], old, hits, said[0], first)


def _misread(view: View, workload: Workload) -> tuple[Hit, ...]:
    """Return what a workload tells of data that it cannot read; a line that says it in two ways is one."""
    hits = [h for h in view.hits_of(workload.ref, "answer_misread", "field_unknown") if not h.previous]
    return tuple({(hit.pod, hit.line): hit for hit in hits if fresh(view, hit)}.values())


def _came(workload: Workload, first: datetime | None) -> bool:
    """Tell whether a workload was released, or made, as something began."""
    return since_release(workload, first) or soon_after(first, created(workload.obj))


def _concerns(view: View, other: Workload, old: Workload) -> bool:
    """Tell whether a workload could give another what that cannot read: by a request, an answer, or a store."""
    near = view.graph.needs(old.ref) | view.graph.callers(old.ref)
    return other.ref in near or bool(_shared(view, other, old))


def _shared(view: View, one: Workload, other: Workload) -> set[str]:
    """Return the stores that two workloads use."""
    stores = {store.ref for store in of_role(view.workloads, *DATA)}
    return stores & view.graph.calls.get(one.ref, set()) & view.graph.calls.get(other.ref, set())


def _beside(view: View, new: Workload, old: Workload) -> bool:
    """Tell whether a workload runs another version of the same program on the same store, and runs well."""
    if not programs(new) or not programs(old) or another_program(new, old):
        return False
    other = programs(new, tags=True) != programs(old, tags=True)
    return other and bool(_shared(view, new, old)) and new.ready >= max(1, new.wanted)


def _match(
    view: View, new: Workload, old: Workload, hits: tuple[Hit, ...], said: Evidence, first: datetime | None
) -> Match:
    store = ", ".join(sorted(_shared(view, new, old)))
    runs = ", ".join(sorted(programs(new, tags=True)))
    made = Evidence("objects", new.ref, f"it is new, and runs {runs}", created(new.obj))
    spared = f"it reads in {store} what {new.ref} writes: nothing done to it makes it read that"
    return Match(
        component=new.ref,
        evidence=(
            *(release_evidence(new)[:2] or (made,)),
            *(view.hit_evidence(hit) for hit in hits[:2]),
            said,
            Evidence("objects", old.ref, f"its own template is older, and it uses {store} too", old.released_at),
        ),
        certainty=0.7,
        remedy="rollback_workload" if new.changes else "page_human",
        since=first,
        explains=behind(view, old.ref, but=new.ref),
        excludes=(
            *excluding(new.ref, "new pods would write the same", *RESTARTS, "scale_workload"),
            *not_for(behind(view, old.ref, but=new.ref), spared),
        ),
    )


RULE = Rule(
    name="store_in_another_form",
    title="A new version writes what the stable one beside it cannot read",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no service misreads what another version of it writes into a shared store since it was put beside it",
)
