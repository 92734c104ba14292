"""A run was killed for memory at each of its tries: the next one dies as well, until somebody gives it more or less."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.view.batch import Failed, failed_runs
from tuheg_ir.diagnosis.view.pods import Container, Pod
from tuheg_ir.diagnosis.view.usage import limit_of
from tuheg_ir.diagnosis.view.view import View


def when(view: View) -> Iterator[Match]:
    """A run failed of late, and each of its pods that is known was killed at its memory limit."""
    for run in failed_runs(view):
        tries = _tries(view, run)
        killed = [(pod, found) for pod in tries if (found := _killed(pod)) is not None]
        # Without a limit of its own it is the node that ran short, and another try elsewhere may be well.
        if not killed or len(killed) < len(tries) or limit_of(view.workloads[run.component], "memory") is None:
            continue
        last = max(killed, key=lambda each: (str(each[0].created), each[0].name))
        yield Match(
            component=run.component,
            evidence=(
                *run.evidence,
                _evidence(*last, len(killed)),
                *(view.hit_evidence(hit) for hit in view.hits_of(run.component, "out_of_memory")[:1]),
            ),
            certainty=0.8,
            since=run.at,
        )


def _tries(view: View, run: Failed) -> list[Pod]:
    """Return the pods of a run that have ended or were started again."""
    mine = [pod for pod in view.workloads[run.component].pods if pod.name.startswith(f"{run.job}-")]
    return [pod for pod in mine if pod.phase == "Failed" or pod.restarts]


def _killed(pod: Pod) -> Container | None:
    return next((each for each in pod.containers if each.killed_for_memory), None)


def _evidence(pod: Pod, container: Container, tries: int) -> Evidence:
    many = "its one try" if tries == 1 else f"each of its {tries} tries that are known"
    ended = container.ended.at if container.ended else None
    return Evidence("objects", f"Pod/{pod.name}", f"{container.name} was OOMKilled, as {many}", ended)


RULE = Rule(
    name="run_out_of_memory",
    title="A Job is killed at its memory limit at each try",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no Job failed of late whose tries were all killed for memory",
)
