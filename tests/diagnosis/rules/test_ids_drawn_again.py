"""A database whose counters stand behind its rows: each insert draws an id that is taken."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import DB, IMAGE, SHOP, URL, alert, errors, shop
from tests.diagnosis.rules.tiny import at, pod, postgres, service_for, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

INSERT = 'INSERT INTO "parcels" ("town", "weight") VALUES ($1, $2) RETURNING "id"'
BY_DEFAULT = 'INSERT INTO "public"."parcels"("id", "town") VALUES (DEFAULT, $1) RETURNING "id"'
OWN_ID = 'INSERT INTO "parcels" ("id", "town") VALUES ($1, $2)'
OWN_AFTER_TEXT = "INSERT INTO parcels (town, id) VALUES (upper('a, b'), $1)"
NAMES_A_COLUMN = 'INSERT INTO "parcels" ("label", "town") VALUES ($1, $2)'
IN_TURN = (1, 2, 4, 3, 5, 6, 7, 8)


def refused(value: int, statement: str = INSERT, column: str = "id", table: str = "parcels") -> tuple[str, ...]:
    """Return what a server tells of one row."""
    lines = (
        f'ERROR:  duplicate key value violates unique constraint "{table}_pkey"',
        f"DETAIL:  Key ({column})=({value}) already exists.",
    )
    return (*lines, f"STATEMENT:  {statement}") if statement else lines


def said(*values: int, since: float = 500, until: float = 0, **more: Any) -> Log:
    """Return the log of the database, of rows that were refused at even times."""
    step = (since - until) / len(values)
    lines = [f"{at(since - n * step)} UTC [7] {line}" for n, v in enumerate(values) for line in refused(v, **more)]
    return Log("postgres-0", "postgres", tuple(lines))


def client(*values: int, statement: str = "parcels (town) VALUES (%(town)s) RETURNING parcels.id") -> Log:
    """Return the log of a client that passes the words of its database on."""
    lines = [
        line
        for n, value in enumerate(values)
        for line in (
            f"{at(500 - 40 * n)} ERROR (psycopg2.errors.UniqueViolation) "
            f"duplicate key value violates unique constraint "
            '"parcels_pkey"',
            f"DETAIL:  Key (id)=({value}) already exists.",
            f"[SQL: INSERT INTO {statement}]",
        )
    ]
    return Log(pod("shop"), "shop", tuple(lines))


def in_json(*values: int) -> Log:
    """Return the log of a database that writes an error into one line."""
    told = '"error_severity":"ERROR","message":"duplicate key value violates unique constraint \\"parcels_pkey\\""'
    lines = [
        f'{{"timestamp":"{at(500 - 40 * n)}",{told},"detail":"Key (id)=({value}) already exists.",'
        '"statement":"INSERT INTO \\"parcels\\" (\\"town\\") VALUES ($1) RETURNING \\"id\\""}'
        for n, value in enumerate(values)
    ]
    return Log("postgres-0", "postgres", tuple(lines))


def world(*logs: Log, beside: Any = (), released: float = 600) -> Snapshot:
    """Return a shop on a database, which fails since a while after its release."""
    return snapshot(
        shop(env=URL, before=IMAGE, released=released),
        postgres(),
        beside,
        logs=logs,
        alerts=[alert(service="shop")],
        figures=[errors("shop", since=500)],
    )


ASKED = (DB, "configuration_error", "page_human")
ACTS = ("rollback_workload", "restart_workload", "scale_workload", "scale_database", "restart_connection_pool")
MOVED = service_for("orders-db", selector={"app": "postgres"}, port=5432, written=700)
HOLDS = [
    Holds(
        "a server refuses one id after the other, right after a release of its client",
        world(said(*IN_TURN)),
        ASKED,
        excludes=(
            *no("rollback_workload", "restart_workload", at=SHOP),
            *no("restart_workload", "rollback_workload", "scale_database", at=DB),
        ),
        harmful=ACTS,
        began=500,
    ),
    Holds("a statement leaves the id to the database", world(said(*IN_TURN, statement=BY_DEFAULT)), ASKED),
    Holds("a Service was led to it shortly before", world(said(*IN_TURN), beside=MOVED), ASKED, harmful=ACTS),
    Holds("a server writes an error into one line", world(in_json(*IN_TURN)), ASKED, harmful=ACTS),
    Holds("both tell of it: it is the server's", world(said(*IN_TURN), client(*IN_TURN)), ASKED, harmful=ACTS),
    Holds(
        "its client alone tells of it",
        world(client(*IN_TURN)),
        (SHOP, "configuration_error", "page_human"),
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
        harmful=ACTS,
    ),
    Holds(
        "another client has failed since its own release after that",
        snapshot(
            shop(env=URL),
            postgres(),
            workload("web", env=URL, before={"image": "web:0"}, released=300),
            logs=[said(*IN_TURN, since=3000)],
            figures=[errors("shop", since=3000), errors("web", since=240)],
        ),
        ASKED,
        spares=no("rollback_workload", at="Deployment/web"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, snapshot(shop(env=URL), postgres(), logs=[log]), harmful=ACTS)
    for what, log in (
        ("a client gives the ids itself: it writes the same again", said(*IN_TURN, statement=OWN_ID)),
        ("a client gives them after a text with commas", said(*IN_TURN, statement=OWN_AFTER_TEXT)),
        (
            "another column is unique, and a client gives it",
            said(*IN_TURN, statement=NAMES_A_COLUMN, column="label"),
        ),
        ("nobody tells of the statement", said(*IN_TURN, statement="")),
        ("the same row is tried again and again", said(*[7] * 9)),
        ("ids that are no counter's collide", said(8, 2, 9, 1, 7, 3, 6)),
        ("a few: it has caught up", said(1, 2, 3, 4)),
        ("it was over long ago", said(*IN_TURN, since=9000, until=7000)),
    )
]
