"""An upgrade leaves the planner's statistics behind; a plan that is off for another reason is not told by it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.plans import ANALYZED, POSTGRES, run, told
from tests.diagnosis.rules.scenes import SHOP, latency, shop
from tests.diagnosis.rules.tiny import DAY, Obj, figure, postgres, snapshot
from tuheg_ir.diagnosis.model import Log, Snapshot

UPGRADED = {"before": {"image": "postgres:13.18"}, "released": 6 * 3600}
REMIND = "Optimizer statistics are not transferred by pg_upgrade."
PARTS = "->  Seq Scan on parts p  (cost=0.00..2018.12 rows={} width=8) (actual time=0.1..2.4 rows={} loops=1)"
OFF = PARTS.format(273047, 14)
TOO_FEW = "Nested Loop  (cost=0.4..9.1 rows=1 width=8) (actual rows=81400 loops=1)"
WELL = PARTS.format(15, 14)
LIMIT = "Limit  (cost=0.00..12.1 rows=10 width=8) (actual time=0.1..2.4 rows=10 loops=1)"


def reminder() -> tuple[list[Obj], Log]:
    """Return the run that upgraded, and what it told at its end."""
    return run("up", 7 * 3600, "Upgrade Complete", REMIND, succeeded=1)


def world(
    log: Log, *more: Any, logs: Any = (), figures: Any = (), slow: bool = True, store: Any = UPGRADED, **of_shop: Any
) -> Snapshot:
    """Return a shop that waits for a database of which a volume is kept."""
    claim = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data-postgres-0"}}]}
    waits = figure("dependency_latency_p95", 0.02, 7.0, 1800, component="shop", dependency="postgres")
    return snapshot(
        shop(env={"DB_HOST": "postgres"}, **of_shop),
        postgres(spec=claim, **store),
        *more,
        figures=[waits, latency("shop", since=1800), *figures] if slow else [],
        logs=[log, *logs],
    )


LOST = (POSTGRES, "configuration_error", "page_human")
HOLDS = [
    Holds(
        "whole tables are read for a few rows",
        world(told(OFF)),
        LOST,
        excludes=(*no("rollback_workload", "restart_workload", at=POSTGRES), *no("scale_workload", at=SHOP)),
        harmful=("rollback_workload", "restart_workload", "scale_workload"),
    ),
    Holds("row after row is fetched for what was thought to be one", world(told(TOO_FEW)), LOST),
    Holds("the upgrade itself tells of it", world(told(OFF), reminder()[0], logs=[reminder()[1]]), LOST),
    Holds(
        "its processor is used up by it",
        world(told(OFF), figures=[figure("cpu_share", 0.3, 1.0, 1800, pod="postgres-0")]),
        LOST,
        harmful=("rollback_workload",),
    ),
    Holds(
        "its client was released when it was slow already",
        world(told(OFF), before={"image": "shop:0"}, released=900),
        LOST,
        harmful=("rollback_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("plans are as what is there", world(told(WELL))),
    DoesNotHold("few plans are off", world(told(OFF, times=2))),
    DoesNotHold("what is read up to a limit only is no measure", world(told(LIMIT, OFF))),
    DoesNotHold("the tables were analyzed since", world(told(OFF, last=ANALYZED))),
    DoesNotHold("it was not upgraded", world(told(OFF), store={})),
    DoesNotHold(
        "only a smaller version came", world(told(OFF), store={**UPGRADED, "before": {"image": "postgres:16.1"}})
    ),
    DoesNotHold("it was upgraded weeks ago", world(told(OFF), store={**UPGRADED, "released": 9 * DAY})),
    DoesNotHold("nobody waits", world(told(OFF), slow=False)),
    DoesNotHold(
        "its client asks in another way since that minute",
        world(told(OFF), before={"image": "shop:0"}, released=1850),
        (SHOP, "code_defect", "rollback_workload"),
    ),
]
