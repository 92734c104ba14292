"""Worlds of a program that asked the cluster for an object before it was made, and of near misses."""

from __future__ import annotations

from collections.abc import Mapping

from tests.diagnosis.rules.scenes import alert, shop
from tests.diagnosis.rules.tiny import at, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

MISSED = 'ERROR unable to fetch Flag town/lanes: flags.core.example.com "lanes" not found'
OTHERS = (
    r'{"level":"error","msg":"watch failed: flags.core.example.com \"lanes\" not found"}',
    'ERROR init: flags "lanes" not found',
)
LATE = (
    "WARN stream ended, will retry: io.grpc.StatusRuntimeException: DEADLINE_EXCEEDED: deadline exceeded after 9.999s. "
    "[closed=[], open=[[remote_addr=shop/10.96.0.9:8080]]]"
)
ENV = {"SHOP_URL": "http://shop:8080", "SELECTOR": "core.example.com/town/lanes"}
WORKS = (5000, 4000, 900, 300)


def early(
    said: str = MISSED,
    *after: str,
    asked: float = 3600,
    made: float = 3300,
    kind: str = "Flag",
    waits: str = LATE,
    works: tuple[float, ...] = WORKS,
    env: Mapping[str, str] = ENV,
    pods: int = 1,
    age: float = 600,
) -> Snapshot:
    """Return a shop whose pod asked for an object that was made only then, and a caller that waits for it.

    ``after``: what the pod tells of it ``age`` seconds ago; ``works``: when it served others; ``pods``: how many has
    the shop, of which the first asked.
    """
    told = [(asked, said), *((each, "INFO prices updated, 2 subscribers") for each in works)]
    told += [(age, line) for line in after]
    shops = [Log(pod("shop"), "shop", tuple(f"{at(then)} {line}" for then, line in sorted(told, reverse=True)))]
    shops += [Log(pod("shop", n), "shop", (f"{at(300)} INFO prices updated",)) for n in range(1, pods)]
    cart = Log(pod("cart"), "cart", tuple(f"{at(3500 - 120 * n)} {waits}" for n in range(29)))
    return snapshot(
        shop(pods=pods),
        workload("cart", env=env),
        thing(kind, "lanes", age=made),
        logs=[*shops, cart],
        alerts=[alert(app="cart")],
    )


EARLY = [
    ("it says so", early()),
    *((f"it says so: {line}", early(line)) for line in OTHERS),
    ("the object is a Secret", early('ERROR secrets "lanes" not found', kind="Secret")),
    ("each of its pods asked before", early(pods=1, asked=3400)),
]
NOT_EARLY = [
    ("the object was there when it asked", early(made=4000)),
    ("there is none of the kind", early(kind="Gate")),
    ("another object was missed", early(MISSED.replace('"lanes"', '"tolls"'))),
    ("it was made just now", early(made=200)),
    ("it has it since", early(MISSED, "INFO lanes updated, 1 subscriber")),
    ("it asks for it again", early(MISSED, MISSED)),
    ("it says nothing at all since", early(works=(5000, 4000))),
    ("nobody waits for it", early(waits="INFO lane chosen")),
    ("who waits wants something else of it", early(env={"SHOP_URL": "http://shop:8080"})),
    ("another of its pods has it", early(pods=2)),
    ("it was days ago", early(asked=90000, made=88000)),
]
