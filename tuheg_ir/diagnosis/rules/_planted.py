"""A script that somebody put among the uploads of a site and calls there, and what its commands leave behind."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain
from urllib.parse import parse_qsl

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._injected import is_request, runs_for_others
from tuheg_ir.diagnosis.rules._passed_to import passed_on_to, passed_to
from tuheg_ir.diagnosis.rules._robbed import dumped
from tuheg_ir.diagnosis.rules._sent_away import CLIENT
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import speaks_of, times_near
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.programs import image_name
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_PLANTED = late(
    r"\b(?:GET|POST) "
    r"(?=/[^\s?]*\b(?:uploads?|media|files|images|avatars|attachments|userfiles|tmp|custom_options)/)"
    r"(?P<path>/[^\s?]+\.(?:php\d?|phtml|phar|jspx?|aspx?|ashx|cfm|cgi))(?:\?(?P<query>[^\s\"]*)|\s)",
    re.IGNORECASE,
)
"""A request for a script in a folder that a site keeps for what its users send: nothing is run from there.

The folder is looked for ahead: one pattern for both would try each folder with each end, and who asks may write many.
"""
_SCRIPTS = (".php", ".phtml", ".phar", ".jsp", ".asp", ".ashx", ".cfm", ".cgi")
FEW = 2
"""A page of a site is asked for by many; what an intruder has put there only he knows."""
CROWD = 5
"""So many others ask the same program for other things, or few clients say nothing."""
_TAKEN = late(
    r"\b(?:stored|saved|uploaded|upload(?:ing)?|received|accepted|moved|wrote|written|attached|imported)\b",
    re.IGNORECASE,
)
"""How a program tells that it took a file in."""
_REFUSED = late(
    r"\b(?:rejected|refused|denied|blocked|forbidden|quarantined|deleted|discarded|removed|not (?:\w{1,20} )?"
    r"(?:stored|saved|uploaded|accepted))\b",
    re.IGNORECASE,
)
_TOOL = (
    "netstat|ifconfig|whoami|uname|id|ps|ss|cat|ls|find|nc|ncat|curl|wget|tar|base64|chmod|mysqldump|mariadb-dump|"
    "pg_dump(?:all)?|mongodump|python3?|perl|crontab|kubectl|nmap"
)
_SHELL = late(rf"(?:^|[\s\"'])(?:(?:/\w+)*/)?(?:(?:ba|da|a|z)?sh: (?:(?:line )?\d+: )?)?({_TOOL}): [\w(\[/'-]")
"""How tools of a shell begin what they complain of."""
_TOOLS = (
    *("netstat: ", "ifconfig: ", "whoami: ", "uname: ", "id: ", "ps: ", "ss: ", "cat: ", "ls: ", "find: ", "nc: "),
    *("curl: ", "wget: ", "tar: ", "base64: ", "chmod: ", "dump: ", "dumpall: ", "python: ", "python3: ", "perl: "),
    *("crontab: ", "kubectl: ", "nmap: ", "ncat: "),
)
AT_ONCE = timedelta(seconds=30)
"""A command that complains so near to a request was run by it."""
TOGETHER = 2
"""One command may be the site's own."""
_COMMAND = late(
    rf"\s*(?:/(?:\w+/)*)?(?:{_TOOL}|env|printenv|pwd|hostname|nproc|nohup|echo|cp|mv|rm|mkdir|(?:ba|da|a|z)?sh|df"
    r"|psql|mysql|mariadb|mongo(?:sh)?|redis-cli|sqlite3|socat|openssl|busybox)"
    r"(?P<more>\s+(?:[-+/~.\d]|https?:)|\s*[;|&<>]|\s*$)"
)
"""A field of a request that is a command: its name alone, which may be a field's own word, or more of a line."""
COMMANDS = 3
"""So many commands, answered in as many lengths, were run: a page that is shown for all that is not there has one."""
WIDE = 2
"""Such a page that repeats what it was asked for is longer by that; what commands print differs by this factor."""
_LENGTH = late(
    r"(?<!\\)\"(?:(?:body_)?bytes(?:_?sent)?|size|(?:Downstream|Origin)ContentSize)\": ?\"?"
    r"(?P<sent>[1-9]\d{0,11})(?![\d.])",
    re.IGNORECASE,
)
"""How long an answer was, in a log of JSON; quotes in what the asker wrote are escaped there."""
_LENGTH_AFTER = late(
    r"[^\"]*(?<!\\)\" [1-5]\d\d "
    r"(?:(?:-|[A-Z]{2,9}(?:,[A-Z]{2,9}){0,4}) (?:\S{1,99} \S{1,99} \"[^\"]{0,200}\" )?\d{1,12} )?"
    r"(?P<sent>[1-9]\d{0,11})(?![\d.])"
)
"""The same where a status and it follow the quote that ends the request; Envoy tells flags and what came in before."""
_FRONTS = frozenset(
    {"nginx", "nginx-unprivileged", "openresty", "haproxy", "envoy", "traefik", "kong", "caddy", "varnish"}
)
"""Images that as they are run no script: they pass on who asks for one. Those made of them may: php-nginx."""


class _Call(NamedTuple):
    """An answered request for a script; ``to``: the other workload that it was passed on to, "" if none is told."""

    pod: str
    line: str
    at: datetime
    client: str
    path: str
    to: str


def planted(view: View, workload: Workload) -> Iterator[tuple[float, Evidence]]:
    """Yield that one client calls a script among the uploads, that it obeys, that shells complain, and of dumps.

    A site may run a script, a command or a dump of its own; that they come of such calls is nobody's design.
    """
    if runs_for_others(workload) or _only_passes_on(workload):
        return
    asked = _asked(view, workload)
    if not asked or _passed_on(view, workload, asked[0].path):
        return
    pod, line = asked[0].pod, asked[0].line
    fact = f"{len(asked)} requests of one client ran a script among the uploads: {line}"
    obeyed = _obeyed(asked)
    # Scanners ask for scripts with commands everywhere; few of them send to one and are answered.
    yield 0.35 if obeyed or _sent_to(asked) else 0.2, Evidence("logs", f"Pod/{pod}", fact, stamp(line))
    if obeyed:
        fact = f"it runs what it is told to: {' | '.join(obeyed)[:240]}"
        yield 0.6, Evidence("logs", f"Pod/{pod}", fact, stamp(line))
    if brought := _brought(view, workload, asked[0].path, asked):
        yield 0.2, Evidence("logs", workload.ref, f"it took that script in: {brought[:240]}", stamp(brought))
    times = [each.at for each in asked]
    told = [each for each in _complaints(view, workload) if any(abs(each[3] - at) <= AT_ONCE for at in times)]
    if len({tool for _, tool, _, _ in told}) >= TOGETHER:
        pod, _, line, at = told[0]
        tools = ", ".join(dict.fromkeys(tool for _, tool, _, _ in told))
        yield 0.6, Evidence("logs", f"Pod/{pod}", f"commands complain just then ({tools}): {line}", at)
    for server, each in dumped(view, workload, min(times)):
        yield 0.3, Evidence("logs", server.ref, f"{workload.name} dumps tables: {each.text[:240]}", each.at)
        return


def _asked(view: View, workload: Workload) -> list[_Call]:
    """Return the answered requests for a script among the uploads, in the order of time; [] where many ask for it.

    Servers in front tell of them as well, and alone where the program logs no requests.
    """
    own = {pod.name for pod in workload.pods}
    by_path: dict[str, list[_Call]] = defaultdict(list)
    for each in _calls(view):
        if workload.ref == (each.to or view.owner_of(each.pod)):
            by_path[each.path].append(each)
    for path, every in by_path.items():
        by = {each.client for each in every}
        calls = [each for each in every if each.pod in own] or every
        ordered = _sent_to(calls) or any(_commands(each.line) for each in calls)
        if ordered and len(by) <= FEW and (_crowded(view, workload, by) or _brought(view, workload, path, calls)):
            return sorted(calls, key=lambda each: each.at)
    return []


@once_a_view
def _calls(view: View) -> tuple[_Call, ...]:
    """Return the answered requests for scripts among uploads that all logs tell of."""
    return tuple(
        _Call(log.pod, line, at, client[0], script["path"], passed_to(view, log.pod, line, at))
        for log in view.logs
        if speaks_of(log, _SCRIPTS)
        for line in log.lines
        if (script := _PLANTED.search(line)) and 200 <= status_of(line) < 300
        if (at := stamp(line)) is not None and (client := CLIENT.search(line))
    )


def _crowded(view: View, workload: Workload, by: Collection[str]) -> bool:
    """Tell whether many others ask the same program."""
    own = (line for log in view.logs_of(workload.pods) for line in log.lines)
    lines = chain(own, passed_on_to(view, workload))
    return len({found[0] for line in lines if (found := CLIENT.search(line))}.difference(by)) >= CROWD


def _brought(view: View, workload: Workload, path: str, calls: Sequence[_Call]) -> str:
    """Return the line by which a workload tells that it took the script in, of nobody else, before it was asked for."""
    name, by = path.rpartition("/")[2], {each.client for each in calls}
    word, first = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])"), min(each.at for each in calls)
    for log in view.logs_of(workload.pods):
        for line in log.lines if speaks_of(log, (name.lower(),)) else ():
            at, whose = stamp(line), CLIENT.search(line)
            told = at is not None and at <= first and not is_request(line) and word.search(line) is not None
            if told and (whose is None or whose[0] in by) and _TAKEN.search(line) and not _REFUSED.search(line):
                return line
    return ""


def _sent_to(calls: Sequence[_Call]) -> bool:
    return any("POST " in each.line for each in calls)


def _commands(line: str) -> list[str]:
    """Return the fields of a request for a planted script that are commands of a shell."""
    script = _PLANTED.search(line)
    fields = parse_qsl(script["query"] or "") if script else []
    return [value for _, value in fields if _COMMAND.match(value)]


def _obeyed(calls: Sequence[_Call]) -> list[str]:
    """Return the commands that a script was told and has run by the length of its answers; [] if it need not have."""
    told = [(command, line) for line in (each.line for each in calls) for command in _commands(line)]
    commands = list(dict.fromkeys(command for command, _ in told))
    sent = {length for _, line in told if (length := _length(line))}
    lines = [found for command in commands if (found := _COMMAND.match(command)) and found["more"].strip()]
    if not lines or min(len(commands), len(sent)) < COMMANDS or max(sent) < WIDE * min(sent):
        return []
    return commands


def _length(line: str) -> int:
    """Return how long the answer to a request for a planted script was; 0 of what is empty or not told.

    Only what the server wrote counts: the asker may put any number into an address, a referer or an agent.
    """
    script = _PLANTED.search(line)
    found = script and (_LENGTH_AFTER.match(line, script.end()) or _LENGTH.search(line))
    return int(found["sent"]) if found else 0


def _only_passes_on(workload: Workload) -> bool:
    """Tell whether a workload runs nothing but servers that pass on who asks for a script."""
    images = [image_name(text(container, "image")) for container in items(workload.template, "spec", "containers")]
    return bool(images) and all(image in _FRONTS for image in images)


def _passed_on(view: View, workload: Workload, path: str) -> bool:
    """Tell whether a workload that this one calls tells of requests for the same script: that one runs it."""
    told = (each for other in view.called(workload.ref) for log in view.logs_of(other.pods) for each in log.lines)
    return any((found := _PLANTED.search(each)) is not None and found["path"] == path for each in told if path in each)


def complains(line: str) -> str:
    """Return the tool of a shell that a line tells complained; "" if none did."""
    tool = _SHELL.search(line)
    return tool[1] if tool and not is_request(line) else ""


def _complaints(view: View, workload: Workload) -> Iterator[tuple[str, str, str, datetime]]:
    """Yield what tools of a shell complain of in a workload's logs: pod, tool, line and time.

    Their words are written as they come, without a time of their own.
    """
    for log in view.logs_of(workload.pods):
        lines = log.lines if speaks_of(log, _TOOLS) else ()
        for line, at in zip(lines, times_near(lines), strict=True):
            if at is not None and (tool := complains(line)):
                yield log.pod, tool, line.strip(), at
