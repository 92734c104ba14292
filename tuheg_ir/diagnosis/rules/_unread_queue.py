"""Queues out of which nobody takes anything, and alerts that speak of one queue: where figures tell too little."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence, Series
from tuheg_ir.diagnosis.rules._figures import Turn
from tuheg_ir.diagnosis.rules._readers import LEAST, grown, queues_of
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import BEFORE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LATER = timedelta(hours=2)
"""A queue into which little is sent takes so long to be long."""
FEW = 10.0
"""So few wait in vain where nobody takes anything out of a queue; where somebody may, it is a busy minute."""
_OF_A_QUEUE = late(r"queue|topic|stream|subscription|channel|tube", re.IGNORECASE)
"""How an alert's labels call what messages wait in."""


def piled_up(view: View, series: Series, queue: str) -> Turn | None:
    """Return that a queue grew: to many messages, or to some of which nobody has taken any since."""
    return grown(view, series) or kept(view, series, queue)


def kept(view: View, series: Series, queue: str) -> Turn | None:
    """Return that a queue grew, to some messages at least, of which nobody has taken any since."""
    grew = grown(view, series, FEW)
    if grew is None:
        return None
    nobody = view.figures.now("queue_consumers", component=queue) == 0
    since = [value for at, value in series.points if grew.since and at >= grew.since.timestamp()]
    return grew if nobody or since == sorted(since) else None


def long_since(view: View, series: Series, queue: str) -> Turn | None:
    """Return that many wait in a queue from its first figure on, and that more come and nobody takes any.

    It became long before anybody measured: since when, an alert about it may tell.
    """
    values = [value for _, value in series.points]
    if not values or values != sorted(values) or not LEAST <= values[0] < values[-1]:
        return None
    told = oldest(alert.starts_at for alert in view.alerts if is_about(alert, queue))
    return Turn(values[0], values[-1], told)


def is_about(alert: Alert, queue: str) -> bool:
    """Tell whether an alert is about a queue: a label says so, or its text calls it a queue of that name."""
    if queue in labelled(alert):
        return True
    own = re.escape(queue)
    named = rf"(?:queues?|topic|stream)[\s:=]+\W?{own}(?![\w-])|(?<![\w-]){own}\W? (?:queue|topic|stream)\b"
    return re.search(named, alert.said, re.IGNORECASE) is not None


def labelled(alert: Alert) -> set[str]:
    """Return the queues that the labels of an alert name."""
    return {value for key, value in alert.labels.items() if _OF_A_QUEUE.search(key)}


def alarmed(view: View, workload: Workload, server: Workload, since: datetime) -> Evidence | None:
    """Return an alert of these times about a queue that a workload is told of, on a server; None: there is none.

    Where nothing tells which queues those are, an alert that names one is about it or about that server.
    """
    own = queues_of(workload.template)
    for alert in view.alerts:
        if alert.starts_at is None or alert.starts_at < since + BEFORE:
            continue
        at_it = not own and labelled(alert) and view.about_alert(alert) in (workload.ref, server.ref)
        if at_it or any(is_about(alert, queue) for queue in own):
            return alert.fires(workload.ref, ", of a queue")
    return None
