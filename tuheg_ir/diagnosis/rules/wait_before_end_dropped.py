"""A release took away or broke what lets pods wait before they end: each that goes is asked for a moment too long.

Its own pods are well, and between two ends nothing fails. So it looks like the network, or like whoever tells of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._cut_at_ends import Cut, cut_at_ends
from tuheg_ir.diagnosis.rules._failing_hooks import broken_by, ended_well, failing_hooks, lost_its_shell
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view.reading import items, mapping, oldest, text, whole
from tuheg_ir.diagnosis.view.releases import template_before
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

DAYS = timedelta(days=3)
"""What was released longer ago has been asked for much more since; nobody takes that back unseen."""
USUAL_S = 30
SHORT_S = 10
"""Who has less time than this to end does not finish what it does."""
HALF = 2
_SLEEPS = late(r"\bsleep[\"',\s]+(\d+)|\"seconds\": ?(\d+)", re.IGNORECASE)


def when(view: View) -> Iterator[Match]:
    """A release took its pods' wait before the end, and since then requests fail as pods are taken away, not else.

    Or the wait is written as ever and fails at once. Where nobody saw how pods of before ended, and no shell is known
    to have gone with an image, a person looks at it.
    """
    for workload in view.serving:
        came = workload.released_at
        if came is None or not workload.changes or workload.returned or not view.recent(came, DAYS):
            continue
        lost = _lost(template_before(workload), workload.template)
        cut = cut_at_ends(view, workload, came) if lost else None
        if cut:
            yield _match(view, workload, [Evidence("objects", workload.ref, f"released: {e}", came) for e in lost], cut)
        elif not lost:
            yield from _broken(view, workload, came)


def _broken(view: View, workload: Workload, came: datetime) -> Iterator[Match]:
    """Yield that its pods no longer can do what they are to do before they end, as the one release has it."""
    (was, _), (is_, _) = _waits(template_before(workload)), _waits(workload.template)
    changed, failed = broken_by(workload), failing_hooks(view, workload, came)
    cut = cut_at_ends(view, workload, came) if was and is_ and changed and failed else None
    well = ended_well(view, workload, came, cut) if cut else False
    if cut is None or well is False:
        return
    began = oldest(each.last for each in failed)
    shown = [
        *(Evidence("objects", workload.ref, f"released: {each.told()}", came) for each in changed[:2]),
        view.event_evidence(failed[0]),
        Evidence("events", workload.ref, f"the hook of {len(failed)} pods failed at once as they were to end", began),
    ]
    found = _match(view, workload, shown, cut)
    yield found if well or lost_its_shell(workload) else found._replace(remedy="page_human", certainty=0.6)


def _lost(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what a template no longer gives its pods for their end, whatever their containers are called."""
    if not before:
        return []
    (was, waited), (is_, waits) = _waits(before), _waits(now)
    found = []
    if was and not is_:
        found.append(f"lifecycle.preStop {was} -> unset")
    elif was != is_ and waits * HALF <= waited:
        found.append(f"lifecycle.preStop {was} -> {is_}")
    had, has = _seconds(before), _seconds(now)
    if has < had and (found or has <= max(SHORT_S, waits)):
        found.append(f"terminationGracePeriodSeconds {had} -> {has}")
    return found


def _waits(template: Mapping[str, Any]) -> tuple[str, int]:
    """Return what pods do before they end, and for how many seconds they sleep then."""
    hooks = [mapping(c, "lifecycle", "preStop") for c in items(template, "spec", "containers")]
    told = " ".join(str(dict(each)).replace("'", '"') for each in hooks if each)
    return told, max((int(a or b) for a, b in _SLEEPS.findall(told)), default=0)


def _seconds(template: Mapping[str, Any]) -> int:
    given = text(template, "spec", "terminationGracePeriodSeconds")
    return whole(template, "spec", "terminationGracePeriodSeconds") if given else USUAL_S


def _match(view: View, workload: Workload, shown: Sequence[Evidence], cut: Cut) -> Match:
    source = "logs" if cut.hits else "metrics"
    told = f"requests of it fail as its pods are taken away, at {cut.ends} times lately, and not between"
    others = tuple(sorted({*cut.tellers, *behind(view, workload.ref, *cut.tellers, but=workload.ref)} - {workload.ref}))
    return Match(
        component=workload.ref,
        evidence=(
            *shown,
            Evidence(source, workload.ref, told, cut.times[0]),
            *(view.hit_evidence(hit) for hit in cut.hits[:2]),
        ),
        certainty=0.8 if cut.hits else 0.7,
        since=cut.times[0],
        explains=others,
        excludes=(
            *excluding(
                workload.ref, "each pod that ends cuts requests off again", "restart_workload", "scale_workload"
            ),
            *not_for(others, f"what they ask are pods of {workload.ref} that are on their way out"),
        ),
    )


RULE = Rule(
    name="wait_before_end_dropped",
    title="Pods that are taken away are still asked, since a release took or broke their wait before the end",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no release took from pods that they wait before they end, nor broke it, or nothing fails as they do",
)
