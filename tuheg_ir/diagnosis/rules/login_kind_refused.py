"""A database takes the kind of login that its clients use no longer, or not yet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._of_login import of_login
from tuheg_ir.diagnosis.rules._refused_alike import clears
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.complaints import Complaint, began, complaints, told
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence, since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

AT_START = timedelta(minutes=20)
"""So long after its start, or the first request, a client of another kind of login has been refused."""
SOON = timedelta(hours=1)
"""So long after a server's release the last of its clients logs in anew."""


def when(view: View) -> Iterator[Match]:
    """Clients are told that their way to log in is not known, since a release of the server or of their own."""
    found: dict[str, list[Complaint]] = {}
    for each in complaints(view, "login_kind_refused"):
        caller = view.workloads.get(each.caller)
        if caller is not None and role(caller) not in DATA:
            found.setdefault(each.about, []).append(each)
    for about, said in sorted(found.items()):
        server = view.workloads.get(about)
        if server is not None and _with_release(server, began(said), SOON):
            yield _of_server(view, server, said)
            continue
        for ref in sorted({each.caller for each in said}):
            yield _of_caller(view, view.workloads[ref], said, about)


def _brought(workload: Workload) -> tuple[Change, ...]:
    """Return what a release changed that bears on the kind of login: the program itself, or how it logs in."""
    return (*workload.changed("image"), *of_login(workload.changed("env", "command", "mounts")))


def _with_release(workload: Workload, first: datetime | None, within: timedelta = AT_START) -> bool:
    return bool(_brought(workload)) and not workload.returned and since_release(workload, first, within)


def _of_server(view: View, server: Workload, said: list[Complaint]) -> Match:
    """Return that a server was released; going back is for settings only: a newer program may have changed the data.

    All that is said to a server that is started anew is said anew: what is refused much later is not for its settings.
    """
    callers = behind(view, *(each.caller for each in said), but=server.ref)
    newer, at_once = bool(server.changed("image")), _with_release(server, began(said))
    why = "a newer program may have changed the data: an older one does not read it then"
    return Match(
        component=server.ref,
        evidence=(*told(view, said), *release_evidence(server)),
        certainty=0.75,
        remedy="rollback_workload" if at_once and not newer else "page_human",
        since=began(said),
        explains=callers,
        excludes=(
            *(excluding(server.ref, why, "rollback_workload") if newer else ()),
            *not_for(callers, f"{server.ref} no longer takes its kind of login: nothing done to it mends that"),
        ),
    )


def _of_caller(view: View, caller: Workload, every: list[Complaint], about: str) -> Match:
    """Return that a client's own release shows another kind of login, or that its account or the server was altered."""
    said = [each for each in every if each.caller == caller.ref]
    released = _with_release(caller, began(said))
    cleared = clears(view, caller, every) if released else None
    mine = released and cleared is None
    older = Evidence("objects", caller.ref, "its own template is older", caller.released_at)
    return Match(
        component=caller.ref if mine or not about else about,
        evidence=(*told(view, said), *(release_evidence(caller) if mine else (cleared or older,))),
        certainty=0.65 if mine else 0.5,
        root_cause=release_cause(view, caller) if mine else "",
        remedy="rollback_workload" if mine else "page_human",
        since=began(said),
        explains=behind(view, caller.ref, but=caller.ref if mine else ""),
        excludes=() if mine else not_for((caller.ref,), "the account or the server has to take its kind of login"),
    )


RULE = Rule(
    name="login_kind_refused",
    title="A database does not take the kind of login that its clients use",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no client is told that its way to log in is not known",
)
