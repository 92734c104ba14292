# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judge a roll-out from one look at a workload, its revisions and its pods. No I/O, no clock.

Conditions alone are not believed: Available=True and Progressing=True is also what a blocked
bad release looks like. A roll-out is healthy only if the newest template's own pods are all
there and ready and no pod of another template lives.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import podfaults
from .look import HEALTHY, UNHEALTHY, UNKNOWN, Look
from .podfaults import Fault
from .rollout_view import View, view_of
from .times import parse_time

Seen = Mapping[tuple[str, str, str], datetime]


def judge(
    workload: Mapping[str, Any],
    revisions: Iterable[Mapping[str, Any]],
    pods: Iterable[Mapping[str, Any]],
    *,
    now: datetime,
    since: datetime | None = None,
    generation: int | None = None,
    seen: Seen | None = None,
    unready_after_s: float | None = None,
) -> Look:
    """Judge one moment.

    revisions and pods may hold neighbours' objects: only those owned by uid are looked at.
    since: a container that ended after it is a fault. generation: the one our change got;
    a higher one means that someone else changed the spec. seen: when each fault was first
    seen (None: this is the only look). unready_after_s: a pod that is not ready for longer is
    a fault (None: wait for it). All times are the cluster's.
    """
    view = view_of(workload, revisions, pods, since, now)
    faults = _faults(view)
    known = {str(pod["metadata"].get("uid")): pod for pod in [*view.current, *view.ended]}
    standing = [f for f in faults if podfaults.held(f, known.get(f.key[0], workload), seen, now)]
    found = (
        _not_ours(view, generation)
        or _stale(view)
        or _nothing_wanted(view)
        or _quota(view)
        or (_Verdict(UNHEALTHY, standing[0].cause, standing[0].reason) if standing else None)
        or _deadline(view)
        or _complete(view)
        or _not_ready(view, unready_after_s)
        or _stuck(view)
        or _Verdict(UNKNOWN, "progressing", _progress(view))
    )
    return Look(
        verdict=found.verdict,
        reason=found.reason,
        cause=found.cause,
        generation=int(workload["metadata"].get("generation") or 0),
        replicas=_replicas(view),
        revision=view.revision["metadata"]["name"] if view.revision else "",
        pods=tuple(_slim(pod, faults) for pod in view.current),
        faults=tuple(faults),
    )


@dataclass(frozen=True)
class _Verdict:
    verdict: str
    cause: str
    reason: str


def _faults(view: View) -> list[Fault]:
    """A pod that is gone tells only of its own failure, not of containers it was stopped with."""
    gone = [fault for pod in view.ended for fault in podfaults.failed(pod, view.since)]
    return [f for pod in view.current for f in podfaults.pod_faults(pod, view.since)] + gone


def _not_ours(view: View, generation: int | None) -> _Verdict | None:
    have = int(view.workload["metadata"].get("generation") or 0)
    if generation is not None and have > generation:
        reason = f"someone changed the spec (generation {have}, ours was {generation})"
        return _Verdict(UNKNOWN, "spec_changed", reason)
    if view.workload["metadata"].get("deletionTimestamp"):
        return _Verdict(UNKNOWN, "missing", "it is being deleted")
    if (view.workload.get("spec") or {}).get("paused"):
        return _Verdict(UNKNOWN, "paused", "its roll-out is paused: resume it first")
    if generation is not None and have < generation:
        return _Verdict(UNKNOWN, "stale", f"generation {generation} is not to be seen yet")
    return _strategy(view)


def _strategy(view: View) -> _Verdict | None:
    """A StatefulSet that leaves pods as they are by its own settings never completes."""
    strategy = (view.workload.get("spec") or {}).get("updateStrategy") or {}
    if view.workload.get("kind") != "StatefulSet" or not view.other:
        return None
    if strategy.get("type") == "OnDelete":
        return _Verdict(UNKNOWN, "on_delete", "its update strategy is OnDelete: delete its pods one by one")
    partition = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
    if partition > 0:
        return _Verdict(UNKNOWN, "partition", f"pods below {partition} keep the earlier template (partition)")
    return None


def _stale(view: View) -> _Verdict | None:
    have = int(view.workload["metadata"].get("generation") or 0)
    observed = int(view.status.get("observedGeneration") or 0)
    if observed < have:
        return _Verdict(UNKNOWN, "stale", f"its controller has not seen generation {have} yet")
    if view.revision is None:
        return _Verdict(UNKNOWN, "stale", "there is no revision with its template yet")
    return None


def _nothing_wanted(view: View) -> _Verdict | None:
    if view.wanted == 0:
        return _Verdict(UNHEALTHY, "scaled_to_zero", "it is scaled to 0 replicas")
    return None


def _quota(view: View) -> _Verdict | None:
    """The current ReplicaSet may not make its pods (quota, admission)."""
    conditions = ((view.revision or {}).get("status") or {}).get("conditions") or []
    for each in conditions:
        failing = each.get("type") == "ReplicaFailure" and each.get("status") == "True"
        if failing and len(view.current) < view.wanted:
            text = " ".join(str(each.get("message") or "").split())[:300]
            return _Verdict(UNHEALTHY, str(each.get("reason") or "ReplicaFailure"), f"its pods cannot be made: {text}")
    return None


def _deadline(view: View) -> _Verdict | None:
    progressing = view.condition("Progressing")
    if progressing.get("reason") != "ProgressDeadlineExceeded":
        return None
    changed = parse_time(progressing.get("lastUpdateTime"))
    if view.since and changed and changed < view.since.replace(microsecond=0):
        return None  # the mark of an earlier roll-out
    return _Verdict(UNHEALTHY, "deadline", f"its progress deadline has passed: {_progress(view)}")


def _complete(view: View) -> _Verdict | None:
    ready = [pod for pod in view.current if podfaults.is_ready(pod)]
    counts = _replicas(view)
    done = (
        len(view.current) == len(ready) == view.wanted
        and not view.other
        and all(count == view.wanted for count in counts.values())
        and int(view.status.get("replicas") or 0) == view.wanted
        and not view.status.get("unavailableReplicas")
        and _closed(view)
    )
    if not done:
        return None
    name = view.revision["metadata"]["name"] if view.revision else ""
    return _Verdict(HEALTHY, "", f"{view.wanted} of {view.wanted} pods of {name} are ready")


def _closed(view: View) -> bool:
    """Whether the controller itself says that the roll-out is over."""
    if view.workload.get("kind") == "StatefulSet":
        name = (view.revision or {"metadata": {"name": ""}})["metadata"]["name"]
        strategy = (view.workload.get("spec") or {}).get("updateStrategy") or {}
        current = view.status.get("currentRevision")
        # with OnDelete the controller never moves currentRevision on
        settled = current == name or strategy.get("type") == "OnDelete"
        return view.status.get("updateRevision") == name and settled
    progressing = view.condition("Progressing")
    if not progressing:  # a Deployment without a deadline has no such condition
        return int((view.workload.get("spec") or {}).get("progressDeadlineSeconds") or 0) >= 2**31 - 1
    return progressing.get("status") == "True" and progressing.get("reason") == "NewReplicaSetAvailable"


def _not_ready(view: View, after_s: float | None) -> _Verdict | None:
    if after_s is None:
        return None
    for pod in view.current:
        if not podfaults.is_ready(pod) and podfaults.unready_for_s(pod, view.now) >= after_s:
            name, since = pod["metadata"]["name"], podfaults.unready_for_s(pod, view.now)
            return _Verdict(
                UNHEALTHY, "not_ready", f"pod {name} has not been ready for {since:.0f} s: {_progress(view)}"
            )
    return None


def _stuck(view: View) -> _Verdict | None:
    """A StatefulSet does not replace a pod of an earlier template that never became ready."""
    if view.workload.get("kind") != "StatefulSet":
        return None
    for pod in view.other:
        if not podfaults.is_ready(pod) and podfaults.unready_for_s(pod, view.now) >= 10:
            fault = next(iter(podfaults.pod_faults(pod, None)), None)
            if fault:
                reason = (
                    f"{fault.reason}; it has an earlier template and a StatefulSet does not replace it: delete the pod"
                )
                return _Verdict(UNHEALTHY, "stuck", reason)
    return None


def _replicas(view: View) -> dict[str, int]:
    status = view.status
    return {
        "wanted": view.wanted,
        "updated": int(status.get("updatedReplicas") or 0),
        "ready": int(status.get("readyReplicas") or 0),
        "available": int(status.get("availableReplicas") or 0),
    }


def _progress(view: View) -> str:
    ready = sum(1 for pod in view.current if podfaults.is_ready(pod))
    text = f"{len(view.current)} of {view.wanted} pods have the current template, {ready} ready"
    return text + (f", {len(view.other)} of an earlier one still live" if view.other else "")


def _slim(pod: Mapping[str, Any], faults: Iterable[Fault]) -> dict[str, Any]:
    name = pod["metadata"]["name"]
    fault = next((each for each in faults if each.pod == name), None)
    return {
        "name": name,
        "ready": podfaults.is_ready(pod),
        "restarts": podfaults.restarts(pod),
        "reason": fault.reason if fault else "",
    }
