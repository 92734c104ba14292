"""A run of a schedule slowed users as long as it lasted, as it does each time; an alert looks back over hours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import CALLS_CART
from tests.diagnosis.rules.tiny import (
    DAY,
    NOW,
    Obj,
    at,
    container,
    pod,
    postgres,
    series,
    snapshot,
    thing,
    timed,
    workload,
)
from tuheg_ir.diagnosis.model import Alert, Log, Series, Snapshot

WEEK = 7 * DAY
BEGAN, ENDED, RAN = 2600.0, 1500.0, 3000.0
"""How long ago users began to suffer, the run was done, and it was started."""
OVER = ("CronJob/rebuild", "no_fault", "no_action")
ACT = ("rollback_workload", "restart_workload", "scale_workload", "scale_database", "restart_connection_pool")
LAST = ((3600.0, 0.001), (BEGAN, 0.08), (ENDED - 30, 0.001))
SLOW = ((3600.0, 0.2), (BEGAN, 6.0), (ENDED - 60, 0.2))
WARNS = "WARN rubric 42 has weights that do not sum to 100"
FAILS = "ERROR rubric 42 has weights that do not sum to 100"
AWAY = "ERROR page failed: the pool has no connection left"
DONE: Obj = {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}


def run(number: int, began: float, ended: float | None, **status: Any) -> Obj:
    """Return a run that was started and done so long ago."""
    told = {**DONE, "completionTime": at(ended)} if ended is not None else {"active": 1}
    job = thing("Job", f"rebuild-{number}", age=began, spec={}, status={"startTime": at(began), **told, **status})
    job["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": "rebuild", "controller": True}]
    return job


def weekly(lasted: float = RAN - ENDED, weeks: Iterable[int] = (1, 2)) -> list[Obj]:
    """Return earlier runs, one a week."""
    return [run(week, RAN + week * WEEK, RAN + week * WEEK - lasted) for week in weeks]


def schedule(**env: str) -> Obj:
    template = {"spec": {"containers": [container("rebuild", "rebuild:1", env=env)]}}
    plan = {"schedule": "32 10 * * 2", "jobTemplate": {"spec": {"template": template}}}
    return thing("CronJob", "rebuild", spec=plan, status={})


def slowed(
    *more: Any,
    ran: Obj | None = None,
    former: Sequence[Obj] | None = None,
    failed: Sequence[tuple[float, float]] = LAST,
    slow: Sequence[tuple[float, float]] = SLOW,
    fires: float = 1800,
    told: Iterable[Log] = (),
    figures: Iterable[tuple[str, Series]] = (),
    env: dict[str, str] | None = None,
    released: float | None = None,
) -> Snapshot:
    """Return a shop and a cart that were slow while a run lasted, and what logs tell."""
    before = {"image": "shop:0"} if released else None
    alert = Alert("BudgetBurns", {"slo": "pages", "long": "3h"}, {}, "firing", NOW - timedelta(seconds=fires))
    return snapshot(
        workload("shop", env=CALLS_CART, before=before, released=released or 600),
        workload("cart", env={"DATABASE_URL": "postgres://cart@postgres:5432/cart"}),
        workload("grading"),
        postgres(),
        schedule(**(env or {})),
        ran or run(3, RAN, ENDED),
        list(weekly() if former is None else former),
        *more,
        logs=told,
        alerts=[alert],
        figures=[
            ("error_ratio", series({"component": "shop"}, *failed)),
            ("latency_p95", series({"component": "cart"}, *slow)),
            ("latency_p95", series({"component": "grading"}, (3600.0, 0.1))),
            *figures,
        ],
    )


def warned(line: str = WARNS, since: float = 2650, name: str = "grading", until: float = 20) -> list[Log]:
    """Return a log that repeats a line from then on, amid its work."""
    work = [(age, "INFO graded in 84ms") for age in range(3500, 20, -40)]
    words = [(age, line) for age in range(int(since), int(until), -60)]
    return [timed(pod(name), *sorted([*work, *words], reverse=True))]


EDIT = thing("ConfigMap", "limits", written=3000, data={"limits.yaml": "a: 1"})
HOLDS = [
    *(
        Holds(f"all are well since a run is done: {what}", world, OVER, alone=True, harmful=ACT)
        for what, world in (
            ("as it took before", slowed()),
            ("it is known to ask the same store", slowed(env={"DATABASE_URL": "postgres://x@postgres:5432/cart"})),
            ("a log warns of something else since then", slowed(told=warned())),
            ("and a setting was edited before", slowed(EDIT, told=warned())),
            ("a log told of something else before", slowed(EDIT, told=warned(FAILS, 3400))),
            ("who failed told of it until then", slowed(EDIT, told=warned(AWAY, 2610, "shop", ENDED))),
            ("a release came amid it", slowed(released=2200)),
        )
    ),
]


def suspect(**more: Any) -> Snapshot:
    """Return such a world in which a log warns since an edit, which a run that is over must explain."""
    return slowed(EDIT, *more.pop("beside", ()), told=warned(), **more)


def alone(job: Obj) -> Obj:
    """Return a run of no schedule."""
    del job["metadata"]["ownerReferences"]
    return job


AT_ONCE = ((3600.0, 0.001), (BEGAN, 0.08), (470, 0.001))
LATE = ((3600.0, 0.2), (BEGAN, 6.0), (440, 0.2))
TWICE = ((3600.0, 0.001), (2600, 0.08), (2300, 0.001), (1900, 0.08), (ENDED - 30, 0.001))
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, harmful=("no_action",))
        for what, world in (
            ("an error is told since then, of who is measured", slowed(told=warned(FAILS))),
            ("somebody whom nobody measures warns", slowed(workload("mailer"), told=warned(name="mailer"))),
            ("it fails still", slowed(failed=LAST[:2])),
            ("it is slow still", slowed(slow=SLOW[:2])),
        )
    ),
    *(
        DoesNotHold(what, world, ("configuration_error", "page_human"), harmful=("no_action",))
        for what, world in (
            ("it never ran before", suspect(former=[])),
            ("it ran once before", suspect(former=weekly(weeks=(1,)))),
            ("it took half as long before", suspect(former=weekly(700))),
            ("an earlier one failed", suspect(former=[*weekly(), run(9, 9 * WEEK, None, failed=1, active=0)])),
            ("it comes every hour", suspect(former=[run(n, RAN + n * 3600, RAN + n * 3600 - 1500) for n in (1, 2)])),
            ("it was done minutes before they were well", suspect(ran=run(3, RAN, 1900))),
            ("it was done long after they were well", suspect(ran=run(3, RAN, 900))),
            ("it goes on", suspect(ran=run(3, RAN, None))),
            ("it was done a moment ago", suspect(ran=run(3, RAN, 500), former=weekly(2500), failed=AT_ONCE, slow=LATE)),
            ("they suffered before it was started", suspect(ran=run(3, 2400, ENDED))),
            ("they suffered twice", suspect(failed=TWICE)),
            ("it is slower than it was", suspect(slow=(*SLOW[:2], (ENDED - 60, 0.5)))),
            ("a release came as it ended", suspect(released=ENDED)),
            ("it asks another store", suspect(env={"DB": "postgres://x@ledger:5432/x"}, beside=[postgres("ledger")])),
            ("it is of no schedule", suspect(ran=alone(run(3, RAN, ENDED)))),
            ("the alert began long after", suspect(fires=300)),
        )
    ),
]
