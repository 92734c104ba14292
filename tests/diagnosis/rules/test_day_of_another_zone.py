"""A release gave a program another time zone, and hours later it refuses what is of today where its users live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import rollout
from tests.diagnosis.rules.scenes import SHOP, alert
from tests.diagnosis.rules.tiny import Obj, pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

# It is noon of the 4th in UTC, and one o'clock of the 5th in Auckland since an hour.
AUCKLAND, LONDON, UTC = {"TZ": "Pacific/Auckland"}, {"TZ": "Europe/London"}, {"TZ": "Etc/UTC"}
BACK = (SHOP, "configuration_error", "rollback_workload")
ASK = (SHOP, "configuration_error", "page_human")
HARMFUL = ("restart_workload", "scale_workload", "no_action")
SERVED = "INFO POST /orders 201 17 ms"
LATER = "WARN order {} refused: dated 2026-03-05, later than today 2026-03-04 -> 422"


def told(
    *lines: str, before: Iterable[str] = (SERVED,), turned: float = 3500, last: float = 30, heard: float = 7000
) -> list[Log]:
    """Return the logs of two pods that serve well, and refuse from an age on."""
    since = [(age, line.format(1000 + age)) for n, line in enumerate(lines) for age in _ages(turned - n, last, 240)]
    well = [(age, line.format(1000 + age)) for n, line in enumerate(before) for age in _ages(heard - n, 3700, 120)]
    served = [(age, SERVED) for age in _ages(3400, 10, 200)]
    order = sorted([*well, *since, *served], reverse=True)
    return [timed(pod("shop", number), *order) for number in range(2)]


def _ages(first: float, last: float, step: float) -> list[float]:
    return [first - n * step for n in range(int((first - last) / step) + 1)]


def moved(
    *logs: Log,
    was: Mapping[str, str] | None = AUCKLAND,
    now: Mapping[str, Any] | None = UTC,
    released: float = 8 * 3600,
    more: Mapping[str, Any] | None = None,
    beside: Iterable[Obj] = (),
    fires: bool = True,
    **others: Any,
) -> Snapshot:
    """Return a shop that a release gave another zone, which refuses since the day has turned in the former one."""
    objects = workload("shop", env=now, before={"env": was, **(more or {})}, released=released, **others)
    alerts = [alert("OrdersRefused", service="shop")] if fires else []
    return snapshot(objects, beside, logs=logs or told(LATER), alerts=alerts)


def line(said: str, **more: Any) -> Snapshot:
    return moved(*told(said), **more)


def cart(zone: str) -> list[Obj]:
    return workload("cart", env={"TZ": zone})


def trial(newer: Mapping[str, str], logs: list[Log]) -> Snapshot:
    """Return a roll-out that has gone half its way, with logs of all pods."""
    objects = rollout("shop", None, new=1, old=1, before={"env": AUCKLAND}, env=newer, released=8 * 3600)
    names = [each["metadata"]["name"] for each in objects if each["kind"] == "Pod"]
    spoken = [each._replace(pod=name) for each, name in zip(logs, names, strict=True)]
    return snapshot(objects, logs=spoken, alerts=[alert("OrdersRefused", service="shop")])


PAST = "ERROR voucher of 04.03.2026 rejected: it expired, today is 05.03.2026"


def by_the_clock(zone: str, neighbour: str, opens: str = "08:00") -> Snapshot:
    """Return a shop that is told hours, and thinks that it is after them: noon is eight in Singapore at night."""
    lines = []
    for age in _ages(3500, 30, 200):
        clock = f"19:{59 - int(age // 60):02d}"
        lines.append((age, f"WARN booking {age:.0f} rejected: closed, open {opens}-19:00, now {clock}"))
    served = [(age, SERVED) for age in _ages(7000, 3700, 120)]
    logs = [timed(pod("shop", number), *served, *lines) for number in range(2)]
    return moved(*logs, was=LONDON, now={"TZ": zone}, beside=cart(neighbour))


def mistaken() -> list[Log]:
    """Return such logs, of which one was told of a day that had come nowhere yet, once and in the morning."""
    one, other = told(LATER)
    early = timed(one.pod, (7100, LATER.format(17))).lines
    return [one._replace(lines=(*early, *one.lines)), other]


JVM = {"JAVA_TOOL_OPTIONS": "-Xmx1g -Duser.timezone=Pacific/Auckland"}
HOLDS = [
    Holds(
        "all pods refuse what is of today since the day turned where users live",
        moved(),
        BACK,
        excludes=no("restart_workload", "scale_workload", at=SHOP),
        harmful=HARMFUL,
        alone=True,
        began=3500,
    ),
    *(
        Holds(f"it is refused in other words: {said}", line(said), BACK, harmful=HARMFUL)
        for said in (
            "ERROR ValidationError: pickupDate 05/03/2026 is in the future",
            '{{"level":"warn","msg":"claim rejected","id":{},"serviceDay":"2026-03-05","error":"DATE_NOT_YET"}}',
            "[WRN] Buchung {} declined: Mar 05, 2026 is after current date Mar 04, 2026",
            "WARN 422 Unprocessable: issued_on=20260305 today=20260304",
            '{{"level":"warn","msg":"order {} rejected","orderDate":"2026-03-05","currentDate":"2026-03-04"}}',
        )
    ),
    Holds("the zone was told to the JVM", moved(was=JVM, now={"JAVA_TOOL_OPTIONS": "-Xmx1g"}), BACK),
    Holds("the zone was taken away, and nobody gives another one", moved(was=AUCKLAND, now={}), BACK),
    Holds("a variable of its own holds the zone", moved(was={"APP_TIMEZONE": "Pacific/Auckland"}, now={}), BACK),
    Holds(
        "an option of its command gives the zone", moved(now={}, was={}, more={"args": ["--tz=Pacific/Auckland"]}), BACK
    ),
    Holds("a neighbour has still the former zone", moved(beside=cart("Pacific/Auckland")), BACK, harmful=HARMFUL),
    Holds("the release brought an image as well", moved(more={"image": "shop:0"}), BACK),
    Holds("a user mistook the day before", moved(*mistaken()), BACK),
    Holds(
        "what is of today there is over here, and a neighbour has the former zone",
        line(PAST, was=LONDON, now=AUCKLAND, beside=cart("Europe/London")),
        BACK,
    ),
    *(
        Holds(
            f"the house gives {zone} to all, and a release gave another one: {said}",
            line(said, was=UTC, now=AUCKLAND, beside=cart(zone)),
            ASK,
            harmful=("rollback_workload", "no_action"),
        )
        for zone in ("Etc/UTC", "GMT")
        for said in (
            PAST,
            "WARN coupon SUMMER{} rejected: it expired on 2026-03-04",
            "WARN voucher {} of 2026-03-04 refused: campaign already ended",
        )
    ),
    Holds("what is over may have come late", line(PAST, was=UTC, now=AUCKLAND), ASK, harmful=("no_action",)),
    Holds("all neighbours have the new zone", moved(beside=cart("UTC")), ASK, harmful=("no_action",)),
    Holds("it is out of hours by the new zone", by_the_clock("Asia/Singapore", "Europe/London"), BACK),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world, harmful=("rollback_workload",))
    for what, world in (
        ("the zone is the same as before", moved(was=UTC, more={"image": "shop:0"})),
        ("the zone has another name and the same clock", moved(was=LONDON)),
        ("nobody is called for it", moved(fires=False)),
        ("it was refused before the day turned as well", moved(*told(LATER, before=(SERVED, LATER)))),
        ("what is refused is of a day that has come nowhere", line(LATER.replace("03-05", "03-06"))),
        ("what is refused is of no day", line("WARN order {} refused: card declined -> 422")),
        ("lines tell of tomorrow and refuse nothing", line("INFO order {} for 2026-03-05 not yet packed")),
        ("lines warn of what is not yet done", line("WARN report {} for 2026-03-05 not yet ready")),
        *(
            (f"two days are named, and none is today's: {said}", line(said))
            for said in (
                "WARN transfer {} rejected: insufficient funds, booked 2026-03-04, value date 2026-03-05",
                "WARN login denied for user {}: account locked, last 2026-03-04, retry after 2026-03-05",
                "WARN quote {} rejected: valid 2026-03-04 to 2026-03-05, price outdated",
            )
        ),
        (
            "the program goes by the former zone all the same",
            line("WARN order {} refused: dated 2026-03-04, earlier than today 2026-03-05 -> 422"),
        ),
        (
            "the program goes by the former zone, and refuses what is ahead of that",
            line("WARN order {} refused: 2026-03-06 is in the future, today is 2026-03-05 -> 422"),
        ),
        (
            "its image does not know the new zone",
            line(LATER, was=UTC, now=AUCKLAND, beside=cart("Etc/UTC")),
        ),
        ("it is out of hours by both zones", by_the_clock("Asia/Singapore", "Europe/London", opens="13:00")),
        ("its logs begin with the refusals", moved(*told(LATER, heard=3700))),
        ("it refuses a few only", moved(*told(LATER, turned=60))),
        ("it was over long ago", moved(*told(LATER, last=1900))),
        ("one of its pods refuses nothing", moved(told(LATER)[0], told()[1])),
        ("a pod of the former template refuses the same", trial(UTC, told(LATER))),
        (
            "the zone comes from a place that nobody sees",
            moved(now={"TZ": {"configMapKeyRef": {"name": "z", "key": "z"}}}),
        ),
        ("the zone is none", moved(was={"TZ": "eu-west-1a"}, more={"image": "shop:0"})),
    )
]
