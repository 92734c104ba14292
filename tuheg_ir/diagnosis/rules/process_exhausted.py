"""A process has used up its files, threads or ports: a new one has them all again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._figures import is_well
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import cause_of_release, release_evidence, releases
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.trouble import OFTEN, traffic_growth, troubles

SUSPECT = timedelta(hours=48)
"""A leak may take that long to use everything up."""
LOADED = 1.5


def when(view: View) -> Iterator[Match]:
    """Logs repeat that there are no files, threads or ports left."""
    for workload in view.serving:
        hits = [h for h in view.hits_of(workload.ref, "process_exhausted") if fresh(view, h) and not h.previous]
        if sum(h.count for h in hits) < OFTEN or is_well(view, [workload.ref]):
            continue
        leaks = releases(view, workload, SUSPECT) and bool(workload.changed("image", "env", "command"))
        loaded = (traffic_growth(view, workload.ref) or 1.0) >= LOADED
        person = loaded or keeps_data(view, workload) or is_store(workload)
        yield Match(
            component=workload.ref,
            evidence=(
                *(view.hit_evidence(h) for h in hits[:2]),
                *(seen for seen, _ in troubles(view, workload.ref)),
                *(release_evidence(workload, "image") if leaks else ()),
            ),
            certainty=0.65,
            root_cause=cause_of_release(workload) if leaks else "",
            remedy="page_human" if person else "rollback_workload" if leaks else "",
            since=oldest(h.first for h in hits),
            excludes=() if leaks else excluding(workload.ref, "no release came with it", "rollback_workload"),
        )


RULE = Rule(
    name="process_exhausted",
    title="A process has no files, threads or ports left",
    root_cause="resource_exhaustion",
    remedy="restart_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no log repeats that files, threads or ports are used up",
)
