"""Remedies that would do harm to a workload as it stands, whatever the cause.

What a restart, a rollback or more replicas need is looked at before anybody proposes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from tuheg_ir.diagnosis.model import Excluded, Obj
from tuheg_ir.diagnosis.rule import RESTARTS, excluding
from tuheg_ir.diagnosis.rules._dead_sessions import dead_sessions
from tuheg_ir.diagnosis.rules._former_colour import served_before
from tuheg_ir.diagnosis.rules._hung_run import hangs
from tuheg_ir.diagnosis.view.changes import keys_of, volumes_of
from tuheg_ir.diagnosis.view.given import given_less
from tuheg_ir.diagnosis.view.pulls import login_lost
from tuheg_ir.diagnosis.view.reading import created, last_write, mapping, newest, text
from tuheg_ir.diagnosis.view.recovering import recovering
from tuheg_ir.diagnosis.view.refusals import refused_at
from tuheg_ir.diagnosis.view.releases import ill_before_release
from tuheg_ir.diagnosis.view.stillborn import ended_alike, stillborn, stillborn_of_old
from tuheg_ir.diagnosis.view.stores import upgraded
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

_FILLED = ("kubernetes.io/tls", "kubernetes.io/dockerc")
"""Types of Secrets that no API server takes without their keys."""
_LATELY = timedelta(days=1)
"""Who wrote a Secret within this time may have emptied others as well."""
_NEVER_STARTS = (
    *("ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull"),
    *("CreateContainerConfigError", "CreateContainerError"),
)
"""Why a container waits that never ran."""
_MADE = ("kube-root-ca.crt", "openshift-service-ca.crt")
"""ConfigMaps that the cluster keeps in each namespace, and makes again at once where one is deleted."""


def once(excluded: Iterable[Excluded]) -> tuple[Excluded, ...]:
    """Return one for each remedy and target: the first that is final, else the first."""
    found: dict[tuple[str, str], Excluded] = {}
    for each in excluded:
        key = each.remedy, each.target
        if key not in found or (each.final and not found[key].final):
            found[key] = each
    return tuple(found.values())


def harms(view: View, ref: str) -> tuple[Excluded, ...]:
    """Return the remedies that would harm a workload, or could do nothing; () for what is no workload."""
    workload = view.workloads.get(ref)
    if workload is None:
        return ()
    return (*_by_kind(view, workload), *_restart(view, workload), *_rollback(view, workload), *_scale(view, workload))


def _by_kind(view: View, workload: Workload) -> Iterator[Excluded]:
    """Yield what cannot be done to a workload for its kind, whatever it is that ails it.

    The sessions of a run that hangs can be ended: that starts nothing again.
    """
    if workload.kind == "Pod":
        reason = "nothing owns this pod: what ends it ends it for good"
        yield from excluding(workload.ref, reason, *RESTARTS, "rollback_workload", "scale_workload")
    elif workload.kind in BATCH:
        reason = "each run is a pod of its own: there is nothing to start again, to take back or to multiply"
        ends = ("restart_workload",) if hangs(view, workload) else RESTARTS
        yield from excluding(workload.ref, reason, *ends, "rollback_workload", "scale_workload")
    elif workload.kind == "DaemonSet":
        yield from excluding(workload.ref, "it has one pod on each node", "scale_workload")


def _restart(view: View, workload: Workload) -> Iterator[Excluded]:
    if gone := next(missing(view, workload), None):
        reason = f"{_called(*gone)} is missing: pods that run could not start again"
        yield from excluding(workload.ref, reason, *RESTARTS)
        return
    unmade = cannot_start(view, workload)
    ends = unmade and f"{unmade}: a restart would end pods that cannot be replaced"
    kept = any(dead.owner == workload.ref and dead.loss.node for dead in dead_sessions(view).values())
    for remedy in RESTARTS:
        if remedy == "restart_connection_pool" and kept:
            continue  # sessions of its lost pods are ended, and no pod is: what starts anew may need just their room
        if reason := ends or _amid_recovery(view, workload) or given_less(view, workload):
            yield Excluded(remedy, workload.ref, reason)


def _amid_recovery(view: View, workload: Workload) -> str:
    """Return that a store reads its data anew after a hard end; "" if it does not."""
    return "its pods read their data anew: a restart lets them begin once more" if recovering(view, workload) else ""


def missing(view: View, workload: Workload) -> Iterator[tuple[str, str, str]]:
    """Yield (kind, name, key) of what a template needs and the namespace has not; key "" is the whole object."""
    for kind, name, key, optional in (
        *((k, n, "", o) for k, n, o in volumes_of(workload.template)),
        *keys_of(workload.template),
    ):
        made = kind == "ConfigMap" and name in _MADE
        if optional or made or not view.snapshot.known(kind) or kind == "PersistentVolumeClaim":
            continue
        found = view.objects(kind).get(name)
        if found is None:
            yield kind, name, ""
        elif key and key not in _content(found) and not _left_out(view, kind):
            yield kind, name, key


def _content(obj: Obj) -> dict[str, Any]:
    return {**mapping(obj, "data"), **mapping(obj, "binaryData"), **mapping(obj, "stringData")}


def _left_out(view: View, kind: str) -> bool:
    """Tell whether somebody took the content out of all Secrets before these were handed in, with their keys.

    Any number may have lost their keys in the cluster, as by whoever writes all of them. Some types cannot be without.
    """
    found = view.objects(kind).values() if kind == "Secret" else ()
    if any(_content(each) or view.recent(newest((created(each), last_write(each))), _LATELY) for each in found):
        return False
    return any(text(each, "type").startswith(_FILLED) for each in found)


def _called(kind: str, name: str, key: str) -> str:
    return f"{kind} {name}" + (f" key {key}" if key else "")


def cannot_start(view: View, workload: Workload) -> str:
    """Return why no new pod of this very template is made or starts; "" if nothing says so."""
    for pod in workload.newest_pods():
        for container in pod.containers:
            if container.state == "waiting" and container.reason in _NEVER_STARTS:
                return f"new pods do not start ({container.reason})"
    if _beyond_quota(view, workload):
        return "the quota allows no further pod"
    if _refused(view, workload):
        return "the cluster refuses new pods"
    if any(pod.phase == "Pending" and not pod.node for pod in workload.live):
        return "no node has room for a further pod"
    if stillborn(view, workload):
        return "new pods of this template end at start"
    return ""


def _beyond_quota(view: View, workload: Workload) -> bool:
    return any("exceeded quota" in e.message for e in view.events_of(workload.ref, "FailedCreate"))


def _asks_as_before(workload: Workload) -> bool:
    """Tell whether pods of the template in force ask for as much as those of the one before, and none runs.

    Nor were they of another priority: a quota may be for one of them alone.
    """
    same = not workload.changed("limits", "other") and all(c.field != "priorityClassName" for c in workload.changes)
    return bool(workload.changes) and same and not workload.live


def _refused(view: View, workload: Workload) -> bool:
    """Tell whether the cluster refused to make a pod, and has made none since."""
    made = newest(pod.created for pod in workload.live)
    return any(made is None or last is None or last > made for last in refused_at(view, workload))


def _rollback(view: View, workload: Workload) -> Iterator[Excluded]:
    if workload.revisions and not workload.changes:
        yield Excluded("rollback_workload", workload.ref, "no earlier template differs from the one in force")
    elif stillborn(view, workload):
        reason = "older pods of the template in force run: what ends the new ones is not in it"
        yield Excluded("rollback_workload", workload.ref, reason)
    elif stillborn_of_old(view, workload) or ended_alike(view, workload):
        yield Excluded("rollback_workload", workload.ref, "new pods of the template before end at start as well")
    elif since := ill_before_release(workload):
        reason = f"it has had too few pods since {since:%d %b %H:%M}, before its release: the one before failed as well"
        yield Excluded("rollback_workload", workload.ref, reason)
    elif login_lost(view, workload):
        reason = "the registry refuses the login by which its image was had: an older one is not had either"
        yield Excluded("rollback_workload", workload.ref, reason)
    elif _beyond_quota(view, workload) and _asks_as_before(workload):
        reason = "the quota allows no pod of the template in force, and one of the template before asks for as much"
        yield Excluded("rollback_workload", workload.ref, reason)
    elif former := served_before(view, workload):
        reason = f"its template before is older than what served before it, which {former[1].ref} has"
        yield Excluded("rollback_workload", workload.ref, reason)
    elif upgraded(view, workload):
        reason = "a newer version has opened its data: the one before may not read them any more"
        yield Excluded("rollback_workload", workload.ref, reason)


def _scale(view: View, workload: Workload) -> Iterator[Excluded]:
    declared = view.snapshot.services.get(workload.name) or {}
    single = bool((declared.get("database") or {}).get("single_primary"))
    claims = any(k == "PersistentVolumeClaim" for k, *_ in volumes_of(workload.template))
    # Who declares that the storage may be shared knows better than we do.
    shareable = (declared.get("replicas") or {}).get("shared_storage") is True
    if single or claims:
        reason = "a second instance on the same data would corrupt it"
        yield Excluded("scale_workload", workload.ref, reason, final=single or not shareable)
    elif reason := cannot_start(view, workload):
        yield Excluded("scale_workload", workload.ref, reason)
    elif gone := next(missing(view, workload), None):
        yield Excluded("scale_workload", workload.ref, f"{_called(*gone)} is missing: further pods could not start")
