"""Odd pods that came in the place of pods that were as odd: a restart was tried, as it were, and mended nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from statistics import median

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.odd import LIMITS
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

AT_ONCE = timedelta(minutes=5)
"""Who is odd so soon after it was made is so from its first answers on: rates are of some minutes."""


def made_in_vain(view: View, workload: Workload, odd: Collection[str]) -> Iterator[Evidence]:
    """Yield the pods that were as odd until odd ones came in their place: these were so from their first answers on.

    Others of them were well, as others are now. So it is not the pods that are odd, but where they run, or what for.
    """
    ill = [pod for pod in workload.live if pod.name in odd]
    made = [pod.created for pod in ill if pod.created]
    if not made or len(made) < len(odd):
        return
    for signal, limit, factor in LIMITS:
        since = [view.figures.crossed(signal, limit, pod=pod.name) for pod in ill]
        late = (at is None or at - born > AT_ONCE for at, born in zip(since, made, strict=True))
        if any(late):
            continue
        was = _gone(view, workload, signal, min(made))
        bad = {pod: value for pod, value in was.items() if value > limit}
        well = [value for pod, value in was.items() if pod not in bad]
        if bad and well and min(bad.values()) >= factor * max(well):
            told = "it was as odd until it was replaced, when others like it were well"
            yield from (Evidence("metrics", f"Pod/{pod}", told, min(made)) for pod in sorted(bad))
            return


def _gone(view: View, workload: Workload, signal: str, until: datetime) -> dict[str, float]:
    """Return how a signal stood at the pods of a workload that are gone, and were measured until minutes from a time.

    Of a pod that is gone nobody knows whose it was, but for its name.
    """
    known, found = {pod.name for pod in workload.pods}, {}
    for series in view.figures.series(signal):
        pod = series.labels.get("pod", "")
        mine = view.owner_of(pod) in (workload.ref, f"Pod/{pod}") and pod.startswith(f"{workload.name}-")
        if mine and pod not in known and series.points:
            last = datetime.fromtimestamp(series.points[-1][0], until.tzinfo)
            if abs(last - until) <= AT_ONCE:
                found[pod] = median(value for _, value in series.points)
    return found
