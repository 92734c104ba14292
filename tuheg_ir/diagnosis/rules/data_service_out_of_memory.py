"""A database, cache or broker is killed for memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._filled_by import filled_by
from tuheg_ir.diagnosis.rules._heavy_client import heavy_client
from tuheg_ir.diagnosis.rules._helping import behind, not_for, settings_written, spared
from tuheg_ir.diagnosis.rules._past_limit import may_go_back, past_limit
from tuheg_ir.diagnosis.view.complaints import complaints, told
from tuheg_ir.diagnosis.view.programs import DATA, of_role, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import release_evidence
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LATELY = timedelta(hours=24)
_AGAIN = (*RESTARTS, "scale_workload")


def when(view: View) -> Iterator[Match]:
    """A data service was killed for memory within the hour, and no release cut its limit, or lets a client fill it."""
    for workload in of_role(view.workloads, *DATA):
        killed = tuple(_killed(view, workload))
        lines = tuple(h for h in view.hits_of(workload.ref, "killed_process") if view.recent(h.last))
        raised = past_limit(view, workload)
        others = workload.changed("limits") and view.recent(workload.released_at, LATELY) and raised is None
        if (not killed and not lines) or others:
            continue
        if filled_by(view, workload) is not None:
            continue  # more memory would fill as well
        callers = behind(view, workload.ref, but=workload.ref)
        said = [
            c
            for c in complaints(view, "connection_refused", "connection_reset", "connection_timeout", "failover")
            if c.about == workload.ref and c.caller != workload.ref
        ]
        since = oldest(e.time for e in killed) or oldest(h.first for h in lines)
        settings = () if raised else settings_written(view, workload, since)
        heavy = None if settings or raised else heavy_client(view, workload)
        back = raised is not None and may_go_back(view, workload)
        helps = "only its former ceiling helps" if back else "only more memory or less use of it helps"
        blamed = settings[0].object if settings else heavy[0].ref if heavy else ""
        yield Match(
            component=blamed or workload.ref,
            evidence=(
                *((Evidence("objects", workload.ref, raised.told(), workload.released_at),) if raised else ()),
                *settings,
                *(heavy[1] if heavy else ()),
                *killed[:2],
                *(view.hit_evidence(h) for h in lines[:1]),
                *_share(view, workload),
                *told(view, said, 2),
                *(release_evidence(workload, "command", "env") if raised else ()),
            ),
            certainty=0.85,
            root_cause="configuration_error" if settings or raised else "",
            remedy="rollback_workload" if back else "",
            since=since,
            explains=(
                *(ref for ref in callers if ref != blamed),
                *((workload.ref,) if blamed else ()),
                *(spared(view, workload.ref) if role(workload) == "cache" else ()),
            ),
            excludes=(
                *not_for(
                    (ref for ref in callers if ref != blamed),
                    f"{workload.ref} is killed for memory: nothing done to its callers mends it",
                ),
                *not_for((heavy[0].ref,) if heavy else (), "it would send the same statement again", _AGAIN),
                *not_for(
                    (workload.ref,),
                    f"it was started again already; {helps}",
                    (*_AGAIN, "restart_connection_pool", *(() if back else ("rollback_workload",))),
                ),
            ),
        )


def _killed(view: View, workload: Workload) -> Iterator[Evidence]:
    for pod in workload.live:
        for container in pod.containers:
            ended = container.ended
            if ended and container.killed_for_memory and (ended.at is None or view.recent(ended.at)):
                fact = f"{container.name} was killed for memory, {container.restarts} restarts"
                yield Evidence("objects", f"Pod/{pod.name}", fact, ended.at)


def _share(view: View, workload: Workload) -> Iterator[Evidence]:
    for pod in workload.live:
        peak = view.figures.peak("memory_share", pod=pod.name)
        if peak is not None and peak >= 0.9:
            yield Evidence("metrics", f"Pod/{pod.name}", f"up to {peak:.0%} of its memory limit was used")


RULE = Rule(
    name="data_service_out_of_memory",
    title="A database, cache or broker is killed for memory",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no data service was killed for memory",
)
