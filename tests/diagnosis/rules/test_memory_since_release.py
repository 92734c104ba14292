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
from tests.diagnosis.rules.tiny import DAY, Obj, at, figure, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot


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
        )
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
