"""A release by which a client names a server of a database that only reads, or one alone of several."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.complaints import Complaint, began, told
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_DATABASE = late(r"postgres|\bpg|mysql|maria|mongo|sql|database|\bdb|_db|jdbc|\bdsn|rds\.", re.IGNORECASE)
"""Words by which a setting tells that it is about a database."""


def led_to_another(view: View, workload: Workload) -> tuple[Change, ...]:
    """Return by which changes a release names the host of another database, or its pooler."""
    return tuple(c for c in workload.changed("env", "command") if any(_keeps_data(view, c, h) for h in _new_hosts(c)))


def released(
    view: View,
    ref: str,
    found: list[Complaint],
    by: tuple[Change, ...],
    moved: tuple[Evidence, ...] = (),
    one: str = "",
) -> Match:
    """Return that a release leads to a server that only reads; ``one``: to that server alone, whichever leads."""
    workload = view.workloads[ref]
    other = one and any(c.aspect == "image" for c in workload.changes)
    names = f"names {one} alone, whichever server leads" if one else "names a server that only reads"
    return Match(
        component=ref,
        evidence=(
            *told(view, found),
            *moved[:2],
            *(Evidence("objects", ref, f"released: {c.told()}", workload.released_at) for c in by[: 3 if one else 2]),
        ),
        certainty=0.75 if moved or not one else 0.65,
        root_cause="configuration_error",
        remedy="page_human" if other else "rollback_workload",
        since=began(found) or workload.released_at,
        explains=behind(view, ref, but=ref),
        excludes=not_for(
            (ref,), f"its template {names}: new pods and new sessions lead there again", (*RESTARTS, "scale_workload")
        ),
    )


def _new_hosts(change: Change) -> set[str]:
    """Return the hosts that a setting names instead of others."""
    before, after = hosts_in(change.name, change.before), hosts_in(change.name, change.after)
    return after - before if before else set()


def _keeps_data(view: View, change: Change, host: str) -> bool:
    """Tell whether a host is a database or its pooler: as a workload that is known, else by name."""
    workload = view.workloads.get(view.graph.resolve(host))
    if workload is not None:
        return role(workload) in ("database", "pooler")
    return bool(_DATABASE.search(f"{change.field} {change.after}"))
