"""How many files a program may open, where its template says so: what no longer does leaves it with a node's few."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.workloads import Workload

_UNLIMITED = 1 << 62
_LIMIT = late(
    r"(?:\bulimit\b[ \",]+-[SH]*n|ulimit[-_]n|nofiles?|max[-_. ]?(?:open[-_. ]?)?(?:file[-_. ]?desc\w*|fds?|files)"
    r"|open[-_. ]?files?(?:[-_. ]?limit)?)(?:[-_. ](?:limit|soft|hard|max))?\W{1,6}(?P<many>\d{2,9}\b|unlimited\b)",
    re.IGNORECASE,
)
"""`ulimit -n 65535`, `--ulimit-n 65536`, `--nofile=65536`, MAX_OPEN_FILES, `max_filedescriptors 16384`."""
_OF_FILES = late(r"open files|\bE[MN]FILE\b|file ?desc|\bfds?\b|\bFD limit", re.IGNORECASE)


def of_files(line: str) -> bool:
    """Tell whether a line of who has used something up is about files; sockets are such."""
    return _OF_FILES.search(line) is not None


def lowered(workload: Workload) -> tuple[Change, ...]:
    """Return the changes by which the newest template lets a program open fewer files than the one before.

    Where it says nothing of it any more, what the runtime gives counts: 1024 as a rule, which a new pod gets as well.
    """
    found = workload.changed("command", "env")
    was = max((_most(f"{each.field}={each.before}") for each in found), default=0)
    now = max((_most(f"{each.field}={each.after}") for each in found), default=0)
    return tuple(each for each in found if _most(f"{each.field}={each.before}") == was) if now < was else ()


def _most(said: str) -> int:
    """Return the highest limit that a text sets; 0 if it sets none."""
    many = (each["many"].lower() for each in _LIMIT.finditer(said))
    return max((_UNLIMITED if each == "unlimited" else int(each) for each in many), default=0)
