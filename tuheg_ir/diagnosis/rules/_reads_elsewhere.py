"""Readers of a queue that went to another one together, as one program was released, and find nothing there.

A broker counts who reads each of its queues, and not who that is: as many readers as left the one came to the other,
and the one release of these minutes has a number of pods that goes with that.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rules._readers import given_up, grown, named_in, queues, waiting
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.releases import BEFORE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

NEAR = timedelta(minutes=10)
"""A roll-out takes the readers of a queue away so soon after it began."""
_READERS = "queue_consumers"


class Elsewhere(NamedTuple):
    """Who reads another queue since its release, the one that it left, since when nobody reads that, and how one sees.

    ``queue`` is the label under which the broker counts it.
    """

    reader: Workload
    queue: str
    since: datetime
    evidence: tuple[Evidence, ...]


class _Left(NamedTuple):
    """How many read a queue that nobody reads any more, when the first of them left, and when the last."""

    readers: float
    began: datetime
    ended: datetime


@once_a_view
def reads_elsewhere(view: View) -> Elsewhere | None:
    """Return the one program that left a queue which grows since then for another; None: there is none, or several."""
    found = [elsewhere for series in queues(view) if (elsewhere := _elsewhere(view, series)) is not None]
    return found[0] if len(found) == 1 else None


def _elsewhere(view: View, series: Series) -> Elsewhere | None:
    label, grew = named_in(series), grown(view, series)
    left = _left(view, label) if grew and not given_up(view, series) else None
    if grew is None or left is None or grew.since is None or grew.since < left.began + BEFORE:
        return None
    came = [*_came(view, left)]
    released = [workload for workload in view.serving if _is_of(workload, left)]
    if len(came) != 1 or len(released) != 1 or left.readers % max(1, released[0].wanted):
        return None
    [reader], [other] = released, came
    told = f"{left.readers:.0f} read {label}, and nobody since then; as many read {other}, in which nothing comes"
    shown = (Evidence("metrics", reader.ref, told, left.ended), waiting(series, reader.ref, grew))
    return Elsewhere(reader, label, left.ended, shown)


def _counted(view: View, label: str) -> list[tuple[datetime, float]]:
    """Return how many read a queue, one time after another; nothing if it is not counted in one place."""
    found = view.figures.series(_READERS, component=label) if label else ()
    return [(datetime.fromtimestamp(at, UTC), value) for at, value in found[0].points] if len(found) == 1 else []


def _left(view: View, label: str) -> _Left | None:
    """Return that all left who read a queue at first, one after the other, and nobody came."""
    counted = _counted(view, label)
    values = [value for _, value in counted]
    if not values or not values[0] or values[-1] or values != sorted(values, reverse=True):
        return None
    began = next(at for at, value in counted if value < values[0])
    return _Left(values[0], began, next(at for at, value in counted if not value))


def _came(view: View, left: _Left) -> Iterator[str]:
    """Yield the queues that as many came to meanwhile as left, where nobody was before and nothing comes."""
    for series in view.figures.series(_READERS):
        label = named_in(series)
        counted = _counted(view, label)
        if not counted or counted[-1][1] != left.readers or any(v for at, v in counted if at < left.began - NEAR):
            continue
        joined = next(at for at, value in counted if value)
        if joined <= left.ended + NEAR and _lies_empty(view, label):
            yield label


def _lies_empty(view: View, label: str) -> bool:
    """Tell whether a queue has never held a message since it is there, nor anybody of it."""
    kept = [s for name in ("queue_depth", "queue_unacked") for s in view.figures.series(name, component=label)]
    return bool(kept) and not any(value for series in kept for _, value in series.points)


def _is_of(workload: Workload, left: _Left) -> bool:
    came = workload.released_at if workload.changes and not role(workload) else None
    return came is not None and BEFORE <= left.began - came <= NEAR
