"""Documents of strangers whose types name what runs commands, and who was let send more of them.

Programs that unpack such a document carelessly obey it. Its words are in no request's line: who refuses one tells of
it, and of one that is taken nothing but the request is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._injected import Ordered
from tuheg_ir.diagnosis.rules._sent_away import CLIENT
from tuheg_ir.diagnosis.served import any_status_of
from tuheg_ir.diagnosis.view.logs import speaks_of, times_near
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_MODULES = r"(?:os|posix|nt|pty|commands|subprocess|builtins|__builtin__|importlib|runpy|ctypes|shutil)"
_TYPES = late(
    rf"python/(?:object(?:/(?:apply|new))?|name|module):{_MODULES}(?![\w-])"
    rf"|\bglobal '{_MODULES}[. ]\w{{1,40}}' is forbidden|\bforbidden (?:global|class|module)\W{{1,4}}{_MODULES}[. ]\w"
    r"|ruby/(?:object|hash|struct|class)(?:-with-ivars)?:(?:Gem::|ERB\b|Net::|Kernel\b|ActiveSupport::Deprecation)"
    r"|\b(?:unspecified|disallowed) class\W{1,4}(?:Gem::|ERB\b|Net::|Kernel\b|ActiveSupport::Deprecation)"
    r"|\bjavax\.script\.ScriptEngineManager\b|\bcom\.sun\.rowset\.JdbcRowSetImpl\b"
    r"|\borg\.apache\.commons\.collections4?\.functors\.\w{1,40}Transformer\b|\bjava\.rmi\.server\.UnicastRef\b"
    r"|\bObjectDataProvider\b|_\$\$ND_FUNC\$\$_"
    r"|\bO:\d{1,3}:\\{0,2}\"(?:Monolog\\{1,4}Handler|GuzzleHttp\\{1,4}(?:Cookie|Psr7\\{1,4}FnStream)"
    r"|Illuminate\\{1,4}(?:Broadcasting\\{1,4}PendingBroadcast|Foundation\\{1,4}Testing|Auth|Validation|Routing)"
    r"|Symfony\\{1,4}Component\\{1,4}(?:Cache|Finder|Process|Routing)|Doctrine\\{1,4}Common\\{1,4}Cache)\\"
)
"""Types that nobody's data is of; what a program's own documents name are types of its own.

Of frameworks whose queues hold documents of their own types, only those that a queue has no use for.
"""
_WORDS = (
    *("python/", "is forbidden", "forbidden ", "ruby/", "unspecified class", "disallowed class", "scriptenginemanager"),
    *("jdbcrowsetimpl", ".functors.", "unicastref", "objectdataprovider", "nd_func", "monolog", "illuminate"),
    *("guzzlehttp", "symfony", "doctrine"),
)
"""One of these is in a log that tells of such a document."""
OBEYED = "sh -c "
"""So begins what a document orders that was built, as far as is told."""
_FRAME = late(r"(?:^|\s)at [\w.$/<>]{1,200}\(|\.{3} \d{1,3} more")
"""A line of a stack: a program may use such a type itself."""
_REFUSED = late(
    r"\b(?:reject\w*|refus\w*|denied|blocked|forbidden|disallowed|unspecified class|not (?:allowed|permitted))\b"
    r"|\bconstructor for\b",
    re.IGNORECASE,
)
"""How who unpacks a document tells that it did not build what that names."""
_SENT = late(
    r"\b(?:parameters|params|payload|(?:request_?|req_?|raw_?|post_?)?body|posted|form|document)[\"']?\s?(?:=>|[=:])",
    re.IGNORECASE,
)
"""So a program tells what it was sent with a request, in a line of its own."""
_OF_REQUEST = 4
"""So many lines before that one, and within two seconds, it tells of the request."""
_BEHIND = 6
"""So many lines behind it a refusal is told, whatever else is told in between."""
_ANSWERED = timedelta(seconds=60)
"""So long who unpacks a document may take until he refuses it."""
_SAME = timedelta(seconds=2)
_PATH = late(
    r"\b(?:POST|PUT|PATCH) \"?(?P<asked>/[^\s\"'?,;]{1,200})"
    r"|\b(?:http_?|request_?)?(?:path|uri|url|route|endpoint)[\"']?\s*[=:]\s*[\"']?(?P<field>/[^\s\"'?,;]{1,200})"
)
_BRINGS_NONE = late(r"\b(?:GET|HEAD|DELETE|OPTIONS) \"?/")
"""Requests that are others, whatever becomes of them."""


class _Line(NamedTuple):
    pod: str
    line: str
    at: datetime
    path: str

    @property
    def refused(self) -> bool:
        return _REFUSED.search(self.line) is not None or 400 <= any_status_of(self.line) < 500

    @property
    def strange(self) -> bool:
        """Whether it tells of a document that somebody sent: a program names types in lines about itself as well."""
        return bool(self.path or any_status_of(self.line) or self.refused) and not _FRAME.search(self.line)

    def was_sent(self, at: int) -> bool:
        """Tell whether what stands at a place of the line was sent with a request."""
        return _SENT.search(self.line, 0, at) is not None and not _FRAME.search(self.line)

    @property
    def client(self) -> str:
        found = CLIENT.search(self.line)
        return found[0] if found else ""


@once
def unpacked(view: View, workload: Workload) -> tuple[Ordered, ...]:
    """Return the documents that named such types, and the requests since that were taken where such were refused."""
    logs = tuple(view.logs_of(workload.pods))
    if not any(speaks_of(log, _WORDS) for log in logs):
        return ()
    lines = [each for log in logs for each in _lines(log.pod, log.lines)]
    sent = [
        (_with_request(lines, number), found[0])
        for number, each in enumerate(lines)
        if (found := _TYPES.search(each.line)) and (each.strange or each.was_sent(found.start()))
    ]
    first = min((each.at for each, _ in sent), default=None)
    paths = {each.path for each, _ in sent if each.path}
    clients = {each.client for each, _ in sent if each.client}
    orders = [Ordered(each.pod, each.line, each.at, _order(named, obeyed=not each.refused)) for each, named in sent]
    orders += [
        Ordered(each.pod, each.line, each.at, _order(sent[0][1], obeyed=each.client in clients))
        for each in lines
        if first is not None and each.at >= first and each.path in paths and 200 <= any_status_of(each.line) < 300
    ]
    return tuple(orders)


def _with_request(lines: Sequence[_Line], number: int) -> _Line:
    """Return a line that tells of a document, with what is told of its request just before, and of a refusal behind."""
    each = lines[number]
    if any_status_of(each.line):
        return each
    before = [x for x in lines[max(0, number - _OF_REQUEST) : number] if _same(each, x) and x.path and not each.path]
    if not before and not each.path:
        return each
    path = each.path or before[-1].path
    told = (*(x.line for x in before[-1:]), each.line, _refusal(lines, number, path))
    return each._replace(line=" ".join(filter(None, map(str.strip, told))), path=path)


def _refusal(lines: Sequence[_Line], number: int, path: str) -> str:
    """Return how a document is refused behind the line that tells of it; "" if nothing tells so.

    Far behind and among other requests only who names such a type tells of it, and only until another one is sent.
    """
    each, alone = lines[number], True
    for place, x in enumerate(islice(lines, number + 1, None)):
        if x.pod != each.pod or not timedelta() <= x.at - each.at <= _ANSWERED:
            break
        if _BRINGS_NONE.search(x.line):
            alone = False
            continue
        named = _TYPES.search(x.line)
        if x.refused and x.path in ("", path) and (named or alone or (place < _BEHIND and _same(each, x))):
            return x.line
        if named and x.was_sent(named.start()):
            break
        alone = alone and not x.path and not any_status_of(x.line)
    return ""


def _same(one: _Line, other: _Line) -> bool:
    return one.pod == other.pod and abs(one.at - other.at) <= _SAME


def _order(named: str, *, obeyed: bool) -> str:
    """Return what such a document orders: if it is obeyed, it runs a shell with words that nobody tells.

    What was refused ran nothing, and what is taken since may be anybody's: no tool's complaint is of these.
    """
    return f"{OBEYED}({named})" if obeyed else named


def _lines(pod: str, lines: tuple[str, ...]) -> Iterator[_Line]:
    for line, at in zip(lines, times_near(lines), strict=True):
        if at is not None:
            path = _PATH.search(line[:2000])
            yield _Line(pod, line, at, (path["asked"] or path["field"]) if path else "")
