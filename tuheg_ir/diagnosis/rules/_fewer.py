"""What one pod has read less of than its like, by the count that each tells of it in the same words.

A read that broke off leaves a part, and who goes on with a part takes it for the whole: it is ready and says so. Only
the count tells, beside those of its like. Which of them is right, a new process would meet, is another question: the
source may have shrunk since they read it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.stamps import without_time
from tuheg_ir.diagnosis.view.askers import answer_of
from tuheg_ir.diagnosis.view.ended_apart import words_of
from tuheg_ir.diagnosis.view.logs import times_near
from tuheg_ir.diagnosis.view.marked import complains, is_marked, shape_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload
from tuheg_ir.named import NamedTuple

_COUNT = late(
    r"(?<![\w./,-])(?<!\d:)(\d{1,3}(?:[,_]\d{3}){1,3}|\d{1,9})(?![\w:/%-]|[.,]\d| ?(?:ms|s|us|ns|[kKMG]i?B)\b)"
)
"""A figure that stands alone; neither a part of a name, an address or a version, nor with a unit."""
_NO_COUNT = late(
    r"(?:\b|_)(?:ms|took|dur(?:ation)?|elapsed|latency|(?:milli)?sec(?:ond)?s?|time|port|pid|status|code|bytes|size|id"
    r"|line|attempt|thread|worker|shard|partition|offset|age|ttl|uptime|interval|timeout|limit|max)s?[\"']?[ =:]{1,3}$",
    re.IGNORECASE,
)
"""What stands before a figure that counts nothing that was read."""
_VERSION = late(
    r"\b(?:etag|if-none-match|md5(?:sum)?|sha-?(?:256|512)(?:sum)?|digest|checksum)[\"']?[ =:]{1,3}[\"']?"
    r"([\w.:/+-]{4,80})",
    re.IGNORECASE,
)
"""Which content of it a line tells of: versions, revisions and commits are the program's own as often."""
_BROKE_OFF = late(
    r"\bIncompleteRead\b|\bincomplete (?:read|body|download|response|message)\b|\bmore expected\b|\bshort read\b"
    r"|\bpremature(?:ly)? (?:end|close|EOF)|\b(?:closed|ended) prematurely\b"
    r"|\bcontent[- ]?length\b.{0,40}\b(?:mismatch|differs?|not (?:match|reached)|but (?:got|read|received)|short)"
    r"|\benough data\b.{0,40}\bcontent[- ]?length\b|\bContentLengthError\b"
    r"|\b(?:read|received|got) \d{1,15} (?:of|out of|instead of) \d|\b\d{1,15}(?:/| of )\d{1,15} bytes\b"
    r"|\b(?:connection|stream|transfer|download|body)\b.{0,40}\b(?:reset|closed|aborted|truncated|broke|interrupted)\b"
    r"|\bECONNRESET\b|\bpartial (?:read|content|file|download)\b"
    r"|\b(?:http|body|download|fetch|response)\b.{0,80}\bunexpected (?:EOF|end of (?:file|stream))",
    re.IGNORECASE,
)
"""How a program tells that less came over the wire than there is."""
_SPOILT = late(r"\b(?:gzip|zlib|inflate|decompress|unzip|corrupt|checksum mismatch|CRC)", re.IGNORECASE)
"""What is itself broken at its source breaks at the same place for the next one."""
_TO_CLIENTS = late(
    r"\b(?:GET|HEAD|POST|PUT|PATCH|DELETE) /|\bby (?:the |its |a )?(?:client|user|browser)\b|\bbroken ?pipe\b|\bEPIPE\b"
    r"|\bclient (?:went|has|is gone|left|dis|closed|cancel|abort|reset)",
    re.IGNORECASE,
)
"""What broke off there was given to somebody, and not read."""
_ANEW = late(
    r"\bagain\b|\bretr(?:y|ies|ied|ying)\b|\battempt[ =:#]{0,2}(?:[2-9]|1\d)|\bre-?(?:load|read|fetch|download|sync)"
    r"|\brefreshed\b|\bresum(?:ed|ing)\b|\bin full\b|\ball of it\b|\bcomplete(?:d|ly)?\b|\bsuccess",
    re.IGNORECASE,
)
"""So a program tells that it reads once more, or has all of it."""
_UNREAD = late(r"\bunchanged\b|\bnot[- _]modified\b|\bno changes?\b|\bup[- ]to[- ]date\b", re.IGNORECASE)
"""What is told so was not read once more."""
_AT_ONCE = timedelta(minutes=2)
"""So soon after a read that broke off a program counts what came of it."""
_LEAST = 20
"""A smaller count may be of anything."""
_PART = 0.9
"""From this share of what its like have on, a pod may only be some entries late."""


class Fewer(NamedTuple):
    """A count of a pod and of its like, with what proves that there is more to be read; none: nobody knows."""

    evidence: tuple[Evidence, ...]
    proven: bool


class _Counted(NamedTuple):
    """The figures of the lines of one shape in a log: the last one's, where each stays the same, its text and time."""

    figures: Mapping[int, int]
    line: str
    at: datetime | None


def fewer(view: View, workload: Workload, pod: Pod) -> Fewer | None:
    """Return that a pod counts far fewer than all others, who count alike; None where it does not."""
    told = {each.name: _counted(view, each) for each in workload.live}
    mine = told.pop(pod.name)
    for shape, own in mine.items():
        theirs = [each[shape] for each in told.values() if shape in each]
        for at, count in own.figures.items():
            others = {each.figures.get(at, 0) for each in theirs}
            most = max(others, default=0)
            if len(theirs) < 2 or len(others) != 1 or most < _LEAST or count > _PART * most:
                continue
            fact = f"it counts {count}, where {len(theirs)} of its like count {most}: {own.line}"
            seen = Evidence("logs", f"Pod/{pod.name}", fact)
            broke = _broke_off(view, pod, own.line, count)
            anew = (seen, broke) if broke else (seen,)
            whole = {name for name, each in told.items() if shape in each}
            later = _same_version(workload, own, theirs) or _whole_later(workload, pod, own, whole)
            return Fewer(anew, broke is not None or later)
    return None


def _counted(view: View, pod: Pod) -> dict[str, _Counted]:
    """Return shape -> what a pod counts in lines that answer nobody and complain of nothing, if always the same."""
    found: dict[str, list[str]] = {}
    last: dict[str, datetime | None] = {}
    for log in view.logs_of([pod], previous=False):
        for at, line in zip(times_near(log.lines), log.lines, strict=True):
            if not is_marked(line) and not answer_of(line) and _COUNT.search(bare := without_time(line)):
                found.setdefault(shape := shape_of(bare), []).append(bare)
                last[shape] = at
    return {shape: _Counted(_steady(lines), lines[-1].strip()[:300], last[shape]) for shape, lines in found.items()}


def _steady(lines: Sequence[str]) -> dict[int, int]:
    """Return place -> figure of those that are the same in all lines, and may count something."""
    last = list(_COUNT.finditer(lines[-1]))
    each = [_COUNT.findall(line) for line in lines]
    return {
        at: _number(found[1])
        for at, found in enumerate(last)
        if all(len(own) == len(last) and own[at] == found[1] for own in each)
        and not _NO_COUNT.search(lines[-1][max(0, found.start() - 30) : found.start()])
    }


def _number(figure: str) -> int:
    return int(re.sub(r"[,_]", "", figure))


def _same_version(workload: Workload, own: _Counted, theirs: Sequence[_Counted]) -> bool:
    """Tell whether all name one content of what they count: so much of it as the others have is there to be read.

    What stands in the template, or is the digest of an image, is of the program.
    """
    mine = _VERSION.findall(own.line)
    programs = " ".join((str(workload.template), *(c.digest for pod in workload.live for c in pod.containers)))
    if not mine or any(each.rpartition(":")[2] in programs for each in mine):
        return False
    return all(_VERSION.findall(each.line) == mine for each in theirs)


def _broke_off(view: View, pod: Pod, counted: str, count: int) -> Evidence | None:
    """Return what a pod complains of: a read that broke off on the way, in words of what it counts at once then.

    Who has read it since, as far as its words tell, has what there is.
    """
    words = words_of([counted])
    for log in view.logs_of([pod], previous=False):
        told = [
            (at, line)
            for at, line in zip(times_near(log.lines), log.lines, strict=True)
            if at is not None and not answer_of(line)
        ]
        of_it = [(at, line) for at, line in told if words & words_of([without_time(line)])]
        last = next((n for n in range(len(of_it) - 1, -1, -1) if _is_broken_read(of_it[n][1])), None)
        if last is None:
            continue
        broke, line = of_it[last]
        since = of_it[last + 1 :]
        counts = [at for at, each in since if count in map(_number, _COUNT.findall(without_time(each)))]
        if not counts or counts[0] - broke > _AT_ONCE or any(_was_read(at - broke, each, count) for at, each in since):
            continue
        return Evidence("logs", f"Pod/{pod.name}", f"a read broke off: {line.strip()[:300]}", broke)
    return None


def _is_broken_read(line: str) -> bool:
    """Tell whether a program complains in a line that a read of its own broke off, and goes on with that."""
    if not complains(line) or not _BROKE_OFF.search(line):
        return False
    return not (_SPOILT.search(line) or _TO_CLIENTS.search(line) or _ANEW.search(line))


def _was_read(after: timedelta, line: str, count: int) -> bool:
    """Tell whether a line, so long after a read broke off, may tell of another read that did not."""
    if complains(line) or _UNREAD.search(line):
        return False
    again = after > _AT_ONCE and count in map(_number, _COUNT.findall(without_time(line)))
    return again or _ANEW.search(line) is not None


def _whole_later(workload: Workload, pod: Pod, own: _Counted, whole: Collection[str]) -> bool:
    """Tell whether one of its like that has more was started after it last counted, and so read it later.

    That it was started before that tells nothing: a pod that runs for long may have read it anew since.
    """
    rest = [each.started for each in workload.live if each is not pod and each.ready and each.name in whole]
    return own.at is not None and any(each is not None and each > own.at for each in rest)
