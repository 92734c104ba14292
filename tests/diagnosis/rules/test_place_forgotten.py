"""A group that its broker forgot begins anew: no version helps. A group that is new, or grew, is another matter."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import alert, rate
from tests.diagnosis.rules.tiny import DAY, NOW, at, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

MAILER, RELAY, KAFKA = "Deployment/mailer", "Deployment/relay", "StatefulSet/kafka"
OLD: dict[str, Any] = {"before": {"image": "registry.example/mailer:0"}, "released": 2300}
ASKS = {"KAFKA": "kafka:9092", "RELAY": "http://relay:8080", "GROUP_ID": "mailer"}
GIVEN: dict[str, Any] = {"before": {"env": ASKS | {"GROUP_ID": "post"}}, "released": 2300}
DEAD = "INFO [GroupMetadataManager brokerId=1] Group mailer transitioned to Dead in generation 58"
NONE = (
    "INFO [Consumer clientId=consumer-mailer-1, groupId=mailer] Found no committed offset for partition issued-2",
    "INFO [Consumer clientId=consumer-mailer-1, groupId=mailer] Resetting offset for partition issued-2 to position "
    "FetchPosition{offset=0, offsetEpoch=Optional.empty, currentLeader=LeaderAndEpoch{epoch=12}}.",
)
OLDER = (NONE[0], "INFO [Consumer clientId=c-1, groupId=mailer] Resetting offset for partition issued-2 to offset 0.")
LATEST = (NONE[0], NONE[1].replace("offset=0", "offset=401777"))
ON = "INFO [Consumer clientId=c-1, groupId=mailer] Setting offset for partition issued-2 to the committed offset 40177"


def anew(
    *said: str,
    dead: str = DEAD,
    forgotten: float = 2 * DAY,
    began: float = 2000,
    waits: float | None = 2.4e6,
    fires: bool = True,
    age: float = 600,
    waited: float | None = None,
    clock: str = "",
    **more: Any,
) -> Snapshot:
    """Return a mailer that began its group anew some seconds ago, and asks a relay; ``waits``: how much it found.

    ``age``: since when the relay is asked more, and the alert fires. ``waited``: for the group before, for days.
    ``clock``: the time that it tells, if that is another one.
    """
    told = tuple(f"{clock or at(began)} {line}" for line in said or NONE)
    broker = (f"{at(3 * DAY)} INFO [KafkaServer id=1] started", f"{at(forgotten)} {dead}")
    times = range(int(began), -1, -30)
    points = tuple((NOW.timestamp() - each, (waits or 0.0) - (began - each)) for each in times)
    if waited is not None:
        points = (*((NOW.timestamp() - each, waited) for each in range(int(3 * DAY), int(began), -600)), *points)
    of = {"consumergroup": "mailer", "queue": "issued"}
    return snapshot(
        workload("kafka", "apache/kafka:3.9.1", kind="StatefulSet", pods=1, port=9092),
        workload(
            "mailer",
            env=ASKS,
            service=False,
            **more,
        ),
        workload("relay"),
        logs=[Log("kafka-0", "kafka", broker), *(Log(pod("mailer", n), "mailer", told) for n in (0, 1))],
        figures=[rate("relay", 0.2, 60, age), *([("queue_depth", Series(of, points))] if waits is not None else [])],
        alerts=[alert(service="relay")] if fires else (),
    )


FORGOT = (MAILER, "configuration_error", "page_human")
IN_VAIN = (
    *no("restart_workload", "rollback_workload", "scale_workload", at=MAILER),
    *no("restart_workload", at=KAFKA),
    *no("scale_workload", at=RELAY),
)
HARM = ("rollback_workload", "restart_workload", "scale_workload")

HOLDS = [
    Holds(what, world, FORGOT, excludes=IN_VAIN, harmful=HARM)
    for what, world in (
        ("its broker tells that it forgot the group, and it reads from the start", anew()),
        ("it is told so by an older client", anew(*OLDER)),
        ("its image is new as well", anew(**OLD)),
        ("nobody counts what waits for it", anew(waits=None)),
        ("it was forgotten an hour before", anew(forgotten=5600)),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world, harmful=("restart_workload",))
    for what, world in (
        ("its release gave it that group: the one before has its place", anew(**GIVEN)),
        ("it is a further partition: of the others it has its place", anew(*NONE, ON.replace("issued-2", "issued-1"))),
        ("another partition begins with the oldest", anew(NONE[0], NONE[1].replace("issued-2", "paid-0"))),
        (
            "another group begins with the oldest",
            anew(NONE[0], NONE[1].replace("groupId=mailer", "groupId=m2")),
        ),
        ("much waited for it long before, and little as it came", anew(waits=4, waited=5e5)),
        ("its clock is at the end of all times", anew(clock="9999-12-31T23:59:59Z")),
        ("its broker forgot another group", anew(dead=DEAD.replace("mailer", "report-adhoc"))),
        ("its broker forgot a group whose name is longer", anew(dead=DEAD.replace("mailer", "mailer-2"))),
        ("its broker tells nothing: the group may be new", anew(dead="INFO [GroupCoordinator 1]: Stabilized group")),
        ("the group had no members before it was forgotten", anew(dead=DEAD.replace("58", "0"))),
        ("it was forgotten after that", anew(forgotten=900)),
        ("it goes on where it stopped", anew(ON)),
        ("it begins with what comes from now on", anew(*LATEST)),
        ("a topic that has got a further partition, in which little waits", anew(waits=4)),
        ("nobody was called", anew(fires=False)),
        ("people were called before it came", anew(began=400)),
        ("it began anew days ago", anew(began=3 * DAY, forgotten=4 * DAY, waits=None)),
    )
]
