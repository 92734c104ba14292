"""Clients still talk to a database server that is no longer the primary."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints, told
from tuheg_ir.diagnosis.view.programs import role


def when(view: View) -> Iterator[Match]:
    """Writes of a client are refused as read-only."""
    by_caller: dict[str, list[Complaint]] = {}
    for each in complaints(view, "read_only_database"):
        workload = view.workloads.get(each.caller)
        if workload is not None and role(workload) != "database":
            by_caller.setdefault(each.caller, []).append(each)
    moved = tuple(_moved(view))
    for caller, found in by_caller.items():
        database = next((c.about for c in found if c.about), "")
        if _pods(found) and _renewed(view, caller, moved):
            continue  # its sessions are newer than the change: they were not left over
        yield Match(
            component=caller,
            evidence=(*told(view, found), *moved),
            certainty=0.7 if moved else 0.5,
            since=min((c.hit.first for c in found if c.hit.first), default=None),
            explains=tuple(ref for ref in behind(view, caller) if ref != caller),
            excludes=(
                *not_for(
                    (caller,),
                    "the template did not change: old sessions lead to a server that only reads",
                    ("rollback_workload",),
                ),
                *not_for(
                    (database,) if database else (),
                    "the database has a new primary: restarting it could move it again",
                    ("restart_workload", "scale_workload"),
                ),
            ),
        )


def _moved(view: View) -> Iterator[Evidence]:
    """Yield what shows that another server became the primary."""
    for hit in view.hits:
        workload = view.workloads.get(hit.component)
        if hit.trouble == "failover" and view.recent(hit.last) and workload and role(workload) == "database":
            yield view.hit_evidence(hit)
    for event in view.events:
        text = f"{event.reason} {event.message}".lower()
        if any(word in text for word in ("failover", "switchover", "promot")) and view.recent(event.last):
            yield view.event_evidence(event)


def _pods(found: list[Complaint]) -> set[str]:
    return {c.hit.pod for c in found}


def _renewed(view: View, caller: str, moved: tuple[Evidence, ...]) -> bool:
    """Tell whether all pods of a client came after the change and fail nevertheless."""
    at = max((e.time for e in moved if e.time), default=None)
    pods = view.workloads[caller].live
    return at is not None and bool(pods) and all(p.created is not None and p.created > at for p in pods)


RULE = Rule(
    name="database_failed_over",
    title="After a failover a client still writes to the old primary",
    root_cause="database_connection",
    remedy="restart_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no client's writes are refused as read-only",
)
