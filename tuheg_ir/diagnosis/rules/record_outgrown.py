"""One record has grown to the largest that its database keeps: each further write to it is refused, all others are not.

A list in a document gets longer with each thing that happens, a row wider, an indexed text longer, until the database's
own limit, which no setting moves: sixteen megabytes in MongoDB, a page in PostgreSQL and InnoDB. Nobody has to have
released anything for it. Who reads such things from a queue takes the same one again and again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._repeated import Repeated, repeated
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.releases import releases, since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

OFTEN = 5
"""One user with one thing that is too large is refused now and then."""
NEW = timedelta(hours=6)
"""What is told for longer may be a record that nobody misses."""
LATELY = timedelta(hours=48)
"""So long after a release it may be what that writes which filled the record: somebody has to look."""
_TOO_LARGE = late(
    r"\bResulting document after \w+ is larger than \d+|\bBSON document too large\b|\bBSONObjectTooLarge\b"
    r"|\bBsonMaximumSizeExceeded|\bdocument is larger than the maximum size \d|\bobject to insert too large"
    r"|\bBSONObj size: .{0,80} is invalid|\bItem size (?:to update )?has exceeded the maximum allowed size"
    r"|\brow is too big: size \d+, maximum size \d+|\bRow size too large\b"
    r"|\bindex row (?:size \d+ exceeds|requires \d+ bytes, maximum)|\bstring is too long for tsvector\b"
    r"|\btotal size of jsonb \w+ elements exceeds the maximum|\barray size exceeds the maximum allowed\b"
    r"|\bDocument contains at least one immense term\b|\bstring exceeds maximum allowed size \(",
    re.IGNORECASE,
)
"""How MongoDB, DynamoDB, PostgreSQL, MySQL, Lucene and Redis tell of it, and clients in several languages."""
_WORDS = (
    *("larger than", "too large", "toolarge", "bsonmaximumsizeexceeded", "bsonobj size", "too big", "too long"),
    *("maximum allowed", "index row", "exceeds the maximum", "immense term"),
)
_FULL = "the record is as large for each pod: who knows the data has to cut it down, or keep it in another way"


def when(view: View) -> Iterator[Match]:
    """A program repeats that one record would be larger than a database keeps, and no release came as that began."""
    for workload in view.serving:
        seen = None if role(workload) in DATA else repeated(view, workload, _TOO_LARGE, _WORDS, OFTEN)
        if seen is not None and not any(since_release(each, seen.since) for each in _around(view, workload)):
            yield _match(view, workload, seen)


def _around(view: View, workload: Workload) -> Iterator[Workload]:
    """Yield a workload, those that it needs and those that call it: any of them may write, or send, more since then."""
    for ref in {workload.ref, *view.graph.needs(workload.ref), *view.graph.callers(workload.ref)}:
        if ref in view.workloads:
            yield view.workloads[ref]


def _match(view: View, workload: Workload, seen: Repeated) -> Match:
    barred = (*RESTARTS, "scale_workload", *(() if releases(view, workload, LATELY) else ("rollback_workload",)))
    return Match(
        component=workload.ref,
        evidence=(seen.told(),),
        certainty=0.6 if view.recent(seen.since, NEW) else 0.4,
        since=seen.since,
        explains=behind(view, workload.ref, but=workload.ref),
        excludes=not_for((workload.ref,), _FULL, barred),
    )


RULE = Rule(
    name="record_outgrown",
    title="One record has grown to the largest that its database keeps",
    root_cause="code_defect",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no program repeats, without a release, that a record is larger than its database keeps",
)
