"""A cache that could not save itself refuses writes; its clients are not told why, and it is not always the disk."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import log, pod, redis, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

IN_C = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk."
IN_RUST = f"ERROR create failed: {IN_C.replace('MISCONF', 'MISCONF:')}"
VALKEY = f"redis.exceptions.ResponseError: {IN_C.replace('Redis', 'Valkey')}"
OF_AOF = "ReplyError: MISCONF Errors writing to the AOF file: Input/output error"
NO_FORK = "1:M 04 Mar 2026 11:50:00.1 # Can't save in background: fork: Cannot allocate memory"
NO_RIGHT = "1:M 04 Mar 2026 11:50:00.1 # Failed opening the temp RDB file temp-9.rdb for saving: Permission denied"
CACHE = "Deployment/redis"
URL = {"REDIS_URL": "redis://redis:6379"}
SAVED = "1:M 04 Mar 2026 11:50:00.1 * Background saving terminated with success"


def unsaved(says: str = IN_C, own: str = NO_FORK, **more: Any) -> Snapshot:
    """Return a shop that is refused by its cache, which was released before, and what that tells itself."""
    return snapshot(
        redis(),
        shop(env=URL, before={"image": "shop:0"}, released=1500),
        figures=[errors("shop", 0.4, 800)],
        logs=[*logs("shop", says, since=780), *([log(pod("redis"), *[own] * 6, since=800)] if own else [])],
        **more,
    )


HOLDS = [
    Holds(
        f"it could not save itself: {what}",
        world,
        (CACHE, "resource_exhaustion", "page_human"),
        excludes=(*no("restart_workload", "rollback_workload", at=CACHE), *no("rollback_workload", at=SHOP)),
        harmful=("rollback_workload", "restart_workload", "scale_workload"),
        alone=True,
    )
    for what, world in (
        ("there is no memory to fork", unsaved()),
        ("a client tells it in Rust", unsaved(IN_RUST)),
        ("Valkey says so", unsaved(VALKEY)),
        ("nobody read its own log", unsaved(own="")),
        ("it may not write its file", unsaved(own=NO_RIGHT)),
        ("its file of changes", unsaved(OF_AOF)),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold("it could not fork, and refuses nobody", unsaved("INFO order stored")),
    DoesNotHold(
        "it refused for a while an hour ago, and has saved itself since",
        snapshot(
            redis(),
            shop(env=URL),
            logs=[
                timed(pod("shop"), *((4000 - 20 * n, IN_C) for n in range(9)), (60, "INFO order stored")),
                log(pod("redis"), *[SAVED] * 6, since=3000),
            ],
        ),
    ),
    DoesNotHold("a scanner tells of settings", unsaved("INFO misconf scan of redis: 3 findings", own="")),
    DoesNotHold(
        "there are two caches, and nobody knows which it is",
        snapshot(redis(), redis("sessions"), workload("shop"), logs=logs("shop", IN_C, since=780)),
    ),
]
