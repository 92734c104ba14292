"""Records that have grown to the largest that their database keeps, and what a release made too large."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, OLD, SHOP, URL, logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, log, pod, postgres, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

MONGO = (
    "MongoServerError: Plan executor error during update :: caused by :: "
    "Resulting document after update is larger than 16777216"
)
LINES = (
    MONGO,
    "pymongo.errors.WriteError: Resulting document after update is larger than 16777216, full error: {'code': 17419}",
    "pymongo.errors.DocumentTooLarge: BSON document too large (16840242 bytes) - the connected server supports BSON "
    "document sizes up to 16793598 bytes.",
    "org.bson.BsonMaximumSizeExceededException: Payload document size is larger than maximum of 16777216.",
    "MongoError: document is larger than the maximum size 16777216",
    "code 10334 (BSONObjectTooLarge): BSONObj size: 17097847 (0x104E477) is invalid. Size must be between 0 and 16793",
    "ValidationException: Item size to update has exceeded the maximum allowed size",
    "ERROR: row is too big: size 8216, maximum size 8160",
    'ERROR:  index row size 2712 exceeds btree version 4 maximum 2704 for index "loans_note_idx"',
    "ERROR: string is too long for tsvector (1310720 bytes, max 1048575 bytes)",
    "ERROR: total size of jsonb array elements exceeds the maximum of 268435455 bytes",
    "ERROR 1118 (42000): Row size too large (> 8126). Changing some columns to TEXT or BLOB may help.",
    'IllegalArgumentException: Document contains at least one immense term in field="note" (whose UTF8 encoding is '
    "longer than the max length 32766)",
    "ReplyError: ERR string exceeds maximum allowed size (proto-max-bulk-len)",
)
LENT = "INFO loan stored"
ASK = (SHOP, "code_defect", "page_human")
ACTS = ("rollback_workload", "restart_workload", "scale_workload")


def told(*lines: str, **more: Any) -> list[Log]:
    """Return the logs of both pods, which store other things all the while."""
    return [
        log(pod("shop", n), *(LENT,) * 9, *(each for line in lines for each in (line, LENT) * 9), **more)
        for n in (0, 1)
    ]


def world(*kept: Log, beside: Any = (), of_store: Any = None, **more: Any) -> Snapshot:
    """Return a shop with its database, and what its pods tell."""
    return snapshot(postgres(**(of_store or {})), shop(env=URL, **more), beside, logs=kept or told(MONGO, since=2400))


def web(**more: Any) -> list[Obj]:
    """Return who calls the shop."""
    return workload("web", env={"SHOP_URL": "http://shop:8080"}, **more)


LONG = timed(pod("shop"), *((age, MONGO) for age in (*range(300000, 0, -30000), 800, 650, 500, 350, 200)))

HOLDS = [
    *(
        Holds(
            f"nobody released anything: {line[:60]}",
            world(*told(line, since=2400)),
            ASK,
            excludes=no(*ACTS, at=SHOP),
            harmful=ACTS,
            sure=(0.45, 0.9),
        )
        for line in LINES
    ),
    Holds(
        "a release of hours before went well", world(before=IMAGE, released=6 * 3600), ASK, spares=no(ACTS[0], at=SHOP)
    ),
    Holds("who calls it was released long before", world(beside=web(before=OLD, released=2 * DAY)), ASK),
    Holds("it is told for days: it may be nobody's trouble", world(LONG), ASK, sure=(0.1, 0.44)),
]
DOES_NOT_HOLD = [
    DoesNotHold("since its own release", world(before=IMAGE, released=1700), harmful=("restart_workload",)),
    DoesNotHold(
        "since a release of who calls it", world(beside=web(before=OLD, released=1700)), harmful=("restart_workload",)
    ),
    DoesNotHold("since a release of the database", world(of_store={"before": OLD, "released": 1700})),
    DoesNotHold("one user tried twice", world(*logs("shop", MONGO, times=2))),
    DoesNotHold("it is over", world(log(pod("shop"), *(MONGO,) * 9, *(LENT,) * 40, since=7200))),
    DoesNotHold(
        "the database tells of it, of whose client nobody knows",
        world(log("postgres-0", *(LINES[7],) * 9)),
    ),
    DoesNotHold("a user's text is longer than a column", world(*told("ERROR: value too long for type varchar(80)"))),
    DoesNotHold(
        "a packet is larger than is taken", world(*told("ERROR Packet for query is too large (6291488 > 41943)"))
    ),
]
