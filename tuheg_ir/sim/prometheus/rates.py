"""What rate, increase and delta say of one series, at many moments: what its resets took is summed once for all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate, pairwise

from tuheg_ir.sim.prometheus.functions import Points


def extrapolations(
    points: Points, places: Iterable[tuple[float, float, int, int]], *, counter: bool, per_second: bool
) -> Iterator[float | None]:
    """Yield the change over each window, extrapolated to its edges; None where it has not two samples.

    ``places``: start and end of a window (seconds), and from which place on up to which its samples are.
    """
    times, values = [time for time, _ in points], [value for _, value in points]
    steps = (before if after < before else 0.0 for before, after in pairwise(values)) if counter else ()
    taken = [0.0, *accumulate(steps)] if counter else [0.0] * len(points)
    for start, end, first, following in places:
        last = following - 1
        if last <= first:
            yield None
            continue
        gain = values[last] - values[first] + (taken[last] - taken[first])
        sampled = times[last] - times[first]
        before, after = times[first] - start, end - times[last]
        average = sampled / (last - first)
        edge = average * 1.1
        if before >= edge:
            before = average / 2
        if counter and gain > 0 and values[first] >= 0:
            before = min(before, sampled * (values[first] / gain))
        if after >= edge:
            after = average / 2
        factor = (sampled + before + after) / sampled
        yield gain * (factor / (end - start) if per_second else factor)
