"""The pods use all the processor time they may have, and users feel it: too much to do for so few."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._at_its_most import TIGHT, outgrew_its_most
from tuheg_ir.diagnosis.rules._capacity import (
    FROM_BEHIND,
    GROWN,
    asked_more,
    failed_at,
    fewer,
    remedy_for_load,
    unblinded,
)
from tuheg_ir.diagnosis.rules._collecting import in_vain
from tuheg_ir.diagnosis.rules._filled_by_waiting import held_by, waiting_fills
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.rules._imposed import imposed
from tuheg_ir.diagnosis.rules._publishing import flooded_by
from tuheg_ir.diagnosis.rules._readers import backlogs, by_release
from tuheg_ir.diagnosis.rules._unreadable import unreadable
from tuheg_ir.diagnosis.view.crashes import probe_kills, unready
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import releases, since_release
from tuheg_ir.diagnosis.view.scaling import autoscaler, counted_share
from tuheg_ir.diagnosis.view.stillborn import stillborn
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.usage import BUSY, THROTTLED, Usage, always_busy, limit_cut, starting, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

HOLDS_UP = 0.7
"""How sure it makes it that who asks for more holds so many requests for it that its memory is full."""
COUNTED = 0.4
"""How sure an autoscaler's count makes it where nobody measures: of who asks for so much it tells nothing."""
SUSPECT = timedelta(hours=48)
"""So long a release may take to fill a heap."""


def when(view: View) -> Iterator[Match]:
    """Most pods are at their limit, and the service is slow, fails, its queue grows, or an alert speaks of it."""
    for workload in view.serving:
        share, throttled = _share(view, workload), usage(view.figures, workload, "throttled_share")
        if limit_cut(workload, "cpu") or not (share.widely(BUSY) or throttled.widely(THROTTLED)):
            continue
        if not share.widely(BUSY) and starting(view, workload):
            continue  # held back for its start, and idle by now
        if imposed(view, workload):
            continue  # not too much to do: younger pods were given a limit that holds them back, as others would be
        if role(workload) in DATA:
            continue  # more of them hold no more of its load by themselves
        if stillborn(view, workload):
            continue  # the pods that should help end at start: the few that are left are busy for that
        felt = [*troubles(view, workload.ref), *((seen, seen.time) for seen in _probes(view, workload))]
        felt += _waits(view, workload) if share.widely(BUSY) else ()
        felt += failed_at(view, workload) if share.widely(BUSY) and not always_busy(view, workload, BUSY) else ()
        alerts = [a for a in view.alerts if view.about_alert(a) == workload.ref]
        if felt or (alerts and not always_busy(view, workload, BUSY)):
            evidence = [_told(view, workload, share, throttled), *(seen for seen, _ in felt)]
            evidence += [a.fires(workload.ref) for a in alerts[:1]]
            yield _match(view, workload, evidence, since_release(workload, oldest(s for _, s in felt)))


def _share(view: View, workload: Workload) -> Usage:
    """Return which share of their processor limit the pods use: as figures tell, or the autoscaler that has no more.

    An autoscaler that may still give more pods does so by itself.
    """
    share, scaler = usage(view.figures, workload, "cpu_share"), autoscaler(view, workload.ref)
    if share.by_pod or scaler is None or not scaler.limited:
        return share
    counted = counted_share(scaler, workload)
    return share if counted is None else Usage(share.signal, {pod.name: counted for pod in workload.live})


def _told(view: View, workload: Workload, share: Usage, throttled: Usage) -> Evidence:
    """Return how busy the pods are, and who saw it."""
    if not throttled.by_pod and not usage(view.figures, workload, share.signal).by_pod:
        told = f"its autoscaler counts that the pods use {share.most:.0%} of their processor limit"
        return Evidence("objects", workload.ref, told)
    told = f"the pods use up to {share.most:.0%} of their processor limit"
    told += f", throttled in {throttled.most:.0%} of periods" if throttled.by_pod else ""
    return Evidence("metrics", workload.ref, told)


def _probes(view: View, workload: Workload) -> tuple[Evidence, ...]:
    """Return that probes fail: what has no processor time answers them too late.

    Not where memory is short as well: then the time goes into collecting garbage.
    """
    if usage(view.figures, workload, "memory_share").most > TIGHT:
        return ()
    return (*probe_kills(view, workload), *unready(view, workload))[:1]


def _waits(view: View, workload: Workload) -> tuple[tuple[Evidence, datetime | None], ...]:
    """Return the queues that a workload reads and that grew, where nothing but the work itself keeps it busy.

    One that was long before figures go back counts where its reader's autoscaler wants more than it may give. Not since
    its own release, nor where it takes messages again and again that it cannot do, or fails by another; nor where a run
    fills the queue, which has to stop first.
    """
    if view.hits_of(workload.ref, "message_rejected", *FROM_BEHIND) or unreadable(view, workload):
        return ()
    return tuple(
        (seen, grew.since)
        for seen, grew in (*backlogs(view, workload), *outgrew_its_most(view, workload))
        if not (since_release(workload, grew.since) or by_release(workload, grew) or flooded_by(view, grew))
    )


def _match(view: View, workload: Workload, evidence: list[Evidence], released: bool) -> Match:
    grown, less = traffic_growth(view, workload.ref), fewer(view, workload)
    unknown = 0.55 if evidence[0].source == "metrics" else COUNTED
    certainty = unknown if grown is None else 0.75 if grown >= GROWN or less else 0.4
    more_asked, holders = asked_more(view, workload), [each.ref for each in held_by(view, workload)]
    if more_asked and holders and (grown is None or grown >= 1.0):
        # It serves no more than it can; by how much more is asked the memory of who waits for it tells.
        certainty = max(certainty, HOLDS_UP)
    evidence += [less] if less else []
    if grown is not None and grown >= GROWN:
        evidence.append(Evidence("metrics", workload.ref, f"traffic has grown {grown:.1f} times"))
    collects = in_vain(view, workload) if grown is not None and grown < GROWN else ()
    held = not_for(holders, f"its memory is full of requests that wait for {workload.ref}")
    if collects and not released and not (holders and more_asked):
        found = _of_collector(view, workload, (*evidence, *collects, *waiting_fills(view, workload)))
        return found._replace(explains=tuple(holders), excludes=(*found.excludes, *held))
    remedy, more, excludes = remedy_for_load(view, workload)
    found = Match(
        component=workload.ref,
        evidence=(*evidence, *more, *more_asked, *waiting_fills(view, workload)),
        certainty=certainty - (0.2 if released else 0.0),
        remedy=remedy,
        since=oldest(e.time for e in evidence),
        explains=tuple(holders),
        excludes=(*excludes, *held),
    )
    return unblinded(view, workload, found)


def _of_collector(view: View, workload: Workload, evidence: tuple[Evidence, ...]) -> Match:
    """Return that the time goes into collecting garbage, at the same traffic: the heap has no room for what is kept."""
    young = [p for p in workload.live if p.created and (at := oldest(e.time for e in evidence)) and p.created > at]
    new = releases(view, workload, SUSPECT)
    held = "what was started since has as little room for its heap"
    return Match(
        component=workload.ref,
        evidence=evidence,
        certainty=0.65,
        root_cause="resource_exhaustion",
        remedy="page_human",
        since=oldest(e.time for e in evidence),
        excludes=(
            *(() if new else excluding(workload.ref, "no release came with it", "rollback_workload")),
            *(excluding(workload.ref, held, *RESTARTS) if young else ()),
        ),
    )


RULE = Rule(
    name="cpu_saturated",
    title="Too much to do for the processor time that its pods may have",
    root_cause="capacity",
    remedy="scale_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no workload's pods are at their processor limit while it is slow or fails",
)
