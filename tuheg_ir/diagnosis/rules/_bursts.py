"""Who asks for the very same again and again though it was answered, as access logs tell: visits and bursts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.askers import answer_of, of_probe
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.took import without_names
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

APART = timedelta(seconds=5)
"""Who comes back later than that has loaded a page anew, or polls."""
AGAIN, SERVED = 3, 2
"""So often at once, and answered well so often of it: who tries again what failed has one good answer at the end."""
_ASKED = late(
    r"\b(GET|POST|PUT|PATCH|DELETE) (?P<asked>/[^\s\"]*)"
    r"|\b(?:http_?|request_?)?(?:path|uri|url|route|endpoint)[\"']?\s*[=:]\s*[\"']?(?P<field>/[^\s\"',]*)"
)
_WHO = late(
    r"(?<![\w.:/])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]|:\d)"
    r"|\b(?:session|sid|user|uid|visitor|device)(?:_?id)?[\"']?\s*[=:]\s*[\"']?[\w.@-]{3,}",
    re.IGNORECASE,
)
"""What tells one client from another: addresses, that of a proxy as well, and names; no address with a port."""


class Visit(NamedTuple):
    """One client that asks for one thing: when, how often at once, how often it was answered well, the last line."""

    at: datetime
    who: tuple[str, ...]
    times: int
    served: int
    line: str

    @property
    def burst(self) -> bool:
        """Return whether it asked again and again for what it had got."""
        return self.times >= AGAIN and self.served >= SERVED


@once
def visits(view: View, workload: Workload) -> Mapping[str, Sequence[Visit]]:
    """Return path, without what varies -> the visits that the logs of a workload tell of, in the order of time."""
    asked: dict[tuple[str, tuple[str, ...], str], list[tuple[datetime, int, str]]] = {}
    for line in view.lines_of(workload):
        status = answer_of(line)
        what = _ASKED.search(line) if status and not of_probe(line) else None
        at = stamp(line) if what else None
        who = tuple(sorted(set(_WHO.findall(line)))) if at else ()
        if what and at and who:
            target = what["asked"] or what["field"]
            way = without_names(target.partition("?")[0])
            asked.setdefault((way, who, f"{what[1]} {target}"), []).append((at, status, line))
    found: dict[str, list[Visit]] = {}
    for (way, who, _), told in asked.items():
        found.setdefault(way, []).extend(_visits(who, sorted(told)))
    return {way: sorted(each) for way, each in found.items()}


def _visits(who: tuple[str, ...], told: Sequence[tuple[datetime, int, str]]) -> Iterator[Visit]:
    """Yield the visits of one client for one thing: they end where it asks no more for a while."""
    start = 0
    for n in range(1, len(told) + 1):
        if n == len(told) or told[n][0] - told[n - 1][0] > APART:
            part = told[start:n]
            served = sum(status < 400 for _, status, _ in part)
            yield Visit(part[0][0], who, len(part), served, part[-1][2])
            start = n
