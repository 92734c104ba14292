"""A release brought a name that who is asked by it refuses or does not know."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, snapshot, thing
from tuheg_ir.diagnosis.model import Snapshot

BACK = (SHOP, "configuration_error", "rollback_workload")
GROUP = "org.apache.kafka.common.errors.GroupAuthorizationException: Not authorized to access group: orders-v2"
QUEUE = "ERROR NOT_FOUND - no queue 'orders-v2' in vhost '/'"
MODEL = 'ERROR 400 {"error": {"message": "The model orders-v2 does not exist"}}'
OLD_NAME = GROUP.replace("orders-v2", "orders")


def world(
    line: str = GROUP,
    now: str = "orders-v2",
    before: str | None = "orders",
    *more: Any,
    of: str = "CONSUMER_GROUP",
    since: float = 560,
    felt: bool = True,
    was: list[str] | None = None,
    args: list[str] | None = None,
) -> Snapshot:
    """Return a shop whose release brought a setting, and a line that its pods repeat since so many seconds."""
    settings = None if before is None else {"env": {of: before} if before else {}}
    of_args = {"args": args, "before": {"args": was}} if args else {"env": {of: now}, "before": settings}
    figures = [errors("shop", since=550)] if felt else []
    return snapshot(shop(**{"released": 600, **of_args}), *more, figures=figures, logs=logs("shop", line, since=since))


HOLDS = [
    *(
        Holds(
            f"it is quoted {what}",
            world(line),
            BACK,
            excludes=no("restart_workload", "scale_workload", at=SHOP),
            harmful=("restart_workload", "scale_workload"),
        )
        for what, line in (
            ("by a broker that grants no right to a group", GROUP),
            ("by a broker that has no such queue", QUEUE),
            ("by somebody outside who has no such model", MODEL),
        )
    ),
    Holds("nobody is seen to suffer: it is a worker", world(felt=False), BACK),
    Holds("it is one of several in a setting", world(now="orders-v2,returns", before="orders,returns"), BACK),
    Holds(
        "it is a word of the command",
        world(before=None, args=["--group", "orders-v2"], was=["--group", "orders"]),
        BACK,
    ),
]
HOST = "orders-v2.example.com"
RIGHTS = [thing("ConfigMap", "rights", age=30 * DAY, written=580, data={"a": "b"})]
DOES_NOT_HOLD = [
    DoesNotHold(what, each, instead)
    for what, each, instead in (
        ("the name of before is refused", world(OLD_NAME), BACK[1:]),
        ("it was refused before the release", world(since=2400), BACK[1:]),
        ("lines tell of it, and nobody refuses", world("INFO joined group orders-v2"), BACK[1:]),
        ("nobody had a name before", world(before=""), BACK[1:]),
        (
            "an object was written then",
            world(
                GROUP, "orders-v2", "orders", [thing("ConfigMap", "rights", age=30 * DAY, written=580, data={"a": "b"})]
            ),
            BACK[1:],
        ),
        (
            "it is a host, which may be away",
            world("ERROR orders-v2.example.com not found", "orders-v2.example.com", of="MQ_HOST"),
            BACK[1:],
        ),
        ("it is a plain word", world("ERROR unknown failure in second", "second", "first", of="MODE"), BACK[1:]),
        ("nobody released anything", world(before=None), ()),
    )
]
