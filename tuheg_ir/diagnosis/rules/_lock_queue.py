"""Who waits for a lock still, and for whom, as PostgreSQL's log tells it: once as a wait lasts, and once as it ends.

Behind a row that is locked others queue for the right to be next: their lines name the first of them, who waits too.
When all that a pool may open wait nobody comes any more, and the log has nothing more to tell of it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._database_log import process_of
from tuheg_ir.named import NamedTuple

HELD = late(r"Process(?:es)? holding the lock: ([\d, ]+)\. Wait queue: ([\d, ]+)")
WAITS = late(r"\bprocess (\d+) still waiting for \w*Lock")
_GOT = late(r"\bprocess (\d+) acquired \w*Lock")
ENDED = late(r"\b(?:ERROR|FATAL): |\bdisconnection: |\"error_severity\": ?\"(?:ERROR|FATAL)\"")
_STARTED = late(r"database system is ready to accept|database system was (?:shut down|interrupted)")


class Queue(NamedTuple):
    """Who has told of a wait that has not ended, and of each that waits for whom it does, as it was told last."""

    waiting: frozenset[str]
    behind: dict[str, tuple[str, ...]]

    def heads_of(self, pids: Iterable[str], but: Collection[str]) -> set[str]:
        """Return for whom some processes wait in the end; ``but``: who waits, even if nobody tells for whom."""
        found, todo, seen = set(), list(pids), set[str]()
        while todo:
            pid = todo.pop()
            if pid in seen:
                continue
            seen.add(pid)
            todo += self.behind.get(pid, ())
            if pid not in self.behind and pid not in but:
                found.add(pid)
        return found


def pids_in(listed: str) -> list[str]:
    """Return the processes of a list."""
    return re.findall(r"\d+", listed)


def queue_in(lines: Sequence[str]) -> Queue:
    """Return who waits for a lock by the end of a log."""
    waiting: set[str] = set()
    behind: dict[str, tuple[str, ...]] = {}
    for line in lines:
        waits, held, got = WAITS.search(line), HELD.search(line), _GOT.search(line)
        if waits:
            waiting.add(waits[1])
        if held:
            behind.update(dict.fromkeys(pids_in(held[2]), tuple(pids_in(held[1]))))
        over = got[1] if got else process_of(line) if ENDED.search(line) else ""
        waiting.discard(over)
        behind.pop(over, None)
        if _STARTED.search(line):
            waiting, behind = set(), {}
    return Queue(frozenset(waiting), behind)
