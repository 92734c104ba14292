"""What log lines say, by a table of patterns: which trouble, about which host, how often, since when."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files

import yaml

from tuheg_ir.diagnosis.model import Log, Snapshot
from tuheg_ir.diagnosis.view.reading import parse_moment
from tuheg_ir.diagnosis.view.workloads import Workload

_STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?")
_HOST = re.compile(
    r"(?:https?|postgres(?:ql)?|mysql|redis|amqp|jdbc:\w+|tcp|mongodb)://(?:[^@/\s]*@)?([A-Za-z0-9._-]+)"
    r"|(?:lookup|host(?:name)?|server at|connect(?:ing|ion)? to|dial tcp|resolve|getaddrinfo \w+) \"?([A-Za-z0-9._-]+)"
    r"|\b((?:\d{1,3}\.){3}\d{1,3})(?::\d+)?\b"
)
_LINE_CHARS = 2000
"""No pattern is asked about more of a line than this: a line of megabytes is no message."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A trouble that a container's log tells of: how many lines, one of them, the hosts named in them."""

    trouble: str
    component: str
    pod: str
    container: str
    count: int
    line: str
    hosts: tuple[str, ...]
    first: datetime | None
    last: datetime | None
    previous: bool


@cache
def patterns() -> Mapping[str, re.Pattern[str]]:
    """Return trouble -> pattern, from log_patterns.yml."""
    source = (files("tuheg_ir.diagnosis.view") / "log_patterns.yml").read_text(encoding="utf-8")
    read = yaml.safe_load(source)
    return {trouble: re.compile("|".join(f"(?:{p})" for p in entry["any"]), re.IGNORECASE) for trouble, entry in read.items()}


def hits(snapshot: Snapshot, found: Mapping[str, Workload]) -> tuple[Hit, ...]:
    """Return every trouble that a log tells of."""
    above = {pod.name: ref for ref, workload in found.items() for pod in workload.pods}
    return tuple(hit for log in snapshot.logs for hit in _of(log, above.get(log.pod, f"Pod/{log.pod}")))


def _of(log: Log, component: str) -> Iterator[Hit]:
    lines = [line[:_LINE_CHARS] for line in log.lines]
    for trouble, pattern in patterns().items():
        seen = [line for line in lines if pattern.search(line)]
        if seen:
            times = [time for line in (seen[0], seen[-1]) if (time := stamp(line)) is not None]
            yield Hit(
                trouble=trouble,
                component=component,
                pod=log.pod,
                container=log.container,
                count=len(seen),
                line=seen[-1].strip()[:300],
                hosts=tuple(sorted(set(_hosts(seen)))),
                first=min(times, default=None),
                last=max(times, default=None),
                previous=log.previous,
            )


def stamp(line: str) -> datetime | None:
    """Return the time that a line of a log begins with or holds."""
    found = _STAMP.search(line)
    return parse_moment(found.group().replace(",", ".")) if found else None


def _hosts(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        for found in _HOST.finditer(line):
            host = next((group for group in found.groups() if group), "")
            if host:
                yield host.strip(".").lower()
