"""Services of one pod that fall with each drained node, and those that had to have one, or fell for another reason."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import CALLS_CART, CART, SHOP, autoscaler, logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, event, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

REFUSED = 'Error: Get "http://cart:8080/items": dial tcp 10.96.0.9:8080: connect: connection refused'
STOPS = "Stopping container cart"
BY_API = "Evicted pod: town/cart"
AZURE = ("Cordon", "Cordoning node: {}")
KUBELET = ("NodeNotSchedulable", "Node {} status is now: NodeNotSchedulable")
SAVED = ("ScaleDown", "marked the node as toBeDeleted/unschedulable")


def one(*, age: float = 200, before: int = 0, ready: int = 0, restarts: int = 0, **more: Any) -> list[Obj]:
    """Return a service of one pod that was made so long ago; ``before``: how many replicas its last template had."""
    made = workload(
        "cart", age=60 * DAY, pods=1, ready=ready, before={"image": "cart:0"}, released=30 * DAY, started=age, **more
    )
    for pod in pods_of(made):
        came = at(age)
        pod["status"]["conditions"] = [{"type": "Ready", "status": str(bool(ready)), "lastTransitionTime": came}]
        pod["status"]["containerStatuses"][0]["restartCount"] = restarts
    if before:
        old = next(obj for obj in made if obj["metadata"]["name"] == "cart-r1")
        old["metadata"]["annotations"]["deployment.kubernetes.io/desired-replicas"] = str(before)
        scaled = {"manager": "kubectl", "operation": "Update", "subresource": "scale", "time": at(4 * DAY)}
        made[0]["metadata"]["managedFields"] = [scaled]
    return made


def gone(name: str, age: float, reason: str = "Killing", message: str = STOPS) -> Obj:
    """Return that a former pod was ended so long ago."""
    made = event(f"Pod/cart-6d5f8c7b9d-{name}", reason, message, age=age, kind="Normal", count=1)
    return {**made, "firstTimestamp": at(age), "metadata": {**made["metadata"], "name": f"{name}.{reason}".lower()}}


def cordoned(node: str, age: float, told: tuple[str, str] = KUBELET) -> Obj:
    """Return that a node was about to be emptied."""
    made = event(f"Node/{node}", told[0], told[1].format(node), age=age, kind="Normal", count=1)
    return {**made, "firstTimestamp": at(age)}


def world(*more: Obj, of: list[Obj] | None = None, heard: bool = True) -> Snapshot:
    """Return a shop that is refused by a cart of one pod."""
    told = logs("shop", REFUSED, since=190) if heard else []
    return snapshot(shop(env=CALLS_CART), one() if of is None else of, *more, logs=told)


TWICE = (
    *(cordoned("n1", 1802), gone("aaaaa", 1800)),
    *(cordoned("n2", 203), gone("bbbbb", 201)),
)
LAST = TWICE[2:]
FELL = (CART, "configuration_error", "scale_workload")
ACTS = ("restart_workload", "rollback_workload", "restart_connection_pool")
SYMPTOM = (CART, "dependency_failure", "page_human")
CLAIM = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}


def recreated() -> list[Obj]:
    made = one(before=2)
    made[0]["spec"]["strategy"] = {"type": "Recreate"}
    return made


HOLDS = [
    Holds(
        "two drains within the hour",
        world(*TWICE),
        FELL,
        excludes=(*no(*ACTS, at=CART), *no("scale_workload", *ACTS, at=SHOP)),
        harmful=ACTS,
        alone=True,
        began=201,
    ),
    Holds("one drain, and it had two replicas before", world(*LAST, of=one(before=2)), FELL, harmful=ACTS),
    Holds(
        "an upgrader evicts it",
        world(
            *(cordoned("n1", 1802, AZURE), gone("aaaaa", 1800, "Evicted", BY_API)),
            *(cordoned("n2", 203, AZURE), gone("bbbbb", 201, "Evicted", BY_API)),
        ),
        FELL,
        harmful=ACTS,
    ),
    Holds(
        "an autoscaler of nodes saves some",
        world(
            *(cordoned("n1", 1802, SAVED), gone("aaaaa", 1800, "ScaleDown", "deleting pod for node scale down")),
            *(cordoned("n2", 203, SAVED), gone("bbbbb", 201, "ScaleDown", "deleting pod for node scale down")),
        ),
        FELL,
        harmful=ACTS,
    ),
    Holds(
        "nobody tells of the nodes: only of evictions that were asked for",
        world(gone("aaaaa", 1800, "Evicted", BY_API), gone("bbbbb", 201, "Evicted", BY_API)),
        FELL,
        harmful=ACTS,
    ),
]
PRESSED = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi."
DOES_NOT_HOLD = [
    DoesNotHold("one drain, and it has always had one", world(*LAST), SYMPTOM),
    DoesNotHold("it was ended, and no node was drained", world(TWICE[1], TWICE[3]), SYMPTOM),
    DoesNotHold("the nodes were cordoned hours before", world(cordoned("n1", 9000), TWICE[1], TWICE[3]), SYMPTOM),
    DoesNotHold(
        "its node had no memory left",
        world(gone("aaaaa", 1800, "Evicted", PRESSED), gone("bbbbb", 201, "Evicted", PRESSED)),
        SYMPTOM,
    ),
    DoesNotHold("only one may run at a time", world(*TWICE, of=recreated()), SYMPTOM),
    DoesNotHold(
        "it keeps data on a volume",
        world(*TWICE, thing("PersistentVolumeClaim", "data"), of=one(before=2, spec=CLAIM)),
        SYMPTOM,
    ),
    DoesNotHold("an autoscaler decides how many", world(*TWICE, autoscaler("cart", 1, 1)), SYMPTOM),
    DoesNotHold("it serves again, and nobody complains", world(*TWICE, of=one(ready=1), heard=False)),
    DoesNotHold("its new pod fails at each start", world(*TWICE, of=one(restarts=3)), SYMPTOM),
    DoesNotHold("its new pod came long after", world(*TWICE[:2], cordoned("n2", 903), gone("bbbbb", 900)), SYMPTOM),
    DoesNotHold("nobody needs it", snapshot(shop(), one(), *TWICE), ("unknown", "page_human")),
]
