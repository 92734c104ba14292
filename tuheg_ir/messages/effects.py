"""What the looks at services say about the effect of an incident."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tuheg_ir.messages.record import EventLike
from tuheg_ir.messages.telling import Teller

USER_FACING = ("core_function", "user")
"""Purposes of probes that ask what users get."""


def impact_of(events: Sequence[EventLike], teller: Teller) -> str | None:
    """Say what fails, from the last look that found something; None if nobody looked."""
    look = _telling_look(events)
    if look is None:
        return None
    failing = _failing(look)
    component = teller.text(look.get("service"))
    if failing:
        by_service: dict[str, list[str]] = {}
        for probe in failing:
            name = teller.text(probe.get("service") or look.get("service"))
            by_service.setdefault(name, []).append(teller.purpose(probe.get("purpose")))
        return teller.line("joined").join(
            teller.line("of_component", component=name, impact=teller.line("joined").join(dict.fromkeys(found)))
            for name, found in by_service.items()
        )
    if look.get("verdict") == "unhealthy":
        return teller.line("of_component", component=component, impact=teller.line("rollout_impact"))
    if look.get("verdict") == "healthy":
        return teller.line("of_component", component=component, impact=teller.line("no_impact"))
    return None


def user_facing(events: Sequence[EventLike]) -> bool | None:
    """Tell whether users are affected, from the last look that found something; None: not known."""
    look = _telling_look(events)
    verdicts = {probe.get("verdict") for probe in _probes(look or {}) if probe.get("purpose") in USER_FACING}
    if "unhealthy" in verdicts:
        return True
    return False if verdicts == {"healthy"} else None


def _telling_look(events: Sequence[EventLike]) -> Mapping[str, Any] | None:
    """Return the data of the last unhealthy look, else of the last one."""
    looks = [event.data for event in events if event.kind == "look"]
    bad = [look for look in looks if look.get("verdict") == "unhealthy"]
    found = bad or looks
    return found[-1] if found else None


def _failing(look: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [probe for probe in _probes(look) if probe.get("verdict") == "unhealthy"]


def _probes(look: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    probes = look.get("probes")
    if not isinstance(probes, list):
        return []
    return [probe for probe in probes if isinstance(probe, Mapping)]
