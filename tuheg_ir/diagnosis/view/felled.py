"""Pods that served well, fell at one moment, and end at each start since: what they meet now was not there before."""

from __future__ import annotations

from datetime import datetime, timedelta

from tuheg_ir.diagnosis.view.crashes import PROVED, ended_by_themselves
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

AT_ONCE = timedelta(minutes=1)
"""Pods that fall no further apart fall by the same."""
SEVERAL = 2
"""One pod alone may have fallen at any moment; and one start that ends may have come too early."""
MOMENTS_S = 120.0
"""A life that is short: what it ends of it meets at its start."""


@once
def felled_together(view: View, workload: Workload) -> datetime | None:
    """Return when all pods of a workload fell, each of which had been ready for long and is at no start since; or None.

    They are of one template, which could start and serve: a fault of it alone meets pods one after the other, by their
    age or by what they are asked.
    """
    ended = {crash.pod.name: crash for crash in ended_by_themselves(view, workload)}
    fell = [pod.unready_since for pod in workload.live if pod.name in ended and pod.unready_since]
    if len(fell) < SEVERAL or len(fell) < len(workload.live) or max(fell) - min(fell) > AT_ONCE:
        return None
    for crash in ended.values():
        born, lived = crash.pod.created, crash.ended.lived_s
        if born is None or min(fell) - born < PROVED or crash.container.restarts < SEVERAL:
            return None
        if crash.ended.at is None or lived is None or lived > MOMENTS_S or crash.ended.at - min(fell) < AT_ONCE:
            return None
    return min(fell)
