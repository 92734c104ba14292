"""A release reads another queue than before, in which nothing comes: what is sent waits in the former one."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._keeper import keeper
from tuheg_ir.diagnosis.rules._reads_elsewhere import reads_elsewhere
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence
from tuheg_ir.diagnosis.view.view import View


def when(view: View) -> Iterator[Match]:
    """All readers of a queue left it at the one release of these minutes, and as many came to one that lies empty.

    The former one grows since then. Where the new one is sent anything, or others were released as well, a person
    knows who was to follow whom.
    """
    found = reads_elsewhere(view)
    if found is None or found.reader.returned or not view.alerts:
        return
    reader, broker = found.reader, keeper(view, found.queue)
    suffer = behind(view, broker, but=reader.ref) if broker in view.workloads else ()
    yield Match(
        component=reader.ref,
        evidence=(*found.evidence, *release_evidence(reader)),
        certainty=0.75,
        root_cause=release_cause(view, reader),
        since=found.since,
        explains=(broker, *suffer),
        excludes=(
            *excluding(reader.ref, "it reads the other queue again after a start", *RESTARTS, "scale_workload"),
            *not_for((ref for ref in suffer if ref != broker), f"nothing done to it has {found.queue} read"),
        ),
    )


RULE = Rule(
    name="reads_another_queue",
    title="A release reads another queue, and nobody reads the former one any more",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no queue grows since its readers left for another one at a release",
)
