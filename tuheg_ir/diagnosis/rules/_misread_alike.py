"""Two programs stumble over the same field from the same minutes on: somebody whom both ask answers otherwise.

Programs of other people, in other languages, do not come to lack the same field by chance in the same minutes. A
release of one of them is not the reason: the template before would stumble over it as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._fed_by import share_a_store
from tuheg_ir.diagnosis.rules._fields_missed import Missed, fields_missed, lacked_by_chance
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._helping import sharing
from tuheg_ir.diagnosis.rules._in_between import PROVEN
from tuheg_ir.diagnosis.rules._twins import programs
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

TOGETHER = timedelta(minutes=5)
"""Two that ask one party meet what it changes within so many minutes: each as often as it asks."""


class Alike(NamedTuple):
    """Another program that was not released, and what both tell of the field that they stumble over."""

    other: Workload
    ours: Missed
    theirs: Missed


def misread_alike(view: View, workload: Workload) -> Iterator[Alike]:
    """Yield the programs that were not released and stumble over a field as a workload does, which had served well.

    Not who asks it, is asked by it, reads what it may have written, or is of its image: one of them may get the field
    from the other, or both lack it by the same fault.
    """
    missed = {field: told for field, told in fields_missed(view, workload).items() if _tells(field, told)}
    began = oldest(each.time for each in felt(view, workload.ref)) if missed else None
    for other in view.serving if missed else ():
        if other is workload or _fed(view, workload, other) or programs(other) & programs(workload):
            continue
        for field, theirs in fields_missed(view, other).items():
            ours = missed.get(field)
            if ours is None or not _tells(field, theirs) or since_release(other, theirs.first):
                continue
            first = oldest((ours.first, theirs.first, began)) or ours.first
            if abs(ours.first - theirs.first) <= TOGETHER and _served(workload, first):
                yield Alike(other, ours, theirs)


def misreads_alike(view: View, workload: Workload) -> Evidence | None:
    """Return as evidence that somebody who was not released stumbles over the same field as a release."""
    for other, _, theirs in misread_alike(view, workload):
        fact = f"it was not released, and stumbles over the same field: {theirs.line}"
        return Evidence("logs", other.ref, fact, theirs.first)
    return None


def _served(workload: Workload, first: datetime) -> bool:
    """Tell whether a workload was not released shortly before a trouble began, or had served well since for minutes."""
    came = workload.released_at
    return not since_release(workload, first) or (came is not None and first - came >= PROVEN)


def _tells(field: str, told: Missed) -> bool:
    """Tell whether a field is missed often, is one that others do not lack by chance, and no store is spoken of."""
    return told.often >= OFTEN and not told.of_store and not lacked_by_chance(field)


def _fed(view: View, workload: Workload, other: Workload) -> bool:
    """Tell whether one may have what it reads from the other."""
    near = view.graph.needs(workload.ref) | view.graph.callers(workload.ref)
    return other.ref in near or share_a_store(view, workload, other) or other in sharing(view, workload, "broker")
