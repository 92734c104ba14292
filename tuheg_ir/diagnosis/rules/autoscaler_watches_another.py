"""An autoscaler goes by a queue that its workload does not read any more: it reads nothing there, rightly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.view.reading import at, items, last_write, mapping, text, whole
from tuheg_ir.diagnosis.view.scaling import Autoscaler, autoscaler, scaled_by
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.wording import words, words_read
from tuheg_ir.diagnosis.view.workloads import Workload

LEAST = 100.0
"""Fewer waiting messages than this are nobody's backlog."""
NOTHING = 0.1
"""What an autoscaler reads is nothing up to this share of its target."""
DAY = timedelta(hours=24)
_QUEUE = late(r"queue|topic|stream|subscription|group|list|subject|channel|tube", re.IGNORECASE)
"""How labels and triggers call what messages wait in."""
_AMOUNT = late(r"length|lag|threshold|count|size|address|url|host", re.IGNORECASE)
"""Settings of a trigger that are no names: queueLength beside queueName."""
_SERIES = ("queue", "topic", "stream", "subscription", "consumergroup", "group", "component")
_BACKLOG = late(r"queue|backlog|lag\b|messages|pending", re.IGNORECASE)
_WORD = late(r"[A-Za-z0-9][\w.:/-]*[A-Za-z0-9]")


def when(view: View) -> Iterator[Match]:
    """It reads nothing of a queue that no template names, and the queue that its workload names is full."""
    for workload in view.serving:
        scaler = autoscaler(view, workload.ref)
        if scaler is None or scaler.blind or scaler.at_most or not reads_nothing(scaler):
            continue
        watched = _watched(view, workload, scaler)
        if not watched or watched & words_read(view, workload.template) or workload.ready < workload.wanted:
            continue  # what it names beside that may be what it sends to
        before = _named_before(workload, watched) or _written(view, scaler, watched)
        waits = tuple(_waits(view, workload, watched, scaler))
        if before is not None and waits:
            yield _match(workload, scaler, sorted(watched), (*waits[:2], before))


def reads_nothing(scaler: Autoscaler) -> bool:
    """Tell whether all that an autoscaler goes by are figures from outside, and it reads next to nothing of them."""
    metrics = items(scaler.obj, "status", "currentMetrics")
    wanted = items(scaler.obj, "spec", "metrics")
    kinds = {text(each, "type") for each in (*metrics, *wanted)}
    if not metrics or not wanted or not kinds <= {"External", "Object"}:
        return False
    read = [number(v) for each in metrics for v in mapping(each, text(each, "type").lower(), "current").values()]
    return bool(read) and all(v is not None and v <= NOTHING * target(scaler) for v in read)


def target(scaler: Autoscaler) -> float:
    """Return how much of what it goes by an autoscaler allows, of all its metrics the least."""
    targets = (mapping(m, text(m, "type").lower(), "target") for m in items(scaler.obj, "spec", "metrics"))
    found = [number(text(t, "averageValue") or text(t, "value")) for t in targets]
    return min((value for value in found if value), default=1.0)


def _watched(view: View, workload: Workload, scaler: Autoscaler) -> frozenset[str]:
    """Return the names of the queues that an autoscaler, or the ScaledObject above it, goes by."""
    found = set()
    for metric in items(scaler.obj, "spec", "metrics"):
        chosen = mapping(metric, text(metric, "type").lower(), "metric", "selector")
        found |= {str(v) for k, v in mapping(chosen, "matchLabels").items() if _QUEUE.search(str(k))}
        for each in items(chosen, "matchExpressions"):
            values = at(each, "values")
            if _QUEUE.search(text(each, "key")) and text(each, "operator") == "In" and isinstance(values, list | tuple):
                found |= set(map(str, values))
    for scaled in view.snapshot.of("ScaledObject"):
        for trigger in items(scaled, "spec", "triggers") if scaled_by(scaled) == workload.ref else ():
            found |= {
                str(v)
                for k, v in mapping(trigger, "metadata").items()
                if _QUEUE.search(str(k)) and not _AMOUNT.search(str(k))
            }
    return frozenset(found - {""})


def _named_before(workload: Workload, watched: frozenset[str]) -> Evidence | None:
    """Return that an older template of the workload named what the autoscaler still goes by."""
    for older in workload.revisions[1:]:
        if both := watched & words(older.template):
            fact = f"an older template of it named {min(both)}, the one in force does not"
            return Evidence("objects", workload.ref, fact, workload.released_at)
    return None


def _written(view: View, scaler: Autoscaler, watched: frozenset[str]) -> Evidence | None:
    """Return that the autoscaler was written of late, and goes by what nobody names at all."""
    time = last_write(scaler.obj)
    if not view.recent(time, DAY) or any(watched & words_read(view, w.template) for w in view.workloads.values()):
        return None
    return Evidence("objects", scaler.ref, "it was written of late, and no template names what it goes by", time)


def _waits(view: View, workload: Workload, watched: frozenset[str], scaler: Autoscaler) -> Iterator[Evidence]:
    """Yield that more waits in a queue which the workload names than its autoscaler would bear, or an alert of it."""
    named = words_read(view, workload.template) - watched - {workload.name}
    least = max(LEAST, 2 * target(scaler) * max(1, whole(scaler.obj, "status", "currentReplicas")))
    for label in _SERIES:
        for queue, depth in sorted(view.figures.latest("queue_depth", label).items()):
            if queue in named and queue not in view.workloads and depth >= least:
                yield Evidence("metrics", workload.ref, f"{depth:.0f} messages wait in {queue}, which it names")
    for alert in view.alerts:
        said = {str(v) for k, v in alert.labels.items() if _QUEUE.search(str(k))}
        told = _WORD.findall(" ".join(map(str, alert.annotations.values())))
        said |= {word for word in told if _BACKLOG.search(alert.said) and _alike(word, watched)}
        if both := sorted(said & named):
            yield alert.fires(workload.ref, f", of {both[0]}")


def _alike(word: str, watched: frozenset[str]) -> bool:
    """Tell whether a word may be another name of a queue: one begins as the other does."""
    return any(word.startswith(name) or name.startswith(word) for name in watched)


def _match(workload: Workload, scaler: Autoscaler, watched: list[str], seen: tuple[Evidence, ...]) -> Match:
    told = Evidence("objects", scaler.ref, f"it goes by {', '.join(watched)} and reads next to nothing there")
    return Match(
        component=scaler.ref,
        evidence=(told, *seen),
        certainty=0.65,
        explains=(workload.ref,),
        excludes=excluding(workload.ref, "it works; what counts its work looks elsewhere", *RESTARTS)
        + excluding(workload.ref, "what is sent to it goes to its new queue", "rollback_workload"),
    )


RULE = Rule(
    name="autoscaler_watches_another",
    title="An autoscaler goes by a queue that its workload does not read",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no autoscaler reads nothing while the queue of its workload is full",
)
