"""Plans of slow statements that are far off what there was: the database does not know what its tables hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_PLAN = late(r"\bplan:\s*$")
_NODE = late(r"\b(?:Scan|Join|Loop)\b.*\(cost=\S+ rows=(\d+) .*\(actual (?:time=\S+ )?rows=(\d+)(?:\.\d+)? loops=\d+\)")
_LIMIT = late(r"->\s+Limit\b|^\s*Limit\b")
_READS_ALL = late(r"->\s+(?:Sort|\w*Aggregate)\b")
"""What has to see all that is below it before it gives the first row."""
_TABLE = late(r"\bScan (?:using \S+ )?on (?:\w+\.)?\"?(\w+)")
_MADE = late(r"automatic (?:vacuum and )?analyze of table \"(?:\w+\.)*(\w+)\"")
FAR = 100
"""A plan that is so many times off was made without knowing the table."""
MANY = 5


class Off(NamedTuple):
    """A plan that is far off: when it was told, the first part that is so, and the tables that are read there."""

    at: datetime | None
    node: str
    tables: frozenset[str]


def plans_off(view: View, server: Workload) -> list[Off]:
    """Return the plans that are far off, where most are; not of tables whose statistics were made since it started."""
    plans, made = list(_plans(view, server)), _made(view, server)
    off = [each for each in plans if each.node and not each.tables & made]
    return off if len(off) >= MANY and 2 * len(off) >= len(plans) else []


def _plans(view: View, server: Workload) -> Iterator[Off]:
    """Yield the plans of slow statements; ``node`` is "" where none of their parts is far off.

    What is read up to a limit only is no measure of what there is.
    """
    for log in view.logs_of(server.live, previous=False):
        block: list[str] = []
        for line in (*log.lines, ""):
            if block and (stamp(line) is not None or not line):
                yield _judged(block)
                block = []
            if _PLAN.search(line) or block:
                block.append(line)


def _judged(block: Sequence[str]) -> Off:
    early = any(_LIMIT.search(line) and not _READS_ALL.search(_below(block[n + 1 :])) for n, line in enumerate(block))
    off = next((line.strip() for line in block if not early and _far_off(line)), "")
    tables = (found[1] for line in block if _far_off(line) and (found := _TABLE.search(line)))
    return Off(stamp(block[0]), off, frozenset(tables))


def _below(rest: Sequence[str]) -> str:
    """Return the next part of a plan."""
    return next((line for line in rest if "->" in line), "")


def _far_off(line: str) -> bool:
    found = _NODE.search(line)
    if found is None:
        return False
    thought, was = max(int(found[1]), 1), max(int(found[2]), 1)
    return max(thought, was) >= FAR * min(thought, was)


def _made(view: View, server: Workload) -> set[str]:
    """Return the tables whose statistics the database tells that it has made."""
    lines = (line for log in view.logs_of(server.live, previous=False) for line in log.lines)
    return {found[1] for line in lines if (found := _MADE.search(line))}
