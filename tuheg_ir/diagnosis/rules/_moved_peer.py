"""A server that goes by another address now, as its other clients tell: they lost the old one and came to a new one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import ADDRESS
from tuheg_ir.named import NamedTuple

_PEER = late(rf"({ADDRESS.pattern})(?::|[\"')\]]?[\s,(]{{1,3}}(?:on )?port[ =:]{{1,2}})(\d{{2,5}})\b", re.IGNORECASE)
"""An address with its port: `10.0.0.9:5432`, `at "10.0.0.9", port 5432`, `host=10.0.0.9 port=5432`."""
_LOST = late(
    r"refused|timed? ?out|unreachable|no route|reset by|closed|failed|error|lost|terminat|exception", re.IGNORECASE
)
"""Words of a line that tells of no success."""


class Moved(NamedTuple):
    """A server's old and new address and its port; who tells it, in which line, and when."""

    old: str
    new: str
    port: str
    pod: str
    line: str
    at: datetime | None


def moved_peers(log: Log, ours: Collection[str]) -> Iterator[Moved]:
    """Yield the servers that a client lost at one address and has found at another, with the same port, since.

    Addresses of ``ours``, pods and Services, come and go. Who still fails at the new one has not found it.
    """
    lost: dict[str, str] = {}
    found: dict[str, Moved] = {}
    for line in log.lines:
        bad = _LOST.search(line) is not None
        for address, port in _PEER.findall(line):
            if bad:
                lost[port] = address
                found.pop(port, None)
            elif port in lost and address != lost[port] and address not in ours:
                found.setdefault(port, Moved(lost[port], address, port, log.pod, line, stamp(line)))
            elif lost.get(port) == address:
                lost.pop(port)  # it is there again
                found.pop(port, None)
    yield from found.values()


def reaches(log: Log, address: str, port: str) -> bool:
    """Tell whether a log names an address and port in a line that tells of no failure."""
    return any((address, port) in _PEER.findall(line) and not _LOST.search(line) for line in log.lines)
