"""Requests fail since a feature flag was changed, or since a date in settings came, and no template changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._dates import dates_come
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View

BEFORE = timedelta(minutes=1)
AFTER = timedelta(minutes=5)
"""Programs read their flags again that soon."""


def when(view: View) -> Iterator[Match]:
    """What users feel began in the minutes after a flag changed, by a log, or in the minute of a date in settings."""
    changed = [hit for hit in view.hits if hit.trouble == "flag_changed" and hit.last is not None]
    for workload in view.serving:
        felt = list(troubles(view, workload.ref))
        began = oldest(since for _, since in felt)
        flags = [hit for hit in changed if began is not None and _with(hit, began)]
        told = [*map(view.hit_evidence, flags[:2]), *dates_come(view, workload, began)]
        own = view.hits_of(workload.ref, "code_crash", "configuration_missing", "schema")
        if not told or not own or since_release(workload, began):
            continue
        yield Match(
            component=workload.ref,
            evidence=(
                *told,
                *(seen for seen, _ in felt[:2]),
                view.hit_evidence(own[0]),
            ),
            certainty=0.65,
            since=began,
            explains=behind(view, workload.ref, but=workload.ref),
            excludes=(
                *excluding(workload.ref, "new processes read the same settings", *RESTARTS),
                *excluding(workload.ref, "an older template reads the same settings", "rollback_workload"),
            ),
        )


def _with(hit: Hit, began: datetime) -> bool:
    times = [time for time in (hit.first, hit.last) if time is not None]
    return any(-BEFORE <= began - time <= AFTER for time in times)


RULE = Rule(
    name="flag_changed",
    title="Requests fail since a feature flag was changed, or a date in settings came",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no flag changed, and no date in settings came, as the trouble began",
)
