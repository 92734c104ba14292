"""A run of a schedule that asks a service for what takes long, the runs of it before, and an alert about slowness."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.tiny import DAY, NOW, Obj, at, container, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert, Log, Series, Snapshot

LONG = '{"level": "info", "route": "/v2/books/:id/print", "status": %d, "duration_ms": %d}'
QUICK = '{"level": "info", "route": "/v2/books", "status": %d, "duration_ms": %d}'
WARNS = '{"level": "warn", "msg": "slow request", "route": "/v2/books/:id/print", "limit": "5s"}'


def _schedule(asks: str) -> Obj:
    env = {"API_URL": "http://api:8080", "ASKS": asks}
    template = {"spec": {"containers": [container("printer", "printer:1", env=env)]}}
    return thing("CronJob", "printer", spec={"schedule": "0 2 * * 5", "jobTemplate": {"spec": {"template": template}}})


def _ran(number: int, began: float, lasted: float | None, piece: float) -> tuple[list[Obj], Log]:
    """Return a run that began so long ago, and took so long (None: it goes on), and its log of pieces of work."""
    job = thing("Job", f"printer-{number}", age=began)
    job["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": "printer", "controller": True}]
    job["status"] = {"startTime": at(began), "active": 1}
    if lasted is not None:
        job["status"] = {"startTime": at(began), "completionTime": at(began - lasted), "succeeded": 1}
    ran = thing("Pod", f"printer-{number}-x", age=began, spec={"containers": [container("printer", "printer:1")]})
    ran["metadata"]["ownerReferences"] = [{"kind": "Job", "name": f"printer-{number}", "controller": True}]
    ran["status"] = {"phase": "Running" if lasted is None else "Succeeded"}
    lines = tuple(f"{at(began - 60 * n)} printed book {n} took={piece + n % 3}s" for n in range(1, 20))
    return [job, ran], Log(f"printer-{number}-x", "printer", lines)


def _log(index: int, told: Iterable[tuple[float, str]]) -> Log:
    lines = sorted(((age, line) for age, line in told), key=lambda each: -each[0])
    return Log(pod("api", index), "api", tuple(f"{at(age)} {line}" for age, line in lines))


def printing(
    *,
    asks: str = "/v2/books/{id}/print",
    began: float = 50 * 60,
    piece: float = 30,
    former: int = 3,
    long: int = 200,
    quick: int = 40,
    others: int = 200,
    meanwhile: bool = True,
    first: float = 49 * 60,
    more: Iterable[str] = (),
    severity: str = "warning",
    fires: float = 20 * 60,
    figures: Iterable[tuple[str, Series]] = (),
    **of_api: Any,
) -> Snapshot:
    """Return an api that is slow for the one run of a schedule; runs before took an hour, 30 s for each piece.

    ``long``, ``others``: how the requests of the run, and those of others, are answered; ``quick``: in how many ms.
    ``meanwhile``: others ask while it runs; ``first``: how long ago the first slow request was answered.
    """
    runs = [_ran(n, n * 7 * DAY, 3600, 30) for n in range(1, former + 1)]
    runs.append(_ran(0, began, None, piece))
    ages = [first, *range(45 * 60, 0, -240)]
    rest = range(48 * 60, 0, -240) if meanwhile else range(70 * 60, 52 * 60, -120)
    told = [
        *((age, LONG % (long, 25_000)) for age in ages),
        *((age, QUICK % (others, quick)) for age in rest),
        *((age, WARNS) for age in ages),
        *((30, line) for line in more),
    ]
    labels = {"service": "api", "severity": severity}
    rings = Alert("LatencyP99High", labels, {}, "firing", NOW - timedelta(seconds=fires))
    return snapshot(
        workload("api", pods=1, **of_api),
        _schedule(asks),
        *(objects for objects, _ in runs),
        logs=[_log(0, told), *(each for _, each in runs)],
        figures=figures,
        alerts=[rings],
    )
