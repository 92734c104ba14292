"""What goes with an answer: figures, the logs' last lines, the rules that did not fire. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tuheg_ir.diagnosis.effects import signs_seen
from tuheg_ir.diagnosis.extensions import OF_CLUSTER
from tuheg_ir.diagnosis.model import Diagnosis, Snapshot, Source
from tuheg_ir.diagnosis.rules import all_rules
from tuheg_ir.diagnosis.view.view import View

LOG_LINES = 5
_OF_CLUSTER = ("nodes", *(f"{group}/{plural}" for group, _, kinds in OF_CLUSTER for plural in kinds.values()))
_MEANT = frozenset(("forbidden", each) for each in ("secrets", *_OF_CLUSTER))
"""What the account of rbac/ is meant not to see."""


def figures(snapshot: Snapshot, diagnosis: Diagnosis) -> dict[str, Any]:
    """Return the figures of a result: what is seen, and how workloads, probes and databases stand."""
    view = View.of(snapshot)
    found: dict[str, Any] = {
        "signs": list(signs_seen(snapshot, diagnosis)),
        "workloads": {
            w.ref: {"wanted": w.wanted, "ready": w.ready, "restarts": sum(p.restarts for p in w.live)}
            for w in view.serving
        },
        "probes": [dict(probe) for probe in snapshot.probes],
        "databases": {
            d.ref: {"used": d.used, "usable": d.usable, "max_connections": d.max_connections}
            for d in snapshot.databases
        },
    }
    return {name: value for name, value in found.items() if value}


def silent(diagnosis: Diagnosis) -> list[dict[str, str]]:
    """Return the rules that did not fire anywhere, and why not."""
    fired = {each.rule for each in diagnosis.findings} | {each.rule for each in diagnosis.considered}
    fired |= {each.source.partition(" ")[2] for each in diagnosis.broken}
    return [{"rule": rule.name, "why_not": rule.why_not} for rule in all_rules() if rule.name not in fired]


def tails(snapshot: Snapshot, ref: str) -> list[dict[str, Any]]:
    """Return the last lines of the logs of one workload, or of all for ""."""
    view = View.of(snapshot)
    return [
        {"pod": log.pod, "container": log.container, "previous": log.previous, "lines": list(log.lines[-LOG_LINES:])}
        for log in snapshot.logs
        if not ref or view.owner_of(log.pod) == ref
    ]


def missed(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Return the sources without those that gave nothing and are no news.

    What a cluster has not, or an account is meant not to see, is none.
    """
    return tuple(s for s in sources if s.ok or not (s.kind == "missing" or (s.kind, s.source) in _MEANT))
