"""Two faults at once: one case told in the namespace of another, at the same time, with nothing that both name.

Each of them stays what it was, so a diagnosis that knows either alone has both to tell, and to do no harm to either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from tests.diagnosis.corpus import Case, score
from tests.diagnosis.files import Files, Skipped
from tests.diagnosis.loaded import findings, snapshot
from tests.diagnosis.mutations import read, write
from tests.diagnosis.shifting import shift
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.model import Finding, Snapshot
from tuheg_ir.diagnosis.snapshot import load
from tuheg_ir.diagnosis.view.view import View

TRIES = 8
_QUIET = ("no_fault", "unknown")
"""Answers that leave no room for a second one."""


class Told(NamedTuple):
    """What is told of two cases at once: how many of them rightly, and of which something harmful."""

    names: tuple[str, str]
    right: int
    harmed: tuple[str, ...]


def pairs(cases: Sequence[Case], step: int, apart: int) -> Iterator[tuple[Case, Case]]:
    """Yield every ``step``-th case with one some places further on that shares no name with it."""
    for number in range(0, len(cases), step):
        one = cases[number]
        further = (cases[(number + apart + tried) % len(cases)] for tried in range(TRIES))
        other = next((each for each in further if not _names(one) & _names(each)), None)
        if other is not None and not any(_quiet(each) for each in (one, other)):
            yield one, other


def told_of(one: Case, other: Case, folder: Path) -> Told | None:
    """Return what is told of two cases in one namespace; None if the other one cannot be told at another time."""
    first, second = snapshot(one.folder), _there(other, snapshot(one.folder), folder)
    if second is None or not score(other, decide(second).findings).right:
        return None
    found = decide(_both(first, second)).findings
    of_each = [(one, _of(first, found)), (other, _of(second, found))]
    judged = [(case, score(case, mine)) for case, mine in of_each if mine]
    return Told(
        (one.name, other.name),
        sum(each.right for _, each in judged),
        tuple(case.name for case, each in judged if each.forbidden),
    )


def _quiet(case: Case) -> bool:
    found = findings(case.folder)
    return len(case.faults) > 1 or any(each.root_cause in _QUIET for each in found)


def _names(case: Case) -> set[tuple[str, str]]:
    seen = snapshot(case.folder)
    objects = {(kind, each["metadata"]["name"]) for kind, of in seen.objects.items() for each in of if kind != "Event"}
    return {*objects, *(("workload", each.name) for each in View.of(seen).workloads.values())}


def _there(case: Case, beside: Snapshot, folder: Path) -> Snapshot | None:
    """Return a case moved to the time and the namespace of another."""
    mine = snapshot(case.folder)
    moved = shift(read(case.folder), beside.taken_at - mine.taken_at)
    if isinstance(moved, Skipped):
        return None
    return load(write(_renamed(moved, mine.namespace, beside.namespace), folder))


def _renamed(files: Files, before: str, after: str) -> Files:
    field = re.compile(rf'\bnamespace("?: ?"?|="){re.escape(before)}\b')
    host = f".{before}.svc", f".{after}.svc"
    return {
        path: field.sub(lambda found: f"namespace{found[1]}{after}", text).replace(*host)
        for path, text in files.items()
    }


def _both(first: Snapshot, second: Snapshot) -> Snapshot:
    return replace(
        first,
        objects=_joined(first.objects, second.objects),
        metrics=_joined(first.metrics, second.metrics),
        logs=(*first.logs, *second.logs),
        alerts=(*first.alerts, *second.alerts),
        databases=(*first.databases, *second.databases),
        probes=(*first.probes, *second.probes),
        services={**second.services, **first.services},
    )


def _joined(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    return {key: (*first.get(key, ()), *second.get(key, ())) for key in {**first, **second}}


def _of(seen: Snapshot, found: Sequence[Finding]) -> list[Finding]:
    """Return the findings about what a snapshot holds."""
    known = {each["metadata"]["name"] for of in seen.objects.values() for each in of}
    known |= {each.name for each in View.of(seen).workloads.values()}
    return [each for each in found if {each.component.partition("/")[2], each.target.partition("/")[2]} & known]
