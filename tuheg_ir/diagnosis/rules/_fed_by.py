"""Who lives on what a workload writes into a store: they serve what there is, and ever less of it is new.

Such a reader calls nobody who fails and tells of no error; only an alert says that its data are old.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._helping import HOURS
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.changes import keys_of
from tuheg_ir.diagnosis.view.marked import is_marked, marked
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.releases import SOON
from tuheg_ir.diagnosis.view.trouble import OFTEN, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_KEEPS = ("database", "cache", "search")
"""Roles of programs in which one writes what another reads; what a broker takes is sent to somebody."""
OF_A_STORE = late(r"(?<![a-z])(?:db|dsn)(?![a-z])|database|jdbc|sql|postgres|mongo|redis|mariadb", re.IGNORECASE)
"""How Secrets of stores, or what is taken of them, are called."""
OLD = late(
    r"(?i:stale|fresh|outdated|out.of.date|last.?(?:success|update))"
    r"|(?i:(?<![a-z])(?:lag|age|behind|delay(?:ed)?|missing)(?![a-z]))|(?:Lag|Age|Behind|Delay(?:ed)?|Missing)(?![a-z])"
    r"|(?i:\bno (?:\w+ ){0,3}(?:results?|data|orders?|updates?|records?)\b)"
)
"""How an alert, or who reads them, tells that data are old, or do not come."""
MOSTLY = 0.5
"""Of whose lines more are errors gets hardly anything done; of a trace only the line that bears a time is one."""


def unfed(view: View, workload: Workload) -> tuple[Evidence, ...]:
    """Return the alerts of old data at readers of what a workload writes that does hardly anything since its release.

    Only those of the hours after it, and not where anybody else was released then as well: what it is given may be bad.
    """
    at = workload.released_at
    if at is None or role(workload) or _others_released(view, workload) or not _mostly_fails(view, workload):
        return ()
    readers = {w.ref for w in view.serving if w is not workload and share_a_store(view, workload, w)}
    return tuple(
        alert.fires(ref, f": it reads what {workload.name} writes")
        for alert in view.alerts
        if alert.starts_at is not None and at < alert.starts_at <= at + HOURS and OLD.search(alert.said)
        if (ref := view.about_alert(alert)) in readers and _tells_of_nothing(view, ref)
    )


def _others_released(view: View, workload: Workload) -> bool:
    at = workload.released_at
    others = (w.released_at for w in view.serving if w is not workload and w.changes and w.released_at)
    return at is not None and any(abs(each - at) <= SOON for each in others)


def _mostly_fails(view: View, workload: Workload) -> bool:
    """Tell whether each newest pod tells of errors mostly."""
    logs = [log for log in view.logs_of(workload.newest_pods(), previous=False) if log.lines]
    return bool(logs) and all(_mostly_errors(log.lines) for log in logs)


def _mostly_errors(lines: tuple[str, ...]) -> bool:
    own = [line for line in lines if stamp(line) is not None] or lines
    errors = sum(map(is_marked, own))
    return errors >= OFTEN and errors > MOSTLY * len(own)


def share_a_store(view: View, one: Workload, other: Workload) -> bool:
    """Tell whether two programs call the same store, or take what lets them in from the same Secret."""
    if role(other):
        return False
    both = view.graph.calls.get(one.ref, set()) & view.graph.calls.get(other.ref, set())
    if any(role(view.workloads[ref]) in _KEEPS for ref in both if ref in view.workloads):
        return True
    return bool(set(_ways_in(one.template)) & set(_ways_in(other.template)))


def _ways_in(template: Mapping[str, Any]) -> Iterator[str]:
    """Yield the Secrets of stores that a template takes something from."""
    for kind, label, key, _ in keys_of(template):
        if kind == "Secret" and OF_A_STORE.search(f"{label} {key}"):
            yield label


def _tells_of_nothing(view: View, ref: str) -> bool:
    """Tell whether a workload tells of no errors, and nobody measures that it fails or is slow."""
    workload = view.workloads.get(ref)
    return workload is not None and not marked(view, workload) and not any(troubles(view, ref))
