"""A broker is full of what waits for readers that keep what they were handed, since a release of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import OLD, SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import (
    Obj,
    at,
    database,
    figure,
    pod,
    postgres,
    secret_key,
    series,
    session,
    snapshot,
    thing,
    timed,
    workload,
)
from tuheg_ir.diagnosis.model import Log, Series, Session, Snapshot

MIN = 60.0
RABBIT = ("rabbitmq", "rabbitmq:3.13-management", 5672)
ARTEMIS = ("artemis", "apache/activemq-artemis:2.40.0", 61616)
RABBIT_FULL = "memory resource limit alarm set on node rabbit@rabbitmq-0."
ARTEMIS_FULL = (
    "WARN  [org.apache.activemq.artemis.core.server] AMQ222210: Free storage space is at 3.0GB of 30.0GB total. "
    "Usage rate is 90.0% which is beyond the configured <max-disk-usage>. System will start blocking producers."
)
TAKES = "accepting AMQP connection <0.81.0> (10.1.0.4 -> 10.1.0.9)"
BLOCKED = "WARN connection blocked by broker: low on memory"
QUEUE = "labels.print"
LABELS = "Deployment/labels"
FULL = ("StatefulSet/rabbitmq", "resource_exhaustion", "page_human")
CODE = (LABELS, "code_defect", "rollback_workload")
DONE, LEFT = "INFO label 17 printed in 80 ms", "INFO label 17 needs no print"
BEAT = "DEBUG still here, connected to rabbitmq"
PHP = "[info] App\\Handler\\PrintLabel handled successfully"
LOCK = "WARN could not acquire lock within 5s, timed out"
OWN_LOCK = "INFO waiting for render lock"
AWAY = "ERROR GET https://printer.example/v1: connect ETIMEDOUT"
GAPS = (7.0, 19.0, 11.0, 26.0, 4.0, 31.0)


def worked(until: float, name: str = "labels", number: int = 0, *, beat: str = BEAT, says: Sequence[str] = ()) -> Log:
    """Return the log of a pod that told of work until so many minutes ago, and of a beat each five minutes since.

    ``says``: its last words.
    """
    age, told = until * MIN, []
    for n, line in enumerate([*says, *[LEFT, DONE, DONE] * 15] or [DONE]):
        told.append((age, line))
        age += GAPS[n % len(GAPS)]
    beats = [(n * 5 * MIN + 40, beat) for n in range(int(until / 5))] if beat else []
    return timed(pod(name, number), *sorted([*told, *beats], reverse=True))


def held(before: float = 100, now: float = 100, since: float = 50, queue: str = QUEUE) -> tuple[str, Series]:
    """Return how many messages its readers were handed and have not acknowledged."""
    return figure("queue_unacked", before, now, since * MIN, component=queue)


def fills(began: float = 45, full: float = 30, most: float = 100) -> tuple[str, Series]:
    """Return how a hand fills from one message to the next since so many minutes, until it is full."""
    steps = [((began - (began - full) * n / 15) * MIN, float(round(6 + (most - 6) * n / 15))) for n in range(1, 16)]
    return "queue_unacked", series({"component": QUEUE}, (3600, 6.0), *steps)


def readers(number: float = 2) -> tuple[str, Series]:
    return figure("queue_consumers", number, number, component=QUEUE)


def waits(low: float = 40_000, high: float = 70_000, since: float = 15) -> tuple[str, Series]:
    return figure("queue_depth", low, high, since * MIN, component=QUEUE)


def melting() -> tuple[str, Series]:
    """Return a queue that is worked off since its broker takes nothing."""
    steps = ((3600, 10_000.0), (900, 70_000.0), (500, 60_000.0), (200, 50_000.0))
    return "queue_depth", series({"component": QUEUE}, *steps)


def made_since(objects: list[Obj], age: float = 40) -> list[Obj]:
    """Return a workload whose second pod was made so many minutes ago."""
    for each in objects:
        if each["kind"] == "Pod" and each["metadata"]["name"] == pod("labels", 1):
            each["metadata"]["creationTimestamp"] = at(age * MIN)
    return objects


def full(
    *beside: Any,
    stopped: tuple[float, float] = (80, 82),
    figures: Sequence[tuple[str, Series]] | None = None,
    more: Sequence[tuple[str, Series]] = (),
    of: tuple[str, str, int] = RABBIT,
    says: str = RABBIT_FULL,
    since: float = 10,
    anew: bool = False,
    sender: Any = None,
    last: Sequence[str] = (),
    other: Sequence[Log] = (),
    beat: str = BEAT,
    blocks: bool = False,
    **reader: Any,
) -> Snapshot:
    """Return a broker that is full since ten minutes, and readers that work no more since so many minutes.

    They were released two hours ago. ``anew``: one of them was made since they stopped. ``blocks``: they are told of
    the alarm.
    """
    name, image, port = of
    given: dict[str, Any] = {
        "env": {"QUEUE": QUEUE, "BROKER_URL": secret_key("broker", "uri")},
        "service": False,
        "before": OLD,
        "released": 120 * MIN,
    }
    labels = workload("labels", **{**given, **reader})
    told = [worked(stopped[n], number=n, beat=beat, says=last) for n in range(2)]
    return snapshot(
        shop(env={"BROKER_HOST": name}, **(sender or {})),
        workload(name, image, kind="StatefulSet", pods=1, port=port),
        made_since(labels) if anew else labels,
        *beside,
        logs=[
            timed(f"{name}-0", (since * MIN, says)),
            *logs("shop", BLOCKED if says != TAKES else "INFO order taken", 0, 1, since=580),
            *told,
            *(logs("labels", BLOCKED, 0, 1, since=580) if blocks else ()),
            *other,
        ],
        figures=[errors("shop", 0.9, 580), *([held(), readers(), waits()] if figures is None else figures), *more],
    )


def anew(age: float, *, started: bool = False) -> list[Obj]:
    """Return a database that came anew so many minutes ago, ``started``: as the same pod."""
    objects = postgres()
    for each in pods_of(objects):
        if not started:
            each["metadata"]["creationTimestamp"] = at(age * MIN + 15)
        for state in each["status"]["containerStatuses"]:
            state["state"]["running"]["startedAt"] = at(age * MIN + 10)
        for condition in each["status"]["conditions"]:
            condition["lastTransitionTime"] = at(age * MIN)
    return objects


def needing(*told: Any, **reader: Any) -> Snapshot:
    """Return readers that need a database and stopped half an hour ago: the objects of it, or sessions it lists."""
    objects = [each for each in told if isinstance(each, list)] or [postgres()]
    env = {"QUEUE": QUEUE, "BROKER_URL": secret_key("broker", "uri"), "DB_HOST": "postgres"}
    world = full(*objects, env=env, **{"stopped": (30, 29), **SINCE_HOUR, **reader})
    sessions = [each for each in told if isinstance(each, Session)]
    return replace(world, databases=(database(*sessions),) if sessions else ())


def busy(before: float, now: float) -> list[tuple[str, Series]]:
    return [figure("cpu_share", before, now, 3000, pod=pod("labels", n), container="labels") for n in range(2)]


AGAIN: dict[str, Any] = {"stopped": (58, 25), "anew": True}
LATE: dict[str, Any] = {"stopped": (40, 41)}
SINCE_HOUR: dict[str, Any] = {"released": 45 * MIN, "since": 20, "figures": [fills(), readers(), waits()]}
HOLDS = [
    *(
        Holds(
            f"its readers keep what they were handed since their release: {what}",
            world,
            CODE,
            excludes=(
                *no("rollback_workload", "restart_workload", at=SHOP),
                *no("restart_workload", "scale_workload", at=LABELS),
            ),
            alone=True,
            harmful=("restart_workload", "scale_workload"),
        )
        for what, world in (
            ("they stopped soon after it", full()),
            ("they stopped later, and one that was made since stands still too", full(**AGAIN)),
            ("one that was made since is told that it may not publish", full(**AGAIN, since=30, blocks=True)),
            ("they use no more of the processor than all the hour", full(more=busy(0.01, 0.01))),
            ("their release is of this hour, and they stopped before the alarm", full(stopped=(30, 29), **SINCE_HOUR)),
            ("nobody counts them", full(figures=[held(), waits()])),
            ("they beat no more", full(beat="")),
            ("words of another language", full(last=[PHP] * 30, beat="[debug] Received no message, sleeping 1s")),
            (
                "their hands were full within ten minutes",
                full(stopped=(30, 29), **{**SINCE_HOUR, "figures": [fills(40), readers(), waits()]}),
            ),
            ("their database came anew before that", needing(anew(46))),
            ("their sessions in it rest", needing(session(LABELS, "idle", 2, age_s=1790.0))),
            ("they ask it whether it is there", needing(session(LABELS, "active", 1, age_s=0.1))),
            ("somebody else works in it", needing(session("Deployment/shop", "active", 1, age_s=1790.0))),
            (
                "their sender was released when they stood still already",
                full(sender={"before": OLD, "released": 29 * MIN}),
            ),
        )
    ),
    Holds(
        "other software, and the release brought another setting alone",
        full(
            of=ARTEMIS,
            says=ARTEMIS_FULL,
            before={"env": {"QUEUE": QUEUE, "BROKER_URL": secret_key("broker", "uri"), "ACK_MODE": "auto"}},
        ),
        (LABELS, "configuration_error", "rollback_workload"),
        alone=True,
        harmful=("restart_workload", "scale_workload"),
    ),
    *(
        Holds(f"nobody can tell that a release keeps them: {what}", world, FULL, harmful=("rollback_workload",))
        for what, world in (
            ("there was none", full(before=None)),
            ("it came the day before", full(released=20 * 60 * MIN)),
            ("they worked for longer than an hour after it, and none was made since", full(**LATE)),
            ("both of them work", full(stopped=(0.2, 0.5))),
            ("one of them works", full(stopped=(80, 0.5))),
            ("they stopped with the alarm, and may wait to publish", full(stopped=(19, 18), **SINCE_HOUR)),
            ("they hold nothing, as they are not connected", full(figures=[held(100, 0, 70), readers(0), waits()])),
            ("nobody is connected any more", full(figures=[held(), readers(0), waits()])),
            ("how much they hold is not known", full(figures=[readers(), waits()])),
            ("they hold now more, now less", full(figures=[held(90, 100, 4), readers(), waits()])),
            ("one holds more than the other", full(figures=[held(77, 77), readers(), waits()])),
            (
                "they held as much before it",
                full(stopped=(30, 31), released=45 * MIN, figures=[held(), readers(), waits(39_000, 70_000)]),
            ),
            ("the queue is worked off", full(figures=[held(), readers(), melting()])),
            ("they tell that they wait for a lock", full(last=[LOCK] * 9)),
            ("their last words are that they wait for a lock of their own", full(last=[OWN_LOCK])),
            ("they miss somebody else", full(last=[AWAY] * 9)),
            (
                "another missed somebody as they stopped",
                full(
                    workload("mailer", service=False),
                    other=[timed(pod("mailer"), *((82 * MIN - n, AWAY) for n in range(9)), (60, "INFO sent"))],
                ),
            ),
            (
                "their sender was released since, and may send what they leave",
                full(sender={"before": OLD, "released": 90 * MIN}),
            ),
            (
                "what they need was released since",
                full(
                    workload("printer", before=OLD, released=85 * MIN),
                    env={"QUEUE": QUEUE, "BROKER_URL": secret_key("broker", "uri"), "PRINTER": "http://printer:8080"},
                ),
            ),
            (
                "settings were written as they stopped",
                full(thing("ConfigMap", "labels", written=81 * MIN, data={"MODE": "x"})),
            ),
            ("one of them is away", full(ready=1)),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("the broker takes all still, and readers keep what they were handed", full(says=TAKES), ())
]
