"""One job of a program hangs, and its scheduler passes it over each time that it is due."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, shop
from tests.diagnosis.rules.tiny import NOW, at, figure, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

PYTHON = (
    'WARNING apscheduler.scheduler: Execution of job "assign (trigger: interval[0:00:20], next run at: 2026)" '
    "skipped: maximum number of running instances reached (1)"
)
GO = 'WARN skipping job "assign": previous run has not finished'
JAVA = "INFO Job assign is already running, skipping this execution"
ENDED = "INFO assign: batch done"
OTHER = "INFO expire: 0 offers expired"


def passing(
    line: str = PYTHON,
    *,
    since: float = 1800,
    until: float = 0,
    pace: float = 20,
    pauses: tuple[float, ...] = (),
    cpu: tuple[float, float] = (0.2, 0.004),
    fires: float = 1200,
    **of_shop: Any,
) -> Snapshot:
    """Return a shop whose scheduler passes over one job since so many seconds, but in the two minutes of each pause."""
    ages = [since - pace * n for n in range(int((since - until) / pace))]
    told = [(age, line) for age in ages if not any(each - 120 < age <= each for each in pauses)]
    ran = [(age, ENDED) for age in range(3600, int(since), -20)]
    lines = sorted([*told, *ran, *((age, OTHER) for age in range(3590, 0, -60))], reverse=True)
    return snapshot(
        shop(pods=1, **of_shop),
        workload("web"),
        alerts=[alert("OrdersWait", service="web")._replace(starts_at=NOW - timedelta(seconds=fires))],
        logs=[Log(pod("shop"), "shop", tuple(f"{at(age)} {each}" for age, each in lines))],
        figures=[figure("cpu_usage", *cpu, since, pod=pod("shop"), container="shop")],
    )


RESTART = (SHOP, "service_crash", "restart_workload")
HOLDS = [
    Holds(f"as {who} tells it", passing(line), RESTART)
    for who, line in (("APScheduler", PYTHON), ("a scheduler of Go", GO), ("one of Java", JAVA))
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world)
    for what, world in (
        ("it is a few minutes late", passing(since=600, fires=300)),
        ("runs begin in between", passing(pauses=(1500, 1100, 700, 300))),
        ("it is over", passing(until=400)),
        ("it computes on", passing(cpu=(0.2, 0.19))),
        ("nobody was called since", passing(fires=2400)),
        ("it is passed over now and then", passing(pace=400)),
        ("its release may bring it each time", passing(before=IMAGE, released=1900)),
    )
]
