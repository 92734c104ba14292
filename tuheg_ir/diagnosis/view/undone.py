"""Work that is begun and does not come to its end: no request fails for it, so that none does says nothing of it.

Uploads without their last part, orders without a payment, mails that are queued and never leave: who waits for them
suffers, and each single answer is a success.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.stamps import after_time, stamp
from tuheg_ir.diagnosis.view.askers import of_probe
from tuheg_ir.diagnosis.view.marked import complains, kind_of
from tuheg_ir.diagnosis.view.once import once_by_name
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

FORMER = 5
"""So many pieces of work that came to their end show that this is usual."""
UNDONE = 3
"""So many that did not are no accident."""
SHARE = 0.15
"""Clients give up some of what they begin, always."""
USUAL = 0.05
CHANCE = 0.05
"""Less likely than this it is by chance that none was left undone before."""
LONGER = 2
"""What takes so many times as long as the longest before may still come to its end; what takes longer does not."""
BEHIND = timedelta(minutes=10)
"""A log that is shipped may be behind others as far; whoever is silent for longer does not end any work."""
_WORK = (
    r"(?:upload|session|order|job|task|export|import|run|payment|checkout|booking|reservation|cart|transfer|payout|"
    r"message|mail|e-?mail|notification|parcel|document|invoice|shipment|transaction|workflow|saga|ticket|receipt|"
    r"confirmation|delivery|item|event)(?:s|ies)?"
)
_DONE = (
    r"(?:finali[sz]|finish|complet|end(?:s|ed|ing)?\b|deliver|arriv|settle|confirm|acknowledg|process|fulfil|captur|"
    r"receiv|clos(?:e|ing)|commit|ship|print|sent\b|done\b|paid\b|picked|dispatch|reach|ge?t to\b|come\b)"
)
_UNENDED = late(
    rf"(?:never|\bnot|n't|\bneither|without being|no longer)(?:[ _-]?(?:be|been|being|get|gets|yet|all|are|is|were))*"
    rf"[ _-]?{_DONE}|Not(?:Complet|Finish|Finali|Deliver|Sent|Settl|Confirm|Process|Clos|Ship|Paid|Arriv)|"
    r"\bun(?:finish|finali[sz]|settled|sent\b|deliver|confirm|process|fulfil|complet|paid\b|shipped)|"
    r"(?<![a-z])(?:Unfinish|Unfinali[sz]|Unsettled|Unsent|Undeliver|Unconfirm|Unprocess|Unfulfil)|"
    r"\bincomplete|Incomplete|\babandon|Abandon|\borphan|Orphan|half[ -]?(?:way|done|finished|written)|"
    r"\bstop(?:s|ped)? (?:half|midway|in the middle)|"
    rf"\b{_WORK}\b.{{0,30}}\b(?:stuck|hang|expire|missing|lost|still open|(?:stay|remain)s? open|open for|"
    r"in progress for|pending for)|"
    rf"\b(?:stuck|hanging|expired?|missing|lost) {_WORK}\b|"
    rf"\b{_WORK}\b.{{0,30}}\b(?:without|lack(?:s|ing)?|miss(?:es|ing)?) (?:a |an |any |the |their |its )?"
    rf"(?:(?:next|last|final) )?(?:step|part|page|{_WORK})\b|"
    r"(?:start|open|begun|creat|accept|submitt?|enqueu)(?:ed)? (?:minus|but not|and not|without)\b|"
    r"(?:started|opened|created|accepted|submitted|enqueued)(?:_total)?\b.{0,60} [-/] .{0,60}"
    r"(?:finished|finali[sz]ed|completed|closed|delivered|processed|sent|done)(?:_total)?\b",
    re.IGNORECASE,
)
_OF_ANSWERS = late(
    rf"(?:\b(?P<work>{_WORK})[ -])?\b(?:requests?|responses?|answers?)\b"
    rf"(?:(?!\b(?:and|but|while|wh\w+|that|{_WORK})\b)[^.;:,]){{0,40}}?(?:\bnever|\bnot|n't)[ _-](?:\w+[ _-]){{0,2}}?"
    rf"{_DONE}\w* (?:(?:with|as)(?: an?)?(?: http)?(?: status)? ?(?:2xx|20\d\b|success\w*)"
    r"|(?:within|in|under|after|by) ?(?:time\b|(?:a|one|\d[\d.]*) ?(?:m?s|milli\w+|sec\w*)\b))",
    re.IGNORECASE,
)
"""Requests that do not end well or as fast as they should are answered, and no unfinished work."""
_WELL_DONE = late(
    r"\b(?:deliver(?:ed|s)|sent|relayed|forwarded|completed?|finished|finali[sz]ed|settled|captured|paid|confirmed|"
    r"succeeded|fulfilled|shipped|printed|written|stored|saved|published|handed (?:over|on|to)|passed (?:on|to))\b",
    re.IGNORECASE,
)
_AMISS = late(
    r"fail|\berr|retr(?:y|ied|ies)|attempt|time[d-]? ?out|defer|bounce|reject|refus|declin|cancel|abort|expir|drop|"
    r"discard|\bdead|\blost\b|g[ai]ven? up|wait|pending|partial|without|unable|\bcan(?:no|')t|\bno\b|later|again|"
    r"\bback\b|skip|\bonly\b|\bto be\b|\bfor\b",
    re.IGNORECASE,
)
"""What is sent back, stored for later or done in part is not done."""
_WORDS_IN_NAME = late(r"(?<=[a-z0-9])(?=[A-Z])")
_NO_FAILURE = late(
    r"\b(?:no|without|not (?:one|a single)|free of|nor)(?: \w+)?(?: or| and)?"
    r" (?:errors?|5xx|fail(?:ed|ing) requests?)\b|"
    r"\berror[- ]free\b|\berrors? (?:ratio |rate )?(?:is|are|stays?|remains?) (?:flat|normal|unchanged|zero|0\b|at 0\b|"
    r"low|fine|not|as (?:before|ever|usual))",
    re.IGNORECASE,
)
_FAILURES = late(r"error|5xx|failing|fail(?:s|ed)? request|burn|\b4xx|\b429\b|rate.?limit|throttl|quota", re.IGNORECASE)
_NUMBERED = late(r"(?<![\w.-])(?=[A-Za-z_-]{0,40}\d)[\w-]{5,64}(?![\w-])")
"""The number or the name of one piece of work."""
_OF_QUEUES = ("queue_depth", "queue_unacked", "jobs_in_work")


class _Line(NamedTuple):
    """What a log tells when, and until when the log reaches."""

    at: datetime
    line: str
    until: datetime


class _Item(NamedTuple):
    """A piece of work: when it began, when it was told of in words of another kind, and which of these tell an end."""

    began: datetime
    told: Mapping[str, datetime]
    ends: frozenset[str] = frozenset()


class _Undone(NamedTuple):
    """Since when pieces of work do not come to their end, how many, and of how many."""

    since: datetime
    left: int
    known: int


def of_failures(said: str) -> str:
    """Return what an alert says without what it says that there is none of: 'no errors are counted' is of no errors."""
    return _NO_FAILURE.sub(" ", said)


def of_unended(said: str) -> bool:
    """Tell whether an alert speaks of work that is begun and does not come to its end."""
    name, _, rest = said.partition(" ")
    told = f"{_WORDS_IN_NAME.sub(' ', name)} {rest}"
    return bool(_UNENDED.search(_OF_ANSWERS.sub(lambda found: found[0] if found["work"] else " ", told)))


def asks_for_the_end(view: View, ref: str = "") -> bool:
    """Tell whether an alert is of work that does not end and not of requests: how these are answered is none of it.

    ``ref``: whose requests these are. If an alert is of these, work of one that is known and neither calls it nor is
    called is another matter; if none is, that work is all that anybody was called for.
    """
    told = [view.about_alert(each) for each in view.alerts if _of_the_end(each)]
    near = {ref, *view.graph.callers(ref), *view.graph.needs(ref)} if ref and told else set[str]()
    if not any(view.about_alert(each) in near and not _of_the_end(each) for each in view.alerts):
        return bool(told)
    return any(about in near or about not in view.workloads for about in told)


def told_of_no_end(view: View) -> Evidence | None:
    """Return an alert that fires, though it only informs, of work that does not end."""
    fire = (each for each in view.snapshot.alerts if each.state == "firing" and _of_the_end(each))
    return next((a.fires(view.about_alert(a)) for a in fire), None)


def _of_the_end(alert: Alert) -> bool:
    return of_unended(alert.said) and not _FAILURES.search(of_failures(alert.said))


def piles_up(view: View) -> bool:
    """Tell whether what waits or is in work grows all the while."""
    return any(view.figures.steady_growth(signal) for signal in _OF_QUEUES)


@once_by_name
def left_undone(view: View, ref: str) -> Evidence | None:
    """Return that work, which logs tell of by its number, came to its end until a time and often does not since then.

    Whoever ends it may be another one than who begins it.
    """
    near = (ref, *view.graph.callers(ref), *view.graph.needs(ref))
    told = [each for each in map(view.workloads.get, dict.fromkeys(near)) if each is not None]
    lines = sorted(each for one in told for log in view.logs_of(one.live, previous=False) for each in _lines(log.lines))
    if not lines:
        return None
    reach = _reach(lines)
    for begun, items in _by_beginning(lines).items():
        for done in sorted({kind for each in items for kind in each.told}):
            if (undone := _since(items, done, reach[done])) is not None:
                fact = f"{undone.left} of {undone.known} of '{begun}' are not followed by '{done}' since then"
                return Evidence("logs", ref, f"{fact}; before, nearly all were", undone.since)
    return None


def _lines(lines: Sequence[str]) -> Iterator[_Line]:
    """Yield what a log tells but of probes, which show as well until when it reaches."""
    told = [(at, after_time(line)) for line in lines if (at := stamp(line))]
    until = newest(at for at, _ in told)
    return (_Line(at, line, until) for at, line in told if until and not of_probe(line))


def _reach(lines: Sequence[_Line]) -> Mapping[str, datetime]:
    """Return kinds of words -> until when all logs reach that tell them and still go on."""
    end = max(each.until for each in lines)
    found = defaultdict[str, set[datetime]](set)
    for each in lines:
        for number in set(_NUMBERED.findall(each.line)):
            found[_kind(each.line, number)].add(each.until)
    return {kind: oldest(at for at in times if end - at <= BEHIND) or end for kind, times in found.items()}


def _kind(line: str, number: str) -> str:
    return kind_of(line.replace(number, "#")).strip()


def _by_beginning(lines: Sequence[_Line]) -> Mapping[str, list[_Item]]:
    """Return words with which pieces of work begin -> those, in order."""
    seen = defaultdict[str, dict[str, datetime]](dict)
    ends = dict[str, bool]()
    for at, line, _ in lines:
        for number in set(_NUMBERED.findall(line)):
            kind = _kind(line, number)
            seen[number].setdefault(kind, at)
            if kind not in ends:
                ends[kind] = _is_of_an_end(line)
    found = defaultdict[str, list[_Item]](list)
    for kinds in seen.values():
        first, *others = kinds
        of_an_end = frozenset(kind for kind in others if ends[kind])
        found[first].append(_Item(kinds[first], {kind: kinds[kind] for kind in others}, of_an_end))
    return {kind: items for kind, items in found.items() if len(items) >= FORMER + UNDONE}


def _is_of_an_end(line: str) -> bool:
    """Tell whether a line says that work is done, and nothing that is amiss with it."""
    return bool(_WELL_DONE.search(line)) and not (_AMISS.search(line) or _UNENDED.search(line) or complains(line))


def _since(items: Sequence[_Item], done: str, end: datetime) -> _Undone | None:
    """Return since when pieces of work do not come to their end; None if it is as ever, or over."""
    took = [each.told[done] - each.began for each in items if done in each.told]
    if len(took) < FORMER:
        return None
    over = _ended(items, done)
    ripe = [pair for pair in zip(items, over, strict=True) if pair[1] or end - pair[0].began > LONGER * max(took)]
    left = [number for number, (_, is_over) in enumerate(ripe) if not is_over]
    for before, at in enumerate(left):
        after, lost = len(ripe) - at, len(left) - before
        share = lost / after
        if lost < UNDONE or share < SHARE or at < FORMER:
            continue
        goes_on = left[-1] - at >= after / 2
        if before <= USUAL * at and goes_on and (1 - share) ** at <= CHANCE:
            return _Undone(ripe[at][0].began, lost, after)
    return None


def _ended(items: Sequence[_Item], done: str) -> list[bool]:
    """Tell of each piece of work whether it came to an end: another worker, or another way, may tell it in its words.

    Those words stand in the place of the usual ones, and never beside them, and as many steps went before them.
    """
    usual = [each.told for each in items if done in each.told]
    beside, steps = set[str]().union(*usual), min(map(len, usual))
    return [done in each.told or (len(each.told) >= steps and not each.ends <= beside) for each in items]
