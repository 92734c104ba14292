"""The register of cases, and what each is expected to be answered with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.diagnosis.casemaker.world import World, start

Build = Callable[[World], None]


@dataclass(frozen=True)
class Fault:
    """What one finding must say; ``target`` only where it is not the component."""

    component: str
    root_cause: str
    remedy: str
    target: str = ""

    def entry(self) -> dict[str, str]:
        return {
            "component": self.component,
            "root_cause": self.root_cause,
            "remedy": self.remedy,
            "target": self.target or self.component,
        }


@dataclass(frozen=True)
class Made:
    """A case that can be built."""

    name: str
    namespace: str
    now: str
    expected: dict[str, Any]
    build: Build

    @cached_property
    def world(self) -> World:
        """Return what the case collects; built once and shared, so to be read only."""
        world = start(self.namespace, self.now)
        self.build(world)
        return world


CASES: dict[str, Made] = {}


def case(
    name: str,
    namespace: str,
    now: str,
    *,
    title: str,
    drawn_from: str,
    why: str,
    expect: Sequence[Fault],
    acceptable: Sequence[tuple[str, ...]] = (),
    tolerated: Sequence[str] = (),
    forbidden: Sequence[str | Mapping[str, str]] = (),
) -> Callable[[Build], Build]:
    """Register the function that builds a case; ``acceptable``: (root cause, remedy[, component[, for]])."""
    keys = ("root_cause", "remedy", "component", "for")
    expected: dict[str, Any] = {"title": title, "drawn_from": drawn_from, "why": why}
    expected["expect"] = [fault.entry() for fault in expect]
    expected["acceptable"] = [dict(zip(keys, each, strict=False)) for each in acceptable]
    expected["tolerated"] = list(tolerated)
    expected["forbidden"] = list(forbidden)

    def register(build: Build) -> Build:
        if name in CASES:
            raise ValueError(f"two cases are named {name}")
        CASES[name] = Made(name, namespace, now, expected, build)
        return build

    return register
