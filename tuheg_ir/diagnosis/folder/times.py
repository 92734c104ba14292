"""The newest time that a snapshot mentions: when it was taken, if nobody says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from tuheg_ir.diagnosis.model import Obj, Snapshot
from tuheg_ir.diagnosis.moments import moment

_ALONE = timedelta(days=1)
"""A time later than all others by more is a broken clock's."""
_FIELDS = ("lastTransitionTime", "lastUpdateTime", "lastHeartbeatTime", "lastProbeTime")


def newest(snapshot: Snapshot) -> datetime | None:
    """Return the newest time that another one supports; None without any."""
    times = sorted(set(_times(snapshot)), reverse=True)
    for time, before in pairwise(times):
        if time - before <= _ALONE:
            return time
    return times[0] if times else None


def _times(snapshot: Snapshot) -> Iterator[datetime]:
    for objs in snapshot.objects.values():
        for obj in objs:
            yield from (found for found in map(moment, _of(obj)) if found)
    for series in (each for all_of in snapshot.metrics.values() for each in all_of if each.points):
        # A point's time is a number: what no calendar holds is None.
        found = moment(series.points[-1][0])
        if found:
            yield found.astimezone(UTC)
    for alert in snapshot.alerts:
        yield from (time for time in (alert.starts_at, alert.ends_at) if time)


def _of(obj: Obj) -> Iterator[Any]:
    meta = obj["metadata"]
    yield meta.get("creationTimestamp")
    yield from (obj.get(key) for key in ("firstTimestamp", "lastTimestamp"))
    yield from (entry.get("time") for entry in meta.get("managedFields") or ())
    status = obj.get("status") or {}
    for condition in status.get("conditions") or ():
        yield from (condition.get(key) for key in _FIELDS)
    for key in ("containerStatuses", "initContainerStatuses"):
        for container in status.get(key) or ():
            for state in (container.get("state") or {}, container.get("lastState") or {}):
                for held in state.values():
                    if isinstance(held, dict):
                        yield from (held.get(when) for when in ("startedAt", "finishedAt"))
