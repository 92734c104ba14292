"""Where the processes of a workload stood when somebody looked: the stacks that a watch shows before it ends a process.

A worker that is ended for its time, a loop that is blocked, a dump of threads: each shows the line of the program's own
code that was at work. One that waits for somebody shows a call that waits, and is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.view.logs import speaks_of, times_near
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_OF = ("handle_abort", "timelimitexceeded", "execution time", "blocked", "has been active for", "rack::timeout")
_OF_DUMPS = ("most recent call first", "runnable", "(active")
"""What a log holds, in lower case, that shows such a stack."""
_OUTER_FIRST = late(r"Traceback \(most recent call last\)")
_INNER_FIRST = late(
    r"most recent call first\)|^\"?[Tt]hread .{0,120}\(active\b|java\.lang\.Thread\.State: RUNNABLE\b"
    r"|\bhas been (?:blocked|active) for\b|\bRack::Timeout::RequestTimeout"
    r"|\bBlocked for \d|\bevent loop\b.{0,40}\bblocked\b|\bblocked\b.{0,40}\bevent loop\b",
    re.IGNORECASE,
)
"""How stacks begin that show the innermost call first: faulthandler, py-spy, Java, Vert.x, Tomcat, Rack, Node."""
_ENDED_FOR_ITS_TIME = late(r"\bin (?:handle_abort|\w*timeout_sighandler|handle_timeout)\b")
"""Calls of Gunicorn and Celery, in which a worker is that was told to end: what stands before was at work."""
_FRAME = late(
    r"\bFile \"(?P<py>[^\"]{1,300})\", line (?P<py_line>\d+),? in "
    r"|^\s*\S{1,100} \((?P<spy>[^():]{1,300}\.pyx?):(?P<spy_line>\d+)\)\s*$"
    r"|\bat (?P<java>[\w.$<>/@-]{1,300})\("
    r"(?:[\w.@-]+/)?(?:[\w$]+\.(?:java|kt|scala|groovy):(?P<java_line>\d+)|[\w ]+)\)"
    r"|(?:^|[\s(])(?P<node>(?:file://)?[\w./@-]{1,300}\.[cm]?[jt]sx?):(?P<node_line>\d+)(?::\d+)?\b"
    r"|(?P<ruby>[\w./-]{1,300}\.rb):(?P<ruby_line>\d+):in\b"
)
_AT_ONCE = late(
    r"Maximum execution time of \d+ seconds? exceeded in (?P<php>[\w./-]{1,300}?)(?: on line |:)(?P<php_line>\d+)"
    r"|\bevent loop (?:was |is )?blocked\b.{0,80}\bat (?P<node>[\w./@-]{1,300}\.[cm]?[jt]sx?):(?P<node_line>\d+)",
    re.IGNORECASE,
)
"""How PHP, and watches of a loop, tell it in one line."""
NOT_OWN = late(
    r"(?:site|dist)-packages/|/lib/python|<frozen |<string>|node_modules/|\bnode:|/gems/|/vendor/|/lib/ruby/"
    r"|^(?:[\w.@-]*/)?(?:javax?|jdk|sun|kotlinx?|scala|groovy|com\.(?:sun|fasterxml|zaxxer|google|mysql)|reactor"
    r"|org\.(?:springframework|apache|hibernate|eclipse|jboss|postgresql|slf4j)|io\.(?:netty|vertx|quarkus|undertow))[./]"
    r"|^(?:django|flask|gunicorn|werkzeug|starlette|uvicorn|celery|kombu|jinja2|sqlalchemy|asyncio|re|json|threading)[./]"
)
_WAITS = late(
    r"\b(?:socket|ssl|selectors|threading|queue|subprocess)\.py\b|/(?:urllib3|requests|httpx|httpcore|redis|kafka|grpc)/"
    r"|psycopg|pymysql|MySQLdb|db/backends/|sqlalchemy|/http/client\.py|asyncio/|net/(?:http|protocol)|/(?:pg|mysql2)/"
    r"|\.(?:park|parkNanos|wait|sleep|socketRead0?|epollWait|poll|await|accept)\b|\bsun\.nio\b|java\.net\.|jdbc|Unsafe\b",
)
"""Files and calls in which a process waits for another one."""
_WAITS_IN = late(
    r"\b(?:sleep|recv\w*|acquire|wait|execute|select|result|urlopen|commit|publish|fetch\w*|send\w*|read|write|flush|poll)\("
)
"""Calls in a line of code that wait, where the stack shows no frame for what they call."""
_COMPUTES = late(
    r"(?:regex\w*|\bre|_RE|[Pp]attern|PATTERN|matcher)\.(?:sub|match|search|find\w*|split|replace\w*|test|exec)\b"
    r"|\bpreg_|\.gsub\b|in [`'](?:String#)?(?:gsub!?|match\??|scan)'|\bjava\.util\.regex\b"
    r"|Maximum execution time|/re/__init__\.py"
)
"""What takes processor time and nothing else: an expression that is matched; PHP's limit counts only that."""
_STAMPED = late(r"^\d{4}-\d\d-\d\dT[\d:.,]{8,20}(?:Z|[+-]\d\d:?\d\d)\s")
"""What a collector of logs sets before each line, those of a stack as well."""
_MOST = 200
"""A stack has no more lines."""
_OWN, _LINE = ("py", "spy", "java", "node", "ruby", "php"), "_line"


class Stood(NamedTuple):
    """Where a process stood once: ``place`` in its own code, "" if it waits, or stood in nothing of its own.

    ``computes``: what it does there takes processor time alone, as the stack shows.
    """

    pod: str
    at: datetime | None
    place: str
    code: str
    computes: bool = False


class _Frame(NamedTuple):
    where: str
    place: str
    code: str

    @property
    def waits(self) -> bool:
        return bool(_WAITS.search(self.where) or _WAITS_IN.search(self.code))


@once
def stood(view: View, workload: Workload) -> tuple[Stood, ...]:
    """Return where the processes of a workload stood each time that a log shows it, those of ended ones too."""
    logs = (log for log in view.logs_of(workload.live) if speaks_of(log, (*_OF, *_OF_DUMPS)))
    return tuple(each for log in logs for each in _stood(log))


def _stood(log: Log) -> Iterator[Stood]:
    times, lines = times_near(log.lines), [_STAMPED.sub("", line) for line in log.lines]
    for number, line in enumerate(lines):
        if told := _AT_ONCE.search(line):
            yield _where(log.pod, times[number], [_frame(told, "", told[0])])
        elif _OUTER_FIRST.search(line):
            frames, end = _frames(lines[number + 1 : number + _MOST])
            if end or any(_ENDED_FOR_ITS_TIME.search(each.where) for each in frames[-1:]):
                inner = [each for each in reversed(frames) if not _ENDED_FOR_ITS_TIME.search(each.where)]
                yield _where(log.pod, times[number], inner)
        elif _INNER_FIRST.search(line):
            frames, _ = _frames(lines[number + 1 : number + _MOST])
            if frames:
                yield _where(log.pod, times[number], frames)


def _frames(lines: Sequence[str]) -> tuple[list[_Frame], bool]:
    """Return the calls of one stack, in their order, and whether it ended as a limit of time was over."""
    found: list[_Frame] = []
    beside = 0
    for number, line in enumerate(lines):
        told = _FRAME.search(line)
        if told:
            code = lines[number + 1].strip() if told["py"] and number + 1 < len(lines) else ""
            found.append(_frame(told, "" if _FRAME.search(code) else code, line))
        beside = 0 if told else beside + 1
        if "TimeLimitExceeded" in line:
            return found, True
        if beside > 2 or (beside and _OUTER_FIRST.search(line)):
            break  # a call is followed by its line of code, and by what marks a part of that
    return found, False


def _frame(told: re.Match[str], code: str, line: str = "") -> _Frame:
    groups = told.groupdict()
    of = next((each for each in _OWN if groups.get(each)), "")
    place = f"{groups[of]}:{groups[of + _LINE] or 0}" if of else ""
    return _Frame(line or place, place, code)


def _where(pod: str, at: datetime | None, inner_first: Sequence[_Frame]) -> Stood:
    own = next((each for each in inner_first if each.place and not NOT_OWN.search(each.place)), None)
    if own is None or inner_first[0].waits or own.waits:
        return Stood(pod, at, "", "")
    seen = inner_first[: inner_first.index(own) + 1]
    computes = any(_COMPUTES.search(f"{each.where} {each.code}") for each in seen)
    if ".rb:" in own.place and not computes:
        return Stood(pod, at, "", "")  # Rails leaves out who is called there: it may be a database
    return Stood(pod, at, own.place, own.code, computes)
