"""Since a release a page sends whoever asks for it to itself: browsers go round, and nothing ever fails."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._kept_idle import keys_written
from tuheg_ir.diagnosis.rules._onset import near
from tuheg_ir.diagnosis.rules._sent_round import Sent, sent_round
from tuheg_ir.diagnosis.rules.edge_released import leads_from_outside
from tuheg_ir.diagnosis.rules.redirected_in_circles import leading
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import cause_of_release, release_evidence, since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import ASLEEP, edited, outside_changes
from tuheg_ir.named import NamedTuple

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
_SENDS = late(
    r"ssl|https|tls|scheme|proto|redirect|forwarded|canonical|domain|origin|cookie|session|log.?in|hostname"
    r"|site|public|external|base.?url",
    re.IGNORECASE,
)
"""Names of settings by which a program sends on who asks."""


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
    for edge in view.serving:
        sent = sent_round(view, edge, ways, ready) if leads_from_outside(view, edge) else None
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
    return _back(view, workload, (Evidence("logs", f"Pod/{loop.pod}", told, loop.since), more), loop.since)


def _sends(view: View, workload: Workload, edge: Workload, sent: Sent) -> Match:
    return _back(view, workload, (sent.evidence(edge.ref),), sent.since)


def _back(view: View, workload: Workload, shown: tuple[Evidence, ...], since: datetime) -> Match:
    match = Match(
        component=workload.ref,
        evidence=(*shown[:1], *release_evidence(workload), *shown[1:]),
        certainty=0.65,
        root_cause=cause_of_release(workload),
        since=since,
        explains=behind(view, workload.ref, but=workload.ref),
        excludes=(
            *excluding(workload.ref, "the same template sends in the same round", *RESTARTS),
            *excluding(workload.ref, "these are no more users: each goes round", "scale_workload"),
        ),
    )
    written = _written(view, workload)
    if written is None:
        return match
    why = f"{written.object} was written before its pods came, and the template before starts with that as well"
    return match._replace(
        component=written.object,
        root_cause="configuration_error",
        remedy="page_human",
        evidence=(*match.evidence, written),
        explains=(*match.explains, workload.ref),
        excludes=(*match.excludes, *excluding(workload.ref, why, "rollback_workload")),
    )


def _written(view: View, workload: Workload) -> Evidence | None:
    """Return the ConfigMap that was written before the pods of a release came, which are the first to start with it.

    None where the release itself brought such a setting, or what was written is known to be another one.
    """
    came = newest(pod.created for pod in workload.newest_pods())
    settings = [change for change in workload.changes if change.field != "image"]
    brought = (change.name if change.aspect == "env" else change.told() for change in settings)
    if came is None or any(_SENDS.search(each) for each in brought):
        return None
    for named, at in outside_changes(view, workload):
        kind, _, label = named.partition("/")
        if kind == "ConfigMap" and came - ASLEEP < at < came:
            keys = keys_written(view.objects(kind)[label])
            if not keys or any("." in key or _SENDS.search(key) for key in keys):  # a file may hold any setting
                return Evidence("objects", named, f"it was written, and the pods of {workload.ref} came with it", at)
    return None


RULE = Rule(
    name="redirects_to_itself",
    title="Since a release a page sends whoever asks for it to itself",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no newly released workload sends nearly all who ask for a page to that page again",
)
