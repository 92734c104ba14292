"""A script that somebody put among the uploads of a site and calls there, and what its commands leave behind."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._injected import is_request, runs_for_others
from tuheg_ir.diagnosis.rules._sent_away import PUBLIC
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.answers import status_of
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.statements import statements
from tuheg_ir.diagnosis.view.workloads import Workload

_PLANTED = late(
    r"\b(?:GET|POST) (?P<path>/[^\s?]*\b"
    r"(?:uploads?|media|files|images|avatars|attachments|userfiles|tmp|custom_options)/"
    r"[^\s?]+\.(?:php\d?|phtml|phar|jspx?|aspx?|ashx|cfm|cgi))[?\s]",
    re.IGNORECASE,
)
"""A request for a script in a folder that a site keeps for what its users send: nothing is run from there."""
_SCRIPTS = (".php", ".phtml", ".phar", ".jsp", ".asp", ".ashx", ".cfm", ".cgi")
_FROM = late(rf"(?<![\d./]){PUBLIC}")
"""A client; the version of a browser looks like one."""
FEW = 2
"""A page of a site is asked for by many; what an intruder has put there only he knows."""
CROWD = 5
"""So many others ask the same program for other things, or few clients say nothing."""
_SHELL = late(
    r"(?:^|[\s\"'])(?:(?:/\w+)*/)?(?:(?:ba|da|a|z)?sh: (?:(?:line )?\d+: )?)?"
    r"(netstat|ifconfig|whoami|uname|id|ps|ss|cat|ls|find|nc|ncat|curl|wget|tar|base64|chmod|mysqldump|mariadb-dump|"
    r"pg_dump(?:all)?|mongodump|python3?|perl|crontab|kubectl|nmap): [\w(\[/'-]"
)
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
_DUMP = late(r"SELECT /\*!40001 SQL_NO_CACHE \*/ \* FROM|\bCOPY \S+ (?:\([^)]*\) )?TO stdout\b", re.IGNORECASE)
"""Statements that only a dump of a database sends."""


def planted(view: View, workload: Workload) -> Iterator[tuple[float, Evidence]]:
    """Yield that one client calls a script among the uploads, that shells complain then, and that tables are dumped.

    A site may run a script, a command or a dump of its own; that they come of such calls is nobody's design.
    """
    if runs_for_others(workload):
        return
    asked = _asked(view, workload)
    if not asked:
        return
    pod, line, _ = asked[0]
    fact = f"{len(asked)} requests of one client ran a script among the uploads: {line[:240]}"
    yield 0.35, Evidence("logs", f"Pod/{pod}", fact, stamp(line))
    times = [at for _, _, at in asked]
    told = [each for each in _complaints(view, workload) if any(abs(each[3] - at) <= AT_ONCE for at in times)]
    if len({tool for _, tool, _, _ in told}) >= TOGETHER:
        pod, _, line, at = told[0]
        tools = ", ".join(dict.fromkeys(tool for _, tool, _, _ in told))
        yield 0.6, Evidence("logs", f"Pod/{pod}", f"commands complain just then ({tools}): {line[:200]}", at)
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
        if len(by) <= FEW and len(clients - by) >= CROWD and any("POST " in line for _, line, _ in calls):
            return sorted(calls, key=lambda each: each[2])
    return []


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
