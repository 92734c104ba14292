"""Alerts about a queue that a workload reads: they name the queue, or what keeps it, and mean who does not keep up."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence, Series
from tuheg_ir.diagnosis.rules._readers import given_up, name_of, queues, queues_of, reader
from tuheg_ir.diagnosis.rules._unread_queue import is_about
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_QUEUE = late(r"^(?:\w+_)?(?:queue|topic|subscription)(?:_?name)?$", re.IGNORECASE)
"""How an alert's labels call what messages wait in; a channel may be one of people, who are told there."""
_GROUP = ("consumergroup", "consumer_group", "group")


def queue_alerts(view: View, workload: Workload) -> Iterator[Evidence]:
    """Yield the alerts of queues that a workload is known to read; not of those for what was given up."""
    for alert in view.alerts:
        group = next((str(alert.labels[key]) for key in _GROUP if alert.labels.get(key)), "")
        for queue in _named(view, workload, alert):
            series = Series({"queue": queue} | ({"consumergroup": group} if group else {}), ())
            if reader(view, series) is workload and not given_up(view, series):
                yield alert.fires(workload.ref, f", of {queue}")
                break


def _named(view: View, workload: Workload, alert: Alert) -> list[str]:
    """Return the queues that an alert names: in a label, or in its text one that is measured or that one is told of."""
    known = {*queues_of(workload.template), *map(name_of, queues(view))}
    labelled = {str(value) for key, value in alert.labels.items() if _QUEUE.search(key)}
    return sorted({*labelled, *(each for each in known if each and is_about(alert, each))} - {""})
