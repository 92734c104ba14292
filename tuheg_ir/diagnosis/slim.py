"""From raw answers to Facts: pure but for the one clock that is handed in.

The judging of roll-outs, revisions and sessions is the collection's, so that the command line and
the plays never disagree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from tuheg_ir.diagnosis.facts import (
    Crashes,
    Database,
    Errors,
    Facts,
    PodFailure,
    Probe,
    Resources,
    Rollback,
    Source,
    Workload,
)
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


def facts(
    context: Context,
    answers: Mapping[str, Any],
    sources: Iterable[Source],
    *,
    now: datetime,
    incident: str = "",
) -> Facts:
    """Slim the answers down to what the rules ask."""
    found = find_workload(context, answers)
    own: Workload
    if found is None:
        read = PLURALS[context.spec["kind"]] in answers
        reason = "there is no such workload" if read else "it could not be read"
        own = Workload(
            ref=ref(context, context.service),
            verdict="unhealthy" if read else "unknown",
            reason=reason,
        )
    else:
        own = workload(context, found, answers, now=now, incident=incident)
    probes = tuple(_probe(result) for result in answers.get("probes") or [])
    return Facts(
        service=context.service,
        workload=own,
        probes=probes,
        dependencies={name: ref(context, name) for name in context.known() if name != context.service},
        database=database(context, answers),
        resources=resources(context, answers),
        errors=errors(context, probes),
        sources=tuple(sources),
    )


def ref(context: Context, service: str) -> str:
    """Return Kind/name of a service."""
    return f"{context.services[service]['kind']}/{service}"


def find_workload(context: Context, answers: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the service's own workload, with the kind that lists leave out."""
    kind = context.spec["kind"]
    for item in answers.get(PLURALS[kind]) or []:
        if item["metadata"]["name"] == context.service:
            return {**item, "kind": kind}
    return None


def workload(
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


def _probe(result: Any) -> Probe:
    return Probe(
        service=result.service,
        name=result.name,
        purpose=result.purpose,
        verdict=result.verdict,
        value=result.value,
        threshold=result.threshold,
        reason=result.reason,
    )


ERRORS_PROBE = "errors"
"""Name of the probe that gives the share of failed requests."""


def errors_probe(context: Context) -> Mapping[str, Any] | None:
    """Return the description of the probe that gives the share of failed requests."""
    for probe in context.spec.get("probes") or []:
        if probe["name"] == ERRORS_PROBE and "promql" in probe and "max" in probe:
            found: Mapping[str, Any] = probe
            return found
    return None


def errors(context: Context, probes: Iterable[Probe]) -> Errors | None:
    """Return whether requests fail, by the share of failed ones or by answers of our own asking.

    A share over a window lags behind: a release that is seconds old shows in its answers first.
    """
    described = errors_probe(context)
    if described is None:
        return None
    own = [probe for probe in probes if probe.service == context.service]
    limit = float(described["max"])
    share = next((p for p in own if p.name == ERRORS_PROBE and p.verdict != "unknown"), None)
    ratio = share.value if share else None
    if ratio is not None and ratio > limit:
        told = f"{ratio:.1%} of requests fail (limit {limit:.1%})"
        return Errors(failing=True, told=told, limit=limit, ratio=ratio)
    for probe in own:
        answered = probe.purpose == "core_function" and "status 5" in probe.reason
        if answered and probe.verdict == "unhealthy":
            return Errors(failing=True, told=f"probe {probe.name}: {probe.reason}", limit=limit, ratio=ratio)
    return None if ratio is None else Errors(failing=False, told="", limit=limit, ratio=ratio)


def resources(context: Context, answers: Mapping[str, Any]) -> Resources:
    """Return the shares of their limits that the service's pods use."""
    limits = _limits(context, answers)
    used = {
        (item["metadata"]["name"], container["name"]): container.get("usage") or {}
        for item in answers.get("usage") or []
        for container in item.get("containers") or []
    }
    shares: dict[str, list[float]] = {"memory": [], "cpu": []}
    for key, limit in limits.items():
        for what, found in shares.items():
            share = _share(used.get(key, {}).get(what), limit.get(what))
            if share is not None:
                found.append(share)
    return Resources(
        memory_share=max(shares["memory"], default=None),
        cpu_share=max(shares["cpu"], default=None),
        throttled_share=answers.get("throttling"),
    )


def _limits(context: Context, answers: Mapping[str, Any]) -> dict[tuple[str, str], Mapping[str, Any]]:
    found = {}
    container_name = str(context.spec.get("container", context.service))
    for pod in answers.get("pods") or []:
        for container in (pod.get("spec") or {}).get("containers") or []:
            limit = (container.get("resources") or {}).get("limits")
            if container["name"] == container_name and limit:
                found[pod["metadata"]["name"], container["name"]] = limit
    return found


def _share(used: str | None, limit: str | None) -> float | None:
    if not used or not limit:
        return None
    most = quantity(limit)
    return quantity(used) / most if most > 0 else None


_UNITS = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50,
}  # fmt: skip

_QUANTITY = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)(?P<unit>[a-zA-Z]*)")


def quantity(text: str) -> float:
    """Return a Kubernetes quantity (250m, 128Mi, 1e3) as a number; ValueError for another text."""
    found = _QUANTITY.fullmatch(text)
    if found is None or found["unit"] not in _UNITS:
        raise ValueError(f"{text!r} is not a quantity")
    return float(found["number"]) * _UNITS[found["unit"]]


def database(context: Context, answers: Mapping[str, Any]) -> Database | None:
    """Return who holds the slots of the database, when it has answered."""
    found = context.database()
    if found is None or "sessions" not in answers:
        return None
    name, _ = found
    module = context.utils.sessions
    report = module.parse(answers["sessions"], module.pod_owners(answers.get("pods") or []))
    decided = module.decide(report, context.service)
    return Database(
        service=name,
        ref=ref(context, name),
        used=decided.used,
        usable=decided.usable,
        maximum=decided.max,
        own=decided.own,
        own_idle_in_transaction=decided.own_leaking,
        other=decided.other,
        holder=decided.holder,
        detail=decided.reason,
        holder_ref=_holder(context, decided, answers.get("pods") or []),
    )


def _holder(context: Context, decided: Any, pods: Iterable[Any]) -> str:
    """Return Kind/name of the client that holds most slots."""
    if decided.holder in ("own", "load"):
        return ref(context, context.service)
    others = [g for g in decided.groups if g["client"] not in (context.service, "local")]
    held: dict[str, int] = {}
    for group in others:
        held[group["client"]] = held.get(group["client"], 0) + int(group["count"])
    if not held:
        return ""
    client = max(held, key=lambda name: held[name])
    owned = [pod for pod in pods if context.utils.sessions.pod_owner(pod) == client]
    return f"{_owner_kind(owned[0])}/{client}" if owned else client


def _owner_kind(pod: Mapping[str, Any]) -> str:
    for owner in pod["metadata"].get("ownerReferences") or []:
        if owner.get("controller"):
            kind = str(owner.get("kind"))
            return "Deployment" if kind == "ReplicaSet" else kind
    return "Pod"
