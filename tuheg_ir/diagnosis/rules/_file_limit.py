"""How many files a program may open, where its template says so: what no longer does leaves it with a node's few."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_UNLIMITED = 1 << 62
_KERNEL_GIVES = 1 << 20
"""More than this no process may ask for as Linux comes (`fs.nr_open`): the whole call is refused, and nothing set."""
_FEW = 1024
"""What the runtime gives as a rule: nobody loses anything who had asked for no more."""
_LIMIT = late(
    r"(?:\bulimit\b[ \",]+-[SH]*n|ulimit[-_]n|nofiles?|max[-_. ]?(?:open[-_. ]?)?(?:file[-_. ]?desc\w*|fds?|files)"
    r"|open[-_. ]?files?(?:[-_. ]?limit)?)(?:[-_. ](?:limit|soft|hard|max))?\W{1,6}(?P<many>\d{2,19}\b|unlimited\b)",
    re.IGNORECASE,
)
"""`ulimit -n 65535`, `--ulimit-n 65536`, `--nofile=65536`, MAX_OPEN_FILES, `max_filedescriptors 16384`."""
_OF_FILES = late(
    r"open files|\bE[MN]FILE\b|file ?desc|\bfds?\b|\bFD limit|\((?:23|24)\)"
    r"|\b(?:errno|errcode|os error)(?:: ?|=| )(?:23|24)\b",
    re.IGNORECASE,
)
_REFUSED = late(
    r"ulimit: .{0,60}(?:cannot modify limit|not permitted|invalid argument|error setting limit)"
    r"|(?:setrlimit|RLIMIT_NOFILE|open[ _]files? limit|max_?open_?files|nofile).{0,80}"
    r"(?:not permitted|denied|failed|refused|invalid argument)"
    r"|(?:failed|unable|cannot|could not|can.t) (?:to )?(?:set|raise|increase|change|modify) .{0,60}"
    r"(?:RLIMIT_NOFILE|open[ _]files?|max_?open_?files|file ?desc|\bFDs?\b|nofile)",
    re.IGNORECASE,
)
"""How a shell, or a program, tells that it may not set how many files it opens."""


def of_files(line: str) -> bool:
    """Tell whether a line of who has used something up is about files; sockets are such."""
    return _OF_FILES.search(line) is not None


def lowered(view: View, workload: Workload) -> tuple[Change, ...]:
    """Return the changes by which the newest template lets a program open fewer files than the one before.

    Where it says nothing of it any more, what the runtime gives counts: 1024 as a rule, which a new pod gets as well.
    So it is where it asks for more than it may: that is refused, and nobody misses it until many ask at once.
    """
    found = workload.changed("command", "env")
    was = max((_most(f"{each.field}={each.before}") for each in found), default=0)
    now = max((_most(f"{each.field}={each.after}") for each in found), default=0)
    if now > was > _FEW and not _granted(view, workload, was, now):
        now = 0
    return tuple(each for each in found if _most(f"{each.field}={each.before}") == was) if now < was else ()


def _granted(view: View, workload: Workload, was: int, now: int) -> bool:
    """Tell whether a program that asks for more files than before got them, or as many as before at least."""
    if (has := may_open(view, workload)) is not None:
        return has >= was
    return not (refused(view, workload) or was <= _KERNEL_GIVES < now)


def may_open(view: View, workload: Workload) -> float | None:
    """Return how many files a process of a workload may open, as is measured; of several the fewest."""
    found = (view.figures.now("pod_files_limit", pod=pod.name) for pod in workload.newest_pods())
    return min((each for each in found if each), default=None)


def given(view: View, workload: Workload) -> tuple[Evidence, ...]:
    """Return what shows how many files a program may open: its own words at its start, and what is measured."""
    has = may_open(view, workload)
    measured = (Evidence("metrics", workload.ref, f"its process may open {has:.0f} files"),) if has is not None else ()
    return (*refused(view, workload), *measured)


def refused(view: View, workload: Workload) -> tuple[Evidence, ...]:
    """Return that pods told at their start that they may not open as many files as they ask for; () if none did."""
    for log in view.logs_of(workload.live):
        if said := next((line for line in log.lines if _REFUSED.search(line)), ""):
            return (Evidence("logs", f"Pod/{log.pod}", f"what it asks for is refused: {said[:160]}"),)
    return ()


def _most(said: str) -> int:
    """Return the highest limit that a text sets; 0 if it sets none."""
    many = (each["many"].lower() for each in _LIMIT.finditer(said))
    return max((_UNLIMITED if each == "unlimited" else int(each) for each in many), default=0)
