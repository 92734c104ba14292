"""A role or database that does not exist has to be made, or was asked for by a release."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.credentials import ENV, SECRET, TEXTS, refused
from tests.diagnosis.rules.scenes import CACHE, DB, SHOP, logs, shop
from tests.diagnosis.rules.tiny import Obj, log, pod, postgres, redis, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot
from tuheg_ir.diagnosis.rules._refused_alike import clears
from tuheg_ir.diagnosis.view.complaints import complaints
from tuheg_ir.diagnosis.view.view import View

ROLE = 'FATAL:  role "shop_v2" does not exist'
LINES = (ROLE, 'FATAL:  database "shop" does not exist', "Unknown database 'shop'")
OTHER = {**ENV, "DB_USER": "shop_v2"}

MASTER = 'WARN redis: sentinel: GetMasterAddrByName master="carts" failed: redis: nil'
UNREACHED = 'WARN redis: sentinel: GetMasterAddrByName master="carts" failed: dial tcp 10.1.0.4:26379: i/o timeout'
SENTINEL = {"REDIS_SENTINELS": "redis:26379", "REDIS_MASTER": "carts"}

HBA = 'FATAL:  no pg_hba.conf entry for host "10.1.0.4", user "shop", database "shop", no encryption'
TUNED = {**ENV, "DB_SSLMODE": "disable"}


def tuned(*more: Any, ready: int = 1, told: tuple[int, ...] = (1,), since: float = 800) -> Snapshot:
    """Return a shop whose release logs in otherwise, and of whose two pods some are refused by rules for hosts."""
    objects = shop(env=TUNED, before={"env": ENV}, released=900, ready=ready)
    objs = [each for each in more if not isinstance(each, Log)]
    quiet = [log(pod("shop", n), "INFO order 7 was paid") for n in (0, 1) if n not in told]
    refused = [each for n in told for each in logs("shop", HBA, n, times=3, since=since)]
    db = [] if any(each[0]["metadata"]["name"] == "postgres" for each in objs) else [postgres()]
    return snapshot(objects, *db, *objs, logs=[*refused, *quiet, *(each for each in more if isinstance(each, Log))])


def other(**more: Any) -> list[Obj]:
    """Return another client of the same database."""
    return workload("seats", env=ENV, **more)


OTHERS = log(pod("seats"), *[f"ERROR pgx: {HBA}"] * 3, since=1500)
WEB_TELLS = log(pod("web"), *[f"ERROR shop answers: {HBA}"] * 3, since=780)
CLEARED = [
    Holds(
        f"{what}: not for its release",
        world,
        (DB, "configuration_error", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
        alone=True,
    )
    for what, world in (
        ("a client that nobody released is refused as well", tuned(other(), OTHERS, ready=0, told=(0, 1))),
        ("a pod of the same template is ready, and only the refused one is not", tuned()),
        (
            "its pods had run for long when the server was started anew",
            tuned(postgres(started=700), ready=2, told=(0, 1), since=680),
        ),
    )
]
NOT_CLEARED = [
    Holds(
        f"a release with other settings is refused: {what}",
        world,
        (SHOP, "configuration_error", "rollback_workload"),
    )
    for what, world in (
        ("nobody else is", tuned(other(), ready=0, told=(0, 1))),
        ("the pod that is ready tells the same", tuned(told=(0, 1))),
        ("the refused one is ready too", tuned(ready=2)),
        ("the server was started anew before the release", tuned(postgres(started=1200), ready=0, told=(0, 1))),
        ("the server was started anew after the refusals", tuned(postgres(started=300), ready=0, told=(0, 1))),
    )
]
HOLDS = [
    *CLEARED,
    *NOT_CLEARED,
    Holds(
        "a release asks the sentinels for a master of another name",
        snapshot(
            shop(env=SENTINEL, before={"env": {**SENTINEL, "REDIS_MASTER": "mymaster"}}),
            redis(),
            workload("seats", env=SENTINEL),
            logs=logs("shop", MASTER, 0, 1, since=570),
        ),
        (SHOP, "configuration_error", "rollback_workload"),
        harmful=("restart_workload",),
        alone=True,
    ),
    Holds(
        "the sentinels know a master no more, and nobody was released",
        snapshot(shop(env=SENTINEL), redis(), logs=logs("shop", MASTER, 0, 1)),
        (CACHE, "configuration_error", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
    Holds(
        "a release asks for it",
        snapshot(
            shop(env=OTHER, before={"env": {**ENV, "DB_USER": "shop"}}), postgres(), logs=logs("shop", ROLE, times=1)
        ),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    *(
        Holds(
            f"somebody has to make it: {line}",
            snapshot(shop(env=ENV), postgres(), logs=logs("shop", line, times=1)),
            (DB, "configuration_error", "page_human"),
        )
        for line in LINES
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "sentinels that do not answer since a release",
        snapshot(
            shop(env=SENTINEL, before={"env": {**SENTINEL, "REDIS_MASTER": "mymaster"}}),
            redis(),
            logs=logs("shop", UNREACHED, 0, 1, since=570),
        ),
        (CACHE, "dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "a role that exists and a wrong password",
        refused(0, written=None, line=TEXTS[0]),
        (SECRET, "configuration_error", "page_human"),
    ),
    DoesNotHold(
        "a table that does not exist",
        snapshot(shop(env=ENV), postgres(), logs=[log("shop-pod0", 'ERROR:  relation "orders" does not exist')]),
    ),
]


@pytest.mark.parametrize(
    "world",
    [
        tuned(other(before={"env": {}}, released=1600), OTHERS, ready=0, told=(0, 1)),
        tuned(workload("web", env={"SHOP_URL": "http://shop:8080", **ENV}), WEB_TELLS, ready=0, told=(0, 1)),
    ],
    ids=["another one is refused since its own release", "who calls it only passes on what it is told"],
)
def test_what_others_are_told_does_not_clear_a_release(world: Snapshot) -> None:
    view = View(world)
    assert clears(view, view.workloads[SHOP], complaints(view, "role_missing")) is None
