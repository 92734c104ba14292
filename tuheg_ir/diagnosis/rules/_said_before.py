"""Errors that a release only passes on: the database that it asks had told the same, in its own log, before it came."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._tried_before import amid, tried_before
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.marked import marked
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.releases import AMID, BEFORE
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_ERROR = late(r"\b(?:ERROR|FATAL|PANIC):\s+(.+?)(?: at character \d+)?$")
"""How PostgreSQL, and who speaks as it does, tells of an error, which its client is told in the same words."""
_OF_CLIENTS = late(
    r"duplicate key|violates|syntax error|does not exist|already exists|deadlock|canceling|invalid|out of range"
    r"|serialize|permission denied|division by zero|null value|terminating|too (?:many|long)|authentication|not-null"
    r"|read-only|cannot be cast|must (?:appear|be)|ambiguous|malformed|could not obtain lock|unterminated|missing"
    r"|mismatch|current transaction|no (?:such|partition|unique)|not (?:supported|allowed)|cannot execute"
    r"|more than one|expected|pgsql_tmp|temporary file|temp_file_limit|connection slots|more expressions|but expression"
    r"|\bcannot (?!assign)|\b(?:operator|function|parameter|subquery|aggregate)s?\b|stack depth|out of shared memory",
    re.IGNORECASE,
)
"""What a database tells of what it was asked: each client has some of these, and a release may have many more."""
_VARIES = late(r"\"[^\"]*\"|\d+")
_PART, _LONG = 12, 20
"""Shorter words are no sign, nor is a message of fewer letters in all: others have the same."""
_MOST = 50
"""So many messages are looked for, those first that were told most."""
_MOSTLY = 0.5
"""So large a share of what a program repeats most has to pass it on."""


@once
def said_before(view: View, workload: Workload) -> tuple[Evidence, ...]:
    """Return the errors of a database, told before a workload's release came, that its new pods mostly pass on now."""
    found = _told_before(view, workload)
    if not found:
        return ()
    logs = view.logs_of(workload.newest_pods(), previous=False)
    lines = [line for log in logs for line in log.lines]
    most = max(OFTEN, _MOSTLY * max((each.count for each in marked(view, workload)), default=0))
    return tuple(each for message, each in found.items() if sum(_passes_on(line, message) for line in lines) >= most)


def _told_before(view: View, workload: Workload) -> Mapping[tuple[str, ...], Evidence]:
    """Return the errors that a database told within a day before a workload's release, those first that it told most.

    Not what began with an earlier try of it, that was taken back: this one may bring the same.
    """
    came = workload.released_at
    if came is None or not workload.changes:
        return {}
    tried = tried_before(view, workload)
    found: dict[tuple[str, ...], Evidence] = {}
    counts: Counter[tuple[str, ...]] = Counter()
    databases = of_role(view.workloads, "database")
    called = [each for each in databases if each in view.called(workload.ref)]
    for store in called or (databases if len(databases) == 1 else ()):
        for message, line in _errors(view, store):
            at = stamp(line)
            if at is None or not came - AMID <= at < came + BEFORE or amid(tried, at):
                continue
            found.setdefault(message, Evidence("logs", store.ref, line.strip(), at))
            counts[message] += 1
    return {message: found[message] for message, _ in counts.most_common(_MOST)}


def _errors(view: View, store: Workload) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the parts that do not vary of what a database tells of errors that it has itself, each with its line."""
    for log in view.logs_of(store.live):
        for line in log.lines:
            said = _ERROR.search(line) if ": " in line else None
            if said and not _OF_CLIENTS.search(said[1]):
                parts = tuple(part for each in _VARIES.split(said[1]) if len(part := each.strip()) >= _PART)
                if sum(map(len, parts)) >= _LONG:
                    yield parts, line


def _passes_on(line: str, message: tuple[str, ...]) -> bool:
    at = 0
    for part in message:
        at = line.find(part, at)
        if at < 0:
            return False
    return True
