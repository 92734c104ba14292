"""Which kinds of lines a log holds, whatever their level: two builds of a program differ in what they tell at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.view.logs import times_near
from tuheg_ir.diagnosis.view.marked import kind_of


@dataclass(slots=True)
class Kind:
    """Lines of one kind in the logs of a pod: how many, one of them, when the first and the last came."""

    line: str
    count: int = 0
    first: datetime | None = None
    last: datetime | None = None


def kinds_told(logs: Iterable[Log]) -> Mapping[str, Kind]:
    """Return what lines of a kind have in common -> those lines; requests that are told of are none of them."""
    found: dict[str, Kind] = {}
    for log in logs:
        for line, at in zip(log.lines, times_near(log.lines), strict=True):
            if not line.strip() or status_of(line):
                continue
            each = found.setdefault(kind_of(line), Kind(line.strip()))
            each.count += 1
            each.first = each.first or at
            each.last = at or each.last
    return found
