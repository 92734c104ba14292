"""Workers that are all busy though their requests would not fill them, and one moment with more than all at work."""

from __future__ import annotations

from dataclasses import replace

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.test_workers_all_busy import IN_LINE, counted, in_line
from tests.diagnosis.rules.tiny import NOW, pod
from tuheg_ir.diagnosis.model import Series, Snapshot

SHARE = "workers_busy_share"


def seen_beyond(world: Snapshot, *ages: float) -> Snapshot:
    """Return the same where a pod was seen at some moments with a fourth more requests in work than it has workers."""

    def told(one: Series) -> Series:
        if one.labels["pod"] != pod("api"):
            return one
        moments = {min((at for at, _ in one.points), key=lambda at: abs(NOW.timestamp() - age - at)) for age in ages}
        return one._replace(points=tuple((at, 1.25 if at in moments else value) for at, value in one.points))

    return replace(world, metrics={**world.metrics, SHARE: tuple(told(one) for one in world.metrics[SHARE])})


HOLDS = [
    Holds(
        "requests grew, and one moment had more in work than there are workers: one of them was replaced",
        seen_beyond(counted(1.0, 1.0), 1800),
        IN_LINE,
    ),
    Holds(
        "three in four workers were busy, and callers are asked for half as much again",
        in_line(asked=75, busy=(0.75, 1.0), served=(20, 26), took=(0.4, 0.41)),
        IN_LINE,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(f"a few requests hang that 95 of 100 do not show: {what}", world, (), harmful=("scale_workload",))
    for what, world in (
        ("a third more asked would leave workers free", in_line(asked=68, busy=(0.65, 1.0), served=(20, 20.5))),
        ("and it serves less than before", in_line(asked=66, busy=(0.65, 1.0), served=(20, 19.2))),
        (
            "half as much again would fill it, but it serves hardly more",
            in_line(asked=78, busy=(0.75, 1.0), served=(20, 20.4)),
        ),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(
        "requests grew, and it had more of them in work than workers for a while",
        seen_beyond(counted(1.0, 1.0), *range(1500, 2100, 10)),
        (),
        harmful=("scale_workload",),
    ),
    DoesNotHold(
        "who asks it is asked more, and one moment had more in work than there are workers",
        seen_beyond(in_line(), 1800),
        (),
        harmful=("scale_workload",),
    ),
]
