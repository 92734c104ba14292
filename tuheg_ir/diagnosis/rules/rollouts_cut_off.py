"""Requests fail for a moment at each roll-out and never else: pods that go are cut off while they are still asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.view.reading import items
from tuheg_ir.diagnosis.view.trouble import labels_of, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

FAILING, TIMES = 0.02, 10.0
"""More than this share fails, and many times what is ordinary."""
LATELY = timedelta(minutes=58)
"""Figures reach back an hour: of what was before nobody knows whether requests failed then."""
BEFORE, AFTER = timedelta(minutes=-1), timedelta(minutes=5)
"""So near to the start of a roll-out is what it cuts off."""
OVER = timedelta(minutes=5)
CUT = ("connection_refused", "connection_reset")


def when(view: View) -> Iterator[Match]:
    """All failures of the hour lie within minutes of the roll-outs, of two of them at least, and it is well since."""
    for workload in view.serving:
        rolls = sorted(r.created for r in workload.revisions if r.created and view.recent(r.created, LATELY))
        apart = all(later - roll > 2 * AFTER for roll, later in pairwise(rolls))
        if len(rolls) < 2 or not apart or workload.returned or workload.ready < workload.wanted:
            continue  # what failed between a release and its end is the release's own
        if any(troubles(view, workload.ref)):
            continue
        failed = _failed(view, workload)
        near = [next((roll for roll in rolls if BEFORE <= at - roll <= AFTER), None) for at in failed]
        over = bool(failed) and view.now - max(failed) >= OVER and view.now - rolls[-1] >= AFTER
        if over and None not in near and {*near} == {*rolls}:
            yield _match(view, workload, rolls, failed)


def _failed(view: View, workload: Workload) -> list[datetime]:
    """Return the times at which far more of its requests failed than do on the whole."""
    found = []
    for label in labels_of(view, workload.ref, "error_ratio"):
        for series in view.figures.series("error_ratio", component=label):
            usual = median(v for _, v in series.points) if series.points else 0.0
            found += [t for t, v in series.points if v > max(FAILING, TIMES * usual)]
    return [datetime.fromtimestamp(t, UTC) for t in sorted(found)]


def _match(view: View, workload: Workload, rolls: list[datetime], failed: list[datetime]) -> Match:
    times = ", ".join(f"{roll:%H:%M}" for roll in rolls)
    hits = [h for h in view.hits if h.trouble in CUT and h.component != workload.ref]
    cut = [h for h in hits if h.first and h.last and failed[0] + BEFORE <= h.first and h.last <= failed[-1] + OVER]
    waits = any("lifecycle" in container for container in items(workload.template, "spec", "containers"))
    told = "it was rolled out at these times" + ("" if waits else "; no preStop lets its pods wait before they end")
    return Match(
        component=workload.ref,
        evidence=(
            Evidence(
                "metrics", workload.ref, f"requests fail at each roll-out, {times} UTC, and never else", failed[0]
            ),
            Evidence("objects", workload.ref, told, rolls[0]),
            *(view.hit_evidence(hit) for hit in cut[:2]),
        ),
        certainty=0.75,
        since=rolls[0],
        excludes=not_for((workload.ref,), "each further roll-out cuts requests off again"),
    )


RULE = Rule(
    name="rollouts_cut_off",
    title="Each roll-out cuts requests off",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no service fails at each of its roll-outs, and only then",
)
