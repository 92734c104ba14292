"""The service's own workload, from raw objects: its pods, its roll-out, its past.

The judging of roll-outs and revisions is the collection's, so that the command line and the plays
never disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from tuheg_ir.diagnosis.facts import Crashes, PodFailure, Rollback, Workload
from tuheg_ir.diagnosis.sources import Context

RECENT = timedelta(minutes=30)
"""What ended longer ago than this is not what is wrong now."""
UNREADY_AFTER_S = 60.0
ENDED_FROM_OUTSIDE = frozenset({0, 137, 143})
"""Exit codes of containers that were told to end: by a probe, an eviction, a node."""
CONFIGURATION = frozenset(
    {
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "RunContainerError",
    }
)
PLURALS = {"Deployment": "deployments", "StatefulSet": "statefulsets"}


def ref(context: Context, service: str) -> str:
    """Return Kind/name of a service."""
    return f"{context.services[service]['kind']}/{service}"


def own_workload(context: Context, answers: Mapping[str, Any], *, now: datetime, incident: str) -> Workload:
    """Return what is known of the service's own workload; one that is not there is unhealthy."""
    found = _find(context, answers)
    if found is not None:
        return _workload(context, found, answers, now=now, incident=incident)
    read = PLURALS[context.spec["kind"]] in answers
    return Workload(
        ref=ref(context, context.service),
        verdict="unhealthy" if read else "unknown",
        reason="there is no such workload" if read else "it could not be read",
    )


def _find(context: Context, answers: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the service's own workload, with the kind that lists leave out."""
    kind = context.spec["kind"]
    for item in answers.get(PLURALS[kind]) or []:
        if item["metadata"]["name"] == context.service:
            return {**item, "kind": kind}
    return None


def _workload(
    context: Context,
    found: dict[str, Any],
    answers: Mapping[str, Any],
    *,
    now: datetime,
    incident: str,
) -> Workload:
    """Return what is known of the service's pods, roll-out and past."""
    utils = context.utils
    pods = answers.get("pods") or []
    revisions = answers.get("revisions") or []
    owned = utils.templates.owned_by(found, revisions)
    current = utils.templates.current_revision(found, owned)
    look = utils.rollout_judge.judge(found, revisions, pods, now=now, unready_after_s=UNREADY_AFTER_S)
    name = current["metadata"]["name"] if current else ""
    grouped = [(pod, _revision_of(utils, found, owned, pod)) for pod in _own_pods(utils, found, owned, pods)]
    live = [(pod, revision) for pod, revision in grouped if utils.podfaults.is_live(pod)]
    ready = [(pod, revision) for pod, revision in live if utils.podfaults.is_ready(pod)]
    never = [] if _rolled_out(found) else _start_failures(utils, live, name)
    return Workload(
        ref=ref(context, context.service),
        desired=look.replicas.get("wanted"),
        ready=look.replicas.get("ready"),
        verdict=look.verdict,
        reason=look.reason,
        revision=name,
        revision_age_s=_age(utils, current, [pod for pod, of in live if of == name], now),
        start_failures=tuple(never),
        older_serving=sum(1 for _, revision in ready if revision != name),
        crashes=_crashes(utils, live, name, now),
        oom_killed=tuple(pod["metadata"]["name"] for pod, _ in live if _oom_killed(utils, pod, now)),
        rollback=_rollback(context, found, answers, incident),
        not_ready=tuple(pod["metadata"]["name"] for pod, _ in live if not utils.podfaults.is_ready(pod)),
    )


def _own_pods(utils: Any, found: Mapping[str, Any], owned: Iterable[Any], pods: Iterable[Any]) -> list[Any]:
    uids = {revision["metadata"]["uid"] for revision in owned} | {found["metadata"]["uid"]}
    return [pod for pod in pods if utils.templates.controller_uid(pod) in uids]


def _revision_of(utils: Any, found: Mapping[str, Any], owned: Iterable[Any], pod: Mapping[str, Any]) -> str:
    if found["kind"] == "StatefulSet":
        return str((pod["metadata"].get("labels") or {}).get(utils.templates.REVISION_LABEL, ""))
    owner = utils.templates.controller_uid(pod)
    return next((r["metadata"]["name"] for r in owned if r["metadata"]["uid"] == owner), "")


def _rolled_out(found: Mapping[str, Any]) -> bool:
    """Tell whether the template in force was ever fully in service."""
    status = found.get("status") or {}
    if found["kind"] == "StatefulSet":
        return status.get("updateRevision") == status.get("currentRevision")
    return any(
        c.get("type") == "Progressing" and c.get("reason") == "NewReplicaSetAvailable"
        for c in status.get("conditions") or []
    )


def _start_failures(utils: Any, live: list[tuple[Any, str]], current: str) -> list[PodFailure]:
    failures = []
    for pod, revision in live:
        if revision != current or utils.podfaults.is_ready(pod):
            continue
        fault = next(iter(utils.podfaults.pod_faults(pod, None)), None)
        if fault is not None:
            failures.append(
                PodFailure(
                    pod["metadata"]["name"],
                    revision,
                    fault.reason.partition(": ")[2] or fault.reason,
                    configuration=fault.cause in CONFIGURATION,
                )
            )
    return failures


def _ends(pod: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Return (container status, its last end) of every container that has ended."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    found = []
    for status in statuses:
        for state in ("state", "lastState"):
            ended = (status.get(state) or {}).get("terminated")
            if ended:
                found.append((status, ended))
                break
    return found


def _is_recent(utils: Any, ended: Mapping[str, Any], now: datetime) -> bool:
    at = utils.times.parse_time(ended.get("finishedAt"))
    return at is not None and now - at <= RECENT


def _oom_killed(utils: Any, pod: Mapping[str, Any], now: datetime) -> bool:
    return any(ended.get("reason") == "OOMKilled" and _is_recent(utils, ended, now) for _, ended in _ends(pod))


def _crashes(utils: Any, live: list[tuple[Any, str]], current: str, now: datetime) -> Crashes | None:
    restarts, pods, codes, of_current = 0, [], [], False
    for pod, revision in live:
        for status, ended in _ends(pod):
            by_itself = ended.get("reason") != "OOMKilled" and ended.get("exitCode") not in ENDED_FROM_OUTSIDE
            if not by_itself or not _is_recent(utils, ended, now):
                continue
            # One that has ended and was not started again yet counts too.
            down = "terminated" in (status.get("state") or {})
            restarts += int(status.get("restartCount") or 0) + int(down)
            codes.append(int(ended.get("exitCode") or 0))
            of_current = of_current or revision == current
            if pod["metadata"]["name"] not in pods:
                pods.append(pod["metadata"]["name"])
    return Crashes(restarts, tuple(pods), tuple(codes), of_current) if pods else None


def _age(utils: Any, revision: Mapping[str, Any] | None, pods: Iterable[Any], now: datetime) -> float | None:
    """Return how long the revision has been in force.

    An old ReplicaSet that a rollback uses again is old; its pods are not: the later of its own
    making and its oldest pod's counts.
    """
    if revision is None:
        return None
    made = utils.times.parse_time(revision["metadata"].get("creationTimestamp"))
    started = [utils.times.parse_time(p["metadata"].get("creationTimestamp")) for p in pods]
    born = min((at for at in started if at is not None), default=None)
    since = max((at for at in (made, born) if at is not None), default=None)
    return None if since is None else max(0.0, (now - since).total_seconds())


def _rollback(context: Context, found: dict[str, Any], answers: Mapping[str, Any], incident: str) -> Rollback | None:
    if "revisions" not in answers:
        return None
    module = context.utils.revisions
    target = module.rollback_target(found, answers["revisions"], answers.get("last_good"), incident=incident)
    return Rollback(
        possible=target["action"] == module.ROLLBACK,
        target=target["target"],
        proven=target["proven"],
        reason=target["reason"],
    )
