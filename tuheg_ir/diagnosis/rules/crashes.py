"""Containers end with an error, and nothing nearer tells why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._word import word_of
from tuheg_ir.diagnosis.rules.memory_limit_cut import SUSPECT
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.crashes import LATELY, PROVED, Crash, crashes, only_of_newest, probe_kills, ready_for
from tuheg_ir.diagnosis.view.kinds import CODE
from tuheg_ir.diagnosis.view.marked import OFTEN
from tuheg_ir.diagnosis.view.outlasted import for_want_of_another, not_outlasted, outlasted
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.releases import release_evidence, releases
from tuheg_ir.diagnosis.view.stores import is_store
from tuheg_ir.diagnosis.view.trouble import began
from tuheg_ir.diagnosis.view.usage import NEAR, limit_cut, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

OBJECTS_ALONE, UNSEEN = 3, 2
"""So many kinds of sources are missing: nobody sees what one more start of what serves again, or for long, does.

Nor what it does to data.
"""


def when(view: View) -> Iterator[Match]:
    """Containers ended of late."""
    for workload in view.serving:
        ended = [c for c in not_outlasted(view, workload, crashes(view, workload)) if not _with_its_node(c)]
        anew = [p for p in workload.live if _started_anew(view, p) and not outlasted(view, workload, p)]
        killed = probe_kills(view, workload, anew) if anew else ()
        if not ended and not killed:
            continue
        again = sum(crash.container.restarts for crash in ended) >= 2 or len(killed) > 1
        vain = not again and _as_ill_since(view, workload, ended)
        full = _fills_again(view, workload, ended)
        unseen = view.blind == OBJECTS_ALONE and (is_store(workload) or all(crash.pod.ready for crash in ended))
        serve = not ended and view.blind >= UNSEEN and all(ready_for(view, pod, PROVED) for pod in anew)
        lowered = only_of_newest(workload, ended) and _limit_lowered(view, workload)
        behind = all(for_want_of_another(view, workload, pod) for pod in (*anew, *(crash.pod for crash in ended)))
        person = again or vain or full or lowered or unseen or serve or behind
        last = [hit for hit in view.hits_of(workload.ref) if hit.previous]
        word = word_of(view, workload.ref, "", last)
        yield Match(
            component=workload.ref,
            evidence=(
                *(crash.evidence() for crash in ended[:3]),
                *killed[:1],
                *(view.hit_evidence(hit) for hit in view.hits_of(workload.ref)[:2]),
                *(release_evidence(workload, "limits")[:1] if lowered else ()),
            ),
            certainty=0.4,
            root_cause=word if person and word != CODE else "",  # whose code stumbles crashes
            remedy="page_human" if person else "restart_workload",
            since=began(view, workload),
            excludes=excluding(workload.ref, "the kubelet has restarted them, and they ended again", *RESTARTS)
            if again
            else excluding(workload.ref, "what was started again tells of trouble since as well", *RESTARTS)
            if vain
            else (),
        )


def _with_its_node(crash: Crash) -> bool:
    """Tell whether a container ended with its node: the kubelet that came up knows no more of it than that."""
    return crash.ended.reason == "Unknown"


def _as_ill_since(view: View, workload: Workload, ended: Sequence[Crash]) -> bool:
    """Tell whether one that the kubelet started again repeats a trouble since then: one more start helps no more."""
    pods = {crash.pod.name for crash in ended if crash.container.restarts}
    told = (hit for hit in view.hits_of(workload.ref) if hit.pod in pods and not hit.previous)
    return any(hit.count >= OFTEN and fresh(view, hit) for hit in told)


def _fills_again(view: View, workload: Workload, ended: Sequence[Crash]) -> bool:
    """Tell whether who was killed for memory, or its like, is near its limit again: so is whatever is started then."""
    killed = any(crash.container.killed_for_memory for crash in ended)
    return killed and usage(view.figures, workload, "memory_share").widely(NEAR)


def _limit_lowered(view: View, workload: Workload) -> bool:
    """Tell whether a limit was lowered of late: the kubelet has started again what ended, and a restart raises none."""
    return releases(view, workload, SUSPECT) and any(limit_cut(workload, of) for of in ("cpu", "memory"))


def _started_anew(view: View, pod: Pod) -> bool:
    """Tell whether a container was started again of late: a probe that failed in one that runs on ended nothing."""
    again = [container for container in pod.containers if container.restarts]
    return any(c.state != "running" or c.started_at is None or view.recent(c.started_at, LATELY) for c in again)


RULE = Rule(
    name="crashes",
    title="Containers end with an error, and nobody knows why",
    root_cause="service_crash",
    remedy="page_human",
    tier=Tier.SYMPTOM,
    when=when,
    why_not="no container ended with an error of late",
    follows=True,
)
