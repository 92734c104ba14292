"""More replicas, each with its pool, want more sessions than the database has."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._demand import SLACK, multiplied
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._poolers import outrun
from tuheg_ir.diagnosis.rules._sessions import Full, Holder, clients, full, holders
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.growth import Growth, grown
from tuheg_ir.diagnosis.view.workloads import Workload

LARGE = 0.4
"""Share of the usable sessions that the grown client has."""


def when(view: View) -> Iterator[Match]:
    """A database is full since one of its clients has more replicas."""
    for each in full(view):
        if each.ref in view.workloads and outrun(view, view.workloads[each.ref]):
            continue  # its clients queue for what they do, however many they are
        for ref in clients(view, each.ref):
            workload = view.workloads.get(ref)
            growth = grown(view, workload) if workload else None
            if workload is None or growth is None or not _because(each, workload, growth):
                continue
            if _sent_for(view, ref, growth):
                continue
            yield Match(
                component=workload.ref,
                evidence=(*_shown(each, workload, growth), *each.evidence),
                certainty=0.75,
                since=growth.at or each.since,
                explains=behind(view, each.ref, but=workload.ref),
                excludes=(
                    *not_for(
                        (workload.ref,),
                        f"each further replica opens its own pool, and {each.ref} has no session left",
                        ("scale_workload",),
                    ),
                    *not_for(
                        (workload.ref,),
                        "the same replicas open the same pools again",
                        ("restart_workload", "restart_connection_pool"),
                    ),
                ),
            )


def _sent_for(view: View, ref: str, growth: Growth) -> bool:
    """Tell whether more replicas came only for the requests that a caller's release multiplied before."""
    found = multiplied(view, ref)
    if found is None or found.by is None or not found.measured or found.grew.since is None:
        return False
    return growth.at is not None and found.grew.since <= growth.at + SLACK


def _because(each: Full, workload: Workload, growth: Growth) -> bool:
    if each.since is not None and growth.at is not None and (growth.at - each.since).total_seconds() > 180:
        return False
    mine = _mine(each, workload)
    if mine is None:
        return each.database is None
    return mine.count >= LARGE * each.usable and 2 * mine.forgotten < mine.count


def _mine(each: Full, workload: Workload) -> Holder | None:
    found = holders(each.database) if each.database else ()
    return next((h for h in found if h.ref == workload.ref), None)


def _shown(each: Full, workload: Workload, growth: Growth) -> Iterator[Evidence]:
    yield Evidence(growth.source, workload.ref, growth.fact, growth.at)
    if mine := _mine(each, workload):
        pods = max(1, len(workload.live))
        fact = f"{workload.name} holds {mine.count} of {each.usable} sessions, {mine.count / pods:.0f} for each pod"
        yield Evidence("database", each.ref, fact)


RULE = Rule(
    name="sessions_outgrown",
    title="More replicas want more sessions than the database has",
    root_cause="database_connection",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no full database has a client whose replicas grew before",
)
