"""Requests of one session reach pods that do not know it: its way no longer keeps them at the pod that does.

Programs that keep sessions in a process, as long polling does, need who leads to them to send each session to one pod.
Without that each pod is well, and refuses what another one began: the more pods, the more of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for, released_since
from tuheg_ir.diagnosis.rules._kept_sessions import Crossed, crossed, keeps_sessions
from tuheg_ir.diagnosis.rules._onset import BEFORE, near
from tuheg_ir.diagnosis.rules.changed_beside import around
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import Hit, lines_told
from tuheg_ir.diagnosis.view.reading import newest, oldest, ref, text, written
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

TROUBLE = "session_unknown"
OFTEN = 10
"""Fewer are those of people who come back after a night."""
SEVERAL = 2
_WAYS = ("Ingress", "HTTPRoute", "VirtualService", "DestinationRule", "BackendTrafficPolicy", "Service")
"""What may keep sessions together, the outermost first: an edge goes past the Service to its pods."""


def when(view: View) -> Iterator[Match]:
    """Several pods do not know sessions since a way that keeps none together was written, or one pod became more.

    No pod was made anew then: that forgets sessions whatever leads to them. Where a pod was only added, sessions that
    are refused have to be those that another one keeps.
    """
    for workload in view.serving:
        hits = [h for h in view.hits_of(workload.ref, TROUBLE) if not h.previous and fresh(view, h)]
        began = oldest(hit.first for hit in hits)
        if began is None or len({h.pod for h in hits}) < SEVERAL or sum(h.count for h in hits) < OFTEN:
            continue
        ways = _ways(view, workload)
        if not any(near(start, began) for pod in workload.live for start in _starts(pod)):
            wrote = next((each for each in ways if near(written(each), began) and _alone(each, ways)), None)
            if wrote is not None:
                yield _match(view, workload, hits, began, wrote)
        elif (added := _added(workload, began)) and not since_release(workload, began):
            shown = crossed(view, workload, TROUBLE)
            if shown is not None and not any(map(keeps_sessions, ways)):
                yield _of_more(view, workload, hits, began, added, shown)


def _ways(view: View, workload: Workload) -> list[Obj]:
    """Return what leads to a workload and may keep sessions together, the outermost first."""
    found = (each for each in around(view, workload) if text(each, "kind") in _WAYS)
    return sorted(found, key=lambda each: _WAYS.index(text(each, "kind")))


def _alone(way: Obj, ways: Sequence[Obj]) -> bool:
    """Tell whether a way keeps no sessions together, and none further out does that it leaves this to."""
    return not any(keeps_sessions(each) for each in ways[: ways.index(way) + 1])


def _starts(pod: Pod) -> Iterator[datetime | None]:
    yield pod.created
    yield from (each.started_at for each in pod.containers)


def _added(workload: Workload, began: datetime) -> tuple[Pod, ...]:
    """Return the pods that were added to the only one that is older than a trouble, and runs on since long before."""
    older = [pod for pod in workload.live if (at := newest(_starts(pod))) is not None and at < began - BEFORE]
    added = tuple(pod for pod in workload.live if pod not in older)
    new = all(pod.created and pod.created > began - BEFORE for pod in added)
    return added if len(older) == 1 and new and {pod.revision for pod in added} == {older[0].revision} else ()


def _told(hits: Sequence[Hit]) -> Evidence:
    """Return how many sessions how many pods did not know."""
    last = max(hits, key=lambda hit: hit.count)
    pods = len({hit.pod for hit in hits})
    seen = lines_told(last.pod, sum(hit.count for hit in hits), last.line, oldest(hit.first for hit in hits))
    return seen._replace(fact=f"{pods} pods do not know sessions that requests name: {seen.fact}")


def _match(view: View, workload: Workload, hits: Sequence[Hit], began: datetime, wrote: Obj) -> Match:
    """Return that a way was written and parts sessions since."""
    label, shown = ref(wrote), crossed(view, workload, TROUBLE)
    wrote_then = Evidence("objects", label, "it was written, and keeps no session at one pod", written(wrote))
    suffer = behind(view, workload.ref, but=workload.ref)
    newer = released_since(view, suffer, began)
    why = f"since {label} was written requests of one session reach several pods, each of which is well"
    held = tuple(each for each in suffer if each not in newer)
    return Match(
        component=label,
        evidence=(_told(hits), wrote_then, *((shown.told(),) if shown else ())),
        certainty=(0.85 if shown else 0.7) - (0.2 if newer else 0.0),
        since=began,
        explains=(workload.ref, *suffer),
        excludes=(
            *excluding(workload.ref, why, *RESTARTS, "rollback_workload", "scale_workload"),
            *not_for(held, why),
        ),
    )


def _of_more(
    view: View, workload: Workload, hits: Sequence[Hit], began: datetime, added: Sequence[Pod], shown: Crossed
) -> Match:
    """Return that one pod became several, and that nothing that leads to them keeps a session at one."""
    fact = f"{len(added)} pods were added to the one that there was, and no way to them keeps a session at one pod"
    suffer = behind(view, workload.ref, but=workload.ref)
    why = "each of its pods keeps sessions for itself, and requests of one session reach all of them"
    return Match(
        component=workload.ref,
        evidence=(_told(hits), shown.told(), Evidence("objects", workload.ref, fact, oldest(p.created for p in added))),
        certainty=0.7,
        since=began,
        explains=suffer,
        excludes=(
            *excluding(workload.ref, why, *RESTARTS, "rollback_workload", "scale_workload"),
            *not_for(suffer, why, RESTARTS),
        ),
    )


RULE = Rule(
    name="sessions_parted",
    title="Requests of one session reach pods that do not know it",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no several pods refuse sessions since a way to them was written, or since one became more",
)
