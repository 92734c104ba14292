"""A database was upgraded and plans its statements by guesses: nobody has made the statistics that were left behind.

PostgreSQL's upgrade does not carry them over. To go back would set an older server before newer files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import felt, said_by_callers
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.rules._plans_off import plans_off
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import releases, since_release
from tuheg_ir.diagnosis.view.stores import upgraded
from tuheg_ir.diagnosis.view.view import View

_TOLD = late(r"statistics (?:are|were) not transferred|--analyze-(?:in-stages|only)\b", re.IGNORECASE)
DAYS = timedelta(days=4)
"""An upgrade of a weekend is felt on the first day of work."""


def when(view: View) -> Iterator[Match]:
    """Plans of a database that was upgraded are far off in most slow statements, and its clients suffer."""
    for server in of_role(view.workloads, "database"):
        if not upgraded(view, server) or not releases(view, server, DAYS):
            continue
        off = plans_off(view, server)
        callers = behind(view, server.ref, but=server.ref)
        hurts = (*(e for _, e in said_by_callers(view, server.ref)), *(e for ref in callers for e in felt(view, ref)))
        began = oldest(e.time for e in hurts)
        if not off or not hurts:
            continue
        if any(since_release(view.workloads[ref], began) for ref in callers if ref in view.workloads):
            continue  # it may ask in another way than before
        reminded = tuple(_reminded(view))
        change = server.changed("image")[0]
        yield Match(
            component=server.ref,
            evidence=(
                Evidence("objects", server.ref, f"upgraded: {change.told()}", server.released_at),
                Evidence("logs", server.ref, f"{len(off)} plans are far off: {off[-1].node[:240]}", off[0].at),
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


def _reminded(view: View) -> Iterator[Evidence]:
    """Yield that a run tells that statistics are left to be made."""
    runs = [w for w in view.workloads.values() if w.kind == "Job"]
    for run in runs:
        for log in view.logs_of(run.pods):
            for line in log.lines:
                if _TOLD.search(line):
                    yield Evidence("logs", run.ref, line.strip(), stamp(line))


RULE = Rule(
    name="statistics_lost",
    title="A database was upgraded, and plans its statements by guesses since",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no database that was upgraded of late plans far from what its tables hold",
)
