"""Bodies that are refused as too large at a way in: who says so, of which way, and how much a way lets through."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.quantities import BINARY
from tuheg_ir.diagnosis.rules._repeated import repeated
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.held_back import OF_ROUTES
from tuheg_ir.diagnosis.view.network import Route
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import mapping, ref, text
from tuheg_ir.diagnosis.view.trouble import OFTEN, labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_LARGE = r"(?:request entity|payload|content) too large"
_NO_STATUS = r"(?![#*/.,:]?\d|\s?(?:m?s|%|bytes?|rows?|items?|lines?|files?|records?|[kmg]i?b)\b)"
"""What follows a number that is an amount, or that of a process."""
_BY_ITSELF = r"\bclient intended to send too large (?:chunked )?body\b"
"""How an edge (nginx and its kin) tells that it refuses a body itself, before it asks anybody behind it."""
_ANSWERED = rf"{_BY_ITSELF}|\"(?:POST|PUT|PATCH) [^\"]*\" 413\b"
"""How whoever answers tells of it: by itself, or in its access log."""
_REFUSED = (
    rf"(?:{_ANSWERED}"
    rf"|(?<![\d.#:])413\W{{1,3}}(?:client error: )?{_LARGE}"
    r"|(?:status(?:[ _]?code)?(?: received from server)?|\bhttp|code|\berror|\banswered|\breturned)"
    rf"(?:[\"']?\s?[=:]\s?[\"']?|\s)413\b{_NO_STATUS})"
)
"""How edges refuse a body, and how clients of many languages tell of the answer."""
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
"""Annotations, and keys of a controller's own ConfigMap, by which an edge is told how large a body may be."""
_SIZE = late(r"\s*(\d+)\s*([kmg]?)(?:i?b)?\s*", re.IGNORECASE)
_SHARE = 0.01
"""Where so few of all requests are refused for their size, it may be somebody's one large thing."""


class Way(NamedTuple):
    """A way in, by the object that describes it: its routes, the workloads to which it leads, and those it does not."""

    obj: Obj
    routes: tuple[Route, ...]
    led: tuple[str, ...]
    apart: frozenset[str]


class Refusal(NamedTuple):
    """Who tells of refused bodies ("": figures), since when, and how large the smallest was that is told."""

    by: str
    since: datetime
    evidence: Evidence
    least: int


def way_of(view: View, obj: Obj) -> Way:
    """Return the way in that an object describes; what an edge reads besides is of all ways that say no limit."""
    of_one = text(obj, "kind") in OF_ROUTES
    own = {ref(each) for each in view.snapshot.of(*OF_ROUTES) if limit_of(each)} if limit_of(obj) else set()
    routes = tuple(each for each in view.routes if (each.ref == ref(obj) if of_one else each.ref not in own))
    led = tuple(dict.fromkeys(_led(view, routes)))
    apart = () if of_one else _led(view, (each for each in view.routes if each.ref in own))
    return Way(obj, routes, led, frozenset(apart) - {*led})


def _led(view: View, routes: Iterable[Route]) -> Iterator[str]:
    """Yield the workloads to which routes lead."""
    for each in routes:
        if each.service in view.services:
            yield from view.services[each.service].backends


def refusals(view: View, way: Way) -> list[Refusal]:
    """Return who tells of bodies that were refused at a way in, the first to do so first.

    None where somebody behind it refuses them himself. What he only tells of, as those who sent them told him, says
    nothing where the edge tells that it was the one.
    """
    pattern = _refusing(view, way, _REFUSED)
    telling = [each for each in view.serving if role(each) not in DATA and each.ref not in way.apart]
    beside = [each for each in telling if each.ref not in way.led and _goes_by(view, each, way)]
    by_edge = _refusing(view, way, _BY_ITSELF)
    known = any(repeated(view, each, by_edge, _WORDS, OFTEN) for each in beside)
    behind = _refusing(view, way, _ANSWERED) if known else pattern
    if any(_refuses(view, each, behind) for each in telling if each.ref in way.led):
        return []
    heard = ((each, repeated(view, each, pattern, _WORDS, OFTEN)) for each in beside)
    found = [Refusal(each.ref, told.since, told.told(), _least(view, each, pattern)) for each, told in heard if told]
    return sorted([*found, *_measured(view, way)], key=lambda each: each.since)


def _refuses(view: View, workload: Workload, pattern: re.Pattern[str]) -> bool:
    """Tell whether who stands behind a way refuses bodies himself."""
    return bool(repeated(view, workload, pattern, _WORDS, OFTEN)) or any(map(_OWN.search, view.lines_of(workload)))


def _refusing(view: View, way: Way, refused: str) -> re.Pattern[str]:
    """Return how a refusal at a way in looks: it names this one, or neither another nor a Service that is asked."""
    own, all_ = _names(view, way.routes), _names(view, view.routes)
    asked = rf"://(?:{'|'.join(map(re.escape, sorted(view.services)))})" if view.services else r"(?!)"
    mine, others = ("|".join(sorted(each)) or r"(?!)" for each in (own, all_ - own))
    start, end = r"(?<![\w.-])", r"(?!\w|-\w|\.\w)"
    elsewhere = rf"(?:{start}(?:{others}){end}|{asked}(?![\w-]))"
    return re.compile(rf"^(?:(?=.*{start}(?:{mine}){end})|(?!.*{elsewhere})).*(?:{refused})", re.IGNORECASE | re.DOTALL)


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


def _least(view: View, workload: Workload, pattern: re.Pattern[str]) -> int:
    """Return how large the smallest body was that a log says was refused at a way; 0 where it says nothing."""
    lines = (line for line in view.lines_of(workload) if "too large" in line)
    sizes = [int(found[1]) for line in lines if (found := _BYTES.search(line)) and pattern.search(line)]
    return min(sizes, default=0)


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
    """Return how large a body a way in lets through, as it is written and in bytes; None where it does not say.

    An Ingress says it in an annotation, what an edge is told to read in a key of its own.
    """
    said = mapping(obj, "data") if text(obj, "kind") == "ConfigMap" else mapping(obj, "metadata", "annotations")
    for key, value in said.items():
        found = _SIZE.fullmatch(f"{value}") if _LIMIT.search(str(key).rpartition("/")[2]) else None
        if found:
            return f"{value}", int(found[1]) * BINARY[found[2].lower()] or float("inf")
    return None


def sister(view: View, obj: Obj) -> Obj | None:
    """Return the Ingress of the same edge that lets the largest bodies through, other than one; None if none says."""
    klass = text(obj, "spec", "ingressClassName")
    alike = (each for each in view.snapshot.of("Ingress") if text(each, "spec", "ingressClassName") == klass)
    known = [(limit[1], ref(each), each) for each in alike if ref(each) != ref(obj) and (limit := limit_of(each))]
    return max(known, key=lambda each: each[:2])[2] if known else None
