# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a namespace's quotas leave room for more replicas of a workload."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from .templates import template_of

_QUANTITY = re.compile(r"^([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([a-zA-Z]*)$")
_UNITS: dict[str, Decimal] = {
    "": Decimal(1),
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    **{unit: Decimal(1000) ** power for power, unit in enumerate(("k", "M", "G", "T", "P", "E"), 1)},
    **{unit: Decimal(1024) ** power for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)},
}
# A quota's word -> where a container says how much it takes of it.
_OF_CONTAINERS = {
    "cpu": ("requests", "cpu"),
    "memory": ("requests", "memory"),
    "requests.cpu": ("requests", "cpu"),
    "requests.memory": ("requests", "memory"),
    "limits.cpu": ("limits", "cpu"),
    "limits.memory": ("limits", "memory"),
}
_OF_PODS = ("pods", "count/pods")


def quantity(text: str | float) -> Decimal:
    """Read a Kubernetes quantity: "250m", "64Mi", "3". Raises ValueError for anything else."""
    found = _QUANTITY.match(str(text))
    if not found or found[2] not in _UNITS:
        raise ValueError(f"{text!r} is not a quantity")
    return Decimal(found[1]) * _UNITS[found[2]]


def need_of_one(template: Mapping[str, Any], resource: str) -> Decimal:
    """What one pod of the template takes of a quota's resource; 0 for one we do not know."""
    if resource in _OF_PODS:
        return Decimal(1)
    if resource not in _OF_CONTAINERS:
        return Decimal(0)
    side, name = _OF_CONTAINERS[resource]
    containers = (template.get("spec") or {}).get("containers") or []
    return sum((quantity(_amount(container, side, name)) for container in containers), Decimal(0))


def _amount(container: Mapping[str, Any], side: str, name: str) -> str:
    resources = container.get("resources") or {}
    found = (resources.get(side) or {}).get(name)
    if found is None and side == "requests":  # a request that is not said is the limit
        found = (resources.get("limits") or {}).get(name)
    return str(found or 0)


def quota_decision(workload: Mapping[str, Any], quotas: Iterable[Mapping[str, Any]], wanted: int) -> dict[str, Any]:
    """Say whether every quota leaves room to grow `workload` to `wanted` replicas.

    {allowed, reason, next}; quotas with scopes are left to the API server.
    """
    extra = wanted - int((workload.get("spec") or {}).get("replicas") or 0)
    for quota in quotas:
        spec = quota.get("spec") or {}
        if extra <= 0 or spec.get("scopes") or spec.get("scopeSelector"):
            continue
        short = _short_of(quota, template_of(workload), extra)
        if short:
            return {
                "allowed": False,
                "reason": f"quota {quota['metadata']['name']} forbids {wanted} replicas: {short}",
                "next": f"raise the quota: kubectl -n {quota['metadata']['namespace']} edit "
                f"resourcequota {quota['metadata']['name']}",
            }
    return {"allowed": True, "reason": "", "next": ""}


def _short_of(quota: Mapping[str, Any], template: Mapping[str, Any], extra: int) -> str:
    status = quota.get("status") or {}
    used = status.get("used") or {}
    for resource, hard in (status.get("hard") or (quota.get("spec") or {}).get("hard") or {}).items():
        need = need_of_one(template, resource) * extra
        left = quantity(hard) - quantity(used.get(resource, 0))
        if need > 0 and need > left:
            return (
                f"{extra} more pods need {_plain(need)} {resource}, {_plain(max(left, Decimal(0)))} of {hard} is left"
            )
    return ""


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
