"""A database that refuses what sessions set since it was started anew, and what may be another's doing."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import younger
from tests.diagnosis.rules.scenes import DB, SHOP, URL, WEB, errors, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

ZONE = 'invalid value for parameter "TimeZone": "US/Eastern"'
OF_THE_SERVER = ("UTC [41] ERROR:  " + ZONE, "UTC [41] STATEMENT:  set time zone 'US/Eastern'")
BOOTS = 'UTC [1] LOG:  invalid value for parameter "TimeZone": "US/Eastern"'
OF_PHP = "production.ERROR: SQLSTATE[22023]: Invalid parameter value: 7 ERROR:  " + ZONE
ANEW = 640
SINCE = 600
ACTS = ("rollback_workload", "restart_workload", "restart_connection_pool", "scale_workload", "scale_database")


def told(*lines: str, since: float = SINCE, times: int = 9) -> Log:
    """Return the log of the database."""
    return log("postgres-0", *lines * times, since=since, of="postgres")


def says(line: str = OF_PHP, of: str = "shop", number: int = 0, since: float = SINCE) -> Log:
    """Return the log of a caller that repeats a line."""
    return log(pod(of, number), *["ERROR " + line] * 9, since=since)


def elsewhere(line: str = OF_PHP, hours: int = 4) -> Log:
    """Return the log of a caller that writes the times of its own zone, without its name."""
    clock = (at(SINCE - 60 * n + hours * 3600)[:-1].replace("T", " ") for n in range(9))
    return Log(pod("shop"), "shop", tuple(f"[{each}] {line}" for each in clock))


def world(
    *logs: Log,
    server: dict[str, Any] | None = None,
    also: list[Obj] | None = None,
    fails: tuple[Any, ...] = (errors("shop", since=580),),
    **more: Any,
) -> Snapshot:
    """Return a shop that fails since its database was started anew."""
    of = {"kind": "StatefulSet", "pods": 1, "port": 5432, "started": ANEW, **(server or {})}
    found = workload("postgres", **{"image": "postgres:16", **of})
    return snapshot(shop(**{"env": URL, **more}), found, also or [], logs=logs, figures=fails)


def database(pods: int = 1) -> list[Obj]:
    """Return a database that was started anew, its last pod alone if there are more."""
    found = workload("postgres", "postgres:16", kind="StatefulSet", pods=pods, port=5432)
    return younger(found, 1, age=ANEW)


def parted(*logs: Log, of: list[Obj] | None = None, server: list[Obj] | None = None) -> Snapshot:
    """Return a shop and its database, of which not all pods were started at one time."""
    return snapshot(of or shop(env=URL), server or database(), logs=logs, figures=[errors("shop", since=580)])


SERVES = log(pod("shop"), *["GET / 200"] * 9, since=SINCE)
ASKED = (DB, "configuration_error", "page_human")
HOLDS = [
    Holds(
        "both tell it, and the shop was released hours before",
        world(told(*OF_THE_SERVER), says(), before={"image": "shop:0"}, released=7200),
        ASKED,
        excludes=(*no("restart_workload", "rollback_workload", at=DB), *no("rollback_workload", at=SHOP)),
        harmful=ACTS,
        began=SINCE,
    ),
    Holds(
        "the shop was released minutes before, and served well until then",
        world(told(*OF_THE_SERVER), says(), before={"image": "shop:0"}, released=1100),
        ASKED,
        excludes=no("rollback_workload", at=SHOP),
        harmful=ACTS,
    ),
    Holds("the caller writes the times of its zone", world(told(*OF_THE_SERVER), elsewhere()), ASKED, harmful=ACTS),
    Holds("the caller alone tells it", world(says()), ASKED, harmful=ACTS),
    Holds(
        "a server of another kind",
        world(
            says("(1298, \"Unknown or incorrect time zone: 'US/Eastern'\")"), server={"image": "mysql:8", "port": 3306}
        ),
        ASKED,
    ),
    Holds(
        "a mode that a younger server does not have",
        world(says("SQLSTATE[42000]: 1231 Variable 'sql_mode' can't be set to the value of 'NO_AUTO_CREATE_USER'")),
        ASKED,
    ),
    Holds(
        "another caller was released then, and is well",
        world(
            told(*OF_THE_SERVER),
            says(),
            also=workload("mail", env=URL, before={"image": "mail:0"}, released=SINCE + 20),
        ),
        ASKED,
        harmful=ACTS,
    ),
]
HOLDS += [
    Holds(
        "a caller of the shop was released after that, and fails since its own release",
        world(
            told(*OF_THE_SERVER),
            says(),
            also=workload("web", env={"SHOP_URL": "http://shop:8080"}, before={"image": "web:0"}, released=300),
            fails=(errors("shop", since=580), errors("web", since=290)),
        ),
        ASKED,
        excludes=no("rollback_workload", at=SHOP),
        spares=no("rollback_workload", at=WEB),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, found, harmful=("restart_workload", "restart_connection_pool", "scale_database"))
    for what, found in (
        ("the database was not started anew", world(told(*OF_THE_SERVER), says(), server={"started": None})),
        ("it was started hours before", world(told(*OF_THE_SERVER), says(), server={"started": 7200})),
        (
            "the database was released then",
            world(told(*OF_THE_SERVER), says(), server={"before": {"image": "postgres:15"}, "released": ANEW}),
        ),
        ("the pods of the shop are younger than the start", world(told(*OF_THE_SERVER), says(), started=620)),
        (
            "a pod of the shop that is younger than the start tells it alone",
            parted(told(*OF_THE_SERVER), SERVES, says(number=1), of=younger(shop(env=URL), 1, age=620)),
        ),
        ("a pod of the database that is older refuses it", parted(told(*OF_THE_SERVER), says(), server=database(2))),
        ("the shop was always refused it", world(told(*OF_THE_SERVER), says(since=3000))),
        (
            "the container before refused it as well",
            world(told(*OF_THE_SERVER), says(), log("postgres-0", *OF_THE_SERVER, of="postgres", previous=True)),
        ),
        ("it reads its own file", world(told(BOOTS))),
        ("nobody who calls it tells it", world(told(*OF_THE_SERVER))),
        ("users feel nothing", world(told(*OF_THE_SERVER), says(), fails=())),
        ("once or twice", world(told(OF_THE_SERVER[0], times=2), says("GET / 200"))),
        ("it is over", world(told(*OF_THE_SERVER, since=7200, times=1), says(), server={"started": 7300})),
        ("another database is asked", world(says(), env={"DATABASE_URL": "postgres://app@stats:5432/s"})),
        ("another row is refused", world(says('ERROR:  invalid input value for enum mood: "US/Eastern"'))),
        (
            "who tells it does not call it",
            world(says(of="mail"), also=workload("mail"), env={"A": "b"}),
        ),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(
        "the shop was released then",
        world(told(*OF_THE_SERVER), says(), before={"image": "shop:0"}, released=SINCE + 20),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "somebody at a console tried it days ago", world(told(*OF_THE_SERVER, since=3 * DAY), says("GET / 500"))
    ),
]
