"""A transaction that nobody ends holds what was written after it back from all who read committed records alone.

Its broker ends one by itself within its longest time; one that it has lost sight of stays open for good. Readers see
no lag themselves: to them the end is where that transaction began, whichever version they are and however many.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import Turn
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.rules._in_one_part import in_one_part
from tuheg_ir.diagnosis.rules._readers import LEAST, given_up, grown, queues, reader, waiting
from tuheg_ir.diagnosis.view.programs import of_role, role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LONG = timedelta(minutes=20)
"""No transaction may be open for longer: 15 minutes are the most that Kafka allows by itself, and 5 until it looks."""
ALIKE = 0.9
"""What waits for a reader is what is held back, but for what came between two counts."""

MUCH = 0.5
"""What is let go at once is so much of what was held back."""


def when(view: View) -> Iterator[Match]:
    """One part of a queue alone grows, and an open transaction holds as much back for longer than any may be open."""
    for series in queues(view):
        grew = grown(view, series)
        consumer = reader(view, series) if grew is not None and not given_up(view, series) else None
        part = in_one_part(view, series, consumer.ref) if consumer is not None else None
        if grew is None or consumer is None or part is None or role(consumer):
            continue
        late = list(_late(view))
        held, broker = _held_back(view, series), _broker(view, late)
        if held is not None and broker and (late or not _let_go_before(view, series)):
            match = _match(view, consumer, broker, (held, *late, waiting(series, consumer.ref, grew)), grew)
            yield match._replace(certainty=0.75) if late else match


def _held_back(view: View, series: Series) -> Evidence | None:
    """Return that what waits in the fullest part of a queue is held back, and was never let go for long."""
    queue = series.labels.get("queue", "")
    most = view.figures.now("queue_part_depth", consumergroup=series.labels.get("consumergroup", ""), queue=queue)
    known = view.figures.series("queue_held_back", queue=queue)
    if most is None or len(known) != 1 or not known[0].points:
        return None
    points, since = known[0].points, (view.now - LONG).timestamp()
    lately = [value for at, value in points if at >= since]
    if points[0][0] > since or not lately or lately[-1] < max(LEAST, ALIKE * most):
        return None
    if min(lately) < LEAST or any(after < before for before, after in pairwise(lately)):
        return None  # what is let go now and then is held back by transactions that end
    told = f"an open transaction holds back {lately[-1]:.0f} messages of a partition of {queue}, ever more for so long"
    return Evidence("metrics", queue, told)


def _let_go_before(view: View, series: Series) -> bool:
    """Tell whether nearly as much was held back before and let go: transactions may be meant to be open so long."""
    values = [value for _, value in view.figures.series("queue_held_back", queue=series.labels["queue"])[0].points]
    return any(after < MUCH * before and before >= MUCH * values[-1] for before, after in pairwise(values))


def _late(view: View) -> Iterator[Evidence]:
    """Yield what brokers count of transactions that are open for too long, and since when."""
    for pod, count in sorted(view.figures.latest("late_transactions", "pod").items()):
        if count >= 1:
            since = view.figures.crossed("late_transactions", 0.5, pod=pod)
            told = f"a transaction is open for longer than any may be, in {count:.0f} partitions"
            yield Evidence("metrics", f"Pod/{pod}", told, since)


def _broker(view: View, late: list[Evidence]) -> str:
    """Return the brokers who tell it, or the only ones that there are; "" if nobody knows which."""
    told = {view.owner_of(each.object.removeprefix("Pod/")) for each in late} - {""}
    found = told or {each.ref for each in of_role(view.workloads, "broker")}
    return next(iter(found)) if len(found) == 1 else ""


def _match(view: View, consumer: Workload, broker: str, seen: tuple[Evidence, ...], grew: Turn) -> Match:
    why = "it has read all that is let go, and so has whoever is started in its place: the transaction has to be ended"
    kept = "the log keeps the transaction open over a start of its broker"
    return Match(
        component=broker,
        evidence=seen,
        certainty=0.65,
        since=grew.since,
        explains=(consumer.ref, *behind(view, consumer.ref, but=broker)),
        excludes=(
            *not_for((consumer.ref,), why, ON_CALLERS),
            *not_for((broker,), kept, ("restart_workload", "rollback_workload", "scale_workload")),
        ),
    )


RULE = Rule(
    name="held_by_an_open_transaction",
    title="A transaction that nobody ends holds records back from their readers",
    root_cause="code_defect",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no part of a queue is held back by a transaction that is open for longer than any may be",
)
