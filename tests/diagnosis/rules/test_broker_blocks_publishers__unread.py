"""A broker is full of what waits for a reader that somebody scaled to nought, and left so."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, SHOP, alert, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, figure, log, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert, Snapshot

RABBIT = ("rabbitmq", "rabbitmq:3.13-management", 5672)
ARTEMIS = ("artemis", "apache/activemq-artemis:2.40.0", 61616)
RABBIT_FULL = "disk resource limit alarm set on node rabbit@rabbitmq-0."
ARTEMIS_FULL = (
    "WARN  [org.apache.activemq.artemis.core.server] AMQ222210: Free storage space is at 3.0GB of 30.0GB total. "
    "Usage rate is 90.0% which is beyond the configured <max-disk-usage>. System will start blocking producers."
)
TAKES = "accepting AMQP connection <0.81.0> (10.1.0.4 -> 10.1.0.9)"
BLOCKED = "WARN connection blocked by broker: low on disk"
LEDGER = "Deployment/ledger-feed"
OVER = "scaled to 0 for the tenant move Fri 27 Feb 16:00, back to 3 Sat 28 Feb 10:00 (kim)"
QUEUE = "ledger.bookings"


def waits(low: float = 2_600_000, high: float = 2_640_000, queue: str = QUEUE) -> Any:
    return figure("queue_depth", low, high, 3000, component=queue)


def readers(number: float, queue: str = QUEUE) -> Any:
    return figure("queue_consumers", number, number, 3000, component=queue)


def feed(*, scaled: float = 2 * DAY, note: str = "", pods: int = 0, host: str = "rabbitmq") -> list[Obj]:
    """Return who reads the long queue, and has no pods since then; ``note``: written on it."""
    made = workload("ledger-feed", pods=pods, env={"QUEUE": QUEUE, "BROKER_HOST": host}, service=False)
    made[0]["metadata"]["managedFields"] = [{"manager": "kubectl", "subresource": "scale", "time": at(scaled)}]
    made[0]["metadata"]["annotations"] = {"team.example/note": note} if note else {}
    return made


def full(
    reader: list[Obj],
    *beside: Any,
    figures: Any = (),
    alerts: tuple[Alert, ...] = (),
    of: tuple[str, str, int] = RABBIT,
    says: str = RABBIT_FULL,
    blocked: str = BLOCKED,
) -> Snapshot:
    """Return a broker that is full since ten minutes, and a shop that publishes to it and was released just before."""
    name, image, port = of
    return snapshot(
        shop(env={"BROKER_HOST": name}, before=OLD, released=900),
        workload(name, image, kind="StatefulSet", pods=1, port=port),
        reader,
        *beside,
        logs=[log(f"{name}-0", says, since=600), *logs("shop", blocked, 0, 1, since=590)],
        figures=[errors("shop", 0.9, 580), *figures],
        alerts=alerts,
    )


NATS = workload("nats", "nats:2.10", kind="StatefulSet", pods=1, port=4222)
SEEN = [waits(), readers(0)]
GIVE = (LEDGER, "configuration_error", "scale_workload")
ASK = (LEDGER, "configuration_error", "page_human")
FULL = ("StatefulSet/rabbitmq", "resource_exhaustion", "page_human")
HARM = ("rollback_workload", "restart_workload")
HOLDS = [
    *(
        Holds(
            f"the one queue that is long is that of who has no pods: {what}",
            world,
            GIVE,
            excludes=(
                *no("restart_workload", "rollback_workload", at=SHOP),
                *no("restart_workload", "rollback_workload", at=LEDGER),
            ),
            alone=True,
            harmful=HARM,
        )
        for what, world in (
            ("nobody reads it, as the broker counts", full(feed(), figures=SEEN)),
            ("nobody counts its readers", full(feed(), figures=[waits()])),
            ("it stands as it stood, as nobody may publish", full(feed(), figures=[waits(2.6e6, 2.6e6), readers(0)])),
            ("other software", full(feed(host="artemis"), figures=SEEN, of=ARTEMIS, says=ARTEMIS_FULL)),
            ("a note names a time that is over", full(feed(scaled=5 * DAY, note=OVER), figures=SEEN)),
            (
                "there are no figures, and an alert names its queue",
                full(feed(), alerts=(alert("BookingsLate", queue=QUEUE, service="ledger"),)),
            ),
        )
    ),
    *(
        Holds(f"who took it down is asked: {what}", world, ASK, alone=True, harmful=(*HARM, "scale_workload"))
        for what, world in (
            ("it rests for weeks", full(feed(scaled=20 * DAY), figures=SEEN)),
            ("a note says why", full(feed(note="do not start before the ledger is moved"), figures=SEEN)),
            ("a note names a day to come", full(feed(note="paused, back on 9 Mar 10:00"), figures=SEEN)),
            ("a note names a time that may be over", full(feed(note="paused, back on 4 Mar 11:00"), figures=SEEN)),
            ("a note names when that began", full(feed(note="paused on 2 Mar 12:00"), figures=SEEN)),
        )
    ),
    *(
        Holds(f"it is not what fills the broker: {what}", world, FULL, harmful=("scale_workload",))
        for what, world in (
            ("it was taken down since", full(feed(scaled=300), figures=SEEN)),
            ("its queue is short", full(feed(), figures=[waits(3, 40), readers(0)])),
            ("somebody reads its queue", full(feed(), figures=[waits(), readers(2)])),
            (
                "another is told to read its queue",
                full(
                    feed(),
                    workload("ledger-eu", env={"QUEUE": QUEUE, "BROKER_HOST": "rabbitmq"}, service=False),
                    figures=[waits()],
                ),
            ),
            (
                "it comes and goes by itself",
                full(
                    feed(),
                    thing("ScaledObject", "x", spec={"scaleTargetRef": {"name": "ledger-feed"}, "minReplicaCount": 0}),
                    figures=SEEN,
                ),
            ),
        )
    ),
    *(
        Holds(f"that its queue grows as well is told by itself: {what}", world, FULL, believed="scaled_to_zero")
        for what, world in (
            ("far more waits elsewhere", full(feed(), figures=[*SEEN, waits(9e6, 9e6, "mails"), readers(2, "mails")])),
            ("it reads from another broker", full(feed(host="nats"), NATS, figures=SEEN)),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the broker takes all still",
        full(feed(), figures=SEEN, says=TAKES, blocked="INFO booked"),
        ("configuration_error", "scale_workload"),
    )
]
