"""A pooler gives its sessions out by transaction; clients that name their statements do not find them again.

One that prepares them anew is not the reason where a client empties its sessions.
"""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, MORE, OLD, ROOM, SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import Obj, log, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

POOLER = "Deployment/pgbouncer"
URL = {"DATABASE_URL": "postgres://shop@pgbouncer:6432/shop"}
LOST = 'ERROR: prepared statement "S_3" does not exist'


def pooler(released: float) -> list[Obj]:
    return workload(
        "pgbouncer",
        "edoburu/pgbouncer:1.23",
        port=6432,
        env=BY_TRANSACTION,
        before={"env": {"DB_HOST": "postgres", "POOL_MODE": "session"}},
        released=released,
    )


BY_TRANSACTION = {"DB_HOST": "postgres", "POOL_MODE": "transaction"}
DESK = "Deployment/desk"
ITS_OWN = 'ERROR: prepared statement "PGBOUNCER_47" does not exist (SQLSTATE 26000)'
EMPTIES = "UTC [3012] shop@shop/{} LOG:  duration: 0.055 ms  statement: DEALLOCATE ALL"
BY_USER = "UTC [3012] shop@shop LOG:  duration: 0.055 ms  statement: DEALLOCATE ALL"
QUOTED = "UTC [3012] shop@shop/{} LOG:  statement: INSERT INTO notes VALUES ('Prisma sends DEALLOCATE ALL')"
QUIET = "UTC [27] LOG:  checkpoint starting: time"
PRISMA = {"DATABASE_URL": "postgresql://desk:x@pgbouncer:6432/shop?application_name=desk&pgbouncer=true"}
AS_SHOP = {"DATABASE_URL": "postgresql://shop:x@pgbouncer:6432/shop"}
PLAIN = {"DATABASE_URL": "postgresql://desk:x@pgbouncer:6432/shop?application_name=desk"}


def server(
    *names: str, before: int = 30, times: int = 30, line: str = EMPTIES, of: str = "postgres-0", since: float = 0
) -> Log:
    """Return the log of a database that tells whose client empties sessions, since ten minutes."""
    told = [line.format(name) for _ in range(times) for name in names]
    return log(of, *[QUIET] * before, *told, since=since or (1400 if before else 690))


def desk(**more: Any) -> list[Obj]:
    return workload("desk", **{"env": PLAIN, "before": OLD, "released": 700, **more})


def wiped(
    *told: Log, client: list[Obj], said: str = ITS_OWN, since: float = 640, released: bool = True, **more: Any
) -> Snapshot:
    """Return a shop that misses what its pooler prepared, though its own release had served for minutes."""
    return snapshot(
        postgres(**more.get("database", {})),
        pooler(more.get("pooled", 86400)),
        client,
        shop(env=URL, before=IMAGE if released else None, released=more.get("shop_released", 1800)),
        figures=[errors("shop", since=since)],
        logs=[*logs("shop", said, 0, 1, times=30, since=since), *told],
    )


HOLDS = [
    Holds(
        "the release of another client empties all sessions, in so many words",
        wiped(client=desk(env=PRISMA, before={"env": PLAIN})),
        (DESK, "configuration_error", "rollback_workload"),
        excludes=(
            *no("rollback_workload", "restart_workload", at=SHOP),
            *no("rollback_workload", "restart_workload", at=POOLER),
            *no("restart_workload", at=DESK),
        ),
        alone=True,
    ),
    Holds(
        "the database tells of it since that one's release, and not before",
        wiped(server("desk"), client=desk()),
        (DESK, "code_defect", "rollback_workload"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "its log does not reach back before that release",
        wiped(server("desk", before=0), client=desk()),
        (DESK, "configuration_error", "page_human"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "nobody was released who empties sessions",
        wiped(server("desk"), client=desk(before=None)),
        (DESK, "configuration_error", "page_human"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "several empty sessions: whose it is nobody can tell",
        wiped(server("desk", "shop"), client=desk(), released=False),
        (POOLER, "configuration_error", "page_human"),
    ),
    Holds(
        "all clients share a user that is called like one of them",
        wiped(server("desk", line=BY_USER), client=desk(env=AS_SHOP, before=None), released=False),
        (POOLER, "configuration_error", "page_human"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "another log of the database tells of it from before that release",
        wiped(
            server("desk"), server("desk", before=0, of="postgres-1", since=3000), client=desk(), database={"pods": 2}
        ),
        (DESK, "configuration_error", "page_human"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "the pooler prepares statements since its own release; who empties sessions has always done so",
        wiped(server("desk"), client=desk(before=None), pooled=660, released=False),
        (POOLER, "configuration_error", "rollback_workload"),
        harmful=("restart_workload",),
    ),
    Holds(
        "the pooler was released as well: which of both a person has to tell",
        wiped(server("desk"), client=desk(), pooled=660, released=False),
        (DESK, "configuration_error", "page_human"),
        spares=no("rollback_workload", at=POOLER),
        harmful=("rollback_workload",),
    ),
    Holds(
        "who names its statements since its release may be taken back: sessions were always emptied",
        wiped(server("desk"), client=desk(before=None), shop_released=690),
        (DESK, "configuration_error", "page_human"),
        spares=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "what is written down speaks of it",
        wiped(server("desk", line=QUOTED), client=desk(), released=False),
        (POOLER, "configuration_error", "page_human"),
    ),
    Holds(
        "a person emptied a session once",
        wiped(server("desk", times=1), client=desk(), released=False),
        (POOLER, "configuration_error", "page_human"),
    ),
    Holds(
        "what is missed is no statement of the pooler's",
        wiped(server("desk"), client=desk(env=PRISMA, before={"env": PLAIN}), said=LOST, released=False),
        (POOLER, "configuration_error", "page_human"),
    ),
    Holds(
        "the client had been told so before",
        wiped(client=desk(env=PRISMA), released=False),
        (POOLER, "configuration_error", "page_human"),
    ),
    Holds(
        "since its release, and who sends plain text through it is well",
        snapshot(
            postgres(),
            pooler(660),
            shop(env=URL),
            workload("rates", env=URL),
            figures=[errors("shop")],
            logs=logs("shop", LOST, 0, 1, since=640),
        ),
        (POOLER, "configuration_error", "rollback_workload"),
        excludes=no("rollback_workload", at=SHOP),
        harmful=("restart_workload",),
    ),
    Holds(
        "its release gave it more memory alone: how it gives its sessions out is as it was",
        snapshot(
            postgres(),
            workload(
                "pgbouncer", "edoburu/pgbouncer:1.23", port=6432, env=BY_TRANSACTION, before=ROOM, released=660, **MORE
            ),
            shop(env=URL),
            figures=[errors("shop")],
            logs=logs("shop", LOST, 0, 1, since=640),
        ),
        (POOLER, "configuration_error", "page_human"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "no release of it is near: somebody has to look",
        snapshot(
            postgres(), pooler(86400), shop(env=URL), figures=[errors("shop")], logs=logs("shop", LOST, 0, 1, since=640)
        ),
        (POOLER, "configuration_error", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "there is no pooler in between",
        snapshot(
            postgres(), shop(env={"DB_HOST": "postgres"}), figures=[errors("shop")], logs=logs("shop", LOST, 0, 1)
        ),
        (),
    ),
    DoesNotHold(
        "it was said once or twice",
        snapshot(postgres(), pooler(660), shop(env=URL), logs=logs("shop", LOST, times=2)),
        (),
    ),
]
