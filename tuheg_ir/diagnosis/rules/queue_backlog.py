"""Messages pile up: those who should work them off do not keep up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._after_outage import after_outage, away_at
from tuheg_ir.diagnosis.rules._all_at_work import done_in_line, outnumbered
from tuheg_ir.diagnosis.rules._blames_another import blames_another
from tuheg_ir.diagnosis.rules._figures import Turn
from tuheg_ir.diagnosis.rules._filled_by_run import as_before_release, filled_by_run, left_of_run, nearly_empty
from tuheg_ir.diagnosis.rules._held_up import LASTING, held_up_before, held_up_by
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._in_line import remedy_in_line
from tuheg_ir.diagnosis.rules._in_one_part import in_one_part
from tuheg_ir.diagnosis.rules._keeper import keeper
from tuheg_ir.diagnosis.rules._left_behind import left_behind, left_undone
from tuheg_ir.diagnosis.rules._one_has_all import at_their_limit, far_busier
from tuheg_ir.diagnosis.rules._publishing import above, flooded_by
from tuheg_ir.diagnosis.rules._read_anew import read_anew
from tuheg_ir.diagnosis.rules._readers import (
    by_release,
    given_up,
    grown,
    named_in,
    queues,
    reader,
    silent,
    waiting,
)
from tuheg_ir.diagnosis.rules._slackened import slackened
from tuheg_ir.diagnosis.rules._took_over import took_over
from tuheg_ir.diagnosis.rules._turned_away import turned_away
from tuheg_ir.diagnosis.rules._unreadable import stopped_by
from tuheg_ir.diagnosis.rules._word import word_of
from tuheg_ir.diagnosis.rules.hand_full_since_release import full_hands
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.marked import Marked, complained
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

AT_ONCE = timedelta(minutes=20)
_SCALE = ("scale_workload",)


def when(view: View) -> Iterator[Match]:
    """A queue is many times as long as it was, and who reads it has no trouble of its own that is known."""
    for series in queues(view):
        grew = grown(view, series) or outnumbered(view, series)
        if grew is None or given_up(view, series):
            continue
        label, consumer = named_in(series), reader(view, series)
        if consumer is None or role(consumer) in DATA:
            left = reader(view, series, left=True)
            if left is not None and took_over(view, left):
                continue  # told of those who took over, who are too few
        waits = waiting(series, consumer.ref if consumer else keeper(view, label), grew)
        consumer = consumer or _released_then(view, grew)
        if consumer is not None and after_outage(view, consumer):
            continue  # it melts, whatever was released before it came
        flood = flooded_by(view, grew)
        if flood is not None:
            yield _of_flood(view, flood, grew, waits, consumer)
        elif consumer is None or role(consumer) in DATA:
            yield _of_broker(view, label, grew, waits)
        elif consumer.ready and consumer.ready >= consumer.wanted:
            yield _of_consumer(view, consumer, series, grew, waits)


def _of_flood(view: View, run: Workload, grew: Turn, waits: Evidence, consumer: Workload | None) -> Match:
    began = min((pod.created for pod in run.pods if pod.created), default=None)
    suffer = (consumer.ref,) if consumer else ()
    return Match(
        component=above(run),
        evidence=(waits, Evidence("objects", run.ref, "it runs and publishes since the queue grows", began)),
        certainty=0.6,
        root_cause="resource_exhaustion",
        remedy="page_human",
        since=grew.since,
        explains=(run.ref, *suffer, *behind(view, *suffer)),
        excludes=not_for(suffer, "it works as ever; what is published has to stop first"),
    )


def _of_consumer(view: View, consumer: Workload, series: Series, grew: Turn, waits: Evidence) -> Match:
    held_up = held_up_by(view, consumer)
    if away := away_at(view, consumer, grew.since):
        return _of_others(view, consumer, away, grew, waits)
    counted, line = done_in_line(view, consumer, series, grew.since)  # the first with those that fail
    brought = filled_by_run(view, consumer, series, grew) if line else None
    if by_release(consumer, grew) and not brought and not blames_another(view, consumer, consumer):
        return _of_release(consumer, grew, waits)
    if refused := turned_away(view, consumer):
        return _of_limits(consumer, refused, grew, waits)
    if any(hit.trouble in LASTING for hit in held_up):
        return _of_others(view, consumer, held_up, grew, waits)
    told = held_up or held_up_before(view, consumer, grew.since)
    if found := _of_its_own(view, consumer, grew, (waits, *counted)):
        return found
    if (told or counted) and not line:
        return _of_others(view, consumer, told, grew, waits)
    return _of_their_number(view, consumer, series, grew, (waits, *line), brought)


def _of_their_number(
    view: View, consumer: Workload, series: Series, grew: Turn, told: tuple[Evidence, ...], brought: Evidence | None
) -> Match:
    """Return that readers are too few, unless further ones are given nothing, or what a run left is nearly done."""
    if part := in_one_part(view, series, consumer.ref):
        return _of_one_part(view, consumer, part, grew, told[0])
    if brought and nearly_empty(series):
        return left_of_run(consumer, grew, (told[0], brought))
    found = _of_too_few(view, consumer, grew, (*told, *([brought] if brought else ())))
    if any(each.component == consumer.ref for each in full_hands(view)):
        return found._replace(remedy="page_human")  # more of them share one hand, which is full of what they leave
    if brought and not as_before_release(view, consumer, grew):
        return found._replace(remedy="page_human")  # the run may only show what their release made slower
    return found


def _of_release(consumer: Workload, grew: Turn, waits: Evidence) -> Match:
    told = (Evidence("objects", consumer.ref, c.told(), consumer.released_at) for c in consumer.changes[:2])
    return Match(
        component=consumer.ref,
        evidence=(waits, *told),
        certainty=0.65,
        root_cause="code_defect" if consumer.changed("image") else "configuration_error",
        remedy="rollback_workload",
        since=grew.since,
    )


def _of_its_own(view: View, consumer: Workload, grew: Turn, told: tuple[Evidence, ...]) -> Match | None:
    """Return what ails a consumer or some of its pods themselves; None: nothing that is known.

    ``told``: what waits and, if it is counted, that it does more jobs than ever: then it does not stand still, however
    little of the processor that takes.
    """
    waits, *line = told
    seen = (waits, consumer.standing())
    if still := (() if line else tuple(silent(view, consumer))) or left_behind(view, consumer, grew.since):
        return _of_still(view, consumer, still, grew, seen)
    if stopped := stopped_by(view, consumer):
        return _of_message(consumer, stopped, grew, waits)
    if few := at_their_limit(view, consumer):
        return _of_one_pod(consumer, few, "at the processor limit", grew, seen)
    # Who waits for others uses more or less of the processor by chance.
    if (few := far_busier(view, consumer)) and not held_up_by(view, consumer):
        return _of_one_pod(consumer, few, "use many times the processor time of each other one", grew, seen)
    # Who does not get past a message, or has no message of its key, does nothing either, and a restart is no help.
    undone = left_undone(view, consumer, grew.since)
    return _of_still(view, consumer, undone, grew, seen) if undone else None


def _of_one_part(view: View, consumer: Workload, part: Evidence, grew: Turn, waits: Evidence) -> Match:
    why = "one reader at most is given that partition: further pods get nothing of it"
    return Match(
        component=consumer.ref,
        evidence=(waits, part, consumer.standing()),
        certainty=0.4,
        root_cause=word_of(view, consumer.ref, "unknown"),
        remedy="page_human",
        since=grew.since,
        excludes=not_for((consumer.ref,), why, _SCALE),
    )


def _of_too_few(view: View, consumer: Workload, grew: Turn, told: tuple[Evidence, ...]) -> Match:
    """Return that a consumer is too small; ``told``: what waits and, if it is counted, how its jobs are done."""
    counted = len(told) > 1
    if not counted and (idler := slackened(view, consumer, grew)):
        return Match(
            component=consumer.ref,
            evidence=(*told, idler),
            certainty=0.4,
            root_cause="unknown",
            remedy="page_human",
            since=grew.since,
            excludes=not_for((consumer.ref,), "its pods could do much more: not their number is short", _SCALE),
        )
    remedy, seen, barred = remedy_in_line(view, consumer)
    why = "it does its jobs as quick as ever: a restart adds no worker, and while it lasts there are fewer"
    return Match(
        component=consumer.ref,
        evidence=(*told, consumer.standing(), *seen),
        certainty=0.5 if counted else 0.4,
        remedy=remedy,
        since=grew.since,
        excludes=(*barred, *(not_for((consumer.ref,), why, RESTARTS) if counted else ())),
    )


def _of_still(
    view: View, consumer: Workload, still: tuple[Evidence, ...], grew: Turn, seen: tuple[Evidence, ...]
) -> Match:
    read = read_anew(view, consumer)
    edited = read is not None and grew.since is not None and abs(grew.since - read.written) <= AT_ONCE
    return Match(
        component=consumer.ref,
        evidence=(seen[0], *still, *seen[1:]),
        certainty=0.6,
        root_cause="service_crash",
        remedy="page_human" if edited else "restart_workload",  # it would read the same settings again
        since=grew.since,
    )


def _of_limits(consumer: Workload, refused: tuple[Evidence, ...], grew: Turn, waits: Evidence) -> Match:
    why = "whom it asks lets no more requests through: further pods only share them, and new ones are refused as well"
    return Match(
        component=consumer.ref,
        evidence=(waits, *refused),
        certainty=0.4,
        root_cause="dependency_failure",
        remedy="page_human",
        since=grew.since,
        excludes=not_for((consumer.ref,), why, (*RESTARTS, "scale_workload")),
    )


def _of_others(view: View, consumer: Workload, held_up: tuple[Hit, ...], grew: Turn, waits: Evidence) -> Match:
    why = "it tells of what holds it up: further pods would do no more"
    complaining = [
        Evidence("logs", consumer.ref, f"{c.count} lines: {c.line}", c.since) for c in complained(view, consumer)[:2]
    ]
    return Match(
        component=consumer.ref,
        evidence=(waits, *([view.hit_evidence(hit) for hit in held_up[:2]] or complaining)),
        certainty=0.4,
        root_cause="unknown" if {hit.trouble for hit in held_up} <= {"stuck"} else "dependency_failure",
        remedy="page_human",
        since=grew.since,
        excludes=not_for((consumer.ref,), why, _SCALE),
    )


def _of_message(consumer: Workload, stopped: Marked, grew: Turn, waits: Evidence) -> Match:
    why = "it does not get past one message: so it is after a start, in an older version and in further pods"
    return Match(
        component=consumer.ref,
        evidence=(waits, Evidence("logs", consumer.ref, f"{stopped.count} lines: {stopped.line}", stopped.since)),
        certainty=0.65,
        root_cause="code_defect",
        remedy="page_human",
        since=grew.since,
        excludes=not_for((consumer.ref,), why, (*RESTARTS, "scale_workload", "rollback_workload")),
    )


def _of_one_pod(consumer: Workload, hot: tuple[str, ...], how: str, grew: Turn, seen: tuple[Evidence, ...]) -> Match:
    told = f"{', '.join(hot[:2])} {how}, {len(consumer.live) - len(hot)} like it have hardly anything to do"
    new = [p for p in consumer.live if p.name in hot and p.created and grew.since and p.created > grew.since]
    again = [Evidence("objects", f"Pod/{p.name}", "it was made anew since, and is as busy", p.created) for p in new]
    held = "further replicas get nothing of what one has too much of"
    return Match(
        component=consumer.ref,
        evidence=(*seen, Evidence("metrics", consumer.ref, told), *again[:1]),
        certainty=0.4,
        remedy="page_human",
        since=grew.since,
        excludes=(
            *not_for((consumer.ref,), held, ("scale_workload",)),
            *(not_for((consumer.ref,), "it was tried, and did not help", ("restart_workload",)) if again else ()),
        ),
    )


def _of_broker(view: View, label: str, grew: Turn, waits: Evidence) -> Match:
    component = keeper(view, label)
    return Match(
        component=component,
        evidence=(waits,),
        certainty=0.4,
        root_cause=word_of(view, component, "dependency_failure"),
        remedy="page_human",
        since=grew.since,
        excludes=not_for((component,), "messages that are only in memory would be lost", ("restart_workload",)),
    )


def _released_then(view: View, grew: Turn) -> Workload | None:
    """Return the one workload that was released as a queue began to grow, where nothing tells who reads it."""
    found = [w for w in view.serving if not role(w) and by_release(w, grew) and _near(w.released_at, grew.since)]
    return found[0] if len(found) == 1 else None


def _near(released: datetime | None, began: datetime | None) -> bool:
    return released is not None and began is not None and began - released <= AT_ONCE


RULE = Rule(
    name="queue_backlog",
    title="Messages pile up in a queue",
    root_cause="capacity",
    remedy="scale_workload",
    tier=Tier.SYMPTOM,
    when=when,
    why_not="no queue is many times as long as it was",
    follows=True,
    heard=True,
)
