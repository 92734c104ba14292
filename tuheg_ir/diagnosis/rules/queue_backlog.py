"""Messages pile up: those who should work them off do not keep up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import Turn, rise
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.programs import of_role, role
from tuheg_ir.diagnosis.view.workloads import Workload

TIMES = 3.0
LEAST = 100.0
SOON = timedelta(minutes=30)


def when(view: View) -> Iterator[Match]:
    """A queue is many times as long as it was, and who reads it has no trouble of its own that is known."""
    for series in view.figures.series("queue_depth"):
        grew = rise(view, series, "queue_depth", TIMES, LEAST)
        if grew is None:
            continue
        label = series.labels.get("component", "") or series.labels.get("queue", "")
        consumer = _consumer(view, label, series)
        fact = f"{grew.before:.0f} messages waited in {label or 'the queue'}, now {grew.now:.0f}"
        waits = Evidence("metrics", consumer.ref if consumer else label, fact, grew.since)
        yield _of_consumer(consumer, grew, waits) if consumer else _of_broker(view, label, grew, waits)


def _of_consumer(consumer: Workload, grew: Turn, waits: Evidence) -> Match:
    released = consumer.released_at
    if _by_release(consumer, grew):
        return Match(
            component=consumer.ref,
            evidence=(waits, *(Evidence("objects", consumer.ref, c.told(), released) for c in consumer.changes[:2])),
            certainty=0.65,
            root_cause="code_defect" if consumer.changed("image") else "configuration_error",
            remedy="rollback_workload",
            since=grew.since,
        )
    return Match(
        component=consumer.ref,
        evidence=(waits, Evidence("objects", consumer.ref, f"{consumer.ready} of {consumer.wanted} pods are ready")),
        certainty=0.4,
        remedy="scale_workload" if consumer.ready and consumer.ready >= consumer.wanted else "page_human",
        since=grew.since,
    )


def _by_release(consumer: Workload, grew: Turn) -> bool:
    if not consumer.changes or consumer.released_at is None or grew.since is None:
        return False
    return timedelta(minutes=-2) <= grew.since - consumer.released_at <= SOON


def _of_broker(view: View, label: str, grew: Turn, waits: Evidence) -> Match:
    brokers = of_role(view.workloads, "broker")
    component = view.component(label) or (brokers[0].ref if len(brokers) == 1 else label)
    return Match(
        component=component,
        evidence=(waits,),
        certainty=0.4,
        root_cause="dependency_failure",
        remedy="page_human",
        since=grew.since,
        excludes=not_for((component,), "messages that are only in memory would be lost", ("restart_workload",)),
    )


def _consumer(view: View, label: str, series: Series) -> Workload | None:
    """Return who reads a queue: a label names it, its name is alike, or it alone works on messages."""
    for key in ("consumer", "consumergroup", "group", "component", "queue"):
        workload = view.workloads.get(view.component(series.labels.get(key, "")))
        if workload is not None and role(workload) != "broker":
            return workload
    words = {w for w in label.lower().replace("_", "-").replace(".", "-").split("-") if len(w) > 3}
    brokers = {b.ref for b in of_role(view.workloads, "broker")}
    readers = [w for w in view.serving if view.graph.calls.get(w.ref, set()) & brokers or not brokers]
    working = [w for w in readers if any(x in w.name for x in ("worker", "consumer", "processor"))]
    named = [w for w in working or readers if words & set(w.name.split("-"))]
    found = named or working
    return found[0] if len(found) == 1 else None


RULE = Rule(
    name="queue_backlog",
    title="Messages pile up in a queue",
    root_cause="capacity",
    remedy="scale_workload",
    tier=Tier.SYMPTOM,
    when=when,
    why_not="no queue is many times as long as it was",
    follows=True,
)
