"""A release writes into a shared store what another program, which brought nothing of it, cannot read.

It is another version beside the stable one; or another program, where words say that the form as a whole is strange:
that of a younger language or library. Such words are of who wrote it, and never of a program that only reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._twins import another_program, programs
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.programs import DATA, of_role
from tuheg_ir.diagnosis.view.reading import created, oldest
from tuheg_ir.diagnosis.view.releases import BEFORE, release_evidence, since_release, soon_after
from tuheg_ir.diagnosis.view.trouble import OFTEN, suffering
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

_FORM = late(
    r"unsupported pickle protocol|incompatible marshal file format|igbinary_unserialize_header: unsupported version"
    r"|invalid stream header: |invalid load key, ",
    re.IGNORECASE,
)
"""How a language tells that it cannot read at all what was written out; answers to requests are of no such form."""


def when(view: View) -> Iterator[Match]:
    """A service misreads data since another version of it, which does not, was put beside it on the same store.

    Or since another program on that store was released, where it is the form as a whole that cannot be read.
    """
    for old in view.serving:
        hits = _misread(view, old)
        said = (*felt(view, old.ref), *suffering(view, old.ref))
        first = _began(old, hits, said)
        if sum(hit.count for hit in hits) < OFTEN or not said or _came(old, first):
            continue
        # What was taken back may have left its entries behind.
        others = (w for w in view.serving if w is not old and not w.returned)
        came = [w for w in others if _came(w, first) and _concerns(view, w, old)]
        if len(came) != 1 or _misread(view, came[0]):
            continue
        if _beside(view, came[0], old) or (_of_form(hits) and _writes_alone(view, came[0], old)):
            yield _match(view, came[0], old, hits, said[0], first)


def _misread(view: View, workload: Workload) -> tuple[Hit, ...]:
    """Return what a workload tells of data that it cannot read; a line that says it in two ways is one."""
    hits = [h for h in view.hits_of(workload.ref, "answer_misread", "field_unknown") if not h.previous]
    return tuple({(hit.pod, hit.line): hit for hit in hits if fresh(view, hit)}.values())


def _began(old: Workload, hits: tuple[Hit, ...], said: Sequence[Evidence]) -> datetime | None:
    """Return since when data are misread: as long as users suffer, where a release amid that began the logs anew."""
    first = oldest(hit.first for hit in hits)
    suffered = oldest(each.time for each in said)
    amid = old.released_at is not None and suffered is not None and suffered < old.released_at + BEFORE
    return suffered if amid and _of_form(hits) and since_release(old, first) else first


def _of_form(hits: tuple[Hit, ...]) -> bool:
    """Tell whether all that is misread is in a form that cannot be read at all."""
    return bool(hits) and all(_FORM.search(hit.line) for hit in hits)


def _writes_alone(view: View, new: Workload, old: Workload) -> bool:
    """Tell whether another program with a new image is the only one on a store that may write otherwise than before.

    Whether a run was changed nobody knows; and what was taken back, be it the reader itself, may have left its entries.
    """
    if not new.changed("image") or not another_program(new, old) or new.ready < max(1, new.wanted):
        return False
    unclear = (w for w in view.workloads.values() if w.kind in BATCH or w.returned)
    return bool(_shared(view, new, old)) and not any(_shared(view, each, old) for each in unclear)


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
            Evidence("objects", old.ref, f"{_age(old, first)}, and it uses {store} too", old.released_at),
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


def _age(old: Workload, first: datetime | None) -> str:
    late_one = old.released_at is not None and first is not None and first < old.released_at
    return "it was released when users suffered already" if late_one else "its own template is older"


RULE = Rule(
    name="store_in_another_form",
    title="A release writes into a shared store what another program cannot read",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no service misreads what another version of it, or another program, writes into a store since its release",
)
