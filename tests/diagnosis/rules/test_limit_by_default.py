"""A LimitRange gives new pods a limit, which holds them back or kills them: further ones would get it as well."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of, reown
from tests.diagnosis.rules.scenes import ROOM, SHOP, killed, latency, rate, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, figure, pod, snapshot, thing
from tuheg_ir.diagnosis.model import Series, Snapshot

NOTE = "LimitRanger plugin set: {} for container {}"


def given(
    objects: list[Obj],
    *numbers: int,
    cpu: str = "250m",
    note: str = "cpu, memory limit",
    age: float = 1800,
    limits: dict[str, str] | None = None,
    of: str = "shop",
) -> list[Obj]:
    """Return a workload of which some pods are younger and were given a limit."""
    for index, each in enumerate(pods_of(objects)):
        if index in numbers:
            each["metadata"] |= {
                "creationTimestamp": at(age),
                "annotations": {"kubernetes.io/limit-ranger": NOTE.format(note, of)},
            }
            has(each, limits or {"cpu": cpu})
    return objects


def has(made: Obj, limits: dict[str, str]) -> None:
    """Give a pod limits of its own."""
    own = made["spec"]["containers"][0]
    made["spec"] = {**made["spec"], "containers": [{**own, "resources": {"limits": limits}}]}


def dropped() -> Snapshot:
    """Return a shop whose release dropped its processor limit: the younger pods were given less, and are slow."""
    objects = given(shop(pods=4, before={"resources": {"limits": {"cpu": "2"}}}, released=5 * 3600), 2, 3)
    for each in pods_of(objects)[:2]:
        reown(each, "shop-r1", 9 * DAY)
        has(each, {"cpu": "2"})
    return snapshot(objects, default(age=90 * DAY), figures=held(2, 3))


def default(cpu: str = "250m", given: dict[str, str] | None = None, **more: Any) -> Obj:
    limits = [{"type": "Container", "default": given or {"cpu": cpu}}]
    return thing("LimitRange", "defaults", spec={"limits": limits}, **more)


def held(*numbers: int, of: int = 4, ill: tuple[int, ...] | None = None) -> list[tuple[str, Series]]:
    """Return the figures of pods of which some are throttled, and these (or others) slow."""
    slow = numbers if ill is None else ill
    return [
        latency("shop"),
        *(figure("throttled_share", 0.01, 0.7, pod=pod("shop", n), container="shop") for n in numbers),
        *(figure("cpu_share", 0.3, 0.6, pod=pod("shop", n), container="shop") for n in numbers),
        *(figure("latency_p95_by_pod", 0.1, 2.5 if n in slow else 0.1, 1500, pod=pod("shop", n)) for n in range(of)),
    ]


SMALL = {"memory": "512Mi"}
MIB = 1024.0**2


def filled(*more: Any, of: int = 3, older: float | None = 850, own: Obj | None = None, **shop_is: Any) -> Snapshot:
    """Return a shop of which two young pods were given a memory limit and are killed at it again and again.

    ``older``: how much the others hold, which are of the template before if there is one; ``own``: its limits.
    """
    objects = given(shop(pods=of, **shop_is), 0, 1, note="memory limit", age=4 * 3600, limits=SMALL)
    for each in pods_of(objects)[2:] if "before" in shop_is else ():
        reown(each, "shop-r1", 9 * DAY)
        if own is not None:
            has(each, own)
    held = [] if older is None else [(pod("shop", n), older * MIB) for n in range(2, of)]
    figures = [figure("memory_bytes", much, much, pod=named) for named, much in held]
    return snapshot(killed(objects, 2), *more, figures=figures)


FOUND = (SHOP, "configuration_error", "page_human")
NEW: dict[str, Any] = {"before": {"image": "registry.example/shop:0"}, "released": 5 * 3600}
DEFAULT = default(age=DAY, given=SMALL)
OF_OLD = default(age=90 * DAY, given=SMALL)
LARGE = {"memory": "1Gi"}


def lost(limits: Obj, **more: Any) -> dict[str, Any]:
    """Return a release that dropped limits, and what else it changed."""
    return {"before": {"resources": {"limits": limits}, **more}, "released": 5 * 3600}


IMAGE_TOO = lost(LARGE, image="registry.example/shop:0")
HOLDS = [
    *(
        Holds(
            f"a release dropped a limit of its own, and a lower one by default is older than that: {what}",
            world,
            (SHOP, "configuration_error", "rollback_workload"),
            excludes=no("restart_workload", at=SHOP),
            spares=no("rollback_workload", at=SHOP),
            harmful=("restart_workload", "scale_workload", "page_human"),
            sure=(0.65, 0.9),
            began=5 * 3600,
        )
        for what, world in (
            ("it has another image too", filled(OF_OLD, own=LARGE, **IMAGE_TOO)),
            ("it changed nothing else", filled(OF_OLD, own=LARGE, **lost(LARGE))),
            ("nobody measures what the template before needs", filled(OF_OLD, own=LARGE, older=None, **IMAGE_TOO)),
            ("none of the template before is left", filled(OF_OLD, of=2, **IMAGE_TOO)),
            ("nobody sees which default it is", filled(own=LARGE, **IMAGE_TOO)),
            ("of the processor", dropped()),
        )
    ),
    Holds(
        "a release dropped a limit of its own, and the default came later",
        filled(default(age=4.5 * 3600, given=SMALL), of=2, **IMAGE_TOO),
        FOUND,
        harmful=("restart_workload", "rollback_workload", "scale_workload"),
    ),
    Holds(
        "the younger ones have a memory limit and are killed at it, the older one lives without and holds more",
        filled(default(age=90 * DAY, written=3 * DAY, given=SMALL)),
        FOUND,
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
        alone=True,
        harmful=("restart_workload", "rollback_workload", "scale_workload"),
        sure=(0.8, 1.0),
        began=4 * 3600,
    ),
    *(
        Holds(
            f"they were released since the default of memory came: who goes back has it too; {what}",
            world,
            FOUND,
            harmful=("restart_workload", "rollback_workload", "scale_workload"),
            sure=(0.5, 0.65),
        )
        for what, world in (
            ("one of the template before lives without it and holds more", filled(DEFAULT, **NEW)),
            ("nobody measured what one of the template before holds", filled(DEFAULT, older=None, **NEW)),
            ("none of the template before is left", filled(DEFAULT, of=2, **NEW)),
        )
    ),
    Holds(
        "all were made anew since a default of memory of today, and are killed at it",
        filled(default(age=DAY / 3, given=SMALL), of=2),
        FOUND,
        harmful=("restart_workload", "rollback_workload", "scale_workload"),
    ),
    Holds(
        "the younger half has the limit and is slow, the older one is well",
        snapshot(given(shop(pods=4), 2, 3), default(age=DAY), figures=held(2, 3)),
        FOUND,
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
        alone=True,
        harmful=("restart_workload", "rollback_workload", "no_action"),
        sure=(0.85, 1.0),
    ),
    Holds(
        "one of four was made anew; the default is old and not to be seen",
        snapshot(given(shop(pods=4), 3, note="cpu request for container shop; cpu limit"), figures=held(3)),
        FOUND,
        harmful=("restart_workload",),
    ),
    Holds(
        "the default was lowered: the older half was given a higher limit and is well",
        snapshot(
            given(given(shop(pods=4), 0, 1, cpu="2", age=9 * DAY), 2, 3), default(written=DAY), figures=held(2, 3)
        ),
        FOUND,
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
        harmful=("restart_workload", "scale_workload"),
        sure=(0.85, 1.0),
    ),
    Holds(
        "all were made anew since a default of today",
        snapshot(given(shop(), 0, 1), default(age=DAY / 3), figures=[*held(0, 1, of=2)]),
        FOUND,
        harmful=("scale_workload", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"a release dropped a limit of its own, but {what}: a person looks",
            world,
            (SHOP, "service_crash", "page_human"),
            harmful=("restart_workload",),
        )
        for what, world in (
            ("the template before does with less than is given", filled(OF_OLD, own=LARGE, older=200, **IMAGE_TOO)),
            ("it was no higher than what is given", filled(OF_OLD, of=2, **lost(SMALL, image="shop:0"))),
            ("that was one release earlier, and an older pod has it still", filled(OF_OLD, own=LARGE, **NEW)),
        )
    ),
    *(
        DoesNotHold(f"they are killed at a memory limit that they were given, but {what}", world, (SHOP, *rest))
        for what, world, *rest in (
            ("who lives without it does with less", filled(DEFAULT, older=200), "resource_exhaustion", "page_human"),
            ("all have had it for long", filled(default(given=SMALL), of=2), "resource_exhaustion", "page_human"),
            (
                "it is their template's",
                filled(DEFAULT, of=2, resources={"limits": SMALL}),
                "resource_exhaustion",
                "page_human",
            ),
        )
    ),
    DoesNotHold(
        "the default was raised: the older half keeps the lower limit, and new pods are well",
        snapshot(
            given(given(shop(pods=4), 0, 1, age=9 * DAY), 2, 3, cpu="2"), default("2", written=DAY), figures=held(0, 1)
        ),
        (SHOP, "service_crash", "restart_workload"),
    ),
    DoesNotHold(
        "the default was taken away: younger pods are without a limit, and well",
        snapshot(given(shop(pods=4, age=600), 0, 1, age=9 * DAY), figures=held(0, 1)),
        (SHOP, "service_crash", "restart_workload"),
    ),
    DoesNotHold(
        "the lower default is older than all pods, those with a higher limit of long ago are as busy",
        snapshot(
            given(given(shop(pods=4), 0, 1, cpu="2", age=9 * DAY), 2, 3),
            default(),
            figures=held(0, 1, 2, 3),
        ),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "all had the default before it was written again",
        snapshot(
            given(shop(), 0, 1), default(written=600), figures=[*held(0, 1, of=2), rate("shop", before=50, now=150)]
        ),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "all have the default for long, and requests have grown",
        snapshot(given(shop(), 0, 1), default(), figures=[*held(0, 1, of=2), rate("shop", before=50, now=150)]),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "those with the limit are not held back by it: one of them is stuck",
        snapshot(
            given(shop(pods=4), 2, 3),
            default(age=DAY),
            figures=[each for each in held(3) if each[0] not in ("throttled_share", "cpu_share")],
        ),
        (SHOP, "service_crash", "restart_workload"),
    ),
    DoesNotHold(
        "the processor limit is the template's own, and they were given one of memory alone",
        snapshot(given(shop(pods=4, **ROOM), 2, 3, note="memory limit"), default(age=DAY), figures=held(2, 3)),
        (SHOP, "service_crash", "restart_workload"),
    ),
    DoesNotHold(
        "a pod without the limit is the slow one",
        snapshot(given(shop(pods=4), 3), default(age=DAY), figures=held(3, ill=(0,))),
        (SHOP, "service_crash", "restart_workload"),
    ),
    DoesNotHold(
        "nobody feels it", snapshot(given(shop(pods=4), 2, 3), default(age=DAY), figures=held(2, 3, ill=())[1:])
    ),
]
