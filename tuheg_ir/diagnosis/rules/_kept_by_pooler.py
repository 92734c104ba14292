"""Sessions of a run that has ended, which the pooler that it came by keeps open for the next one, asleep.

A pooler that never closes what idles, or not for long, holds as many as the run had most at once, for each of its users
apart. Nothing of the run is left that could give them back; the pooler begins anew without them.
"""

from __future__ import annotations

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._holders import Holder
from tuheg_ir.diagnosis.rules._sessions import Full
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

NEARLY = 0.95
"""Share of them that is asleep: one may be counted just as it is closed."""


def kept_by_pooler(view: View, each: Full, holder: Holder) -> tuple[Workload, Evidence] | None:
    """Return the pooler that keeps the sessions of a run that is over, and how one sees it; None if none does."""
    run = view.workloads.get(holder.ref)
    if run is None or run.kind not in BATCH or run.live:
        return None
    if holder.of_state("idle") < NEARLY * holder.count or holder.forgotten:
        return None
    by = [callee for callee in view.called(run.ref) if role(callee) == "pooler"]
    if len(by) != 1 or each.ref not in {callee.ref for callee in view.called(by[0].ref)}:
        return None
    fact = f"no run of {run.name} goes on, and {by[0].name}, by which it came, keeps its {holder.count} sessions open"
    return by[0], Evidence("objects", by[0].ref, fact)
