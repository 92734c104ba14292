"""Pods of a release that serve for a while and end; a template of last week is innocent."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.outlasting import CACHE, ELSEWHERE, NOBODY, OWN, REFUSED, TRACE, UNKNOWN, outlasted
from tests.diagnosis.rules.pods import again, looping, pods_of, put
from tests.diagnosis.rules.scenes import (
    IMAGE,
    OLD,
    SHOP,
    URL,
    down,
    errors,
    logs,
    shop,
)
from tests.diagnosis.rules.tiny import DAY, Obj, at, event, log, pod, postgres, snapshot, thing, workload


def crashing(released: float, restarts: int = 4, **now: Any) -> list[Obj]:
    return down(shop(pods=3, before=IMAGE, released=released, **now), looping(lived=90, restarts=restarts), unready=100)


def kept_waiting(since: float, *conditions: str, init: bool = False) -> list[Obj]:
    """Return a shop released three hours ago that crashes; what kept its pods waiting was over a while ago."""
    made = crashing(3 * 3600, 6)
    for each in pods_of(made):
        each["status"]["conditions"] += [
            {"type": kind, "status": "True", "lastTransitionTime": at(since)} for kind in conditions
        ]
        if init:
            ended_then = {"terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": at(since)}}
            each["status"]["initContainerStatuses"] = [{"name": "migrate", "ready": True, "state": ended_then}]
    return made


def without_image(reason: str, message: str) -> list[Obj]:
    """Return a shop released three hours ago that crashes; for long its pods had no image."""
    return [*crashing(3 * 3600, 6), *(event(f"Pod/{pod('shop', n)}", reason, message, age=1900) for n in range(3))]


def once(count: int = 1, status: Obj | None = None, **more: Any) -> list[Obj]:
    """Return a shop released a while ago of which some containers ended once, after they had served, and run again."""
    made = shop(pods=3, before=IMAGE, released=2400, **more)
    for each in pods_of(made)[:count]:
        put(each, status or again("Error", 1, age=660, lived=1620), unready=60 if status else None)
    return made


DEFECT = (SHOP, "code_defect", "rollback_workload")
CRASHED = (SHOP, "service_crash", "page_human")
NO_PART = ("rollback_workload", "restart_workload")


def only_starts_fail(
    *, lived: float = 25, restarts: int = 9, unready: float = 1500, released: float = 2400, well: Obj | None = None
) -> list[Obj]:
    """Return a shop of three pods of which two were ready until a while ago, and end at each start since.

    ``well``: how the third is; None: it has served since the release.
    """
    made = shop(pods=3, before=IMAGE, released=released)
    *failing, other = pods_of(made)
    for each in failing:
        put(each, looping(lived=lived, restarts=restarts), ready=False, unready=unready)
    put(other, well or {}, ready=True)
    made[0]["status"]["readyReplicas"] = 1
    return made


PROBED: dict[str, Any] = {"livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080}}}


HOLDS = [
    Holds(
        "a new pod of it ended again and again and serves since, and its last words are of a fault of its own",
        outlasted(UNKNOWN, OWN),
        DEFECT,
    ),
    *(
        Holds(f"a new pod of it ended again and again and serves for minutes only, {what}", world, DEFECT)
        for what, world in (
            ("and the database that it could not reach was there all the time", outlasted(back=30 * DAY, serves=300)),
            ("and its last words are of somebody outside", outlasted(ELSEWHERE, serves=300)),
            ("and it told nothing", outlasted("INFO starting", serves=300)),
            (
                "its last words are of its database, those before of a fault of its own",
                outlasted(f"{at(1404)} {OWN}", f"{at(1401)} {UNKNOWN}", serves=300),
            ),
            ("it missed its database long before it ended", outlasted(f"{at(1600)} {UNKNOWN}", serves=300)),
            ("it missed an address of nobody as well", outlasted(UNKNOWN, NOBODY, serves=300)),
        )
    ),
    Holds(
        "its containers are ended by a signal, as the kubelet does it: it may be no crash at all",
        snapshot(
            down(
                shop(pods=3, before=IMAGE | PROBED, released=900, **PROBED),
                looping(code=137, lived=90, restarts=4),
                unready=100,
            )
        ),
        (SHOP, "code_defect", "rollback_workload"),
        believed="crashes",
        sure=(0.2, 0.5),
    ),
    Holds(
        "one of its containers ended once and serves again, and nobody knows why: a person looks",
        snapshot(once()),
        (SHOP, "code_defect", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "one ended once and serves again, and its last words are of what it lost",
        snapshot(once(env=URL), logs=[log(pod("shop"), "Error: server closed the connection", previous=True)]),
        (SHOP, "code_defect", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    *(
        Holds(f"one of its containers ended once, {what}", world, (SHOP, "code_defect", "rollback_workload"))
        for what, world in (
            ("by a fault of its own, as it says", snapshot(once(), logs=[log(pod("shop"), OWN, previous=True)])),
            ("and has not been started again", snapshot(once(status=looping(restarts=1, lived=1620)))),
        )
    ),
    Holds(
        "two of its containers ended once each, and serve again",
        snapshot(once(2)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    Holds(
        "since a release of a quarter of an hour ago",
        snapshot(crashing(900)),
        (SHOP, "code_defect", "rollback_workload"),
        excludes=no("restart_workload", at=SHOP),
    ),
    Holds(
        "it ends within moments, and its restarts with their pauses may fill the time since its release",
        snapshot(down(shop(pods=3, before=IMAGE, released=3 * 3600), looping(lived=90, restarts=25), unready=100)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    *(
        Holds(
            f"it ends within moments since it can run at all: {what}",
            snapshot(world),
            (SHOP, "code_defect", "rollback_workload"),
        )
        for what, world in (
            ("no node had room for it", kept_waiting(1900, "PodScheduled", "Initialized")),
            ("others had to be over before it", kept_waiting(1900, "Initialized")),
            ("one had to be over before it, as that one tells", kept_waiting(1900, init=True)),
            (
                "its image could not be had",
                without_image("Failed", 'Failed to pull image "shop:2": 429 Too Many Requests'),
            ),
            ("its image was long in coming", without_image("Pulled", 'Successfully pulled image "shop:2" in 38m12.4s')),
        )
    ),
    Holds(
        "it ended within moments last, and its few lives before may have been long",
        snapshot(crashing(3 * 3600, 4)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    Holds(
        "it serves for a quarter of an hour each time",
        snapshot(down(shop(pods=3, before=IMAGE, released=3 * 3600), looping(lived=900, restarts=4), unready=100)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    *(
        Holds(
            f"pods end at each start, one of its template serves on, and {what}",
            snapshot(world),
            (SHOP, "code_defect", "rollback_workload"),
        )
        for what, world in (
            ("they were ready for a few minutes only", only_starts_fail(unready=2000)),
            ("they were ready until a moment ago", only_starts_fail(unready=300)),
            ("they serve for a quarter of an hour each time", only_starts_fail(lived=900)),
            ("they were started again a few times only", only_starts_fail(restarts=3)),
            ("that one was started again as well", only_starts_fail(well=again("Error", 1, age=900, lived=90))),
        )
    ),
    Holds(
        "pods end at each start, none of its template serves on",
        snapshot(down(shop(pods=3, before=IMAGE, released=2400), looping(lived=25, restarts=9), unready=1500)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    Holds(
        "pods were ready for long and end at each start, one serves on, and they tell of a fault of their own",
        snapshot(only_starts_fail(), logs=[log(pod("shop"), OWN, previous=True)]),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    Holds(
        "its callers are refused",
        snapshot(
            down(workload("pay", before=OLD, released=600), looping(lived=20)),
            workload("web", env={"PAY": "http://pay:8080"}, before=OLD, released=2 * 3600),
            figures=[errors("web", 0.5, 480)],
            logs=[
                log(pod("pay"), "System.InvalidOperationException: Unable to resolve service", previous=True),
                *logs("web", "dial tcp 10.96.0.1:8080: connect: connection refused (pay:8080)", since=470),
            ],
        ),
        ("Deployment/pay", "code_defect", "rollback_workload"),
    ),
    Holds(
        "its database is down, and is behind it",
        snapshot(
            crashing(900, env=URL),
            postgres(status=looping(restarts=3), ready=0),
            logs=[log(pod("shop"), "could not connect to postgres:5432: connection refused", previous=True)],
        ),
        (SHOP, "code_defect", "rollback_workload"),
        believed="database_down",
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a new pod of it ended within moments again and again, told nothing, and serves for long since",
        outlasted("INFO starting"),
        harmful=NO_PART,
    ),
    *(
        DoesNotHold(f"its database was away, as its last words say{what}", world, (SHOP, *HEALTHY), NO_PART)
        for what, world in (
            ("", outlasted()),
            ("; it was refused", outlasted(REFUSED)),
            ("; each line of its trace has a time", outlasted(*(f"{at(1401)} {line}" for line in (*TRACE, UNKNOWN)))),
            ("; it complained of something else before", outlasted(CACHE, OWN, UNKNOWN)),
        )
    ),
    *(
        DoesNotHold(f"its database was away, as its last words say, {what}", world, CRASHED, NO_PART)
        for what, world in (
            ("and is back for minutes", outlasted(back=400, serves=390)),
            ("and it serves for minutes", outlasted(serves=400)),
            ("and requests fail still, which may be of anything", outlasted(fails=0.3)),
        )
    ),
    DoesNotHold(
        "pods were ready for long and end at each start since, and one of their template serves on",
        snapshot(only_starts_fail()),
        (SHOP, "service_crash", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "it ends within moments now, and its restarts cannot fill the hours since its release",
        snapshot(crashing(3 * 3600, 6)),
        (SHOP, "service_crash", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "it ends within moments now, and could run for hours",
        snapshot(kept_waiting(10700, "PodScheduled", "Initialized", init=True)),
        (SHOP, "service_crash", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "a release of last week",
        snapshot(crashing(7 * DAY)),
        (SHOP, "service_crash", "page_human"),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "a ConfigMap was written since: nothing to roll back",
        snapshot(
            crashing(7 * DAY, spec={"volumes": [{"name": "c", "configMap": {"name": "shop-config"}}]}),
            thing("ConfigMap", "shop-config", written=700, data={"a": "b"}),
            logs=[log(pod("shop"), "could not parse config: line 3", previous=True)],
        ),
        ("ConfigMap/shop-config", "configuration_error", "page_human"),
    ),
]
