"""An edge and the balancer before it disagree whether a connection begins with a PROXY header: no request is read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for, not_their_own
from tuheg_ir.diagnosis.stamps import without_time
from tuheg_ir.diagnosis.view.logs import begun, lines_told, speaks_of, times_near
from tuheg_ir.diagnosis.view.reading import last_write, mapping, moment, ref, writers
from tuheg_ir.diagnosis.view.releases import since_release, soon_after
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited
from tuheg_ir.diagnosis.writers import fields
from tuheg_ir.named import NamedTuple

MANY = 20
"""Who knocks without a header now and then is a probe or a stranger."""
NOW = timedelta(minutes=10)
SETTLES = timedelta(minutes=2)
"""A balancer takes its time until it does as its Service says; what came before is answered yet."""
_HINTS = ("proxy protocol", "broken header", '"proxy ', "quit\\")
_TOLD = late(
    r"\bbroken header: \\?\"|\bwhile reading PROXY protocol\b|does not look like a PROXY protocol header"
    r"|proxy protocol signature not present|failed to read proxy protocol|\"PROXY (?:TCP[46]|UNKNOWN)\b"
    r"|\\x0D\\x0AQUIT\\x0A|\\r\\nQUIT\\n"
)
"""How edges tell of it: nginx, HAProxy, libraries of Go (Traefik's too), Envoy.

The last ones are what an edge that expects no header reads as a request: the text of the first version, the bytes of
the second.
"""
_GARBLED = late(
    r"SSL handshake failure|error during SSL handshake|<BADREQ>|wrong.version.number|CLIENT_HELLO:unknown protocol"
    r"|first record does not look like a TLS handshake|malformed HTTP request|client sent (?:invalid|plain HTTP) "
    r"|codec_error|\bInvalidContentType\b|not an SSL/TLS record|unrecognized SSL message|invalid HTTP method"
    r"|Invalid character found in method|HPE_INVALID_METHOD",
    re.IGNORECASE,
)
"""What an edge that expects no header tells of connections that begin with one: it is no TLS, and no request."""
_REQUEST = late(r"\bHTTP/[123](?:\.[01])?\b")
"""A line of an access log."""
_FROM = late(r"\[?([0-9a-f.:]+?)\]?(?::\d+)? ")
"""Whom it names first: the client, in the formats of most."""
_SETTING = late(r"proxy.?protocol|accept.?proxy|send.?proxy", re.IGNORECASE)
FEW = 10
"""Of this many requests one at most goes on, or they did not cease."""


class _Edge(NamedTuple):
    """What the logs of an edge tell: when of headers, when of requests; and the last line of a header with its pod."""

    told: Sequence[datetime]
    served: Sequence[datetime]
    line: str
    pod: str


def when(view: View) -> Iterator[Match]:
    """An edge tells of PROXY headers more than of requests by now, and served before or had that setting written then.

    Where it serves more than that, somebody else knocks without a header. Where its own Service had the setting written
    it need not name the header: what comes by the balancer is no TLS and no request since, or nothing comes any more.
    Who calls it from a pod goes past the balancer, and is served as before.
    """
    for workload in view.serving:
        edge = _edge(view, workload, _TOLD)
        if edge is None or len(edge.told) < MANY:
            if (found := _switched(view, workload)) is not None:
                yield found
            continue
        began = begun(edge.told)
        if not view.recent(edge.told[-1], NOW) or began is None or _goes_on(view, edge, began):
            continue
        written = list(_written(view, began))
        served = sum(at < began for at in edge.served) >= MANY
        if written or served:
            yield _match(view, workload, edge, began, written)


def _switched(view: View, workload: Workload) -> Match | None:
    """Return that a Service before an edge had the setting written, and what comes by it cannot be read since."""
    for service in view.services.values() if workload.live else ():
        at = edited(service.obj)
        if workload.ref not in service.backends or at is None or not _wrote_setting(service.obj):
            continue
        edge = _edge(view, workload, _GARBLED, apart=True)
        began = begun(edge.told) if edge else None
        if edge and len(edge.told) >= MANY and soon_after(began, at) and view.recent(edge.told[-1], NOW):
            if began is not None and not _goes_on(view, edge, began):
                return _match(view, workload, edge, began, list(_written(view, began)))
        elif edge and _ceased(edge.served, at, view.now):
            before = [each for each in edge.served if each <= at]
            last = edge._replace(told=before, line=f"of requests, and hardly one since: {edge.line}")
            return _match(view, workload, last, at, list(_written(view, at)), sure=0.7)
    return None


def _ceased(served: Sequence[datetime], at: datetime, now: datetime) -> bool:
    """Tell whether of many requests hardly one came since a moment, in as long a time."""
    since = at + SETTLES
    before = sum(at - (now - at) <= each <= at for each in served)
    return now - at >= 2 * SETTLES and before >= MANY and FEW * sum(each > since for each in served) <= before


def _goes_on(view: View, edge: _Edge, began: datetime) -> bool:
    """Tell whether an edge serves more requests by now than it tells of what it cannot read."""
    return _count(edge.served, view.now - NOW, began) > _count(edge.told, view.now - NOW, began)


def _count(times: Sequence[datetime], *since: datetime) -> int:
    return sum(each >= max(since) for each in times)


def _edge(view: View, workload: Workload, words: re.Pattern[str], *, apart: bool = False) -> _Edge | None:
    """Return what the logs of a workload tell of headers and of requests; None where none tells of a header.

    ``words``: those of what cannot be read. ``apart``: also where none tells of it; without requests from our pods.
    """
    logs = [log for log in view.logs_of(workload.live, previous=False) if log.lines]
    ours = {pod.address for each in view.workloads.values() for pod in each.live if pod.address} if apart else set()
    told, served, last = list[datetime](), list[datetime](), ("", "")
    for log in logs if apart or any(speaks_of(log, _HINTS) for log in logs) else ():
        for line, at in zip(log.lines, times_near(log.lines), strict=True):
            if at is not None and words.search(line):
                told.append(at)
                last = (line, log.pod)
            elif at is not None and _REQUEST.search(line) and not _from(line, ours):
                served.append(at)
                last = last if told else (line, log.pod)
    return _Edge(sorted(told), sorted(served), *last) if told or (apart and served) else None


def _from(line: str, ours: Collection[str]) -> bool:
    """Tell whether a line of an access log begins with one of some addresses."""
    found = _FROM.match(without_time(line)) if ours else None
    return found is not None and found[1] in ours


def _wrote_setting(obj: Obj) -> bool:
    """Tell whether the last write of an object was one of the setting, as far as is known what it was of."""
    last = [each for each in writers(obj) if moment(each, "time") == last_write(obj)]
    wrote = [field for each in last for field in fields(each)]
    return any(map(_SETTING.search, wrote or _keys(obj)))


def _written(view: View, began: datetime) -> Iterator[Evidence]:
    """Yield the settings of an edge, or of a Service, that speak of the header and were written just then."""
    for obj in view.snapshot.of("ConfigMap", "Service"):
        at = edited(obj)
        said = [key for key in _keys(obj) if _SETTING.search(key)]
        if soon_after(began, at) and said:
            yield Evidence("objects", ref(obj), f"it was written, and sets {said[0]}", at)


def _keys(obj: Obj) -> Iterator[str]:
    yield from map(str, mapping(obj, "data"))
    yield from map(str, mapping(obj, "metadata", "annotations"))


def _match(
    view: View, workload: Workload, edge: _Edge, began: datetime, written: Sequence[Evidence], sure: float = 0.85
) -> Match:
    routed = {b for route in view.routes if (s := view.services.get(route.service)) for b in s.backends}
    hidden = not_their_own(view, [each for each in behind(view, *routed) if each != workload.ref], began)
    count = len(edge.told)
    why = f"{workload.ref} reads no request, as it and who is before it disagree about the PROXY header"
    own = since_release(workload, began)
    of_edge = ("scale_workload",) if own else (*RESTARTS, "rollback_workload", "scale_workload")
    return Match(
        component=workload.ref,
        evidence=(
            lines_told(edge.pod, count, edge.line.strip(), began),
            *written[:2],
        ),
        certainty=sure,
        since=began,
        explains=hidden,
        excludes=(*not_for(hidden, why), *excluding(workload.ref, why, *of_edge)),
    )


RULE = Rule(
    name="proxy_header_missing",
    title="An edge and the balancer before it disagree about the PROXY header of connections",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no edge tells more of PROXY headers, or of what it cannot read since they are sent, than of requests",
)
