"""A database blocks the address of a client, from which connections are broken off since a release, or since ever."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, pods_of
from tests.diagnosis.rules.scenes import IMAGE, SHOP, errors
from tests.diagnosis.rules.tiny import DAY, Obj, at, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

DB = "StatefulSet/mysql"
BLOCKED = "ERROR OperationalError: (1129, \"Host '{}' is blocked because of many connection errors; unblock with it\")"
BROKEN = (
    "91240 [Note] [MY-010914] [Server] Aborted connection 91240 to db: 'unconnected' user: 'unauthenticated'"
    " host: '{}' (Got an error reading communication packets)."
)
LOST = "Aborted connection 88102 to db: 'shop' user: 'shop' host: '{}' (Got timeout reading communication packets)."
ELSEWHERE = "10.60.4.17"
SETTINGS = {"DB_HOST": "mysql"}
WATCH = {"name": "watch", "image": "busybox:1.36", "command": ["sh", "-c", "while nc -z mysql 3306; do sleep 1; done"]}


def mysql() -> list[Obj]:
    return workload("mysql", "mysql:8.4", kind="StatefulSet", pods=1, port=3306, age=60 * DAY)


def released(*, beside: bool = False, at_age: float = 3000, before: Any = IMAGE) -> list[Obj]:
    """Return a shop that was released before it was blocked; ``beside``: with a container that was not there before."""
    made = workload("shop", env=SETTINGS, before=before, released=at_age)
    for each in made if beside else ():
        number = each["metadata"]["name"]
        body = each["spec"]["template"]["spec"] if "template" in each["spec"] else None
        if body and number != "shop-r1":
            body["containers"] = [*body["containers"], WATCH]
    return made


def own(objects: list[Obj], number: int = 0) -> str:
    return str(pods_of(objects)[number]["status"]["podIP"])


def world(
    objects: list[Obj],
    blocked: str = "",
    broken: Collection[str] | None = None,
    *,
    ages: Collection[float] = (2900, 2400, 1800, 1200),
    line: str = BROKEN,
    begins: float = 3 * HOUR,
    more: Collection[Obj] = (),
) -> Snapshot:
    """Return a shop whose address is blocked since five minutes, and what the database tells of broken connections.

    ``broken``: from which addresses, at each of some ages; the shop's own one unless it is told. ``begins``: how old
    the first line of the database is, which tells of a session that was lost.
    """
    mine = own(objects)
    said = tuple(f"{at(age)} {BLOCKED.format(blocked or mine)}" for age in range(300, 0, -30))
    come = tuple(f"{at(age)} {line.format(host)}" for age in ages for host in ((mine,) if broken is None else broken))
    logs = [Log(pod("shop"), "shop", said), Log("mysql-0", "mysql", (f"{at(begins)} {LOST.format(ELSEWHERE)}", *come))]
    return snapshot(objects, mysql(), more, logs=logs, figures=[errors("shop", since=300)])


OTHER = workload("scan", env=SETTINGS)
MEND = ("rollback_workload", "restart_workload", "restart_connection_pool", "scale_workload")
HOLDS = [
    Holds(
        "connections from its pods are broken off since its release",
        world(released()),
        (SHOP, "code_defect", "rollback_workload"),
        excludes=(
            *no("restart_workload", "restart_connection_pool", "scale_workload", at=SHOP),
            *no("restart_workload", "scale_database", at=DB),
        ),
        alone=True,
        began=300,
    ),
    Holds(
        "its release put a container beside it, from whose pods they come since then",
        world(released(beside=True, before={})),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    *(
        Holds(
            f"nothing shows who breaks connections off, {what}: a person has to look",
            seen,
            (SHOP, "database_connection", "page_human"),
            excludes=no("restart_workload", at=SHOP),
            harmful=MEND,
        )
        for what, seen in (
            ("where the database tells nothing of them", world(released(), broken=())),
            (
                "where it does not, of a container that came beside it",
                world(released(beside=True, before={}), broken=()),
            ),
            (
                "where the database's log begins long after its release",
                world(released(at_age=40 * HOUR), ages=(1500, 1200, 900, 600), begins=1500),
            ),
            ("where its log begins with the release", world(released(), begins=2990)),
            ("where its log begins a short while before the release", world(released(), begins=4000)),
            ("where nothing was released", world(workload("shop", env=SETTINGS))),
            ("where the release was days ago", world(released(at_age=4 * DAY))),
            ("where it is blocked since before its release", world(released(at_age=100), ages=(90, 60, 30))),
            ("where they were broken off before it was released", world(released(), ages=(HOUR, 2400, 1800, 1200))),
            ("where there were but two", world(released(), ages=(2400, 1200))),
            (
                "where those of another client are broken off as well",
                world(released(beside=True), broken=(own(released()), own(OTHER)), more=OTHER),
            ),
            ("where it is another address that is blocked", world(released(), blocked=ELSEWHERE)),
            ("where those that are lost had logged in", world(released(), line=LOST)),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "nobody is told that an address is blocked",
        snapshot(released(), mysql(), logs=[Log("mysql-0", "mysql", (f"{at(900)} {BROKEN.format(ELSEWHERE)}",))]),
        (),
    ),
]
