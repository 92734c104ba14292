# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters that give roles the pure decisions of module_utils. Each is documented in <name>.yml."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.tuheg.ir.plugins.module_utils import (
    failure,
    guard,
    hpa,
    ladder,
    lease,
    leaving,
    revisions,
    sessions,
    templates,
    times,
    workloads,
)
from ansible_collections.tuheg.ir.plugins.plugin_utils.filtering import filtered

Thing = Mapping[str, Any] | None


def slim_workload(workload: Thing) -> dict[str, Any]:
    """See slim_workload.yml."""
    return workloads.slim_workload(workload)


def key_present(workload: Thing, rung: str, key: str) -> bool:
    """See key_present.yml."""
    return workloads.key_present(workload, rung, key)


def template_hash(workload: Mapping[str, Any]) -> str:
    """See template_hash.yml."""
    return templates.template_hash(templates.template_of(workload))


def plan_rungs(
    rungs: Iterable[Mapping[str, Any]],
    incident: str,
    attempt: int,
    service: str,
    services: Mapping[str, Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """See plan_rungs.yml."""
    return ladder.plan_rungs(rungs, incident=incident, attempt=int(attempt), service=service, services=services)


def may_act(action_class: str, severity: str, approved_by: str, table: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """See may_act.yml."""
    return ladder.may_act(action_class, severity, approved_by or "", table)


def rung_decision(
    rung: Mapping[str, Any],
    excluded: Iterable[Mapping[str, Any]],
    may: Mapping[str, Any],
    key_present: bool,
    plan: bool = False,
    planned: bool = False,
) -> dict[str, Any]:
    """See rung_decision.yml."""
    return ladder.rung_decision(
        rung, excluded=excluded or [], may=may, key_present=key_present, plan=plan, planned=planned
    )


def verdict(rollout: Thing, probes: Thing) -> dict[str, str]:
    """See verdict.yml."""
    return ladder.verdict(rollout, probes)


def probed(services: Mapping[str, Mapping[str, Any]], service: str) -> dict[str, Mapping[str, Any]]:
    """See probed.yml."""
    return ladder.probed(services, service)


def stuck_pods(pods: Iterable[Mapping[str, Any]], workload: Mapping[str, Any]) -> list[str]:
    """See stuck_pods.yml."""
    return ladder.stuck_pods(pods, workload)


def lease_decision(
    cluster_lease: Thing,
    name: str,
    namespace: str,
    me: str,
    incident: str,
    now: Any,
    uid: str = "",
    seconds: int = 300,
    takeover: str = "",
) -> dict[str, Any]:
    """See lease_decision.yml."""
    return lease.lease_decision(
        cluster_lease,
        name=name,
        namespace=namespace,
        me=me,
        incident=incident,
        now=times.need_time(now, "now"),
        uid=uid or "",
        seconds=int(seconds),
        takeover=takeover or "",
    )


def left_behind(cluster_lease: Thing, proved: Thing, me: str, incident: str, now: Any) -> list[Mapping[str, Any]]:
    """See left_behind.yml."""
    return leaving.left_behind(
        cluster_lease, proved or {}, me=me, incident=incident or "", now=times.need_time(now, "now")
    )


def left_notes(written: Thing, definitions: Sequence[Mapping[str, Any]], lock: str, seconds: float) -> list[str]:
    """See left_notes.yml."""
    return leaving.left_notes(written or {}, definitions, lock=lock, seconds=float(seconds))


def rollback_target(
    workload: Mapping[str, Any],
    owned: Iterable[Mapping[str, Any]],
    last_good: Thing,
    incident: str = "",
    rung: str = "rollback_workload",
    key: str = "",
    to: str = "",
) -> dict[str, Any]:
    """See rollback_target.yml."""
    return revisions.rollback_target(
        workload, owned, last_good, incident=incident or "", rung=rung, key=key or "", to=to or ""
    )


def scale_guard(workload: Mapping[str, Any], service: Mapping[str, Any]) -> dict[str, Any]:
    """See scale_guard.yml."""
    return hpa.scale_guard(workload, service)


def hpa_decision(
    autoscaler: Thing,
    replicas: int,
    wanted: int,
    floor: int = 0,
    kind: str = "Deployment",
    name: str = "",
    namespace: str = "",
) -> dict[str, Any]:
    """See hpa_decision.yml."""
    return hpa.hpa_decision(
        autoscaler,
        replicas=int(replicas),
        wanted=int(wanted),
        floor=int(floor),
        kind=kind,
        name=name,
        namespace=namespace,
    )


def psql_command(sql: str, user: str = "postgres", database: str = "postgres") -> str:
    """See psql_command.yml."""
    return sessions.psql_command(sql, user, database)


def sessions_decision(
    answer: Mapping[str, str],
    pods: Iterable[Mapping[str, Any]],
    service: str,
    min_age_s: float = 30,
    whose: str = "own",
) -> dict[str, Any]:
    """See sessions_decision.yml."""
    return sessions.decide_sessions(
        answer["stdout"],
        pods=pods,
        service=service,
        min_age_s=float(min_age_s),
        whose=whose,
        error=answer["error"],
    )


def sessions_ended(stdout: str) -> dict[str, int]:
    """See sessions_ended.yml."""
    return sessions.parse_ended(stdout)


class FilterModule:
    """The pure decisions, as filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name -> function."""
        functions: tuple[Callable[..., Any], ...] = (
            failure.failure,
            guard.guard,
            hpa_decision,
            key_present,
            lease_decision,
            left_behind,
            left_notes,
            may_act,
            plan_rungs,
            probed,
            psql_command,
            rollback_target,
            rung_decision,
            scale_guard,
            sessions_decision,
            sessions_ended,
            slim_workload,
            stuck_pods,
            template_hash,
            verdict,
        )
        return {function.__name__: filtered(function) for function in functions}
