"""A release reads another queue than before: the former one grows, and nothing comes in the new one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, OLD, alert
from tests.diagnosis.rules.tiny import Obj, log, series, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

NOTIFIER, BROKER = "Deployment/notifier", "StatefulSet/rabbitmq"
RELEASED = 1500.0
AT = {"RABBITMQ_HOST": "rabbitmq"}
ACTING = ("rollback_workload", "restart_workload", "scale_workload")
GROWS = ((1410, 14), *((1380 - 60 * n, 400 + 900 * n) for n in range(23)))
LEAVE = ((1440, 2), (1410, 1), (1380, 0))
COME = ((1440, 1), (1410, 2), (1380, 3))
Steps = Iterable[tuple[float, float]]

FULL = [log("rabbitmq-0", "disk resource limit alarm set on node rabbit@rabbitmq-0.", since=300)]


def counted(signal: str, queue: str, first: float, *steps: tuple[float, float]) -> tuple[str, Series]:
    """Return what a broker counts of a queue: at first, and from so many seconds ago on."""
    return signal, series({"component": queue}, (3600, first), *steps)


def world(
    *more: Any,
    left: Steps = LEAVE,
    came: Steps | None = COME,
    grows: Steps = GROWS,
    in_new: Steps = (),
    readers: float = 3,
    pods: int = 3,
    alerts: Any = None,
    logs: Sequence[Log] = (),
    **released: Any,
) -> Snapshot:
    """Return a notifier of three pods that was released, one more reader, a shop, and what their RabbitMQ counts."""
    notifier: list[Obj] = workload(
        "notifier", pods=pods, service=False, env=AT, **{"before": IMAGE, "released": RELEASED, **released}
    )
    new = [
        counted("queue_consumers", "bookings.told", 0, *(came or ())),
        counted("queue_depth", "bookings.told", 0, *in_new),
    ]
    return snapshot(
        notifier,
        workload("web", env=AT),
        workload("indexer", env=AT, service=False),
        workload("rabbitmq", "rabbitmq:4", kind="StatefulSet", pods=1, port=5672),
        *more,
        figures=[
            counted("queue_depth", "told.bookings", 14, *grows),
            counted("queue_consumers", "told.bookings", readers, *left),
            counted("queue_consumers", "rooms", 2),
            counted("queue_depth", "rooms", 3),
            *(new if came is not None else ()),
        ],
        logs=logs,
        alerts=[alert("MailsLate", service="web")] if alerts is None else alerts,
    )


BACK = (NOTIFIER, "code_defect", "rollback_workload")
HOLDS = [
    Holds(
        "three readers left a queue one by one with a release, and three came to a new one",
        world(),
        BACK,
        excludes=no("scale_workload", "restart_workload", at=NOTIFIER),
        sure=(0.7, 0.95),
    ),
    Holds("each of its pods reads it twice", world(readers=6, left=[(1440, 2), (1380, 0)], came=[(1440, 6)]), BACK),
    Holds("the alert names nobody", world(alerts=[alert()]), BACK),
    Holds(
        "the broker is full of it, and takes nothing any more",
        world(logs=FULL),
        BACK,
        believed="broker_blocks_publishers",
    ),
]
DOES_NOT_HOLD = [
    *(
        # That it grows since the release of one who may read it is told, for less.
        DoesNotHold(f"readers left a queue, {what}", seen, ("code_defect", "rollback_workload"))
        for what, seen in (
            ("and came to no other", world(came=None)),
            ("and fewer came to another", world(came=[(1440, 1), (1410, 2)])),
            ("and as many are at another since long before", world(came=[(2700, 3)])),
            ("and the other one is sent messages too", world(in_new=[(900, 2), (600, 0)])),
            ("and one of them is still there", world(left=[(1440, 2), (1410, 1)])),
            ("and came back, and left again", world(left=[(1440, 0), (1300, 3), (1200, 0)])),
            ("but are no multiple of its pods", world(readers=4, left=[(1440, 2), (1380, 0)], came=[(1440, 4)])),
            ("and no alert fires", world(alerts=[])),
        )
    ),
    *(
        DoesNotHold(f"readers left a queue, {what}", seen, harmful=ACTING)
        for what, seen in (
            ("long after the release", world(released=3000)),
            ("before the release", world(released=1200)),
            ("and two programs were released", world(workload("desk", env=AT, before=OLD, released=1510))),
            ("and nobody sends to it any more", world(grows=())),
        )
    ),
]
