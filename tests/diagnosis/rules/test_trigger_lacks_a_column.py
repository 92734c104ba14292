"""A trigger misses a column: who writes to its table fails, whatever its release, and no older one mends that."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CALLS_CART, DB, IMAGE, SHOP, URL, errors, shop
from tests.diagnosis.rules.tiny import at, pod, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

MYSQL = "ERROR save failed: Unknown column 'shelf_code' in 'NEW'"
OLD_ROW = "ERROR 1054 (42S22): Unknown column 'shelf_code' in 'OLD'"
PGX = 'level=ERROR msg="insert failed" err="ERROR: record \\"new\\" has no field \\"shelf_code\\" (SQLSTATE 42703)"'
SERVER = '[97] shop@shop ERROR:  record "new" has no field "shelf_code"'
ORACLE = "ERROR ORA-04098: trigger 'SHOP.BOOKS_AUDIT' is invalid and failed re-validation"
SQLITE = "ERROR error in trigger books_ai: no such column: NEW.shelf_code"
PLAIN = "ERROR save failed: Unknown column 'shelf_code' in 'field list'"


def told(name: str, line: str, *, since: float = 900, until: float = 30, times: int = 9) -> Log:
    """Return a log that tells so from one age to another."""
    step = (since - until) / max(1, times - 1)
    lines = [(since - n * step, line) for n in range(times)]
    lines += [(age, "INFO done") for age in range(3600, 20, -300)]
    ordered = sorted(lines, key=lambda each: -each[0])
    return Log(name, name.rpartition("-")[0], tuple(f"{at(age)} {text}" for age, text in ordered))


def missing(
    line: str = MYSQL,
    *others: Log,
    of: str = pod("shop"),
    beside: Any = (),
    felt: Any = None,
    shop_has: Any = None,
    **more: Any,
) -> Snapshot:
    """Return a shop on a database, and who tells what; the shop's requests fail since."""
    figures = [errors("shop", since=840)] if felt is None else felt
    logs = [told(of, line, **more), *others]
    return snapshot(shop(**{"env": URL, **(shop_has or {})}), *beside, logs=logs, figures=figures)


HARM = ("restart_workload", "rollback_workload", "scale_workload")
IN_IT, LEFT = (DB, "configuration_error", "page_human"), (SHOP, "configuration_error", "page_human")
KEPT = (*no("restart_workload", "rollback_workload", at=SHOP), *no("restart_workload", at=DB))
RELEASED: dict[str, Any] = {"before": IMAGE, "released": 910}
HOLDS = [
    *(
        Holds(
            f"who writes is told: {line[:50]}", missing(line, beside=[postgres()]), IN_IT, excludes=KEPT, harmful=HARM
        )
        for line in (MYSQL, OLD_ROW, PGX, ORACLE, SQLITE)
    ),
    Holds(
        "the database alone tells it",
        missing(SERVER, of="postgres-0", beside=[postgres()]),
        IN_IT,
        excludes=KEPT,
        harmful=HARM,
        began=900,
    ),
    Holds(
        "who writes was released just before",
        missing(beside=[postgres()], shop_has=RELEASED),
        IN_IT,
        excludes=KEPT,
        harmful=HARM,
    ),
    Holds(
        "another that was not released is told so too, and its callers suffer",
        missing(
            MYSQL,
            told(pod("cart"), MYSQL),
            beside=[postgres(), workload("cart", env=URL)],
            shop_has={"env": {**URL, **CALLS_CART}},
        ),
        IN_IT,
        excludes=(*KEPT, *no("restart_workload", "rollback_workload", at="Deployment/cart")),
        harmful=HARM,
    ),
    Holds("the database is elsewhere", missing(shop_has={"env": {}}), LEFT, harmful=HARM),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world, harmful=HARM)
    for what, world in (
        ("a statement names a column that is not there", missing(PLAIN, beside=[postgres()])),
        ("it was told twice", missing(beside=[postgres()], times=2)),
        ("it is told no more", missing(beside=[postgres()], since=3000, until=1000)),
        ("nobody suffers", missing(beside=[postgres()], felt=[errors("shop", 0.0)])),
        ("somebody suffers since long before", missing(beside=[postgres()], felt=[errors("shop", since=3000)])),
    )
]
