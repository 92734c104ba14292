"""Worlds of a program that asked the cluster for an object before it was made, and of near misses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tests.diagnosis.rules.scenes import alert, errors, shop
from tests.diagnosis.rules.tiny import Obj, at, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

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
    label: str = "lanes",
    waits: str = LATE,
    works: tuple[float, ...] = WORKS,
    env: Mapping[str, str] = ENV,
    others: Sequence[str] = (),
    age: float = 600,
    late: float = 3500,
    until: float = 0,
    told: Iterable[Log] = (),
    beside: Iterable[Obj] = (),
    figures: Iterable[tuple[str, Series]] = (),
) -> Snapshot:
    """Return a shop whose pod asked for an object that was made only then, and a caller that waits for it.

    ``after``: what the pod tells of it ``age`` seconds ago; ``works``: when it served others; ``others``: what
    further pods of the shop told as the first one asked; ``late``, ``until``: when the caller waits; ``told``: logs of
    others.
    """
    lines = [(asked, said), *((each, "INFO prices updated, 2 subscribers") for each in works)]
    lines += [(age, line) for line in after]
    shops = [Log(pod("shop"), "shop", tuple(f"{at(then)} {line}" for then, line in sorted(lines, reverse=True)))]
    for n, each in enumerate(others, 1):
        shops.append(Log(pod("shop", n), "shop", (f"{at(asked)} {each}", f"{at(300)} INFO prices updated")))
    return snapshot(
        shop(pods=len(shops)),
        workload("cart", env=env),
        thing(kind, label, age=made),
        beside,
        logs=[*shops, waiting("cart", late, waits, until), *told],
        alerts=[alert(app="cart")],
        figures=figures,
    )


def waiting(caller: str, since: float = 3500, line: str = LATE, until: float = 0) -> Log:
    return Log(pod(caller), caller, tuple(f"{at(since - (since - until) / 29 * n)} {line}" for n in range(29)))


BESIDE = Log(pod("shop"), "beside", (f"{at(3600)} {MISSED}", f"{at(300)} INFO prices updated"))
OF_SHOP = {"SHOP_URL": "http://shop:8080"}

EARLY = [
    ("it says so", early()),
    *((f"it says so: {line}", early(line)) for line in OTHERS),
    ("the object is a Secret", early('ERROR secrets "lanes" not found', kind="Secret")),
    ("it asked for it more than once", early(MISSED, MISSED, age=3400)),
    ("each of its pods asked for it", early(others=[MISSED])),
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
    ("another of its pods has it", early(others=["INFO lanes read"])),
    ("it was days ago", early(asked=90000, made=88000)),
    ("it is called as the shop is", early('ERROR secrets "shop" not found', kind="Secret", label="shop", env=OF_SHOP)),
    ("others wait for the shop as well", early(beside=workload("desk", env=OF_SHOP), told=[waiting("desk", 900)])),
    ("nobody waited for it until long after", early(late=900)),
    ("nobody waits for it since it was made", early(made=640, until=660, works=(*WORKS, 500))),
    ("the shop itself fails", early(figures=[errors("shop", 0.4)])),
    ("only one of its pods did, by two containers", early(others=["INFO lanes read"], told=[BESIDE])),
    (
        "each pod missed another",
        early(others=[MISSED.replace("lanes", "tolls")], beside=[thing("Flag", "tolls", age=3300)]),
    ),
]
