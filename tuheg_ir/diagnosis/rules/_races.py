"""Programs whose runtime ends them because two of their threads met at one thing, which nothing kept apart.

No one message and no setting brings that about: it takes two requests at one moment, and so may first come hours after
a release of the night, with the load of the day. A template before that bore whole days of it had no such fault.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.crashes import Crash
from tuheg_ir.diagnosis.view.releases import releases, served_long
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes

_A_DAY = timedelta(days=1)
"""A template that is younger has not met all hours of a day."""
_LAST = timedelta(minutes=1)
"""What a program tells so much later it told after the fault, and did not end by it."""
SIGNALS = (137, 143)
"""Exit codes of what SIGKILL and SIGTERM end."""
_TAIL = 2000
"""So many last lines hold a runtime's last words, and the stacks of all its threads."""
_RACED = late(
    r"\bfatal error: (?:concurrent map (?:writes|read and|iteration and)|sync: \w+ of unlocked)"
    r"|\bpanic: (?:sync: (?:negative WaitGroup|WaitGroup)|(?:send on|close of) closed channel)"
    r"|\b(?:dictionary|Set|OrderedDict|deque) (?:changed size|mutated|keys changed) during iteration"
    r"|\bConcurrentModificationException\b|can't add a new key into hash during iteration"
    r"|non-concurrent collections must have exclusive access|Collection was modified; enumeration operation",
    re.IGNORECASE,
)
"""How runtimes tell it: of Go, Python, Java, Ruby and .NET."""


def races_under_load(view: View, workload: Workload, ended: Sequence[Crash]) -> bool:
    """Tell whether containers of the code of these hours end again and again by a race, and those before it bore more.

    Not where what they read was written since, or who calls them was released since and may ask more at one moment.
    """
    at = workload.released_at
    again = sum(crash.container.restarts for crash in ended) >= 2
    if at is None or not again or not releases(view, workload, _A_DAY) or not workload.changed("image"):
        return False
    if not served_long(workload, (view.now - at).total_seconds()):
        return False  # it may not have met such a day either
    if any(time > at for _, time in outside_changes(view, workload)):
        return False
    callers = (view.workloads.get(ref) for ref in view.graph.callers(workload.ref) - {workload.ref})
    if any(other and other.changes and other.released_at and other.released_at > at for other in callers):
        return False
    return _all_raced(view, ended)


def _all_raced(view: View, ended: Sequence[Crash]) -> bool:
    """Tell whether a race is the last word of each container that ended and whose last log was read, and of one."""
    if any(crash.container.killed_for_memory or crash.ended.exit_code in SIGNALS for crash in ended):
        return False
    logs = {(log.pod, log.container): log for log in view.logs_of([c.pod for c in ended]) if log.previous}
    read = [log for crash in ended if (log := logs.get((crash.pod.name, crash.container.name)))]
    return bool(read) and all(map(_raced, read))


def _raced(log: Log) -> bool:
    lines = log.lines[-_TAIL:]
    told = [n for n, line in enumerate(lines) if _RACED.search(line[:1000])]
    if not told:
        return False
    upto = [time for line in lines[: told[-1] + 1] if (time := stamp(line))]
    after = [time for line in lines[told[-1] + 1 :] if (time := stamp(line))]
    return not upto or not after or after[-1] - upto[-1] <= _LAST
