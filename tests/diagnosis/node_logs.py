"""A node that gives a log of any length, as the embedded cluster does; and logs of a case as they are on a busy one."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tuheg_ir.diagnosis.collector import Target, logs
from tuheg_ir.diagnosis.collector.context import Context
from tuheg_ir.diagnosis.model import Log, Snapshot
from tuheg_ir.diagnosis.view.logs import times_near
from tuheg_ir.sim.answers import Request
from tuheg_ir.sim.controllers.container import Instance
from tuheg_ir.sim.pod_calls import lines_asked

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
EVERY = timedelta(seconds=0.5)
HOUR = timedelta(hours=1)
Line = tuple[datetime, str]


@dataclass
class Node:
    """A node with one log, which it gives as the embedded cluster does; ``fails``: what it says to a long answer.

    ``before``: the log of the container's life before; None if there was none.
    """

    lines: list[Line]
    fails: Exception | None = None
    skew_s: float = 0.0
    asked: list[Mapping[str, Any]] = field(default_factory=list)
    before: list[Line] | None = None

    def get_text(self, path: str, query: Mapping[str, Any], *, timeout_s: float) -> str:  # noqa: ARG002
        self.asked.append(query)
        if self.fails and len(self.asked) > 1:
            raise self.fails
        asked = Request("GET", path, {key: [str(value)] for key, value in query.items()}, {})
        lines = self.before if asked.flag("previous") and self.before is not None else self.lines
        return lines_asked(Instance(NOW, "web", lines), asked, NOW)


def told(node: Node, log: logs.Wanted) -> logs.Told:
    """Read a log of a node."""
    found = logs.read(Context(node, Target("shop"), time.monotonic() + 10), log)
    assert found is not None
    return found


def busy(snapshot: Snapshot) -> Snapshot:
    """Return a snapshot as it is of pods that also tell of each turn of their work, twice a second for an hour."""
    held = {(log.pod, log.container, log.previous): log for log in snapshot.logs}
    pods = snapshot.objects.get("Pod", ())
    names = {pod["metadata"]["name"] for pod in pods}
    read = [log for log in snapshot.logs if log.pod not in names]
    for wanted in logs.wanted(pods):
        log = held.get((wanted.pod, wanted.container, wanted.previous))
        if log is not None:
            lines = _told_of_turns(log, snapshot.taken_at)
            read.append(told(Node(lines), wanted).log if lines else log)
    return replace(snapshot, logs=tuple(read))


def _told_of_turns(log: Log, until: datetime) -> list[Line]:
    """Return the lines of a log with those of its work between; none if its lines bear no time."""
    times = times_near(log.lines)
    own = [(at, line) for at, line in zip(times, log.lines, strict=True) if at is not None]
    if not own or log.previous:
        return own
    begin = max(min(at for at, _ in own), until - HOUR)
    return sorted([*own, *_turns(begin, until)], key=lambda line: line[0])


def _turns(begin: datetime, until: datetime) -> Iterator[Line]:
    for number in range(int((until - begin) / EVERY)):
        at = begin + number * EVERY
        stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        yield at, f"{stamp} DEBUG poll loop turn={number} batch={number * 31 % 40} id={number * 2654435761 % 2**32:08x}"
