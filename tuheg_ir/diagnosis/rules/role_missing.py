"""The database does not know the role or database that a service asks for, or the sentinels not the master."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._refused_alike import clears
from tuheg_ir.diagnosis.rules._sessions import role_of
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import complaints, told

SOON = timedelta(hours=1)


def when(view: View) -> Iterator[Match]:
    """A client is told that its role, database or master does not exist."""
    seen: set[str] = set()
    said = complaints(view, "role_missing")
    for each in said:
        workload = view.workloads.get(each.caller)
        if workload is None or workload.ref in seen or role_of(view, workload.ref) == "database":
            continue
        seen.add(workload.ref)
        first = each.hit.first or view.now
        soon = workload.released_at is not None and timedelta(minutes=-2) <= first - workload.released_at <= SOON
        changed = workload.changed("env", "command", "mounts") if soon else ()
        cleared = clears(view, workload, said) if changed else None
        if cleared is not None:
            changed = ()
        yield Match(
            component=workload.ref if changed or not each.about else each.about,
            evidence=(
                *told(view, [each]),
                *(Evidence("objects", workload.ref, c.told(), workload.released_at) for c in changed[:3]),
                *((cleared,) if cleared else ()),
            ),
            certainty=0.75,
            remedy="rollback_workload" if changed else "page_human",
            since=each.hit.first,
            explains=behind(view, workload.ref),
            excludes=() if changed else not_for((workload.ref,), "somebody has to make what it asks for"),
        )


RULE = Rule(
    name="role_missing",
    title="The database has no such role or database, or the sentinels no such master, as a service asks for",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no service asks for a role, database or master that does not exist",
)
