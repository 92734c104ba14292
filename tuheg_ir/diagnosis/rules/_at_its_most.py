"""Readers of a queue that was long before the first figure: an autoscaler that has given all it may wants more of them.

Such a queue need not be many times as long as an hour ago, and nothing shows how its readers did until then. What shows
that they are too few is that they use all the processor time that they may, at nearly all times, while they get on with
their work, and that who counts what they use would have given more by now.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rules._all_at_work import began_before
from tuheg_ir.diagnosis.rules._capacity import PEAK
from tuheg_ir.diagnosis.rules._figures import Turn
from tuheg_ir.diagnosis.rules._held_up import few_of_its_lines
from tuheg_ir.diagnosis.rules._in_one_part import in_one_part
from tuheg_ir.diagnosis.rules._publishing import publishes
from tuheg_ir.diagnosis.rules._readers import LEAST, given_up, grown, queues, reader, silent, waiting
from tuheg_ir.diagnosis.rules._twins import own_container
from tuheg_ir.diagnosis.view.reading import text
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.scaling import autoscaler
from tuheg_ir.diagnosis.view.usage import BUSY, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

TIGHT = 0.85
"""Who holds so much of its memory limit may spend its time on making room."""
MANY = 0.2
"""Who fails at a message tells of that one; of those that go well many are told in one line, or none."""


def outgrew_its_most(view: View, workload: Workload) -> Iterator[tuple[Evidence, Turn]]:
    """Yield the queues that grow all the while though their reader's autoscaler has given all it may, and how.

    Not within a day of the reader's own release, as that may have made its work dearer; nor where it may stand still,
    fails at a good part of its work, or gets more than usual of a run that publishes still.
    """
    scaler = autoscaler(view, workload.ref)
    if scaler is None or scaler.blind or not scaler.limited or not _busy_throughout(view, workload):
        return
    if releases(view, workload, PEAK) or usage(view.figures, workload, "memory_share").most > TIGHT:
        return
    if any(silent(view, workload)) or not few_of_its_lines(view, workload, None, MANY):
        return
    for series in queues(view):
        grew = _grows_on(view, series)
        if grew is None or given_up(view, series) or reader(view, series) is not workload:
            continue
        if not (in_one_part(view, series, workload.ref) or _published_still(view)):
            yield waiting(series, workload.ref, grew), grew


def _busy_throughout(view: View, workload: Workload) -> bool:
    """Tell whether most pods of a workload were at their processor limit nearly always, as far as figures go back.

    The container that does the work, as each has a limit of its own: one beside it may idle, or be busy, at all times.
    """
    if (own := own_container(workload)) is None:
        return False
    usual = [view.figures.median("cpu_share", pod=pod.name, container=text(own, "name")) for pod in workload.live]
    return 2 * sum(share is not None and share >= BUSY for share in usual) > len(usual)


def _grows_on(view: View, series: Series) -> Turn | None:
    """Return that a queue was long at the first figure and grows since; None if it does not, or was short then."""
    began = began_before(series, 1.0)
    if began is None or grown(view, series) or min(value for _, value in series.points) < LEAST:
        return None
    if not view.figures.alone("queue_depth", series).steady_growth("queue_depth"):
        return None
    return Turn(series.points[0][1], series.points[-1][1], began)


def _published_still(view: View) -> bool:
    """Tell whether a run that has not ended tells that it publishes messages, whenever it began."""
    runs = (each for each in view.workloads.values() if each.kind in BATCH and each.live)
    return any(publishes(view, each.live) for each in runs)
