"""Since a release a request costs several times the processor time that it did, and an ordinary peak is too much.

The release is not near what users feel: it shows when the demand of a morning or a Monday comes, and then it looks like
too much to do. What a request costs tells, against before the release or a twin that runs what was before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._cost import cost_before, cost_of
from tuheg_ir.diagnosis.rules._former_twin import former_twins, tells_more
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import SOON, of_code_alone, release_evidence
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.usage import BUSY, THROTTLED, starting, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes

TIMES = 3.0
"""So many times the processor time of another one is no chance of what he is asked for."""
TIMES_OWN = 2.5
"""So many times one's own is no chance of the hour."""


def when(view: View) -> Iterator[Match]:
    """A workload is at its limit and users feel it, and each request costs it several times what it did before."""
    for workload in view.serving:
        share, throttled = (usage(view.figures, workload, signal) for signal in ("cpu_share", "throttled_share"))
        if role(workload) in DATA or not (share.widely(BUSY) or throttled.widely(THROTTLED)):
            continue
        felt = list(troubles(view, workload.ref))
        began = oldest(since for _, since in felt)
        if began is None or starting(view, workload):
            continue
        shown = _against_before(view, workload, began) or _against_a_twin(view, workload)
        if shown:
            seen = Evidence("metrics", workload.ref, f"its pods use up to {share.most:.0%} of the processors they may")
            yield _match(view, workload, (*shown, seen, *(each for each, _ in felt[:2])), began)


def _against_before(view: View, workload: Workload, began: datetime) -> tuple[Evidence, ...]:
    """Return that each request costs far more from a release on, long before users felt it.

    What they felt with it or soon after is weighed by other rules: then anything else may have come with it.
    """
    came = workload.released_at
    if came is None or began - came <= SOON or not of_code_alone(workload) or workload.older_pods():
        return ()
    if any(came - SOON <= at <= came + SOON for _, at in outside_changes(view, workload)):
        return ()
    cost = cost_before(view, workload, came)
    if cost is None or cost.now < TIMES_OWN * cost.first:
        return ()
    told = f"a request cost {cost.first:.2g} s of processor time before the release, and {cost.now:.2g} s ever since"
    return (Evidence("metrics", workload.ref, told, came), *release_evidence(workload))


def _against_a_twin(view: View, workload: Workload) -> tuple[Evidence, ...]:
    """Return that a twin of a former template needs far less for each, and lacks lines that each request has here."""
    mine = cost_of(view, workload)
    for twin in former_twins(view, workload) if mine else ():
        theirs = cost_of(view, twin.workload)
        if mine is None or theirs is None or min(mine) < TIMES * max(theirs):
            continue
        if more := tells_more(view, workload, twin.workload):
            costs = f"a request costs {mine.now:.2g} s of processor time ({mine.first:.2g} s at first)"
            costs += f", and {theirs.now:.2g} s at {twin.workload.ref}"
            return (Evidence("metrics", workload.ref, costs), *twin.told(workload.ref), more)
    return ()


def _match(view: View, workload: Workload, evidence: tuple[Evidence, ...], began: datetime) -> Match:
    callers = behind(view, workload.ref, but=workload.ref)
    return Match(
        component=workload.ref,
        evidence=evidence,
        certainty=0.75,
        since=began,
        explains=callers,
        excludes=(
            *excluding(workload.ref, "new pods of this template need as much for each request", *RESTARTS),
            *not_for(callers, f"each request costs {workload.ref} too much: who asks it is not why"),
        ),
    )


RULE = Rule(
    name="requests_cost_more",
    title="Since a release each request costs several times the processor time that it did",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no workload at its processor limit pays several times for a request what it did before a release",
)
