"""A host outside takes what it is given, answers well, and says itself that it does the work of it late.

Nothing fails then: what should come of it does not, and who waits for that has nothing to do. It is told where somebody
asks how things are. That one order, parcel or train is late is what such a host is asked for; that all are, in the same
words, it says of itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.stamps import without_time
from tuheg_ir.diagnosis.state import belongs_to, signs_of_trouble
from tuheg_ir.diagnosis.view.complaints import owner_of
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.logs import times_near
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_STATE = r"(?:delayed|late|held (?:back|up)|backlogged|degraded)"
_NOW = r"(?:currently |temporarily |still |being |now ){0,2}"
_LATE = late(
    rf"\b[a-z]{{2,30}}s are {_NOW}{_STATE}\b"
    rf"|\b(?:[a-z]{{3,30}}ing|delivery|settlement|execution|fulfil\w{{0,6}}|transmission)"
    rf"(?: of (?:[a-z]{{2,30}} ){{1,2}})? ?is {_NOW}{_STATE}\b"
    r"|\bexperiencing (?:[a-z]{2,20} ){0,2}delays?\b|\bdelays in (?:[a-z]{2,30} ){0,2}[a-z]{2,30}"
    r"|\b(?:processing|delivery|settlement|notification|webhook|callback)s? (?:delays|backlog)\b",
    re.IGNORECASE,
)
"""Words in which somebody tells of all that he does, or of a kind of it: not of one thing.

That messages are queued, or payments on hold, many a host says on its best days.
"""
_OF_US = late(r"\bquota|\brate.?limit|\bthrottl|\byour (?:account|plan|usage|credit)|too many requests", re.IGNORECASE)
"""Words for what we ask too much of, or have not paid for: others are served on time."""
_FAILED = late(
    r"(?:->|=>|\b(?:status|code)(?:_?code)?\\?[\"']?[=:]|\b(?:answered|responded|returned|replied)(?: with)?)"
    r"\s?\\?[\"']?[45]\d\d\b",
    re.IGNORECASE,
)
_OF_TESTS = late(r"livemode\W{1,4}false|\bstaging\b|\bsandbox\b|\btest[-_ ]?mode\b", re.IGNORECASE)
_THING = late(r"(?<![\w.:-])(?=[A-Za-z_-]{0,40}\d)[\w-]{5,64}(?![\w-]|:\d)")
"""The number or the name of one thing that was asked about."""
_FIGURE = late(r"\d+")
_ENDS = late(r"[\"'{}|\\=]|[:;.] ")
"""What stands about a sentence in a log."""
_AROUND, _HEAD = 80, 60
"""So much about what a host says of itself is the same each time; so much of a line tells what was asked."""
FEW = 3
"""So many things are more than one that has a trouble of its own."""
LONGER = 2
"""What stays away for so many times the longest pause before comes no more."""
GOES_ON, BEFORE = timedelta(minutes=15), timedelta(minutes=5)
"""Who has not said it for so long may be on time again; so long before a program worked without being told so."""


class _Line(NamedTuple):
    at: datetime
    text: str
    said: str


def when(view: View) -> Iterator[Match]:
    """All that one host is asked about it answers with the same notice, and only alerts that came then tell of more."""
    found = [each for workload in view.serving for each in _told(view, workload)] if view.alerts else []
    hosts = {host for _, host, _ in found}
    callers = [workload for workload, _, _ in found]
    if len(hosts) != 1 or any(since_release(each, lines[0].at) for each, _, lines in found):
        return
    since, said = min(lines[0].at for _, _, lines in found), found[0][2][0].said
    above = behind(view, *(each.ref for each in callers))
    if not _is_all(view, since, above):
        return
    first, host, lines = max(found, key=lambda each: len(each[2]))
    ended = _comes_no_more(view, first, host, since)
    fires = (each.fires(view.about_alert(each)) for each in view.alerts)
    told = f"{host} answers {len(lines)} times of several things: {said}"
    yield Match(
        component=first.ref,
        evidence=(Evidence("logs", first.ref, told, since), *ended, *list(fires)[:2]),
        certainty=0.65 if ended else 0.5,
        since=since,
        explains=tuple(each for each in above if each != first.ref),
        excludes=not_for(above, f"{host} says that it is late: nothing done here makes it do its work"),
    )


def _told(view: View, workload: Workload) -> Iterator[tuple[Workload, str, list[_Line]]]:
    """Yield the host that tells a workload again and again, of several things, that it is late, and its notices."""
    asked: dict[str, list[_Line]] = {}
    began: datetime | None = None
    for log in view.logs_of(workload.live, previous=False):
        if not any(_LATE.search(line) for line in log.lines):
            continue
        for line, at in zip(log.lines, times_near(log.lines), strict=True):
            if at is None:
                continue
            began = min(at, began or at)
            away = {host for host in hosts_named([line]) if view.graph.is_away(host)}
            if len(away) == 1 and not _FAILED.search(line) and not _OF_TESTS.search(line):
                asked.setdefault(away.pop(), []).append(_Line(at, line, _notice(line)))
    for host, lines in asked.items():
        lines.sort()
        notices = [each for each in lines if each.said]
        if began is not None and _goes_on(view, lines, notices) and notices[0].at - began >= BEFORE:
            yield workload, host, notices


def _notice(line: str) -> str:
    """Return what a host says of itself in a line, with the words around it, but for figures; "" if nothing."""
    found = _LATE.search(line)
    if found is None or _OF_US.search(line):
        return ""
    start, end = max(0, found.start() - _AROUND), found.end() + _AROUND
    before = _ENDS.split(line[start : found.start()])[-1]
    after = _ENDS.split(line[found.end() : end])[0]
    return _FIGURE.sub("#", _THING.sub("#", f"{before}{found[0]}{after}")).strip()


def _goes_on(view: View, lines: Sequence[_Line], notices: Sequence[_Line]) -> bool:
    """Tell whether a host says the same of several things, and says nothing else where it is asked so."""
    if len(notices) < OFTEN or len({each.said for each in notices}) != 1:
        return False
    heads = {_head(each.text) for each in notices}
    alike = [each for each in lines if each.at >= notices[0].at and _head(each.text) in heads]
    if any(not each.said for each in alike) or not view.recent(notices[-1].at, GOES_ON):
        return False
    things = Counter(thing for each in notices for thing in set(_THING.findall(without_time(each.text))))
    return sum(times <= len(notices) / FEW for times in things.values()) >= FEW


def _head(line: str) -> str:
    return _FIGURE.sub("#", without_time(line))[:_HEAD]


def _is_all(view: View, since: datetime, above: Sequence[str]) -> bool:
    """Tell whether alerts that came since then, and the words of those who wait, are all that tells of trouble."""
    if any(each.starts_at is not None and each.starts_at < since - GOES_ON for each in view.alerts):
        return False
    other = [sign for sign in signs_of_trouble(view) if sign.source != "alerts"]
    return all(sign.source == "logs" and belongs_to(view, sign) in above for sign in other)


def _comes_no_more(view: View, workload: Workload, host: str, since: datetime) -> tuple[Evidence, ...]:
    """Return that a program was told steadily by whose host it is, in a kind of line that comes no more since then."""
    owner, came = owner_of(host), dict[str, list[datetime]]()
    for log in view.logs_of(workload.live, previous=False):
        for line, at in zip(log.lines, times_near(log.lines), strict=True):
            if at is not None and owner and owner in line.lower() and host not in line:
                came.setdefault(_FIGURE.sub("#", without_time(line))[:_HEAD], []).append(at)
    told = {kind: sorted(times) for kind, times in came.items() if len(times) >= OFTEN}
    ended = [
        (times[-1], kind)
        for kind, times in told.items()
        if times[-1] < since and view.now - times[-1] > LONGER * max(b - a for a, b in pairwise(times))
    ]
    return tuple(Evidence("logs", workload.ref, f"comes no more: {kind}", at) for at, kind in sorted(ended)[-1:])


RULE = Rule(
    name="outside_tells_of_delays",
    title="A host outside takes all that it is given and says that it does the work of it late",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no host outside says of itself that it is late, where only alerts tell of trouble",
)
