"""A watch of a database names the pod of whoever holds the lock: a person's, who left it open, or a run's."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import OLD, SHOP, URL, errors, logs, shop
from tests.diagnosis.rules.test_waiting_for_a_lock import WAITING
from tests.diagnosis.rules.test_waiting_for_a_lock__runs import GIVES_UP, TO_MYSQL
from tests.diagnosis.rules.tiny import (
    Obj,
    at,
    database,
    figure,
    log,
    pod,
    postgres,
    session,
    snapshot,
    thing,
    timed,
    workload,
)
from tuheg_ir.diagnosis.model import Snapshot

HAND, ADDRESS = "Pod/kim-debug", "10.1.9.9"
BY_SYS = (
    '{"level":"warn","msg":"lock wait","waits_total":38,"waiting_pid":48195,"waiting_user":"shop@10.2.2.119",'
    '"blocking_pid":48213,"blocking_user":"kim@10.1.9.9","blocking_command":"Sleep","blocking_sleep_secs":2998}'
)
BY_SETTING = "WARN lock wait blocker_pid=812 blocker_addr=10.1.9.9 blocker_state=idle wait_pid=77 wait_addr=10.2.2.1"
BY_WORDS = "session 77 (shop, 10.2.2.1) is blocked by session 812 of kim-debug, idle in transaction for 2998 s"
BY_NUMBER = "trx 8812 of thread 48195 waits 36 s: held by trx 8790 of thread 48213, 3978811 rows locked, query NULL"
OF_MANY_NUMBERS = BY_NUMBER.replace("48213, 3978811 rows", "1207, 48213 rows")
OF_OURS = "WARN lock wait blocker_pid=812 blocker_addr={} blocker_state=active wait_pid=77 wait_addr=10.1.9.9"
LOST = "ERROR 2013 (HY000): Lost connection to server during query"
ITS_USER = BY_SYS.replace("kim@", "shop@")
KIM_BLOCKS = "WARN session 812 (kim@10.1.9.9) is blocking session 77 (shop@{}) for 30 s"
IS_BLOCKED = "WARN session 812 (shop@{}) is blocking session 77 (kim@10.1.9.9) for 30 s"
BEHIND = "WARN lock wait blocking_pid=812 blocking_addr={} behind=77@10.1.9.9"
BOTH = "WARN lock wait blocking_pid=812 blocking_addr={} for=77@10.1.9.9"
GREETS = "Your MySQL connection id is 48213"


SHOP_ADDRESS = pods_of(shop())[0]["status"]["podIP"]


def by_hand(command: str = "mysql", image: str = "percona/percona-server:8.0", *, owned: bool = False) -> list[Obj]:
    """Return a pod that somebody started by hand, of a database's image, to ask it."""
    box = {"name": "kim-debug", "image": image, "command": [command, "-hmysql"], "stdin": True, "tty": True}
    made = thing("Pod", "kim-debug", age=2000, spec={"containers": [box], "restartPolicy": "Never"})
    state = {"name": "kim-debug", "ready": True, "state": {"running": {"startedAt": at(2000)}}}
    made["status"] = {"phase": "Running", "podIP": ADDRESS, "containerStatuses": [state]}
    if not owned:
        return [made]
    made["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "kim", "controller": True}]
    return [thing("Job", "kim", age=2000, spec={"template": {"spec": made["spec"]}}, status={"active": 1}), made]


def watched(
    told: str = BY_SYS,
    *more: Any,
    of: Any = None,
    times: int = 9,
    host: str = "mysql",
    ratio: float = 0.6,
    released: float = 1370,
    greets: str = GREETS,
) -> Snapshot:
    """Return clients that give up waiting thirteen minutes after a release, and a watch that tells for whom."""
    return snapshot(
        workload("mysql", "mysql:8", kind="StatefulSet", pods=1, port=3306),
        workload("reports-db", "mysql:8", kind="StatefulSet", pods=1, port=3306) if host != "mysql" else [],
        shop(env=TO_MYSQL, before=OLD, released=released),
        workload("lockwatch", env={"MYSQL_HOST": host}, pods=1, service=False),
        by_hand() if of is None else of,
        *more,
        figures=[errors("shop", ratio, since=590)],
        logs=[
            *logs("shop", GIVES_UP, 0, 1, times=9, since=590),
            log(pod("lockwatch"), *["no lock waits"] * 3, *[told] * times, since=600),
            log("kim-debug", *greets.splitlines(), since=1900, of="kim-debug"),
        ],
    )


def new_release(told: str, greets: str = GREETS) -> Snapshot:
    """Return a release as the waits begin, which may lock, while a person's pod is there, and what a watch tells."""
    return watched(told.format(SHOP_ADDRESS), released=620, greets=greets)


def listed(owner: str) -> Snapshot:
    """Return a shop that fails and a list of its database's sessions, the oldest of which is of a pod by hand."""
    waits = figure("db_locks_waiting", 0, 30, 590, component="postgres")
    held = session(owner, "idle in transaction", 1, client=ADDRESS, age_s=900, query="UPDATE orders SET a = 1")
    hand = by_hand("psql", "postgres:16")
    return snapshot(
        shop(env=URL),
        postgres(),
        hand,
        figures=[errors("shop", 0.6), waits],
        databases=[database(WAITING, held)],
    )


def written(
    *lines: str, host: str = "mysql", age: float = 2000, since: float = 900, released: float = 1370
) -> Snapshot:
    """Return clients that give up waiting, and what stands on the screen of who works in a pod; nobody watches.

    A person enters a line each minute, the first ``since`` seconds ago.
    """
    entered = ((since - 60 * number, line) for number, line in enumerate(lines))
    (hand,) = by_hand()
    hand["spec"]["containers"][0]["env"] = [{"name": "MYSQL_HOST", "value": host}]
    hand["metadata"]["creationTimestamp"] = at(age)
    return snapshot(
        workload("mysql", "mysql:8", kind="StatefulSet", pods=1, port=3306),
        shop(env=TO_MYSQL, before=OLD, released=released),
        hand,
        figures=[errors("shop", 0.6, since=590)],
        logs=[*logs("shop", GIVES_UP, 0, 1, times=9, since=590), timed("kim-debug", *entered, of="kim-debug")],
    )


OPEN = "15:50:58 [kim@mysql] shop> start transaction;"
CHANGE = "15:51:20 [kim@mysql] shop> update orders set state='blocked' where note like '%black%';"
DELETED = "shop=*# DELETE FROM orders WHERE id > 7;"
ALONE = "shop=# UPDATE orders SET a = 2 WHERE id = 4;"
IN_A_LINE = "shop=# BEGIN; UPDATE orders SET a = 1 WHERE id = 3; COMMIT;"
DONE = "Query OK, 2114 rows affected (38.21 sec)"
LOOK = "15:52:11 [kim@mysql] shop> select count(*) from orders where note like '%begin; update%';"
NOT_OF_THOSE = no("restart_workload", "rollback_workload", "scale_workload", "restart_connection_pool", at=SHOP)
HARM = ("rollback_workload", "scale_workload", "restart_connection_pool", "restart_workload")
HOLDS = [
    *(
        Holds(
            f"clients wait since minutes after a release, and {what}",
            world,
            (of, "database_connection", "page_human"),
            excludes=NOT_OF_THOSE,
            alone=True,
            harmful=HARM,
        )
        for what, of, world in (
            ("a watch names the address of a person's pod", HAND, watched()),
            ("a watch names it in settings, and then who waits", HAND, watched(BY_SETTING)),
            ("a watch names the pod in a sentence", HAND, watched(BY_WORDS)),
            ("a watch names the number of its session alone", HAND, watched(BY_NUMBER)),
            ("a watch names its address, with the user of the service", HAND, watched(ITS_USER)),
            ("a watch tells that it is blocking a service", HAND, watched(KIM_BLOCKS.format(SHOP_ADDRESS))),
            ("it is a toolbox that somebody started", HAND, watched(of=by_hand("sleep"))),
            ("a person's screen tells of an open transaction", HAND, written(OPEN, DONE, CHANGE, DONE, LOOK)),
            ("psql's prompt tells of one", HAND, written("shop=# BEGIN;", DELETED)),
            ("a shell is still open after another one ended", HAND, written(OPEN, "mysql> rollback;", OPEN, CHANGE)),
            ("it is a run's pod", "Job/kim", watched(of=by_hand(owned=True))),
        )
    ),
    Holds(
        "a list of sessions tells that a person's pod keeps a transaction open",
        listed(HAND),
        (HAND, "database_connection", "page_human"),
        excludes=no("restart_workload", at=SHOP),
        alone=True,
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"clients wait for locks, and {what}", world)
        for what, world in (
            ("a watch names the pod but twice", watched(times=2)),
            ("a watch names the pod as one that waits", watched(OF_OURS.format("10.9.9.9"))),
            ("a watch of another database names the pod", watched(host="reports-db")),
            (
                "a program tells that the pod holds a lease",
                watched("lease nightly held by kim-debug for 2998 s"),
            ),
            ("the pod is a database", watched(of=by_hand("mysqld"))),
            ("a person has ended the transaction", written(OPEN, CHANGE, DONE, "shop> commit;")),
            ("a person has only looked", written(OPEN, LOOK)),
            ("a person changes rows without a transaction", written(CHANGE, DONE)),
            ("a person works on another database", written(OPEN, CHANGE, host="reports-db")),
            ("a person came after the waits", written(OPEN, CHANGE, age=300)),
            ("a person's client has ended", written(OPEN, CHANGE, DONE, "15:52:20 [kim@mysql] shop> ^DBye", "$ ")),
            ("a person's client has lost its session", written(OPEN, CHANGE, DONE, LOST)),
            ("a person has given the transaction up", written("shop=# BEGIN;", DELETED, "shop=*# ABORT;")),
            ("a person has ended it in the line that began it", written(IN_A_LINE, "COMMIT", ALONE)),
            ("a person has ended it in the line of its change", written("shop=# BEGIN;", f"{ALONE} COMMIT;", "COMMIT")),
            ("a person began one after the waits, to help", written(OPEN, CHANGE, since=120)),
            ("nobody suffers", watched(ratio=0.001)),
        )
    ),
    *(
        DoesNotHold(f"a release came as the waits began, and {what}", world, (SHOP, "code_defect", "rollback_workload"))
        for what, world in (
            ("a person's client has ended", written(OPEN, CHANGE, DONE, "mysql> Bye", released=620)),
            ("a person began a transaction later, to help", written(OPEN, CHANGE, since=120, released=620)),
        )
    ),
    *(
        DoesNotHold(
            f"a release came as the waits began, and {what}",
            new_release(*told),
            (SHOP, "code_defect", "rollback_workload"),
        )
        for what, *told in (
            ("a watch tells that its session is blocking a person's", IS_BLOCKED),
            ("a watch tells that its session blocks a person's", IS_BLOCKED.replace("is blocking", "blocks")),
            ("a watch names a person's session as one behind its own", BEHIND),
            ("a watch names its pod and a person's in one", BOTH),
            ("as many rows are locked as the number of a person's session", OF_MANY_NUMBERS),
            ("a watch names the number of a session that a person has ended", BY_NUMBER, GREETS + "\nmysql> Bye"),
            ("a watch names the number of a session that was lost", BY_NUMBER, f"{GREETS}\n{LOST}"),
        )
    ),
]
