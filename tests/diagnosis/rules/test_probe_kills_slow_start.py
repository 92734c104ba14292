"""A start that has become slower is cut off by a probe each time; what waits, or ended by itself, is another matter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import later, looping, node, pods_of, put, rollout
from tests.diagnosis.rules.scenes import IMAGE, SHOP, shop
from tests.diagnosis.rules.tiny import Obj, at, event, pod, snapshot
from tuheg_ir.diagnosis.model import Log, Snapshot

PROBE: dict[str, Any] = {"httpGet": {"path": "/h", "port": 8080}, "initialDelaySeconds": 40}
STARTUP: dict[str, Any] = {"tcpSocket": {"port": 8080}, "periodSeconds": 5, "failureThreshold": 12}
STEPS = ("Starting shop", "context is built", "reading tables: 10/400", "reading tables: 90/400", "reading tables")
REFUSED = 'Liveness probe failed: Get "http://10.1.0.3:8080/h": dial tcp 10.1.0.3:8080: connect: connection refused'
UNWELL = "Liveness probe failed: HTTP probe failed with statuscode: 503"
KILL = "Container shop failed {} probe, will be restarted"


def start(number: int, *lines: str, took: float = 60, end: float = 61) -> Log:
    """Return the log of a start whose lines come evenly over ``took`` seconds, the last one ``end`` seconds ago."""
    told = [f"{at(end + took * (1 - n / (len(lines) - 1)))} {line}" for n, line in enumerate(lines)]
    return Log(pod("shop", number), "shop", tuple(told), previous=False)


def killed(number: int = 2, failed: str = REFUSED, kind: str = "liveness") -> list[Obj]:
    """Return the kubelet's events of a pod that a probe fails in."""
    about = f"Pod/{pod('shop', number)}"
    told = failed.replace("Liveness", kind.capitalize())
    return [event(about, "Killing", KILL.format(kind), kind="Normal"), event(about, "Unhealthy", told)]


def world(
    objects: list[Obj], *events: Obj, logs: Sequence[Log] = (start(2, *STEPS),), cores: tuple[str, str] = ("8", "8")
) -> Snapshot:
    """Return pods on two nodes, with their events and logs."""
    sizes = zip(("n1", "n2"), cores, strict=True)
    nodes = [made | {"status": made["status"] | {"capacity": {"cpu": n}}} for k, n in sizes if (made := node(k))]
    return snapshot(objects, nodes, *events, logs=logs)


def moved(lived: float = 68, code: int = 143, **more: Any) -> list[Obj]:
    """Return a shop of which the last pod came anew, on the second node, and was killed at each start."""
    objects = shop(pods=3, nodes=("n1", "n1", "n2"), **{"livenessProbe": PROBE, **more})
    return later(objects, 1, looping("Error", code, lived=lived))


def alone() -> list[Obj]:
    """Return a shop of one pod that came anew and was killed at each start."""
    objects = shop(pods=1, ready=0, livenessProbe=PROBE)
    only = pods_of(objects)[0]
    only["metadata"]["creationTimestamp"] = at(900)
    put(only, looping("Error", 137, lived=75))
    return objects


def overtaken() -> list[Obj]:
    """Return such a shop with a pod that came later and was up in time."""
    objects = moved()
    last = pods_of(objects)[1]
    last["metadata"]["creationTimestamp"] = at(300)
    put(last, {"state": {"running": {"startedAt": at(300)}}}, ready=True, unready=250)
    return objects


HOLDS = [
    Holds(
        "a pod on a smaller node takes twice as long for each step as one that is well",
        world(moved(), *killed(), logs=(start(2, *STEPS), start(0, *STEPS, took=25, end=8 * 86400)), cores=("8", "2")),
        (SHOP, "configuration_error", "page_human"),
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
        alone=True,
        harmful=("restart_workload", "rollback_workload", "scale_workload"),
        sure=(0.85, 1.0),
        began=900,
    ),
    Holds(
        "the log of the pods that are well has lost its beginning, and nodes are alike",
        world(moved(code=137), *killed()),
        (SHOP, "configuration_error", "page_human"),
        excludes=no("restart_workload", at=SHOP),
    ),
    Holds(
        "a startup probe does it",
        world(moved(60, startupProbe=STARTUP), *killed(kind="startup")),
        (SHOP, "configuration_error", "page_human"),
    ),
    Holds(
        "its only pod, without a release",
        world(alone(), *killed(0), logs=(start(0, *STEPS),)),
        (SHOP, "configuration_error", "page_human"),
        excludes=no("restart_workload", at=SHOP),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it waits for another program",
        world(moved(), *killed(), logs=[start(2, *STEPS[:3], "waiting for ledger, 41 s", "waiting for ledger, 45 s")]),
        harmful=("restart_workload", "rollback_workload"),
    ),
    DoesNotHold(
        "it has said nothing more for a minute: it hangs",
        world(moved(), *killed(), logs=[start(2, *STEPS, took=5, end=120)]),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "its log tells what it lacks",
        world(moved(), *killed(), logs=[start(2, "Starting", "connect ECONNREFUSED 10.0.0.9:5432", *STEPS)]),
        harmful=("rollback_workload",),
    ),
    DoesNotHold("it is up, and says that it is ill", world(moved(), *killed(failed=UNWELL))),
    DoesNotHold("it had lived for an hour", world(moved(lived=3600), *killed())),
    DoesNotHold("it ended by itself before the probe would have it", world(moved(lived=9, code=1), *killed())),
    DoesNotHold(
        "a release brought it",
        world(
            rollout(
                "shop", looping("Error", 143, lived=68), before={**IMAGE, "livenessProbe": PROBE}, livenessProbe=PROBE
            ),
            *killed(),
        ),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold("a younger pod of the template was up in time", world(overtaken(), *killed())),
]
