"""A script that somebody put among the uploads of a site and calls there, and what its commands leave behind."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._injected import is_request, runs_for_others
from tuheg_ir.diagnosis.rules._sent_away import PUBLIC
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.programs import image_name, of_role
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.statements import statements
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

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
_FROM = late(rf"(?<![\d./]){PUBLIC}")
"""A client; the version of a browser looks like one."""
FEW = 2
"""A page of a site is asked for by many; what an intruder has put there only he knows."""
CROWD = 5
"""So many others ask the same program for other things, or few clients say nothing."""
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
    rf"\s*(?:/(?:\w+/)*)?(?:{_TOOL}|env|printenv|pwd|hostname|nproc|nohup|echo|cp|mv|rm|mkdir|(?:ba|da|a|z)?sh)"
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
_LENGTH_AFTER = late(r"[^\"]*(?<!\\)\" [1-5]\d\d (?P<sent>[1-9]\d{0,11})(?![\d.])")
"""The same where a status and it follow the quote that ends the request."""
_FRONTS = frozenset(
    {"nginx", "nginx-unprivileged", "openresty", "haproxy", "envoy", "traefik", "kong", "caddy", "varnish"}
)
"""Images that as they are run no script: they pass on who asks for one. Those made of them may: php-nginx."""
_DUMP = late(r"SELECT /\*!40001 SQL_NO_CACHE \*/ \* FROM|\bCOPY \S+ (?:\([^)]*\) )?TO stdout\b", re.IGNORECASE)
"""Statements that only a dump of a database sends."""


def planted(view: View, workload: Workload) -> Iterator[tuple[float, Evidence]]:
    """Yield that one client calls a script among the uploads, that it obeys, that shells complain, and of dumps.

    A site may run a script, a command or a dump of its own; that they come of such calls is nobody's design.
    """
    if runs_for_others(workload) or _only_passes_on(workload):
        return
    asked = _asked(view, workload)
    if not asked or _passed_on(view, workload, asked[0][1]):
        return
    pod, line, _ = asked[0]
    fact = f"{len(asked)} requests of one client ran a script among the uploads: {line}"
    obeyed = _obeyed(asked)
    # Scanners ask for scripts with commands everywhere; few of them send to one and are answered.
    yield 0.35 if obeyed or _sent_to(asked) else 0.2, Evidence("logs", f"Pod/{pod}", fact, stamp(line))
    if obeyed:
        fact = f"it runs what it is told to: {' | '.join(obeyed)[:240]}"
        yield 0.6, Evidence("logs", f"Pod/{pod}", fact, stamp(line))
    times = [at for _, _, at in asked]
    told = [each for each in _complaints(view, workload) if any(abs(each[3] - at) <= AT_ONCE for at in times)]
    if len({tool for _, tool, _, _ in told}) >= TOGETHER:
        pod, _, line, at = told[0]
        tools = ", ".join(dict.fromkeys(tool for _, tool, _, _ in told))
        yield 0.6, Evidence("logs", f"Pod/{pod}", f"commands complain just then ({tools}): {line}", at)
    yield from _dumped(view, workload, min(times))


def _asked(view: View, workload: Workload) -> list[tuple[str, str, datetime]]:
    """Return the answered requests for a script among the uploads: pod, line and time; [] where many ask for it."""
    lines = [(log.pod, line) for log in view.logs_of(workload.pods) if speaks_of(log, _SCRIPTS) for line in log.lines]
    clients = {found[0] for _, line in lines if (found := _FROM.search(line))}
    by_path: dict[str, list[tuple[str, str, datetime]]] = defaultdict(list)
    for pod, line in lines:
        script = _PLANTED.search(line)
        if script and 200 <= status_of(line) < 300 and (at := stamp(line)) is not None and _FROM.search(line):
            by_path[script["path"]].append((pod, line, at))
    for calls in by_path.values():
        by = {client[0] for _, line, _ in calls if (client := _FROM.search(line))}
        ordered = _sent_to(calls) or any(_commands(line) for _, line, _ in calls)
        if len(by) <= FEW and len(clients - by) >= CROWD and ordered:
            return sorted(calls, key=lambda each: each[2])
    return []


def _sent_to(calls: list[tuple[str, str, datetime]]) -> bool:
    return any("POST " in line for _, line, _ in calls)


def _commands(line: str) -> list[str]:
    """Return the fields of a request for a planted script that are commands of a shell."""
    script = _PLANTED.search(line)
    fields = parse_qsl(script["query"] or "") if script else []
    return [value for _, value in fields if _COMMAND.match(value)]


def _obeyed(calls: list[tuple[str, str, datetime]]) -> list[str]:
    """Return the commands that a script was told and has run by the length of its answers; [] if it need not have."""
    told = [(command, line) for _, line, _ in calls for command in _commands(line)]
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


def _passed_on(view: View, workload: Workload, line: str) -> bool:
    """Tell whether a workload that this one calls tells of requests for the same script: that one runs it."""
    script = _PLANTED.search(line)
    told = (each for other in view.called(workload.ref) for log in view.logs_of(other.pods) for each in log.lines)
    return script is not None and any(
        (found := _PLANTED.search(each)) is not None and found["path"] == script["path"]
        for each in told
        if script["path"] in each
    )


def _complaints(view: View, workload: Workload) -> Iterator[tuple[str, str, str, datetime]]:
    """Yield what tools of a shell complain of in a workload's logs: pod, tool, line and time."""
    for log in view.logs_of(workload.pods):
        for line in log.lines if speaks_of(log, _TOOLS) else ():
            tool = _SHELL.search(line)
            if tool and not is_request(line) and (at := stamp(line)) is not None:
                yield log.pod, tool[1], line.strip(), at


def _dumped(view: View, workload: Workload, since: datetime) -> Iterator[tuple[float, Evidence]]:
    """Yield that a database was asked for whole tables, as a dump does, from a workload's pods since then."""
    mine = {pod.address for pod in workload.live if pod.address}
    for server in of_role(view.workloads, "database"):
        for each in statements(view, server):
            if each.at >= since and _DUMP.search(each.text) and any(f"[{a}]" in each.text for a in mine):
                yield 0.3, Evidence("logs", server.ref, f"{workload.name} dumps tables: {each.text[:240]}", each.at)
                return
