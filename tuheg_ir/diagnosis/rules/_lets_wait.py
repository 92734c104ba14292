"""For how long a pool lets wait for a connection: as it tells those whom it refuses, else as it was set up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._raised_pool import OF_OTHERS
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_WAITED = late(
    r"(?:timed out after|timed out, timeout|a connection after|within|timeout of|exceeded after|pool timeout:) "
    r"(?P<long>\d{1,7}(?:\.\d{1,9})?) ?(?P<unit>ms|millis)?"
)
"""How long a pool lets wait, as it tells whom it refuses: Hikari, r2dbc, SQLAlchemy, psycopg, Rails, Prisma."""
_SET = late(
    r"(?P<what>(?<![\w.-])[\w.-]{0,60}?(?:acqui(?:re|sition)|check_?out|borrow|pool)"
    r"(?:[_.-]?(?:conn(?:ection)?|wait)){0,2}[_.-]?(?:time_?out|max_?wait)"
    r"(?:[_.-]?(?:in[_.-]?)?(?P<unit>ms|milli(?:second)?s|s|secs?|seconds))?)"
    r"[\s=:\"']{1,4}(?P<long>\d{1,7}(?:\.\d{1,9})?)(?P<behind>ms|s)?\b",
    re.IGNORECASE,
)
"""The same as settings, or a program's first lines, tell it: `DB_ACQUIRE_TIMEOUT_SECS=30`, `"pool_timeout": "5s"`."""
_OF_NO_POOL = late(r"lock|lease|token|leader|idle|life", re.IGNORECASE)
"""What else is acquired, and waited for, and what else of a pool has a limit."""
_IN_MS = 500
"""Nobody lets wait for so many seconds: a bare number as large as this counts thousandths."""
_FIRST_LINES = 20
"""So early a program tells with what it was set up."""


def lets_wait(view: View, workload: Workload, waits: Sequence[Hit]) -> float | None:
    """Return for how many seconds the pool of a workload lets wait; None if nothing tells, or not all agree."""
    if told := next((long for hit in waits if (long := _limit(hit.line))), None):
        return told
    logs = view.logs_of(workload.live, previous=False)
    lines = (line for log in logs for line in log.lines[:_FIRST_LINES])
    return _agreed(f"{key}={value}" for key, value in view.graph.settings(workload)) or _agreed(lines)


def _limit(line: str) -> float | None:
    """Return for how many seconds a pool lets wait, as a line tells."""
    found = _WAITED.search(line)
    return float(found["long"]) / (1000 if found["unit"] else 1) if found else None


def _agreed(told: Iterable[str]) -> float | None:
    said = (each for line in told for each in _SET.finditer(line))
    found = {_seconds(e) for e in said if not OF_OTHERS.search(e["what"]) and not _OF_NO_POOL.search(e["what"])} - {0.0}
    return found.pop() if len(found) == 1 else None


def _seconds(told: re.Match[str]) -> float:
    unit, number = (told["unit"] or told["behind"] or "").lower(), float(told["long"])
    return number / 1000 if unit.startswith("m") or (not unit and number >= _IN_MS) else number
