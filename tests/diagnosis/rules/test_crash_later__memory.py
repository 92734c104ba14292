"""Containers of a new template are killed for memory again and again; what is no matter of the template."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import IMAGE, MORE, ROOM, SHOP, killed, rate, shop, with_helper
from tests.diagnosis.rules.test_memory_by_load__connections import crowd
from tests.diagnosis.rules.tiny import Obj, snapshot, workload


def limited(objects: list[Obj]) -> list[Obj]:
    """Return a shop to whose containers the namespace gave a limit that no template has."""
    for each in pods_of(objects):
        each["metadata"]["annotations"] = {
            "kubernetes.io/limit-ranger": "LimitRanger plugin set: memory limit for container shop"
        }
        given = {"resources": {"limits": {"memory": "100Mi"}}}
        each["spec"]["containers"] = [{**one, **given} for one in each["spec"]["containers"]]
    return objects


HOLDS = [
    Holds(
        "its containers are killed for memory since its limit was lowered",
        snapshot(killed(shop(before=MORE, released=1200, **ROOM), 2)),
        (SHOP, "configuration_error", "rollback_workload"),
        believed="memory_limit_cut",
    ),
    Holds(
        "its containers are killed for memory since it has a new image and a lower limit: the limit is what kills them",
        snapshot(killed(shop(before=IMAGE | MORE, released=1200, **ROOM), 2)),
        (SHOP, "configuration_error", "rollback_workload"),
        believed="memory_limit_cut",
    ),
    Holds(
        "its containers are killed for memory since it has a new image, which other rules know better",
        snapshot(killed(shop(before=IMAGE, released=1200), 2)),
        (SHOP, "code_defect", "rollback_workload"),
        believed="memory_since_release",
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "its containers are killed for memory as more sockets are held, as much for each as before",
        crowd(),
        (SHOP, "capacity", "scale_workload"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "its containers are killed for memory, and it gets twice as many requests",
        snapshot(killed(shop(before=IMAGE, released=1200), 2), figures=[rate("shop", 50, 100, since=900)]),
        (SHOP, "capacity", "scale_workload"),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "its containers are killed for memory, it gets twice as many requests, and another container may have less",
        snapshot(
            killed(with_helper(shop(before=IMAGE, released=1200), MORE, ROOM), 2),
            figures=[rate("shop", 50, 100, since=900)],
        ),
        (SHOP, "service_crash", "page_human"),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "its container is killed for memory again and again, and on the same node alone one of a neighbour is",
        snapshot(killed(shop(before=IMAGE, released=1200)), killed(workload("cart"))),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "its containers are killed for memory at a limit that the namespace gave them",
        snapshot(limited(killed(shop(before=IMAGE, released=1200), 2))),
        (SHOP, "service_crash", "page_human"),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "its containers are killed for memory since the limit was raised",
        snapshot(killed(shop(before=ROOM, released=1200, **MORE), 2)),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "its containers are killed for memory since it asks for less of a processor",
        snapshot(killed(shop(before={"resources": {"requests": {"cpu": "1"}}}, released=1200), 2)),
        harmful=("rollback_workload",),
    ),
]
