"""Worlds of readers that a broker dropped while what they asked hung, and which is well again since; near misses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.diagnosis.rules.dropping import CLOSED, readers_of
from tests.diagnosis.rules.scenes import alert, shop
from tests.diagnosis.rules.tiny import at, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

SAYS_QUEUE = (
    'level=ERROR msg="channel closed by server" queue=labels.print err="Exception (406) Reason: '
    '\\"PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. Timeout value used: 1800000 ms.\\""'
)
PIKA = (
    "ERROR pika.exceptions.ChannelClosedByBroker: (406, 'PRECONDITION_FAILED - consumer ack timed out on channel 3') "
    "while reading queue 'labels.print'"
)
BY_BROKER = (
    "[warning] <0.1550.0> Consumer 'ctag-1' on channel 1 and queue 'labels.print' in vhost '/' has timed out waiting "
    "for delivery acknowledgement. Timeout used: 1800000 ms."
)
HUNG = 'level=WARN msg="label failed" err="Post \\"https://api.carrier.example/v3\\": context deadline exceeded"'
JAVA_HUNG = "WARN c.e.Labels - carrier: java.net.SocketTimeoutException: Read timed out"
AGAIN = 'level=INFO msg="carrier probe ok again" status=200'
BREAKER = "INFO c.e.Breaker - CircuitBreaker 'carrier' changed state from HALF_OPEN to CLOSED"
SERVED = "INFO POST https://api.carrier.example/v3/rates 200 ok"
FAILED = "ERROR POST https://api.carrier.example/v3/rates 504 timeout"
GATEWAY = 'level=WARN msg="label failed" err="Post \\"http://gw.internal.example/carrier\\": context deadline exceeded"'
ONE = 'level=WARN msg="label failed" err="Post \\"https://api.carrier.example/v3/labels/8812\\": i/o timeout"'
OTHER = 'level=INFO msg="mail sent" queue=mails'


def dropped(
    *since: str,
    closed: str = SAYS_QUEUE,
    hung: str = HUNG,
    before: str = "INFO label printed",
    broker: str = "[info] <0.1.0> accepting AMQP connection",
    beside: str | Sequence[str] = "INFO rates told",
    pods: int = 2,
    readers: tuple[float, float] = (2, 0),
    waits: tuple[float, float] = (30, 4100),
    **env: str,
) -> Snapshot:
    """Return readers of two queues, one of which they lost as their calls hung, and go on with the other.

    ``since``: what a reader tells later; ``hung``: until it was dropped; ``before``: long before that; ``beside``: what
    another workload tells since, three times; ``readers``, ``waits``: of the lost queue, before it was and now.
    """
    told = [
        (7100, OTHER),
        (7000, before),
        (6000, hung),
        (5600, hung),
        (5400, closed),
        (5200, OTHER),
        *((4800 - 60 * n, line) for n, line in enumerate(since)),
        *((age, OTHER) for age in range(900, 0, -120)),
    ]
    logs = [Log(pod("shop", n), "shop", tuple(f"{at(age)} {line}" for age, line in told)) for n in range(pods)]
    logs.append(Log("rabbit-0", "rabbit", (f"{at(5401)} {broker}",)))
    asked = zip((4000, 2000, 600), [beside] * 3 if isinstance(beside, str) else beside, strict=True)
    logs.append(Log(pod("ask"), "ask", tuple(f"{at(age)} {line}" for age, line in asked)))
    counted: Mapping[str, tuple[float, float]] = {"labels.print": readers, "mails": (2, 2)}
    figures = [("queue_consumers", readers_of(queue, *each)) for queue, each in counted.items()]
    figures.append(("queue_depth", readers_of("labels.print", *waits)))
    rabbit = workload("rabbit", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672)
    reader = shop(env={"AMQP_HOST": "rabbit", **env})
    return snapshot(reader, rabbit, workload("ask"), logs=logs, figures=figures, alerts=[alert("QueueBacklog")])


WELL_AGAIN = (
    ("its client names the queue, and a probe of whom it asked is well again", dropped(AGAIN)),
    ("a client of Python names it, and whom it asked is back", dropped("INFO carrier is back online", closed=PIKA)),
    (
        "the broker alone names it, and a breaker closed again",
        dropped(BREAKER, closed=CLOSED, hung=JAVA_HUNG, broker=BY_BROKER),
    ),
    (
        "a breaker closed again, in other words",
        dropped("INFO breaker carrier switched to closed", closed=CLOSED, hung=JAVA_HUNG, broker=BY_BROKER),
    ),
    ("somebody else is served by the host that it asked", dropped(beside=SERVED)),
    (
        "somebody else is served at its path behind a gateway, and fails at another",
        dropped(
            hung=GATEWAY,
            beside=(
                "INFO GET http://gw.internal.example/carrier 200 ok",
                "INFO GET http://gw.internal.example/carrier/rates 200 ok",
                "ERROR GET http://gw.internal.example/geo 504 timeout",
            ),
        ),
    ),
    (
        "somebody else is served another thing at its path",
        dropped(hung=ONE, beside="INFO POST https://api.carrier.example/v3/labels/9077 201 ok"),
    ),
    ("somebody else failed at its host, and is served at last", dropped(beside=(FAILED, FAILED, SERVED))),
    ("somebody else is served, past a store", dropped(beside=f"{SERVED} cache=miss")),
)
NOT_WELL = (
    ("nothing tells that what hung is well again", dropped()),
    ("what hung was well, and fails once more", dropped(AGAIN, 'level=WARN msg="carrier probe failed" status=503')),
    ("it waits for what hung", dropped('level=INFO msg="waiting until carrier is up again"')),
    ("something else is well again", dropped('level=INFO msg="geocoder ok again"')),
    ("another host serves somebody", dropped(beside="INFO POST https://api.rates.example/v3 200 ok")),
    ("the same host refuses somebody else", dropped(beside="INFO POST https://api.carrier.example/v3 503 done")),
    (
        "somebody else is served at another path of a gateway",
        dropped(hung=GATEWAY, beside="INFO GET http://gw.internal.example/geo 200 ok"),
    ),
    ("its host answers a probe of somebody", dropped(beside="INFO GET https://api.carrier.example/healthz 200 ok")),
    ("its host answers a probe below its path", dropped(beside="INFO GET https://api.carrier.example/v3/ping 200 ok")),
    ("somebody else is answered out of a store", dropped(beside=f"{SERVED} from cache (stale)")),
    ("somebody else was served once, and fails since", dropped(beside=(SERVED, FAILED, FAILED))),
    (
        "somebody else was served, and got a status that no logger marks",
        dropped(beside=(SERVED, SERVED, "INFO POST https://api.carrier.example/v3/rates 503 done")),
    ),
    (
        "somebody else was served, and waits in vain in words that no logger marks",
        dropped(beside=(SERVED, SERVED, "Post https://api.carrier.example/v3/rates: context deadline exceeded")),
    ),
    ("it says that it is well again, and somebody else fails since", dropped(AGAIN, beside=(SERVED, SERVED, FAILED))),
    *(
        (f"it tells of something else: {line}", dropped(f"INFO {line}"))
        for line in (
            "carrier cache was restored from snapshot",
            "carrier adapter version 2 is up to date, no is back",
            "rolled back to carrier rates v2; rates are back",
            "carrier config has been restored",
            "carrier fallback is working again",
            "carrier fallback is available again, using table",
        )
    ),
    ("what it asked was well before: its own work takes that long", dropped(before=AGAIN)),
    ("somebody reads the queue that its client names", dropped(AGAIN, readers=(2, 1))),
    ("nobody read the queue that its client names before", dropped(AGAIN, readers=(0, 0))),
    ("nothing more waits, and it works on", dropped(AGAIN, waits=(30, 0))),
    ("the word of a sentence is no queue, and it works on", dropped(AGAIN, closed=CLOSED, QUEUE="labels.print")),
    ("one of its pods lost its queue, the other tells of nothing", dropped(AGAIN, pods=1)),
    ("it subscribed again", dropped(AGAIN, "INFO consumer of labels.print resubscribed")),
)
OWN_WORK = dropped(AGAIN, hung="INFO rendering labels")
