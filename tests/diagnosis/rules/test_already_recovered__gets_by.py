"""Requests failed and fail no more, and a program warns all along of what it does instead of something else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import OLD, SHOP
from tests.diagnosis.rules.tiny import NOW, pod, series, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

BURST = ((3600.0, 0.0), (1800.0, 0.4), (1230.0, 0.0))
SMS = "WARN no device token of this user, falling back to sms"
FAILED = "ERROR payment failed: bank answered 502"
DONE = "INFO payment authorized"
AWAY = "WARN GET https://rates.example.com/v1: i/o timeout, falling back to table of yesterday"
NONE = "WARN price list of tenant is empty, falling back to 0.00"
OVER = (SHOP, "no_fault", "no_action")
BUDGET = "Share of failed payments over the last hour is above the budget"


def told(
    line: str = SMS,
    since: float = 1980,
    until: float = 40,
    every: float = 120,
    failed: str = FAILED,
    start: float = 2100,
) -> list[Log]:
    """Return the logs of two pods that work, failed for ten minutes, and warn every so often."""
    work = [(start - n * 5.0, DONE) for n in range(int(start / 5))]
    ill = [(1790 - n * 10.0, failed) for n in range(55)] if failed else []
    warns = [(since - n * every, line) for n in range(int((since - until) / every) + 1)]
    return [timed(pod("shop", number), *sorted([*work, *ill, *warns], reverse=True)) for number in range(2)]


def town(
    logs: list[Log] | None = None,
    *more: Any,
    steps: tuple[tuple[float, float], ...] = BURST,
    said: str = BUDGET,
    of: str = "shop",
    released: bool = True,
) -> Snapshot:
    """Return a shop that was released, failed later for ten minutes, and is well since twenty."""
    fires = Alert("BudgetBurns", {"service": of}, {"description": said}, "firing", NOW - timedelta(seconds=1700))
    return snapshot(
        workload("shop", before=OLD if released else None, released=2110, started=2110),
        workload("mailer"),
        *more,
        figures=[("error_ratio", series({"component": "shop"}, *steps))],
        alerts=[fires],
        logs=told() if logs is None else logs,
    )


HOLDS = [
    Holds(
        f"a program warns of what it does instead, before, while and after its requests failed: {what}",
        world,
        OVER,
        harmful=("rollback_workload", "restart_workload", "scale_workload"),
    )
    for what, world in (
        ("it falls back", town()),
        ("it takes a default", town(told("WARN zone 17 has no tariff class, default used"))),
        ("it takes another", town(told("WARN printer is busy, using the other one instead"))),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(f"requests failed and fail no more, and a warning goes on: {what}", world, harmful=("no_action",))
    for what, world in (
        ("it came with what failed", town(told(since=1780))),
        ("it is an error", town(told(SMS.replace("WARN", "ERROR")))),
        ("it tells of nothing that is done instead", town(told("WARN pool of workers is busy"))),
        ("a host outside does not answer it", town(told(AWAY))),
        ("what it does instead is worse", town(told(NONE))),
        ("it tells of little else", town(told(every=10), released=False)),
        ("the alert tells of no window", town(said="payments fail")),
        ("the alert counts no requests", town(said="Mails sent over the last hour are fewer than usual")),
        ("the alert is of somebody else", town(of="mailer")),
        ("the window holds nothing of it any more", town(said="failed payments over the last 10 minutes")),
        ("some requests fail still", town(steps=((3600.0, 0.0), (1800.0, 0.4), (1230.0, 0.004)))),
        ("they failed until a moment ago", town(steps=((3600.0, 0.0), (1800.0, 0.4), (400.0, 0.0)))),
    )
]
