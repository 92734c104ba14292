"""One of several parties outside, known by a name alone, did not serve a program that the others served.

Who asks carriers, banks or suppliers tells of each call whom it asked, in a field of its own; the host stands nowhere.
Where all that fails was asked of one, the same pods were served by it until then, and by the others all the while, no
release of theirs is behind it. Nor is it where that one serves as before again, and nobody did a thing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._waited_before import tells_of_a_wait
from tuheg_ir.diagnosis.served import any_status_of
from tuheg_ir.diagnosis.view.complaints import UNANSWERED
from tuheg_ir.diagnosis.view.logs import begun, tells, times_near
from tuheg_ir.diagnosis.view.marked import MANY, complained, complains, shape_of
from tuheg_ir.diagnosis.view.once import once, once_a_view
from tuheg_ir.diagnosis.view.silent import ENOUGH, GOES_ON, LONG
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes
from tuheg_ir.named import NamedTuple

_PARTY = late(
    r"(?<![\w.-])[\"']?(?:carrier|courier|partner|provider|vendor|supplier|psp|bank|acquirer|issuer|insurer|airline"
    r"|marketplace|operator|gateway)(?:_?(?:name|id|code))?[\"']?\s?[=:]\s?[\"']?"
    r"([A-Za-z](?=[\w-]*[A-Za-z])[\w-]{1,40})(?=[\s\"',;)}\]]|$)",
    re.IGNORECASE,
)
"""A field of who was asked, and what he is called."""
_COUNTED = late(r"^\d{1,9} lines(?: since)?: ")
"""What stands before a line that is told as evidence."""
_AWAY = (502, 503, 504)
"""How one answers who is there and cannot serve: whoever stumbles over what he was sent answers 400 or 500."""
NEARLY_ALL = 0.95
"""So large a share of what failed was asked of the one: others fail at times as well."""
_AS_BEFORE = 0.8
"""So large a share of its former work a minute has to be done again."""
_PROVEN = timedelta(minutes=2)
"""The newest pods are served for so long at least before that is held for them."""
_MISSED = 10
"""So many complaints have to be missing by now before nobody waits any more."""


class _Call(NamedTuple):
    """A line that tells of a call: of whom, by which pod and when, what its like have in common; how it went.

    bad: it complains; failed: of no answer, or of one by which somebody says that he cannot serve; answered: of that.
    """

    party: str
    pod: str
    at: datetime
    shape: str
    bad: bool
    failed: bool
    answered: bool
    line: str


class OneParty(NamedTuple):
    """A party that did not serve a workload: since when and until when, how much, and whether it does again."""

    workload: Workload
    name: str
    first: datetime
    last: datetime
    shapes: frozenset[str]
    evidence: Evidence
    over: bool


@once
def one_party(view: View, workload: Workload) -> OneParty | None:
    """Return the party that alone does not serve a workload, or did not and does again; None: there is none."""
    if not any(each.count >= MANY and _PARTY.search(each.line) for each in complained(view, workload)):
        return None
    calls = list(_calls(view, workload))
    most = Counter(each.party for each in calls if each.failed).most_common(1)
    party = most[0][0] if most else ""
    bad = [each for each in calls if each.failed and each.party == party]
    shapes = frozenset(each.shape for each in bad)
    alike = [each for each in calls if each.failed or (each.bad and each.shape in shapes)]
    if len(bad) < max(MANY, NEARLY_ALL * len(alike)) or _is_ours(view, party):
        return None
    first, last = begun(each.at for each in bad), max(each.at for each in bad)
    well = [each for each in calls if not each.bad]
    if first is None or not _alone(well, party, first, last, len(bad)) or not _well_until(workload, well, party, first):
        return None
    over = max(each.at for each in alike) == last and _served_again(view, well, bad, first, last)
    if not over and not (_answers(bad) and view.recent(last, GOES_ON)):
        return None
    others = sum(each.party != party and first <= each.at <= last for each in well)
    return OneParty(workload, party, first, last, shapes, _told(workload, bad, others, over=over), over)


def _told(workload: Workload, bad: Sequence[_Call], others: int, *, over: bool) -> Evidence:
    party, first, last = bad[0].party, min(each.at for each in bad), max(each.at for each in bad)
    ended = f" until {last:%H:%M} UTC, and as many as before go well since" if over else ""
    fact = f"{len(bad)} calls of {party} failed{ended}; {others} of others went well meanwhile: {bad[-1].line}"
    return Evidence("logs", workload.ref, fact, first)


@once_a_view
def _parties(view: View) -> tuple[OneParty, ...]:
    return tuple(found for each in view.serving if (found := one_party(view, each)) is not None)


def party_fails(view: View, workload: Workload) -> Evidence | None:
    """Return that one party alone does not serve a workload, of which its release is innocent; None: not so."""
    found = one_party(view, workload)
    if found is None or any(_released_between(each, found.first) for each in view.serving if each is not workload):
        return None
    return found.evidence


def of_party_back(view: View, workload: Workload, line: str, since: datetime | None) -> bool:
    """Tell whether words are of a party that serves again: of its calls, or that something waits since it did not."""
    return any(_is_of(each, workload, line, since) for each in _parties(view) if each.over)


def told_of_party(view: View, workload: Workload | None, line: str, since: datetime | None) -> bool:
    """Tell the same, where nobody who told of it does so any more."""
    bare = _COUNTED.sub("", line)
    return workload is not None and of_party_back(view, workload, bare, since) and _ceased(view, workload, bare)


def _is_of(party: OneParty, workload: Workload, line: str, since: datetime | None) -> bool:
    if workload is party.workload:
        return shape_of(line) in party.shapes
    return since is not None and party.first <= since <= party.last and tells_of_a_wait(line)


def _calls(view: View, workload: Workload) -> Iterator[_Call]:
    for log in view.logs_of(workload.live, previous=False):
        for line, at in zip(log.lines, times_near(log.lines), strict=True):
            if at is None or (found := _PARTY.search(line)) is None:
                continue
            bad = complains(line)
            answered = bad and any_status_of(line) in _AWAY
            failed = answered or (bad and any(tells(each, line) for each in UNANSWERED))
            yield _Call(found[1].lower(), log.pod, at, shape_of(line), bad, failed, answered, line.strip())


def _is_ours(view: View, party: str) -> bool:
    """Tell whether a party is called as a workload, or as a part of its name: that has releases of its own."""
    parts = set(re.split(r"[_-]", party))
    return bool(view.graph.resolve(party)) or any(
        parts <= set(each.name.split("-")) for each in view.workloads.values()
    )


def _alone(well: Sequence[_Call], party: str, first: datetime, last: datetime, failed: int) -> bool:
    """Tell whether the others served the while, and the one failed mostly."""
    meanwhile = Counter(each.party == party for each in well if first <= each.at <= last)
    return meanwhile[False] >= ENOUGH and 2 * meanwhile[True] <= failed


def _well_until(workload: Workload, well: Sequence[_Call], party: str, first: datetime) -> bool:
    """Tell whether the pods that are there now, and are of the newest template, were served by it for minutes."""
    newest = {pod.name for pod in workload.newest_pods()}
    times = [each.at for each in well if each.party == party and each.pod in newest and each.at < first]
    return len(times) >= ENOUGH and first - min(times) >= _PROVEN


def _answers(bad: Sequence[_Call]) -> bool:
    """Tell whether it mostly says itself that it cannot serve: who only waits in vain may ask in a wrong way."""
    return 2 * sum(each.answered for each in bad) >= len(bad)


def _served_again(view: View, well: Sequence[_Call], bad: Sequence[_Call], first: datetime, last: datetime) -> bool:
    """Tell whether it serves each pod as before, for long, and nothing of ours was started, released or written."""
    mine = [e for e in well if e.party == bad[0].party]
    before, since = [e.at for e in mine if e.at < first], [e for e in mine if e.at > last]
    if view.now - last < LONG or not {e.pod for e in bad} <= {e.pod for e in since}:
        return False
    if not view.recent(max(e.at for e in since), GOES_ON):
        return False
    pace = len(before) / max((first - min(before)) / MINUTE, 1.0)
    return len(since) >= max(ENOUGH, _AS_BEFORE * pace * ((view.now - last) / MINUTE)) and not _touched(view, first)


def _touched(view: View, since: datetime) -> bool:
    """Tell whether anything that serves was released, started or given other settings since then."""
    return any(
        (each.released_at is not None and each.released_at > since)
        or any(pod.started is not None and pod.started > since for pod in each.live)
        or any(at > since for _, at in outside_changes(view, each))
        for each in view.serving
    )


def _released_between(other: Workload, first: datetime) -> bool:
    came = other.released_at
    return bool(other.changes) and came is not None and timedelta(0) <= first - came <= LONG


def _ceased(view: View, workload: Workload, line: str) -> bool:
    """Tell whether words came again and again and do not for minutes, for much longer than usual, amid other work."""
    shape = shape_of(line)
    times, worked = list[datetime](), False
    for log in view.logs_of(workload.live, previous=False):
        for each, at in zip(log.lines, times_near(log.lines), strict=True):
            if at is not None and complains(each) and shape_of(each) == shape:
                times.append(at)
            worked = worked or (at is not None and view.recent(at, GOES_ON) and not complains(each))
    first = begun(times)
    if first is None or not worked:
        return False
    last, often = max(times), sum(at >= first for at in times)
    return view.now - last >= max(GOES_ON, _MISSED * (last - first) / often)
