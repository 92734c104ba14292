"""An init container fails, so that the pod's own containers never start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._host_refuses import shut_by
from tuheg_ir.diagnosis.view.crashes import Crash
from tuheg_ir.diagnosis.view.releases import brought_by_release, release_cause, release_evidence
from tuheg_ir.diagnosis.view.stillborn import stopped, stopped_at_the_same
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_ANEW = ("rollback_workload", "isolate_workload")
_SAME = "the template before has the same init container, and nothing that it meets was changed"


def when(view: View) -> Iterator[Match]:
    """Init containers of pods that are not ready end with an error."""
    for workload in view.workloads.values():
        if failed := stopped(view, workload):
            yield _match(view, workload, failed)


def _match(view: View, workload: Workload, failed: Sequence[Crash]) -> Match:
    new = brought_by_release(workload, [crash.pod for crash in failed])
    released = new and not stopped_at_the_same(view, workload)
    names = {crash.container.name for crash in failed}
    shut = None if released else shut_by(view, workload, failed)
    cause = "dependency_failure" if shut else "service_crash"
    hits = [hit for hit in view.hits_of(workload.ref) if hit.container in names]
    return Match(
        component=workload.ref,
        evidence=(
            *(crash.evidence() for crash in failed[:2]),
            *(release_evidence(workload, "image", "command") if released else ()),
            *(shut.told if shut else map(view.hit_evidence, hits[:2])),
            *(view.event_evidence(e) for e in view.events_of(workload.ref, "BackOff")[:1]),
        ),
        certainty=0.75 if released else 0.6 if shut else 0.45,
        root_cause=release_cause(view, workload, failed[0].container.name) if released else cause,
        remedy="rollback_workload" if released else "page_human",
        since=(workload.released_at if released else None) or failed[0].pod.created,
        excludes=excluding(workload.ref, "pods that run could not pass their init container again", *RESTARTS)
        + excluding(workload.ref, "further pods could not pass their init container", "scale_workload")
        + (excluding(workload.ref, _SAME, "rollback_workload") if new and not released else ())
        + (excluding(workload.ref, f"pods made anew would get nothing of {shut.host} either", *_ANEW) if shut else ()),
    )


RULE = Rule(
    name="init_container_fails",
    title="An init container fails",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no init container ended with an error",
    follows=True,
)
