"""Bodies that are refused as too large at a way in: who says so, of which way, and how much a way lets through."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rules._repeated import Repeated, repeated
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.held_back import OF_ROUTES
from tuheg_ir.diagnosis.view.network import Route
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import mapping, ref, text
from tuheg_ir.diagnosis.view.trouble import OFTEN, labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_LARGE = r"(?:request entity|payload|content) too large"
_NO_STATUS = r"(?![#*/.,:]?\d|\s?(?:m?s|%|bytes?|rows?|items?|lines?|files?|records?|[kmg]i?b)\b)"
"""What follows a number that is an amount, or that of a process."""
_REFUSED = (
    r"(?:\bclient intended to send too large (?:chunked )?body\b"
    rf"|(?<![\d.#:])413\W{{1,3}}(?:client error: )?{_LARGE}"
    r"|(?:status(?:[ _]?code)?(?: received from server)?|\bhttp|code|\berror|\banswered|\breturned)"
    rf"(?:[\"']?\s?[=:]\s?[\"']?|\s)413\b{_NO_STATUS}"
    r"|\"(?:POST|PUT|PATCH) [^\"]*\" 413\b)"
)
"""How edges refuse a body (nginx and its kin, access logs), and how clients of many languages tell of the answer."""
_WORDS = ("413", "too large")
_OWN = late(
    r"\bMaxUploadSizeExceeded|\b(?:File)?SizeLimitExceededException|\bPayloadTooLarge(?:Error|Exception)?\b"
    r"|\bRequestEntityTooLarge\b|\bRequestDataTooBig\b|\brequest body too large\b|\bLIMIT_FILE_SIZE\b"
    r"|\bmultipart: message too large\b|\bexceeds the configured maximum\b|\bexceeds? (?:the )?limit of \d+ bytes\b",
    re.IGNORECASE,
)
"""How programs tell that a body is more than they take themselves."""
_BYTES = late(r"\btoo large (?:chunked )?body: (\d+) bytes", re.IGNORECASE)
_LIMIT = late(r"body-?size|max-?(?:request-?)?body|request-?size", re.IGNORECASE)
"""Annotations by which an edge is told how large a body may be."""
_SIZE = late(r"\s*(\d+)\s*([kmg]?)(?:i?b)?\s*", re.IGNORECASE)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_SHARE = 0.01
"""Where so few of all requests are refused for their size, it may be somebody's one large thing."""


class Way(NamedTuple):
    """A way in, by the object that describes it: its routes, and the workloads to which it leads."""

    obj: Obj
    routes: tuple[Route, ...]
    led: tuple[str, ...]


class Refusal(NamedTuple):
    """Who tells of refused bodies ("": figures), since when, and how large the smallest was that is told."""

    by: str
    since: datetime
    evidence: Evidence
    least: int


def way_of(view: View, obj: Obj) -> Way:
    """Return the way in that an object describes; what an edge reads besides is of all ways."""
    of_one = text(obj, "kind") in OF_ROUTES
    routes = tuple(route for route in view.routes if not of_one or route.ref == ref(obj))
    services = [view.services[each.service] for each in routes if each.service in view.services]
    return Way(obj, routes, tuple(dict.fromkeys(led for each in services for led in each.backends)))


def refusals(view: View, way: Way) -> list[Refusal]:
    """Return who tells of bodies that were refused at a way in, the first to do so first.

    None where somebody behind it refuses them himself.
    """
    pattern = _refusing(view, way)
    found = []
    for workload in view.serving:
        if role(workload) in DATA or not _goes_by(view, workload, way):
            continue
        told = repeated(view, workload, pattern, _WORDS, OFTEN)
        if workload.ref in way.led:
            if told or any(map(_OWN.search, view.lines_of(workload))):
                return []
        elif told:
            found.append(Refusal(workload.ref, told.since, told.told(), _least(view, workload, told)))
    return sorted([*found, *_measured(view, way)], key=lambda each: each.since)


def _refusing(view: View, way: Way) -> re.Pattern[str]:
    """Return how a refusal at a way in looks: it names this one, or neither another nor a Service that is asked."""
    own, all_ = _names(view, way.routes), _names(view, view.routes)
    asked = rf"://(?:{'|'.join(map(re.escape, sorted(view.services)))})" if view.services else r"(?!)"
    mine, others = ("|".join(sorted(each)) or r"(?!)" for each in (own, all_ - own))
    start, end = r"(?<![\w.-])", r"(?!\w|-\w|\.\w)"
    elsewhere = rf"(?:{start}(?:{others}){end}|{asked}(?![\w-]))"
    return re.compile(rf"^(?:(?=.*{start}(?:{mine}){end})|(?!.*{elsewhere})).*{_REFUSED}", re.IGNORECASE | re.DOTALL)


def _names(view: View, routes: tuple[Route, ...]) -> set[str]:
    """Return by what an edge and its clients name routes: the host, and ingress-nginx the Service with its port."""
    space = re.escape(view.snapshot.namespace.lower())
    hosts = {re.escape(each.host.lower().lstrip("*.")) for each in routes if each.host.strip("*.")}
    return hosts | {rf"{space}-{re.escape(each.service)}-{re.escape(each.port)}" for each in routes if each.service}


def _goes_by(view: View, workload: Workload, way: Way) -> bool:
    """Tell whether a workload may come by a way in: its settings do not lead it by others only."""
    told = {host for key, value in view.graph.settings(workload) for host in hosts_in(key, value)}
    by = {each.ref for each in view.routes if each.host and each.host.lower() in told}
    return not by or not way.routes or workload.ref in way.led or not by.isdisjoint(each.ref for each in way.routes)


def _least(view: View, workload: Workload, told: Repeated) -> int:
    """Return how large the smallest body was that a log says was refused since then; 0 where it says nothing."""
    lines = (line for line in view.lines_of(workload) if "too large" in line)
    sizes = [int(found[1]) for line in lines if (found := _BYTES.search(line))]
    return min(sizes, default=0) if _BYTES.search(told.line) else 0


def _measured(view: View, way: Way) -> Iterator[Refusal]:
    """Yield what an edge counts: a share of the requests for whom it leads to is refused that was not before."""
    signal = "too_large_ratio"
    for led in way.led:
        for label in labels_of(view, led, signal):
            was, now = view.figures.first(signal, component=label), view.figures.now(signal, component=label)
            since = view.figures.crossed(signal, _SHARE, component=label)
            if now and since is not None and (was or 0.0) < _SHARE:
                fact = f"{now:.1%} of its requests are refused as too large at the edge, {was or 0:.1%} before"
                yield Refusal("", since, Evidence("metrics", led, fact, since), 0)


def limit_of(obj: Obj) -> tuple[str, float] | None:
    """Return how large a body an Ingress lets through, as it is written and in bytes; None where it does not say."""
    for key, value in mapping(obj, "metadata", "annotations").items():
        found = _SIZE.fullmatch(f"{value}") if _LIMIT.search(str(key).rpartition("/")[2]) else None
        if found:
            return f"{value}", int(found[1]) * _UNITS[found[2].lower()] or float("inf")
    return None


def sister(view: View, obj: Obj) -> Obj | None:
    """Return the Ingress of the same edge that lets the largest bodies through, other than one; None if none says."""
    klass = text(obj, "spec", "ingressClassName")
    alike = (each for each in view.snapshot.of("Ingress") if text(each, "spec", "ingressClassName") == klass)
    known = [(limit[1], ref(each), each) for each in alike if ref(each) != ref(obj) and (limit := limit_of(each))]
    return max(known, key=lambda each: each[:2])[2] if known else None
