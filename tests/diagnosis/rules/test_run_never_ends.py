"""A run within a process does not end, as its scheduler says, and what it did is done no more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR
from tests.diagnosis.rules.scenes import IMAGE, OLD, SHOP, URL, alert, errors, logs, shop
from tests.diagnosis.rules.tiny import NOW, at, figure, pod, postgres, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

PASSED = 'level=warn msg="tick skipped, previous run still in progress" run=81'
OTHERS = (
    'Execution of job "plan" skipped: maximum number of running instances reached (1)',
    "[WARN] task still running, new execution blocked by overlap prevention!",
    "WARN Scheduler - Last execution has not finished, waiting",
)
ENDS = "goroutine 31 panicked: runtime error: index out of range [0] with length 0"
FIRES = alert("OrdersNotPlanned")
WAITS = "ERROR canceling statement due to lock timeout"


def told(
    line: str = PASSED,
    *between: str,
    before: Sequence[str] = (),
    since: Sequence[str] = (),
    number: int = 0,
    runs: int = 20,
    every: float = 60,
    stopped: float = 1800,
    works: Sequence[float] = (),
    times: int = 20,
) -> Log:
    """Return a log of runs that ended until so long ago, then what came between, and runs that are passed over since.

    ``before``: what came amid the runs, ``since``: after them; ``works``: ages at which some more ended.
    """
    lines = [f"{at(stopped + every * n)} level=info run finished in 9s" for n in range(runs, 0, -1)]
    lines[5:5] = [f"{at(stopped + every * 15)} level=error {each}" for each in before]
    lines += [f"{at(stopped - 10)} level=error {each}" for each in between]
    lines += [f"{at(stopped - 60 * n)} {line}" for n in range(1, times + 1)]
    lines += [f"{at(age)} level=info run finished in 7s" for age in works]
    lines += [f"{at(300)} level=error {each}" for each in since]
    return Log(pod("shop", number), "shop", tuple(lines))


LOST = "requests.exceptions.ConnectTimeout: Connection to grid.example timed out"
LONG_AGO = 6000
"""So long ago the last run ended where a way was broken under the next one."""


def cut_off(*between: str, line: str = PASSED, **more: Any) -> Log:
    """Return a log of runs of which the last was under way as a way to others broke, and is passed over for long."""
    return told(line, *(between or (LOST,)), **{"stopped": LONG_AGO, "times": 99, **more})


FORMER = told(PASSED, ENDS, stopped=7200)._replace(previous=True)


def standing_by(*works: float) -> Log:
    lines = [f"{at(300 * n)} level=info msg=standby" for n in range(9, 0, -1)]
    return Log(pod("shop", 1), "shop", (*lines, *(f"{at(age)} level=info run finished in 8s" for age in works)))


def used(now: float = 0.001) -> tuple[str, Series]:
    return figure("cpu_share", 0.2, now, 1800, pod=pod("shop"))


def stands(*logs: Log, objects: Any = None, beside: Any = (), alerts: Any = (FIRES,), figures: Any = None) -> Snapshot:
    """Return a shop of two pods of which one has runs that do not end, in a namespace that an alert speaks of."""
    logs = logs or (told(PASSED, ENDS), standing_by())
    return snapshot(
        objects or shop(pods=2), beside, logs=logs, alerts=alerts, figures=[used()] if figures is None else figures
    )


def lease(holder: str) -> Any:
    return thing("Lease", "plan", spec={"holderIdentity": f"{holder}_5c8d", "renewTime": f"{NOW:%Y-%m-%dT%H:%M:%SZ}"})


RESTART = (SHOP, "service_crash", "restart_workload")
HARM = ("rollback_workload", "scale_workload")

HOLDS = [
    Holds(
        "a part of it ended, and it holds its lease",
        stands(beside=lease(pod("shop"))),
        RESTART,
        excludes=no("rollback_workload", at=SHOP),
        harmful=HARM,
        began=1860,
    ),
    *(Holds(f"it says so: {line}", stands(told(line, ENDS), standing_by()), RESTART, harmful=HARM) for line in OTHERS),
    Holds("it is alone", stands(told(PASSED, ENDS), objects=shop(pods=1)), RESTART, harmful=HARM),
    Holds("it was released days before", stands(objects=shop(pods=2, before=IMAGE, released=50 * HOUR)), RESTART),
    Holds(
        "who reads what it writes was released, and tells of it",
        stands(
            objects=[*postgres(), *shop(pods=2, env=URL)],
            beside=workload("desk", env=URL, before=OLD, released=2100),
        ),
        RESTART,
        harmful=HARM,
    ),
    Holds(
        "who reads what it writes was released, and crashes ever since",
        stands(
            told(PASSED, ENDS),
            standing_by(),
            *logs("desk", "ERROR TypeError: total is not a function", 0, 1, since=1400),
            objects=[*postgres(), *shop(pods=2, env=URL)],
            beside=workload("desk", env=URL, before=OLD, released=1500),
            alerts=[alert(app="desk")],
        ),
        RESTART,
        believed="errors_since_release",
    ),
    *(
        Holds(f"a way to others broke under it, and was whole again: {what}", world, RESTART, harmful=HARM)
        for what, world in (
            ("nobody knows how busy it is", stands(cut_off(), objects=shop(pods=1), figures=())),
            ("it does nothing", stands(cut_off(), standing_by(), figures=[used()])),
            ("the words of another program", stands(cut_off(line=OTHERS[0]), objects=shop(pods=1), figures=())),
        )
    ),
    Holds(
        "nobody is alerted, and a caller's requests fail since",
        stands(
            alerts=(),
            figures=[used(), errors("web", since=1500)],
            beside=workload("web", env={"SHOP": "http://shop:8080"}),
        ),
        RESTART,
        harmful=HARM,
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, (), harmful=("restart_workload",))
        for what, world in (
            ("a way broke, and it works on", stands(cut_off(), standing_by(), figures=[used(0.19)])),
            ("a way broke, and it tells how far it is", stands(cut_off(since=["INFO rows read"]), figures=())),
            ("a way broke only lately", stands(told(PASSED, LOST), objects=shop(pods=1), figures=())),
            ("a way breaks still", stands(cut_off(since=[LOST]), objects=shop(pods=1), figures=())),
            ("no way broke under it", stands(cut_off("INFO on"), objects=shop(pods=1), figures=())),
            (
                "another's way is broken still",
                stands(
                    cut_off(),
                    *logs("desk", f"ERROR {LOST}", since=900),
                    objects=shop(pods=1),
                    beside=workload("desk"),
                    figures=(),
                ),
            ),
            ("runs end still", stands(told(PASSED, ENDS, works=(200, 100)), standing_by())),
            ("the other pod does it", stands(told(PASSED, ENDS), standing_by(240, 120))),
            ("nobody knows whether it works on", stands(figures=())),
            ("it works on", stands(told(PASSED, ENDS), standing_by(), figures=[used(0.19)])),
            ("nothing of it ended, and it may wait for somebody", stands(told(), standing_by())),
            ("such ends came while it worked as well", stands(told(PASSED, ENDS, before=[ENDS]), standing_by())),
            (
                "its very first run did not end",
                stands(
                    told(PASSED, *["INFO routes read"] * 6, ENDS, runs=0),
                    standing_by(),
                    objects=shop(pods=2, started=1820),
                ),
            ),
            ("such ends come since as well", stands(told(PASSED, ENDS, since=[ENDS]), standing_by())),
            ("both pods stand", stands(told(PASSED, ENDS), told(PASSED, ENDS, number=1))),
            ("the process before it stood as well", stands(told(PASSED, ENDS), standing_by(), FORMER)),
            ("nobody knows what the other pod does", stands(told(PASSED, ENDS))),
            (
                "its store makes it wait",
                stands(told(PASSED, ENDS, WAITS, WAITS, WAITS), objects=[*postgres(), *shop(pods=2, env=URL)]),
            ),
            ("what ended did so long after", stands(told(PASSED, since=[ENDS]), standing_by())),
            ("it was passed over once", stands(told(PASSED, ENDS, times=1), standing_by())),
            ("runs ended hours apart", stands(told(PASSED, ENDS, every=600), standing_by())),
            ("it came soon after a release", stands(objects=shop(pods=2, before=IMAGE, released=3 * HOUR))),
            ("nothing is wrong anywhere", stands(alerts=(), figures=[used(), errors("shop", 0.001)])),
            ("it is a program of others", stands(objects=shop(pods=2, image="confluentinc/cp-kafka:7.6"))),
        )
    ),
    DoesNotHold(
        "it has been so for more than half a day", stands(told(PASSED, ENDS, stopped=13 * HOUR), standing_by()), ASK
    ),
]
