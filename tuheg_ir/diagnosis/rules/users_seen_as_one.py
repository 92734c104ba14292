"""A Service hides from whom requests come since it was edited, and a limit for each address holds for all together.

A balancer that leads requests on over another node leaves the node's address in the place of the user's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import HOURS, ON_CALLERS, behind, not_for, not_their_own
from tuheg_ir.diagnosis.rules._onset import near
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.askers import answer_of, of_probe
from tuheg_ir.diagnosis.view.logs import ADDRESS
from tuheg_ir.diagnosis.view.network import Service, is_inner
from tuheg_ir.diagnosis.view.reading import newest, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited

TURN = timedelta(seconds=30)
"""A balancer takes some seconds to do what a Service says: so near to an edit requests come either way."""
AROUND = timedelta(hours=1)
LEAST = 10
"""Fewer answers before or after an edit tell too little."""
MOST = 0.8
"""Some ask from inside at any time, monitoring above all; some connections outlive an edit."""
EACH = 5
"""Nodes are few: each stands for so many of the requests, and there were so many users for each of them."""
REFUSED = 429
STILL = timedelta(minutes=15)
"""What was refused longer ago than this is over."""
SHARE, TIMES = 0.1, 3.0
"""So many of all answers are refusals since, and so many times as many as before."""


class _Answer(NamedTuple):
    """From which address was asked, what was answered, and when."""

    who: str
    status: int
    at: datetime


def when(view: View) -> Iterator[Match]:
    """Since a Service from outside was edited, requests come from few inner addresses, many of which are refused."""
    for service in view.services.values():
        at = edited(service.obj) if text(service.obj, "spec", "type") in ("LoadBalancer", "NodePort") else None
        if at is None or not view.recent(at, HOURS):
            continue
        for ref in service.backends:
            workload = view.workloads[ref]
            if workload.changes and near(workload.released_at, at):
                continue  # what it believes of who asks may have changed with it
            seen = _as_one(view, workload, at)
            if seen is not None:
                yield _match(view, service, ref, at, seen)


def _as_one(view: View, workload: Workload, at: datetime) -> Evidence | None:
    """Return that a program's users had addresses of their own before a time, and share those of a few nodes since.

    What a later release of it sees may be the release's: they have to share them before that.
    """
    until = workload.released_at if workload.changes and workload.released_at else view.now
    told = list(_answers(view, workload, at))
    before, after = [a for a in told if a.at < at], [a for a in told if at + TURN < a.at and not at < until < a.at]
    last = newest(a.at for a in told if a.status == REFUSED)
    if not view.recent(last, STILL):
        return None
    if min(len(before), len(after)) < LEAST or _inner(before) > 1 - MOST or _inner(after) < MOST:
        return None
    many, few = {a.who for a in before}, {a.who for a in after}
    if len(few) * EACH > len(after) or len(many) < EACH * len(few):
        return None
    was, now = _refused(before), _refused(after)
    if now < max(SHARE, TIMES * was):
        return None
    first = min(a.at for a in after if a.status == REFUSED)
    fact = (
        f"{len(before)} requests came from {len(many)} addresses before, {len(after)} from {len(few)} inner ones since"
    )
    return Evidence(
        "logs", workload.ref, f"{fact}; {was:.0%} of them were refused with {REFUSED}, {now:.0%} are", first
    )


def _answers(view: View, workload: Workload, at: datetime) -> Iterator[_Answer]:
    """Yield what an access log tells of requests around a time, but for probes: who asked stands first in a line."""
    for line in view.lines_of(workload):
        status = answer_of(line)
        who, when_ = ADDRESS.search(line) if status else None, stamp(line) if status else None
        if who is not None and when_ is not None and abs(when_ - at) <= AROUND and not of_probe(line):
            yield _Answer(who[0], status, when_)


def _inner(told: Sequence[_Answer]) -> float:
    return sum(bool(is_inner(each.who)) for each in told) / len(told)


def _refused(told: Sequence[_Answer]) -> float:
    return sum(each.status == REFUSED for each in told) / len(told)


def _match(view: View, service: Service, ref: str, at: datetime, seen: Evidence) -> Match:
    events = [e for e in view.events if e.about == service.ref and e.reason == "ExternalTrafficPolicy"]
    hidden = text(service.obj, "spec", "externalTrafficPolicy") == "Cluster"
    told = "it was written; its policy for traffic from outside is Cluster, which hides who asks" if hidden else ""
    suffer = not_their_own(view, behind(view, ref), at)
    called = not_their_own(view, (each.ref for each in view.called(ref)), at)
    return Match(
        component=service.ref,
        evidence=(
            Evidence("objects", service.ref, told or "it was written; who asks is not seen since", at),
            *(view.event_evidence(event) for event in events[:1]),
            seen,
        ),
        certainty=0.8 if hidden or events else 0.6,
        since=seen.time,
        explains=tuple(dict.fromkeys((ref, *suffer))),  # it refuses by its limits since before any later release
        excludes=not_for(
            sorted({*suffer, *called}),
            f"{service.ref} hides its users from {ref}: whichever pods there are, they take all for a few",
            ON_CALLERS,
        ),
    )


RULE = Rule(
    name="users_seen_as_one",
    title="A Service hides its users' addresses since an edit, and a limit for each holds for all together",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no Service was edited since which its users share few inner addresses and are refused",
)
