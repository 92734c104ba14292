"""Sessions that rise since a release of hours ago, of whose pods some were made anew since: those began with none."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import DB, IMAGE, SHOP, URL, alert, errors, logs, shop
from tests.diagnosis.rules.test_sessions_leaked__led_back import line, of
from tests.diagnosis.rules.tiny import Obj, at, figure, pod, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

RELEASED = 3.5 * 3600
ANEW = 1.7 * 3600
NO_SLOT = "FATAL: remaining connection slots are reserved for roles with the SUPERUSER attribute (postgres:5432)"


def held(client: str, found: Series, state: str = "idle") -> tuple[str, Series]:
    return of("db_connections_by_client", found, component="postgres", client=client, state=state)


def led(high: float, low: float = 12, *anew: float, pods: int = 3, released: float = RELEASED) -> Series:
    """Return what pods hold that take sessions at one pace, each since it started."""
    starts = [*anew, *[released] * (pods - len(anew))]
    return line(high, sum(starts) / pods, low)


def filled(
    mine: Series,
    anew: tuple[float, ...] = (ANEW,),
    *more: tuple[str, Series],
    others: Series | None = None,
    state: str = "idle",
    **release: Any,
) -> Snapshot:
    """Return a database that is full since a quarter of an hour; the api, of just now, is refused most."""
    told = release.pop("told", ())
    objects: list[Obj] = shop(**{"env": URL, "before": IMAGE, "released": RELEASED, "pods": 3, **release})
    for each, age in zip(pods_of(objects), anew, strict=False):
        each["metadata"]["creationTimestamp"] = at(age)
    return snapshot(
        objects,
        workload("api", env=URL, before=IMAGE, released=1500),
        postgres(),
        figures=[
            figure("db_connections", 150, 199, 900, component="postgres"),
            figure("db_max_connections", 200, 200, component="postgres"),
            held("shop", mine, state),
            held("api", others or line(50, low=50), "active"),
            errors("api", 0.4, 840),
            *more,
        ],
        logs=[*logs("api", NO_SLOT, since=840), *logs("shop", NO_SLOT, since=830), *told],
        alerts=[alert("ApiErrors", deployment="api")],
    )


def busier(before: float, now: float) -> list[tuple[str, Series]]:
    return [figure("cpu_share", before, now, 2400, pod=pod("shop", n), container="shop") for n in range(3)]


BACK = (SHOP, "code_defect", "rollback_workload")
ROSE = led(130, 12, ANEW)
HOLDS = [
    *(
        Holds(
            f"they lead back to the starts of its pods: {what}",
            world,
            BACK,
            excludes=(
                *no("scale_workload", at=SHOP),
                *no("rollback_workload", "restart_workload", at="Deployment/api"),
                *no("restart_workload", at=DB),
            ),
            harmful=("scale_database", "restart_connection_pool"),
            alone=True,
        )
        for what, world in (
            ("one of three was made anew", filled(ROSE)),
            ("none was", filled(led(130), ())),
            ("one was, and the database still counts what its pod before held", filled(led(130))),
            ("it uses no more processor time", filled(ROSE, (ANEW,), *busier(0.3, 0.32))),
            ("one of two, half an hour later", filled(led(120, 9, 9000, pods=2), (9000,), pods=2)),
        )
    ),
    Holds(
        "settings alone came with it",
        filled(ROSE, before={"env": URL | {"MODE": "a"}}),
        (SHOP, "database_connection", "rollback_workload"),
        harmful=("scale_database",),
    ),
]


def not_by(what: str, world: Snapshot) -> DoesNotHold:
    return DoesNotHold(what, world, harmful=("rollback_workload",))


DOES_NOT_HOLD = [
    not_by("none of its first pods is left, and the rise began with these", filled(line(130, ANEW, 12), (ANEW,) * 3)),
    not_by("most of them were made anew", filled(led(130, 12, ANEW, ANEW), (ANEW, ANEW))),
    not_by("it held as many at its release", filled(line(130, RELEASED, 90))),
    not_by("it held as many an hour ago", filled(line(130, low=130))),
    not_by("the rise began long after all of its pods", filled(line(130, 4800, 12))),
    not_by("it uses as much more processor time", filled(ROSE, (ANEW,), *busier(0.2, 0.5))),
    not_by("another one has as many more meanwhile", filled(ROSE, others=line(60, 3600, 5))),
    not_by("they work", filled(ROSE, state="active")),
    not_by("it was not released", filled(ROSE, before=None)),
    not_by(
        "it may open more by its settings",
        filled(ROSE, env=URL | {"DB_POOL_SIZE": "60"}, before={"env": URL | {"DB_POOL_SIZE": "5"}}),
    ),
]
