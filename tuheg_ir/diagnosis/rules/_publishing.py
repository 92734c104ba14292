"""Runs that tell themselves that they publish messages: what fills a queue all at once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._figures import Turn
from tuheg_ir.diagnosis.view.pods import Pod, controller
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

SOON = timedelta(minutes=30)
EARLY = timedelta(minutes=2)
"""Samples and starts are that far apart."""
_PUBLISHES = late(
    r"publish|replay|enqueue|backfill|produc(?:ed|ing) \d|sent \d+ (?:message|event)"
    r"|\b(?:jobs?|tasks?|messages?|events?) (?:were |are )?queued\b"
    r"|\bqueued \d+ (?:\w+ ){0,2}(?:jobs?|tasks?|messages?|events?)",
    re.IGNORECASE,
)


def publishes(view: View, pods: Iterable[Pod]) -> str:
    """Return a line by which pods tell that they publish messages; "" if they do not."""
    return next((line for log in view.logs_of(pods) for line in log.lines if _PUBLISHES.search(line)), "")


def flooded_by(view: View, grew: Turn) -> Workload | None:
    """Return the one run that goes on since a queue began to grow, and whose own words are of publishing."""
    found = [
        workload
        for workload in view.workloads.values()
        if workload.kind in BATCH
        and any(pod.live and _began_with(pod.created, grew) for pod in workload.pods)
        and publishes(view, workload.pods)
    ]
    return found[0] if len({above(each) for each in found}) == 1 else None


def _began_with(created: datetime | None, grew: Turn) -> bool:
    return created is not None and grew.since is not None and -EARLY <= grew.since - created <= SOON


def above(run: Workload) -> str:
    """Return the CronJob of a run; the run itself where nothing made it."""
    owner = controller(run.obj)
    return owner if owner.startswith("CronJob/") else run.ref
