# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with one pod, read from its status alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from .times import parse_time

# waiting reason -> how long it must hold before it counts (a first pull may be retried at once)
_WAITING_HOLD_S: dict[str, float] = {
    "CreateContainerConfigError": 0.0,
    "InvalidImageName": 0.0,
    "ErrImageNeverPull": 0.0,
    "RunContainerError": 0.0,
    "CrashLoopBackOff": 0.0,
    "ImagePullBackOff": 0.0,
    "ErrImagePull": 2.0,
    "CreateContainerError": 2.0,
}
# The kubelet waits one second for its own copy of the object and then tries the pod again: a slow node or API server,
# which says nothing about whether the object is there (kubernetes/pkg/kubelet/util/manager/watch_based_manager.go).
_NOT_ASKED_YET = re.compile(r"failed to sync (?:configmap|secret) cache", re.IGNORECASE)
_UNSCHEDULABLE_HOLD_S = 10.0  # an autoscaler or a pod that is leaving may make room
# With one look there is no memory of when a state began: the pod's age must do.
_AGE_FOR_HELD_S = 15.0
_OVERDUE_S = 120.0  # a kubelet ends what is over within seconds; clocks differ


class Fault(NamedTuple):
    """A fault of a pod. `cause` is Kubernetes' own word where it has one; hold_s > 0 means it
    counts only after it was seen for that long. `key` names the state it was seen in."""

    pod: str
    cause: str
    reason: str
    key: tuple[str, str, str]
    hold_s: float = 0.0


def pod_faults(pod: Mapping[str, Any], since: datetime | None) -> Iterator[Fault]:
    """All faults of a live pod, the most telling first.

    A container that ended after `since` is a fault even if it runs again; without `since`
    only one that is not ready now.
    """
    status = pod.get("status") or {}
    for container in status.get("containerStatuses") or []:
        yield from _ended(pod, container, since)
        yield from _waiting(pod, container)
    for container in status.get("initContainerStatuses") or []:
        yield from _init(pod, container)
    yield from _unscheduled(pod)


def held(
    fault: Fault, pod: Mapping[str, Any], first_seen: Mapping[tuple[str, str, str], datetime] | None, now: datetime
) -> bool:
    """Whether a fault has lasted long enough to count."""
    if fault.hold_s == 0:
        return True
    if first_seen is None:
        born = parse_time(pod["metadata"].get("creationTimestamp"))
        return born is not None and (now - born).total_seconds() >= _AGE_FOR_HELD_S
    seen = first_seen.get(fault.key)
    return seen is not None and (now - seen).total_seconds() >= fault.hold_s


def is_live(pod: Mapping[str, Any]) -> bool:
    """Neither leaving nor ended."""
    ended = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
    return not ended and not pod["metadata"].get("deletionTimestamp")


def is_lost(pod: Mapping[str, Any], now: datetime) -> bool:
    """Whether a pod that runs should be gone for long: nobody on its node answers to the API server.

    A deletionTimestamp is the moment at which the pod's time to end is over, not that of the request.
    """
    until = parse_time(pod["metadata"].get("deletionTimestamp"))
    running = (pod.get("status") or {}).get("phase") == "Running"
    return running and until is not None and (now - until).total_seconds() > _OVERDUE_S


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether the pod's Ready condition is true."""
    return (_condition(pod, "Ready") or {}).get("status") == "True"


def unready_for_s(pod: Mapping[str, Any], now: datetime) -> float:
    """Seconds since the pod stopped being ready, or since it was made."""
    changed = (_condition(pod, "Ready") or {}).get("lastTransitionTime")
    began = parse_time(changed or pod["metadata"].get("creationTimestamp"))
    return (now - began).total_seconds() if began else 0.0


def restarts(pod: Mapping[str, Any]) -> int:
    """How often the pod's containers were started again."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    return sum(int(each.get("restartCount") or 0) for each in statuses)


def ended_after(ended: Mapping[str, Any], since: datetime) -> bool:
    """Whether a terminated state began after `since`.

    Kubernetes cuts to whole seconds; the second of `since` itself is not held against us:
    a loop ends again, and is seen then.
    """
    at = parse_time(ended.get("finishedAt"))
    return at is not None and at > since.replace(microsecond=0)


def describe_end(ended: Mapping[str, Any]) -> str:
    """exit code and reason; OOMKilled only if Kubernetes says so (137 alone is a kill)."""
    words = [f"exit {ended.get('exitCode', '?')}", str(ended.get("reason") or "no reason")]
    if ended.get("signal"):
        words.insert(1, f"signal {ended['signal']}")
    message = " ".join(str(ended.get("message") or "").split())
    return " ".join(words) + (f": {message[:160]}" if message else "")


def failed(pod: Mapping[str, Any], since: datetime | None) -> Iterator[Fault]:
    """A pod that began after `since` and failed as a whole (evicted, refused by its node)."""
    status = pod.get("status") or {}
    if status.get("phase") != "Failed" or pod["metadata"].get("deletionTimestamp") or since is None:
        return
    began = parse_time(status.get("startTime") or pod["metadata"].get("creationTimestamp"))
    if began is not None and began > since.replace(microsecond=0):
        cause = str(status.get("reason") or "Failed")
        text = " ".join(str(status.get("message") or "").split())[:160]
        yield _fault(pod, "", cause, f"pod failed, {cause}" + (f": {text}" if text else ""))


def _ended(pod: Mapping[str, Any], container: Mapping[str, Any], since: datetime | None) -> Iterator[Fault]:
    name = container.get("name", "")
    current = (container.get("state") or {}).get("terminated")
    last = (container.get("lastState") or {}).get("terminated")
    ended = current or last
    if not ended:
        return
    down = current is not None or not container.get("ready")
    if ended_after(ended, since) if since is not None else down:
        count = int(container.get("restartCount") or 0)
        what = f"container {name} " + ("ended" if current else "was restarted")
        times = f" ({count} restarts)" if count > 1 else ""
        cause = str(ended.get("reason") or "Error")
        yield _fault(pod, name, cause, f"{what}, {describe_end(ended)}{times}")


def _waiting(pod: Mapping[str, Any], container: Mapping[str, Any]) -> Iterator[Fault]:
    waiting = (container.get("state") or {}).get("waiting") or {}
    cause = str(waiting.get("reason") or "")
    text = " ".join(str(waiting.get("message") or "").split())[:200]
    if cause in _WAITING_HOLD_S and not _NOT_ASKED_YET.search(text):
        name = container.get("name", "")
        last = (container.get("lastState") or {}).get("terminated")
        detail = describe_end(last) if last and cause == "CrashLoopBackOff" else text
        reason = f"container {name} is waiting, {cause}" + (f": {detail}" if detail else "")
        yield _fault(pod, name, cause, reason, _WAITING_HOLD_S[cause])


def _init(pod: Mapping[str, Any], container: Mapping[str, Any]) -> Iterator[Fault]:
    """An init container may fail once (it may be waiting for something); twice is a fault."""
    yield from _waiting(pod, container)
    ended = (container.get("state") or {}).get("terminated")
    if ended and ended.get("exitCode") and int(container.get("restartCount") or 0) >= 1:
        name = container.get("name", "")
        cause = str(ended.get("reason") or "Error")
        yield _fault(pod, name, cause, f"init container {name} failed again, {describe_end(ended)}")


def _unscheduled(pod: Mapping[str, Any]) -> Iterator[Fault]:
    condition = _condition(pod, "PodScheduled") or {}
    if condition.get("status") == "False" and condition.get("reason") == "Unschedulable":
        text = " ".join(str(condition.get("message") or "").split())[:200]
        yield _fault(pod, "", "Unschedulable", f"no node takes it: {text}", _UNSCHEDULABLE_HOLD_S)


def _condition(pod: Mapping[str, Any], kind: str) -> Mapping[str, Any] | None:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return next((each for each in conditions if each.get("type") == kind), None)


def _fault(pod: Mapping[str, Any], container: str, cause: str, reason: str, hold_s: float = 0.0) -> Fault:
    name = pod["metadata"]["name"]
    key = (str(pod["metadata"].get("uid", name)), container, cause)
    return Fault(name, cause, f"pod {name}: {reason}", key, hold_s)
