"""Readers that are only slow: they tell of their work all the while, and do a good part of what they did."""

from __future__ import annotations

from datetime import timedelta

from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.work import work_of_all
from tuheg_ir.diagnosis.view.workloads import Workload

PART = 0.2
"""Share of the processor time that it used from which on a reader is slow, and does not stand still."""
LATELY = timedelta(minutes=5)
SEVERAL = 5
"""Who says so much within these minutes is at work, and does not only beat."""


def goes_on(view: View, consumer: Workload) -> bool:
    """Tell whether some pods of a consumer work on: whoever is slow waits for somebody, and uses less than before."""
    works = work_of_all(view, consumer)
    busy = [pod for pod in consumer.live if pod.name in works and works[pod.name].left >= PART]
    times = ([stamp(line) for line in log.lines] for log in view.logs_of(busy, previous=False))
    return any(sum(at is not None and view.recent(at, LATELY) for at in told) >= SEVERAL for told in times)
