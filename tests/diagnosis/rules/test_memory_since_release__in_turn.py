"""Memory runs out since a release, and it takes hours: each life ends by a kill, and the last one was a while ago."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import HOUR, again, pods_of, put
from tests.diagnosis.rules.scenes import IMAGE, SHOP, errors, rising, shop
from tests.diagnosis.rules.tiny import DAY, Obj, pod, snapshot
from tuheg_ir.diagnosis.model import Snapshot

Rise = tuple[float, float]
CLIMBS: Rise = (0.4, 0.8)


def ended(*rises: Rise, ago: float = 70 * 60, lived: float = 2 * HOUR, restarts: int = 2, **more: Any) -> Snapshot:
    """Return a shop of three pods that were killed for memory so long ago after so long a life.

    ``rises``: from which to which share of its limit the memory of each went within the last hour.
    """
    objects: list[Obj] = shop(pods=3, before=IMAGE, released=more.get("released", 6 * HOUR))
    for each in pods_of(objects)[: more.get("killed", 3)]:
        put(each, again("OOMKilled", 137, age=ago, lived=lived, restarts=restarts))
    memory = [rising(pod("shop", n), *rise) for n, rise in enumerate(rises or [CLIMBS] * 3)]
    return snapshot(objects, figures=[*memory, errors("shop", 0.04)])


HOLDS = [
    Holds(what, world, (SHOP, "code_defect", "rollback_workload"), harmful=("restart_workload",))
    for what, world in (
        ("two lives of two hours, the last of which ended 70 minutes ago", ended()),
        ("three lives of an hour and a half", ended(ago=80 * 60, lived=1.5 * HOUR, restarts=3, released=8 * HOUR)),
        ("one of three has not been killed yet", ended(killed=2)),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world, harmful=("rollback_workload", "restart_workload"))
    for what, world in (
        ("it lives for longer by now than it did before", ended(ago=2.5 * HOUR)),
        ("one kill each that is past", ended(restarts=1)),
        ("short lives that are past", ended(lived=600, restarts=5)),
        ("its memory stands with room", ended(*[(0.3, 0.3)] * 3)),
        ("its memory rises by next to nothing", ended(*[(0.3, 0.33)] * 3)),
        ("only one of three was killed", ended(killed=1)),
        ("one of three climbs again", ended(CLIMBS, (0.3, 0.3), (0.3, 0.3))),
        ("the life that ended began before the release", ended(released=3 * HOUR)),
        (
            "lives of a working day, the last of which ended in the night",
            ended(ago=5 * HOUR, lived=8 * HOUR, released=DAY),
        ),
    )
]
