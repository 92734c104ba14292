# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What must be true of a play's inputs before anything is asked of a cluster."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from .ladder import SEVERITIES
from .overrides import override_problem

_INCIDENT = re.compile(r"INC-\d{8}-\d{3,}")
_KINDS = ("Deployment", "StatefulSet")
_MIN_LOCK_S = 30  # below that a lock may run out inside one verification


def guard(inputs: Mapping[str, Any]) -> dict[str, str]:
    """The first thing that is wrong: {status: refused, what, which, next}; {} if all is well.

    inputs: cluster, host, hosts, groups, incident, incident_required, attempt, severity,
    service, services, namespace, lock_seconds, rungs, override, override_by, override_reason.
    """
    for check in _CHECKS:
        found = check(inputs)
        if found:
            what, which, cure = found
            return {"status": "refused", "what": what, "which": which, "next": cure}
    return {}


_Found: TypeAlias = "tuple[str, str, str] | None"


def _one_host(inputs: Mapping[str, Any]) -> _Found:
    hosts = [str(host) for host in inputs.get("hosts") or []]
    cluster = str(inputs.get("cluster") or "")
    if len(hosts) == 1 and hosts[0] == cluster:
        return None
    cure = "set -e ir_cluster=NAME to one of them"
    if cluster in (inputs.get("groups") or []) or cluster == "all":
        return (
            f"ir_cluster must be one cluster, but {cluster} is a group",
            f"its clusters: {', '.join(sorted(hosts)) or 'none'}",
            cure,
        )
    return (
        f"ir_cluster must name exactly one cluster, but it is {cluster!r}",
        f"it selects: {', '.join(sorted(hosts)) or 'none'}",
        cure,
    )


def _incident(inputs: Mapping[str, Any]) -> _Found:
    incident = str(inputs.get("incident") or "")
    cure = "set -e ir_incident=INC-YYYYMMDD-NNN, such as INC-20251105-001"
    if not incident:
        if not inputs.get("incident_required", True):
            return None
        return ("an incident number is needed before anything is changed", "ir_incident is not set", cure)
    if not _INCIDENT.fullmatch(incident):
        return ("this is not an incident number", f"ir_incident={incident}", cure)
    return None


def _attempt(inputs: Mapping[str, Any]) -> _Found:
    attempt = str(inputs.get("attempt", 1))
    if attempt.isdigit() and int(attempt) >= 1:
        return None
    return (
        "ir_attempt must be a whole number from 1",
        f"ir_attempt={attempt}",
        "raise it by one only when an incident is reopened",
    )


def _severity(inputs: Mapping[str, Any]) -> _Found:
    severity = str(inputs.get("severity") or "")
    if severity in SEVERITIES:
        return None
    return ("there is no such severity", f"ir_severity={severity}", f"use one of: {', '.join(SEVERITIES)}")


def _namespace(inputs: Mapping[str, Any]) -> _Found:
    if inputs.get("namespace"):
        return None
    return ("the namespace of the platform is not set", "ir_namespace", "set it in the inventory's group_vars")


def _service(inputs: Mapping[str, Any]) -> _Found:
    services, service = inputs.get("services") or {}, str(inputs.get("service") or "")
    if not isinstance(services, Mapping) or not services:
        return ("the inventory describes no services", "ir_services", "describe them in the inventory's group_vars")
    if service not in services:
        return (
            "there is no such service in the inventory",
            f"ir_service={service}",
            f"use one of: {', '.join(sorted(services))}",
        )
    kind = (services[service] or {}).get("kind")
    if kind not in _KINDS:
        return (
            f"the kind of {service} must be one of {', '.join(_KINDS)}",
            f"ir_services.{service}.kind is {kind!r}",
            "correct it in the inventory",
        )
    return None


def _lock(inputs: Mapping[str, Any]) -> _Found:
    seconds = str(inputs.get("lock_seconds", 300))
    if seconds.isdigit() and int(seconds) >= _MIN_LOCK_S:
        return None
    return (
        f"ir_lock_seconds must be a whole number from {_MIN_LOCK_S}",
        f"ir_lock_seconds={seconds}",
        "300 is the default",
    )


_CHECKS: tuple[Callable[[Mapping[str, Any]], _Found], ...] = (
    _one_host,
    _incident,
    _severity,
    _namespace,
    _service,
    _attempt,
    _lock,
    override_problem,
)
