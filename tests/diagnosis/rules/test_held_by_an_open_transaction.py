"""What an open transaction holds back: no reader gets past it, whichever it is; one that ends is no such thing."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import alert
from tests.diagnosis.rules.tiny import NOW, figure, snapshot, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

KAFKA, READER = "StatefulSet/kafka", "Deployment/viewer"
COMMITTED = {"KAFKA": "kafka:9092", "GROUP_ID": "viewer", "ISOLATION_LEVEL": "read_committed"}


def climbs(signal: str, until: float, *, base: float = 0.0, falls: float = -1, **labels: str) -> tuple[str, Series]:
    """Return a figure that climbs evenly through the hour; at an age that ``falls`` tells it falls to nothing once."""
    ages = range(3600, -1, -30)
    values = ((age, 0.0 if age == falls else base + until * (3600 - age) / 3600) for age in ages)
    return signal, Series(dict(labels), tuple((NOW.timestamp() - age, value) for age, value in values))


def held(
    *,
    back: float = 24000,
    most: float = 24000,
    total: float = 24300,
    late: float | None = 1,
    brokers: int = 1,
    falls: float = -1,
    known: bool = True,
    queue: str = "postings",
    **more: Any,
) -> Snapshot:
    """Return a reader of a topic of which so many wait in the fullest partition, in all, and how many are held back.

    ``late``: transactions that a broker counts as too long; None: nobody counts them.
    """
    of: dict[str, Any] = {"consumergroup": "viewer", "queue": "postings"}
    figures = [
        climbs("queue_depth", total, base=90, **of),
        climbs("queue_part_depth", most, base=20, **of),
        *([climbs("queue_held_back", back, base=25, falls=falls, queue=queue)] if known else []),
        *([figure("late_transactions", 0, late, 2000, pod="kafka-1")] if late is not None else []),
    ]
    stores = [workload(name, "apache/kafka:3.9.1", kind="StatefulSet", pods=3) for name in ("kafka", "other")[:brokers]]
    reader = workload("viewer", env=COMMITTED, service=False, **more)
    return snapshot(*stores, reader, figures=figures, alerts=[alert("Stale", service="viewer")])


OLD: dict[str, Any] = {"before": {"image": "registry.example/viewer:0"}, "released": 5400}
HELD = (KAFKA, "code_defect", "page_human")
IN_VAIN = (
    *no("scale_workload", "restart_workload", "rollback_workload", at=READER),
    *no("restart_workload", at=KAFKA),
)
HARM = ("scale_workload", "restart_workload", "rollback_workload")

HOLDS = [
    *(
        Holds(what, world, HELD, excludes=IN_VAIN, harmful=HARM, alone=True)
        for what, world in (
            ("a partition is held back, and its broker counts a transaction that is too long", held()),
            ("nobody counts transactions, and it is held back for longer than one may be open", held(late=None)),
            ("as much was let go half an hour ago, and its broker counts one that is too long", held(falls=1500)),
            ("its reader was released a while before", held(**OLD)),
            ("two brokers are there, and one tells it", held(brokers=2)),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, (READER, "unknown", "page_human"), harmful=HARM)
        for what, world in (
            ("nothing is held back: its reader does not get past a message of that partition", held(back=30)),
            ("nobody tells what is held back", held(known=False)),
            ("much more waits than is held back", held(back=9000)),
            ("another topic is held back", held(queue="bills")),
            ("it was let go some minutes ago: transactions end", held(falls=300)),
            ("as much was let go half an hour ago: transactions are that long", held(falls=1500, late=None)),
            ("two brokers are there, and nobody tells which", held(late=None, brokers=2)),
        )
    ),
    DoesNotHold(
        "all partitions grow: its reader is too slow", held(total=96000), (READER, "capacity", "scale_workload")
    ),
    DoesNotHold("a few wait, as ever", held(back=40, most=40, total=60)),
]
