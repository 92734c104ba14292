"""Whose release takes many more of the ports by which connections leave: it opens or holds many more of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._did_before import did_before
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SUSPECT = timedelta(hours=48)
"""The load of a night may leave enough ports until somebody has to do by day."""
TIMES = {"connections_opened": 3.0, "pod_open_files": 2.0}
"""So many times what its pods before did, and more than what is asked of it has grown, is of another template."""
JUST = timedelta(minutes=5)
"""So long before connections fall it is looked at who has them."""
WORDS = {"connections_opened": "opens {:.2g} connections a second", "pod_open_files": "holds {:.0f} sockets and files"}


def takes_more(
    view: View, workload: Workload, began: datetime | None, signals: Iterable[str] = tuple(TIMES)
) -> Evidence | None:
    """Return that the newest pods of a workload open or hold many more connections than those before its release.

    ``signals``: what of both counts. Two that are opened at one moment meet, however many are held.
    As long as all were well: who waits for what falls holds more, and opens more by trying again, whoever took the way.
    """
    at = workload.released_at
    if at is None or began is None or at >= began or not releases(view, workload, SUSPECT) or workload.returned:
        return None
    asked = [traffic_growth(view, ref) for ref in (workload.ref, *view.graph.callers(workload.ref))]
    # Who tries again and again is asked no more than its callers ask of it.
    grown = max(1.0, min((each for each in asked if each is not None), default=1.0))
    pods = [pod for pod in workload.newest_pods() if pod.created]
    came = oldest(pod.created for pod in pods)
    for signal in signals:
        was = did_before(view, workload, signal, came) if came else None
        now = [v for pod in pods if (v := view.figures.before(signal, began, JUST, pod=pod.name)) is not None]
        if was is not None and now and min(now) > TIMES[signal] * grown * was:
            doing = WORDS[signal].format(min(now))
            return Evidence("metrics", workload.ref, f"each of its pods {doing}, those before it {was:.2g}", came)
    return None
