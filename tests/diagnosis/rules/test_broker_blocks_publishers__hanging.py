"""Readers that hang on what nobody tells of hold full hands as well: nothing shows that their release keeps them."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP
from tests.diagnosis.rules.test_broker_blocks_publishers__unacked import (
    FULL,
    LABELS,
    SINCE_HOUR,
    TAKES,
    anew,
    fills,
    full,
    held,
    needing,
    readers,
    waits,
)
from tests.diagnosis.rules.tiny import session

HOLDS = [
    *(
        Holds(
            f"readers may hang on somebody who is not told of: {what}",
            world,
            FULL,
            excludes=no("restart_workload", "rollback_workload", at=SHOP),
            spares=no("restart_workload", at=LABELS),
            harmful=("rollback_workload",),
        )
        for what, world in (
            ("their only database came anew just before", needing(anew(30.5))),
            ("it was started again just before, as the same pod", needing(anew(30.5, started=True))),
            (
                "it came anew as they stopped, longer than an hour ago",
                needing(anew(82), stopped=(80, 81), released=7200),
            ),
            ("it lists that they wait for a lock", needing(session(LABELS, "active", 2, wait="Lock", age_s=40.0))),
            ("they are at one statement since", needing(session(LABELS, "active", 2, age_s=1790.0))),
            ("a transaction of theirs rests since", needing(session(LABELS, "idle in transaction", 1, age_s=1790.0))),
            (
                "they were handed most of what they hold as they stopped",
                full(stopped=(30, 29), **{**SINCE_HOUR, "figures": [held(6, 100, 30), readers(), waits()]}),
            ),
            (
                "what comes fills their hands since they stopped",
                full(stopped=(30, 29), **{**SINCE_HOUR, "figures": [fills(30, 26), readers(), waits()]}),
            ),
            (
                "they held little when they were counted first, and had stopped",
                full(figures=[held(6, 100), readers(), waits()]),
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("the broker takes all still, and its readers hang", needing(anew(30.5), says=TAKES), ()),
]
