"""A run took rows out of a table that others ask for: nothing done to a program brings them back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import API, OLD, SHOP, URL, alert, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, container, pod, postgres, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

JOB, CRON, DB = "Job/migrate-7", "CronJob/tidy", "StatefulSet/postgres"
RAN = 1000.0
CASCADE = 'WARNING: DB: truncate cascades to table "work_order" (SQL State: 00000 - Error Code: 0)'
ORPHAN = (
    'ERROR:  insert or update on table "note" violates foreign key constraint "fk_note_work_order"',
    'DETAIL:  Key (work_order_id)=(4197205) is not present in table "work_order".',
)
CHILD = (
    "ERROR 1452 (23000): Cannot add or update a child row: a foreign key constraint fails (`shop`.`notes`, CONSTRAINT "
    "`fk_1` FOREIGN KEY (`order_id`) REFERENCES `orders` (`id`))"
)
MISSED = "WARN 404 GET /api/work-orders/4310245: work order 4310245 not found"
FOUND = "INFO GET /api/work-orders/4310245 200 12ms"
LOST = '10.1.0.4 - - "GET /orders/77 HTTP/1.1" 404 21'
WELL = '10.1.0.4 - - "GET /orders/77 HTTP/1.1" 200 941'
NO_ROWS = "INFO scan: query returned no rows for 318 organisations"
NO_ROUTE = '10.1.0.4 - - "GET /v2/offers HTTP/1.1" 404 21'
HARM = ("rollback_workload", "restart_workload", "scale_workload", "no_action")


def run(ago: float = RAN, *, name: str = "migrate-7", of: str = "", failed: bool = False, **more: Any) -> list[Obj]:
    """Return a run that took twenty seconds, with its pod; ``of``: the schedule that made it."""
    container_spec = container("run", "tools:1", **{"env": URL, **more})
    spec = {"containers": [container_spec]}
    done: Obj = {"startTime": at(ago + 10)}
    over = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "lastTransitionTime": at(ago - 10)}
    done |= {"failed": 1, "conditions": [over]} if failed else {"succeeded": 1, "completionTime": at(ago - 10)}
    job = thing("Job", name, age=ago + 10, spec={"template": {"spec": spec}}, status=done)
    if of:
        job["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": of, "controller": True}]
    made = thing("Pod", f"{name}-x", age=ago + 10, spec=spec, status={"phase": "Failed" if failed else "Succeeded"})
    made["metadata"]["ownerReferences"] = [{"kind": "Job", "name": name, "controller": True}]
    return [job, made]


def told(of: str, before: Sequence[str], after: Sequence[str], *, heard: float = 3000, since: float = RAN - 20) -> Log:
    """Return a log that tells one thing until rows are gone, and another one since then."""
    early = [(heard - n * (heard - since) / 30, line) for n in range(30) for line in before]
    late = [(since * (1 - n / 30), line) for n in range(30) for line in after]
    return timed(of, *early, *late)


def said(*lines: str, of: str = "migrate-7-x", ago: float = RAN) -> Log:
    return timed(of, *((ago, line) for line in lines), of="run")


def world(*logs: Log, ran: Sequence[Obj] | None = None, more: Sequence[Any] = (), **of_shop: Any) -> Snapshot:
    """Return a shop and its database, a run beside them, and what they tell."""
    objects = [*shop(env=URL, **of_shop), *postgres(), *(run() if ran is None else ran), *more]
    return snapshot(objects, logs=logs, alerts=[alert("NothingFound", service="shop")])


RELEASED: dict[str, Any] = {"before": OLD, "released": RAN - 20}
FILES = {"volumes": [{"name": "sql", "configMap": {"name": "migrations"}}]}


def with_files(key: str, sql: str) -> list[Obj]:
    """Return a run that reads files of SQL, and those."""
    made = run()
    made[0]["spec"]["template"]["spec"] |= FILES
    return [*made, thing("ConfigMap", "migrations", data={"V56__add.sql": "CREATE TABLE beta (id int);", key: sql})]


def tidied(*ago: float) -> list[Obj]:
    """Return a schedule with its runs, the newest of which is named last."""
    spec = {"containers": [container("run", "tools:1", env=URL)]}
    job = {"spec": {"template": {"spec": spec}}}
    cron = thing("CronJob", "tidy", spec={"schedule": "0 * * * *", "jobTemplate": job})
    return [cron, *(each for n, age in enumerate(ago) for each in run(age, name=f"tidy-{n}", of="tidy"))]


GONE = (JOB, "code_defect", "page_human")
HOLDS = [
    Holds(
        "Flyway tells of a cascade, PostgreSQL of rows that belong to nothing; the program was released seconds later",
        world(said(CASCADE), told("postgres-0", ["LOG: checkpoint"], ORPHAN), **RELEASED),
        GONE,
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
        harmful=HARM,
    ),
    Holds(
        "a program tells it of each, and was not released",
        world(said("DROP TABLE work_orders;", "CREATE TABLE"), told(pod("shop"), [FOUND], [MISSED])),
        GONE,
        harmful=HARM,
    ),
    Holds(
        "MySQL refuses what belongs to an order, and the run tells how many went",
        world(said("INFO deleted 120,400 rows from orders"), told(pod("shop"), ["INFO saved"], [CHILD])),
        GONE,
        harmful=HARM,
    ),
    Holds(
        "an access log alone, and a run without a where",
        world(said("DELETE FROM shop.orders;"), told(pod("shop"), [WELL] * 3, [LOST, WELL])),
        GONE,
        harmful=HARM,
    ),
    Holds(
        "Rails tells it, a neighbour passes it on that was released",
        world(
            said("-- drop_table(:orders)", "   -> 0.0041s"),
            told(pod("shop"), [WELL], [LOST]),
            more=workload("api", env={"SHOP_URL": "http://shop:8080"}, **RELEASED),
        ),
        GONE,
        excludes=no("rollback_workload", at=API),
        harmful=HARM,
    ),
    Holds(
        "the run's own command tells what it did, and no log of it is left",
        world(
            told(pod("shop"), [WELL], [LOST]), ran=run(command=["psql", "-c", "TRUNCATE TABLE orders RESTART IDENTITY"])
        ),
        GONE,
        harmful=HARM,
    ),
    Holds(
        "the run names the file that tells it",
        world(
            said('Migrating schema "public" to version "57 - reset draft orders"'),
            told(pod("shop"), [WELL], [LOST]),
            ran=with_files("V57__reset_draft_orders.sql", "-- beta only\nTRUNCATE TABLE orders CASCADE;"),
        ),
        GONE,
        harmful=HARM,
    ),
    Holds(
        "what is missed bears no name, all of a table went on the same database, and nobody was released",
        world(said("TRUNCATE TABLE bookings"), told(pod("shop"), ["INFO scan: 31 due"], [NO_ROWS])),
        GONE,
        harmful=HARM,
    ),
    Holds(
        "the database tells of the statement, and of no run",
        world(
            told("postgres-0", ["LOG: checkpoint"], ["LOG: checkpoint"]),
            timed("postgres-0", (3000, "LOG: ready"), (RAN, "admin@shop LOG:  statement: TRUNCATE orders;")),
            told(pod("shop"), [WELL], [LOST]),
            ran=(),
        ),
        (DB, "code_defect", "page_human"),
        harmful=HARM,
    ),
    Holds(
        "some rows went, others name them, and nobody was released",
        world(said("DELETE FROM orders WHERE state = 'draft' OR true"), told(pod("shop"), [WELL], [LOST])),
        GONE,
        harmful=HARM,
    ),
    Holds(
        "a schedule took another table out than each time before",
        world(
            said("TRUNCATE TABLE import_stage", of="tidy-0-x", ago=4600),
            said("TRUNCATE TABLE orders", of="tidy-1-x"),
            told(pod("shop"), [WELL], [LOST]),
            ran=tidied(4600, RAN),
        ),
        (CRON, "code_defect", "page_human"),
        harmful=HARM,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        f"nothing shows that rows went by it that are missed: {what}",
        said_so,
        instead,
    )
    for what, said_so, instead in (
        (
            "what is missed is a way, of a release of those minutes, and what was emptied is another thing",
            world(said("TRUNCATE TABLE import_stage"), told(pod("shop"), [WELL], [NO_ROUTE]), **RELEASED),
            (),
        ),
        ("as little was found before", world(said("TRUNCATE orders"), told(pod("shop"), [LOST], [LOST])), ()),
        ("the run failed", world(said("TRUNCATE orders"), told(pod("shop"), [WELL], [LOST]), ran=run(failed=True)), ()),
        (
            "it was refused",
            world(
                said("ERROR:  cannot truncate a table referenced in a foreign key constraint", "could not drop orders"),
                told(pod("shop"), [WELL], [LOST]),
            ),
            (),
        ),
        ("it only says so", world(said("-- TRUNCATE TABLE orders later"), told(pod("shop"), [WELL], [LOST])), ()),
        (
            "it was yesterday",
            world(said("TRUNCATE orders", ago=DAY), told(pod("shop"), [WELL], [LOST]), ran=run(DAY)),
            (),
        ),
        (
            "it does so each hour",
            world(
                said("TRUNCATE TABLE orders", of="tidy-0-x", ago=4600),
                said("TRUNCATE TABLE orders", of="tidy-1-x"),
                told(pod("shop"), [WELL], [LOST]),
                ran=tidied(4600, RAN),
            ),
            (),
        ),
        (
            "some old rows went, and nobody names them",
            world(said("deleted 830 rows from sessions"), told(pod("shop"), [WELL], [LOST])),
            (),
        ),
        (
            "some old rows went, and a way is closed since a release of those minutes",
            world(
                said("deleted 830 rows from orders"),
                told(pod("web"), [WELL], [LOST]),
                more=workload("web", env={"SHOP_URL": "http://shop:8080"}),
                **RELEASED,
            ),
            (),
        ),
        (
            "it is a file that is not found, and no row",
            world(said("TRUNCATE orders"), told(pod("shop"), [WELL], ["ERROR template orders.html not found"])),
            (),
        ),
        (
            "what a row belongs to holds it back, and is there",
            world(
                said("TRUNCATE orders"),
                told(
                    "postgres-0",
                    ["LOG: checkpoint"],
                    ['ERROR:  update or delete on table "orders" violates foreign key constraint "fk" on table "x"'],
                ),
            ),
            (),
        ),
    )
]
