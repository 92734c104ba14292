"""Tasks that ended in few pods of several, whose processes go on: what each of their like still does, they do no more.

Only the pods beside them tell what is due: one pod that does a task seldom has too few lines of its own to show it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view.askers import answer_of
from tuheg_ir.diagnosis.view.logs import speaks_of, times_around
from tuheg_ir.diagnosis.view.marked import complains, shape_of
from tuheg_ir.diagnosis.view.odd import same_template
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.threads import ALIVE, OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_HINTS = (
    "panic", "exception", "error", "backgroundservice failed", "rejection", "ended", "exited", "died", "terminated",
    "stopped", "dead", "gave up", "giving up", "closed",
)  # fmt: skip
"""A line without any of these words tells of no end: cheaper to see."""
_ENDED = late(
    r"\bthread '(?!main')[^']{1,80}'(?: \(\d{1,9}\))? panicked at|\bJoinError::Panic\b|\btask \d{1,9} panicked\b"
    r"|\bException in thread \"?(?!main\b|MainThread\b)\S|#<Thread:0x\w+.{0,160} terminated with exception"
    r"|\bTask exception was never retrieved|\bUnhandled exception in (?:background )?(?:thread|task)\b"
    r"|\bBackgroundService failed\b|\brecovered (?:from )?(?:an? )?panic\b|\bpanic (?:was )?recovered\b"
    r"|\bunhandled (?:promise )?rejection (?:in|of|from) \S|\buncaught exception in (?:thread|job|task|timer)\b"
    r"|\b(?:task|thread|loop|coroutine|goroutine|fiber)\b.{0,60}?"
    r"\b(?:ended|exited|died|terminated|crashed|aborted)\b.{0,40}?\b(?:panic|exception|error)",
    re.IGNORECASE,
)
"""How programs and runtimes tell that something in them ended of what nobody caught."""
_STOPPED = late(
    r"\b(?:(?:task|thread|loop|coroutine|goroutine|fiber|ticker|timer|watch|subscription|\w{0,30}(?:refresher|reloader"
    r"|poller|watcher|updater|scheduler|syncer|follower|subscriber|informer))(?:[ -]?(?:thread|task|loop|job))?)"
    r"(?: \S{1,60}){0,3}?(?: (?:has|was|is))?(?: been)? "
    r"(?:ended|exited|died|terminated|crashed|aborted|stopped|dead|closed|gave up|giving up)\b",
    re.IGNORECASE,
)
"""How they tell that it ended, and not of what."""
_MEANT = late(
    r"\b(?:cancel|shut(?:ting)? ?down|SIGTERM|SIGINT|graceful|drain|complet|success|finish|reconnect|re-?open"
    r"|re-?subscri|re-?start|re-?try|resum|resync|re-?list|lease|leader|stand-?by|paus|by (?:user|admin|operator)"
    r"|disabled|on demand|idle)",
    re.IGNORECASE,
)
"""Who stops so was told to, does so for good reason, or begins anew."""
OF_A_REQUEST = late(
    r"\bprocess_request_thread\b|\b(?:http|n?io|bio|apr|ajp)[\w-]*-exec\b|\bqtp\d|\bbroken ?pipe|\bEPIPE\b"
    r"|\bconnection ?reset|\bECONNRESET\b|\bclient (?:went away|(?:has )?(?:disconnected|closed|gone|left))"
    r"|\bclient ?disconnect|\bhandle_request\b|\bRequestHandler\b"
    r"|\b(?:panic|recover(?:ed)?)\b.{0,80}\b(?:https?|(?:grpc |rpc )?(?:request|handler|middleware)|rpc)\b"
    r"|\bpanic serving\b|\b(?:javax|jakarta)\.servlet\b|\bServeHTTP\b|\bdispatch_request\b|\bAspNetCore\b"
    r"|\bdjango/core/handlers\b|\bstarlette/|\bexpress/lib/|\bgems/rack-",
    re.IGNORECASE,
)
"""What ended served one client, who may ask another pod next."""
MOVED = late(
    r"\b(?:revoked|lost)\b.{0,40}\bpartitions?\b|\bpartitions?\b.{0,40}\b(?:revoked|lost)\b|\bassigned:? ?\[\]"
    r"|\brebalanc|\bCommitFailed",
    re.IGNORECASE,
)
"""A broker gave the work to others: no new process has it for sure."""
AMID = timedelta(seconds=5)
"""So long a program may take to tell of one end in all its lines."""
_LINES = 12
_WORD = late(r"[A-Z]?[a-z]{3,}")
_LETTERS = 5
"""So many letters are common to the forms of one word."""
_ANYBODYS = frozenset(
    ("task", "threa", "backg", "worke", "runti", "error", "panic", "excep", "ended", "calle", "value")
)
"""Words, cut, that may stand in any line of an end, and name no task."""
TIMES = 3
"""So often each of its like has done it since."""
_LATE = 2
"""So many times as long as the longest pause of its like nothing is told of what is done no more."""
_EVEN = 3
"""So many times as long as its shortest pause may be the longest of what a clock starts; clients come as they will."""
_ENDS = 5
"""So many ends of one process, the last ones, are looked at."""
_KEYS = late(r"\"\w+\" ?:|\b\w+=")
"""What a log of fields calls them says nothing of what is told."""
_LISTED = late(r"([=:] ?)\[[^\[\]\n]{0,300}\]")
"""What a list holds grows and shrinks; the line that tells of it is the same one."""
_OF_AGE = late(
    r"\b(?:stale|outdated|too old|age|behind|overdue|last (?:good|known)|not (?:been )?\w+ since)\b", re.IGNORECASE
)
"""Who tells that something is old has not made it anew."""


_HOLE = timedelta(hours=1)
"""Where no pod of a workload tells anything for so long, nothing was kept of what they told."""
Hole = tuple[datetime, datetime]
"""From when to when no pod of a workload tells anything."""


class EndedApart(NamedTuple):
    """An end in one pod: the line that tells it, when it was, and what its like still do, as the pod did before."""

    pod: str
    said: str
    at: datetime
    stopped: str
    times: int

    def evidence(self) -> Iterator[Evidence]:
        """Yield what tells of the end, and of what is no longer done since."""
        yield Evidence("logs", f"Pod/{self.pod}", f"the process goes on without a task of it: {self.said}", self.at)
        yield Evidence(
            "logs",
            f"Pod/{self.pod}",
            f"never told since, and by each of its like {self.times} times or more: {self.stopped}",
            self.at,
        )


@once
def ended_apart(view: View, workload: Workload) -> tuple[EndedApart, ...]:
    """Return the ends in few live pods of one template whose like, each of them, go on with what those did."""
    if len(workload.live) < 2 or not same_template(workload.live):
        return ()
    logs = [log for log in view.logs_of(workload.live, previous=False) if log.lines]
    odd = tell_an_end(view, workload)
    like = [log for log in logs if log.pod not in odd]
    if not odd or 2 * len(odd) > len(workload.live) or {log.pod for log in logs} != {p.name for p in workload.live}:
        return ()
    holes = holes_of(logs)
    told = [log for log in logs if log.pod in odd]
    found = (_ended(view, log, [each for each in like if each.container == log.container], holes) for log in told)
    return tuple(each for each in found if each is not None)


def ended_for_good(view: View, pod: Pod) -> tuple[datetime, str] | None:
    """Return the last end of a task that a pod tells of whose process goes on, and of which it tells nothing since.

    Whether its like go on with it is not asked: other facts have to show what is no longer done. A task that is begun
    anew, or tries again, is told of by some of the words of its end; what clients ask for may hold any words.
    """
    for log in view.logs_of([pod], previous=False):
        bare = [without_time(line) for line in log.lines] if speaks_of(log, _HINTS) else []
        heads = [n for n, line in enumerate(bare) if tells_an_end(line)][: -_ENDS - 1 : -1]
        upto = times_around(log.lines)[0] if heads else []
        for head in heads:
            at = upto[head]
            later = [(time, line) for time, line in zip(upto, bare, strict=True) if time and at and time > at + AMID]
            if at is None or len(later) < OFTEN or not view.recent(later[-1][0], ALIVE) or _is_no_loss(upto, bare, at):
                continue
            told = _own_words(line for _, line in later if not answer_of(line) and not _OF_AGE.search(line))
            if told.isdisjoint(_own_words([bare[head]])):
                return at, bare[head].strip()[:300]
    return None


def _own_words(lines: Iterable[str]) -> set[str]:
    """Return the words of lines but those by which a log calls its fields."""
    return words_of(_KEYS.sub(" ", line) for line in lines)


@once
def tell_an_end(view: View, workload: Workload) -> frozenset[str]:
    """Return the live pods of a workload of which any line tells that a task ended."""
    logs = view.logs_of(workload.live, previous=False)
    return frozenset(log.pod for log in logs if speaks_of(log, _HINTS) and any(map(tells_an_end, log.lines)))


def tells_an_end(line: str) -> bool:
    """Tell whether a line says that a task ended which was not meant to."""
    lowered = line.lower()
    if not any(hint in lowered for hint in _HINTS):
        return False
    bare = without_time(line)[:300]
    if _ENDED.search(bare) is not None:
        return True
    return _STOPPED.search(bare) is not None and _MEANT.search(bare) is None


def _ended(view: View, log: Log, like: Sequence[Log], holes: Sequence[Hole]) -> EndedApart | None:
    """Return the last end that a log tells of, if its process goes on without what each of its like still does."""
    upto, _ = times_around(log.lines)
    bare = bare_of(log)
    heads = [n for n, line in enumerate(bare) if tells_an_end(line)][: -_ENDS - 1 : -1]
    others = like if heads else ()
    theirs = [told_by_shape(zip(times_around(each.lines)[0], bare_of(each), strict=True)) for each in others]
    for head in heads:
        at = upto[head]
        since = [time for time in upto[head + 1 :] if time and at and time > at + AMID]
        if at is None or not like or len(since) < OFTEN or not view.recent(since[-1], ALIVE):
            continue
        if _is_no_loss(upto, bare, at):
            continue
        gone = told_by_shape(zip(upto[:head], bare[:head], strict=True), not_in=map(shape_of, bare[head:]))
        later = [line for time, line in zip(upto, bare, strict=True) if time and time > at + AMID]
        named = words_of(amid(upto, bare, at)) - words_of(later)
        for shape, (line, times) in gone.items():
            if not even(times, holes):
                continue
            counts = [goes_on(view, each[shape][1], at, max(times), holes) if shape in each else 0 for each in theirs]
            least = TIMES if named & words_of([line]) else OFTEN
            if min(counts) >= least:
                return EndedApart(log.pod, bare[head].strip()[:300], at, line.strip()[:200], min(counts))
    return None


def told_by_shape(
    lines: Iterable[tuple[datetime | None, str]], not_in: Iterable[str] = ()
) -> Mapping[str, tuple[str, list[datetime]]]:
    """Return shape -> a line of it and when it was told, of what is told at known times and is no complaint."""
    left_out = set(not_in)
    found: dict[str, tuple[str, list[datetime]]] = {}
    for at, line in lines:
        if at is not None and not complains(line) and (shape := shape_of(line)) not in left_out:
            found.setdefault(shape, (line, []))[1].append(at)
    return found


def goes_on(view: View, times: Sequence[datetime], at: datetime, last: datetime, holes: Sequence[Hole] = ()) -> int:
    """Return how often another pod did since an end what one did until then; 0 if it did not so before, or ceased.

    Who does it only since the other one ended took its place, as the next leader does.
    """
    before, since = [each for each in times if each < at], [each for each in times if each > at + AMID]
    if not before or len(since) < TIMES:
        return 0
    pauses = pauses_of(since, holes)
    if not pauses or not even(since, holes):
        return 0
    longest = _LATE * max(pauses)
    near = at - before[-1] <= longest and at - last <= longest
    return len(since) if near and view.now - since[-1] <= longest else 0


def even(times: Sequence[datetime], holes: Sequence[Hole] = ()) -> bool:
    """Tell whether something was done at an even pace, as far as that can be told."""
    pauses = pauses_of(times, holes)
    return len(pauses) < 2 or max(pauses) <= _EVEN * min(pauses)


def pauses_of(times: Sequence[datetime], holes: Sequence[Hole] = ()) -> list[timedelta]:
    """Return how long it took from each time to the next, but where a hole lies between: nothing of that was kept.

    Where the other pauses are about as long, nothing else was to be told in the hole: that is the pace itself.
    """
    pauses = [b - a for a, b in pairwise(times)]
    longest = _EVEN * min(pauses, default=_HOLE)
    return [
        pause
        for pause, a, b in zip(pauses, times, times[1:], strict=False)
        if pause <= longest or not any(a <= start and end <= b for start, end in holes)
    ]


def _is_no_loss(upto: Sequence[datetime | None], bare: Sequence[str], at: datetime) -> bool:
    """Tell whether what ended at a time served a client, or the work was given to others then or since."""
    told = [(time, line) for time, line in zip(upto, bare, strict=True) if time and time >= at - AMID]
    return any(MOVED.search(line) or (time <= at + AMID and OF_A_REQUEST.search(line)) for time, line in told)


def amid(upto: Sequence[datetime | None], bare: Sequence[str], at: datetime) -> list[str]:
    """Return the lines in which a program tells of an end."""
    return [line for time, line in zip(upto, bare, strict=True) if time and abs(time - at) <= AMID][:_LINES]


def words_of(lines: Iterable[str]) -> set[str]:
    """Return the words of lines, cut to what their forms have in common: refresh, Refresher, refresh_rates."""
    found = (word.lower()[:_LETTERS] for line in lines for word in _WORD.findall(line))
    return {word for word in found if len(word) > 3} - _ANYBODYS


def holes_of(logs: Sequence[Log]) -> tuple[Hole, ...]:
    """Return the long stretches in which none of some logs tells anything."""
    times = sorted({at for log in logs for line in log.lines if (at := stamp(line))})
    return tuple((a, b) for a, b in pairwise(times) if b - a >= _HOLE)


def bare_of(log: Log) -> list[str]:
    """Return the lines of a log without their times, and without what their lists hold."""
    return [_LISTED.sub(r"\1[]", without_time(line)) for line in log.lines]
