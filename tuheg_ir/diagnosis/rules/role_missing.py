"""The database does not know the role or database that a service asks for, or the sentinels not the master."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._credentials import password_refused
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._of_login import brought, of_login
from tuheg_ir.diagnosis.rules._refused_alike import clears
from tuheg_ir.diagnosis.rules._sessions import role_of
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.complaints import Complaint, began, complaints, told
from tuheg_ir.diagnosis.view.releases import SOON, since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SEEN = timedelta(hours=1)
"""So long after a release a program has asked for all that it needs."""


def when(view: View) -> Iterator[Match]:
    """A client is told that its role, database or master does not exist."""
    said = [each for each in complaints(view, "role_missing") if not _of_password(view, each)]
    for ref in dict.fromkeys(each.caller for each in said):
        if ref in view.workloads and role_of(view, ref) != "database" and not _passed_on(view, ref, said):
            yield _match(view, view.workloads[ref], said)


def _passed_on(view: View, ref: str, said: list[Complaint]) -> bool:
    """Tell whether it is a pooler that only asks for what a client of its own asks for, who tells of it as well."""
    if role_of(view, ref) != "pooler" or view.graph.callers(ref).isdisjoint(each.caller for each in said):
        return False
    return not since_release(view.workloads[ref], began(each for each in said if each.caller == ref), SEEN)


def _of_password(view: View, said: Complaint) -> bool:
    """Tell whether a server refuses the password, and rules for hosts only the second try: one without encryption."""
    if "pg_hba" not in said.hit.line:
        return False
    told = view.hits_of(said.caller, "database_authentication")
    return any(hit.pod == said.hit.pod and password_refused(hit.line) for hit in told)


def _match(view: View, workload: Workload, said: list[Complaint]) -> Match:
    mine = [each for each in said if each.caller == workload.ref]
    each, first = mine[0], began(mine)
    changed = _asked_since(workload, each.hit.line, first or view.now)
    cleared = clears(view, workload, [*_alike(said, workload, changed, each.hit.line)]) if changed else None
    if cleared is not None:
        changed = ()
    return Match(
        component=workload.ref if changed or not each.about else each.about,
        evidence=(
            *told(view, [each]),
            *(Evidence("objects", workload.ref, c.told(), workload.released_at) for c in changed[:3]),
            *((cleared,) if cleared else ()),
        ),
        certainty=0.75,
        remedy="rollback_workload" if changed else "page_human",
        since=first,
        explains=behind(view, workload.ref),
        excludes=() if changed else not_for((workload.ref,), "somebody has to make what it asks for"),
    )


def _asked_since(workload: Workload, line: str, first: datetime) -> tuple[Change, ...]:
    """Return the settings by which a client asks for something else since a release before; () if it does not.

    No other setting makes a server know less of a client, and who went back asks for what he asked for before. A name
    that the release itself brought may be one that is asked for seldom.
    """
    if workload.returned:
        return ()
    changed = of_login(workload.changed("env", "command", "mounts"), line)
    named = any(brought(each, line) for each in changed)
    return changed if since_release(workload, first, SEEN if named else SOON) else ()


def _alike(said: list[Complaint], workload: Workload, changed: Iterable[Change], line: str) -> Iterator[Complaint]:
    """Yield what clients complain of that may be the same trouble.

    Beside a release which brought the very name that is not known others may have asked for another one for months.
    """
    asked, came = next(filter(None, (brought(each, line) for each in changed)), ""), workload.released_at
    for each in said:
        since = each.hit.first is not None and came is not None and each.hit.first >= came
        if each.caller == workload.ref or since or asked in each.hit.line:
            yield each


RULE = Rule(
    name="role_missing",
    title="The database has no such role or database, or the sentinels no such master, as a service asks for",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no service asks for a role, database or master that does not exist",
)
