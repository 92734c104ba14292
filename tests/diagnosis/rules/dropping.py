"""Worlds of readers whose channel a broker closed as they confirmed nothing, and of near misses."""

from __future__ import annotations

from collections.abc import Mapping

from tests.diagnosis.rules.scenes import alert, shop
from tests.diagnosis.rules.tiny import NOW, at, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

CLOSED = (
    "ERROR Channel closed by server: 406 (PRECONDITION-FAILED) with message PRECONDITION_FAILED - delivery "
    "acknowledgement on channel 1 timed out. Timeout value used: 1800000 ms."
)
ENDED = "ERROR label request failed: socket hang up ECONNRESET"
AMQP = {"AMQP_URL": "amqp://rabbit:5672", "QUEUE": "labels.print"}
COLUMNS = "name\tmessages_ready\tmessages_unacknowledged\tconsumers"
PRETTY = "| name | messages | consumers |"


def readers_of(queue: str, was: float, now: float) -> Series:
    """Return how many read a queue in the last two hours: before its readers were dropped, and since."""
    points = ((NOW.timestamp() - age, was if age > 5370 else now) for age in range(7200, -1, -30))
    return Series({"component": queue}, tuple(points))


def unread(
    *since: str,
    closed: str = CLOSED,
    said: str = ENDED,
    pods: int = 2,
    head: str = COLUMNS,
    before: str = "labels.print\t20\t16\t2",
    now: str = "labels.print\t4100\t0\t0",
    asked: float = 600,
    earlier: Mapping[float, str] | None = None,
    counted: Mapping[str, tuple[float, float]] | None = None,
    alarm: bool = True,
    **env: str,
) -> Snapshot:
    """Return readers that the broker dropped as their calls hung, which ended later; what runs list of its queues.

    ``since``: what a reader tells later; ``earlier``: before, by age; ``asked``: age of the newest listing;
    ``counted``: readers by figures, before and since, of each queue; ``env``: further settings.
    """
    told = [
        (6600, "INFO label printed"),
        *(earlier or {}).items(),
        (5400, closed),
        (4800, said),
        *((4000 - 60 * n, line) for n, line in enumerate(since)),
        (900, "INFO pool idle"),
    ]
    logs = [Log(pod("shop", n), "shop", tuple(f"{at(age)} {line}" for age, line in told)) for n in range(pods)]
    if counted is None:
        rows = [(head, "board\t0\t0\t1" if head == COLUMNS else "| board | 0 | 1 |", row) for row in (before, now)]
        logs += [
            Log(pod("ask", n), "ask", tuple(f"{at(age)} {line}" for row in lines for line in row.split("\n")))
            for n, (age, lines) in enumerate(zip((7200, asked), rows, strict=True))
        ]
    readers = [("queue_consumers", readers_of(queue, *each)) for queue, each in (counted or {}).items()]
    rabbit = workload("rabbit", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672)
    alerts = [alert("ConsumerGroupLag")] if alarm else ()
    return snapshot(shop(env=AMQP | env), rabbit, workload("ask"), logs=logs, figures=readers, alerts=alerts)


DROPPED = (
    ("and a listing shows that nobody reads", unread()),
    (
        "and another tool's listing does",
        unread(head=PRETTY, before="| labels.print | 20 | 2 |", now="| labels.print | 4100 | 0 |"),
    ),
    ("and figures do", unread(counted={"labels.print": (2, 0)})),
    (
        "and it writes to another one that is read, and to one that nobody ever read",
        unread(
            counted={"labels.print": (2, 0), "labels.out": (1, 1), "labels.dead": (0, 0)},
            OUT_QUEUE="labels.out",
            DEAD_LETTER_QUEUE="labels.dead",
        ),
    ),
    ("and one more call had failed minutes before", unread(earlier={5700: ENDED})),
    (
        "and calls had failed, and none in the last quarter of an hour",
        unread(earlier={6540: ENDED, 6480: ENDED}),
    ),
    (
        "and it had complained of another host all along",
        unread(
            said="ERROR POST https://api.carrier.example/v3 failed: socket hang up ECONNRESET",
            earlier=dict.fromkeys((6000, 5700, 5500), "WARN http://stats.example/put failed: ECONNRESET"),
        ),
    ),
)
NOT_DROPPED = (
    ("it reads again by its own word", unread("INFO reconnected to rabbit")),
    ("its queue has readers", unread(now="labels.print\t4100\t0\t2")),
    ("its queue has readers by figures", unread(counted={"labels.print": (2, 2)})),
    ("its queue had no readers, by figures", unread(counted={"labels.print": (0, 0)})),
    (
        "only the queue of dead letters has no readers, as ever",
        unread(counted={"labels.print": (2, 2), "labels.dead": (0, 0)}, DEAD_LETTER_QUEUE="labels.dead"),
    ),
    (
        "only the queue that it writes to lost its readers, by figures",
        unread(counted={"labels.print": (2, 2), "labels.out": (2, 0)}, OUT_QUEUE="labels.out"),
    ),
    (
        "only the queue that it writes to lost its readers, and nobody tells of its own",
        unread(before="labels.out\t20\t0\t2", now="labels.out\t4100\t0\t0", OUT_QUEUE="labels.out"),
    ),
    (
        "one of its queues lost its readers, and the other has them still",
        unread(
            before="labels.a4\t20\t0\t2\nlabels.print\t20\t0\t2",
            now="labels.a4\t4100\t0\t0\nlabels.print\t3\t0\t2",
            SECOND_QUEUE="labels.a4",
        ),
    ),
    ("it opened another one", unread("INFO channel reopened, consuming from labels.print")),
    ("it works on", unread("INFO label printed")),
    ("nobody misses anything", unread(counted={"labels.print": (2, 0)}, alarm=False)),
    ("nothing waits in its queue", unread(now="labels.print\t0\t0\t0")),
    ("nobody read it before", unread(before="labels.print\t20\t0\t0")),
    ("what is listed are no figures of any alphabet that counts", unread(now="labels.print\t\u00b2\t0\t0")),
    ("what is listed is no number that anybody counts to", unread(now=f"labels.print\t{'9' * 5000}\t0\t0")),
    ("another queue has no readers", unread(now="labels.dead\t4100\t0\t0")),
    ("nobody has looked for hours", unread(asked=5000)),
    ("for something else", unread(closed="ERROR Channel closed by server: 404 (NOT-FOUND) no queue labels.print")),
    ("what it waits for hangs still, or it was one message", unread(said="INFO label request goes on")),
    ("it complains as it did all along", unread(earlier={6000: ENDED, 5700: ENDED})),
    ("it complains every quarter of an hour", unread(earlier={6500: ENDED, 5600: ENDED})),
    ("one of its two pods", unread(pods=1)),
)
