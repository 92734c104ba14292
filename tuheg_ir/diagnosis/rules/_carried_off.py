"""Tables that a shell of a database copies out of a program's own pod, while a tool of a shell sends to a bare address.

A program asks by its driver and sends by its library. What other tools write into its log, they write as its children;
a colleague's shell beside it writes nothing there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rules._injected import runs_code
from tuheg_ir.diagnosis.rules._robbed import EVER, by_hand, dumped
from tuheg_ir.diagnosis.rules._shells import calls_a_shell
from tuheg_ir.diagnosis.rules._tools_speak import WORDS, reaches, sends
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.view.logs import speaks_of, times_near
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

_CARRIES = late(r"back-?up|export|archiv|\bdump|replicat|\bsync|\betl\b|migrat|feed|report|transfer", re.IGNORECASE)
"""Programs that are made to take data out."""
_NEXT = 12
"""So many lines after it reached somebody a tool tells what it sends."""


def carried_off(view: View, workload: Workload) -> Iterator[tuple[float, Evidence, bool]]:
    """Yield that tables are copied out of a program's pod by hand, and something is sent to a bare address from there.

    Only where it serves requests and none of its like does so: else it may be its work. A person has to judge, where
    nothing else tells of a thief.
    """
    if runs_code(workload) or workload.kind in BATCH or _CARRIES.search(workload.name):
        return
    logs = [log for log in view.logs_of(workload.live, previous=False) if speaks_of(log, WORDS)]
    sent = [found for log in logs if (found := _sent(log)) is not None]
    pods = {evidence.object for evidence in sent}
    if not sent or (len(pods) > 1 and len(pods) == len(workload.live)) or calls_a_shell(view, workload):
        return
    for server, copy in dumped(view, workload, EVER):
        if by_hand(copy):
            fact = f"tables are copied out from {workload.name} by a shell of the database: {copy.text[:240]}"
            yield 0.3, Evidence("logs", server.ref, fact, copy.at), True
            yield 0.4, sent[0], True
            return


def _sent(log: Log) -> Evidence | None:
    """Return that a tool reached a bare address and sent something there, from a program that answers requests."""
    if sum(status_of(line) > 0 for line in log.lines) < OFTEN:
        return None
    for number, (line, at) in enumerate(zip(log.lines, times_near(log.lines), strict=True)):
        if not reaches(line):
            continue
        found = next((each for each in log.lines[number : number + _NEXT] if sends(each)), "")
        if found:
            fact = f"a tool of a shell sends to a bare address: {line.strip()} {found.strip()[:200]}"
            return Evidence("logs", f"Pod/{log.pod}", fact, at)
    return None
