"""A pooler gives its sessions out by transaction; clients that name their statements do not find them again."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import Obj, postgres, snapshot, workload

POOLER = "Deployment/pgbouncer"
URL = {"DATABASE_URL": "postgres://shop@pgbouncer:6432/shop"}
LOST = 'ERROR: prepared statement "S_3" does not exist'


def pooler(released: float) -> list[Obj]:
    return workload(
        "pgbouncer",
        "edoburu/pgbouncer:1.23",
        port=6432,
        env={"DB_HOST": "postgres", "POOL_MODE": "transaction"},
        before={"env": {"DB_HOST": "postgres", "POOL_MODE": "session"}},
        released=released,
    )


HOLDS = [
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
