"""A store is full since the runs fail that make room for it: not those that fail since it is full."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.rooms import BACKS_UP, PURGES, log_full, released, schedule, volume_full
from tests.diagnosis.rules.scenes import SHOP
from tests.diagnosis.rules.tiny import DAY, Obj

HARMFUL = ("rollback_workload", "restart_workload", "scale_workload", "scale_database")
MSSQL_FULL = ("StatefulSet/mssql", "resource_exhaustion", "page_human")
DB_FULL = ("StatefulSet/postgres", "resource_exhaustion", "page_human")


def saves(well: float = 3 * DAY, failed: float = 500) -> list[Obj]:
    """Return a schedule that backs up a log of changes, was last well so long ago, and has failed since then."""
    return schedule("tlog-backup", *BACKS_UP, suspend=False, ran=failed + 60, well=well, failed=failed)


def purges(well: float = 9 * DAY, failed: float = 4900) -> list[Obj]:
    """Return a schedule that deletes what is old each night, was last well so long ago, and has failed since then."""
    return schedule("purge", *PURGES, each="30 2 * * *", suspend=False, ran=failed + 100, well=well, failed=failed)


HOLDS = [
    *(
        Holds(
            f"{what} is full since they fail",
            world,
            (who, "service_crash", "page_human"),
            excludes=no("rollback_workload", "restart_workload", "scale_workload", at=SHOP),
            alone=True,
            harmful=HARMFUL,
        )
        for what, who, world in (
            ("a database's log of changes", "CronJob/tlog-backup", log_full(saves())),
            (
                "a log, and a client was released minutes before,",
                "CronJob/tlog-backup",
                log_full(saves(), **released()),
            ),
            ("the volume of a database", "CronJob/purge", volume_full(purges())),
            ("the volume, and the last one failed hours ago,", "CronJob/purge", volume_full(purges(failed=9 * 3600))),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, instead, harmful=HARMFUL)
        for what, world, instead in (
            ("they fail since it is full", log_full(saves(well=1200)), MSSQL_FULL),
            ("the last one alone failed", volume_full(purges(well=DAY)), DB_FULL),
            ("they fail, and make no room", log_full(purges()), MSSQL_FULL),
            ("one failed hours ago, the night before it was well", volume_full(purges(DAY, 9 * 3600)), DB_FULL),
        )
    ),
]
