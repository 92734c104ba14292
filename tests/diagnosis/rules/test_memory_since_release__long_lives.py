"""Memory runs out since a release, and it takes hours: each life ends by a kill, and the last one was a while ago."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import HOUR, again, pods_of, put
from tests.diagnosis.rules.scenes import IMAGE, SHOP, errors, shop
from tests.diagnosis.rules.tiny import DAY, snapshot
from tuheg_ir.diagnosis.model import Snapshot


def ended(*, ago: float, lived: float, restarts: int = 2, released: float = 6 * HOUR) -> Snapshot:
    """Return a shop that fails in bursts, whose pods were killed for memory so long ago after so long a life."""
    objects = shop(before=IMAGE, released=released)
    for each in pods_of(objects):
        put(each, again("OOMKilled", 137, age=ago, lived=lived, restarts=restarts))
    return snapshot(objects, figures=[errors("shop", 0.04)])


HOLDS = [
    Holds(what, world, (SHOP, "code_defect", "rollback_workload"))
    for what, world in (
        ("two lives of two hours, the last of which ended 70 minutes ago", ended(ago=70 * 60, lived=2 * HOUR)),
        ("three lives of an hour and a half", ended(ago=80 * 60, lived=1.5 * HOUR, restarts=3)),
        ("a life of half an hour that ended of late", ended(ago=600, lived=1800)),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world, harmful=("restart_workload",))
    for what, world in (
        ("it lives for longer by now than it did before", ended(ago=2.5 * HOUR, lived=2 * HOUR)),
        ("one kill that is past", ended(ago=70 * 60, lived=2 * HOUR, restarts=1)),
        ("short lives that are past", ended(ago=70 * 60, lived=600, restarts=5)),
        (
            "lives of a working day, the last of which ended in the night",
            ended(ago=5 * HOUR, lived=8 * HOUR, released=DAY),
        ),
    )
]
