"""An innocent release beside: a neighbour of a case's fault gets a new image minutes before the trouble.

The fault stays what it was and its evidence as well, so a diagnosis that rolls the neighbour back does harm. Whoever
suffers with the fault is grafted so: who fails, is slow, or has the alert.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from tests.diagnosis.corpus import Case
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.model import Log, Obj, Snapshot
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

BEFORE_ALERT = timedelta(minutes=3)
"""Where nobody measures when a trouble began: so long before its alert."""
_APART = timedelta(seconds=9)
"""From one pod of a roll-out to the next."""
_READY = timedelta(seconds=8)
SWITCH = {"name": "BANNER_COLOUR", "value": "blue"}
"""A variable that the release takes away as well, if so wanted."""


class Graft(NamedTuple):
    """A case with an innocent release beside: of which workload, and the snapshot."""

    name: str
    released: str
    snapshot: Snapshot


def grafts(case: Case, snapshot: Snapshot, minutes: float, *, switch: bool = False) -> Iterator[Graft]:
    """Yield a case with each suffering neighbour of its fault released so long before the trouble, one at a time."""
    view = View.of(snapshot)
    meant = {ref for answers in case.faults for a in answers for ref in (a.component, a.target)}
    fired = {view.about_alert(alert) for alert in snapshot.alerts}
    since = {w.ref: [at for _, at in troubles(view, w.ref)] for w in view.serving}
    began = oldest(at for each in since.values() for at in each)
    alerted = oldest(alert.starts_at for alert in snapshot.alerts)
    onset = began or (alerted - BEFORE_ALERT if alerted else None)
    for w in view.serving:
        suffers = bool(since[w.ref]) or w.ref in fired
        if onset is None or w.kind != "Deployment" or w.changes or w.ref in meant or not suffers:
            continue
        if w.current is not None and w.newest_pods():
            yield Graft(case.name, w.ref, _released(snapshot, w, onset - timedelta(minutes=minutes), switch))


def rolled_back(graft: Graft) -> bool:
    """Tell whether the diagnosis of a graft rolls the innocent neighbour back."""
    found = decide(graft.snapshot).findings
    return any(each.remedy == "rollback_workload" and each.target == graft.released for each in found)


def _released(snapshot: Snapshot, workload: Workload, came: datetime, switch: bool) -> Snapshot:
    made = {pod.name: came + (n + 0.5) * _APART for n, pod in enumerate(workload.newest_pods())}
    objects = {
        **snapshot.objects,
        "ReplicaSet": tuple(_sets(snapshot, workload, came, switch)),
        "Pod": tuple(_made(pod, made) for pod in snapshot.of("Pod")),
    }
    kept = (log for log in snapshot.logs if not (log.previous and log.pod in made))
    return replace(snapshot, objects=objects, logs=tuple(_cut(log, made) for log in kept))


def _sets(snapshot: Snapshot, workload: Workload, came: datetime, switch: bool) -> Iterator[Obj]:
    """Yield the ReplicaSets: that of the workload made anew, and beside it the one before it, with another image."""
    for each in snapshot.of("ReplicaSet"):
        if workload.current is None or each["metadata"]["name"] != workload.current.name:
            yield each
            continue
        new, old = copy.deepcopy(dict(each)), copy.deepcopy(dict(each))
        number = int((each["metadata"].get("annotations") or {}).get(_REVISION, "2"))
        for one, revision in ((new, number), (old, number - 1)):
            one["metadata"]["annotations"] = {
                **(one["metadata"].get("annotations") or {}),
                _REVISION: str(max(revision, 0)),
            }
        new["metadata"]["creationTimestamp"] = _text(came)
        old["metadata"]["name"] += "x"
        old["spec"]["replicas"], old["status"] = 0, {"replicas": 0}
        container = old["spec"]["template"]["spec"]["containers"][0]
        container["image"] = container["image"].split("@")[0].rsplit(":", 1)[0] + ":0.0.9"
        if switch:
            container["env"] = [*(container.get("env") or []), SWITCH]
        yield new
        yield old


_REVISION = "deployment.kubernetes.io/revision"


def _made(pod: Obj, made: Mapping[str, datetime]) -> Obj:
    """Return a pod as if it had been made then: nothing of it is older."""
    at = made.get(pod["metadata"]["name"])
    if at is None:
        return pod
    new = copy.deepcopy(dict(pod))
    new["metadata"]["creationTimestamp"] = _text(at)
    status = new.get("status") or {}
    if "startTime" in status:
        status["startTime"] = _text(at)
    for condition in status.get("conditions") or []:
        _no_older(condition, "lastTransitionTime", at + _READY)
    for container in status.get("containerStatuses") or []:
        _lived_since(container, at)
    return new


def _lived_since(container: dict[str, Any], at: datetime) -> None:
    """Leave of a container's lives what a pod made then can have had: no end before it, and no life before its first.

    An end that is only moved would be of the new template, and so evidence against it.
    """
    last = (container.get("lastState") or {}).get("terminated") or {}
    if last.get("finishedAt") and str(last["finishedAt"]) < _text(at):
        container["lastState"], container["restartCount"] = {}, 0
    elif last.get("startedAt") and str(last["startedAt"]) < _text(at):
        container["restartCount"] = min(container.get("restartCount", 0), 1)
    for state in (*(container.get("state") or {}).values(), *(container.get("lastState") or {}).values()):
        _no_older(state, "startedAt", at)
        _no_older(state, "finishedAt", at)


def _no_older(of: dict[str, Any] | None, key: str, at: datetime) -> None:
    if of and of.get(key):
        of[key] = max(str(of[key]), _text(at))


def _cut(log: Log, made: Mapping[str, datetime]) -> Log:
    """Return a log without what it tells of the time before its pod was made."""
    at = made.get(log.pod)
    if at is None:
        return log
    return log._replace(lines=tuple(line for line in log.lines if (told := stamp(line)) is None or told >= at))


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
