"""A data service takes no more writes, to protect what it holds, and says so: its callers only suffer."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import began, complaints, told
from tuheg_ir.diagnosis.view.programs import of_role


def when(view: View) -> Iterator[Match]:
    """It says so itself, or a caller passes its words on."""
    for store in of_role(view.workloads, "database", "cache", "search"):
        found = [c for c in complaints(view, "database_writes_refused") if store.ref in (c.about, c.caller)]
        if not found:
            continue
        callers = tuple(ref for ref in behind(view, store.ref) if ref != store.ref)
        yield Match(
            component=store.ref,
            evidence=told(view, found),
            certainty=0.8,
            since=began(found),
            explains=callers,
            excludes=(
                *not_for(callers, f"{store.ref} refuses them: nothing done to them makes it take writes"),
                *not_for(
                    (store.ref,),
                    "it comes back in the same state; who knows its data has to mend that first",
                    (*RESTARTS, "rollback_workload", "scale_workload", "scale_database"),
                ),
            ),
        )


RULE = Rule(
    name="writes_refused",
    title="A data service refuses writes to protect its data",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no data service says that it takes no writes",
)
