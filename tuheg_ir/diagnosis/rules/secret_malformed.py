"""A program refuses the value of a Secret itself: it ends with a line break, or holds what no header or address may."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import soon_after
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes

FEW = 3
"""One strange request of a user may have such a header too."""
WEEK = timedelta(days=7)
_TAKEN = late(r"auth|token|key|secret|bearer|basic|cookie|password|credential|://", re.IGNORECASE)
"""What of a request is taken from a Secret."""


def when(view: View) -> Iterator[Match]:
    """A program says that a header or address is malformed, since it started with a Secret that was written before."""
    for workload in view.workloads.values():
        hits = [
            h for h in view.hits_of(workload.ref, "value_malformed") if h.last is None or view.recent(h.last, STILL)
        ]
        first = oldest(h.first for h in hits)
        if (
            sum(h.count for h in hits) < FEW
            or not any(_TAKEN.search(h.line) for h in hits)
            or _released(workload, first)
        ):
            continue
        written = list(_written(view, workload, first))
        if written:
            yield _match(view, workload, hits, written, first)


def _released(workload: Workload, first: datetime | None) -> bool:
    """Tell whether it came with a release, which may have brought the malformed value, or a client that looks at it."""
    came = workload.released_at
    return bool(workload.changes) and soon_after(first, came)


def _written(view: View, workload: Workload, first: datetime | None) -> Iterator[tuple[str, datetime]]:
    """Yield (Secret/name, when) of what the program reads and somebody wrote within days, before it complained."""
    for ref, time in outside_changes(view, workload):
        if ref.startswith("Secret/") and view.recent(time, WEEK) and (first is None or time <= first):
            yield ref, time


def _match(
    view: View, workload: Workload, hits: list[Hit], written: list[tuple[str, datetime]], first: datetime | None
) -> Match:
    last = newest(time for _, time in written)
    newer = [ref for ref, time in written if time == last]
    component = newer[0] if len(newer) == 1 else workload.ref
    reason = "each start reads the same Secret, whichever template reads it: its value has to be written anew"
    return Match(
        component=component,
        evidence=(
            *(view.hit_evidence(hit) for hit in hits[:3]),
            *(Evidence("objects", ref, f"written before; {workload.ref} reads it", time) for ref, time in written[:2]),
        ),
        certainty=0.7,
        since=first,
        explains=behind(view, workload.ref, but=component),
        excludes=not_for((workload.ref,), reason),
    )


RULE = Rule(
    name="secret_malformed",
    title="A program refuses the value of a Secret before it calls anybody",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no program takes the value of a Secret that was written of late for malformed",
)
