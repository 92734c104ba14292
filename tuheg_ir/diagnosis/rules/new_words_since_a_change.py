"""A log repeats a warning or an error since the minutes of the one thing that was changed in the namespace."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.marked import Marked, new_warnings
from tuheg_ir.diagnosis.view.reading import created, name, text, written
from tuheg_ir.diagnosis.view.releases import BEFORE, SOON, release_cause, release_evidence
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.workloads import Workload

MADE = timedelta(minutes=1)
_SETTINGS = ("ConfigMap", "Secret", "Service", "Ingress", "HTTPRoute", "NetworkPolicy", "HorizontalPodAutoscaler")


def when(view: View) -> Iterator[Match]:
    """Exactly one thing was changed shortly before words that a log did not have before and repeats since."""
    for workload in view.serving:
        if any(troubles(view, workload.ref)):
            continue  # what users feel says more than words do
        for words in new_warnings(view, workload)[:1]:
            if words.since is None:
                continue
            edits = list(_edits(view, words.since))
            released = [w for w in view.workloads.values() if w.changes and _shortly(w.released_at, words.since)]
            if len(edits) == 1 and not released:
                yield _of_edit(workload, words, *edits[0])
            elif len(released) == 1 and not edits and not released[0].returned and view.alerts:
                yield _of_release(view, workload, words, released[0])


def _shortly(at: datetime | None, since: datetime) -> bool:
    return at is not None and BEFORE <= since - at <= SOON


def _edits(view: View, since: datetime) -> Iterator[tuple[Obj, datetime]]:
    for kind in _SETTINGS:
        for obj in view.snapshot.of(kind):
            at, made = written(obj), created(obj)
            if at is not None and _shortly(at, since) and (made is None or at - made > MADE):
                yield obj, at


def _told(workload: Workload, words: Marked) -> Evidence:
    return Evidence("logs", workload.ref, f"{words.count} lines, and none before: {words.line[:200]}", words.since)


def _of_edit(workload: Workload, words: Marked, obj: Obj, at: datetime) -> Match:
    ref = f"{text(obj, 'kind')}/{name(obj)}"
    return Match(
        component=ref,
        evidence=(_told(workload, words), Evidence("objects", ref, "it was written; nothing else was", at)),
        certainty=0.4,
        since=words.since,
        explains=(workload.ref,),
    )


def _of_release(view: View, workload: Workload, words: Marked, released: Workload) -> Match:
    return Match(
        component=released.ref,
        evidence=(_told(workload, words), *release_evidence(released)),
        certainty=0.35,
        root_cause=release_cause(view, released),
        remedy="rollback_workload",
        since=words.since,
        explains=() if workload is released else (workload.ref,),
    )


RULE = Rule(
    name="new_words_since_a_change",
    title="A log repeats new warnings since the one thing that was changed",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.SYMPTOM,
    when=when,
    why_not="no log repeats new warnings since the only change in the namespace",
)
