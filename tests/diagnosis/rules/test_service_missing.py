"""The Service of a workload was deleted: its pods run, and nobody finds them, or all of it was taken away."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.names import NO_CART
from tests.diagnosis.rules.scenes import CALLS_CART, CART, OLD, SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import SPACE, Obj, at, event, pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

JAVA = "java.net.UnknownHostException: cart: Name or service not known"
NODEJS = f"Error: getaddrinfo ENOTFOUND cart.{SPACE}.svc.cluster.local"
BACK = ("rollback_workload", "restart_workload", "scale_workload")
FLUX = f'{{"level": "info", "msg": "Service/{SPACE}/cart deleted", "Kustomization": {{"name": "apps"}}}}'
ARGO = (
    "level=info msg=\"Adding resource result, status: 'Pruned', phase: 'Succeeded', message: 'pruned'\""
    f" application=argocd/town kind=Service name=cart namespace={SPACE} phase=Sync"
)
KUBECTL = 'service "cart" deleted'
HELM = f'level=INFO msg="Deleting Service \\"cart\\" in namespace {SPACE}..."'


def app(status: str = "Pruned", kind: str = "Service", space: str = SPACE, done: float = 600) -> Obj:
    """Return an Application of Argo CD that synced one thing, and is made by a set."""
    one = {"kind": kind, "name": "cart", "namespace": space, "status": status}
    state = {"startedAt": at(done + 10), "finishedAt": at(done), "syncResult": {"resources": [one]}}
    made = thing("Application", "town", status={"operationState": state})
    made["metadata"]["ownerReferences"] = [{"kind": "ApplicationSet", "name": "towns", "controller": True}]
    return made


def world(*more: Iterable[Obj] | Obj, told: Iterable[Log] = (), since: float = 590, **of_shop: Any) -> Snapshot:
    """Return two callers of a cart that is nowhere, each in its own words, and who tells of it."""
    lines = [*logs("shop", JAVA, since=since), *logs("web", NODEJS, since=since - 10)]
    callers = [shop(env=CALLS_CART, **of_shop), workload("web", env=CALLS_CART)]
    return snapshot(*callers, *more, logs=[*lines, *told], figures=[errors("shop", 0.4, since)])


def says(line: str, age: float = 600) -> tuple[list[Obj], list[Log]]:
    """Return who delivers, and a line of his."""
    return workload("deliver", service=False), [timed(pod("deliver"), (3000, "INFO ok"), (age, line))]


def told(line: str, *more: Obj, age: float = 600, **of: Any) -> Snapshot:
    who, lines = says(line, age)
    return world(who, *more, told=lines, **of)


def ends(of: str = "cart") -> Obj:
    return event(f"Pod/{of}-7f5b9cd6c4-8pl2n", "Killing", f"Stopping container {of}", age=600, kind="Normal", count=1)


GONE = ("Service/cart", "configuration_error", "page_human")
SETS = thing("ApplicationSet", "towns", written=620)
HOLDS = [
    Holds(
        "its callers cannot resolve it",
        snapshot(shop(env=CALLS_CART), workload("cart", service=False), logs=logs("shop", NO_CART, times=2)),
        ("Service/cart", "configuration_error", "page_human"),
        excludes=no("restart_workload", at=CART),
    ),
    Holds(
        "its callers cannot resolve it, and fail",
        snapshot(
            workload("api", service=False),
            workload("web", env={"API_URL": "http://api:8080"}),
            figures=[errors("web", 0.9)],
            logs=logs("web", "getaddrinfo ENOTFOUND api"),
        ),
        ("Service/api", "configuration_error", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
    Holds(
        "an Application pruned it as its set was changed",
        world(app(), SETS),
        ("ApplicationSet/towns", "configuration_error", "page_human"),
        excludes=no(*BACK, at=SHOP),
        harmful=BACK,
        alone=True,
    ),
    Holds(
        "an Application pruned it, and its set is as it was",
        world(app(), thing("ApplicationSet", "towns", written=90000)),
        ("Application/town", "configuration_error", "page_human"),
        harmful=BACK,
        alone=True,
    ),
    Holds(
        "an Application pruned it soon after a release of who misses it",
        world(app(), before=OLD, released=900),
        ("Application/town", "configuration_error", "page_human"),
        excludes=no("rollback_workload", at=SHOP),
        harmful=BACK,
    ),
    Holds(
        "the log of Argo CD alone tells of it",
        told(ARGO),
        ("Application/town", "configuration_error", "page_human"),
        harmful=BACK,
        alone=True,
    ),
    Holds(
        "Flux tells of it",
        told(FLUX),
        ("Kustomization/apps", "configuration_error", "page_human"),
        harmful=BACK,
        alone=True,
    ),
    Holds(
        "so does an event of it",
        world(event("Kustomization/apps", "Progressing", f"Service/{SPACE}/cart deleted", age=600, kind="Normal")),
        ("Kustomization/apps", "configuration_error", "page_human"),
        harmful=BACK,
        alone=True,
    ),
    Holds("a job deleted it by hand", told(KUBECTL), GONE, harmful=BACK, alone=True),
    Holds("Helm tells of it", told(HELM), GONE, harmful=BACK, alone=True),
    Holds(
        "nobody tells; its pods were ended, and nothing of it is left",
        world(ends()),
        GONE,
        excludes=no(*BACK, at=SHOP),
        harmful=BACK,
        alone=True,
        sure=(0.6, 0.9),
    ),
]
DNS = ("Service/kube-dns", "network_fault", "page_human")
NOT_IT = [
    ("an Application left it where it was", world(app("PruneSkipped"))),
    ("an Application pruned it in another namespace", world(app(space="elsewhere"))),
    ("an Application pruned another kind of that name", world(app(kind="ConfigMap"))),
    ("it could not be deleted", told('ERROR failed: service "cart" was not deleted: forbidden')),
    ("another one was deleted", told('service "carts" deleted')),
    ("one of another namespace was deleted", told("Service/elsewhere/cart deleted")),
    ("pods of another one were ended", world(ends("mail"))),
    ("names were missed long before", told(KUBECTL, age=100)),
]
DOES_NOT_HOLD = [
    DoesNotHold("it is there", snapshot(shop(env=CALLS_CART), workload("cart"), logs=logs("shop", NO_CART, times=2))),
    DoesNotHold("it was taken away and is there again", world(app(), workload("cart")), DNS),
    *(DoesNotHold(what, seen, harmful=BACK) for what, seen in NOT_IT),
]
