"""A store that refuses writes as it has too many pieces to join, its words, and who writes into it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.scenes import OLD, errors, shop
from tests.diagnosis.rules.tiny import at, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

PARTS = (
    "<Error> executeQuery: Code: 252. DB::Exception: Too many parts (3005 with average size of 1.28 KiB) in table "
    "'shop.facts'. Merges are processing significantly slower than inserts. (TOO_MANY_PARTS)"
)
OF_NONE = "<Error> executeQuery: Code: 252. DB::Exception: Too many parts (301). Merges are slower than inserts."
HOUSE = {"CLICKHOUSE_URL": "http://house:8123"}
STORE = ("StatefulSet/house", "resource_exhaustion", "page_human")


def writes(of: str, size: int, since: float, times: int = 6, user: str = "sink", into: str = "shop.facts") -> list[str]:
    """Return what a store tells of writes of one size, a minute apart, from a host or a pod of a workload."""
    host = f"10.1.{sum(map(ord, of)) % 250}.1" if of[0].isalpha() else of
    named = f", user: {user}" if user else ""
    query = f"{of.replace('.', '-')}-{size}-{since:.0f}"
    pairs = (
        (
            f"{dotted(since - 60 * n)} [ 7 ] {{{query}-{n}}} <Debug> executeQuery: "
            f"(from {host}:5195{n}{named}) INSERT INTO {into} (id, at) FORMAT RowBinary (stage: Complete)",
            f"{dotted(since - 60 * n)} [ 7 ] {{{query}-{n}}} <Information> executeQuery: "
            f"Read {size} rows, 9.51 KiB in 0.014914 sec., 4689 rows/sec., 318.85 KiB/sec.",
        )
        for n in range(times)
    )
    return [line for pair in pairs for line in pair]


def dotted(age: float) -> str:
    return at(age).translate(str.maketrans("-T", ". ")).removesuffix("Z") + ".493945"


def outrun(
    *told: list[str], released: float = 7200, refused: float = 900, said: str = PARTS, beside: Any = (), **of_shop: Any
) -> Snapshot:
    """Return a ClickHouse that refuses writes, its own words, a client that was released and another one since."""
    lines = (
        *(line for each in told for line in each),
        *(f"{dotted(refused - refused / 9 * n)} [ 7 ] {said}" for n in range(9)),
    )
    return snapshot(
        workload("house", "clickhouse/clickhouse-server:24.8", kind="StatefulSet", pods=1, port=8123),
        shop(**{"env": HOUSE, "before": OLD, "released": released, **of_shop}),
        workload("cart", env=HOUSE, before=OLD, released=1100),
        *beside,
        figures=[errors("shop", 0.4, refused), errors("cart", 0.4, refused)],
        logs=[Log("house-0", "house", lines)],
    )


BULKY = writes("cart", 40000, 5000, user="prices")
BEFORE = writes("10.1.9.9", 5000, 7700)
ONE_BY_ONE = writes("shop", 1, 4000)
