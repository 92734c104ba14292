"""Pods of a release that run and never become ready."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.inits import as_before
from tests.diagnosis.rules.pods import HOUR, later, looping, old_anew, pods_of, put, rollout, waiting
from tests.diagnosis.rules.scenes import IMAGE, SHOP, logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, snapshot, thing, workload

LOST = "ERROR dial tcp: lookup ledger.partner.example on 10.96.0.10:53: no such host"
READS = {"volumes": [{"name": "c", "configMap": {"name": "settings"}}]}


def once_ready() -> list[Obj]:
    """Return a shop of which one pod, of the same old template as the others, is ready no more."""
    objects = shop(pods=3, ready=2, before=IMAGE, released=9 * DAY)
    put(pods_of(objects)[2], {"ready": False}, unready=600)
    return objects


def before_fails_too() -> list[Obj]:
    """Return a roll-out with another init container, at which a pod of the older template fails as well."""
    objects = as_before(now=[{"name": "migrate", "image": "migrate:3"}])
    old_anew(objects, waiting("PodInitializing"), age=HOUR)
    made = pods_of(objects)[1]
    made["spec"]["initContainers"] = [{"name": "migrate", "image": "migrate:2"}]
    made["status"]["initContainerStatuses"] = [{"name": "migrate", **looping()}]
    return objects


def older_alike(age: float) -> list[Obj]:
    """Return a roll-out whose pods never become ready, and a pod of the template before that never did either."""
    objects = rollout("shop", {"ready": False}, before=IMAGE)
    old_anew(objects, {"ready": False}, age=age)
    return objects


HOLDS = [
    Holds(
        "a pod of the older template, made before the release, has never been ready either",
        snapshot(older_alike(2 * HOUR)),
        (SHOP, "dependency_failure", "page_human"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "new code",
        snapshot(rollout("shop", {"ready": False}, before=IMAGE)),
        (SHOP, "code_defect", "rollback_workload"),
        excludes=no("restart_workload", at=SHOP),
    ),
]
HOLDS += [
    Holds(
        what,
        snapshot(rollout("shop", status, before=IMAGE), other, logs=told),
        (SHOP, "dependency_failure", "page_human"),
        excludes=no("restart_workload", at=SHOP),
        believed=believed,
        harmful=("restart_workload",),
    )
    for what, status, other, told, believed in (
        (
            "another one that nobody released does not find the same host",
            {"ready": False},
            workload("api"),
            [*logs("shop", LOST, 2), *logs("api", LOST, 1)],
            "wrong_host_name",
        ),
        (
            "a pod of another one that nobody released cannot pull its image either",
            waiting("ImagePullBackOff"),
            later(workload("api", pods=3), 1, waiting("ImagePullBackOff")),
            [],
            "image_cannot_be_pulled",
        ),
    )
]
HOLDS += [
    Holds(
        "another one does not find another host",
        snapshot(
            rollout("shop", {"ready": False}, before=IMAGE),
            workload("api"),
            logs=[*logs("shop", LOST, 2), *logs("api", LOST.replace("ledger", "stock"), 1)],
        ),
        (SHOP, "code_defect", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "its pods fail in an init container that the release left as it was",
        snapshot(as_before()),
        (SHOP, "service_crash", "page_human"),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "pods of the template before that were made anew do not start either, whatever it is",
        snapshot(old_anew(rollout("shop", looping(), before=IMAGE, old=3), looping(), age=HOUR)),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "pods of the template before that were made anew do not get past their init container either",
        snapshot(before_fails_too()),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "its pods are the first to start with an edit, and no log tells which of both it is",
        snapshot(
            rollout(
                "shop",
                {"ready": False},
                before=IMAGE,
                spec={"volumes": [{"name": "c", "configMap": {"name": "settings"}}]},
            ),
            thing("ConfigMap", "settings", written=HOUR, data={"a": "b"}),
        ),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "a roll-out of a minute ago is given time",
        snapshot(rollout("shop", {"ready": False}, before=IMAGE, released=50)),
        (SHOP, "unknown", "page_human"),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "one was ready once, and no release came: it hangs",
        snapshot(once_ready()),
        (SHOP, "service_crash", "restart_workload"),
        harmful=("rollback_workload",),
    ),
]
