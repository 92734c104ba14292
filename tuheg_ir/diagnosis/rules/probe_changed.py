"""A template changed a probe, or what the probe asks, and its pods are never ready or are killed by it."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules.crash_later import SUSPECT
from tuheg_ir.diagnosis.view.crashes import probe_kills, unready
from tuheg_ir.diagnosis.view.releases import brought_by_release, healthy_older, release_evidence, releases
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload


def when(view: View) -> Iterator[Match]:
    """A probe that a release changed fails in the release's pods."""
    for workload in view.serving:
        if not workload.changed("probe") or not releases(view, workload, SUSPECT):
            continue
        failed = (*probe_kills(view, workload), *unready(view, workload))
        newest = workload.newest_pods()
        ill = [pod for pod in newest if not pod.ready or pod.restarts]
        if ill and (failed or brought_by_release(workload, ill)):
            yield _match(workload, ill, failed)


def _match(workload: Workload, ill: list[Pod], failed: tuple[Evidence, ...]) -> Match:
    older = healthy_older(workload)
    state = f"{len(ill)} pods of the newest template are not ready or were restarted"
    state += f", {len(older)} of the older one are ready" if older else ""
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("objects", workload.ref, state, workload.released_at),
            *release_evidence(workload, "probe"),
            *failed[:2],
        ),
        certainty=(0.75 if failed else 0.6) - (0.2 if workload.changed("image") else 0.0),
        since=workload.released_at,
        excludes=excluding(workload.ref, "the probe of the newest template fails in every pod of it", *RESTARTS),
    )


RULE = Rule(
    name="probe_changed",
    title="A release changed a probe, and it fails",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no release changed a probe that fails",
)
