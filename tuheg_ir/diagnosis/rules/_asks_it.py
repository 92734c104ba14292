"""Who asks a workload: whom settings lead to it, and who complains of it, as where a Secret keeps the address."""

from __future__ import annotations

from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, complaints
from tuheg_ir.diagnosis.view.view import View

_WAITS = (*UNANSWERED, "pool_exhausted", "lock_wait", "slow_statement", "statement_lost", "cache_busy")
"""What they tell of who is slow: no answer, connections that are held, work that is not done in time."""


def who_asks(view: View, ref: str) -> tuple[str, ...]:
    """Return who asks a workload, with all that call those, in order; but for itself."""
    told = {each.caller for each in complaints(view, *_WAITS) if each.about == ref and each.caller in view.workloads}
    return behind(view, ref, *told, but=ref)
