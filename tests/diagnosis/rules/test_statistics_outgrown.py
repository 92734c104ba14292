"""A load leaves a table without statistics; a plan that is off for another reason is not told by it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.plans import ANALYZED, POSTGRES, run, told
from tests.diagnosis.rules.scenes import SHOP, WELL, latency, shop
from tests.diagnosis.rules.tiny import Obj, at, figure, postgres, snapshot
from tuheg_ir.diagnosis.model import Log, Snapshot

ONE = "->  Nested Loop  (cost=0.4..9.1 rows=1 width=8) (actual rows=23285 loops=1)"
PARTS = "  ->  Index Scan using parts_pk on parts p  (cost=0.4..8.5 rows={} width=8) (actual rows={} loops=1)"
OFF, FITS = (ONE, PARTS.format(1, 23285)), (PARTS.format(23000, 23285),)
FIRST = "Limit  (cost=66.3..66.3 rows=1 width=61) (actual rows=50 loops=1)"
SORTED = "->  Sort  (cost=66.3..66.3 rows=1 width=61) (actual rows=50 loops=1)"


def load(line: str, began: float = 2400, over: float | None = 1700) -> tuple[list[Obj], Log]:
    """Return a run that began and was over so long ago, and what it told amid that."""
    done = {} if over is None else {"completionTime": at(over), "succeeded": 1}
    said = (f"{at(began - 60)} {line}", f"{at(began - 120)} done")
    return run("load", began, *said, startTime=at(began), **done)


def unanalyzed(before: float, now: float, since: float = 1900, table: str = "parts") -> Any:
    return figure("db_rows_unanalyzed", before, now, since, component="postgres", table=table)


def world(
    *logs: Log, run: tuple[list[Obj], Log] | None = None, figures: Any = (), slow: bool = True, **of_shop: Any
) -> Snapshot:
    """Return a shop that waits for its database, beside a run."""
    waits = figure("dependency_latency_p95", 0.02, 7.0, 1800, component="shop", dependency="postgres")
    return snapshot(
        shop(env={"DB_HOST": "postgres"}, **of_shop),
        postgres(),
        run[0] if run else [],
        figures=[*([waits, latency("shop", since=1800)] if slow else [WELL]), *figures],
        logs=[*logs, *([run[1]] if run else [])],
    )


COPIED = load("INFO [loader.copy] parts: copied 412093 rows")
BROKEN_OFF = load('INFO:  vacuuming "shop.public.parts"')
OUTGROWN = (POSTGRES, "configuration_error", "page_human")
HOLDS = [
    Holds(
        "a run filled the table of which plans think to get one row",
        world(told(*OFF), run=COPIED),
        OUTGROWN,
        excludes=(*no("rollback_workload", "restart_workload", at=POSTGRES), *no("scale_workload", at=SHOP)),
        harmful=("rollback_workload", "restart_workload", "scale_workload"),
    ),
    Holds("what cared for it afterwards was broken off", world(told(*OFF), run=BROKEN_OFF), OUTGROWN),
    Holds(
        "all that is below a sort is read, however few are wanted of it",
        world(told(FIRST, SORTED, *OFF), run=COPIED),
        OUTGROWN,
    ),
    Holds(
        "it goes on",
        world(told(*OFF), run=load("COPY parts: 2000000 rows", over=None)),
        OUTGROWN,
    ),
    Holds(
        "nobody knows who filled it: figures tell that it was",
        world(told(*OFF), figures=[unanalyzed(0.02, 0.6)]),
        OUTGROWN,
        harmful=("rollback_workload",),
    ),
    Holds(
        "nobody tells of plans: figures tell that a table was filled as it became slow",
        world(figures=[unanalyzed(0.02, 0.6)]),
        OUTGROWN,
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "nobody tells of plans: a long load had filled it for an hour",
        world(run=load("COPY parts: 2000000 rows", began=5400), figures=[unanalyzed(0.4, 0.6)]),
        OUTGROWN,
    ),
    Holds(
        "a client was released in those minutes, and plans are off of what a run filled",
        world(told(*OFF), run=COPIED, before={"image": "shop:0"}, released=2200),
        OUTGROWN,
        harmful=("rollback_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("plans are as what is there", world(told(*FITS), run=COPIED)),
    DoesNotHold("few plans are off", world(told(*OFF, times=2), run=COPIED)),
    DoesNotHold("what is read up to a limit only is no measure", world(told(FIRST, *OFF), run=COPIED)),
    DoesNotHold("its statistics were made since", world(told(*OFF, last=ANALYZED), run=COPIED)),
    DoesNotHold("nobody filled it", world(told(*OFF))),
    DoesNotHold("another table was filled", world(told(*OFF), run=load("INFO partsold: copied 412093 rows"))),
    DoesNotHold("the run only names it", world(told(*OFF), run=load("INFO mailing who asked for parts"))),
    DoesNotHold("it was filled hours before", world(told(*OFF), run=load("COPY parts", began=8 * 3600, over=7 * 3600))),
    DoesNotHold("it was filled after that", world(told(*OFF), run=load("COPY parts", began=900, over=600))),
    DoesNotHold("plans were as far off before", world(told(*OFF, times=50), run=COPIED)),
    DoesNotHold("nobody waits", world(told(*OFF), run=COPIED, slow=False)),
    DoesNotHold("a table is as unknown as ever", world(figures=[unanalyzed(0.6, 0.6)])),
    DoesNotHold("few of its rows are new", world(figures=[unanalyzed(0.02, 0.12)])),
    DoesNotHold(
        "a client asks in another way since that minute, and nobody tells of plans",
        world(figures=[unanalyzed(0.02, 0.6)], before={"image": "shop:0"}, released=1850),
        (SHOP, "code_defect", "rollback_workload"),
    ),
]
