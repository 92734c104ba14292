"""Whose queue fills a broker as nobody reads it: its only reader was scaled to nought, and left so.

Who sends goes on and nobody misses the reader, for days, until the broker is full and all who publish feel it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rules._alarmed import Alarm
from tuheg_ir.diagnosis.rules._at_rest import at_rest
from tuheg_ir.diagnosis.rules._noted import still_noted
from tuheg_ir.diagnosis.rules._outrun import MANY, longest
from tuheg_ir.diagnosis.rules._readers import name_of, reader
from tuheg_ir.diagnosis.rules._waits_in_vain import counted, read_by_another, waits_in_vain
from tuheg_ir.diagnosis.view.programs import of_role, role
from tuheg_ir.diagnosis.view.reading import last_write
from tuheg_ir.diagnosis.view.scaling import held_at_nought, is_paused, may_go_to_nought, scaled_by
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

LONG = timedelta(days=7)
"""Who rests for longer may be done with: whoever knows what is kept for it has to say whether it is still wanted."""
_KINDS = ("Deployment", "StatefulSet")


class Away(NamedTuple):
    """Who should read and has no pods, since when, what shows that, and the note that says why it rests."""

    reader: Workload
    since: datetime | None
    evidence: tuple[Evidence, ...]
    noted: Evidence | None
    asks: bool


def reader_away(view: View, alarm: Alarm) -> Away | None:
    """Return the only reader of what fills a broker, if it was scaled to nought before the broker was full."""
    found = {each.ref: (each, waits) for each, waits in _unread(view) if _may_fill(view, each, alarm)}
    if len(found) != 1:
        return None
    [(workload, waits)] = found.values()
    since, noted = last_write(workload.obj), still_noted(view, workload)
    asks = noted is not None or (since is not None and view.now - since > LONG)
    rests = Evidence("objects", workload.ref, "it is scaled to 0 replicas", since)
    return Away(workload, since, (rests, *waits, *((noted,) if noted else ())), noted, asks)


def _unread(view: View) -> Iterator[tuple[Workload, tuple[Evidence, ...]]]:
    """Yield who has no pods and should read most of what waits; without figures of queues, one that an alert names."""
    found = longest(view)
    if found is None:
        for each in view.serving:
            if _taken_away(view, each) and (waits := tuple(waits_in_vain(view, each))):
                yield each, waits
        return
    workload = reader(view, found.series)
    if workload is None or not _taken_away(view, workload) or found.waiting < MANY:
        return
    readers = counted(view, found.series)
    if not readers and not read_by_another(view, workload, found.series):
        nobody = Evidence("metrics", workload.ref, f"nobody reads {name_of(found.series)}")
        yield workload, (found.told(workload.ref), *((nobody,) if readers == 0 else ()))


def _taken_away(view: View, workload: Workload) -> bool:
    """Tell whether somebody took all pods of a workload away, and neither a scaler nor work on its data did."""
    if workload.kind not in _KINDS or workload.wanted or workload.live or role(workload):
        return False
    if may_go_to_nought(view, workload.ref) or held_at_nought(view, workload.ref):
        return False
    return all(workload.ref != each.ref for group in at_rest(view) for each in group.workloads)


def _may_fill(view: View, workload: Workload, alarm: Alarm) -> bool:
    """Tell whether a workload reads from a broker, and had no pods before that was full."""
    since, brokers = last_write(workload.obj), {each.ref for each in of_role(view.workloads, "broker")}
    asks = view.graph.calls.get(workload.ref, set()) & brokers
    there = alarm.broker.ref in asks or (not asks and len(brokers) == 1)
    return there and (since is None or alarm.since is None or since < alarm.since)


def paused(view: View) -> Obj | None:
    """Return the one ScaledObject (KEDA) that somebody paused while its workload has no pods."""
    found = [
        scaled
        for scaled in view.snapshot.of("ScaledObject")
        if is_paused(scaled) and (target := view.workloads.get(scaled_by(scaled))) and not target.wanted
    ]
    return found[0] if len(found) == 1 else None
