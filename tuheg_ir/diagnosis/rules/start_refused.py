"""The runtime cannot start a container's program: a wrong command, a missing file, a right that lacks."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.view.releases import brought_by_release, cause_of_release, release_evidence
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Container, Workload

REASONS = ("StartError", "ContainerCannotRun", "RunContainerError", "CreateContainerError")
CODES = (126, 127, 128)


def when(view: View) -> Iterator[Match]:
    """A container's program could not be started at all."""
    for workload in view.workloads.values():
        refused = [(p, c) for p in workload.newest_pods() for c in p.containers if not c.ready and _refused(c)]
        if not refused:
            continue
        pods = [pod for pod, _ in refused]
        released = brought_by_release(workload, pods)
        yield Match(
            component=workload.ref,
            evidence=(
                *(Evidence("objects", f"Pod/{p.name}", _told(c), p.created) for p, c in refused[:2]),
                *(view.event_evidence(e) for e in view.events_of(workload.ref, "Failed", "BackOff")[:2]),
                *(release_evidence(workload, "command") if released else ()),
            ),
            certainty=0.85 if released else 0.7,
            root_cause=_cause(workload, refused[0][1]) if released else "configuration_error",
            remedy="rollback_workload" if released else "page_human",
            since=(workload.released_at if released else None) or pods[0].created,
            excludes=excluding(workload.ref, "the same program would fail to start again", *RESTARTS),
        )


def _refused(container: Container) -> bool:
    if container.state == "waiting" and container.reason in REASONS:
        return True
    ended = container.ended
    return ended is not None and (ended.reason in REASONS or ended.exit_code in CODES)


def _told(container: Container) -> str:
    ended = container.ended
    told = container.message if container.reason in REASONS or ended is None else ended.message
    code = f", exit code {ended.exit_code}" if ended else ""
    return f"{(ended.reason if ended else '') or container.reason}{code}: {told[:200]}".rstrip(": ")


def _cause(workload: Workload, container: Container) -> str:
    if any(c.aspect in ("command", "mounts") and c.container in ("", container.name) for c in workload.changes):
        return "configuration_error"
    return cause_of_release(workload, container.name)


RULE = Rule(
    name="start_refused",
    title="A container's program cannot be started",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no container's program was refused by the runtime",
)
