"""Whose connections are kept by its calls of others: each is held for as long as an answer is on its way.

A program that asks somebody else amid a transaction has no connection for other work until that answer is there. While
the other one is slow a new pool is taken as soon as the former one, and so is a larger one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.rules._figures import slowed
from tuheg_ir.diagnosis.rules._sessions import role_of
from tuheg_ir.diagnosis.view.complaints import OFTEN, complaints, kind_spoken_of
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.programs import DATA
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LASTS_S = 2.0
"""No pool takes a connection for lost that is kept for less."""
_SIGNAL = "dependency_latency_p95"
_STORES = (*DATA, "pooler")


def kept_by_calls(view: View, workload: Workload, missed: datetime | None) -> bool:
    """Tell whether answers of others take seconds now, and did before connections were missed.

    Not those of stores: many a client counts the time that it waits for a connection as theirs.
    """
    began = oldest((*_measured(view, workload), *_told(view, workload)))
    return began is not None and missed is not None and began <= missed


def _measured(view: View, workload: Workload) -> Iterator[datetime]:
    """Yield since when somebody's answers take seconds, as a workload measures them."""
    for label in labels_of(view, workload.ref, _SIGNAL):
        for name in sorted(
            {each.labels.get("dependency", "") for each in view.figures.series(_SIGNAL, component=label)}
        ):
            turn = slowed(view, _SIGNAL, LASTS_S, component=label, dependency=name)
            meant = view.component(name) or view.graph.meant(workload.ref, name)
            of_store = role_of(view, meant) in _STORES or kind_spoken_of(name)
            if turn is not None and turn.since is not None and name and not of_store:
                yield turn.since


def _told(view: View, workload: Workload) -> tuple[datetime, ...]:
    """Return when a workload first told of answers that did not come, if it does so often."""
    late = [
        each
        for each in complaints(view, "connection_timeout")
        if each.caller == workload.ref
        and (each.about or each.hosts)
        and role_of(view, each.about) not in _STORES
        and not any(map(kind_spoken_of, (*each.hosts, each.hit.line)))
        and not tells("pool_exhausted", each.hit.line)
    ]
    often = sum(hit.count for hit in {each.hit for each in late}) >= OFTEN
    return tuple(each.hit.first for each in late if often and each.hit.first is not None)
