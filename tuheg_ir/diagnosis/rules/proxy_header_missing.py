"""An edge and the balancer before it disagree whether a connection begins with a PROXY header: no request is read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for, not_their_own
from tuheg_ir.diagnosis.view.logs import begun, speaks_of, times_near
from tuheg_ir.diagnosis.view.reading import mapping, ref
from tuheg_ir.diagnosis.view.releases import since_release, soon_after
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited

MANY = 20
"""Who knocks without a header now and then is a probe or a stranger."""
NOW = timedelta(minutes=10)
_HINTS = ("proxy protocol", "broken header", '"proxy ')
_TOLD = late(
    r"\bbroken header: \\?\"|\bwhile reading PROXY protocol\b|does not look like a PROXY protocol header"
    r"|proxy protocol signature not present|failed to read proxy protocol|\"PROXY (?:TCP[46]|UNKNOWN)\b"
)
"""How edges tell of it: nginx, HAProxy, libraries of Go (Traefik's too), Envoy.

The last is what an edge that expects no header reads as a request.
"""
_REQUEST = late(r"\bHTTP/[123](?:\.[01])?\b")
"""A line of an access log."""
_SETTING = late(r"proxy.?protocol|accept.?proxy|send.?proxy", re.IGNORECASE)


class _Edge(NamedTuple):
    """What the logs of an edge tell: when of headers, when of requests; and the last line of a header with its pod."""

    told: Sequence[datetime]
    served: Sequence[datetime]
    line: str
    pod: str


def when(view: View) -> Iterator[Match]:
    """An edge tells of PROXY headers more than of requests by now, and served before or had that setting written then.

    Where it serves more than that, somebody else knocks without a header.
    """
    for workload in view.serving:
        edge = _edge(view, workload)
        if edge is None or len(edge.told) < MANY or not view.recent(edge.told[-1], NOW):
            continue
        began = begun(edge.told)
        if began is None or _count(edge.served, view.now - NOW, began) > _count(edge.told, view.now - NOW, began):
            continue
        written = list(_written(view, began))
        served = sum(moment < began for moment in edge.served) >= MANY
        if written or served:
            yield _match(view, workload, edge, began, written)


def _count(times: Sequence[datetime], *since: datetime) -> int:
    return sum(moment >= max(since) for moment in times)


def _edge(view: View, workload: Workload) -> _Edge | None:
    """Return what the logs of a workload tell of headers and of requests; None where none tells of a header."""
    logs = [log for log in view.logs_of(workload.live, previous=False) if log.lines]
    told, served, last = list[datetime](), list[datetime](), ("", "")
    for log in logs if any(speaks_of(log, _HINTS) for log in logs) else ():
        for line, at in zip(log.lines, times_near(log.lines), strict=True):
            if at is not None and _TOLD.search(line):
                told.append(at)
                last = (line, log.pod)
            elif at is not None and _REQUEST.search(line):
                served.append(at)
    return _Edge(sorted(told), sorted(served), *last) if told else None


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


def _match(view: View, workload: Workload, edge: _Edge, began: datetime, written: Sequence[Evidence]) -> Match:
    routed = {b for route in view.routes if (s := view.services.get(route.service)) for b in s.backends}
    hidden = not_their_own(view, [each for each in behind(view, *routed) if each != workload.ref], began)
    count = len(edge.told)
    why = f"{workload.ref} reads no request, as it and who is before it disagree about the PROXY header"
    own = since_release(workload, began)
    of_edge = ("scale_workload",) if own else (*RESTARTS, "rollback_workload", "scale_workload")
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("logs", f"Pod/{edge.pod}", f"log ({count} lines): {edge.line.strip()[:300]}", began),
            *written[:2],
        ),
        certainty=0.85,
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
    why_not="no edge tells more of PROXY headers than of requests",
)
