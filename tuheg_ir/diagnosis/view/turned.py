"""Answers that turned, by a service's own log: refused since a moment as hardly any was before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import accumulate

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.askers import answer_of, of_probe
from tuheg_ir.diagnosis.view.held_back import TOO_MANY
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.took import without_names
from tuheg_ir.diagnosis.view.trouble import TOLD
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

ENOUGH = 20
"""So many answers before show how they were."""
LEAST = 10
"""Fewer refusals are those of a few strangers."""
TIMES = 5
"""The share has to be so many times what it was: bots and typing errors make for some of them always."""
SPAN = timedelta(minutes=5)
"""What is told of less time before may be a pause of those who are refused."""
PART = 1 / 3
"""What comes at so large a part of its later rate has begun: a stray one long before has not."""
STILL = timedelta(minutes=15)
AGAIN = 2
"""Who uses a service asks for the same again: so many times at the least, on the average. A scanner does not."""
AS_OFTEN, MORE = 0.9, 1.5
"""So many times as often as before others are answered, and anybody asks, where those who are refused came besides."""
_GONE = 499
"""That a client left is no answer."""
_WAY = late(r"(?:\b[A-Z]{3,7} |\b(?:[Rr]equest_?)?(?:route|[Pp]ath|uri|url)[\"']?\s*[=:]\s*[\"']?)(/[^\s\"',?]*)")
"""What was asked for."""


class Answer(NamedTuple):
    """An answer that a line tells of: when, with which status, and what was asked for ("": it does not tell)."""

    at: datetime
    status: int
    way: str


class Turned(NamedTuple):
    """Which status came when, how many of how many answers it is since then, and how many it was of those before.

    besides: as many as before are answered otherwise, and those who are refused came on top: nobody answered them here.
    """

    status: int
    since: datetime
    refused: int
    told: int
    before: int
    told_before: int
    besides: bool = False

    def evidence(self, ref: str) -> Evidence:
        """Return it as evidence."""
        was = f"{self.before} of {self.told_before} before"
        fact = f"{self.refused} of {self.told} requests that its logs tell of were answered with {self.status}, {was}"
        return Evidence("logs", ref, fact, self.since)


@once
def turned(view: View, workload: Workload) -> Turned | None:
    """Return the refusals that make up a good part of a workload's answers since a moment, and go on; None: none do.

    Who limits how much each may ask does that all the time.
    """
    read = sorted(answered(view.lines_of(workload)))
    lately = Counter(each.status for each in read if view.recent(each.at, STILL))
    refused = {status: n for status, n in lately.items() if 400 <= status < 500 and status not in (TOO_MANY, _GONE)}
    for status in sorted(refused, key=lambda each: -refused[each]):
        if refused[status] >= TOLD * lately.total() and (found := _turned(read, status)):
            return found._replace(besides=_besides(view, workload, read, found))
    return None


def answered(lines: Iterable[str]) -> Iterator[Answer]:
    """Yield the answers that lines tell of, but those to probes."""
    for line in lines:
        status = answer_of(line)
        at = stamp(line) if status and not of_probe(line) else None
        if at is not None:
            found = _WAY.search(line)
            yield Answer(at, status, without_names(found[1]) if found else "")


def _turned(read: Sequence[Answer], status: int) -> Turned | None:
    """Return since when a status is told far more often than before."""
    told = [each.status == status for each in read]
    cut = _onset(told)
    before, since = told[:cut], told[cut:]
    if len(before) < ENOUGH or sum(since) < LEAST or read[cut - 1].at - read[0].at < SPAN:
        return None
    now = sum(since) / len(since)
    if now < TOLD or sum(before) / len(before) * TIMES > now:
        return None
    ways = [each.way for each in read[cut:] if each.status == status and each.way]
    if len(set(ways)) * AGAIN > len(ways) > 0:
        return None
    return Turned(status, read[cut].at, sum(since), len(since), sum(before), len(before))


def _besides(view: View, workload: Workload, read: Sequence[Answer], found: Turned) -> bool:
    """Tell whether refusals came on top of what is answered as often as before; by what all older logs tell of."""
    logs = (answered(log.lines) for log in view.logs_of(workload.live, previous=False))
    firsts = (next(answers, None) for answers in logs)
    starts = [first.at for first in firsts if first is not None and first.at <= found.since - SPAN]
    begin, end = max(starts, default=read[0].at), read[-1].at
    was = [each.status == found.status for each in read if begin <= each.at < found.since]
    now = [each.status == found.status for each in read if each.at >= found.since]
    before, since = found.since - begin, end - found.since
    if not was or before < SPAN or since < SPAN:
        return False
    longer = before / since
    return now.count(False) * longer >= AS_OFTEN * was.count(False) and len(now) * longer >= MORE * len(was)


def _onset(told: Sequence[bool]) -> int:
    """Return from where on something is told more often: the first from which it came at a part of its later rate.

    Where its share before and its share since differ most, it may have gone on for a while: those who ask come and go.
    """
    share = sum(told) / len(told)
    sums = list(accumulate(each - share for each in told))
    cut = min(range(len(sums)), key=sums.__getitem__) + 1
    least = PART * sum(told[cut:]) / max(1, len(told) - cut)
    until = list(accumulate(reversed(told[:cut])))  # how often in the last so many before the cut
    earlier = [n for n, count in enumerate(until, 1) if told[cut - n] and count >= least * n]
    return cut - max(earlier, default=0)
