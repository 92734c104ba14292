# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""One hand at a time: may this run take the service's Lease, and what is then written.

The Lease is written with the resourceVersion it was read with ("0" if it was absent), so of two
runs that decide the same only one wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from .templates import PREFIX
from .times import format_time, parse_time

TAKE, REFUSE = "take", "refuse"
# uids of incidents that a Lease remembers; it may not grow for ever
_REMEMBERED = 100
_INCIDENT = PREFIX + "INC-"


def lease_decision(
    lease: Mapping[str, Any] | None,
    *,
    name: str,
    namespace: str,
    me: str,
    incident: str,
    now: datetime,
    uid: str = "",
    seconds: int = 300,
    takeover: str = "",
) -> dict[str, Any]:
    """Decide whether `me` (<incident>/<run>) may hold the Lease.

    lease: as read, {} or None if absent. takeover: holders known to be dead, comma-separated.
    uid: the incident's; a Lease that knows the same number with another uid refuses.

    Returns {action: take|refuse, why: absent|free|mine|expired|takeover|held|other_incident,
    holder, until, wait_s, reason, next, definition}. definition is the Lease to write (only for
    take); wait_s is how long a holder may still keep it.
    """
    lease = lease or {}
    spec = lease.get("spec") or {}
    holder = str(spec.get("holderIdentity") or "")
    until = _until(spec)
    known = str((_annotations(lease)).get(PREFIX + incident) or "")
    if uid and known and known != uid:
        return _refused(
            "other_incident",
            holder,
            until,
            0.0,
            f"{incident} is already the number of another incident here (uid {known})",
            "give this incident the next free number",
        )
    why = _why(lease, holder, until, me, now, takeover)
    if why == "held":
        wait = (until - now).total_seconds() if until else float(seconds)
        told = f"until {format_time(until)}" if until else "without an end"
        return _refused(
            "held",
            holder,
            until,
            wait,
            f"{holder} holds {name} {told}",
            f"wait for it, or if that run is known to be dead: -e ir_lock_takeover={holder}",
        )
    return {
        "action": TAKE,
        "why": why,
        "holder": holder,
        "until": format_time(until) if until else "",
        "wait_s": 0,
        "reason": f"{name} is {why}",
        "next": "",
        "definition": _definition(lease, name, namespace, me, incident, uid, seconds, now),
    }


def lease_release(lease: Mapping[str, Any] | None, me: str) -> dict[str, Any]:
    """Give the Lease back: {action: release|none, definition}. Only its holder may."""
    lease = lease or {}
    if (lease.get("spec") or {}).get("holderIdentity") != me:
        return {"action": "none", "definition": {}}
    spec = {k: v for k, v in lease["spec"].items() if k in ("leaseDurationSeconds", "leaseTransitions")}
    meta = lease["metadata"]
    definition = _body(meta["name"], meta["namespace"], meta["resourceVersion"], _annotations(lease))
    return {"action": "release", "definition": definition | {"spec": spec | {"holderIdentity": ""}}}


def _why(
    lease: Mapping[str, Any],
    holder: str,
    until: datetime | None,
    me: str,
    now: datetime,
    takeover: str,
) -> str:
    if not lease:
        return "absent"
    if not holder:
        return "free"
    if holder == me:
        return "mine"
    if until is not None and until < now:
        return "expired"
    return "takeover" if holder in [each.strip() for each in takeover.split(",")] else "held"


def _until(spec: Mapping[str, Any]) -> datetime | None:
    """When a Lease ends; None if it does not say (then it does not end)."""
    try:
        renewed = parse_time(spec.get("renewTime") or spec.get("acquireTime"))
    except ValueError:
        return None
    length = spec.get("leaseDurationSeconds")
    return renewed + timedelta(seconds=int(length)) if renewed and length else None


def _refused(why: str, holder: str, until: datetime | None, wait_s: float, reason: str, cure: str) -> dict[str, Any]:
    return {
        "action": REFUSE,
        "why": why,
        "holder": holder,
        "until": format_time(until) if until else "",
        "wait_s": max(0, round(wait_s + 0.5)),
        "reason": reason,
        "next": cure,
        "definition": {},
    }


def _definition(
    lease: Mapping[str, Any],
    name: str,
    namespace: str,
    me: str,
    incident: str,
    uid: str,
    seconds: int,
    now: datetime,
) -> dict[str, Any]:
    spec = lease.get("spec") or {}
    mine = spec.get("holderIdentity") == me
    annotations = _annotations(lease)
    if uid:
        annotations[PREFIX + incident] = uid
    version = str((lease.get("metadata") or {}).get("resourceVersion") or "0")
    return _body(name, namespace, version, _trimmed(annotations, PREFIX + incident)) | {
        "spec": {
            "holderIdentity": me,
            "leaseDurationSeconds": int(seconds),
            "acquireTime": spec["acquireTime"] if mine and spec.get("acquireTime") else format_time(now),
            "renewTime": format_time(now),
            "leaseTransitions": int(spec.get("leaseTransitions") or 0) + (0 if mine or not lease else 1),
        }
    }


def _body(name: str, namespace: str, version: str, annotations: Mapping[str, str]) -> dict[str, Any]:
    meta = {"name": name, "namespace": namespace, "resourceVersion": version}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": meta | ({"annotations": dict(annotations)} if annotations else {}),
    }


def _annotations(lease: Mapping[str, Any]) -> dict[str, str]:
    return dict((lease.get("metadata") or {}).get("annotations") or {})


def _trimmed(annotations: Mapping[str, str], keep: str) -> dict[str, str]:
    incidents = sorted(name for name in annotations if name.startswith(_INCIDENT) and name != keep)
    old = set(incidents[: max(0, len(incidents) - _REMEMBERED + 1)])
    return {name: value for name, value in annotations.items() if name not in old}
