"""A run changes a table, and only those who wait for it tell so: clients that give up, sessions, or figures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import DB, OLD, SHOP, URL, errors, logs, shop
from tests.diagnosis.rules.test_waiting_for_a_lock import CONSOLE, JOB, WAITING, tidy
from tests.diagnosis.rules.tiny import Obj, database, figure, log, postgres, session, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

MYSQL = "StatefulSet/mysql"
TO_MYSQL = {"DB_HOST": "mysql"}
GIVES_UP = "ERROR SQLSTATE[HY000]: General error: 1205 Lock wait timeout exceeded; try restarting transaction"
ALTER = "alter table `orders` modify `total_cents` bigint unsigned not null"
WRITES = "ALTER TABLE orders ALTER COLUMN total TYPE bigint"


def copied(sql: str = ALTER, *more: Any, age: float = 610, times: int = 9, ratio: float = 0.6, **api: Any) -> Snapshot:
    """Return clients of MySQL that give up waiting since ten minutes, and a run that began so long ago."""
    return snapshot(
        workload("mysql", "mysql:8", kind="StatefulSet", pods=1, port=3306),
        shop(env=TO_MYSQL, **api),
        [_led_to("mysql", each) for each in tidy(sql, age)],
        *more,
        figures=[errors("shop", ratio)],
        logs=logs("shop", GIVES_UP, 0, 1, times=times, since=590),
    )


def _led_to(host: str, obj: Obj) -> Obj:
    for each in (obj["spec"], obj["spec"].get("template", {}).get("spec", {})):
        for work in each.get("containers", ()):
            work["env"] = [{"name": "DB_HOST", "value": host}]
    return obj


def told_by_the_run() -> Snapshot:
    """Return a run whose command says nothing of what it does, and whose log does."""
    own = log("tidy-1007-zfcng", "INFO Running migrations.", f"DEBUG 2026_11_24: {ALTER}", since=600, of="psql")
    world = copied("./entrypoint.sh")
    return replace(world, logs=(*world.logs, own))


def counted(sql: str = WRITES, *more: Any, since: float = 590, ratio: float = 0.6, **api: Any) -> Snapshot:
    """Return a shop that fails while figures alone tell that many wait for locks."""
    waits = figure("db_locks_waiting", 0, 25, since, component="postgres")
    return snapshot(shop(env=URL, **api), postgres(), tidy(sql), *more, figures=[errors("shop", ratio), waits])


def listed(blocker: Any) -> Snapshot:
    """Return a shop that fails and a list of its database's sessions, one of which the others may wait for."""
    waits = figure("db_locks_waiting", 0, 30, 590, component="postgres")
    told = [database(WAITING, blocker)]
    return snapshot(shop(env=URL), postgres(), tidy(WRITES), figures=[errors("shop", 0.6), waits], databases=told)


OF_THE_RUN = session(JOB, "active", 1, age_s=595, query=WRITES)
FOUND = (JOB, "database_connection", "page_human")

HOLDS = [
    *(
        Holds(
            f"a run changes a table, and {what}",
            world,
            FOUND,
            excludes=(
                *no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
                *no("restart_workload", at=of),
            ),
            alone=True,
            harmful=("rollback_workload", "restart_workload", "scale_workload"),
        )
        for what, of, world in (
            ("clients of MySQL give up", MYSQL, copied()),
            (
                "clients of MySQL give up; its tool is all that is known of it",
                MYSQL,
                copied("php artisan migrate --force"),
            ),
            ("clients of MySQL give up; its own log alone tells what it does", MYSQL, told_by_the_run()),
            (
                "clients of MySQL give up, and a neighbour was released minutes before that",
                MYSQL,
                copied(ALTER, workload("mails", before=OLD, released=1000)),
            ),
            ("figures tell of waits", DB, counted()),
            ("figures tell of waits; its tool is all that is known of it", DB, counted("npx typeorm migration:run")),
            ("its session stands in a list", DB, listed(OF_THE_RUN)),
        )
    ),
    *(
        Holds(f"a run is there, and {what}", world, (of, "database_connection", "page_human"))
        for what, of, world in (
            ("only reads", MYSQL, copied("SELECT count(*) FROM orders")),
            ("locks since hours", MYSQL, copied(age=9000)),
            ("came after the waits", MYSQL, copied(age=300)),
            ("only reads, as figures tell of waits", DB, counted("SELECT count(*) FROM orders")),
            ("figures tell of waits that are older", DB, counted(since=1800)),
            ("nobody suffers", DB, counted(ratio=0.001)),
            ("somebody else's transaction is open", DB, listed(CONSOLE)),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("a run changes a table, and few gave up", copied(times=1), harmful=("scale_workload",)),
    DoesNotHold("a run changes a table, and clients are served", copied(ratio=0.001)),
    DoesNotHold(
        "a run changes a table, and who gives up was released as that began: either may lock",
        copied(before=OLD, released=640),
        ("page_human",),
    ),
]
