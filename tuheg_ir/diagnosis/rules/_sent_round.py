"""Requests of a way in that are all sent on since a moment, and come again: who asks goes round and is never served.

An edge that forces HTTPS where TLS ends before it sees plain HTTP each time; so does a program that is told to. Who is
sent on once, to HTTPS or to another host, is served there, or asks no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.askers import answer_of, of_probe
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

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


def sent_round(view: View, edge: Workload, led: Sequence[str], others: Sequence[str], since: datetime) -> Sent | None:
    """Return that all requests of an edge are sent on since a moment, and go round; None: it is not so.

    ``led``: by what its lines tell that they are of one way in; where no line does, all are of it, unless one is of
    ``others``.
    """
    read = sorted(_answers(_of(list(view.lines_of(edge)), led, others)))
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


def _of(lines: Sequence[str], led: Iterable[str], others: Iterable[str]) -> Sequence[str]:
    """Return the lines of a way in, by the first of what names it that any line tells."""
    found = (_named(lines, each) for each in led)
    if mine := next(filter(None, found), []):
        return mine
    return () if any(_named(lines, each) for each in others) else lines


def _named(lines: Iterable[str], label: str) -> list[str]:
    """Return the lines that name something, and not only as the page from which somebody came."""
    named = re.compile(rf"(?<![\w.-])(?<!//){re.escape(label)}(?![\w.])")
    return [line for line in lines if label in line and named.search(line)]


def _answers(lines: Iterable[str]) -> Iterator[_Answer]:
    for line in lines:
        status = answer_of(line)
        at = stamp(line) if status and not of_probe(line) else None
        if at is not None:
            asks = _group(_CLIENT.search(line)), _group(_WAY.search(line))
            yield _Answer(at, status, asks, bool(_BY_EDGE.search(line)), bool(_BY_OTHERS.search(line)))


def _group(found: re.Match[str] | None) -> str:
    return next((each for each in found.groups() if each), "") if found else ""


def _come_again(sent: Sequence[_Answer], before: Sequence[_Answer], after: Sequence[_Answer]) -> bool:
    """Tell whether those who are sent on ask for the same at once; where nobody tells who asks, they ask far more."""
    asked: dict[tuple[str, str], list[datetime]] = {}
    for each in sent:
        asked.setdefault(each.asks, []).append(each.at)
    if sum(all(each.asks) for each in sent) >= TOGETHER * len(sent) and len(asked) > 1:
        soon = sum(_soon(times) for times in asked.values())
        return soon >= AGAIN * len(sent)
    was, now = before[-1].at - before[0].at, after[-1].at - after[0].at
    return bool(was) and len(after) * was >= MORE * len(before) * now


def _soon(times: Sequence[datetime]) -> int:
    """Return how many of some moments, in their order, have another one beside them."""
    near = [other - one <= AT_ONCE for one, other in pairwise(times)]
    return sum(a or b for a, b in zip([False, *near], [*near, False], strict=True))


def _told_round(view: View, since: datetime) -> bool:
    """Tell whether anybody says since a moment that it was sent on again and again."""
    logs = (log for log in view.snapshot.logs if not log.previous and speaks_of(log, ("redirect",)))
    found = (stamp(line) for log in logs for line in log.lines if "edirect" in line and _ROUND.search(line))
    return any(at is not None and at >= since for at in found)
