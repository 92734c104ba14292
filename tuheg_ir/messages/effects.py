"""What the looks at services say about the effect of an incident."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tuheg_ir.messages.record import EventLike
from tuheg_ir.messages.telling import Teller

USER_FACING = ("core_function", "user")
"""Purposes of probes that ask what users get."""


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at a service: the verdict, and the probes that were asked."""

    service: object
    verdict: object
    probes: tuple[Mapping[str, Any], ...]


def impact_of(events: Sequence[EventLike], teller: Teller) -> str | None:
    """Say what fails, from the last look that found something; None if nobody looked."""
    look = _telling_look(events)
    if look is None:
        return None
    failing: dict[str, dict[str, None]] = {}
    for probe in look.probes:
        if probe.get("verdict") == "unhealthy":
            service = teller.text(probe.get("service") or look.service)
            failing.setdefault(service, {})[teller.purpose(probe.get("purpose"))] = None
    if not failing:
        plain = {"unhealthy": "rollout_impact", "healthy": "no_impact"}.get(str(look.verdict))
        if plain is None:
            return None
        failing = {teller.text(look.service): {teller.line(plain): None}}
    joint = teller.line("joined")
    return joint.join(
        teller.line("of_component", component=service, impact=joint.join(found)) for service, found in failing.items()
    )


def user_facing(events: Sequence[EventLike]) -> bool | None:
    """Tell whether users are affected, from the last look that found something; None: unknown."""
    look = _telling_look(events)
    if look is None:
        return None
    verdicts = {probe.get("verdict") for probe in look.probes if probe.get("purpose") in USER_FACING}
    if "unhealthy" in verdicts:
        return True
    return False if verdicts == {"healthy"} else None


def _telling_look(events: Sequence[EventLike]) -> _Look | None:
    """Return the last look that found something wrong, else the last one."""
    looks = list(_looks(events))
    bad = [look for look in looks if look.verdict == "unhealthy"]
    found = bad or looks
    return found[-1] if found else None


def _looks(events: Sequence[EventLike]) -> Iterator[_Look]:
    """Yield all looks: those with an event of their own, and those that a diagnosis began with."""
    service: object = None
    for event in events:
        if event.kind == "run_started":
            service = event.data.get("service")
        elif event.kind == "look":
            yield _Look(event.data.get("service"), event.data.get("verdict"), _probes(event.data))
        elif event.kind == "diagnosis" and isinstance(event.data.get("look"), Mapping):
            yield _Look(service, event.data["look"].get("verdict"), _probes(event.data))


def _probes(data: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    probes = data.get("probes")
    if not isinstance(probes, list):
        return ()
    return tuple(probe for probe in probes if isinstance(probe, Mapping))
