"""Readers whose stream came back without their group: those that make it at a start, and those of whom nobody knows."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CACHE, SHOP, logs, shop
from tests.diagnosis.rules.tiny import DAY, log, pod, redis, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

GONE = "ERROR read failed: NOGROUP No such key 'mail:out' or consumer group 'letters' in XREADGROUP with GROUP option"
CLAIMS = "ERROR NOGROUP No such consumer group 'letters' for key name 'mail:out'"
USES = {"REDIS_URL": "redis://redis:6379/0"}
AT_START = {"GROUP_CREATE": "on_start", "GROUP_FROM": "0"}
WRAPPED = ["sh", "-c", "redis-cli -h redis XGROUP CREATE mail:out letters 0 MKSTREAM; exec shop"]
AT_ITS_END = ["sh", "-c", "redis-cli -h redis XGROUP CREATE mail:out letters $ MKSTREAM; exec shop"]


def world(
    line: str = GONE,
    *,
    env: Any = AT_START,
    told: tuple[Log, ...] = (),
    started: float = 9 * DAY,
    came: float = 560,
    beside: Any = (),
    **more: Any,
) -> Snapshot:
    """Return readers that repeat a line since 500 s, and their store, which was started shortly before."""
    readers = shop(env={**USES, **env}, started=started, **more)
    said = told or tuple(logs("shop", line, 0, 1, since=500))
    return snapshot(readers, redis(started=came), beside, logs=said)


ACTS: tuple[str, str, str] = (SHOP, "code_defect", "restart_workload")
ASKS: tuple[str, str, str] = (SHOP, "dependency_failure", "page_human")
HARM = ("restart_workload", "rollback_workload", "scale_workload")
SET_BY_MAP = thing(
    "ConfigMap", "letters", data={"CONSUMER_GROUP_ENSURE": "startup", "CONSUMER_GROUP_START": "earliest"}
)
FROM_MAP: dict[str, Any] = {"envFrom": [{"configMapRef": {"name": "letters"}}]}
HOLDS = [
    Holds(
        "their start makes the group from the beginning",
        world(),
        ACTS,
        excludes=(*no("rollback_workload", at=SHOP), *no("restart_workload", "scale_database", at=CACHE)),
        alone=True,
        began=500,
    ),
    Holds("what claims others' entries tells of it", world(CLAIMS), ACTS),
    Holds("settings of a map tell it", world(env={}, beside=[SET_BY_MAP], **FROM_MAP), ACTS),
    Holds("a wrapper makes it", world(env={}, command=WRAPPED), ACTS),
    *(
        Holds(f"a person makes it: {what}", found, ASKS, excludes=no("rollback_workload", at=SHOP), harmful=HARM)
        for what, found in (
            ("nobody knows who makes it", world(env={})),
            ("a start makes it from where the stream ends", world(env={**AT_START, "GROUP_FROM": "$"})),
            ("a wrapper makes it from there", world(env={}, command=AT_ITS_END)),
            ("nobody knows from where a start makes it", world(env={"GROUP_CREATE": "on_start"})),
            ("it is told not to make it", world(env={**AT_START, "GROUP_CREATE": "never"})),
            ("its store runs for long: somebody took the group away", world(came=9 * DAY)),
            (
                "nobody knows which of two stores it was",
                world(
                    env={**AT_START, "OTHER_URL": "redis://valkey:6379/1"},
                    beside=workload("valkey", "valkey:8", port=6379),
                ),
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, found, harmful=HARM)
    for what, found in (
        ("they miss it since their start: another name, perhaps", world(started=510)),
        (
            "one of them makes it again by itself",
            world(told=(log(pod("shop"), GONE, GONE, *["read 4 of mail:out"] * 20, since=500),)),
        ),
        ("it was over long ago", world(told=(log(pod("shop"), *[GONE] * 9, *["read 4"] * 60, since=20000),))),
    )
]
