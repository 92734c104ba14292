"""Since a release a page sends whoever asks for it to itself: browsers go round, and nothing ever fails."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._onset import near
from tuheg_ir.diagnosis.rules._sent_round import Sent, sent_round
from tuheg_ir.diagnosis.rules.edge_released import leads_from_outside
from tuheg_ir.diagnosis.rules.redirected_in_circles import leading, marks
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import cause_of_release, release_evidence, since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited

OFTEN = 10
"""A page that sends somebody back to itself once has set a cookie."""
NEARLY_ALL = 0.9
MORE = 2.0
"""Browsers that go round ask many times; one that is sent on to HTTPS, at the same path, asks once more."""
_ASKED = late(r"\b(?:GET|HEAD|POST) \"?(/[^\s?\"]*)")
_SENT = late(
    r"(?:\bredirect(?:ed|ing)?(?: to)?:? |\blocation[\"']?[=:] ?)[\"']?(?:https?://[^/\s\"']+)?(/[^\s?\"']*)",
    re.IGNORECASE,
)
_REQUEST = late(r"\[[\w-]{6,}\]")
"""By this mark the lines of one request are told from another's."""


class Loop(NamedTuple):
    """A page that logs show to send to itself: how often it was asked for, and since when it does."""

    path: str
    pod: str
    asked: int
    since: datetime


def when(view: View) -> Iterator[Match]:
    """Since its release the newest pods of a workload send nearly all who ask for a page to it again.

    Or an edge tells that all whom it leads there are sent on, and come again, and none of its own settings was written.
    """
    for workload in view.serving:
        if workload.changes and not workload.returned and (sent := next(_sent(view, workload), None)):
            yield _sends(view, workload, *sent)
            continue
        growth = traffic_growth(view, workload.ref) if workload.changes else None
        if growth is None or growth < MORE:
            continue
        loops = [loop for log in view.logs_of(workload.newest_pods(), previous=False) for loop in _loops(log)]
        if not since_release(workload, oldest(loop.since for loop in loops)):
            continue
        if not any(loop for log in view.logs_of(workload.older_pods(), previous=False) for loop in _loops(log)):
            yield _match(view, workload, loops[0], growth)


def _sent(view: View, workload: Workload) -> Iterator[tuple[Workload, Sent]]:
    """Yield the edges of which all requests for a workload go round since all its pods are of its newest release."""
    ready = newest(pod.ready_since for pod in workload.newest_pods())
    services = {service.name for service in view.leading_to(workload.ref)}
    ways = [route for route in view.routes if route.service in services]
    if ready is None or not ways or workload.older_pods():
        return
    led, others = marks(view, ways)
    for edge in view.serving:
        sent = sent_round(view, edge, led, others, ready) if leads_from_outside(view, edge) else None
        if sent is None or sent.by_edge or not since_release(workload, sent.since) or not near(ready, sent.since):
            continue
        if not near(edge.released_at, sent.since) and not any(near(edited(o), sent.since) for o in leading(view, edge)):
            yield edge, sent


def _loops(log: Log) -> Iterator[Loop]:
    """Yield the pages that a log shows to send nearly everybody who asks for them to themselves."""
    asked: Counter[str] = Counter()
    again: Counter[str] = Counter()
    first: dict[str, datetime] = {}
    of_request: dict[str, str] = {}
    now: datetime | None = None
    for line in log.lines:
        now = stamp(line) or now
        mark = _REQUEST.search(line[:200])
        request = mark[0] if mark else ""
        if wanted := _ASKED.search(line):
            asked[wanted[1]] += 1
            of_request[request] = wanted[1]
        if (sent := _SENT.search(line)) and sent[1] == of_request.get(request):
            again[sent[1]] += 1
            if now is not None:
                first.setdefault(sent[1], now)
    for path, times in again.items():
        if times >= OFTEN and times >= NEARLY_ALL * asked[path] and path in first:
            yield Loop(path, log.pod, asked[path], first[path])


def _match(view: View, workload: Workload, loop: Loop, growth: float) -> Match:
    told = f"{loop.path} was asked for {loop.asked} times, and sends to itself"
    more = Evidence("metrics", workload.ref, f"it is asked {growth:.1f} times as much as before")
    shown = (Evidence("logs", f"Pod/{loop.pod}", told, loop.since), *release_evidence(workload), more)
    return _back(view, workload, shown, loop.since)


def _sends(view: View, workload: Workload, edge: Workload, sent: Sent) -> Match:
    return _back(view, workload, (sent.evidence(edge.ref), *release_evidence(workload)), sent.since)


def _back(view: View, workload: Workload, shown: tuple[Evidence, ...], since: datetime) -> Match:
    return Match(
        component=workload.ref,
        evidence=shown,
        certainty=0.65,
        root_cause=cause_of_release(workload),
        since=since,
        explains=behind(view, workload.ref, but=workload.ref),
        excludes=(
            *excluding(workload.ref, "the same template sends in the same round", *RESTARTS),
            *excluding(workload.ref, "these are no more users: each goes round", "scale_workload"),
        ),
    )


RULE = Rule(
    name="redirects_to_itself",
    title="Since a release a page sends whoever asks for it to itself",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no newly released workload sends nearly all who ask for a page to that page again",
)
