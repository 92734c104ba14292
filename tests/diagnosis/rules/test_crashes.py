"""Containers end, and nothing tells why: a guess, and after several times a person's."""

from __future__ import annotations

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.outlasting import CACHE, OWN, outlasted
from tests.diagnosis.rules.pods import again, looping, old_anew, pods_of, put, rollout
from tests.diagnosis.rules.scenes import API, SHOP, WELL, errors, logs, shop
from tests.diagnosis.rules.tiny import (
    DAY,
    Obj,
    at,
    container,
    event,
    figure,
    log,
    pod,
    postgres,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.model import Log


def first(objects: list[Obj], status: Obj, *, unready: float | None = None) -> list[Obj]:
    """Return a workload of which the first pod is in a state."""
    put(pods_of(objects)[0], status, unready=unready)
    return objects


def bare(name: str) -> Obj:
    """Return a pod that nobody owns and that ends again and again."""
    made = thing("Pod", name, age=DAY, spec={"containers": [container("c", "x:1")], "nodeName": "n1"})
    made["metadata"]["labels"] = {"app": name}
    made["status"] = {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": at(500)}],
        "containerStatuses": [{"name": "c", **looping()}],
    }
    return made


def failed_job() -> list[Obj]:
    """Return a Job that nobody waits for, with its dead pod."""
    job = thing("Job", "report", age=DAY, spec={"template": {"spec": {"containers": []}}}, status={"failed": 1})
    dead = thing("Pod", "report-x", age=DAY)
    dead["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "report", "controller": True}]
    dead["status"] = {"phase": "Failed", "containerStatuses": [{"name": "report", **looping()}]}
    return [job, dead]


def limits(**most: str) -> Obj:
    return {"resources": {"limits": most}}


def ended_once(released: float, before: Obj) -> list[Obj]:
    """Return a shop whose limits were changed, and of which a pod was killed once lately and runs again."""
    return first(shop(before=before, released=released, **LOW), again("Error", 137, age=300))


LOST = "dial tcp: lookup rates.example on 10.96.0.10:53: no such host"


def last_words(line: str) -> Log:
    """Return the last words of a container that ended."""
    return Log(pod("shop"), "shop", (f"{at(330)} INFO begins", *[f"{at(301)} {line}"] * 6), previous=True)


LOW, HIGH = limits(cpu="300m", memory="1Gi"), limits(cpu="1500m", memory="1Gi")
LATE = event(f"Pod/{pod('shop')}", "Unhealthy", "Liveness probe failed: context deadline exceeded", age=900, count=1)
"""A probe that failed a quarter of an hour ago."""


HOLDS = [
    *(
        Holds(
            f"it ended again and again, and the word of the cause is that of its last words: {line}",
            snapshot(first(shop(), again("Error", 1, age=300, restarts=3)), logs=[last_words(line)], figures=[WELL]),
            (SHOP, word, "page_human"),
        )
        for line, word in (
            ("ERROR x: permission denied", "configuration_error"),
            ("ERROR TypeError: x is undefined", "service_crash"),
            ("INFO ready", "service_crash"),
        )
    ),
    Holds(
        "told to end by a probe, as its database was away: that is back for minutes, and one more start no help",
        outlasted(back=400, serves=390, fails=0.3, ended=("Completed", 0)),
        (SHOP, "service_crash", "page_human"),
        harmful=("restart_workload",),
    ),
    Holds(
        "told to end by a probe, and its last words are of a fault of its own",
        outlasted(OWN, fails=0.3, ended=("Completed", 0)),
        (SHOP, "service_crash", "restart_workload"),
    ),
    Holds(
        "as its database was away, and it tells of another trouble now",
        outlasted(now=CACHE),
        (SHOP, "service_crash", "page_human"),
        believed="dependency_fails",
        harmful=("restart_workload", "rollback_workload", "no_action"),
    ),
    Holds(
        "for its memory, and complained of its database before, which was away",
        outlasted(ended=("OOMKilled", 137)),
        (SHOP, "service_crash", "page_human"),
        believed="crash_later",
        harmful=("no_action",),
    ),
    Holds(
        "again and again",
        snapshot(first(shop(), looping(), unready=100)),
        (SHOP, "service_crash", "page_human"),
        excludes=no("restart_workload", at=SHOP),
        sure=(0.0, 0.59),
    ),
    Holds(
        "once, and some requests fail since",
        snapshot(
            first(workload("api"), again("Error", 139, age=300)),
            figures=[errors("api", 0.08, 310)],
            logs=[log(pod("api"), "Segmentation fault (core dumped)", previous=True)],
        ),
        (API, "service_crash", "restart_workload"),
    ),
    Holds(
        "of a pod that nobody owns",
        snapshot(
            bare("tool"),
            workload("api"),
            figures=[errors("api", 0.001)],
            logs=[log("tool", "panic: boom", of="c", previous=True)],
        ),
        ("Pod/tool", "service_crash", "page_human"),
        harmful=("rollback_workload",),
    ),
    *(
        Holds(
            f"once, and its release of hours ago {what}",
            snapshot(ended_once(15 * 3600, before)),
            (SHOP, "service_crash", "page_human"),
            harmful=("restart_workload", "rollback_workload"),
            sure=(0.0, 0.45),
        )
        for what, before in (
            ("lowered a limit: started again it has no more than before", HIGH),
            ("lowered the limit of memory", limits(cpu="300m", memory="2Gi")),
            ("set a limit where there was none", limits(memory="1Gi")),
        )
    ),
    *(
        Holds(
            f"once, and {what}",
            snapshot(ended_once(released, before), logs=logs("shop", "INFO served")),
            (SHOP, "service_crash", "restart_workload"),
        )
        for what, released, before in (
            ("its limit was raised hours ago", 15 * 3600, limits(cpu="100m", memory="1Gi")),
            ("its limit was lowered last week, and held since", 7 * DAY, HIGH),
        )
    ),
    Holds(
        "once, in a pod that has the limits of before its release",
        snapshot(
            old_anew(rollout("shop", None, before=HIGH, **LOW), again("Error", 137, age=300), age=DAY),
            logs=logs("shop", "INFO served"),
        ),
        (SHOP, "service_crash", "restart_workload"),
    ),
    Holds(
        "once, and nothing but the objects is there to tell why: it serves again",
        snapshot(first(shop(), again("Error", 137, age=300))),
        (SHOP, "service_crash", "page_human"),
        harmful=("restart_workload",),
    ),
    Holds(
        "once, nothing but the objects is there, and it is a database that is not ready yet",
        snapshot(first(postgres(pods=2), again("Error", 1, age=300), unready=299)),
        ("StatefulSet/postgres", "service_crash", "page_human"),
        harmful=("restart_workload",),
    ),
    Holds(
        "once, and what the kubelet started again tells of the same since: one more start is no better",
        snapshot(first(shop(), again("Error", 1, age=300)), logs=logs("shop", LOST, 0)),
        (SHOP, "service_crash", "page_human"),
        excludes=no("restart_workload", at=SHOP),
        believed="wrong_host_name",
        harmful=("restart_workload",),
    ),
    Holds(
        "once, and another pod tells of trouble since",
        snapshot(first(shop(), again("Error", 1, age=300)), logs=logs("shop", LOST, 1)),
        (SHOP, "service_crash", "restart_workload"),
        believed="wrong_host_name",
    ),
    Holds(
        "told to end by a probe, and started again since",
        snapshot(first(shop(), again("Completed", 0, age=880)), LATE, figures=[errors("shop", 0.02)]),
        (SHOP, "service_crash", "restart_workload"),
    ),
    Holds(
        "so it was, and serves for long since; without figures and logs nobody sees what one more start does",
        snapshot(first(shop(), again("Completed", 0, age=880)), LATE),
        (SHOP, "service_crash", "page_human"),
        harmful=("restart_workload",),
    ),
]
HOLDS += [
    Holds(
        f"killed for memory once, and {what}",
        snapshot(
            first(
                shop(released=20 * DAY, before={"image": "registry.example/shop:0"}), again("OOMKilled", 137, age=300)
            ),
            figures=[figure("memory_share", 0.4, share, pod=pod("shop", n), container="shop") for n in (0, 1)],
        ),
        (SHOP, "service_crash", remedy),
        believed="memory_leak",
    )
    for what, share, remedy in (
        ("both pods are near their limit again", 0.97, "page_human"),
        ("both pods have room", 0.5, "restart_workload"),
    )
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"again and again, {what}, as its database was away; both serve for long", world, (SHOP, *HEALTHY))
        for what, world in (
            ("by itself", outlasted()),
            ("told to end by a probe", outlasted(ended=("Completed", 0))),
        )
    ),
    DoesNotHold(
        "once, with its node: the kubelet that came up knows nothing of its end",
        snapshot(first(shop(), again("Unknown", 255, age=300)), figures=[WELL]),
        harmful=("restart_workload",),
    ),
    DoesNotHold("once, hours ago", snapshot(first(shop(), again("Error", 1, age=4 * 3600)), figures=[WELL]), HEALTHY),
    DoesNotHold(
        "a probe failed once of late, and the last start was weeks ago",
        snapshot(first(shop(), again("Error", 1, age=30 * DAY, restarts=3)), LATE, figures=[WELL]),
        HEALTHY,
    ),
    DoesNotHold("a failed Job that nobody waits for", snapshot(shop(), failed_job(), figures=[WELL]), HEALTHY),
]
