"""A run hangs amid its work with most sessions of a full database, and with what it has locked.

A run works on that the database works for, that waits for a lock itself, or that computes amid its transactions.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, errors, shop
from tests.diagnosis.rules.tiny import (
    at,
    container,
    database,
    figure,
    log,
    pod,
    series,
    session,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.model import Database, Log, Series, Snapshot

DB, RUN, ITS = "StatefulSet/postgres", "CronJob/tally", "tally-29-x7k"
IDLE = "idle in transaction"
STOPPED = 1800.0
"""The run does nothing for so long."""
USERS = "postgres://shop@postgres:5432/shop"
FULL = "FATAL: sorry, too many clients already"
Steps = tuple[tuple[float, float], ...]
Told = list[tuple[str, Series]]
FELL: Steps = ((3600, 0.8), (STOPPED, 0.004))


def asleep(each: float, since: float = STOPPED) -> Told:
    """Return for how long all sessions sleep together, where so many do since a time."""
    points = [
        (at, 900 + each * max(0.0, 30 * n - (3600 - since))) for n, (at, _) in enumerate(series({}, (3600, 0)).points)
    ]
    return [("db_idle_seconds", Series({"component": "postgres"}, tuple(points)))]


def run_counts() -> Told:
    """Return how many sessions the run has, and not in which states."""
    return [figure("db_connections_by_client", 60, 60, component="postgres", user="tally")]


def states(idle: Steps = ((3600, 2), (STOPPED + 60, 60)), active: Steps = ((3600, 58), (STOPPED + 60, 0))) -> Told:
    """Return in which states the sessions of the run are."""
    told = ((IDLE, idle), ("active", active))
    return [
        ("db_connections_by_client", series({"component": "postgres", "user": "tally", "state": state}, *steps))
        for state, steps in told
    ]


def run(
    cpu: Steps = FELL,
    *,
    waits: Steps = ((3600, 0), (STOPPED - 60, 9)),
    told: Told | None = None,
    pods: int = 1,
    kind: str = "CronJob",
    lists: Database | None = None,
    most: float = 100,
    said: str = FULL,
) -> Snapshot:
    """Return a shop that is refused sessions while a run has most of them, and what shows whether it works."""
    spec = {"containers": [container("tally", "t:1", env={"DATABASE_URL": "postgres://tally@postgres:5432/shop"})]}
    template = {"spec": {"template": {"spec": spec}}}
    schedule = thing("CronJob", "tally", spec={"schedule": "30 6 * * *", "jobTemplate": template})
    job = thing("Job", "tally-29", age=3000, spec=template["spec"], status={"active": pods})
    if kind == "CronJob":
        job["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": "tally", "controller": True}]
    objects: list[Any] = [schedule, job] if kind == "CronJob" else [job]
    for n in range(pods):
        its = thing("Pod", ITS if not n else f"{ITS}{n}", age=3000, spec={**spec, "nodeName": "n1"})
        its["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "tally-29", "controller": True}]
        state = {"name": "tally", "ready": True, "state": {"running": {"startedAt": at(2990)}}}
        its["status"] = {"phase": "Running", "podIP": f"10.9.0.{4 + n}", "containerStatuses": [state]}
        objects.append(its)
    counts = [*run_counts(), *asleep(60)]
    return snapshot(
        shop(env={"DATABASE_URL": USERS}),
        workload("postgres", "postgres:16", kind="StatefulSet", pods=1, port=5432),
        objects,
        databases=[lists] if lists else [],
        figures=[
            *([] if lists else counts if told is None else told),
            figure("db_connections_by_client", 20, 38, component="postgres", user="shop"),
            figure("db_connections", 80, 98, 900, component="postgres"),
            figure("db_max_connections", most, most, component="postgres"),
            ("db_locks_waiting", series({"component": "postgres"}, *waits)),
            ("cpu_usage", series({"pod": ITS, "container": "tally"}, *cpu)),
            errors("shop", 0.4, 900),
        ],
        logs=[log(pod("shop"), *[said] * 9, since=900)],
    )


def listed(state: str = IDLE, age: float = STOPPED + 30, owner: str = RUN) -> Snapshot:
    mine = session(owner, state, 60, user="tally", age_s=age)
    return run(lists=database(mine, session(SHOP, "active", 37, wait="Lock")), kind=owner.partition("/")[0])


def outlasting(
    *, pods: int = 3, took: float = 300, silent: float = 2600, cpu: float = 0.003, sleep: float = 60
) -> Snapshot:
    """Return runs that go on at once and tell nothing more, one that came to its end, and nobody waits for a lock."""
    known = [*run_counts(), *asleep(sleep, since=3600)]
    world = run(((3600, cpu),), waits=((3600, 0),), told=known, pods=pods)
    over = thing("Pod", "tally-28-b2b", age=9000, spec={"containers": [container("tally", "t:1")], "nodeName": "n1"})
    over["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "tally-29", "controller": True}]
    state = {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": at(9000), "finishedAt": at(9000 - took)}}
    over["status"] = {
        "phase": "Succeeded",
        "startTime": at(9000),
        "containerStatuses": [{"name": "tally", "ready": False, "state": state}],
    }
    names = [ITS if not n else f"{ITS}{n}" for n in range(pods)]
    told = [Log(each, "tally", (f"{at(2980)} INFO begun", f"{at(silent)} INFO wrote chunk 2")) for each in names]
    objects = {**world.objects, "Pod": (*world.objects["Pod"], over)}
    return replace(world, objects=objects, logs=(*world.logs, *told))


HOLDS = [
    Holds(
        "several runs have most of the sessions, and stand still for many times as long as one takes",
        outlasting(),
        (RUN, "database_connection", "restart_connection_pool"),
        excludes=(*no("restart_workload", "scale_workload", at=SHOP), ("scale_database", DB)),
        harmful=("restart_workload", "rollback_workload", "scale_workload", "scale_database"),
    ),
    *(
        Holds(
            f"several runs have most of the sessions, {what}",
            world,
            (RUN, "database_connection", "page_human"),
            target=DB,
            harmful=("restart_connection_pool", "restart_workload", "scale_database", "scale_workload"),
        )
        for what, world in (
            ("and one takes nearly as long", outlasting(took=1200)),
            ("and tell something of late", outlasting(silent=300)),
            ("and compute", outlasting(cpu=0.7)),
            ("and their sessions do not sleep on", outlasting(sleep=20)),
            ("but it is one", outlasting(pods=1)),
        )
    ),
    *(
        Holds(
            f"a run hangs with most of the sessions, and others wait for what it has locked, {what}",
            world,
            (ref, "database_connection", "restart_connection_pool"),
            excludes=(*no("restart_workload", "scale_workload", at=SHOP), ("scale_database", DB)),
            harmful=("restart_workload", "rollback_workload", "scale_workload", "scale_database"),
        )
        for what, ref, world in (
            ("as the sum of their sleep tells", RUN, run()),
            ("as their states tell", RUN, run(told=states())),
            ("as the database lists them", RUN, listed()),
            ("and no schedule made it", "Job/tally-29", run(kind="Job")),
            ("and its heart beats on", RUN, run(((3600, 0.8), (STOPPED, 0.04)))),
        )
    ),
    *(
        Holds(
            f"a run has most of the sessions, {what}",
            world,
            (RUN, "database_connection", "page_human"),
            target=DB,
            harmful=("restart_connection_pool", "restart_workload", "scale_database", "scale_workload"),
        )
        for what, world in (
            ("of two pods", run(pods=2)),
            ("and works", run(((3600, 0.8), (STOPPED, 0.5)))),
            ("and works since moments no more", run(((3600, 0.8), (600, 0.004)), waits=((3600, 0), (590, 9)))),
            ("and never worked itself", run(((3600, 0.01), (STOPPED, 0.0004)))),
            ("and others wait for locks since long before", run(waits=((3600, 9),))),
            ("and others wait for locks since long after", run(waits=((3600, 0), (600, 9)))),
            ("and nobody waits for a lock", run(waits=((3600, 0),))),
            ("and the database works for it", run(told=[*states(((3600, 2),), ((3600, 58),))])),
            (
                "and a few of its sessions are at work",
                run(told=states(((3600, 2), (STOPPED + 60, 40)), ((3600, 58), (STOPPED + 60, 20)))),
            ),
            (
                "and its transactions come and go",
                run(
                    told=states(((3600, 2), (STOPPED + 60, 60), (900, 20), (600, 60)), ((3600, 58), (STOPPED + 60, 0)))
                ),
            ),
            ("and they do not sleep on", run(told=[*run_counts(), *asleep(9)])),
            ("and they have slept before it stopped", run(told=[*run_counts(), *asleep(60, since=3600)])),
            ("and nobody tells what they do", run(told=run_counts())),
            ("as it lists them itself, which work", listed("active")),
            ("as it lists them itself, idle since moments", listed(age=60)),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a run hangs, and the database has room",
        run(most=400, said="GET /orders 200 20ms"),
        harmful=("restart_connection_pool", "restart_workload", "scale_database", "scale_workload"),
    ),
]
