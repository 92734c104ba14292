"""A tool emptied a whole database and was meant for another: it names no table, and all who live on it suffer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import API, SHOP, alert, shop
from tests.diagnosis.rules.test_rows_taken_out import (
    CRON,
    DB,
    HARM,
    JOB,
    LOST,
    RAN,
    RELEASED,
    WELL,
    run,
    said,
    tidied,
    told,
    world,
)
from tests.diagnosis.rules.tiny import Obj, pod, postgres, secret_key, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

RESET = "Database reset successful"
NO_USER = '{"level":40,"msg":"session has no user: user lookup returned null","status":401}'
NO_TABLE = 'ActiveRecord::StatementInvalid (PG::UndefinedTable: ERROR:  relation "orders" does not exist)'
NEVER_MADE = 'ERROR: relation "loyalty" does not exist at character 15'
OF_TENANT = {"DATABASE_URL": "postgres://shop@postgres:5432/tenant_42"}
NO_PARENT = "PrismaClientKnownRequestError P2003: Foreign key constraint violated on the fields: (`formId`)"
MONGO = (
    '{"s":"I","c":"COMMAND","id":20336,"msg":"dropDatabase - finished","attr":{"db":"shop","numCollectionsDropped":12}}'
)
IN_SECRET = {"DATABASE_URL": secret_key("shop-db", "DATABASE_URL")}
IN_ANOTHER = {"DATABASE_URL": secret_key("preview-db", "DATABASE_URL")}
OUTSIDE = {"DATABASE_URL": "postgres://shop@shop.abc123.eu-west-1.rds.amazonaws.com:5432/shop"}
ASKED = ["npx", "prisma", "migrate", "reset", "--force"]


def kept(*logs: Log, of_run: dict[str, Any], of_shop: dict[str, Any] | None = None, **more: Any) -> Snapshot:
    """Return a shop whose database is told where nobody sees it, and a run that has its address from there as well."""
    made: list[Obj] = run(env=of_run, **more)
    made[0]["metadata"]["labels"] = {"env": "preview"}
    objects = [*shop(env=of_shop or IN_SECRET), *postgres(), *made]
    return snapshot(objects, logs=logs, alerts=[alert("NothingFound", service="shop")])


def missing(*lines: str) -> Log:
    return told(pod("shop"), [WELL], lines or [LOST])


def asked(*words: str, args: Sequence[str] = ()) -> list[Obj]:
    return run(command=list(words), args=list(args))


GONE = (JOB, "configuration_error", "page_human")
HOLDS = [
    Holds(
        "Prisma, asked for the preview's, with the Secret of the live one; sessions lack their users",
        kept(said(RESET), told(pod("shop"), ["INFO GET /forms 200 8ms"], [NO_USER]), of_run=IN_SECRET),
        GONE,
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
        harmful=HARM,
    ),
    Holds(
        "a neighbour was released some minutes before it, and passes on what is missed",
        world(
            said('Successfully cleaned schema "public" (execution time 00:00.913s)'),
            missing(NO_PARENT),
            more=workload("api", env={"SHOP_URL": "http://shop:8080"}, **RELEASED),
        ),
        GONE,
        excludes=no("rollback_workload", at=API),
        harmful=HARM,
    ),
    Holds(
        "Rails leaves no table",
        world(said("Dropped database 'shop_test'", "Dropped database 'shop'"), missing(NO_TABLE)),
        GONE,
        harmful=HARM,
    ),
    Holds(
        "no log of the run is left, and its command tells it",
        world(missing(), ran=asked("php", "artisan", "migrate:fresh", "--force")),
        GONE,
        harmful=HARM,
    ),
    Holds(
        "its arguments tell it",
        world(missing(), ran=asked("flyway", args=["-url=jdbc:postgresql://postgres/shop", "clean", "migrate"])),
        GONE,
        harmful=HARM,
    ),
    Holds(
        "the database is outside, and both name its host",
        kept(missing(), of_run=OUTSIDE, of_shop=OUTSIDE, command=["python", "manage.py", "flush", "--noinput"]),
        GONE,
        harmful=HARM,
    ),
    Holds(
        "the database tells that all of it was dropped, and of no run",
        world(
            timed("postgres-0", (3000, "LOG: ready"), (RAN, "admin@shop LOG:  statement: DROP SCHEMA public CASCADE;")),
            missing(),
            ran=(),
        ),
        (DB, "configuration_error", "page_human"),
        harmful=HARM,
    ),
    Holds(
        "a schedule did it for the first time",
        world(
            said("INFO tidied 0 files", of="tidy-0-x", ago=4600),
            said(MONGO, of="tidy-1-x"),
            missing(),
            ran=tidied(4600, RAN),
        ),
        (CRON, "configuration_error", "page_human"),
        harmful=HARM,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(f"it is not what is missed: {what}", where, instead)
    for what, where, instead in (
        ("another database was emptied, of another Secret", kept(said(RESET), missing(), of_run=IN_ANOTHER), ()),
        ("another one outside was", kept(said(RESET), missing(), of_run=OUTSIDE, command=ASKED), ()),
        ("a release of those minutes may find nothing", world(said(RESET), missing(), **RELEASED), ()),
        (
            "it is emptied each hour",
            world(said(RESET, of="tidy-0-x", ago=4600), said(RESET, of="tidy-1-x"), missing(), ran=tidied(4600, RAN)),
            (),
        ),
        (
            "what it dropped was made for a moment",
            world(said('DROP DATABASE "prisma_migrate_shadow_db_1f"; '), missing()),
            (),
        ),
        (
            "it only shows what it would do",
            world(missing(), ran=asked("php", "artisan", "migrate:fresh", "--pretend")),
            (),
        ),
        ("another database of that server was", world(said("DROP DATABASE tenant_42;"), missing()), ()),
        ("that of tests was", world(said("Dropped database 'shop_test'"), missing()), ()),
        ("a run reset its own on that server", world(said(RESET), missing(), ran=run(env=OF_TENANT)), ()),
        ("a cleaned cache is no database", world(said("Successfully cleaned cache directory"), missing()), ()),
        ("as little was found before", world(said(RESET), told(pod("shop"), [LOST], [LOST])), ()),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(
        f"its release needs a table that its migration forgot, and {what}",
        world(*lines, missing(NEVER_MADE), **{"ran": run(), **more}, **RELEASED),
        (SHOP, "code_defect", "rollback_workload"),
    )
    for what, lines, more in (
        ("nothing was emptied", (), {"ran": ()}),
        ("a run dropped the database of tests", (said("Dropped database 'shop_test'"),), {}),
        ("a run dropped a customer's database", (said("DROP DATABASE tenant_42;"),), {}),
        ("a run made all others anew", (said(RESET, "Applying migration `0041_init`"),), {}),
        ("a run emptied its own database", (said(RESET),), {"ran": run(env=OF_TENANT)}),
    )
]
