"""Memory runs out since a release: its code keeps what it gets, or a setting asks for more."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import HOUR, node, pods_of
from tests.diagnosis.rules.scenes import (
    IMAGE,
    MORE,
    OLD,
    ROOM,
    SHOP,
    alert,
    errors,
    killed,
    latency,
    rate,
    rising,
    shop,
)
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, at, figure, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Series, Snapshot


def scratch(before: dict[str, str], now: dict[str, str], *, called: str = "scratch") -> list[Obj]:
    """Return a shop whose containers are killed since the emptyDir of its scratch files is another one.

    ``called``: the name that it had before.
    """
    objects = killed(shop(before={}, released=HOUR), 2)
    for each in objects:
        older = each["kind"] == "ReplicaSet" and each["metadata"]["name"].endswith("-r1")
        body = each["spec"].get("template", each)["spec"]
        name, held = (called, before) if older else ("scratch", now)
        body["volumes"] = [{"name": name, "emptyDir": held}]
    return objects


def limited(objects: list[Obj]) -> list[Obj]:
    """Return a workload to whose pods the namespace gave a limit that no template has."""
    for each in pods_of(objects):
        note = "LimitRanger plugin set: memory limit for container shop"
        each["metadata"]["annotations"] = {"kubernetes.io/limit-ranger": note}
        each["spec"]["containers"] = [
            {**one, "resources": {"limits": {"memory": "100Mi"}}} for one in each["spec"]["containers"]
        ]
    return objects


def near(*more: Any, at: float = 0.96, was: float = 0.96, ends: int = 0, **told: Any) -> Snapshot:
    """Return a shop, released before it is measured, whose memory is near its limit; ``was``: an hour ago.

    ``ends``: so many of its containers were killed; ``more``: other objects and figures.
    """
    memory = rising(pod("shop", 1), was, at)
    objects = [each for each in more if isinstance(each, list)]
    figures = [each for each in more if isinstance(each, tuple)]
    return snapshot(killed(shop(before=IMAGE, released=2 * HOUR), ends), *objects, figures=[memory, *figures], **told)


def of_its_node() -> Snapshot:
    """Return a shop that was released two hours ago, and is killed at half its limit by a node that is full."""
    limits = {"resources": {"limits": {"memory": "2Gi"}}}
    objects = killed(shop(before=IMAGE, released=2 * HOUR, nodes=("n1", "n2"), **limits))
    full = node("n1", MemoryPressure="True")
    full["status"]["capacity"] = {"memory": "16Gi"}
    return snapshot(objects, full, node("n2"), figures=[figure("memory_bytes", 4e8, 1e9, pod=pod("shop", 0))])


def young(*shares: float, age: float = 1200, ends: int = 0, **more: Any) -> Snapshot:
    """Return a shop whose pods were all made by its release, and hold these shares of memory since, each for a while.

    ``shares``: of the last pod. The first one always holds much less; ``ends``: so many of them were killed.
    """
    step = age / 36
    points = tuple(
        (
            NOW.timestamp() - age + n * step,
            shares[min(n * len(shares) // 36, len(shares) - 1)] + (-0.0005, 0.0005)[n % 2],
        )
        for n in range(37)
    )
    memory = [("memory_share", Series({"pod": pod("shop", 1), "container": "shop"}, points))]
    figures = [*memory, figure("memory_share", 0.5, 0.5, pod=pod("shop", 0)), *more.pop("figures", [])]
    objects = [*killed(shop(before=IMAGE, released=age, **more.pop("limits", {})), ends), *more.pop("beside", [])]
    return snapshot(objects, figures=figures, **more)


def beyond(share: float, *, ends: int = 0, less: bool = False) -> Snapshot:
    """Return a shop of an hour one of whose pods holds more than its limit all the time, and the other that share.

    ``less``: the other one has less room.
    """
    objects = killed(shop(before=IMAGE, released=2 * HOUR, **ROOM), ends)
    if less:
        held = pods_of(objects)[1]["spec"]["containers"]
        pods_of(objects)[1]["spec"]["containers"] = [{**each, "resources": SMALL} for each in held]
    return snapshot(objects, figures=[rising(pod("shop", 0), 1.4, 1.41), rising(pod("shop", 1), share - 0.05, share)])


SMALL = {"limits": {"memory": "256Mi"}}
API = workload("api", before=OLD, released=630)
NEARLY = alert("MemoryNearLimit", deployment="shop")

HOLDS = [
    Holds(
        "memory has come to stand near its limit, and nobody misses any: a person looks what it is full of",
        near(alerts=[NEARLY]),
        (SHOP, "code_defect", "page_human"),
        harmful=("rollback_workload",),
    ),
    *(
        Holds(f"memory near its limit, {what}", world, (SHOP, "code_defect", "rollback_workload"))
        for what, world in (
            ("and it rises, if slowly", near(at=0.99, was=0.93)),
            ("and it came there within the hour", near(at=0.96, was=0.6)),
            ("and one like it was killed", near(ends=1)),
            ("and an alert is about it while it rises", near(at=0.99, was=0.93, alerts=[NEARLY])),
            ("and an alert is about it while it creeps up, as a leak of two days", near(was=0.944, alerts=[NEARLY])),
            ("and one like it was killed, whatever fires", near(ends=1, alerts=[NEARLY])),
            ("and it has come to stand, but it is slow", near(latency("shop", since=300), alerts=[NEARLY])),
            ("and it is slow for nearly as long as it is measured", near(latency("shop", since=3300))),
            ("and it rises since its pods were made", young(0.84, 0.87, 0.9, 0.92, 0.94, 0.97)),
            ("and it creeps up since its pods were made", young(*(0.92 + n / 1800 for n in range(36)))),
            ("and its pods hold it for a few minutes only", young(0.96, age=600)),
            ("and another pod of the release was killed", young(0.96, ends=1)),
            ("and those who ask its new pods suffer", young(0.96, figures=[errors("shop")])),
            ("and only a pod with more room is beyond its limit", beyond(0.97, less=True)),
            ("and one beyond its limit was killed at it all the same", beyond(0.97, ends=1)),
        )
    ),
    Holds(
        "memory came to stand near its limit as soon as its pods were made, and an alert is about it",
        young(0.96, alerts=[NEARLY]),
        (SHOP, "code_defect", "page_human"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "memory came near its limit just before it became slow, and stands there since",
        snapshot(
            killed(shop(before=IMAGE, released=3100), 0),
            figures=[figure("memory_share", 0.5, 0.96, 2760, pod=pod("shop", 1)), latency("shop", since=2700)],
        ),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    Holds(
        "scratch files that went from the disk into memory",
        snapshot(scratch({}, {"medium": "Memory"})),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "more room for scratch files in memory",
        snapshot(scratch({"medium": "Memory", "sizeLimit": "64Mi"}, {"medium": "Memory", "sizeLimit": "2Gi"})),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "new code that keeps what it gets",
        snapshot(killed(shop(before=IMAGE, released=2 * HOUR)), figures=[rising(pod("shop", 1), 0.3, 0.95)]),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    Holds(
        "a cache that a setting made larger",
        snapshot(
            killed(shop(before={"env": {"CACHE_MB": "100"}}, env={"CACHE_MB": "4000"}, released=HOUR)),
        ),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
]
HOLDS += [
    Holds(
        f"one of two pods was killed, and {what}",
        snapshot(killed(shop(before=IMAGE, released=HOUR, nodes=("n1", "n2"))), beside, figures=[errors("shop")]),
        (SHOP, "code_defect", "rollback_workload"),
    )
    for what, beside in (
        ("none of its neighbours", workload("cart", nodes=("n1", "n2"))),
        ("a neighbour on another node", killed(workload("cart", nodes=("n2", "n1")))),
        ("both pods of a neighbour", killed(workload("cart", nodes=("n1", "n2")), 2)),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "its node has no memory left and killed it at half its limit",
        of_its_node(),
        ("Node/n1", "resource_exhaustion", "page_human"),
    ),
    DoesNotHold(
        "one of two pods was killed, and on the same node alone one of a neighbour that was not released",
        snapshot(
            killed(shop(before=IMAGE, released=HOUR, nodes=("n1", "n2"))),
            killed(workload("cart", nodes=("n1", "n2"))),
            figures=[errors("shop")],
        ),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "who was killed was given a limit that is in no template",
        snapshot(limited(killed(shop(before=IMAGE, released=HOUR))), figures=[errors("shop")]),
        harmful=("rollback_workload",),
    ),
    DoesNotHold("memory stands near its limit for as long as it is measured, and nobody suffers", near(), ()),
    DoesNotHold(
        "memory stands near its limit since its pods were made, and nobody misses any",
        young(0.8, 0.95, 0.95, 0.95, 0.95),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "the same beside another one that fails since its own release",
        young(0.96, beside=API, figures=[errors("api")]),
        ("Deployment/api", "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "its pods hold more than their limit since they were made, and run on",
        young(1.07),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "another pod with that limit holds more than it all the time, and runs on",
        beyond(0.97),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "memory stood near its limit long before it became slow",
        near(latency("shop")),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "the same, and an alert is about what users feel",
        near(latency("shop"), alerts=[alert("ShopSlow", deployment="shop", starts=at(300))]),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "the same beside another one that fails since its release",
        near(workload("api", before=OLD, released=630), errors("api")),
        ("Deployment/api", "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "the release cut the limit",
        snapshot(killed(shop(before=MORE, released=1200, **ROOM))),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    DoesNotHold(
        "the release is weeks old",
        snapshot(
            killed(shop(before=IMAGE, released=20 * DAY)),
            figures=[rising(pod("shop", 1), 0.6, 0.95), rate("shop", 20, 20)],
        ),
        (SHOP, "resource_exhaustion", "restart_workload"),
    ),
    DoesNotHold(
        "its scratch files got less room on the disk",
        snapshot(scratch({"sizeLimit": "2Gi"}, {"sizeLimit": "1Gi"})),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "its scratch files are in memory as ever, under another name",
        snapshot(scratch({"medium": "Memory"}, {"medium": "Memory"}, called="tmp")),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "its scratch files left the memory",
        snapshot(scratch({"medium": "Memory"}, {})),
        harmful=("rollback_workload", "restart_workload"),
    ),
]
