"""One line of a program's own code takes all its processor time, at the same work: more of them spin there as well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence, Excluded
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._capacity import GROWN, fewer
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._imposed import imposed
from tuheg_ir.diagnosis.rules._stacks import Stood, stood
from tuheg_ir.diagnosis.view.crashes import probe_kills, unready
from tuheg_ir.diagnosis.view.demand import more_asked, traffic_growth
from tuheg_ir.diagnosis.view.logs import heard_since
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.usage import BUSY, THROTTLED, limit_cut, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes

OFTEN = 3
"""So many stacks that end in one line are no chance."""
MOST = 2 / 3
"""Whoever has too much to do of everything stands in this place once, and then in that."""
CLOCKS = timedelta(minutes=2)
STILL = timedelta(minutes=45)
UNMEASURED = 0.25
"""How sure it is where nobody counts requests: the line may be what each of them needs, and there are more of them."""
IDLE = 0.3
"""Who uses less of its processor limit spins nowhere."""
LATE = timedelta(hours=2)
"""A release or an edit of the hours before may have brought the line, or what it works on; who looks has to say so."""


def when(view: View) -> Iterator[Match]:
    """Most stacks end in one line of a program that uses up its processor, is asked for no more, and users feel it.

    Not since its own release, which is taken back for it, or is suspected; nor since its settings were edited. Where
    somebody took replicas away, the few that are left have too much to do, wherever most of it is done.
    """
    for workload in view.serving:
        told = _at_one_place(view, workload)
        began = oldest(each.at for each in told)
        if not told or began is None or role(workload) in DATA or not _busy(view, workload, told):
            continue
        if more_asked(view, workload.ref, began) or limit_cut(workload, "cpu") or imposed(view, workload):
            continue
        edited = any(-CLOCKS <= began - at <= LATE for _, at in outside_changes(view, workload))
        if edited or fewer(view, workload) or since_release(workload, began, LATE):
            continue
        felt = [*(seen for seen, _ in troubles(view, workload.ref)), *unready(view, workload)[:1]]
        felt += [*probe_kills(view, workload)[:1], *_alerts(view, workload)]
        if felt:
            yield _match(view, workload, told, felt)


def _at_one_place(view: View, workload: Workload) -> Sequence[Stood]:
    """Return all stacks that end in the one line in which most do, of late; () if they end here and there.

    The first of all tells since when it is so.
    """
    known = [each for each in stood(view, workload) if each.at]
    told = [each for each in known if view.recent(each.at, LATE)]
    if not told or not any(each.at and view.recent(each.at, STILL) for each in told):
        return ()
    place, times = Counter(each.place for each in told).most_common(1)[0]
    if not place or times < OFTEN or times < MOST * len(told):
        return ()
    return [each for each in known if each.place == place]


def _busy(view: View, workload: Workload, told: Sequence[Stood]) -> bool:
    """Tell whether its pods are at their limit; or where what they do there is work alone, that they are not idle.

    One thread takes one processor at most, of as many as the pod may have.
    """
    share, throttled = (usage(view.figures, workload, signal) for signal in ("cpu_share", "throttled_share"))
    if share.widely(BUSY) or throttled.widely(THROTTLED):
        return True
    return all(each.computes for each in told) and (not share.by_pod or share.most > IDLE)


def _alerts(view: View, workload: Workload) -> Iterator[Evidence]:
    for alert in view.alerts:
        if view.about_alert(alert) == workload.ref:
            yield alert.fires(workload.ref)


def _match(view: View, workload: Workload, told: Sequence[Stood], felt: Sequence[Evidence]) -> Match:
    first = min(told, key=lambda each: each.at or view.now)
    said = f"{len(told)} stacks of what was held up end in {first.place}"
    said += f": {first.code[:160]}" if first.code else ""
    share, no_more = usage(view.figures, workload, "cpu_share"), _no_more_work(view, workload, told)
    used = Evidence("metrics", workload.ref, f"the pods use up to {share.most:.0%} of their processor limit")
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("logs", f"Pod/{first.pod}", said, first.at),
            *((used,) if share.by_pod else ()),
            *felt[:3],
        ),
        certainty=UNMEASURED if not no_more else 0.7 if share.by_pod else 0.6,
        since=oldest((first.at, *(each.time for each in felt))),
        explains=behind(view, workload.ref, but=workload.ref),
        excludes=_excluded(view, workload, first) if no_more else (),
    )


def _no_more_work(view: View, workload: Workload, told: Sequence[Stood]) -> bool:
    """Tell whether it is known that not more work does it: by what they do there, or by what is counted."""
    grown = traffic_growth(view, workload.ref)
    return all(each.computes for each in told) or (grown is not None and grown < GROWN)


def _excluded(view: View, workload: Workload, first: Stood) -> tuple[Excluded, ...]:
    """Return what does not help; a release may have brought it where no log tells of the time before."""
    heard = heard_since(view.logs_of(workload.live))
    before = heard is not None and first.at is not None and first.at - heard >= CLOCKS
    return (
        *excluding(workload.ref, "others spin in the same line as soon as they meet it", *RESTARTS),
        *excluding(workload.ref, "more of them spin in the same line", "scale_workload"),
        *(excluding(workload.ref, "no release came with it", "rollback_workload") if before else ()),
    )


RULE = Rule(
    name="spins_in_own_code",
    title="One line of a program's own code takes all its processor time",
    root_cause="code_defect",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no workload at its processor limit shows one line of its own code in which most of its processes stand",
)
