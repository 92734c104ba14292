"""Who is on one side of all deadlocks, as a database names both, and the first run of a release by its schedule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import DB, SHOP, URL
from tests.diagnosis.rules.tiny import DAY, Obj, at, figure, log, postgres, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

RUN, CARDS = "Deployment/billing", "Deployment/cards"
PIDS = {"shop": 811, "cards": 822, "billing": 833, "feed": 844}
HOURS = 3600.0
BEGAN = 900.0
"""So long ago the first deadlock was, at a quarter to twelve: the run is of that minute."""
PLAN = {"RUN_CRON": "0 45 2/3 * * *"}
MET = (("shop", "billing"), ("cards", "billing"))
WAITING, WORK = "INFO billing.Clock: next run at 11:45, 4711 lines wait", "INFO billing.Run: chunk 17 of 90 is posted"


def met(ends: str, other: str) -> tuple[str, ...]:
    """Return how PostgreSQL tells that it ended a client's transaction for another one's."""
    mine, its = PIDS[ends], PIDS[other]
    said = f"[{mine}] shop@shop/{ends}"
    return (
        f"{said} ERROR:  deadlock detected",
        f"{said} DETAIL:  Process {mine} waits for ShareLock on transaction 7; blocked by process {its}.",
        f"Process {its} waits for ShareLock on transaction 8; blocked by process {mine}.",
        f"{said} STATEMENT:  UPDATE account SET balance = $1 WHERE id = $2",
        f"[{its}] shop@shop/{other} LOG:  duration: 2212.4 ms  execute S_2: UPDATE account SET balance = $1",
    )


def told(pairs: Iterable[tuple[str, str]] = MET, times: int = 4, quiet: float = 3000) -> Log:
    """Return the log of a database: nothing for long, then who met whom, over and over."""
    lines = [line for _ in range(times) for pair in pairs for line in met(*pair)]
    step = BEGAN / len(lines)
    return timed(
        "postgres-0",
        *((age, "LOG:  checkpoint complete: wrote 5966 buffers") for age in range(int(quiet), int(BEGAN), -120)),
        *((BEGAN - n * step, line) for n, line in enumerate(lines)),
    )


def unnamed() -> Log:
    """Return the log of a database that tells of a process whom it serves only where it ends its transaction."""
    lines = tuple(line for line in told().lines if "duration" not in line)
    return told()._replace(lines=lines)


def worked(before: str = WAITING, since: float = 3000) -> Log:
    """Return the log of a program that waits for its hour and works then."""
    return timed(
        "billing-pod0",
        *((age, before) for age in range(int(since), int(BEGAN), -60)),
        *((age, WORK) for age in range(int(BEGAN), 0, -20)),
    )


def world(*more: Iterable[Obj] | Obj, run: Any = None, logs: Iterable[Log] = (), **shop: Any) -> Snapshot:
    """Return three clients of a database, of which one was released two hours ago and runs by a plan."""
    own = {"pods": 1, "env": URL | PLAN, "before": {"image": "billing:0"}, "released": 2 * HOURS, **(run or {})}
    return snapshot(
        workload("shop", env=URL, **shop),
        workload("cards", env=URL, age=26 * DAY),
        workload("billing", **own),
        postgres(),
        *more,
        figures=[figure("db_deadlocks", 0.0, 1.8, BEGAN, component="postgres")],
        logs=logs or [told(), worked(), log("shop-pod0", "POST /pay 200", since=3000)],
    )


JUST: dict[str, Any] = {"before": {"image": "shop:0"}, "released": BEGAN + 480}
UNDECIDED = (DB, "database_connection", "page_human")

HOLDS = [
    Holds(
        "in the first run of a release by its schedule, with one that was released just before and one that was not",
        world(**JUST),
        (RUN, "code_defect", "rollback_workload"),
        excludes=[*no("rollback_workload", at=SHOP), *no("restart_workload", "scale_workload", at=RUN)],
        alone=True,
    ),
    Holds(
        "its schedule is an argument, as cron has it",
        world(run={"env": URL, "args": ["--schedule=45 2,8,11 * * 1-5"]}),
        (RUN, "code_defect", "rollback_workload"),
    ),
    Holds(
        "no schedule is known, and its log reaches back to its release",
        world(run={"env": URL, "released": 3300.0}, logs=[told(), worked(since=3240)]),
        (RUN, "code_defect", "rollback_workload"),
    ),
    Holds(
        "what was released just before is on one side of them all",
        world(logs=[told([("cards", "shop"), ("billing", "shop")]), worked(WORK)], **JUST),
        (SHOP, "code_defect", "rollback_workload"),
        excludes=no("rollback_workload", at=RUN),
    ),
    Holds(
        "what was released just before has no part in half of them, and the other one no release",
        world(run={"before": None}, **JUST),
        UNDECIDED,
        excludes=no("rollback_workload", at=SHOP),
        harmful=("rollback_workload",),
    ),
    Holds(
        "two meet each other alone, one released just before and one in its first run",
        world(logs=[told([("shop", "billing")], times=8), worked()], **JUST),
        UNDECIDED,
        harmful=("rollback_workload",),
    ),
    Holds(
        "its schedule had an hour between its release and this one",
        world(run={"env": URL | {"RUN_CRON": "0 45 * * * *"}}, **JUST),
        UNDECIDED,
        harmful=("rollback_workload",),
    ),
    Holds(
        "one of its schedules, that nobody can read, may be that of the work",
        world(run={"env": URL | PLAN | {"SWEEP_CRON": "0 0 H * * *"}}),
        UNDECIDED,
    ),
    Holds(
        "its schedule has another hour",
        world(run={"env": URL | {"RUN_CRON": "0 20 2/3 * * *"}}),
        UNDECIDED,
    ),
    Holds(
        "no schedule is known, nor what it did in the first hour of its release",
        world(run={"env": URL}),
        UNDECIDED,
    ),
    Holds(
        "it did the same work all along",
        world(logs=[told(), worked(WORK)]),
        UNDECIDED,
    ),
    Holds(
        "its log does not reach back before them",
        world(logs=[told(), worked(since=BEGAN)]),
        UNDECIDED,
    ),
    Holds(
        "that of the database does not reach back",
        world(logs=[told(quiet=BEGAN), worked()]),
        UNDECIDED,
    ),
    Holds(
        "it was released days ago, and has had its hour since",
        world(run={"released": 2 * DAY}),
        UNDECIDED,
    ),
    Holds(
        "a migration was at work since its release",
        world(
            workload("migrate", kind="Job", pods=1, ready=0, env=URL, age=HOURS, service=False),
            thing("Job", "migrate-2", age=HOURS, status={"startTime": at(HOURS)}, spec={}),
        ),
        UNDECIDED,
    ),
    Holds(
        "the database was released after it",
        snapshot(
            workload("shop", env=URL),
            workload("cards", env=URL),
            workload("billing", pods=1, env=URL | PLAN, before={"image": "billing:0"}, released=2 * HOURS),
            postgres(before={"image": "postgres:15"}, released=HOURS),
            figures=[figure("db_deadlocks", 0.0, 1.8, BEGAN, component="postgres")],
            logs=[told(), worked()],
        ),
        UNDECIDED,
        harmful=("rollback_workload",),
    ),
    Holds(
        "the database names one side alone",
        world(run={"env": URL | PLAN}, logs=[unnamed(), worked()]),
        UNDECIDED,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the run waits for its hour, and nothing meets",
        snapshot(
            workload("shop", env=URL),
            workload("billing", pods=1, env=URL | PLAN, before={"image": "billing:0"}, released=2 * HOURS),
            postgres(),
            figures=[figure("db_deadlocks", 0.0, 0.0, BEGAN, component="postgres")],
            logs=[worked()],
        ),
        ASK,
    ),
]
