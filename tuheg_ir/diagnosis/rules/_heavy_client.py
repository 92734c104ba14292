"""Whose statements a database worked on each time it was killed for memory, as its own last words tell."""

from __future__ import annotations

from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._helping import names
from tuheg_ir.diagnosis.rules._spills import TEMPORARY
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

AGAIN = 2
"""Once, it may have been anybody."""
LAST = timedelta(minutes=10)
"""What was begun so long before the end may have brought it."""
APART = timedelta(minutes=3)
"""Two failures so far apart are of two ends."""
CLOCKS = timedelta(seconds=5)
LATE = timedelta(minutes=1)
MANY = 3
_CUT_OFF = ("connection_reset", "connection_refused", "connection_timeout", "failover")


def heavy_client(view: View, server: Workload) -> tuple[Workload, tuple[Evidence, ...]] | None:
    """Return the one client that a database worked for in temporary files before it was killed, again and again.

    What outgrows its memory is written to such files first. That client fails with each end, and sends it once more.
    """
    for pod in server.live:
        for container in pod.containers:
            ended = container.ended
            if not container.killed_for_memory or container.restarts < AGAIN or ended is None or ended.at is None:
                continue
            lines = _last_words(view, pod, ended.at)
            named = {w.ref: w for w in view.serving for line in lines if role(w) not in DATA and names(line, w.name)}
            client = next(iter(named.values())) if len(named) == 1 else None
            mine = [line for line in lines if client is not None and names(line, client.name)]
            if client is None or len(mine) < MANY or len(mine) < len(lines) / 2:
                continue
            if failed := _failed(view, client, ended.at):
                fact = f"before it was killed, {len(mine)} temporary files for {client.name}: {mine[0]}"
                return client, (Evidence("logs", f"Pod/{pod.name}", fact, stamp(mine[0])), failed)
    return None


def _last_words(view: View, pod: Pod, end: datetime) -> list[str]:
    """Return what a pod told of temporary files shortly before its end."""
    lines = (line for log in view.logs_of((pod,)) for line in log.lines if TEMPORARY.search(line))
    return [line for line in lines if (at := stamp(line)) is not None and end - LAST <= at <= end + CLOCKS]


def _failed(view: View, client: Workload, end: datetime) -> Evidence | None:
    """Return that a client lost its connection with that end and with an earlier one."""
    for hit in view.hits_of(client.ref, *_CUT_OFF):
        if hit.first is None or hit.last is None or hit.count < AGAIN or hit.last - hit.first < APART:
            continue
        if -CLOCKS <= hit.last - end <= LATE:
            return view.hit_evidence(hit)
    return None
