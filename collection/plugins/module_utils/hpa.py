# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Scaling: what the data and the HorizontalPodAutoscaler allow, and how to go through them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .templates import PREFIX, template_of

MIN_BEFORE = PREFIX + "min-replicas-before"


def scale_guard(workload: Mapping[str, Any], service: Mapping[str, Any]) -> dict[str, Any]:
    """Whether more replicas would be safe for the data: {allowed, reason, next}.

    A second postgres on the same volume writes the same files: ReadWriteOnce is per node and
    does not prevent it. service: the workload's entry of ir_services.
    """
    name = workload["metadata"]["name"]
    if (service.get("database") or {}).get("single_primary"):
        return _guarded(
            f"{name} is a single-primary database: another replica is another primary",
            "free sessions, raise max_connections, put a pooler before it, or let an operator add read replicas",
        )
    volumes = (template_of(workload).get("spec") or {}).get("volumes") or []
    shared = [v["name"] for v in volumes if "persistentVolumeClaim" in v or "hostPath" in v]
    declared = (service.get("replicas") or {}).get("shared_storage") is True
    if shared and not declared:
        return _guarded(
            f"all replicas of {name} would write to the same volume ({', '.join(shared)})",
            f"if that is safe, declare replicas.shared_storage: true for {name} in ir_services",
        )
    return {"allowed": True, "reason": "", "next": ""}


def hpa_decision(
    hpa: Mapping[str, Any] | None,
    *,
    replicas: int,
    wanted: int,
    floor: int = 0,
    kind: str = "Deployment",
    name: str = "",
    namespace: str = "",
) -> dict[str, Any]:
    """How to get from `replicas` to `wanted` with this autoscaler ({} or None for none).

    Returns {action: none|scale|raise_min|refuse, wanted, min_replicas, min_before, max_replicas,
    reason, next, undo: {what, command, data}}. raise_min means: set minReplicas to wanted (it
    would undo a mere scaling within seconds), then scale. Never scales down, never below floor.
    """
    spec = (hpa or {}).get("spec") or {}
    lowest = int(spec.get("minReplicas") or 1) if hpa else None
    highest = int(spec["maxReplicas"]) if hpa else None
    base = {"wanted": wanted, "min_replicas": lowest, "min_before": _before(hpa, lowest), "max_replicas": highest}
    target = f"{kind.lower()}/{name}"
    if wanted < floor:
        return base | _step("refuse", f"{wanted} replicas are fewer than its floor of {floor}", "scale to more")
    if highest is not None and wanted > highest:
        named = (hpa or {})["metadata"]["name"]
        return base | _step(
            "refuse",
            f"its HorizontalPodAutoscaler {named} allows at most {highest} replicas and would undo {wanted}",
            f'kubectl -n {namespace} patch hpa {named} --type=merge -p \'{{"spec":{{"maxReplicas":{wanted}}}}}\'',
        )
    if lowest is not None and lowest < wanted:
        named = (hpa or {})["metadata"]["name"]
        undo = _undo(
            f"lower minReplicas of {named} to {base['min_before']} again; it then scales down by itself",
            f"kubectl -n {namespace} patch hpa {named} --type=merge "
            f'-p \'{{"spec":{{"minReplicas":{base["min_before"]}}}}}\'',
            {"hpa": named, "min_replicas": base["min_before"], "replicas": replicas},
        )
        return base | _step("raise_min", f"minReplicas of {named} goes from {lowest} to {wanted}", undo=undo)
    if replicas >= wanted:
        return base | _step("none", f"it has {replicas} replicas already")
    undo = _undo(
        f"scale back to {replicas}",
        f"kubectl -n {namespace} scale {target} --replicas={replicas}",
        {"replicas": replicas},
    )
    return base | _step("scale", f"from {replicas} to {wanted} replicas", undo=undo)


def _before(hpa: Mapping[str, Any] | None, lowest: int | None) -> int | None:
    """The minReplicas of before the incident: what an earlier raise has noted, if any."""
    noted = (((hpa or {}).get("metadata") or {}).get("annotations") or {}).get(MIN_BEFORE)
    return int(noted) if noted and str(noted).isdigit() else lowest


def _guarded(reason: str, cure: str) -> dict[str, Any]:
    return {"allowed": False, "reason": reason, "next": cure}


def _step(action: str, reason: str, cure: str = "", undo: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {"action": action, "reason": reason, "next": cure, "undo": dict(undo or _undo("", "", {}))}


def _undo(what: str, command: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"what": what, "command": command, "data": dict(data)}
