"""A runtime threw a task away amid its work, and what that did is done no more."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, again, pods_of, put
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, errors, shop
from tests.diagnosis.rules.tiny import at, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

SAYS = "ERROR:asyncio:Task was destroyed but it is pending!"
TASK = (
    "task: <Task pending name='Task-7' coro=<Stock.watch() running at /app/stock.py:41> wait_for=<Future pending "
    "cb=[Task.task_wakeup()]>>"
)
OF_OLD = "task: <Task pending coro=<watch() running at stock.py:41> wait_for=<Future pending cb=[<TaskWakeup()>]>>"
KEPT = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "shop"}}]}
FIRES = alert("StockOutOfDate")


def told(
    says: str = SAYS,
    task: str = TASK,
    *,
    lost: float = 1800,
    stopped: float = 30,
    every: float = 60,
    times: int = 20,
    works: Collection[float] = (),
    goes_on: bool = True,
    number: int = 0,
    before: Collection[float] = (),
) -> Log:
    """Return a log of stock that was read until ``stopped`` seconds before a task was thrown away, so long ago.

    ``every``: how many seconds were between two; ``works``: ages at which some more was read; ``before``: ages at
    which other tasks were thrown away. ``goes_on``: the process answers since.
    """
    lines = [(lost + stopped + every * n, f"INFO stock {n} read") for n in range(times)]
    lines += [(age, "INFO GET /orders 200") for age in range(3600, 20, -50) if goes_on or age > lost]
    lines += [(lost, says), *((age, SAYS) for age in before), *((age, "INFO stock 9 read") for age in works)]
    ordered = sorted(lines, key=lambda each: -each[0])
    text = [line for age, line in ordered for line in (f"{at(age)} {line}", *([task] if line == says else []))]
    return Log(pod("shop", number), "shop", tuple(text))


def stands(
    *logs: Log, alerts: Any = (FIRES,), objects: Any = None, figures: Any = (), beside: Any = (), **more: Any
) -> Snapshot:
    """Return a shop of which one pod tells of a task, in a namespace that an alert speaks of."""
    return snapshot(objects or shop(), beside, logs=logs or [told(**more)], figures=figures, alerts=alerts)


def fails(*, since: float) -> Snapshot:
    """Return the shop and a caller whose requests fail since so many seconds; no alert fires."""
    beside = workload("web", env={"SHOP": "http://shop:8080"})
    return stands(alerts=(), figures=[errors("web", since=since)], beside=beside)


def started_again() -> Any:
    """Return the shop whose container ended since it told of the task."""
    objects = shop()
    put(pods_of(objects)[0], again("Error", 143, age=200))
    return objects


RESTART = (SHOP, "code_defect", "restart_workload")

HOLDS = [
    *(
        Holds(
            f"it reads no stock since: {what}",
            world,
            RESTART,
            excludes=no("rollback_workload", at=SHOP),
            harmful=("rollback_workload", "scale_workload"),
            began=1800,
        )
        for what, world in (
            ("one pod of two", stands()),
            ("as an older runtime says it", stands(task=OF_OLD)),
            ("both pods", stands(told(), told(number=1, lost=1200))),
            ("the other one reads on", stands(told(), told(number=1, says="INFO well", works=range(1800, 30, -60)))),
            ("other tasks were thrown away before, and it read on", stands(before=(2900, 2400))),
            ("another task was thrown away since", stands(before=(600,))),
        )
    ),
    Holds("it was released days before", stands(objects=shop(before=IMAGE, released=50 * HOUR)), RESTART),
    Holds(
        "nobody is alerted, and a caller's requests fail since",
        fails(since=1500),
        RESTART,
        excludes=no("rollback_workload", at=SHOP),
        harmful=("rollback_workload", "scale_workload"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, (), harmful=("restart_workload",))
        for what, world in (
            ("stock is read since", stands(works=(900, 100))),
            ("stock was read a few times only", stands(times=4)),
            ("it was read no more for minutes before", stands(stopped=400)),
            ("it was read only at its start", stands(objects=shop(started=2300), times=5)),
            ("it is read so seldom that the next is not due", stands(every=400, times=8)),
            ("the task was cancelled", stands(says="ERROR:asyncio:Task was cancelled, it was pending")),
            ("the process told nothing more", stands(goes_on=False)),
            ("it came soon after a release, and may come again", stands(objects=shop(before=IMAGE, released=2 * HOUR))),
            ("nothing is wrong anywhere", stands(alerts=(), figures=[errors("shop", 0.001)])),
            ("something was wrong before it alone", fails(since=3000)),
            (
                "others fail who do not call it",
                stands(alerts=(), figures=[errors("web", since=1500)], beside=workload("web")),
            ),
            ("it keeps data", stands(objects=shop(spec=KEPT))),
            ("it is a program of others", stands(objects=shop(image="confluentinc/cp-kafka:7.6"))),
        )
    ),
    DoesNotHold(
        "it has started again since",
        stands(Log(pod("shop"), "shop", told().lines, True), objects=started_again()),
        harmful=("restart_workload",),
    ),
    DoesNotHold("it has been so for more than half a day", stands(lost=13 * HOUR), ASK),
]
