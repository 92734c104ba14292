"""Who misses an answer since his release, and a queue that another works off, or no longer."""

from __future__ import annotations

from tests.diagnosis.rules.scenes import IMAGE, alert, shop
from tests.diagnosis.rules.tiny import figure, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

MISSES = (
    "WARN score not there in time, falling back to manual review",
    "WARN no reply within 1500 ms, order parked",
    "WARN gave up waiting for the price of 17",
    "ERROR timed out waiting for result",
)
OF_ITSELF = (
    "ERROR timed out waiting for connection from pool",
    "ERROR gave up waiting for lock on account 17",
    "ERROR timed out while waiting for an idle object of the pool",
    "ERROR waiting for a free worker timed out",
)
BROKEN = "ERROR price of 17 is negative"
FIRES = alert("FallbackShareHigh", service="shop")


def misses(words: str = MISSES[0], *, reader: str = "scorer", grew: float | None = 700) -> Snapshot:
    """Return a shop that warns since minutes after its release, and a queue, of ``reader``, that grew since then."""
    return snapshot(
        shop(before=IMAGE, released=900),
        workload("scorer", service=False),
        logs=[log(pod("shop", n), *["INFO request"] * 4, *[words] * 20, since=840) for n in (0, 1)],
        figures=[figure("queue_depth", 20, 9000, grew, component=reader)] if grew else [],
        alerts=[FIRES],
    )


BEHIND_A_QUEUE = [
    *((f"it tells so: {line}", misses(line)) for line in MISSES),
    ("that grew from some minutes before on", misses(grew=1200)),
]
BY_ITSELF = [
    ("and no queue grows", misses(grew=None)),
    ("and that is no answer which it misses", misses(BROKEN)),
    *((f"and it waits for what it has itself: {line}", misses(line)) for line in OF_ITSELF),
    ("and the queue grew for long before", misses(grew=3300)),
    ("and it reads the queue itself", misses(reader="shop")),
]
