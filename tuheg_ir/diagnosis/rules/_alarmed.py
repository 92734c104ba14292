"""A broker that takes no messages, as it has no memory or disk left: who tells so, since when, and who asks it.

It says so itself, its clients pass it on, or its own figures count its alarms.
"""

from __future__ import annotations

from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence, Excluded
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.rules._same_key import of_same_broker
from tuheg_ir.diagnosis.view.complaints import STILL, Complaint, complaints, told
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

RAISED = 0.5
"""More than this is an alarm at least."""


class Alarm(NamedTuple):
    """An alarm of a broker: what logs tell of it, and what its figures do."""

    broker: Workload
    said: tuple[Complaint, ...]
    counted: tuple[Evidence, ...]

    @property
    def since(self) -> datetime | None:
        """Return when it was told first."""
        return oldest((*(each.hit.first for each in self.said), *(each.time for each in self.counted)))

    @property
    def tellers(self) -> tuple[str, ...]:
        """Return who tells of it in logs."""
        return tuple(each.caller for each in self.said)

    def told(self, view: View, most: int = 3) -> tuple[Evidence, ...]:
        """Return it as evidence, some lines of logs at most."""
        return (*told(view, self.said, most), *self.counted)

    def clients(self, view: View) -> tuple[str, ...]:
        """Return who asks the broker: as is known, as they tell of its alarm, or as they share an address of it."""
        known = {*self.tellers, *view.graph.callers(self.broker.ref)} - {self.broker.ref}
        alone = len(of_role(view.workloads, "broker")) == 1
        return tuple(ref for ref in of_same_broker(view, known, alone=alone) if ref != self.broker.ref)


def alarm_of(view: View, broker: Workload) -> Alarm | None:
    """Return the alarm of a broker; what was told long ago stands only where no figures tell that it is over."""
    others = {each.ref for each in of_role(view.workloads, "broker")} - {broker.ref}  # they tell of themselves
    told_of = (c for c in complaints(view, "broker_alarm") if c.caller not in others)
    said = tuple(c for c in told_of if broker.ref in (c.about, c.caller))
    counts = {p.name: now for p in broker.live if (now := view.figures.now("broker_alarms", pod=p.name)) is not None}
    counted = tuple(
        Evidence(
            "metrics",
            broker.ref,
            f"{pod} counts {count:.0f} of its resource alarms as raised",
            view.figures.crossed("broker_alarms", RAISED, pod=pod),
        )
        for pod, count in counts.items()
        if count > RAISED
    )
    if counts and not counted:
        said = tuple(each for each in said if view.recent(each.hit.last, STILL))
    return Alarm(broker, said, counted) if said or counted else None


def in_vain(broker: Workload) -> tuple[Excluded, ...]:
    """Return what does no good to a broker that is full."""
    reason = "messages that are only in memory would be lost, and the alarm comes back"
    return not_for((broker.ref,), reason, ("restart_workload", "scale_workload", "rollback_workload"))
