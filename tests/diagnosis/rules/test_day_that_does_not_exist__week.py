"""Around the turn of the year a program gives today the year of its week, and is refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, OLD, SHOP, shop
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

SUNDAY = datetime(2026, 12, 27, 0, 50, tzinfo=UTC)
"""The week that begins with it has the first of January: an American calendar counts it to 2027."""
MONDAY = datetime(2030, 12, 30, 9, 0, tzinfo=UTC)
"""Most days of its week are of 2031."""
THURSDAY = datetime(2031, 1, 2, 9, 0, tzinfo=UTC)
FRIDAY = datetime(2027, 1, 1, 8, 0, tzinfo=UTC)
"""Most days of its week were of 2026."""
BOOKED = "INFO booked order 4711"
ROW = (
    'ERROR SqlExceptionHelper: ERROR: no partition of relation "orders" found for row',
    "  Detail: Partition key of the failing row contains (booked_on) = ({}).",
)
KEPT = '{{"level":"warn","msg":"not accepted, kept","status":500,"taken_at":"{}T00:05:00Z"}}'
ASK = (SHOP, "code_defect", "page_human")


def told(
    *lines: str, of: str = pod("shop"), now: datetime = SUNDAY, began: float = 3000, well: float = 600, times: int = 20
) -> Log:
    """Return a log that was well, and repeats lines since: only the first of them has a time."""
    found = [f"{_then(now, began + well - n * 30)} {BOOKED}" for n in range(int(well // 30))]
    for n in range(times):
        found += [f"{_then(now, began - n * began / times)} {lines[0]}", *lines[1:]] if lines else []
    return Log(of, of.rpartition("-")[0], tuple(found))


def _then(now: datetime, age: float) -> str:
    return f"{now - timedelta(seconds=age):%Y-%m-%dT%H:%M:%SZ}"


def row(day: str) -> tuple[str, ...]:
    return ROW[0], ROW[1].format(day)


def both(*lines: str, **how: Any) -> list[Log]:
    return [told(*lines, **how), told(*lines, of=pod("shop", 1), **how)]


def age(seconds: float, now: datetime = SUNDAY) -> float:
    """Return the age, by the clock of all other tables, of what was so long before ``now``."""
    return seconds - (now - NOW).total_seconds()


def world(*more: Obj, logs: Iterable[Log] = (), now: datetime = SUNDAY, calm: bool = False, **of: Any) -> Snapshot:
    fires = [] if calm else [Alert("OrdersFail", {"app": "shop"}, {}, "firing", now - timedelta(minutes=30))]
    made = shop(**{"before": IMAGE, "released": 70 * DAY, **of})
    return replace(snapshot(made, more, logs=logs, alerts=fires), taken_at=now)


def web(released: float | None = None) -> list[Obj]:
    """Return who calls the shop, released so many seconds ago."""
    came: dict[str, Any] = {} if released is None else {"before": OLD, "released": age(released)}
    return workload("web", pods=1, env={"SHOP_URL": "http://shop:8080"}, **came)


HOLDS = [
    Holds(
        "a row has the day of today a year ahead: the week is counted as in America",
        world(logs=both(*row("2027-12-27"))),
        ASK,
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
        harmful=("rollback_workload", "restart_workload", "scale_workload"),
    ),
    Holds(
        "an index has it, by the week of ISO 8601",
        world(logs=both("ERROR bulk: no such index [orders-2031.12.30]", now=MONDAY), now=MONDAY),
        ASK,
    ),
    Holds(
        "after the turn it has the year before",
        world(logs=both("ERROR rejected: date 20260101 is before the open period", now=FRIDAY), now=FRIDAY),
        ASK,
    ),
    Holds(
        "a caller that was released just before tells of today as it is",
        world(*web(3200), logs=[*both(*row("2027-12-27")), told(KEPT.format("2026-12-27"), of=pod("web"))]),
        ASK,
        harmful=("rollback_workload",),
    ),
    Holds(
        "a caller passes the words on",
        world(*web(), logs=[*both(*row("2027-12-27")), told("ERROR 500: no partition for 2027-12-27", of=pod("web"))]),
        ASK,
    ),
    Holds("east of Greenwich it is the day after", world(logs=both(*row("2027-12-28"))), ASK),
]
MARCH = datetime(2027, 3, 1, 0, 50, tzinfo=UTC)
DOES_NOT_HOLD = [
    DoesNotHold(what, found, harmful=("rollback_workload", "restart_workload"))
    for what, found in (
        ("the day is right: its partition was not made", world(logs=both(*row("2026-12-27")))),
        ("another day is a year ahead", world(logs=both(*row("2027-12-20")))),
        ("a day that was is a year ahead", world(logs=both(*row("2031-12-30"), now=THURSDAY), now=THURSDAY)),
        ("it is two years ahead", world(logs=both(*row("2028-12-27")))),
        ("its week has one year alone", world(logs=both(*row("2028-03-01"), now=MARCH), now=MARCH)),
        (
            "a year ahead is refused every day",
            world(logs=[*both(*row("2027-12-27"), began=2900), told(*row("2027-12-26"), began=3500, times=8)]),
        ),
        ("one pod is well on that day", world(logs=[told(*row("2027-12-27")), told(of=pod("shop", 1))])),
        ("a user asks for it now and then", world(logs=both(*row("2027-12-27"), times=1))),
        ("no log reaches back before that day", world(logs=both(*row("2027-12-27"), well=0))),
        ("it is over", world(logs=both(*row("2027-12-27"), began=3 * 3600, times=4))),
        ("nobody suffers since the year turned", world(logs=both(*row("2027-12-27")), calm=True)),
        ("it is no error", world(logs=both("INFO seats for 2027-12-27 are on sale"))),
        (
            "a caller has that day of his own",
            world(*web(), logs=[*both(*row("2027-12-27")), told("INFO sends order of 2027-12-27", of=pod("web"))]),
        ),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(
        "it was released just before",
        world(logs=both(*row("2027-12-27")), before=IMAGE, released=age(3100)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "a caller was released just before",
        world(*web(3200), logs=both(*row("2027-12-27"))),
        ("Deployment/web", "code_defect", "rollback_workload"),
    ),
]
