"""A store or broker has fewer members by somebody's hand, and what only those held has nobody to lead it any more.

What has one copy, or too few, is on the claims of the members that were taken away. Where these are there still, the
members come back with it: to start those who ask anew, or to take a release of theirs back, makes nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import HOURS, ON_CALLERS, behind, not_for, not_their_own
from tuheg_ir.diagnosis.rules._leaderless import leaderless
from tuheg_ir.diagnosis.rules._repeated import Repeated
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import items, moment, newest, oldest, text
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

SOON = timedelta(minutes=10)
EARLY = timedelta(minutes=1)
"""It is missed so soon after it was taken away; clocks differ."""


class _Taken(NamedTuple):
    """How many members there were, when somebody took some away, and what shows it."""

    members: int
    at: datetime
    evidence: Evidence


def when(view: View) -> Iterator[Match]:
    """A StatefulSet of a store was scaled down by hand, and those who use it miss a leader since then."""
    for store in of_role(view.workloads, "broker", "cache", "database", "search"):
        taken = _taken(view, store) if store.kind == "StatefulSet" and store.ready >= store.wanted > 0 else None
        if taken is None:
            continue
        told = [(ref, each) for ref in behind(view, store.ref) if (each := leaderless(view, ref)) is not None]
        if any(-EARLY <= each.since - taken.at <= SOON for _, each in told):
            yield _match(view, store, taken, [each for _, each in told if each.since - taken.at >= -EARLY])


def _taken(view: View, store: Workload) -> _Taken | None:
    """Return that a set had more members within the hour, as somebody wrote its scale then.

    An autoscaler, or an operator, writes it as a program does; who calls the API by hand is no controller of either.
    """
    scales = (each for each in items(store.obj, "metadata", "managedFields") if text(each, "subresource") == "scale")
    by = {text(each, "manager"): moment(each, "time") for each in scales}
    at = newest(time for manager, time in by.items() if "controller" not in manager and "autoscaler" not in manager)
    if at is None or not view.recent(at, HOURS):
        return None
    for label in labels_of(view, store.ref, "replicas_wanted"):
        most = int(view.figures.peak("replicas_wanted", component=label) or 0)
        if most > store.wanted:
            fact = f"it had {most} members, and somebody scaled it to {store.wanted}"
            return _Taken(most, at, Evidence("objects", store.ref, fact, at))
    return None


def _kept(view: View, store: Workload, taken: _Taken) -> tuple[Evidence, ...]:
    """Return that the claims of all members that were taken away are bound still; () if any is not."""
    claims = view.objects("PersistentVolumeClaim")
    templates = [text(each, "metadata", "name") for each in items(store.obj, "spec", "volumeClaimTemplates")]
    names = [f"{each}-{store.name}-{n}" for each in templates for n in range(store.wanted, taken.members)]
    if not names or any(text(claims.get(each), "status", "phase") != "Bound" for each in names):
        return ()
    return tuple(Evidence("objects", f"PersistentVolumeClaim/{each}", "it is there and bound") for each in names[:2])


def _match(view: View, store: Workload, taken: _Taken, told: list[Repeated]) -> Match:
    kept = _kept(view, store, taken)
    began = oldest(each.since for each in told)
    suffer = not_their_own(view, behind(view, store.ref, but=store.ref), began)
    return Match(
        component=store.ref,
        evidence=(taken.evidence, *(each.told() for each in told[:2]), *kept),
        certainty=0.75,
        remedy="" if kept else "page_human",
        since=began,
        explains=suffer,
        excludes=(
            *not_for(suffer, f"what they ask for has nobody who leads it at {store.ref}", ON_CALLERS),
            *not_for((store.ref,), "the members that are there lead what they have", (*RESTARTS, "rollback_workload")),
        ),
    )


RULE = Rule(
    name="member_taken_away",
    title="Members of a store were taken away, and what only they held has no leader",
    root_cause="configuration_error",
    remedy="scale_workload",
    tier=Tier.STATED,
    when=when,
    why_not="nobody misses a leader since a store was scaled down by hand",
)
