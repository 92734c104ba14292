"""Whether who fails since a release of nothing but an image blames somebody else in every error."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.workloads import Workload

_OTHERS = (
    *("dns", "connection_refused", "connection_reset", "upstream_failure", "certificate"),
    *("database_authentication", "outside_authentication", "account_locked"),
    *("database_writes_refused", "read_only_database", "cache_full", "broker_alarm", "store_limit", "disk_full"),
    "cluster_split",
)
"""Troubles that a program has with somebody else, and an image seldom brings.

Not that others are slow, give no session or tell it to ask less: a release that asks for too much makes these itself.
"""
_TIMEOUT = late(r"time[ds]?.?out|deadline|time limit", re.IGNORECASE)
"""Words of who waited for an answer in vain."""
_ITS_OWN = (
    *("code_crash", "schema", "configuration_missing", "field_unknown", "answer_misread", "value_malformed"),
    *("row_refused", "statement_lost", "out_of_memory", "connection_leak", "process_exhausted"),
)
"""Troubles that a program makes itself."""


def blames_another(view: View, teller: Workload, released: Workload) -> tuple[Hit, ...]:
    """Return the errors by which a workload blames others than what was released, again and again, and never itself.

    () where the release changed settings as well: a wrong host or time limit makes the same words.
    """
    if {change.aspect for change in released.changes} != {"image"}:
        return ()
    if view.hits_of(released.ref, *_ITS_OWN):
        return ()
    pods = {pod.name for pod in (teller.newest_pods() if teller is released else teller.live)}
    told = [hit for hit in view.hits_of(teller.ref) if hit.pod in pods and not hit.previous and fresh(view, hit)]
    if any(hit.trouble in _ITS_OWN for hit in told):
        return ()
    others = [hit for hit in told if hit.trouble in _OTHERS and not _slow(hit) and not _names(view, hit, released)]
    return tuple(others) if sum(hit.count for hit in others) >= OFTEN else ()


def _slow(hit: Hit) -> bool:
    return bool(_TIMEOUT.search(hit.line))


def _names(view: View, hit: Hit, workload: Workload) -> bool:
    return any(view.graph.resolve(host) == workload.ref for host in hit.hosts)
