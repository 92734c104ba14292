"""Readers of a queue that was long before the first figure: what their autoscaler would give if it might is missing."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, autoscaler
from tests.diagnosis.rules.test_cpu_saturated import FULL
from tests.diagnosis.rules.test_queue_backlog__outnumbered import climbs
from tests.diagnosis.rules.tiny import DAY, Obj, figure, log, pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

SENDER = "Deployment/sender"
GROUP: dict[str, Any] = {"consumergroup": "sender", "queue": "orders"}
TUBE: dict[str, Any] = {"component": "sender"}
DONE = '{"level":"info","msg":"batch done","records":500}'
HARM = ("restart_workload", "rollback_workload", "restart_connection_pool")


def capped(most: int = 2, *, wants_more: bool = True, blind: bool = False) -> Obj:
    """Return the readers' autoscaler, which would give more if it might."""
    made = autoscaler("sender", 2, most, blind=blind)
    made["status"]["conditions"] += FULL["conditions"] if wants_more else []
    return made


def full(
    share: float = 0.98, *, before: float = 0.98, since: float = 1500, of: str = "sender"
) -> list[tuple[str, Series]]:
    """Return how much of their processor limit two readers use, or what runs beside them."""
    return [figure("cpu_share", before, share, since, pod=pod("sender", n), container=of) for n in range(2)]


def short_of_readers(
    *beside: Any,
    queue: tuple[float, float] = (290000, 560000),
    labels: dict[str, Any] | None = None,
    scaler: Obj | None = None,
    works: list[tuple[str, Series]] | None = None,
    figures: Any = (),
    done: str = DONE,
    ill: str = '{"level":"warn","msg":"push refused","status":410}',
    fails: int = 12,
    quiet: float = 0,
    lines: Any = (),
    **more: Any,
) -> Snapshot:
    """Return readers of a queue that was long an hour ago and is longer now, as many as there may be.

    ``fails``: each so many lines tells of a message that fails. ``quiet``: for so many seconds they have said nothing.
    """
    said = [(3600 + quiet - 18 * n, ill if n % fails == 1 else done) for n in range(200)]
    broker = workload("kafka", "kafka:3", kind="StatefulSet", pods=1, port=9092)
    return snapshot(
        workload("sender", env={"BROKERS": "kafka:9092"}, service=False, **more),
        broker,
        scaler or capped(),
        *beside,
        figures=[climbs(*queue, **(labels or GROUP)), *(full() if works is None else works), *figures],
        logs=[*(timed(pod("sender", n), *said) for n in range(2)), *lines],
    )


def of_another() -> Obj:
    """Return an autoscaler that is none of the readers'."""
    return autoscaler("another", 2, 2)


HOLDS = [
    Holds(
        f"readers use all they may, a queue grows all the while, and their autoscaler wants more: {what}",
        world,
        (SENDER, "capacity", "page_human"),
        excludes=no("scale_workload", at=SENDER),
        harmful=HARM,
    )
    for what, world in (
        ("of a topic", short_of_readers()),
        ("of a queue of a few thousand", short_of_readers(queue=(2600, 6200), labels=TUBE)),
        ("their log has fields", short_of_readers(done="level=info msg=sent n=100", ill="level=error msg=bounced")),
        ("they say nothing of what they do", short_of_readers(done="", ill="", fails=1000)),
        (
            "a proxy beside each of them idles",
            short_of_readers(works=[*full(), *full(0.05, before=0.05, of="istio-proxy")]),
        ),
        ("they were released a week ago", short_of_readers(before=IMAGE, released=7 * DAY)),
        (
            "another program was released meanwhile",
            short_of_readers(workload("templates", before={"image": "templates:0"}, released=7000)),
        ),
        (
            "no pod is left of a run that was there",
            short_of_readers(workload("report", kind="Job", pods=0, service=False)),
        ),
    )
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a queue that was long an hour ago is longer: {what}", world, harmful=("scale_workload", *HARM))
        for what, world in (
            ("their autoscaler has room, and gives it", short_of_readers(scaler=capped(6, wants_more=False))),
            (
                "their autoscaler is at its maximum, and wants no more",
                short_of_readers(scaler=capped(wants_more=False)),
            ),
            ("their autoscaler sees nothing", short_of_readers(scaler=capped(wants_more=False, blind=True))),
            ("nobody scales them", short_of_readers(scaler=of_another())),
            ("they have time left", short_of_readers(works=full(0.5, before=0.5))),
            (
                "they have time left, and what runs beside them has not",
                short_of_readers(
                    works=[*full(0.1, before=0.1), *full(of="istio-proxy"), *full(of="log-shipper")],
                ),
            ),
            ("they are busy for some minutes only", short_of_readers(works=full(0.98, before=0.3, since=400))),
            ("one of them has all to do", short_of_readers(works=[*full()[:1], *full(0.1, before=0.1)[1:]])),
            ("they were released hours ago", short_of_readers(before=IMAGE, released=9000)),
            (
                "their memory is full: they may make room all the time",
                short_of_readers(
                    figures=[
                        figure("memory_share", 0.95, 0.96, pod=pod("sender", n), container="sender") for n in range(2)
                    ]
                ),
            ),
            ("each third line tells of a message that fails", short_of_readers(fails=3, ill="ERROR push failed")),
            (
                "each fourth line tells of one to be tried again",
                short_of_readers(fails=4, ill="WARN push put off: 429"),
            ),
            ("they have said nothing for minutes", short_of_readers(quiet=900)),
            (
                "all that waits is in one partition",
                short_of_readers(figures=[("queue_part_depth", climbs(288000, 557000, **GROUP)[1])]),
            ),
            (
                "a run publishes since hours",
                short_of_readers(
                    workload("replay", kind="Job", pods=1, started=9000, service=False),
                    lines=[log("replay-0", "INFO replayed 500 orders", "INFO replayed 1000 orders")],
                ),
            ),
            (
                "they give messages back",
                short_of_readers(ill="ERROR order 7: basic.nack requeue=true, message rejected"),
            ),
            (
                "they cannot read a message",
                short_of_readers(ill="ERROR cannot decode message: unexpected end of input"),
            ),
        )
    ),
    DoesNotHold("the queue melts, and readers use all they may", short_of_readers(queue=(560000, 290000))),
    DoesNotHold("as many wait as an hour ago, and readers use all they may", short_of_readers(queue=(56000, 56400))),
    DoesNotHold("next to none waits, though twice as many as an hour ago", short_of_readers(queue=(20, 45))),
]
