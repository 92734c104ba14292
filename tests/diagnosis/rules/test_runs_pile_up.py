"""Runs of a schedule that never end: when they are what takes the room of others, and when they are not."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pending, pods_of, rollout
from tests.diagnosis.rules.scenes import DB, IMAGE, MORE, QUOTA, ROOM, SHOP, URL, shop
from tests.diagnosis.rules.tiny import (
    DAY,
    Obj,
    at,
    container,
    database,
    event,
    figure,
    log,
    pod,
    postgres,
    session,
    snapshot,
    thing,
)
from tuheg_ir.diagnosis.model import Session, Snapshot

CPU = "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available"
MEMORY = "0/2 nodes are available: 1 Insufficient memory, 1 node(s) were unschedulable."
ASKS: dict[str, Any] = {"resources": {"requests": {"cpu": "1500m", "memory": "512Mi"}}}
REPORT = "CronJob/report"
AS_REPORT = {"DATABASE_URL": "postgres://report@postgres:5432/shop"}
FULL = "resource_exhaustion", "page_human"


def runs(
    many: int,
    *,
    well: float | None = 2 * 3600,
    over: float | None = None,
    nodes: int = 1,
    env: dict[str, str] | None = None,
    edited: float | None = None,
    **asked: str,
) -> list[Obj]:
    """Return a schedule of every five minutes whose runs go on, the newest since a minute; ``over``: one is done."""
    requests = asked or {"cpu": "500m"}
    spec = {"containers": [container("report", "report:1", env=env, resources={"requests": requests})]}
    plan: dict[str, Any] = {"schedule": "*/5 * * * *", "jobTemplate": {"spec": {"template": {"spec": spec}}}}
    top = thing("CronJob", "report", spec=plan, written=edited)
    top["status"] = {"lastSuccessfulTime": at(well)} if well is not None else {}
    made = [top]
    for number in range(many):
        age = 60 + 300 * number
        job = thing("Job", f"report-{number}", age=age, status={"active": 1})
        job["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": "report", "controller": True}]
        job["spec"] = plan["jobTemplate"]["spec"]
        pod = thing("Pod", f"report-{number}-x", age=age, spec={**spec, "nodeName": f"n{number % nodes}"})
        pod["metadata"]["ownerReferences"] = [{"kind": "Job", "name": f"report-{number}", "controller": True}]
        pod["status"] = {"phase": "Running", "containerStatuses": []}
        made += [job, pod]
    if over is not None:
        job = thing("Job", "report-over", age=over, status={"conditions": [{"type": "Complete", "status": "True"}]})
        job["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": "report", "controller": True}]
        made.append(job)
    return made


def waits(message: str, **more: Any) -> list[Obj]:
    """Return a shop whose last pod waits for a node."""
    objects = shop(pods=3, ready=2, **{**ASKS, **more})
    pending(pods_of(objects)[-1], message, 900)
    return objects


def refused(message: str = QUOTA) -> list[Obj]:
    """Return a shop that lacks a pod for want of quota."""
    objects = shop(pods=2, ready=2)
    objects[0]["spec"]["replicas"] = 3
    return [*objects, thing("ResourceQuota", "team"), event(SHOP, "FailedCreate", message)]


def larger() -> list[Obj]:
    """Return a release that asks for more than the one before, and has no room."""
    objects = rollout("shop", None, before=ROOM, **MORE)
    pending(pods_of(objects)[-1], CPU, 300)
    return objects


def crowded(
    *held: Session,
    many: int = 8,
    since: float = 240,
    client: dict[str, str] = URL,
    well: float = 7200,
    users: dict[str, float] | None = None,
    **of_shop: Any,
) -> Snapshot:
    """Return a shop that a database refuses sessions since a while, and runs that use the same one.

    ``users``: how many sessions figures tell of each user of it.
    """
    line = "FATAL:  sorry, too many clients already"
    told = [log(pod("shop", n), *[f"connection to postgres:5432 failed: {line}"] * 9, since=since) for n in (0, 1)]
    databases = [database(*held)] if held else []
    figures = [
        figure("db_connections_by_client", count / 4, count, since, component="postgres", user=user)
        for user, count in (users or {}).items()
    ]
    objects = (shop(env=URL, **of_shop), postgres(), runs(many, well=well, env=client))
    return snapshot(*objects, logs=told, databases=databases, figures=figures)


def counted(
    many: int = 3,
    opens: str = "INFO opening 20 connections to postgres as report",
    *,
    limit: str = "max_connections=100",
    beside: list[Session] | None = None,
    **more: Any,
) -> Snapshot:
    """Return a shop that a database of a known limit refuses sessions, and runs that tell how many each opens."""
    line = "FATAL:  sorry, too many clients already"
    since, well = more.pop("since", 40), more.pop("well", 7200)
    told = [log(pod("shop", n), *[f"connection to postgres:5432 failed: {line}"] * 9, since=since) for n in (0, 1)]
    told += [log(f"report-{n}-x", opens, since=60 + 300 * n, of="report") for n in range(many)]
    databases = [database(*beside)] if beside else []
    objects = (shop(env=URL, **more), postgres(args=["-c", limit]), runs(many, well=well, env=URL))
    return snapshot(*objects, logs=told, databases=databases)


MINE, THEIRS = session(REPORT, "active", 80), session(SHOP, "active", 80)
AT_POSTGRES = no("restart_workload", "scale_workload", "rollback_workload", at=SHOP)

HOLDS = [
    Holds(
        "they hold the sessions of a database, which has none left since long after the first of them began",
        crowded(),
        (REPORT, "database_connection", "page_human"),
        excludes=(*AT_POSTGRES, ("restart_workload", DB)),
        harmful=("restart_workload", "scale_database", "rollback_workload"),
        alone=True,
    ),
    Holds(
        "a run that began before all of them was over since, and four began after that",
        crowded(well=1200),
        (REPORT, "database_connection", "page_human"),
        alone=True,
    ),
    Holds(
        "figures tell that their user has most sessions, so that the release of a client took none",
        crowded(users={"report": 54, "shop": 40}, client=AS_REPORT, before=IMAGE, released=500),
        (REPORT, "database_connection", "page_human"),
        harmful=("restart_workload", "scale_database", "rollback_workload", "scale_workload"),
    ),
    *(
        Holds(
            f"a few of them overlap, and tell that they open most sessions: {what}",
            world,
            (REPORT, "database_connection", "page_human"),
            excludes=(*AT_POSTGRES, ("restart_workload", DB)),
            harmful=("restart_workload", "scale_workload", "rollback_workload"),
            alone=True,
        )
        for what, world in (
            ("with whom", counted()),
            ("of the database", counted(opens="opened 30 sessions of the database")),
            ("a pool", counted(opens="starting with pool of 25 db connections")),
            (
                "two of them, and the limit stands in another word",
                counted(2, "using 40 db connections", limit="maxConns 80"),
            ),
            ("an older release has nothing to do with it", counted(before=IMAGE, released=9000)),
        )
    ),
    Holds(
        "no run has ended since the first of them began, and a pod has no processors",
        snapshot(waits(CPU), runs(8)),
        (REPORT, *FULL),
        excludes=no("restart_workload", "scale_workload", "rollback_workload", at=SHOP),
        alone=True,
        began=60 + 300 * 7,
    ),
    Holds(
        "some runs end, those that hang are older, and a pod has no memory",
        snapshot(waits(MEMORY), runs(9, well=30, over=310, memory="256Mi")),
        (REPORT, *FULL),
    ),
    Holds(
        "they end one after the other, and overlap since the schedule was edited",
        snapshot(waits(CPU), runs(8, well=30, over=2700, edited=2800)),
        (REPORT, "configuration_error", "page_human"),
        excludes=no("restart_workload", "scale_workload", "rollback_workload", at=SHOP),
        alone=True,
    ),
    Holds(
        "they hang, and the schedule was edited",
        snapshot(waits(CPU), runs(8, edited=2800)),
        (REPORT, *FULL),
    ),
    Holds(
        "they use the quota up, and none ever ended",
        snapshot(refused(QUOTA.replace("limits.cpu", "requests.cpu")), runs(7, well=None)),
        (REPORT, *FULL),
        alone=True,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "they are long, and end one after the other",
        snapshot(waits(CPU), runs(8, well=30, over=DAY)),
        (SHOP, "capacity", "page_human"),
    ),
    *(
        DoesNotHold(
            f"they end one after the other, and the schedule was edited, but {what}",
            snapshot(waits(CPU), runs(8, well=30, over=2700, edited=edited)),
            (SHOP, "capacity", "page_human"),
        )
        for what, edited in (
            ("some of them go on for longer", 1000),
            ("yesterday: it has overlapped ever since", DAY),
        )
    ),
    DoesNotHold(
        "two of them overlap since an edit",
        snapshot(waits(CPU), runs(2, edited=2800)),
        (SHOP, "capacity", "page_human"),
    ),
    DoesNotHold("two of them overlap", snapshot(waits(CPU), runs(2)), (SHOP, "capacity", "page_human")),
    DoesNotHold(
        "without them there is too little room on each node",
        snapshot(waits(CPU), runs(8, nodes=8)),
        (SHOP, "capacity", "page_human"),
    ),
    DoesNotHold(
        "they hold nothing of what is lacking",
        snapshot(waits(MEMORY), runs(8)),
        (SHOP, "capacity", "page_human"),
    ),
    DoesNotHold("everybody has room", snapshot(shop(), runs(8))),
    DoesNotHold(
        "a service has most of the sessions, and runs have some",
        crowded(THEIRS, session(REPORT, "active", 15)),
        harmful=("restart_workload", "rollback_workload"),
    ),
    DoesNotHold("most of them began after the database was full: they wait for it", crowded(since=1900)),
    *(
        DoesNotHold(
            f"a few of them overlap, and tell how many sessions they open, but {what}",
            world,
            harmful=("restart_workload", "scale_workload"),
        )
        for what, world in (
            ("that is a small part of all", counted(opens="opening 4 connections to postgres")),
            ("they are those of users", counted(opens="INFO report of 3 pages with 900 sessions")),
            ("nobody tells what of", counted(opens="INFO uploading with 64 parallel connections")),
            ("they are somebody else's", counted(opens="opening 20 connections to s3")),
            ("nobody knows how many there are", counted(limit="shared_buffers=1GB")),
            ("it was full before most of them began", counted(since=500)),
            ("a run has ended since the first of them began", counted(well=100)),
            ("there is one", counted(1, "opening 80 connections to postgres")),
            ("a client was released just before it was full", counted(before=IMAGE, released=300)),
            ("another client has most of them", counted(beside=[THEIRS, session(REPORT, "active", 15)])),
        )
    ),
    DoesNotHold(
        "figures tell that the user of a service has most sessions",
        crowded(users={"report": 24, "shop": 70}, client=AS_REPORT, before=IMAGE, released=500),
    ),
    DoesNotHold(
        "figures tell users that nobody knows, and a client was released just before",
        crowded(users={"jobs": 54, "app": 40}, client=AS_REPORT, before=IMAGE, released=500),
    ),
    DoesNotHold("they do not use the database", crowded(client={})),
    DoesNotHold("they end one after the other", crowded(well=30)),
    DoesNotHold("a client of the database was released just before it was full", crowded(before=IMAGE, released=500)),
    DoesNotHold(
        "the quota is of limits, and they have none",
        snapshot(refused(), runs(8)),
        ("ResourceQuota/team", *FULL),
    ),
    DoesNotHold(
        "a release asks for more than before",
        snapshot(larger(), runs(8)),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
]
