"""Memory that goes with what clients hold open, or with requests that pods count: no release fills it, nor a leak."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, MORE, ROOM, SHOP, autoscaler, killed, rate, rising, shop
from tests.diagnosis.rules.tiny import DAY, NOW, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

RELEASED, GREW, FULL = 3000, 1500, 330
"""Ages of the release, of the moment from which the load grows, and of the last figure before the kill."""
STOOD, MOST = 4000.0, 18000.0
BASE, EACH = 0.12, 0.86 / MOST
OLD = "shop-5f7c9d8b6b-older"
ROLLBACK = (SHOP, "code_defect", "rollback_workload")
SCALE = (SHOP, "capacity", "scale_workload")
Shape = Callable[[float], float]
"""Age in seconds -> a value."""


def climb(low: float = STOOD, high: float = MOST, grew: float = GREW) -> Shape:
    """Return what stands, climbs evenly until the kill, and begins anew after it."""

    def value(age: float) -> float:
        if age < FULL:
            return low / 2
        return low + (high - low) * max(0.0, (grew - age) / (grew - FULL))

    return value


def waves(age: float) -> float:
    """Return what comes and goes, and is more each time."""
    top = MOST * (0.45 + 0.55 * (3600 - age) / (3600 - FULL))
    return STOOD / 2 if age < FULL else top * (1 - 0.7 * abs((age - FULL) % 1200 - 600) / 600 * (age > FULL + 600))


def tides(age: float) -> float:
    """Return what rises, falls by more than half as much, and rises on: never again as little as at first."""
    if age < FULL:
        return STOOD / 2
    if age >= 2400:
        return 12000 - (age - 2400) * 8000 / 1200
    return 7000 + (age - GREW) * 5000 / 900 if age >= GREW else climb(7000)(age)


def held(load: Shape, each: float = EACH) -> Shape:
    """Return the share of a limit that a load takes, as much for each."""
    return lambda age: BASE + each * load(age)


def summed(load: Shape, since: float) -> Shape:
    """Return memory that all who came have left behind, since the first of them."""

    def value(age: float) -> float:
        first, last = (sum(load(a) for a in range(int(since), int(end), -30)) for end in (age, FULL - 1))
        return 0.3 if age < FULL else 0.2 + 0.78 * first / last

    return value


def shape(signal: str, name: str, value: Shape, begun: int = 3600, ended: int = 0) -> tuple[str, Series]:
    """Return a series of a pod between two ages."""
    points = tuple((NOW.timestamp() - age, value(age)) for age in range(begun, ended - 1, -30))
    return signal, Series({"pod": name} | ({"container": "shop"} if signal == "memory_share" else {}), points)


def crowd(
    load: Shape | None = None,
    memory: Shape | None = None,
    *,
    signal: str = "clients_connected",
    come: Shape | None = None,
    former: Shape | None = None,
    released: float = RELEASED,
    figures: Iterable[tuple[str, Series]] = (),
    objects: Iterable[Any] = (),
    pods: int = 2,
    **made: Any,
) -> Snapshot:
    """Return a shop that is killed for memory; ``former``: what its pods held before a release, of as many clients."""
    load = load or climb()
    memory = memory or held(load)
    begun = int(released) - 30 if released < 3600 else 3600
    told: list[tuple[str, Series]] = []
    for n in range(2):
        told += [
            shape(signal, pod("shop", n), load, begun),
            shape("memory_share", pod("shop", n), memory, begun),
            *([shape("request_rate_by_pod", pod("shop", n), come, begun)] if come else []),
        ]
    if former:
        told += [
            shape(signal, OLD, lambda _: 2 * STOOD, 3600, int(released)),
            shape("memory_share", OLD, former, 3600, int(released)),
        ]
    made = {"before": IMAGE, "released": released, "pods": pods} | made
    return snapshot(killed(shop(**made), 2), *objects, figures=[*told, *figures])


def beside(value: Shape) -> list[tuple[str, Series]]:
    """Return the memory of a proxy beside the program in both pods."""
    told = (shape("memory_share", pod("shop", n), value, RELEASED - 30) for n in range(2))
    return [(signal, Series({**series.labels, "container": "proxy"}, series.points)) for signal, series in told]


def moved(ended: int) -> Snapshot:
    """Return three pods of which one is measured until an age, and two that hold as many more as it had."""
    load = climb(6000, 10000)
    lost = shape("clients_connected", pod("shop", 2), lambda _: 8000, RELEASED - 30, ended)
    return crowd(load, held(load, 0.86 / 10000), figures=[lost], pods=3)


TWICE = held(lambda _: 2 * STOOD)
HOLDS = [
    *(
        Holds(f"long after a release {what}", world, SCALE, harmful=("rollback_workload", "restart_workload"))
        for what, world in (
            ("more sockets are held, as much for each", crowd()),
            ("more sockets are held, and more clients come", crowd(come=climb(1, 9))),
            ("more sockets are held, as much for each as before it", crowd(former=TWICE)),
            ("pods count more requests, as much for each", crowd(signal="request_rate_by_pod")),
            ("sessions come and go, and memory with them", crowd(waves)),
            (
                "more sockets are held, and the ingress counts far fewer than stay",
                crowd(figures=[rate("shop", 0.1, 0.1)]),
            ),
            ("more sockets are held, and the ingress counts some more", crowd(figures=[rate("shop", 50, 70, GREW)])),
            ("more sockets are held, and the proxy beside stands", crowd(figures=beside(lambda _: 0.85))),
            ("more sockets are held, and the proxy beside follows them too", crowd(figures=beside(held(climb())))),
            (
                "more sockets are held, and a pod was lost long before",
                crowd(figures=[shape("clients_connected", pod("shop", 2), lambda _: 32000, 2970, GREW + 900)], pods=3),
            ),
            (
                "sessions grew at one moment",
                crowd(lambda age: STOOD / 2 if age < FULL else MOST if age < GREW else STOOD),
            ),
        )
    ),
    Holds(
        "soon after a release more sockets are held, as much for each as before it, and more clients come",
        crowd(climb(grew=1500), former=TWICE, come=climb(1, 9), released=2400),
        SCALE,
        harmful=("rollback_workload",),
    ),
    Holds(
        "without a release more sockets are held, as much for each",
        crowd(released=20 * DAY),
        SCALE,
        harmful=("restart_workload",),
    ),
    Holds(
        "without a release sockets come and go, and memory with them",
        crowd(tides, released=20 * DAY),
        SCALE,
        harmful=("restart_workload",),
    ),
    Holds(
        "more sockets are held, and the autoscaler may make no more",
        crowd(objects=[autoscaler("shop", 2, 2)]),
        (SHOP, "capacity", "page_human"),
        excludes=no("scale_workload", at=SHOP),
    ),
    Holds(
        "more sockets are held since a client of it was released: that may leave them open",
        crowd(
            objects=[
                workload("web", env={"SHOP_URL": "http://shop:8080"}, before={"image": "web:0"}, released=GREW + 60)
            ]
        ),
        (SHOP, "capacity", "page_human"),
        harmful=("scale_workload",),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"since a release {what}", world, ROLLBACK, harmful=("scale_workload",))
        for what, world in (
            ("sockets grow with its pods: it closes none", crowd(climb(grew=2900), released=RELEASED)),
            ("sockets grow soon after it, and nobody knows how it was before", crowd(released=2400)),
            ("sockets grow, and no more clients come", crowd(come=climb(3, 3))),
            ("sockets grow, and the ingress counts as many as ever", crowd(figures=[rate("shop")])),
            ("sockets grow, and the ingress counts fewer", crowd(figures=[rate("shop", 50, 30, GREW)])),
            *(
                (
                    f"the proxy beside a program that is killed at once {what}",
                    crowd(memory=lambda age: 0.6 if age >= FULL else 0.4, figures=beside(held(climb(), each))),
                )
                for what, each in (("fills with sockets", EACH), ("holds more sockets", 0.73 / MOST))
            ),
            *(
                (f"the sockets of a pod that was lost {gap} s before come to those that fill up", moved(GREW + gap))
                for gap in (0, 70, 300)
            ),
            ("memory rises, and as many sockets are held as ever", crowd(lambda _: STOOD, climb(0.3, 0.97, 2900))),
            ("memory rises before the sockets do", crowd(memory=climb(0.3, 0.97, 2900))),
            ("each that comes leaves something behind", crowd(memory=summed(climb(), GREW))),
            ("each request leaves something behind", crowd(signal="request_rate_by_pod", memory=summed(climb(), 2970))),
            ("memory stays where the sessions go", crowd(waves, climb(0.3, 0.97, 2900))),
            ("each takes far more than under the former template", crowd(former=held(lambda _: 0.6 * STOOD))),
            (
                "pods fill up, and those that are measured to follow are one of two",
                crowd(figures=[rising(pod("shop", 2), 0.4, 0.97), rising(pod("shop", 3), 0.4, 0.97)], pods=4),
            ),
            (
                "the sockets of another pod come to those that fill up",
                crowd(figures=[shape("clients_connected", pod("shop", 2), climb(32000, STOOD), RELEASED - 30)], pods=3),
            ),
        )
    ),
    *(
        DoesNotHold(
            f"without a release {what}",
            world,
            (SHOP, "resource_exhaustion", remedy),
            harmful=("scale_workload", "rollback_workload"),
        )
        for what, world, remedy in (
            (
                "sockets grow, and the ingress counts fewer",
                crowd(figures=[rate("shop", 50, 30)], released=20 * DAY),
                "restart_workload",
            ),
            (
                "the proxy beside a program that is killed at once fills with sockets",
                crowd(
                    memory=lambda age: 0.6 if age >= FULL else 0.4,
                    figures=beside(held(climb())),
                    released=20 * DAY,
                ),
                "page_human",
            ),
        )
    ),
    DoesNotHold(
        "its limit was cut, and more sockets are held",
        crowd(before=MORE, **ROOM),
        (SHOP, "configuration_error", "rollback_workload"),
        harmful=("scale_workload",),
    ),
    DoesNotHold(
        "more sockets are held, and what is measured leaves room: something took it at once",
        crowd(memory=held(climb(), EACH / 3)),
        ROLLBACK,
    ),
    DoesNotHold(
        "more clients come to a cache, and it would not share them",
        crowd(image="valkey/valkey:8", before={"image": "valkey/valkey:7"}),
        harmful=("scale_workload",),
    ),
]
