"""Children that a program ends for others since a file had a shell run in its pod, and by whose names no tool goes.

A tool that is killed leaves its own children behind as well: shells and helpers, also in pods where nothing else was.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._injected import Told, told_by_itself
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

KINDS = 2
"""One such tool may be an image's own, as a check of health that looks for its process."""
_NOBODYS = late(
    r"\b(?:unknown|unexpected|stray|foreign|unmanaged|strange|orphan(?:ed)?) (?:child|process|descendant)\b"
    r"|\b(?:child|process|descendant)\b[^\n]{0,60}?\b(?:not (?:started|spawned|forked) by|(?:did not|didn't|never) "
    r"(?:start|spawn|fork)|not (?:ours|of ours))\b",
    re.IGNORECASE,
)
_NAME = late(
    r"(?<![\w-])(?:comm|exe|cmd(?:line)?|command|name|process|program|child)[\"']?(?:\s?[=:]\s?|\s)[\"'(]{0,2}"
    r"(?:/(?:usr/)?s?bin/)?(?:(?P<tool>crontab|pgrep|pkill|killall|chattr|setsid|base64|ncat?|socat)(?![\w.-])"
    r"|(?P<kernel>\[?(?:k(?:swapd|worker/|softirqd/|compactd)\d[\w:/-]{0,20}|kthreadd?|khugepaged|kdevtmpfs|rcu_\w{2,9}"
    r"|migration/\d{1,3})(?![\w.-])\]?))"
)
"""Tools that stay, hide or look for others of their kind; and threads of a kernel, of which no pod has any."""
_WORDS = ("child", "process", "descendant")
_SAID = (
    *("crontab", "pgrep", "pkill", "killall", "chattr", "setsid", "base64", "ncat", "socat", "kswapd", "kworker"),
    *("ksoftirqd", "kcompactd", "kthread", "khugepaged", "kdevtmpfs", "rcu_", "migration/", '"nc"', "=nc"),
)
"""One of these is in a log that names such a child."""


def foreign_children(view: View, workload: Workload, ran: Sequence[Told]) -> Told | None:
    """Return the first child of nobody's that such a tool is, or that hides, in pods where a shell was run before.

    Not where one was told before that, or in a pod where none was run: so it is with every conversion here.
    """
    since = {pod: oldest(each.at for each in ran if each.pod == pod) for pod in {each.pod for each in ran}}
    found: list[tuple[str, bool, Told]] = []
    for log in view.logs_of(workload.pods) if since else ():
        if not (speaks_of(log, _WORDS) and speaks_of(log, _SAID)):
            continue
        for _, each in told_by_itself(log):
            name = _NAME.search(each.line) if _NOBODYS.search(each.line) else None
            if name is None:
                continue
            if not _follows(each, since.get(log.pod)):
                return None
            found.append((name["tool"] or name["kernel"], bool(name["kernel"]), each))
    hides = any(kernel for _, kernel, _ in found)
    if not hides and len({name for name, _, _ in found}) < KINDS:
        return None
    return min((each for _, kernel, each in found if kernel or not hides), key=lambda each: each.at)


def _follows(told: Told, then: datetime | None) -> bool:
    return then is not None and told.at >= then
