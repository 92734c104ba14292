"""What a workload's live pods repeat by one pattern to the last: how often, since when, and one of the lines."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.logs import begun, lines_told, speaks_of, times_near
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple


class Repeated(NamedTuple):
    """Which pods repeat a line, how often all of them, since when and until when, and the last one's."""

    pods: frozenset[str]
    number: int
    since: datetime
    until: datetime
    line: str
    pod: str

    def told(self) -> Evidence:
        """Return it as evidence."""
        return lines_told(self.pod, self.number, self.line, self.since)


def repeated(
    view: View, workload: Workload, pattern: re.Pattern[str], words: Collection[str], often: int
) -> Repeated | None:
    """Return the lines that a pattern finds, if pods that run told so many lately; ``words``: of which each holds one.

    Words are in lower case. A line without a time of its own is told when those around it are.
    """
    times: list[datetime] = []
    pods: dict[str, str] = {}
    for log in view.logs_of(workload.live, previous=False):
        places = [n for n, line in enumerate(log.lines) if pattern.search(line)] if speaks_of(log, words) else []
        near = times_near(log.lines) if places else []
        known = [at for n in places if (at := near[n]) is not None]
        if known:
            times += known
            pods[log.pod] = log.lines[places[-1]].strip()
    if sum(view.recent(at, STILL) for at in times) < often:
        return None
    first = begun(times) or min(times)
    # What was told a few times before may be another matter; who tries ever more rarely tells it in bursts.
    if sum(at < first for at in times) >= often:
        first = min(times)
    pod, line = list(pods.items())[-1]
    return Repeated(frozenset(pods), len(times), first, max(times), line, pod)
