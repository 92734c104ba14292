"""What somebody who drills asks for."""

from __future__ import annotations

from dataclasses import dataclass

from tuheg_ir.sim.scenario import Scenario


@dataclass(frozen=True, slots=True)
class DrillOrder:
    """A drill. ``on`` is ``sim`` (the embedded cluster) or ``lab``.

    ``speed`` is how many times as fast as the clock the embedded cluster lives, None for the most
    at which the scenario makes sense. ``seed`` decides the names and chances in it.
    """

    scenario: Scenario
    severity: str
    actor: str
    on: str = "sim"
    speed: float | None = None
    seed: int = 0
    lang: str = "zh"

    @property
    def pace(self) -> float:
        """Return the speed at which the embedded cluster lives: never more than the scenario bears."""
        return min(self.speed or self.scenario.speed, self.scenario.speed)
