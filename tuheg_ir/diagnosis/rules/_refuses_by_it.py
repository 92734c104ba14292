"""What a program repeats since it read its settings anew: it is well by itself, and refuses what it took until then.

No request fails by its figures, and it calls none of it an error: what users send is no longer right by its settings.
Or nothing that it has is right for them any more: it finds none. Or it does with most of it what it did with none, or
lets nobody be for as long as it did.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._blames_another import OTHERS
from tuheg_ir.diagnosis.rules._come_again import come_again
from tuheg_ir.diagnosis.rules._does_otherwise import does_otherwise
from tuheg_ir.diagnosis.rules._ends_by_it import ends_by_it
from tuheg_ir.diagnosis.rules._finds_none import finds_none
from tuheg_ir.diagnosis.rules._hands_work import shares_its_queue
from tuheg_ir.diagnosis.rules._missed import missed_by_others
from tuheg_ir.diagnosis.rules._onset import near
from tuheg_ir.diagnosis.rules._read_anew import ReadAnew
from tuheg_ir.diagnosis.rules._worked_before import worked_before
from tuheg_ir.diagnosis.view.demand import more_asked
from tuheg_ir.diagnosis.view.logs import times_around
from tuheg_ir.diagnosis.view.marked import STILL, complains, kind_of
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

OFTEN = 10
"""What comes less often is no refusal of what all ask for."""


def refuses_by_it(view: View, workload: Workload, found: ReadAnew) -> Evidence | None:
    """Return what most pods of a workload repeat still, and none told before it read its settings anew.

    Or that they count nought since of what they found until then, do otherwise with most of what comes, or end each by
    the very time that was written.

    People were called since then for it, or for who calls it; for what it does otherwise also for who is handed that,
    by such a time for one to whom a broker brings what it tells. Nobody that it needs is ill, neither it nor one around
    it was released in those minutes, and no more is asked of it, but by those whom it refuses.
    """
    callers = view.graph.asked_by(workload.ref)
    needs = view.graph.needs(workload.ref)
    around = [view.workloads[ref] for ref in (workload.ref, *callers, *needs) if ref in view.workloads]
    if view.hits_of(workload.ref, *OTHERS) or any(any(troubles(view, ref)) for ref in needs):
        return None
    called = _called(view, (workload.ref, *callers), found.read)
    ended = ends_by_it(view, workload, found)
    if ended and not called and not missed_by_others(view, workload, found.read):
        ended = None
    takers = () if called or ended else _takers(view, workload)
    if not called and not ended and not _called(view, (each.ref for each in takers), found.read):
        return None
    said, line = (_new_words(view, workload, found.read) if called and not ended else None) or (None, "")
    told = ended or said or (finds_none(view, workload, found.read) if called else None)
    told = told or does_otherwise(view, workload, found.read)
    began = told.time if told else None
    if told is None or began is None:
        return None
    if not ended and more_asked(view, workload.ref, began) and not come_again(view, workload, found, line):
        return None
    return None if any(near(each.released_at, began) for each in (*around, *takers) if each.changes) else told


def _takers(view: View, workload: Workload) -> tuple[Workload, ...]:
    """Return who may be handed what a workload does by way of a queue: more of it may come there by other settings."""
    own = {workload.ref, *view.graph.callers(workload.ref)}
    others = (each for each in view.serving if each.ref not in own and role(each) not in DATA)
    return tuple(each for each in others if shares_its_queue(view, workload, each))


def _called(view: View, refs: Iterable[str], read: datetime) -> bool:
    about = {*refs}
    since = (each for each in view.alerts if each.starts_at is not None and each.starts_at > read)
    return any(view.about_alert(each) in about for each in since)


def _new_words(view: View, workload: Workload, read: datetime) -> tuple[Evidence, str] | None:
    """Return what tells of words of one kind that are new since a moment and go on, and the first such line.

    They are of any level above plain news.
    """
    kinds = defaultdict[str, list[tuple[datetime, str, str]]](list)
    worked: set[str] = set()
    heard: set[str] = set()
    for log in view.logs_of(workload.live, previous=False):
        upto, _ = times_around(log.lines)
        worked |= {log.pod} if worked_before(upto, read) else set()
        heard |= {log.pod} if log.lines else set()
        for at, line in zip(upto, log.lines, strict=True):
            if at is not None and complains(line):
                kinds[kind_of(line)].append((at, log.pod, line.strip()))
    for told in sorted(kinds.values(), key=len, reverse=True):
        began, _, line = min(told)
        pods = {pod for _, pod, _ in told}
        last = max(at for at, _, _ in told)
        if len(told) < OFTEN or 2 * len(pods & worked) <= len(heard) or not view.recent(last, STILL):
            continue
        if began >= read and near(read, began):
            fact = f"{len(told)} lines of {len(pods)} pods, and none before: {line[:160]}"
            return Evidence("logs", workload.ref, fact, began), line
    return None
