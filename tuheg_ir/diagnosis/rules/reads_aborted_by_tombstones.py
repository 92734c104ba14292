"""A database aborts reads that come across more deleted rows than it lets any read see.

Cassandra keeps what is deleted as tombstones for days, and each read of their partition passes over them. Whoever asks
is refused: to start anew or to go back takes none away. A person compacts, or lets the rows be asked for otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for, not_their_own
from tuheg_ir.diagnosis.rules._repeated import repeated
from tuheg_ir.diagnosis.view.programs import of_role, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

OFTEN = 5
"""A read of all there is, by hand or by a run, is aborted once or twice, and nobody misses it."""
_ABORTED = late(
    r"\bScanned over \d+ tombstones .{0,1000}quer(?:y|ies) aborted|\bTombstoneOverwhelmingException\b"
    r"|\bREAD_TOO_MANY_TOMBSTONES\b",
    re.IGNORECASE,
)
"""How servers of several versions tell of it, and clients that know a server's reason."""
_WORDS = ("tombstone",)
"""What each of these lines holds."""


def when(view: View) -> Iterator[Match]:
    """A database tells again and again that it aborts reads because of tombstones; else those who ask it do."""
    found = ((w.ref, repeated(view, w, _ABORTED, _WORDS, OFTEN)) for w in view.serving)
    told = {ref: each.told() for ref, each in found if each is not None}
    servers = [each.ref for each in of_role(view.workloads, "database") if each.ref in told]
    for ref in servers:
        yield _of_server(view, view.workloads[ref], told[ref], [each for at, each in told.items() if at not in servers])
    for ref, shown in () if servers else told.items():
        if not role(view.workloads[ref]):
            yield _of_client(view, ref, shown)


def _of_server(view: View, server: Workload, shown: Evidence, others: Sequence[Evidence]) -> Match:
    near = not_their_own(view, behind(view, server.ref, but=server.ref), shown.time)
    reason = f"{server.ref} aborts the same reads, whoever asks, until the tombstones are gone"
    return Match(
        component=server.ref,
        evidence=(shown, *others[:2]),
        certainty=0.8,
        since=oldest((shown.time, *(each.time for each in others))),
        explains=near,
        excludes=(
            *not_for(near, reason, ON_CALLERS),
            *not_for(
                (server.ref,),
                "what was deleted lies on its disk: neither a start nor another member takes it away",
                (*RESTARTS, "rollback_workload", "scale_workload", "scale_database"),
            ),
        ),
    )


def _of_client(view: View, ref: str, shown: Evidence) -> Match:
    return Match(
        component=ref,
        evidence=(shown,),
        certainty=0.7,
        root_cause="dependency_failure",
        since=shown.time,
        explains=behind(view, ref, but=ref),
        excludes=not_for((ref,), "its database aborts the reads: a new process is refused them as well", RESTARTS),
    )


RULE = Rule(
    name="reads_aborted_by_tombstones",
    title="A database aborts reads that come across too many deleted rows",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no database aborts reads again and again because of tombstones",
)
