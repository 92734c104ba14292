"""A caller asks again and again: the service behind it gets many times the requests that users make."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import Turn, felt, rise
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import complaints, told
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.workloads import Workload

TIMES = 2.0
"""So many times the requests of before, while the callers' own did not grow so."""
RETRIES = re.compile(r"retr(?:y|ies)|attempt|backoff|timeout|hedg", re.IGNORECASE)
SOON = timedelta(minutes=45)


def when(view: View) -> Iterator[Match]:
    """Requests between two services multiply, and those of the users do not."""
    for ref in view.workloads:
        grew = _rate(view, ref)
        callers = sorted(each for each, calls in view.graph.calls.items() if ref in calls)
        if grew is None or not callers or any(_rate(view, each) for each in callers):
            continue
        ill = felt(view, ref)
        for caller in callers:
            workload = view.workloads.get(caller)
            if workload is None or not _released(workload, grew):
                continue
            changed = [c for c in workload.changes if RETRIES.search(c.told())]
            yield Match(
                component=caller,
                evidence=(
                    _grew(ref, grew),
                    *(
                        Evidence("objects", caller, c.told(), workload.released_at)
                        for c in (changed or workload.changes)[:3]
                    ),
                    *told(view, [c for c in complaints(view, "throttled_retry") if c.caller == caller], 1),
                ),
                certainty=0.8 if changed else 0.65,
                root_cause="configuration_error" if changed and not workload.changed("image") else "code_defect",
                remedy="rollback_workload",
                since=grew.since,
                explains=tuple(r for r in behind(view, ref) if r != caller),
                excludes=not_for(
                    (ref,),
                    f"{caller} sends too much: the same load would come again",
                    ("restart_workload", "rollback_workload"),
                ),
            )
            break
        else:
            if ill:
                yield Match(
                    component=ref,
                    evidence=(_grew(ref, grew), *ill),
                    certainty=0.5,
                    since=oldest((grew.since, *(e.time for e in ill))),
                    explains=tuple(r for r in behind(view, ref) if r != ref),
                )


def _rate(view: View, ref: str) -> Turn | None:
    for label in labels_of(view, ref, "request_rate"):
        for series in view.figures.series("request_rate", component=label):
            if turn := rise(view, series, "request_rate", TIMES, 1.0):
                return turn
    return None


def _released(workload: Workload, grew: Turn) -> bool:
    if not workload.changes or workload.released_at is None or grew.since is None:
        return False
    return timedelta(minutes=-2) <= grew.since - workload.released_at <= SOON


def _grew(ref: str, grew: Turn) -> Evidence:
    fact = f"{grew.before:.3g} requests a second before, {grew.now:.3g} now; its callers' own requests did not grow so"
    return Evidence("metrics", ref, fact, grew.since)


RULE = Rule(
    name="retry_storm",
    title="A caller multiplies its requests to the service behind it",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no service gets many times the requests that its callers get",
)
