"""There was trouble, it is over, and nothing is wrong now: to act would only risk a new fault."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._gets_by import gets_by
from tuheg_ir.diagnosis.rules._leases import leases_lost, speaks_of_restarts
from tuheg_ir.diagnosis.rules._left_over import left_over
from tuheg_ir.diagnosis.rules._looks_back import looks_back, spell_of
from tuheg_ir.diagnosis.rules._moved_readers import moved_readers
from tuheg_ir.diagnosis.rules._outage_over import looks_back_on, outage_over, told_meanwhile
from tuheg_ir.diagnosis.rules._run_over import beside_run, run_over
from tuheg_ir.diagnosis.rules._second_try import Over, second_try
from tuheg_ir.diagnosis.rules._still_fails import still_fails
from tuheg_ir.diagnosis.rules.replication_lag import BEHIND_S
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.state import belongs_to, signs_of_trouble
from tuheg_ir.diagnosis.view.askers import of_probe
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.marked import complains
from tuheg_ir.diagnosis.view.trouble import ERRORS, SLOW_S, SLOWER, labels_of
from tuheg_ir.diagnosis.view.undone import asks_for_the_end, left_undone
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

QUIET = timedelta(minutes=5)
LONGER = timedelta(minutes=10)
"""What came for a moment, or goes by little and little, is over only after so long."""
NEAR = timedelta(minutes=5)
LATER = timedelta(minutes=15)
"""An alert that began earlier than the one before a trouble, or later than the other after it, tells of another."""
OLD = timedelta(minutes=30)
"""What a log complained of for so long before an alert is not what that tells of, and hurts nobody whom it means."""
STILL = 0.5
"""Where less than this share of the former requests comes, it may be fast only for that."""
_LAG = late(r"\blag|replicat|replica.{0,20}behind|seconds.?behind", re.IGNORECASE)
_BEHIND = "db_replication_lag"
FEW = 0.002
"""So few requests spend the budget of an alert that counts over a window."""
TIMES = 5.0
"""So many times what fails usually is a burst."""
NORMAL = 1.3
"""A latency of so many times what it was is as it was."""


def when(view: View) -> Iterator[Match]:
    """Requests failed or were slow, a run at its first try, leases lost, a replica late or a log full of it.

    Or work waited for a host outside that was away, or for readers that were moved, or a run of a schedule slowed all.
    Only an alert may still say so.
    """
    signs = (sign for sign in signs_of_trouble(view) if sign.source != "alerts")
    if not all(_at_rest(view, sign) for sign in signs):
        return
    if (run := run_over(view)) is not None:
        yield Match(component=run.schedule, evidence=run.evidence, certainty=0.65, since=run.began)
        return
    yield from _led_again(view)
    yield from _caught_up(view)
    yield from _complains_no_more(view)
    for tells in (second_try, left_over):
        yield from _all_over(view, tells)
    yield from _back_outside(view)
    yield from _readers_back(view)
    if any(left_undone(view, view.about_alert(alert)) for alert in view.alerts):
        return  # that requests are well again says nothing of what comes after them
    for workload in (each for each in view.serving if not asks_for_the_end(view, each.ref)):
        for told, certainty in (*_failed(view, workload), *_spent(view, workload), *_slow(view, workload)):
            ready = f"{workload.ready} of {workload.wanted} pods ready"
            yield Match(
                component=workload.ref,
                evidence=(told, Evidence("objects", workload.ref, ready)),
                certainty=certainty,
            )


def _of_old(view: View, sign: Evidence) -> bool:
    """Tell whether a log complains of that since long before every alert, and of whom no alert can mean.

    Who complains tells of work beside it: one that tells of nothing else may be down, whoever was called for it.
    """
    about = {view.about_alert(alert) for alert in view.alerts}
    starts = [alert.starts_at for alert in view.alerts]
    if sign.source != "logs" or sign.time is None or not starts or not about <= view.workloads.keys():
        return False
    around = about.union(*({*view.graph.needs(ref), *view.graph.callers(ref)} for ref in about))
    if any(at is None or at - sign.time < OLD for at in starts):
        return False
    ref = belongs_to(view, sign)
    return ref not in ("", *around) and _works(view, view.workloads.get(ref))


def _of_outage(view: View, sign: Evidence) -> bool:
    """Tell whether a log complained of that while a host outside was away or work waited for it, and does no more."""
    teller = view.workloads.get(belongs_to(view, sign)) if sign.source == "logs" else None
    return told_meanwhile(view, teller, sign.fact, sign.time)


def _at_rest(view: View, sign: Evidence) -> bool:
    """Tell whether a sign of trouble is none of now."""
    return _of_old(view, sign) or _of_outage(view, sign) or _of_run(view, sign) or gets_by(view, sign)


def _of_run(view: View, sign: Evidence) -> bool:
    """Tell whether a log complained of that before a run that is over slowed users, or only warns of it."""
    teller = view.workloads.get(belongs_to(view, sign)) if sign.source == "logs" else None
    return beside_run(view, teller, sign.fact, sign.time)


def _works(view: View, workload: Workload | None) -> bool:
    lines = (line for line in view.lines_of(workload) if not complains(line)) if workload else ()
    return any(not of_probe(line) and view.recent(stamp(line), LATER) for line in lines)


def _led_again(view: View) -> Iterator[Match]:
    """Yield that controllers ended together for their leases, and that this is what every alert tells of."""
    lost = leases_lost(view) if view.alerts and speaks_of_restarts(view) else None
    if lost is not None and view.now - lost.end >= LONGER and _alerted(view, lost.begin, lost.end):
        yield Match(component=lost.component, evidence=lost.evidence, certainty=0.6, since=lost.begin)


def _caught_up(view: View) -> Iterator[Match]:
    """Yield that a replica was late once and follows as before, and that this is what every alert tells of."""
    if not view.alerts or not all(_LAG.search(alert.said) for alert in view.alerts):
        return
    if _unfollowed(view):
        return
    for label in view.figures.latest(_BEHIND, "component"):
        ref = view.component(label) or label
        since = view.figures.quiet_since(_BEHIND, BEHIND_S, component=label)
        once = view.figures.episodes(_BEHIND, BEHIND_S, component=label) == 1
        began = view.figures.first_beyond(_BEHIND, BEHIND_S, component=label)
        if since is None or not once or view.now - since < LONGER or not _alerted(view, began, since):
            continue
        peak = view.figures.peak(_BEHIND, component=label) or 0.0
        told = Evidence("metrics", ref, f"a replica was up to {peak:.0f} s behind, until then", since)
        yield Match(component=ref, evidence=(told,), certainty=0.6, since=began)


def _complains_no_more(view: View) -> Iterator[Match]:
    """Yield that all alerts look back into a time in which what they are about did little but complain.

    Who works since as before, and without a word of it, tells that it is over, though nobody measures what users feel.
    """
    about = {view.about_alert(alert) for alert in view.alerts}
    workload = view.workloads.get(next(iter(about), "")) if len(about) == 1 else None
    told = spell_of(view, workload) if workload else None
    if workload is None or told is None or not _alerted(view, told.first, told.last):
        return
    if all(view.recent(told.last, looks_back(alert)) for alert in view.alerts):
        fact = f"{told.count} lines until then, and it works since: {told.line}"
        seen = Evidence("logs", workload.ref, fact, told.last)
        back = (Evidence("alerts", workload.ref, f"{each.name} looks back over that time") for each in view.alerts)
        yield Match(component=workload.ref, evidence=(seen, *back), certainty=0.5, since=told.first)


def _all_over(view: View, tells: Callable[[View, Alert], Over | None]) -> Iterator[Match]:
    """Yield that what all alerts tell of is over, in one way, and of one component.

    A try of a run failed and a later one did its work, or a node's shutdown left pods behind that others stand for.
    """
    told = [tells(view, alert) for alert in view.alerts]
    over = [each for each in told if each is not None]
    if over and len(over) == len(told) and len({each.component for each in over}) == 1:
        seen = tuple(dict.fromkeys(each.evidence for each in over))
        yield Match(component=over[0].component, evidence=seen, certainty=0.6, since=over[0].since)


def _back_outside(view: View) -> Iterator[Match]:
    """Yield that a host outside is back and what waited for it is worked off, and that all alerts look back on that."""
    over = outage_over(view)
    if over is None or not view.alerts or not _alerted(view, over.began, over.ended):
        return
    if all(looks_back_on(view, alert, over) for alert in view.alerts):
        yield Match(component=over.reader.ref, evidence=over.evidence, certainty=0.6, since=over.began)


def _readers_back(view: View) -> Iterator[Match]:
    """Yield that a queue whose readers were moved to other nodes is worked off, and that all alerts look back on it."""
    moved = moved_readers(view)
    if moved is not None and _alerted(view, moved.began, moved.ended):
        yield Match(component=moved.reader.ref, evidence=moved.evidence, certainty=0.6, since=moved.began)


def _unfollowed(view: View) -> bool:
    """Tell whether a replica may follow nobody, and be behind nobody: a database says so, or a lag is told no more.

    What has stopped says so once; what cannot reach its primary goes on saying so.
    """
    hits = [hit for hit in view.hits if hit.trouble in ("replication_stopped", "replication_broken")]
    if any(h.trouble == "replication_stopped" or h.last is None or view.recent(h.last, LONGER) for h in hits):
        return True
    return any(view.figures.alone(_BEHIND, each).now(_BEHIND) is None for each in view.figures.series(_BEHIND))


def _failed(view: View, workload: Workload) -> Iterator[tuple[Evidence, float]]:
    """Yield that requests failed and do so no more; what lasted a moment has to be what the alerts began with."""
    for label in labels_of(view, workload.ref, "error_ratio"):
        since = view.figures.quiet_since("error_ratio", ERRORS, component=label)
        moment = view.figures.quiet_since("error_ratio", ERRORS, 1, component=label)
        once = view.figures.episodes("error_ratio", ERRORS, component=label) == 1
        peak = view.figures.peak("error_ratio", component=label) or 0.0
        fact = f"up to {peak:.1%} of requests failed, until then"
        if since is not None and view.now - since >= QUIET and not still_fails(view, workload, label, since):
            yield Evidence("metrics", workload.ref, fact, since), 0.7
        told = moment is not None and bool(view.alerts) and _alerted(view, moment, moment)
        if since is None and moment is not None and once and told and view.now - moment >= LONGER:
            if still_fails(view, workload, label, moment):
                continue
            yield Evidence("metrics", workload.ref, fact, moment), 0.6


def _spent(view: View, workload: Workload) -> Iterator[tuple[Evidence, float]]:
    """Yield that few requests failed for a while, none more than ever since, and that all alerts look back over that.

    Such an alert counts what failed within its window against a budget: it fires on until that has left the window.
    """
    if not view.alerts or any(view.about_alert(alert) != workload.ref for alert in view.alerts):
        return
    for label in labels_of(view, workload.ref, "error_ratio"):
        was, now = (getattr(view.figures, each)("error_ratio", component=label) for each in ("first", "now"))
        peak = view.figures.peak("error_ratio", component=label) or 0.0
        if was is None or now is None or peak < max(FEW, TIMES * was) or now > NORMAL * was + FEW / TIMES:
            continue
        limit = was + (peak - was) / 4
        since = view.figures.quiet_since("error_ratio", limit, component=label)
        once = view.figures.episodes("error_ratio", limit, component=label) == 1
        began = view.figures.first_beyond("error_ratio", limit, component=label)
        if since is None or not once or view.now - since < LONGER or not _alerted(view, began, since):
            continue
        if all(view.recent(since, looks_back(alert)) for alert in view.alerts):
            fact = (
                f"up to {peak:.1%} of requests failed, until then, and {now:.2%} do now: the alert looks back over it"
            )
            yield Evidence("metrics", workload.ref, fact, since), 0.6


def _alerted(view: View, begin: datetime | None, end: datetime) -> bool:
    """Tell whether every alert that fires began while it lasted or soon after: then it is this that they tell of."""
    starts = [alert.starts_at for alert in view.alerts]
    return begin is not None and all(at is not None and begin - NEAR <= at <= end + LATER for at in starts)


def _slow(view: View, workload: Workload) -> Iterator[tuple[Evidence, float]]:
    """Yield that answers were slow once and are as fast as before, with those who ask still there."""
    growth = traffic_growth(view, workload.ref)
    if growth is not None and growth < STILL:
        return
    for label in labels_of(view, workload.ref, "latency_p95"):
        was = view.figures.first("latency_p95", component=label)
        now = view.figures.now("latency_p95", component=label)
        if was is None or now is None or now > NORMAL * was:
            continue
        limit = max(SLOW_S, SLOWER * was)
        since = view.figures.quiet_since("latency_p95", limit, component=label)
        once = view.figures.episodes("latency_p95", limit, component=label) == 1
        began = view.figures.first_beyond("latency_p95", limit, component=label)
        if since is not None and once and view.now - since >= LONGER and _alerted(view, began, since):
            peak = view.figures.peak("latency_p95", component=label) or 0.0
            yield Evidence("metrics", workload.ref, f"95 of 100 took up to {peak:.2g} s, {now:.2g} s now", since), 0.6


RULE = Rule(
    name="already_recovered",
    title="It is over",
    root_cause="no_fault",
    remedy="no_action",
    tier=Tier.PATTERN,
    when=when,
    why_not="no trouble of the last hour is over, with nothing wrong now",
)
