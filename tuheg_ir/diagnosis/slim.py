"""From raw answers to Facts: pure but for the one clock that is handed in.

Who holds a database's slots is decided by the collection, as in the plays; the service's own
workload is read in workloads.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from tuheg_ir.diagnosis.facts import Database, Errors, Facts, Probe, Resources, Source
from tuheg_ir.diagnosis.quantities import quantity
from tuheg_ir.diagnosis.sources import Context
from tuheg_ir.diagnosis.workloads import own_workload, ref


def facts(
    context: Context,
    answers: Mapping[str, Any],
    sources: Iterable[Source],
    *,
    now: datetime,
    incident: str = "",
) -> Facts:
    """Slim the answers down to what the rules ask."""
    probes = tuple(_probe(result) for result in answers.get("probes") or [])
    return Facts(
        service=context.service,
        workload=own_workload(context, answers, now=now, incident=incident),
        probes=probes,
        dependencies={name: ref(context, name) for name in context.known() if name != context.service},
        database=database(context, answers),
        resources=resources(context, answers),
        errors=errors(context, probes),
        sources=tuple(sources),
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
