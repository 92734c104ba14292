"""A release left a container beside the program out, and calls that went through it fail since."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import HOURS, behind, not_for
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.complaints import Complaint, began, complaints, told
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

CALLS = ("connection_refused", "connection_reset", "connection_timeout", "database_authentication", "certificate")
"""How a call ends that lacks its proxy, or its proxy's certificate."""


def when(view: View) -> Iterator[Match]:
    """A workload's release took a container away, and its newest pods, no older ones, complain of those they call."""
    for workload in view.serving:
        gone = [c for c in workload.changes if c.aspect == "other" and c.field == "container" and not c.after]
        if not gone or workload.returned or not releases(view, workload, HOURS):
            continue
        newest = {pod.name for pod in workload.newest_pods()}
        failed = [c for c in complaints(view, *CALLS) if c.caller == workload.ref]
        if failed and all(c.hit.pod in newest for c in failed):
            yield _match(view, workload, gone, failed)


def _match(view: View, workload: Workload, gone: list[Change], failed: list[Complaint]) -> Match:
    called = sorted({c.about for c in failed if c.about})
    return Match(
        component=workload.ref,
        evidence=(
            *(Evidence("objects", workload.ref, f"released: {c.told()}", workload.released_at) for c in gone[:2]),
            *told(view, failed),
        ),
        # It may have been of no use to the calls that fail: two that do say more.
        certainty=0.75 if len(called) > 1 else 0.6,
        since=began(failed) or workload.released_at,
        explains=behind(view, workload.ref, *called, but=workload.ref),
        excludes=(
            *not_for((workload.ref,), "every new pod lacks the container as well", (*RESTARTS, "scale_workload")),
            *not_for(called, f"{workload.ref} cannot reach it since its own release"),
        ),
    )


RULE = Rule(
    name="proxy_left_out",
    title="A release left out the container through which a program calls others",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no release took a container away whose program cannot call others since",
)
