"""How a Deployment moves from one ReplicaSet to the next: sizes only, pure."""

from __future__ import annotations

from dataclasses import dataclass

from tuheg_ir.sim.controllers.common import share


@dataclass(frozen=True, slots=True)
class Size:
    """A ReplicaSet as the strategy sees it."""

    name: str
    replicas: int
    available: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What a roll-out may do: how many are wanted, how many more, how many fewer."""

    wanted: int
    surge: int = 0
    unavailable: int = 0


def limits(spec: dict[str, object]) -> Limits:
    """Return the limits of a Deployment's spec; both at nothing means one unavailable, as in Kubernetes."""
    wanted = int(str(spec["replicas"]))
    strategy = spec["strategy"]
    rolling = strategy.get("rollingUpdate") if isinstance(strategy, dict) else None
    if not rolling:
        return Limits(wanted)
    surge = share(rolling["maxSurge"], wanted, up=True)
    unavailable = share(rolling["maxUnavailable"], wanted, up=False)
    if not surge and not unavailable:
        unavailable = 1
    return Limits(wanted, surge, min(unavailable, wanted))


def grown(limits: Limits, new: int, everything: int) -> int:
    """Return the size that the new ReplicaSet gets now."""
    if new >= limits.wanted:
        return limits.wanted
    room = limits.wanted + limits.surge - everything
    return new + max(0, min(room, limits.wanted - new))


def shrunk(limits: Limits, new: Size, old: list[Size]) -> dict[str, int]:
    """Return the new sizes of the old ReplicaSets (oldest first), those that change.

    Pods that are not available go first; then available ones, as far as availability allows.
    """
    least = limits.wanted - limits.unavailable
    everything = new.replicas + sum(size.replicas for size in old)
    room = everything - least - (new.replicas - new.available)
    if room <= 0:
        return {}
    sizes = {size.name: size.replicas for size in old}
    for size in old:
        gone = max(0, min(room, size.replicas - size.available))
        sizes[size.name] -= gone
        room -= gone
    spare = new.available + sum(min(size.available, sizes[size.name]) for size in old) - least
    for size in old:
        gone = max(0, min(spare, sizes[size.name]))
        sizes[size.name] -= gone
        spare -= gone
    return {size.name: sizes[size.name] for size in old if sizes[size.name] != size.replicas}


def spread(limits: Limits, sizes: list[Size]) -> dict[str, int]:
    """Return new sizes when the Deployment was scaled in the middle of a roll-out: each by its share."""
    before = sum(size.replicas for size in sizes)
    change = (limits.wanted + limits.surge if limits.wanted else 0) - before
    ordered = sorted(sizes, key=lambda size: -size.replicas)
    result, left = {}, change
    for size in ordered:
        part = round(size.replicas * change / before) if before else 0
        part = max(min(part, left), 0) if change > 0 else min(max(part, left), 0)
        result[size.name] = max(0, size.replicas + part)
        left -= part
    if ordered and left:
        result[ordered[0].name] = max(0, result[ordered[0].name] + left)
    return {size.name: result[size.name] for size in sizes if result[size.name] != size.replicas}
