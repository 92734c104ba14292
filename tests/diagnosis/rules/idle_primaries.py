"""A world of a primary and its replica between which nobody writes, for the cases of several rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.diagnosis.rules.scenes import alert
from tests.diagnosis.rules.tiny import NOW, log, postgres, series, snapshot
from tuheg_ir.diagnosis.model import Alert, Log, Series, Snapshot

PG = "StatefulSet/pg"
LATE = alert("ReplicationLagHigh", service="pg", severity="critical")
LEFT = {"component": "pg", "client": "pg-1"}
WALRECEIVER = {"component": "pg", "client": "walreceiver", "address": "10.1.215.2"}


def counted(since: float, *, slope: float = 1.0, **labels: str) -> tuple[str, Series]:
    """Return a lag that has grown since so long ago, by a second each second unless a slope is given."""
    points = tuple((NOW.timestamp() - age, max(0.1, slope * (since - age))) for age in range(3600, -1, -30))
    return "db_replication_lag", Series({"component": "pg", **labels}, points)


def idle(
    *more: Any,
    since: float = 3000,
    slope: float = 1.0,
    left: tuple[float, float] | None = (0, 0),
    marks: float = 0,
    follows: dict[str, str] | None = None,
    pods: int = 2,
    said: str = "",
    fires: Alert = LATE,
    figures: Iterable[tuple[str, Series]] = (),
    logs: Iterable[Log] = (),
) -> Snapshot:
    """Return a primary and its replicas, the lag that grows, and what the primary tells is left for one to replay.

    ``marks``: so much more is left each fourth time.
    """
    labels = LEFT if follows is None else follows
    told = [("db_replay_left_bytes", marked(series(labels, (3600, left[0]), (600, left[1])), marks))] if left else []
    own = [log("pg-1", *[said] * 5, of="pg")] if said else []
    return snapshot(
        postgres("pg", pods=pods),
        *more,
        figures=[counted(since, slope=slope), *told, *figures],
        logs=[*own, *logs],
        alerts=[fires],
    )


def marked(left: Series, marks: float) -> Series:
    """Return what is left to replay with what a primary writes by itself now and then."""
    points = tuple((at, value + (0 if n % 4 else marks)) for n, (at, value) in enumerate(left.points))
    return Series(left.labels, points)
