"""Requests of a way in that are all sent on since a moment, and come again: who asks goes round and is never served.

An edge that forces HTTPS where TLS ends before it sees plain HTTP each time; so does a program that is told to. Who is
sent on once, to HTTPS or to another host, is served there, or asks no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.askers import answer_of, of_probe
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.network import Route
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

LEAST = 20
"""So many answers before, and so many since, show how they were."""
ALL, HARDLY = 0.95, 0.05
"""Shares of requests that are sent on, and that are served, where nobody gets through."""
MOST, SOME = 0.5, 0.3
"""Shares of those that were served before at the least, and sent on at the most."""
AGAIN = 0.5
"""Share of those sent on who ask for the same again at once; where nobody tells who asks, they ask so much more."""
MORE = 2.0
AT_ONCE = timedelta(seconds=10)
NOW = timedelta(minutes=10)
FEW = 10
"""So few clients in all may be the nodes, or the balancer, by which everybody comes."""
TOGETHER = 0.9
"""Share of answers that tell whose they are where all are of one."""
_SENT = (301, 302, 303, 307, 308)
_WAY = late(
    r"\b[A-Z]{3,7} (?:https?://[^/\s\"]+)?(/[^\s\"]*)"
    r"|(?:\b|_)(?:[Rr]equest_?)?(?:[Pp]ath|[Uu]ri|[Uu]rl)[\"']?\s?[=:]\s?[\"']?(/[^\s\"']*)"
)
_CLIENT = late(
    r"(?:^|\s)((?:\d{1,3}\.){3}\d{1,3}|[0-9a-fA-F]{0,4}:[0-9a-fA-F:]{2,40})(?::\d{1,5})? (?:- |\[)"
    r"|\b(?:remote_?[Aa]ddr(?:ess)?|remote_ip|real_?ip|[Cc]lient_?(?:[Ii][Pp]|[Aa]ddr(?:ess)?|[Hh]ost)"
    r"|x_forwarded_for|downstream_remote_address)[\"']?\s?[=:]\s?[\"']?([0-9a-fA-F.:]{3,45})"
)
_BY_EDGE = late(
    r"\[\S{0,200}\] \[\S{0,200}\] - - - |<NOSRV>|\bupstream_(?:addr|host)[\"']?\s?[=:]\s?[\"']?-?[\"'](?:[,}\s]|$)"
)
"""How edges tell that they asked nobody for an answer: ingress-nginx, HAProxy, those that log fields."""
_BY_OTHERS = late(
    r"\[\S{0,200}\] \[\S{0,200}\] [\d.]{7,15}:\d|\bupstream_(?:addr|host)[\"']?\s?[=:]\s?[\"']?[\da-f\[]|\" \"https?://[\d.]{7}"
)
_NAME = late(r"(?<![\w.-])(?<!//)(?=([\w.*-]+(?:/[\w.*-]+){0,2}))[\w.*-]+")
_END = late(r"(?![\w.])(?<=[\w.*-])")
"""What may be a name, with what is behind slashes, and where it, or its beginning, ends."""
_ROUND = late(
    r"\b(?:max(?:imum)?|too many|exceeded|stopped after|more than)\b.{0,30}\bredirect|\bredirect(?:s|ed|ion)?[ _-]?"
    r"(?:loop|count exceeded|limit|too many)|TooManyRedirects|TOO_MANY_REDIRECTS|\bcircular redirect",
    re.IGNORECASE,
)
"""How programs and probes tell that they were sent on again and again."""


class Sent(NamedTuple):
    """Since when all of how many requests were sent on, how it was before, and by whom they are; None: not told."""

    since: datetime
    sent: int
    told: int
    well: int
    told_before: int
    by_edge: bool | None

    def evidence(self, edge: str) -> Evidence:
        """Return it as evidence."""
        was = f"{self.well} of {self.told_before} were served before"
        fact = f"{self.sent} of {self.told} requests that its logs tell of were sent on, and come again; {was}"
        return Evidence("logs", edge, fact, self.since)


class _Answer(NamedTuple):
    at: datetime
    status: int
    asks: tuple[str, str]
    by_edge: bool
    by_others: bool

    @property
    def sent(self) -> bool:
        return self.status in _SENT

    @property
    def served(self) -> bool:
        return 200 <= self.status < 300 or self.status == 304


class _Told(NamedTuple):
    """What an edge answered, the oldest first: all of it, and what lines tell to be of a way in, by its mark."""

    all: Sequence[_Answer]
    of: Mapping[str, Sequence[_Answer]]


def sent_round(view: View, edge: Workload, led: Sequence[Route] | None, since: datetime) -> Sent | None:
    """Return that all requests of an edge are sent on since a moment, and go round; None: it is not so.

    ``led``: the ways in of which the requests are, None for all of the edge.
    """
    if sum(each.sent and each.at >= since for each in _all(view, edge)) < LEAST:
        return None
    read = _of(view, edge, led)
    first = next((n for n, each in enumerate(read) if each.at >= since and each.sent), len(read))
    before, after = read[:first], read[first:]
    sent, well = [each for each in after if each.sent], sum(each.served for each in before)
    if min(len(before), len(sent)) < LEAST or not view.recent(sent[-1].at, NOW):
        return None
    if len(sent) < ALL * len(after) or sum(each.served for each in after) > HARDLY * len(after):
        return None
    if well < MOST * len(before) or sum(each.sent for each in before) > SOME * len(before):
        return None
    if not (_come_again(sent, before, after) or _told_round(view, after[0].at)):
        return None
    alone, asked = sum(each.by_edge for each in sent), sum(each.by_others for each in sent)
    by_edge = True if alone >= TOGETHER * len(sent) else False if asked >= TOGETHER * len(sent) else None
    return Sent(after[0].at, len(sent), len(after), well, len(before), by_edge)


def _of(view: View, edge: Workload, led: Sequence[Route] | None) -> Sequence[_Answer]:
    """Return the answers of some ways in, by the first of what names them that any line tells, the oldest first.

    Where no line does, all are of them, unless one is of another way.
    """
    told = _told(view, edge)
    if led is None:
        return told.all
    mine = next((each for each in _marks(view.snapshot.namespace, led) if each in told.of), "")
    return told.of[mine] if mine else () if told.of else told.all


@once
def _told(view: View, edge: Workload) -> _Told:
    """Return what an edge answered: all of it, and that of which it tells by a mark of a way in whose it is."""
    marks = frozenset(_marks(view.snapshot.namespace, view.routes))
    of: dict[str, list[_Answer]] = {}
    for line in view.lines_of(edge):
        for mark in marks.intersection(_names(line)):
            answer = _answer(line)
            of.setdefault(mark, []).extend([answer] if answer else [])
    return _Told(_all(view, edge), {mark: sorted(found) for mark, found in of.items()})


@once
def _all(view: View, edge: Workload) -> Sequence[_Answer]:
    """Return what an edge answered, the oldest first."""
    return sorted(answer for line in view.lines_of(edge) if (answer := _answer(line)))


def _marks(space: str, ways: Sequence[Route]) -> Iterator[str]:
    """Yield how lines of an edge name some ways in, the most exact first.

    They tell the upstream of an ingress-nginx, the router of a Traefik, the route of an Envoy Gateway, or the host.
    """
    yield from dict.fromkeys(f"{space}-{way.service}-{way.port}" for way in ways)
    named = [(way.host, *way.ref.lower().split("/")) for way in ways]
    yield from dict.fromkeys(f"{space}-{label}-{host.replace('.', '-')}" for host, _, label in named if host)
    yield from dict.fromkeys(f"{kind}/{space}/{label}" for _, kind, label in named)
    yield from dict.fromkeys(way.host for way in ways if way.host)


def _names(line: str) -> Iterator[str]:
    """Yield what a line may name, and not only as the page from which somebody came: words, and how they begin."""
    for found in _NAME.finditer(line):
        yield from (found[1][: end.start()] for end in _END.finditer(found[1]))


def _answer(line: str) -> _Answer | None:
    status = answer_of(line)
    at = stamp(line) if status and not of_probe(line) else None
    if at is None:
        return None
    asks = _group(_CLIENT.search(line)), _group(_WAY.search(line))
    return _Answer(at, status, asks, bool(_BY_EDGE.search(line)), bool(_BY_OTHERS.search(line)))


def _group(found: re.Match[str] | None) -> str:
    return next((each for each in found.groups() if each), "") if found else ""


def _come_again(sent: Sequence[_Answer], before: Sequence[_Answer], after: Sequence[_Answer]) -> bool:
    """Tell whether those who are sent on ask for the same at once; where nobody tells who asks, they ask far more.

    An address by which many come tells nobody: there are few of them, or they asked for the same at once before.
    """
    told = sum(all(each.asks) for each in sent) >= TOGETHER * len(sent)
    if told and len({each.asks[0] for each in (*before, *sent)}) > FEW and _at_once(before) < AGAIN / 2:
        return _at_once(sent) >= AGAIN
    was, now = before[-1].at - before[0].at, after[-1].at - after[0].at
    return bool(was) and len(after) * was >= MORE * len(before) * now


def _at_once(answers: Sequence[_Answer]) -> float:
    """Return the share of requests beside which the same client asks for the same."""
    asked: dict[tuple[str, str], list[datetime]] = {}
    for each in answers:
        asked.setdefault(each.asks, []).append(each.at)
    return sum(map(_soon, asked.values())) / len(answers)


def _soon(times: Sequence[datetime]) -> int:
    """Return how many of some moments, in their order, have another one beside them."""
    near = [other - one <= AT_ONCE for one, other in pairwise(times)]
    return sum(a or b for a, b in zip([False, *near], [*near, False], strict=True))


def _told_round(view: View, since: datetime) -> bool:
    """Tell whether anybody says since a moment that it was sent on again and again."""
    logs = (log for log in view.snapshot.logs if not log.previous and speaks_of(log, ("redirect",)))
    found = (stamp(line) for log in logs for line in log.lines if "edirect" in line and _ROUND.search(line))
    return any(at is not None and at >= since for at in found)
