"""What a data service refuses for its own protection is no fault of who asks it, nor of their releases."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pieces import BEFORE, BULKY, HOUSE, OF_NONE, ONE_BY_ONE, STORE, outrun, writes
from tests.diagnosis.rules.scenes import DB, OLD, SHOP, URL, errors, logs, shop
from tests.diagnosis.rules.tiny import Obj, at, log, pod, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

WRAPAROUND = 'ERROR:  database is not accepting commands to avoid wraparound data loss in database "shop"'
WARNED = 'WARNING:  database "shop" must be vacuumed within 3120045 transactions'
CODE = ("code_defect", "rollback_workload")
SHARDS = "this action would add [2] shards, but this cluster currently has [3000]/[3000] maximum normal shards open;"
QUEUES = "queue limit in vhost '/' (500) is reached"
ES_URL = {"ES_URL": "http://search:9200"}


def search() -> list[Obj]:
    return workload("search", "elasticsearch:8.15", kind="StatefulSet", pods=3, port=9200)


TOO_BIG = "ERROR psycopg.errors.NumericValueOutOfRange: integer out of range"
BEYOND = "ActiveModel::RangeError (214748{} is out of range for ActiveModel::Type::Integer with limit 4 bytes):"
NUMBERS = (2147481200, 2147482300, 2147483600)


def counted(*numbers: int, said: str = TOO_BIG, of: str = "shop", since: float = 900, times: int = 9) -> Log:
    """Return a log of rows with numbers that come up to now-900 s, then of one that is too big again and again."""
    lines = [f"{at(1500 - 100 * n)} INFO stored id={number}" for n, number in enumerate(numbers)]
    lines += [
        f"{at(since - 80 * n)} {said}" + (f" id={2147483648 + 60 * n}" if of == "shop" else "") for n in range(times)
    ]
    return Log(pod(of), of, tuple(lines))


def numbers(*kept: Log, env: Any = URL, released: float = 1700, **more: Any) -> Snapshot:
    """Return a shop that was released just before its rows are refused, and its database."""
    figures = [errors("shop", 0.4, 880)]
    return snapshot(postgres(), shop(env=env, before=OLD, released=released), logs=kept, figures=figures, **more)


def rows(said: str, *values: int, before: tuple[int, ...] = (), since: float = 800) -> Log:
    """Return the log of a shop that names some numbers, and later each of others in what it tells."""
    lines = [f"{at(1500 - 100 * n)} INFO took {number}" for n, number in enumerate(before)]
    return Log(pod("shop"), "shop", (*lines, *(f"{at(since - 80 * n)} {said} {v}" for n, v in enumerate(values))))


def untouched(kept: Log, *beside: Any) -> Snapshot:
    """Return a shop that nobody released, and its database."""
    return snapshot(postgres(), shop(env=URL), *beside, logs=[kept], figures=[errors("shop", 0.4, 600)])


def climbed(said: str, *numbers: int, after: tuple[int, ...] = (), since: float = 900, apart: float = 60) -> Log:
    """Return a log of rows whose numbers go up until the last was stored, then of a row refused again and again."""
    first = since + apart * len(numbers)
    lines = [f"{at(first - apart * n)} INFO stored invoice {number}" for n, number in enumerate(numbers)]
    later = [f"{at(since - 120 - 60 * n)} INFO stored invoice {number}" for n, number in enumerate(after)]
    return Log(pod("shop"), "shop", (*lines, *later, *(f"{at(since - 80 * n)} {said}" for n in range(9))))


END = 2147483647
TO_THE_END = tuple(END - 90 - 400 * n for n in reversed(range(8)))
"""Rows that are stored 400 a minute: the next of them would be beyond the end."""
OUT_OF_RANGE = "ERROR SQLIntegrityException: Data truncation: Out of range value for column 'invoice_id' at row 1"
FEEDS = workload("feed", env={"SHOP": "http://shop:8080"}, before=OLD, released=700)

HOLDS = [
    *(
        Holds(
            f"a release writes row by row, and far more at a time before it: {what}",
            world,
            (SHOP, cause, "rollback_workload"),
            excludes=(
                *no("rollback_workload", "restart_workload", at="Deployment/cart"),
                *no("restart_workload", at="StatefulSet/house"),
                *no("restart_workload", "scale_workload", at=SHOP),
            ),
            harmful=("scale_workload", "scale_database"),
            alone=True,
        )
        for what, cause, world in (
            ("a new image", "code_defect", outrun(BEFORE, BULKY, ONE_BY_ONE)),
            (
                "tables are named without their database",
                "code_defect",
                outrun(writes("10.1.9.9", 5000, 7700, into="facts"), writes("shop", 1, 4000, into="`facts`")),
            ),
            (
                "a setting",
                "configuration_error",
                outrun(BEFORE, ONE_BY_ONE, env={**HOUSE, "ROWS": "1"}, before={"env": {**HOUSE, "ROWS": "5000"}}),
            ),
        )
    ),
    *(
        Holds(what, world, STORE, harmful=("rollback_workload", "restart_workload"))
        for what, world in (
            ("it refuses pieces, and nobody tells who wrote how before", outrun(BULKY, ONE_BY_ONE)),
            ("it refuses pieces, and all wrote as small before", outrun(writes("10.1.9.9", 2, 7700), ONE_BY_ONE)),
            ("it refuses pieces, and the release writes many rows", outrun(BEFORE, writes("shop", 400, 4000))),
            (
                "it refuses pieces, and who was not released writes as small",
                outrun(BEFORE, ONE_BY_ONE, writes("10.1.9.8", 1, 3900, user="other")),
            ),
            (
                "it refused pieces before the release",
                outrun(BEFORE, writes("shop", 1, 1700), released=1800, refused=2500),
            ),
            (
                "it refuses pieces, and who writes so was released a week ago",
                outrun(BEFORE, ONE_BY_ONE, released=7 * 86400),
            ),
            (
                "it refuses pieces, and anybody may have written so much as the default user",
                outrun(writes("10.1.9.9", 5000, 7700, user=""), writes("shop", 1, 4000, user="")),
            ),
            (
                "it refuses pieces, and a run that is over wrote so much as the same user",
                outrun(writes("fill", 5000, 7700), ONE_BY_ONE, beside=(workload("fill", kind="Job", service=False),)),
            ),
            (
                "it refuses pieces of a table into which another one writes",
                outrun(
                    *(writes(h, n, t, into="shop.audit") for h, n, t in (("10.1.9.9", 5000, 7700), ("shop", 1, 4000)))
                ),
            ),
            (
                "it refuses pieces, and does not tell of which table",
                outrun(BEFORE, ONE_BY_ONE, said=OF_NONE),
            ),
            ("it refuses pieces, and less comes than by day", outrun(BEFORE, writes("shop", 40, 4000))),
            ("it refuses pieces, and few writes are told", outrun(BEFORE, writes("shop", 1, 4000, times=3))),
            (
                "it refuses pieces, and another client of the same user wrote so much",
                outrun(writes("cart", 40000, 7700), ONE_BY_ONE),
            ),
        )
    ),
    Holds(
        "the numbers of rows have come to the end of their type, just after a release of who writes them",
        numbers(counted(*NUMBERS)),
        (DB, "resource_exhaustion", "page_human"),
        excludes=(*no("rollback_workload", "restart_workload", at=SHOP), *no("restart_workload", at=DB)),
        harmful=("rollback_workload",),
        alone=True,
    ),
    *(
        Holds(
            f"numbers that were stored go up to the end of their type, and no row is since: {said[:40]}",
            numbers(climbed(said, *to)),
            (DB, "resource_exhaustion", "page_human"),
            excludes=(*no("rollback_workload", at=SHOP), *no("restart_workload", at=DB)),
            harmful=("rollback_workload",),
            alone=True,
        )
        for said, to in (
            (TOO_BIG, TO_THE_END),
            (OUT_OF_RANGE, tuple(n + END + 1 for n in TO_THE_END)),
            ("E [pgx] ERROR: integer out of range (SQLSTATE 22003)", (*TO_THE_END[:5], *sorted(TO_THE_END[5:]))),
        )
    ),
    Holds(
        "two workers store them, and tell of two the other way round",
        numbers(climbed(TOO_BIG, *TO_THE_END, END - 60, END - 80, *(END - 40 + n for n in range(12)), apart=20)),
        (DB, "resource_exhaustion", "page_human"),
        believed="writes_refused",
    ),
    Holds(
        "who was not released names several that are beyond it",
        snapshot(
            postgres(),
            shop(env=URL),
            logs=[log(pod("shop"), *(BEYOND.format(n) for n in range(4100, 4109)), since=600)],
            figures=[errors("shop", 0.4, 600)],
        ),
        (DB, "resource_exhaustion", "page_human"),
    ),
    Holds(
        "it says so, and a release of its caller is near",
        snapshot(
            postgres(),
            shop(env=URL, before=OLD, released=700),
            logs=[log("postgres-0", *[WRAPAROUND] * 9), *logs("shop", WRAPAROUND)],
            figures=[errors("shop", 0.4, 600)],
        ),
        (DB, "resource_exhaustion", "page_human"),
        excludes=(*no("rollback_workload", "restart_workload", at=SHOP), *no("restart_workload", at=DB)),
        harmful=("rollback_workload",),
    ),
    Holds(
        "only its caller passes the words on",
        snapshot(postgres(), shop(env=URL), logs=logs("shop", WRAPAROUND), figures=[errors("shop", 0.4, 600)]),
        (DB, "resource_exhaustion", "page_human"),
    ),
    Holds(
        "Elasticsearch may have no further shard, and who writes into it was released an hour before",
        snapshot(
            search(),
            shop(env=ES_URL, before=OLD, released=3000),
            workload("web", env={"SHOP_URL": "http://shop:8080"}),
            logs=logs("shop", f"Could not index event to Elasticsearch: {SHARDS}", since=800),
            figures=[errors("shop", 0.4, 800), errors("web", 0.4, 800)],
        ),
        ("StatefulSet/search", "capacity", "page_human"),
        excludes=(*no("rollback_workload", at=SHOP), *no("restart_workload", at="StatefulSet/search")),
        alone=True,
    ),
    Holds(
        "a sequence of PostgreSQL has given its last number",
        snapshot(
            postgres(),
            shop(env=URL),
            logs=[log("postgres-0", 'ERROR:  nextval: reached maximum value of sequence "orders_id_seq" (2147483647)')],
            figures=[errors("shop", 0.9, 600)],
        ),
        (DB, "capacity", "page_human"),
        excludes=no("restart_workload", at=SHOP),
    ),
    Holds(
        "RabbitMQ may have no further queue",
        snapshot(
            workload("rabbitmq", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672),
            shop(env={"AMQP_URL": "amqp://rabbitmq"}),
            logs=logs("shop", "amqp: PRECONDITION_FAILED - cannot declare queue 'a': " + QUEUES),
        ),
        ("StatefulSet/rabbitmq", "capacity", "page_human"),
        believed="broker_limit_reached",
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a number is too big, and {what}", world, CODE)
        for what, world in (
            ("nothing counts up to it", numbers(log(pod("shop"), *[TOO_BIG] * 9, since=800), released=900)),
            ("only a release names such", numbers(counted(since=800), released=900)),
            ("there were such before", numbers(counted(2147481200, 2147490100, 2147490200, since=700), released=900)),
            (
                "it is far from any end",
                numbers(counted(*(n // 2 for n in NUMBERS), said=f"{TOO_BIG} at 1899999999999 "), released=900),
            ),
            (
                "the end of the type stands in its settings",
                numbers(rows(TOO_BIG, *[END + 1, END + 9] * 4, before=(END,)), released=900),
            ),
            (
                "what counts up is far from the end as yet",
                numbers(climbed(TOO_BIG, *(n - 900_000 for n in TO_THE_END)), released=1000),
            ),
            (
                "what counts up would be there in an hour only",
                numbers(climbed(TOO_BIG, *(n - 700 for n in TO_THE_END), apart=900), released=1000),
            ),
            (
                "what counts up goes on below the end",
                numbers(climbed(TOO_BIG, *TO_THE_END, after=(END - 70, END - 50, END - 30)), released=1000),
            ),
            (
                "the numbers near the end come in no order",
                numbers(climbed(TOO_BIG, *(TO_THE_END[n] for n in (6, 1, 5, 0, 7, 3, 4, 2))), released=1000),
            ),
            ("three numbers are no climb", numbers(climbed(TOO_BIG, *TO_THE_END[-3:]), released=1000)),
            ("2 GiB are a size", numbers(rows(TOO_BIG, *[END + 1] * 8, before=NUMBERS[:2]), released=900)),
            (
                "they are hashes, of which the new release takes the sign",
                numbers(rows(TOO_BIG, 2147600123, 2199222333, 2160333444, before=(2147111222, -4, 19)), released=900),
            ),
        )
    ),
    *(
        DoesNotHold(f"a number is too big, and {what}", world, ("unknown", "page_human"))
        for what, world in (
            ("they are telephone numbers", untouched(rows(TOO_BIG, 2147555123, 2147559876, 2165559876, since=600))),
            (
                "whoever feeds it was released",
                untouched(rows(TOO_BIG, *(END + 17 + 3 * n for n in range(8)), since=600), FEEDS),
            ),
        )
    ),
    DoesNotHold(
        "two lines of it are a form that one user filled in",
        snapshot(postgres(), shop(env=URL), logs=[counted(*NUMBERS, times=2)], figures=[errors("shop", 0.001)]),
    ),
    DoesNotHold(
        "another error of the same statements",
        snapshot(
            postgres(),
            shop(env=URL, before=OLD, released=700),
            logs=logs("shop", 'ERROR: column "price" does not exist'),
            figures=[errors("shop", 0.4, 600)],
        ),
        CODE,
    ),
    *(
        DoesNotHold(
            f"a release brings more than the store takes of one caller, and others are well: {line}",
            snapshot(
                search(),
                shop(env=ES_URL, before=OLD, released=700),
                logs=logs("shop", f"ERROR Elasticsearch: {line}"),
                figures=[errors("shop", 0.4, 600)],
            ),
            CODE,
        )
        for line in (
            "illegal_argument_exception: Limit of total fields [1000] has been exceeded while adding new fields [2]",
            "Trying to create too many scroll contexts. Must be less than or equal to: [500].",
        )
    ),
    DoesNotHold(
        "one index more than may be was asked for, and nobody feels it",
        snapshot(search(), shop(env=ES_URL), logs=logs("shop", SHARDS, times=1), figures=[errors("shop", 0.001)]),
    ),
    DoesNotHold(
        "shards of an index are moved, as every day",
        snapshot(
            search(),
            shop(env=ES_URL),
            logs=[log("search-0", *["added 2 shards of [orders-17], 2980 of maximum 3000 are in use"] * 9)],
            figures=[errors("shop", 0.4, 600)],
        ),
    ),
]
