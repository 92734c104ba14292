"""Whom of the namespace a line speaks of by name alone, as programs do that wrap the errors of their own clients."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from tuheg_ir.diagnosis.model import Snapshot
from tuheg_ir.diagnosis.view.reading import name
from tuheg_ir.diagnosis.view.workloads import Workload

_OF_PEERS = ("upstream_failure", "connection_refused", "connection_timeout", "connection_reset")
"""Troubles that one has with somebody else."""


class Names:
    """The names of workloads and Services, to be found where a line says `name: what went wrong`."""

    def __init__(self, snapshot: Snapshot, found: Mapping[str, Workload]) -> None:
        known = {workload.name for workload in found.values()} | {name(each) for each in snapshot.of("Service")}
        words = "|".join(map(re.escape, sorted(known - {""}, key=len, reverse=True)))
        self._spoken = re.compile(
            rf"(?:^|[\s\"'(\]])({words})(?: (?:GET|HEAD|POST|PUT|PATCH|DELETE) \S+)?: ", re.IGNORECASE
        )
        self._any = bool(words)

    def spoken_of(self, trouble: str, lines: Iterable[str]) -> Iterator[str]:
        """Yield the names that some lines give to whom they have a trouble with."""
        if self._any and trouble in _OF_PEERS:
            yield from (found[1].lower() for line in lines for found in self._spoken.finditer(line))
