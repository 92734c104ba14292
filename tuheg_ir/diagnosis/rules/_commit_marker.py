"""A group of readers that is one behind in each partition, for good: what is left there is the mark of a transaction.

Who writes to Kafka in transactions ends each of them with a record that readers pass over and never get. A reader
commits the place after the last record it got, which is one before the end for as long as nothing new comes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence, Series
from tuheg_ir.diagnosis.rules._worked_off import OF_QUEUES
from tuheg_ir.diagnosis.view.marked import marked
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_GROUP = ("consumergroup", "consumer_group", "group", "group_id")
_TOPIC = ("topic", "topic_name", "queue")
FLAT = timedelta(minutes=15)
"""A transaction that nobody ends is broken off by its broker within so long a time."""
SEVERAL = 3
"""One record that a reader cannot take lies in one partition, or in two."""
_TRANSACTIONS = late(
    r"transactional[._-]?id(?:[._-]?prefix)?[\"']?\s?[:=]\s?[\"']?\w"
    r"|transaction[._-]?id[._-]?prefix[\"']?\s?[:=]\s?[\"']?\w"
    r"|\bprocessing[._-]?guarantee[\"']?\s?[:=]\s?[\"']?exactly|instantiated a transactional producer",
    re.IGNORECASE,
)
"""How settings and the client itself say that a producer writes in transactions, Kafka Streams for one.

Any payment has a transaction's id.
"""
_MOST = 20_000
"""Characters of a file of settings that are looked at."""


def marker_only(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Return that all that waits for the alert's group are the marks of transactions, one a partition; None: not so."""
    group = next((str(alert.labels[key]) for key in _GROUP if key in alert.labels), "")
    reader = view.workloads.get(ref)
    if reader is None or not group or not OF_QUEUES.search(alert.said) or not _works(view, reader):
        return None
    behind = list(_behind(view, alert, group))
    senders = [_sender(view, series.labels.get("queue", ""), reader) for series in behind]
    if not behind or not all(_one_each(view, group, series) for series in behind) or not all(senders):
        return None
    names = ", ".join(sorted({each.name for each in senders if each}))
    told = f"its group is one record behind in each partition, no more and no less, and {names} writes in transactions"
    return Evidence("metrics", ref, f"{alert.name} fires; {told}: each ends with a mark that no reader gets")


def _works(view: View, reader: Workload) -> bool:
    """Tell whether a reader is whole and complains of nothing."""
    whole = 0 < reader.wanted <= reader.ready and all(pod.ready for pod in reader.live)
    return whole and not marked(view, reader) and not view.hits_of(reader.ref)


def _behind(view: View, alert: Alert, group: str) -> Iterator[Series]:
    """Yield how much waits for a group in the fullest partition of each topic that an alert may mean."""
    topic = next((str(alert.labels[key]) for key in _TOPIC if key in alert.labels), "")
    for series in view.figures.series("queue_part_depth", consumergroup=group):
        if series.points and series.points[-1][1] > 0 and topic in ("", series.labels.get("queue")):
            yield series


def _one_each(view: View, group: str, series: Series) -> bool:
    """Tell whether no partition of a topic has more than one waiting, several have, and it has been so for long."""
    sums = view.figures.series("queue_depth", consumergroup=group, queue=series.labels.get("queue", ""))
    since = (view.now - FLAT).timestamp()
    known = bool(sums) and all(each.points and each.points[0][0] <= since for each in (series, *sums))
    if not known or {value for at, value in series.points if at >= since} != {1.0}:
        return False
    waiting = {value for each in sums for at, value in each.points if at >= since}
    return len(waiting) == 1 and min(waiting) >= SEVERAL


def _sender(view: View, topic: str, reader: Workload) -> Workload | None:
    """Return who writes to a topic in transactions, by its settings or by what its client says as it starts."""
    named = re.compile(rf"(?<![\w./-]){re.escape(topic)}(?![\w.-]|:\d)")  # no longer name, and no host
    for workload in view.serving:
        if workload.ref == reader.ref:
            continue
        settings = [f"{key}: {value[:_MOST]}" for key, value in view.graph.settings(workload)]
        if not topic or not any(named.search(each) for each in settings):
            continue
        if any(_TRANSACTIONS.search(each) for each in (*settings, *view.lines_of(workload))):
            return workload
    return None
