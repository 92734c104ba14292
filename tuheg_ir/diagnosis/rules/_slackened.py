"""Readers of a queue whose pods all do much less than they did: something holds them up."""

from __future__ import annotations

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._figures import Turn
from tuheg_ir.diagnosis.rules._readers import IDLE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.work import work_of_all
from tuheg_ir.diagnosis.view.workloads import Workload

SLACK = 0.35
"""Who uses so small a part of the time that it used is held up by something, and not by too much work."""


def slackened(view: View, consumer: Workload, grew: Turn) -> Evidence | None:
    """Return that all pods of a consumer use much less of the processor than they did, or next to nothing of it.

    Something holds them up. Who came to help when the queue was long did nothing before: it is measured by what the
    others did.
    """
    works = work_of_all(view, consumer)
    if works and (share := max(work.now for work in works.values())) < IDLE:
        return Evidence("metrics", consumer.ref, f"its pods work, and use at most {share:.1%} of their CPU limit")
    came = {pod.name for pod in consumer.live if pod.created and grew.since and pod.created > grew.since}
    usual = max((work.was for name, work in works.items() if name not in came), default=0.0)
    if not usual:
        return None
    most = max(work.now / usual if name in came else work.left for name, work in works.items())
    if most > SLACK:
        return None
    return Evidence("metrics", consumer.ref, f"its pods use at most {most:.0%} of the processor time that they did")
