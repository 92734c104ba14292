"""Older pods that wait for a lock as others of their store do hold none: a fresh one has only not asked yet."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import younger
from tests.diagnosis.rules.scenes import SHOP, URL, logs, shop
from tests.diagnosis.rules.tiny import log, pod, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

POSTGRES = "ERROR batch 71 rolled back: ERROR: canceling statement due to lock timeout"
MYSQL = "ERROR 1205 (HY000): Lock wait timeout exceeded; try restarting transaction"
BROKEN = "ERROR NullPointerException in FareTable.get"


def waiting(mine: str, theirs: str, *, times: int = 9, also: str = "", **api: Any) -> Snapshot:
    """Return four pods of a shop, the last of which is younger and well, and what an api beside them repeats."""
    made = younger(shop(pods=4, env=URL), 1)
    well = log(pod("shop", 3), *["INFO fare told"] * 9)
    old = [log(pod("shop", n), *[each for each in (mine, also) if each] * 9) for n in range(3)]
    beside = workload("api", **{"env": URL, **api})
    return snapshot(made, beside, postgres(), logs=[*old, well, *logs("api", theirs, 0, 1, times=times)])


HOLDS = [
    Holds(f"the older ones wait for a lock, and {what}", world, (SHOP, cause, "restart_workload"))
    for what, cause, world in (
        ("nobody else does", "database_connection", waiting(POSTGRES, "INFO GET /a 200")),
        ("another did once", "database_connection", waiting(POSTGRES, POSTGRES, times=1)),
        ("another of another store does", "database_connection", waiting(MYSQL, MYSQL, env={})),
        ("are broken themselves, as another waits", "service_crash", waiting(BROKEN, POSTGRES)),
        ("are broken themselves as well", "database_connection", waiting(POSTGRES, POSTGRES, also=BROKEN)),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(
        f"the older ones wait for a lock as another of their store does: {what}",
        waiting(line, line),
        harmful=("restart_workload",),
    )
    for what, line in (("PostgreSQL", POSTGRES), ("MySQL", MYSQL))
]
