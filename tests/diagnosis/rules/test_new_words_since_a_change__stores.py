"""Between a release and its first words a store was started, parted or slow: it may be behind them."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import IMAGE, SHOP, URL, alert, shop
from tests.diagnosis.rules.tiny import DAY, at, log, pod, postgres, redis, secret_key, snapshot
from tuheg_ir.diagnosis.model import Log, Snapshot

POOL = "ERROR HikariPool-1 - Connection is not available, request timed out after 30009ms (total=10, active=10, idle=0)"
LOCKED = "ERROR canceling statement due to lock timeout"
SLOW = "LOG:  duration: 8123.456 ms  statement: SELECT * FROM events"


def waiting(*slow: float, words: str = LOCKED) -> Snapshot:
    """Return a shop that waits for locks since its release, and a database that tells of slow statements then."""
    return snapshot(
        shop(env=URL, before=IMAGE, released=660),
        postgres(),
        logs=[
            log(pod("shop"), *["INFO request"] * 40, *[words] * 40, since=1200),
            Log("postgres-0", "postgres", tuple(f"{at(age)} {SLOW}" for age in slow)),
        ],
        alerts=[alert()],
    )


def without_data(started: float, *, released: float = 860, words: str = "ERROR no such cart") -> Snapshot:
    """Return a shop that misses something since ten minutes, a release of it, and a cache that was started."""
    return snapshot(
        shop(env={"REDIS_URL": "redis://redis:6379/0"}, before=IMAGE, released=released),
        redis(started=started),
        logs=[log(pod("shop", n), *["INFO request"] * 20, *[words] * 20, since=1200) for n in (0, 1)],
        alerts=[alert()],
    )


def parted(ago: float) -> Snapshot:
    """Return a shop that misses something since ten minutes, its release, and a standby that was lost so long ago."""
    return snapshot(
        shop(env={"DSN": "postgres://postgres:5432/shop"}, before=IMAGE, released=860),
        postgres(),
        logs=[
            *(log(pod("shop", n), *["INFO request"] * 20, *["ERROR no such cart"] * 20, since=1200) for n in (0, 1)),
            log("postgres-0", "LOG:  terminating walsender process due to replication timeout", since=ago),
        ],
        alerts=[alert()],
    )


HOLDS = [
    *(
        Holds(
            f"its cache was started {when}",
            without_data(started),
            (SHOP, "code_defect", "rollback_workload"),
        )
        for when, started in (("weeks before its release", 20 * DAY), ("after it told of errors", 300))
    ),
    *(
        Holds(
            f"it waits for locks since its release, and a database that it uses tells of slow statements {what}",
            waiting(*slow),
            (SHOP, "code_defect", "rollback_workload"),
        )
        for what, slow in (
            ("once before", (1800,)),
            ("often before, and was over it", range(3000, 1700, -45)),
            ("since its release as well", range(640, 0, -45)),
        )
    ),
    Holds(
        "its release had served well, and then its statements wait for locks",
        snapshot(
            shop(before=IMAGE, released=1500),
            logs=[log(pod("shop", n), *["INFO request"] * 40, *[LOCKED] * 40, since=1200) for n in (0, 1)],
            alerts=[alert()],
        ),
        (SHOP, "code_defect", "page_human"),
        believed="store_outside",
        harmful=("rollback_workload", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "its cache was started between its release and its first words: it may be without its data",
        without_data(640),
        ("unknown", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "members of its database lost each other between its release and its first words",
        parted(640),
        ("unknown", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "the one database was started in between, whose address it keeps in a Secret",
        snapshot(
            shop(env={"DSN": secret_key("lab-db", "url")}, before=IMAGE, released=1500),
            postgres(started=640),
            logs=[log(pod("shop", n), *["INFO request"] * 20, *["ERROR no such row"] * 20, since=1200) for n in (0, 1)],
            alerts=[alert()],
        ),
        ("unknown", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    *(
        DoesNotHold(
            f"it waits for its database since its release, and statements were slow before: {words[:30]}",
            waiting(*range(1800, 0, -45), words=words),
            harmful=("rollback_workload", "restart_workload", "scale_workload"),
        )
        for words in (POOL, LOCKED)
    ),
]
