"""A program that fails on some days of the calendar only, or on the hour that a day leaves out."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, OLD, SHOP, URL, alert, shop
from tests.diagnosis.rules.tiny import DAY, Obj, log, pod, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

FAILS = "ValueError: day is out of range for month"
LINES = (
    "java.time.DateTimeException: Invalid date 'FEBRUARY 30'",
    "java.time.DateTimeException: Invalid date 'February 29' as '2027' is not a leap year",
    "org.joda.time.IllegalFieldValueException: Value 31 for dayOfMonth must be in the range [1,30]",
    "ArgumentOutOfRangeException: Year, Month, and Day parameters describe an un-representable DateTime.",
    'ERROR:  date/time field value out of range: "2026-09-31"',
    "ERROR 1292 (22007): Incorrect date value: '2026-09-31' for column 'due' at row 1",
    'parsing time "2026-09-31": day out of range',
    "Date::Error: invalid date",
    "Invalid local time for date in time zone: America/Asuncion",
    "TZInfo::PeriodNotFound (2026-03-29 02:30:00 is an invalid local time.)",
    "NodaTime.SkippedTimeException: Local time 29/03/2026 02:30:00 is invalid in time zone Europe/Paris",
    "pytz.exceptions.NonExistentTimeError: 2026-03-29 02:30:00",
)
GAP = (
    "org.joda.time.IllegalInstantException: Illegal instant due to time zone offset transition "
    "(daylight savings time 'gap'): 2026-03-28T00:00:00.000 (Asia/Beirut)"
)
ASK = (SHOP, "code_defect", "page_human")
SOLD = 'INFO "POST /memberships HTTP/1.1" 201'


def told(line: str, number: int = 0, since: float = 8 * 3600, well: int = 20, bad: int = 20) -> Log:
    """Return a log that was well at first and then repeats a line."""
    return log(pod("shop", number), *[SOLD] * well, *[line] * bad, since=since)


def stacks(number: int, tail: str = FAILS) -> Log:
    """Return such a log in which only the heads of the stacks have a time."""
    found = told("ERROR Internal Server Error: POST /memberships", number)
    lines = [each for line in found.lines for each in ([line, tail] if "ERROR" in line else [line])]
    return found._replace(lines=tuple(lines))


def fails(*logs: Log, of: list[Obj] | None = None) -> Snapshot:
    """Return the shop with logs of its two pods, and an alert."""
    said = logs or (told(FAILS), told(FAILS, 1))
    return snapshot(of or shop(before=IMAGE, released=70 * DAY), logs=said, alerts=[alert("SignupsFailing")])


def turned(minutes: int, *more: Obj) -> Snapshot:
    """Return the shop with logs that were well for half an hour until so many minutes after midnight."""
    since = (12 * 60 + 30 - minutes) * 60.0
    well = 20
    bad = round((since - 1800) / 90)
    logs = [told(FAILS, number, since=since, well=well, bad=bad) for number in (0, 1)]
    return fails(*logs, of=[*shop(before=IMAGE, released=70 * DAY), *more])


def web(released: float) -> list[Obj]:
    """Return who calls the shop, with the dates that it was given, and was released."""
    return workload("web", env={"SHOP_URL": "http://shop:8080"}, before=OLD, released=released)


MIDNIGHT = 12 * 3600.0
HOLDS = [
    Holds(
        "all pods tell of it since the day turned",
        fails(),
        ASK,
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
        harmful=("rollback_workload", "restart_workload", "scale_workload"),
    ),
    Holds("its lines are the ends of stacks, which have no time", fails(stacks(0), stacks(1)), ASK, began=4 * 3600),
    Holds(
        "the hour that is left out is weeks ahead, and no time of the line itself",
        fails(stacks(0, GAP), stacks(1, GAP)),
        ASK,
        began=4 * 3600,
    ),
    Holds("it began as the day turned, and the logs reach back into the evening", turned(2), ASK),
    Holds("who calls it was released before the day turned, and was well", turned(2, *web(MIDNIGHT + 500)), ASK),
    Holds("who calls it was released hours before", fails(of=[*shop(), *web(8 * 3600)]), ASK),
    *(Holds(f"it is told in many words: {line}", fails(told(line), told(line, 1)), ASK) for line in LINES),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a release came a while before",
        fails(of=shop(before=IMAGE, released=15000)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "who calls it was released just before, and may ask for such days",
        fails(of=[*shop(), *web(4 * 3600 + 300)]),
    ),
    DoesNotHold("who calls it was released as the day turned", turned(5, *web(MIDNIGHT - 60))),
    DoesNotHold(
        "it is a database that is asked so since a release",
        snapshot(
            postgres(),
            shop(env=URL, before=IMAGE, released=4 * 3600 + 300, pods=1),
            logs=[
                told('ERROR:  date/time field value out of range: "2026-09-31"')._replace(
                    pod="postgres-0",
                    container="postgres",
                ),
                told('DatetimeFieldOverflow: date/time field value out of range: "2026-09-31"'),
            ],
            alerts=[alert("SignupsFailing")],
        ),
    ),
    DoesNotHold(
        "hours that are left out were asked for days ago", fails(told(GAP, since=5 * DAY), told(GAP, 1, since=5 * DAY))
    ),
    DoesNotHold("a user chose an hour that is left out", fails(told(GAP, bad=1), told(GAP, 1, bad=1))),
    DoesNotHold("one pod is well", fails(told(FAILS), told(SOLD, 1))),
    DoesNotHold("no log reaches back before it", fails(told(FAILS, well=0), told(FAILS, 1, well=0))),
    DoesNotHold("logs of half an hour before show no day that turned", turned(40)),
    DoesNotHold("it began days ago", fails(told(FAILS, since=5 * DAY), told(FAILS, 1, since=5 * DAY))),
    DoesNotHold("a user misspelt a date", fails(told(FAILS, bad=1), told(FAILS, 1, bad=1))),
    DoesNotHold(
        "nobody suffers",
        snapshot(shop(before=IMAGE, released=70 * DAY), logs=[told(FAILS), told(FAILS, 1)]),
    ),
]
