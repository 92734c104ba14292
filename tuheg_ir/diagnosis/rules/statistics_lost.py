"""A database was upgraded and plans its statements by guesses: nobody has made the statistics that were left behind.

PostgreSQL's upgrade does not carry them over. To go back would set an older server before newer files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import felt, said_by_callers
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import releases, since_release
from tuheg_ir.diagnosis.view.stores import upgraded
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_PLAN = late(r"\bplan:\s*$")
_NODE = late(r"\b(?:Scan|Join|Loop)\b.*\(cost=\S+ rows=(\d+) .*\(actual (?:time=\S+ )?rows=(\d+)(?:\.\d+)? loops=\d+\)")
_STOPS_EARLY = late(r"->\s+Limit\b|^\s*Limit\b")
_TABLE = late(r"\bScan (?:using \S+ )?on (?:\w+\.)?\"?(\w+)")
_MADE = late(r"automatic (?:vacuum and )?analyze of table \"(?:\w+\.)*(\w+)\"")
_TOLD = late(r"statistics (?:are|were) not transferred|--analyze-(?:in-stages|only)\b", re.IGNORECASE)
FAR = 100
"""A plan that is so many times off was made without knowing the table."""
MANY = 5
DAYS = timedelta(days=4)
"""An upgrade of a weekend is felt on the first day of work."""


def when(view: View) -> Iterator[Match]:
    """Plans of a database that was upgraded are far off in most slow statements, and its clients suffer."""
    for server in of_role(view.workloads, "database"):
        if not upgraded(view, server) or not releases(view, server, DAYS):
            continue
        plans = list(_plans(view, server))
        off = [(at, node, tables) for at, node, tables in plans if node and not tables & _made(view, server)]
        callers = behind(view, server.ref, but=server.ref)
        hurts = (*(e for _, e in said_by_callers(view, server.ref)), *(e for ref in callers for e in felt(view, ref)))
        began = oldest(e.time for e in hurts)
        if len(off) < MANY or 2 * len(off) < len(plans) or not hurts:
            continue
        if any(since_release(view.workloads[ref], began) for ref in callers if ref in view.workloads):
            continue  # it may ask in another way than before
        reminded = tuple(_reminded(view))
        change = server.changed("image")[0]
        yield Match(
            component=server.ref,
            evidence=(
                Evidence("objects", server.ref, f"upgraded: {change.told()}", server.released_at),
                Evidence("logs", server.ref, f"{len(off)} plans are far off: {off[-1][1][:240]}", off[0][0]),
                *reminded[:1],
                *hurts[:3],
            ),
            certainty=0.7 if reminded else 0.6,
            since=began,
            explains=callers,
            excludes=not_for(
                (server.ref, *callers), f"{server.ref} plans by guesses until its tables are analyzed", ON_CALLERS
            ),
        )


def _plans(view: View, server: Workload) -> Iterator[tuple[datetime | None, str, set[str]]]:
    """Yield the plans of slow statements: when, the first part that is far off ("": none), the tables that are read.

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


def _judged(block: list[str]) -> tuple[datetime | None, str, set[str]]:
    early = any(_STOPS_EARLY.search(line) for line in block)
    off = next((line.strip() for line in block if not early and _far_off(line)), "")
    return stamp(block[0]), off, {found[1] for line in block if _far_off(line) and (found := _TABLE.search(line))}


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


def _reminded(view: View) -> Iterator[Evidence]:
    """Yield that a run tells that statistics are left to be made."""
    runs = [w for w in view.workloads.values() if w.kind == "Job"]
    for run in runs:
        for log in view.logs_of(run.pods):
            for line in log.lines:
                if _TOLD.search(line):
                    yield Evidence("logs", run.ref, line.strip()[:240], stamp(line))


RULE = Rule(
    name="statistics_lost",
    title="A database was upgraded, and plans its statements by guesses since",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no database that was upgraded of late plans far from what its tables hold",
)
