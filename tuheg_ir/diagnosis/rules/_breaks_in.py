"""Who has a database's server run commands for him, by hand from a pod, and copies its tables out of there.

An owner has a server unpack files and read the lists that he keeps; poolers and whole dumps look up its users as well.
Nobody but an intruder asks it who it is, and whether it starts a shell, with the login of a program.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._injected import runs_code
from tuheg_ir.diagnosis.rules._knocking import of_the_house
from tuheg_ir.diagnosis.rules._robbed import asked_by, dumped
from tuheg_ir.diagnosis.rules._sent_away import PUBLIC
from tuheg_ir.diagnosis.rules._shells import calls_a_shell
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.programs import DATA, of_role, role
from tuheg_ir.diagnosis.view.statements import statements
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

LATELY = timedelta(hours=1)
"""What was copied longer ago is gone: to cut the pod off keeps nothing back, and a person may ask first."""
_TOOL = (
    r"(?:/(?:usr/)?s?bin/)?(?:(?:id|whoami|uname|hostname|ifconfig|netstat|(?:ba|da)?sh|nc|ncat|busybox|socat|nslookup"
    r"|python[\d.]{0,4}|perl)(?![\w.-])"
    r"|cat /(?:etc/(?:passwd|shadow)|proc/|root/)"
    rf"|(?:curl|wget)\b[^']{{0,200}}?(?:(?<![\d.]){PUBLIC}|\|\s?(?:ba|da)?sh\b))"
)
_COMMAND = late(
    rf"\bCOPY\b.{{1,1000}}?\b(?:TO|FROM) PROGRAM (?:E?'|\$\w{{0,20}}\$)\s?{_TOOL}"
    rf"|\bxp_cmdshell\b.{{0,40}}?'\s?{_TOOL}|\bsys_(?:exec|eval)\s?\(\s?'\s?{_TOOL}"
    r"|\bCREATE\b.{1,200}\bFUNCTION\b.{1,400}\blibc(?:\.so|[-.\d]{1,9})[^\n]{0,40}'system'",
    re.IGNORECASE,
)
"""Statements by which a server is told to run what intruders ask for first."""

_WORDS = (" program ", "xp_cmdshell", "sys_exec", "sys_eval", "libc")


def breaks_in(view: View, workload: Workload) -> Iterator[tuple[float, Evidence, bool]]:
    """Yield that a workload's pods have a database run commands, and whole tables go out to them then.

    A person has to judge where a program asks so by its driver: its user may write statements into what it is sent.
    """
    if workload.kind in (*BATCH, "Pod") or role(workload) in DATA or runs_code(workload):
        return
    for server in _told_to_run(view):
        told = ((each, hand) for each, hand in asked_by(view, server, workload) if _COMMAND.search(each.text))
        asked = next(told, None)
        if asked is None:
            continue
        first, hand = asked
        fact = f"{workload.name} has {server.name} run a command: {first.text[:240]}"
        yield 0.5, Evidence("logs", server.ref, fact, first.at), True
        house = of_the_house(workload) or calls_a_shell(view, workload)
        for robbed, copy in dumped(view, workload, first.at):
            if robbed.ref == server.ref:
                sure = hand and not house and view.recent(copy.at, LATELY)
                fact = f"whole tables go out to {workload.name} since: {copy.text[:240]}"
                yield 0.4, Evidence("logs", server.ref, fact, copy.at), not sure
        return


@once_a_view
def _told_to_run(view: View) -> tuple[Workload, ...]:
    """Return the databases that tell that somebody had them run a command."""
    return tuple(
        server
        for server in of_role(view.workloads, "database")
        if any(speaks_of(log, _WORDS) for log in view.logs_of(server.live))
        and any(_COMMAND.search(each.text) for each in statements(view, server))
    )
