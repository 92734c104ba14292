"""How long requests took, by the access log of a service, and what was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.served import any_status_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_TOOK = late(
    r"\b(?P<name>(?:took|elapsed|dur(?:ation)?|latency)(?P<suffix>_?(?:ms|millis|s|sec|seconds))?"
    r"|(?P<thousandths>ms|responseTime)|(?P<seconds>rt|request_time))[\"']?\s*[=:]\s*[\"']?"
    r"(?P<number>\d+(?:\.\d+)?)(?:\s?(?P<unit>ms|s))?\b(?![.:])"
)
"""A time whose unit stands beside it, in its name, or is known of who writes it (nginx, pino)."""
_PATH = late(
    r"\"(?:GET|POST|PUT|PATCH|DELETE|HEAD) (?P<asked>/[^\s\"?]*)"
    r"|\b(?:route|path|uri|url|endpoint)[\"']?\s*[=:]\s*[\"']?(?P<field>/[^\s\"',?]*)",
    re.IGNORECASE,
)
_VARIES = late(r"^[:{<*$]|\d")
"""A part of a path that stands for any: :id, {id}, 4711."""


class Answered(NamedTuple):
    """A request that a line tells of: the pod, the way (path without what varies), how and when it was answered."""

    pod: str
    way: str
    status: int
    seconds: float
    at: datetime | None
    line: str


@once
def answered(view: View, workload: Workload) -> tuple[Answered, ...]:
    """Return the requests of which the logs of a workload's live pods tell the way, the answer and the time."""
    return tuple(_answered(view, workload))


def _answered(view: View, workload: Workload) -> Iterator[Answered]:
    for log in view.logs_of(workload.live, previous=False):
        for line in log.lines:
            seconds = seconds_of(line)
            way = way_of(line) if seconds is not None else ""
            status = any_status_of(line) if way else 0
            if seconds is not None and status:
                yield Answered(log.pod, way, status, seconds, stamp(line), line)


def seconds_of(line: str) -> float | None:
    """Return how many seconds something took by a line; None where it does not tell, or not in which unit."""
    found = _TOOK.search(line)
    if found is None:
        return None
    unit = found["unit"] or (found["suffix"] or "").lstrip("_") or (found["thousandths"] and "ms")
    unit = unit or (found["seconds"] and "s")
    if not unit:
        return None
    return float(found["number"]) / (1000 if unit.startswith("m") else 1)


def way_of(line: str) -> str:
    """Return the path that a line tells of, without what varies; "" for none."""
    found = _PATH.search(line)
    return without_names(found["asked"] or found["field"]) if found else ""


def without_names(path: str) -> str:
    """Return a path with a star for each part that stands for any."""
    return "/".join("*" if _VARIES.search(part) else part for part in path.rstrip("/").split("/")) or "/"
