"""A release whose own code breaks is taken back, though another one was released a while before it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import again, pods_of, put
from tests.diagnosis.rules.scenes import CALLS_CART, CART, OLD, SHOP, errors, shop
from tests.diagnosis.rules.test_unanswered_since_release import REFUSED, RESET, RINGS, cart, tells
from tests.diagnosis.rules.tiny import Obj, pod, snapshot, timed
from tuheg_ir.diagnosis.model import Log, Snapshot

SAID = "ERROR cart answered 500 Internal Server Error (http://cart:8080/basket): upstream error"
KOTLIN = "java.util.NoSuchElementException: Key 2026-11-30 is missing in the map."
EMPTY = "java.util.NoSuchElementException: List is empty."
SCALA = "java.util.NoSuchElementException: key not found: EUR"
PYTHON = "KeyError: 'EUR'"
NODE = "TypeError: Cannot read properties of undefined (reading 'zone')"
GO = "http: panic serving 10.1.0.7:5120: runtime error: index out of range [3] with length 3"
OF_POOL = "java.util.NoSuchElementException: Timeout waiting for idle object"
LATE = "ERROR cart: context deadline exceeded (http://cart:8080/basket)"
WRAPS = "IllegalStateException: could not load basket: connect: connection refused"
FEW = [errors("shop", 0.02), errors("cart", 0.03)]
BACK = (CART, "code_defect", "rollback_workload")
HARM = ("restart_workload", "scale_workload")


def breaks(line: str, *, pods: int = 2, since: float = 555, times: int = 8) -> list[Log]:
    """Return what so many pods of the cart tell of their own code, amid the work of both."""
    found = []
    for number in (0, 1):
        faults = [(since - n * since / times, line) for n in range(times if number < pods else 0)]
        work = [(float(age), "INFO basket read") for age in range(590, 0, -40)]
        found.append(timed(pod("cart", number), *sorted([*work, *faults], key=lambda each: -each[0])))
    return found


def ending() -> list[Obj]:
    """Return the same cart, of which each pod has ended by itself twice since."""
    objects = cart()
    for each in pods_of(objects):
        put(each, again("Error", 2, age=300))
    return objects


def two(
    line: str = KOTLIN, *, first: float = 1200, said: str = SAID, by: list[Obj] | None = None, **given: Any
) -> Snapshot:
    """Return a cart that was released ten minutes ago, and its caller so long ago; few of all requests break it."""
    return snapshot(
        shop(env=CALLS_CART, before=OLD, released=first),
        by or cart(),
        logs=[*tells(said), *breaks(line, **given)],
        figures=FEW,
        alerts=RINGS,
    )


HOLDS = [
    *(
        Holds(
            f"its own code breaks since it was released, and its caller came ten minutes before: {what}",
            world,
            BACK,
            excludes=(*no("restart_workload", at=CART), *no("restart_workload", "rollback_workload", at=SHOP)),
            harmful=HARM,
        )
        for what, world in (
            ("a map in Kotlin", two()),
            ("an empty list", two(EMPTY)),
            ("a map in Scala", two(SCALA)),
            ("Python", two(PYTHON)),
            ("Node", two(NODE)),
            ("Go", two(GO)),
        )
    ),
    Holds(
        "its own code breaks since it was released, and it refuses its caller for it ends by that",
        two(GO, said=REFUSED, by=ending()),
        BACK,
        believed="crash_later",
        harmful=HARM,
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"its caller was released as well, and it may be that one: {what}",
            world,
            harmful=("rollback_workload", "scale_workload"),
        )
        for what, world in (
            ("it came two minutes before", two(first=700)),
            ("it came after", two(first=580)),
            ("nothing breaks", two("INFO basket read")),
            ("a pool has nothing left", two(OF_POOL)),
            ("what it tells only wraps that another one is away", two(WRAPS)),
            ("each pod broke twice", two(times=2)),
            ("one pod of two breaks", two(pods=1)),
            ("its caller is refused, which no fault of its code explains", two(PYTHON, said=REFUSED)),
            ("its caller is cut off, which no fault of its code explains", two(PYTHON, said=RESET)),
            ("its caller waits in vain, which no fault of its code explains", two(PYTHON, said=LATE)),
            ("it broke only minutes later", two(since=300)),
        )
    ),
]
