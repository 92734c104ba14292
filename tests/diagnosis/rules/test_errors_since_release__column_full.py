"""A release whose writes no longer fit a column: the former template's fit it no better, and a person is told."""

from __future__ import annotations

from tests.diagnosis.rules.cases import Holds
from tests.diagnosis.rules.scenes import IMAGE, SHOP, URL, errors, shop
from tests.diagnosis.rules.tiny import log, pod, postgres, snapshot
from tuheg_ir.diagnosis.model import Snapshot

CODE, RULE = "code_defect", "errors_since_release"
RANGE = "WARN order not stored: PG::NumericValueOutOfRange: ERROR:  integer out of range"
MYSQL = "WARN (1264, \"Out of range value for column 'order_id' at row 1\")"
BROKEN = "ERROR order not stored: KeyError: 'currency'"


def told(line: str, times: int = 20) -> Snapshot:
    """Return a shop that fails since its release, and logs that were calm and repeat a line since."""
    logs = [log(pod("shop", n), *["INFO GET /a 200"] * 20, *[line] * times, since=1140) for n in (0, 1)]
    return snapshot(shop(env=URL, before=IMAGE, released=660), postgres(), figures=[errors("shop")], logs=logs)


HOLDS = [
    Holds(what, world, (SHOP, CODE, remedy), believed=RULE)
    for what, remedy, world in (
        ("its numbers do not fit a column of PostgreSQL", "page_human", told(RANGE)),
        ("its numbers do not fit a column of MySQL", "page_human", told(MYSQL)),
        ("it stumbles over its own code", "rollback_workload", told(BROKEN)),
        ("one number did not fit", "rollback_workload", told(RANGE, 1)),
    )
]
