"""A database does not take the kind of login that its clients use."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import API, IMAGE, SHOP, alert, logs, shop, taken_back
from tests.diagnosis.rules.tiny import DAY, Obj, at, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

MYSQL = "StatefulSet/mysql"
ENV = {"DB_HOST": "mysql"}
LOADED = "SQLSTATE[HY000] [1524] Plugin 'mysql_native_password' is not loaded (Connection: mysql)"
UNKNOWN = "ERROR mysql: this authentication plugin is not supported"
CALLED: dict[str, Any] = {"alerts": [alert("OrdersNotSent", app="shop")]}


def mysql(**more: Any) -> list[Obj]:
    return workload("mysql", "mysql:8.4.5", **{"kind": "StatefulSet", "pods": 1, "port": 3306, **more})


BACK: dict[str, Any] = {"before": IMAGE, "released": 900}
OFF: dict[str, Any] = {"args": ["--mysql-native-password=OFF"], "before": {"args": []}}
HOUR_AGO: dict[str, Any] = {"before": IMAGE, "released": 3500}
MEMORY: dict[str, Any] = {"resources": {"limits": {"memory": "2Gi"}}}


def refused(*more: list[Obj], line: str = LOADED, since: float = 880, server: list[Obj] | None = None) -> Snapshot:
    """Return a shop, or what is there of it, that is refused by its server."""
    client = [] if any(each[0]["metadata"]["name"] == "shop" for each in more) else [shop(env=ENV)]
    return snapshot(server or mysql(), *client, *more, logs=logs("shop", line, 0, 1, since=since), **CALLED)


def changed(now: dict[str, Any], before: dict[str, Any], released: float = 900) -> list[Obj]:
    """Return a shop whose release changed something."""
    return shop(**{"env": ENV, **now}, before=before, released=released)


HOLDS = [
    *(
        Holds(
            f"nobody can tell why: {what}",
            world,
            (MYSQL, "configuration_error", "page_human"),
            harmful=("rollback_workload", "restart_workload"),
        )
        for what, world in (
            ("the client's release changed its memory limit", refused(changed(MEMORY, {"resources": {}}))),
            (
                "the client's release changed its pool",
                refused(changed({"env": {**ENV, "DB_POOL_SIZE": "9"}}, {"env": ENV})),
            ),
            (
                "the client's release with another image was well for long",
                refused(shop(env=ENV, **HOUR_AGO), since=700),
            ),
            ("the client went back before", refused(taken_back(shop(env=ENV, **BACK)))),
            (
                "the server's release changed how many it lets in",
                refused(server=mysql(args=["--max-connections=500"], before={"args": []}, released=1200), since=1100),
            ),
            (
                "the server let everybody in for long after its release",
                refused(server=mysql(**OFF, released=3500), since=700),
            ),
            (
                "the server's release changed its memory limit",
                refused(server=mysql(**MEMORY, before={"resources": {}}, released=1200), since=1100),
            ),
        )
    ),
    Holds(
        "the client's release asks for another way to log in",
        refused(changed({"args": ["--authentication-plugin=native"]}, {"args": []})),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "the server is of a newer version since minutes",
        snapshot(
            mysql(before={"image": "mysql:8.0.39"}, released=1200),
            shop(env=ENV),
            logs=logs("shop", LOADED, 0, 1, since=1100),
            **CALLED,
        ),
        (MYSQL, "configuration_error", "page_human"),
        excludes=(*no("rollback_workload", at=MYSQL), *no("restart_workload", "rollback_workload", at=SHOP)),
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "the server is of a newer version, and one of those who suffer was released later",
        snapshot(
            mysql(before={"image": "mysql:8.0.39"}, released=1800),
            shop(env=ENV, before=IMAGE, released=900),
            workload("api", env=ENV),
            logs=[*logs("shop", LOADED, 0, 1, since=880), *logs("api", LOADED, 0, since=1700)],
            **CALLED,
        ),
        (MYSQL, "configuration_error", "page_human"),
        excludes=no("rollback_workload", at=API),
        alone=True,
        harmful=("rollback_workload",),
    ),
    Holds(
        "the server got another setting",
        snapshot(
            mysql(**OFF, released=1200),
            shop(env=ENV),
            logs=logs("shop", LOADED, 0, 1, since=1100),
            **CALLED,
        ),
        (MYSQL, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "the client's own release has another driver",
        snapshot(
            mysql(),
            shop(env=ENV, before=IMAGE, released=900),
            logs=logs("shop", UNKNOWN, 0, 1, since=880),
            **CALLED,
        ),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    *(
        Holds(
            f"{what}: not for its release",
            world,
            (MYSQL, "configuration_error", "page_human"),
            excludes=no("rollback_workload", at=SHOP),
            alone=True,
            harmful=("rollback_workload", "restart_workload"),
        )
        for what, world in (
            (
                "a client that nobody released is refused as well",
                snapshot(
                    mysql(),
                    shop(env=ENV, before=IMAGE, released=900),
                    workload("api", env=ENV),
                    logs=[*logs("shop", LOADED, 0, 1, since=700), *logs("api", LOADED, 0, since=600)],
                    **CALLED,
                ),
            ),
            (
                "the server was started anew since, and by whom nobody can tell",
                snapshot(
                    mysql(started=720),
                    shop(env=ENV, before=IMAGE, released=900),
                    logs=logs("shop", LOADED, 0, 1, since=700),
                    **CALLED,
                ),
            ),
        )
    ),
    Holds(
        "its pods came after the server was started anew, and are refused from their first word on",
        snapshot(
            mysql(started=1000),
            shop(env=ENV, before=IMAGE, released=900),
            logs=logs("shop", LOADED, 0, 1, since=880),
            **CALLED,
        ),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    Holds(
        "nobody was released: the account was altered",
        snapshot(mysql(), shop(env=ENV, before=IMAGE, released=9 * DAY), logs=logs("shop", UNKNOWN, 0, 1), **CALLED),
        (MYSQL, "configuration_error", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a plugin of something else is not loaded",
        snapshot(mysql(), shop(env=ENV), logs=logs("shop", "WARN Plugin 'grafana-clock' is not loaded"), **CALLED),
        ("unknown", "page_human"),
    ),
    DoesNotHold(
        "the database says so of itself",
        snapshot(mysql(), logs=[log("mysql-0", *[f"[Warning] {LOADED}"] * 9)], **CALLED),
        ("unknown", "page_human"),
    ),
    DoesNotHold(
        "it is over",
        snapshot(
            mysql(before={"image": "mysql:8.0.39"}, released=5400),
            shop(env=ENV),
            logs=[Log(pod("shop"), "shop", tuple(f"{at(5000 - n)} {LOADED}" for n in range(9)))],
        ),
        (),
    ),
]
