"""A database whose oldest transaction is its own vacuum against wraparound, and a watch that lists what that does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

from tests.diagnosis.rules.scenes import alert
from tests.diagnosis.rules.tiny import NOW, figure, log, postgres, snapshot
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

RAN_S = 6 * 3600.0
VACUUM = "autovacuum: VACUUM public.legs (to prevent wraparound)"
TOO_OLD = alert("PostgresTransactionTooOld", pod="postgres-0", severity="critical")


def columns(age: float, scanned: int, session: str = VACUUM, table: str = "legs") -> list[str]:
    """Return how psql lists the session and how far it is, in two tables."""
    now = f"{NOW - timedelta(seconds=age):%Y-%m-%d %H:%M:%S}.093+00"
    return [
        "  now  |  pid  |  query  | running ",
        "-------+-------+---------+---------",
        f" {now} | 18822 | {session} | {timedelta(seconds=RAN_S - age)}",
        "(1 row)",
        "",
        "  pid  | relid | phase | heap_blks_total | heap_blks_scanned | heap_blks_vacuumed ",
        "-------+-------+-------+-----------------+-------------------+--------------------",
        f" 18822 | {table} | scanning heap | 41902216 | {scanned} | 29004411",
        "(1 row)",
        "",
        " legs | 201027118",
    ]


def records(age: float, scanned: int) -> list[str]:
    """Return the same as psql lists it after \\x."""
    head = columns(age, scanned)[2]
    rows = ["-[ RECORD 1 ]", "relid | legs", "phase | scanning heap", f"heap_blks_scanned | {scanned}"]
    return [head, "", *rows]


def fields(age: float, scanned: int) -> list[str]:
    """Return the same as a line of fields."""
    return [columns(age, scanned)[2], f"table=public.legs heap_blks_scanned={scanned} phase=scanning"]


def of_column(session: str = VACUUM, table: str = "legs") -> Callable[[float, int], list[str]]:
    """Return how psql lists another session, or another table."""
    return lambda age, scanned: columns(age, scanned, session, table)


def freezing(
    form: Callable[[float, int], list[str]] = columns,
    *,
    scanned: tuple[int, int] = (33_871_040, 35_171_904),
    seen: float = 300,
    age: float = RAN_S,
    more: Iterable[Log] = (),
    fires: Alert = TOO_OLD,
) -> Snapshot:
    """Return such a database, looked at twice, the last time so long ago; ``age``: of its oldest transaction."""
    looks = [Log(f"watch-{n}-x", "watch", tuple(form(seen + 900 * (1 - n), each))) for n, each in enumerate(scanned)]
    ages = figure("db_transaction_age", age - 3600, age, 30, component="postgres")
    return snapshot(postgres(), logs=[*looks, *more], figures=[ages], alerts=[fires])


WAITS = log(
    "postgres-0",
    *["LOG:  process 812 still waiting for ShareLock on transaction 991 after 1000.1 ms"] * 3,
    of="postgres",
)
NEAR = log("postgres-0", 'WARNING:  database "town" must be vacuumed within 39985967 transactions', of="postgres")
