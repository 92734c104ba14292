"""A host outside failed once or twice and answers all others well: nobody suffers from that."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.refusing import HOST
from tests.diagnosis.rules.scenes import CART, shop
from tests.diagnosis.rules.tiny import pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

FAILS = (CART, "dependency_failure", "page_human")
FAILED = 300.0


def called(*ages: float, well: str = "200 in 572 ms", host: str = HOST) -> Snapshot:
    """Return a cart that nobody measures: one call failed at a host, which answered others at some ages."""
    told = [(age, f"INFO webhook POST https://{host}/hook -> {well} event=paid") for age in ages]
    failed = (FAILED, f"INFO webhook POST https://{HOST}/hook -> 500 in 901 ms event=paid")
    told = sorted([*told, failed], reverse=True)
    return snapshot(workload("cart"), shop(), logs=[timed(pod("cart"), *told)])


HOLDS = [
    Holds(f"few calls fail, and {what}", world, FAILS)
    for what, world in (
        ("the last one is of them", called(800, 700, 600, 500)),
        ("hardly more went well", called(500, 400, 200)),
        ("what else is asked there is refused", called(500, 400, 200, 100, well="403 in 20 ms")),
        ("another host answers", called(500, 400, 200, 100, host="other.example.com")),
        ("nothing tells how it answers else", called()),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(f"the host answers far more calls well, and did so last: {what}", called(*ages, well=well))
    for what, ages, well in (
        ("each in half a second", (500, 400, 200, 100), "200 in 572 ms"),
        ("in another word", (500, 450, 400, 350, 200), "accepted"),
        ("without content", (500, 450, 280, 200), "204"),
    )
]
