"""The cells of tables that are more than a field: what `kubectl get` shows of an object."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from tuheg_ir.sim.clock import parse
from tuheg_ir.sim.selectors import at, render
from tuheg_ir.sim.status import Obj

Cell = Callable[[Obj, datetime], Any]
_NONE = "<none>"
_UNKNOWN = "<unknown>"


def duration(seconds: float) -> str:
    """Return a time span as kubectl shortens it: ``45s``, ``3m20s``, ``5h``, ``2d3h``."""
    whole = int(seconds)
    if whole < 0:
        return "0s" if whole >= -1 else "<invalid>"
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    steps: list[tuple[bool, str]] = [
        (whole < 120, f"{whole}s"),
        (minutes < 10, _two(minutes, "m", whole % 60, "s")),
        (minutes < 180, f"{minutes}m"),
        (hours < 8, _two(hours, "h", minutes % 60, "m")),
        (hours < 48, f"{hours}h"),
        (hours < 192, _two(days, "d", hours % 24, "h")),
        (days < 730, f"{days}d"),
    ]
    return next((text for fits, text in steps if fits), _two(days // 365, "y", days % 365, "d"))


def _two(big: int, big_unit: str, small: int, small_unit: str) -> str:
    return f"{big}{big_unit}{small}{small_unit}" if small else f"{big}{big_unit}"


def _since(stamp: str | None, now: datetime) -> str:
    return duration((now - parse(stamp)).total_seconds()) if stamp else _UNKNOWN


def _age(obj: Obj, now: datetime) -> str:
    return _since(obj["metadata"].get("creationTimestamp"), now)


# --- pods ---


def _statuses(obj: Obj) -> list[Obj]:
    found: list[Obj] = (obj.get("status") or {}).get("containerStatuses") or []
    return found


def _pod_ready(obj: Obj, _now: datetime) -> str:
    ready = sum(1 for status in _statuses(obj) if status.get("ready") and "running" in (status.get("state") or {}))
    return f"{ready}/{len(obj['spec']['containers'])}"


def _container_reason(status: Obj) -> str:
    state = status.get("state") or {}
    if reason := at(state, "waiting.reason"):
        return str(reason)
    ended = state.get("terminated")
    if not ended:
        return ""
    return str(
        ended.get("reason") or (f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended['exitCode']}")
    )


def _pod_status(obj: Obj, _now: datetime) -> str:
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    status = obj.get("status") or {}
    reasons = [reason for reason in map(_container_reason, reversed(_statuses(obj))) if reason]
    return reasons[-1] if reasons else str(status.get("reason") or status.get("phase") or "Unknown")


def _pod_restarts(obj: Obj, now: datetime) -> str:
    restarts = sum(status.get("restartCount", 0) for status in _statuses(obj))
    ends = [end for status in _statuses(obj) if (end := at(status, "lastState.terminated.finishedAt"))]
    return f"{restarts} ({_since(max(ends), now)} ago)" if restarts and ends else str(restarts)


# --- workloads ---


def _template(obj: Obj) -> list[Obj]:
    found: list[Obj] = at(obj, "spec.template.spec.containers") or []
    return found


def _count(path: str) -> Cell:
    return lambda obj, _now: at(obj, path) or 0


def _ready_of(obj: Obj, _now: datetime) -> str:
    return f"{at(obj, 'status.readyReplicas') or 0}/{at(obj, 'spec.replicas') or 0}"


def _quota(wanted: Callable[[str], bool]) -> Cell:
    def cell(obj: Obj, _now: datetime) -> str:
        hard, used = at(obj, "status.hard") or {}, at(obj, "status.used") or {}
        return ", ".join(f"{key}: {used.get(key, 0)}/{hard[key]}" for key in sorted(hard) if wanted(key))

    return cell


def _hpa_targets(obj: Obj, _now: datetime) -> str:
    shown = []
    for metric in at(obj, "spec.metrics") or []:
        resource = metric.get("resource") or {}
        wanted = at(resource, "target.averageUtilization")
        shown.append(f"{resource.get('name', '')}: {_UNKNOWN}/{wanted}%" if wanted else f"{_UNKNOWN}/{_UNKNOWN}")
    return ", ".join(shown) or _NONE


# --- services, routes ---


def _service_ports(obj: Obj, _now: datetime) -> str:
    ports = at(obj, "spec.ports") or []
    return ",".join(f"{port['port']}/{port.get('protocol', 'TCP')}" for port in ports) or _NONE


def _pairs(labels: Obj | None) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or _NONE


def _some(values: list[str], most: int = 3) -> str:
    """Return the first values and how many more there are, as kubectl shortens lists."""
    more = f" + {len(values) - most} more..." if len(values) > most else ""
    return (",".join(values[:most]) + more) if values else ""


def _endpoints(obj: Obj, _now: datetime) -> str:
    found = [
        f"{address['ip']}:{port['port']}"
        for subset in obj.get("subsets") or []
        for port in subset.get("ports") or []
        for address in subset.get("addresses") or []
    ]
    return _some(found) or _NONE


def _slice_ports(obj: Obj, _now: datetime) -> str:
    return _some([str(port["port"]) for port in obj.get("ports") or []]) or "<unset>"


def _slice_endpoints(obj: Obj, _now: datetime) -> str:
    return _some([address for point in obj.get("endpoints") or [] for address in point["addresses"]]) or "<unset>"


def _ingress_hosts(obj: Obj, _now: datetime) -> str:
    hosts = [rule["host"] for rule in at(obj, "spec.rules") or [] if rule.get("host")]
    return _some(hosts) or "*"


def _ingress_address(obj: Obj, _now: datetime) -> str:
    points = at(obj, "status.loadBalancer.ingress") or []
    return ",".join(point.get("ip") or point.get("hostname", "") for point in points)


# --- the rest ---


def _last_seen(obj: Obj, now: datetime) -> str:
    return _since(obj.get("lastTimestamp") or obj.get("eventTime"), now)


def _first_seen(obj: Obj, now: datetime) -> str:
    return _since(obj.get("firstTimestamp") or obj.get("eventTime"), now)


def _involved(obj: Obj, _now: datetime) -> str:
    involved = obj.get("involvedObject") or {}
    return f"{involved.get('kind', '').lower()}/{involved.get('name', '')}"


def _event_source(obj: Obj, _now: datetime) -> str:
    source = obj.get("source") or {}
    return ", ".join(part for part in (source.get("component"), source.get("host")) if part)


def _node_status(obj: Obj, _now: datetime) -> str:
    ready = [condition for condition in at(obj, "status.conditions") or [] if condition["type"] == "Ready"]
    if not ready:
        return "Unknown"
    return "Ready" if ready[0]["status"] == "True" else "NotReady"


def _node_ip(obj: Obj, _now: datetime) -> str:
    found = [a["address"] for a in at(obj, "status.addresses") or [] if a["type"] == "InternalIP"]
    return found[0] if found else _NONE


def _controller(obj: Obj, _now: datetime) -> str:
    owner = next((ref for ref in obj["metadata"].get("ownerReferences") or [] if ref.get("controller")), None)
    if owner is None:
        return _NONE
    kind: str = owner["kind"].lower()
    group = owner["apiVersion"].split("/")[0] if "/" in owner["apiVersion"] else ""
    return f"{kind}.{group}/{owner['name']}" if group else f"{kind}/{owner['name']}"


def _subjects(kind: str) -> Cell:
    def cell(obj: Obj, _now: datetime) -> str:
        found = [subject for subject in obj.get("subjects") or [] if subject["kind"] == kind]
        names = [f"{s['namespace']}/{s['name']}" if kind == "ServiceAccount" else s["name"] for s in found]
        return ", ".join(names)

    return cell


def _pdb(field: str) -> Cell:
    def cell(obj: Obj, _now: datetime) -> str:
        value = at(obj, f"spec.{field}")
        return "N/A" if value is None else str(value)

    return cell


def _access_modes(obj: Obj, _now: datetime) -> str:
    short = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
    return ",".join(short[mode] for mode in at(obj, "status.accessModes") or [])


CELLS: dict[str, Cell] = {
    "age": _age,
    "none": lambda _obj, _now: _NONE,
    "unset": lambda _obj, _now: "<unset>",
    "pod_ready": _pod_ready,
    "pod_status": _pod_status,
    "pod_restarts": _pod_restarts,
    "deployment_ready": _ready_of,
    "updated": _count("status.updatedReplicas"),
    "available": _count("status.availableReplicas"),
    "ready_replicas": _count("status.readyReplicas"),
    "hpa_replicas": _count("status.currentReplicas"),
    "containers": lambda obj, _now: ",".join(container["name"] for container in _template(obj)),
    "images": lambda obj, _now: ",".join(container.get("image", "") for container in _template(obj)),
    "selector": lambda obj, _now: render(at(obj, "spec.selector")) or _NONE,
    "pod_selector": lambda obj, _now: render(at(obj, "spec.podSelector")) or _NONE,
    "service_ports": _service_ports,
    "service_selector": lambda obj, _now: _pairs(at(obj, "spec.selector")),
    "endpoints": _endpoints,
    "slice_ports": _slice_ports,
    "slice_endpoints": _slice_endpoints,
    "ingress_class": lambda obj, _now: at(obj, "spec.ingressClassName") or _NONE,
    "ingress_hosts": _ingress_hosts,
    "ingress_address": _ingress_address,
    "ingress_ports": lambda obj, _now: "80, 443" if at(obj, "spec.tls") else "80",
    "last_seen": _last_seen,
    "first_seen": _first_seen,
    "involved": _involved,
    "event_source": _event_source,
    "event_message": lambda obj, _now: str(obj.get("message", "")).strip(),
    "event_count": lambda obj, _now: obj.get("count") or 1,
    "data_count": lambda obj, _now: len(obj.get("data") or {}) + len(obj.get("binaryData") or {}),
    "node_status": _node_status,
    "node_ip": _node_ip,
    "controller": _controller,
    "quota_requests": _quota(lambda key: not key.startswith("limits.")),
    "quota_limits": _quota(lambda key: key.startswith("limits.")),
    "hpa_reference": lambda obj, _now: f"{at(obj, 'spec.scaleTargetRef.kind')}/{at(obj, 'spec.scaleTargetRef.name')}",
    "hpa_targets": _hpa_targets,
    "pdb_min": _pdb("minAvailable"),
    "pdb_max": _pdb("maxUnavailable"),
    "role": lambda obj, _now: f"{obj['roleRef']['kind']}/{obj['roleRef']['name']}",
    "bound_users": _subjects("User"),
    "bound_groups": _subjects("Group"),
    "bound_accounts": _subjects("ServiceAccount"),
    "access_modes": _access_modes,
}
