"""A server refuses for a cap of its own that a release of it cut, days ago maybe: clients meet that under full load.

Whatever it counts, connections, transactions, jobs in work, a number in its arguments or variables says how many it
takes at once. Cut on a quiet day that hurts nobody until as many ask as always do. Those who are told of it suffer
together, and the one of them who was released that morning no more than the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._capacity import WEEKLY
from tuheg_ir.diagnosis.rules._helping import behind, names, not_for
from tuheg_ir.diagnosis.view.changes import words_of
from tuheg_ir.diagnosis.view.complaints import store_spoken_of
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.logs import lines_told, speaks_of, tells, times_near
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.releases import releases, since_release, template_before
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

OFTEN = 5
CUT = 0.75
"""What is cut to more than this share of what it was is seldom what is missed."""
STILL = timedelta(minutes=30)
_KEY = late(
    r"max|cap(?:acity)?$|limit|pool|concurren|conn|session|slot|quota|queue|worker|thread|in.?flight|permit|stream"
)
_OTHER = late(
    r"time|interval|delay|age$|ttl|port$|retr|backoff|level|mem|heap|bytes|[kmg]i?b$|cpu|second|ms$|min|replica"
)
"""Keys of how many there may be at once, and of how long, how large, or how few at least."""
_ALONE = late(r"(?<![\w.:-])\d+(?![\w.:-])")
"""A number that is no part of a time, an address or a name."""
_PAIR, _FLAG, _NUMBER = late(r"-{0,2}([A-Za-z][\w.-]*)[=:](\d+)"), late(r"-{1,2}([A-Za-z][\w.-]*)"), late(r"\d+")
_REFUSED = late(
    r"\b(?:limit|cap|capacity|pool|quota|max\w*|slots?|queue)\b.{0,40}?\b(?:exceeded|reached|exhausted|full|hit)\b"
    r"|\b(?:exceed\w*|exhausted|reached|hit|over|out of)\b.{0,40}?\b(?:limit|cap|capacity|pool|quota|max\w*|slots?)\b"
    r"|\bresource_?exhausted\b|\btoo many \w+|\brejected execution\b|\b(?:no|none) (?:free|more|available) \w+"
)
_HINTS = (
    "exceed",
    "exhaust",
    "reached",
    "full",
    "limit",
    "too many",
    "rejected",
    " hit",
    "free",
    "available",
    "no more",
)
_WORDS = late(r"[A-Z]?[a-z]{2,}|[A-Z]{2,}(?![a-z])")
_SAID = {"conn": "connection", "req": "request", "tx": "transaction", "txn": "transaction", "subs": "subscription"}
_SAY_NOTHING = frozenset(
    {
        "max",
        "maximum",
        "limit",
        "cap",
        "capacity",
        "size",
        "num",
        "number",
        "config",
        "default",
        "total",
        "count",
        "per",
    }
)
_ANYBODY = frozenset({"server", "worker", "service", "proxy", "container", "main", "gateway", "backend"})
"""Names of containers that a line holds by chance."""
_AROUND = 60
"""So many characters before and behind a refusal say what it is about."""


class Cap(NamedTuple):
    """A number that a release cut: how it is called, what it was, what it is."""

    key: str
    before: int
    now: int

    @property
    def words(self) -> frozenset[str]:
        """Return what it counts."""
        return _words(self.key) - _SAY_NOTHING


class _Told(NamedTuple):
    """Refusals that one workload tells of: how often, when first and last, and in which line of which pod."""

    teller: Workload
    times: int
    first: datetime
    last: datetime
    line: str
    pod: str


def when(view: View) -> Iterator[Match]:
    """A release cut how many a server takes at once, and it or those it refuses tell of just that, and only since.

    At least one of them was not released as it began: else that may ask for more. Nor where so much more is asked that
    the former number would not do.
    """
    found = []
    for server in view.serving:
        if not releases(view, server, WEEKLY) or server.released_at is None or server.returned:
            continue
        for cap in caps_cut(server):
            told = [each for w in view.serving if (each := _told(view, server, w, cap))]
            if told and _holds(view, server, cap, told):
                found.append((server, cap, told))
                break
    if len(found) == 1:
        yield _match(view, *found[0])


def caps_cut(workload: Workload) -> tuple[Cap, ...]:
    """Return the numbers of how many there may be at once that the newest template cut."""
    before, now = (_numbers(each) for each in (template_before(workload), workload.template))
    both = ((key, before[key], many) for key, many in now.items() if key in before)
    return tuple(Cap(key, was, many) for key, was, many in both if 0 < many <= CUT * was)


def _numbers(template: Mapping[str, Any]) -> dict[str, int]:
    given = words_of(template)
    found = {pair[1]: int(pair[2]) for word in given if (pair := _PAIR.fullmatch(word))}
    split = ((_FLAG.fullmatch(one), other) for one, other in pairwise(given) if _NUMBER.fullmatch(other))
    found |= {flag[1]: int(other) for flag, other in split if flag}
    return {key: many for key, many in found.items() if _KEY.search(key.lower()) and not _OTHER.search(key.lower())}


def _words(said: str) -> frozenset[str]:
    words = (each.lower() for each in _WORDS.findall(said))
    whole = (_SAID.get(each.removesuffix("s"), each) for each in words)
    return frozenset(each.removesuffix("s") for each in whole)


def _told(view: View, server: Workload, teller: Workload, cap: Cap) -> _Told | None:
    """Return the refusals of a server's cap that a workload tells of; None if there are none, or they are over."""
    said = []
    for log in view.logs_of(teller.live):
        for line, at in zip(log.lines, times_near(log.lines), strict=True) if speaks_of(log, _HINTS) else ():
            if at is not None and _about(line, cap) and _of(view, server, teller, line):
                said.append((at, line, log.pod))
    if not said or not view.recent(max(said)[0], STILL):
        return None
    last = max(said)
    return _Told(teller, len(said), min(said)[0], *last)


def _about(line: str, cap: Cap) -> bool:
    """Tell whether a line tells that a number was reached, and which: by what it counts, or by how many.

    Who refuses with the former number does not go by the one that it has now.
    """
    for found in _REFUSED.finditer(line.lower()):
        near = line[max(0, found.start() - _AROUND) : found.end() + _AROUND]
        told = _ALONE.findall(line[found.start() : found.end() + _AROUND])
        if str(cap.now) in told or (cap.words & _words(near) and str(cap.before) not in told):
            return True
    return False


def _of(view: View, server: Workload, teller: Workload, line: str) -> bool:
    """Tell whether a refusal is a server's: it tells it itself, is named, or is the only one whom the teller asks.

    Who tells of a pool by which it asks others refuses nobody itself.
    """
    if teller is server:
        return not tells("pool_exhausted", line)
    if any(names(line, each) for each in _called(view, server)):
        return True
    asked = view.graph.calls.get(teller.ref, set[str]()) - {teller.ref}
    return server.ref in asked and (asked == {server.ref} or store_spoken_of(view, teller.ref, line) == server.ref)


@once
def _called(view: View, server: Workload) -> set[str]:
    """Return the names under which others speak of a server: its own, its Services', and that of its program."""
    others = {each for w in view.serving if w is not server for each in _containers(w)}
    programs = {each for each in _containers(server) - others - _ANYBODY if len(each) > 4}
    return {server.name, *(service.name for service in view.leading_to(server.ref)), *programs}


def _containers(workload: Workload) -> set[str]:
    return {text(each, "name") for each in items(workload.template, "spec", "containers")}


def _holds(view: View, server: Workload, cap: Cap, told: Sequence[_Told]) -> bool:
    """Tell whether refusals came since a release of who refuses, and of no one else, and the former number would do."""
    first = min(each.first for each in told)
    if server.released_at is None or first < server.released_at or sum(each.times for each in told) < OFTEN:
        return False
    tellers = {each.teller.ref for each in told} - {server.ref}
    asking = {ref for ref in tellers if not view.graph.callers(ref) & tellers} or view.graph.callers(server.ref)
    new = {ref for ref in asking if since_release(view.workloads[ref], first)}
    if new and not asking - new:
        return False
    grown = max((times for ref in asking if (times := traffic_growth(view, ref)) is not None), default=1.0)
    return grown * cap.now <= cap.before


def _match(view: View, server: Workload, cap: Cap, told: Sequence[_Told]) -> Match:
    tellers = tuple(each.teller.ref for each in told if each.teller is not server)
    suffer = behind(view, server.ref, *tellers, but=server.ref)
    cut = f"released: {cap.key} {cap.before} -> {cap.now}"
    many = max(told, key=lambda each: each.times)
    rest = tuple(each for each in told if each is not many)
    return Match(
        component=server.ref,
        evidence=(
            Evidence("objects", server.ref, cut, server.released_at),
            *(lines_told(e.pod, e.times, e.line.strip(), e.first) for e in (many, *rest[:2])),
        ),
        certainty=0.8 if len(told) > 1 else 0.7,
        remedy="page_human" if server.changed("image") else "rollback_workload",
        since=min(each.first for each in told),
        explains=suffer,
        excludes=(
            *not_for(suffer, f"{server.ref} takes no more than {cap.key} says, whoever asks"),
            *excluding(server.ref, "new pods have the same cap", *RESTARTS),
        ),
    )


RULE = Rule(
    name="own_cap_cut",
    title="A server refuses for a cap of its own that its release cut",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no release cut how many a server takes at once, or nobody tells of just that since",
)
