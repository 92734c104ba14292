"""What ends on one node, and nowhere else, with words of a machine, is the node's trouble and no release's."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import looping, pods_of, put
from tests.diagnosis.rules.scenes import IMAGE, SHOP, logs, shop
from tests.diagnosis.rules.tiny import Obj, figure, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Series

INOTIFY = "Unhandled exception. System.IO.IOException: The configured user limit (128) on inotify instances is reached"
HEAP = "fatal error: mmap: cannot allocate memory"
KILLED: dict[str, Any] = {"reason": "OOMKilled", "code": 137}
OWN = "Unhandled exception. System.NullReferenceException: Object reference not set to an instance of an object."


def dying(name: str, *numbers: int, reason: str = "Error", code: int = 134, **more: Any) -> list[Obj]:
    """Return a workload of three pods on as many nodes, some of which end at once."""
    objects = workload(name, **{"pods": 3, "ready": 3 - len(numbers), "nodes": ("n1", "n2", "n3"), **more})
    for number in numbers:
        put(pods_of(objects)[number], looping(reason, code), unready=600)
    return objects


def canary(**how: Any) -> list[Obj]:
    """Return a shop with two older pods that are well, and the first one of a release, which ends on n3."""
    objects = dying("shop", 2, before=IMAGE, **how)
    for older in pods_of(objects)[:2]:
        older["metadata"]["labels"]["controller-revision-hash"] = "shop-r1"
        older["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet", "name": "shop-r1", "controller": True}]
    return objects


HOLDS = [
    Holds(
        "two programs, one of them released",
        snapshot(
            dying("shop", 2, before=IMAGE),
            dying("fees", 2),
            logs=[*logs("shop", INOTIFY, 2), *logs("fees", INOTIFY, 2)],
        ),
        ("Node/n3", "resource_exhaustion", "page_human"),
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
        alone=True,
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "one program",
        snapshot(dying("shop", 1), logs=logs("shop", INOTIFY, 1)),
        ("Node/n2", "resource_exhaustion", "page_human"),
    ),
]
HOLDS += [
    Holds(
        "two programs that have nothing to do with each other, and no log of them",
        snapshot(dying("shop", 2, before=IMAGE), dying("fees", 2)),
        ("Node/n3", "resource_exhaustion", "page_human"),
        harmful=("rollback_workload",),
    ),
]
HOLDS += [
    Holds(
        "a release whose only pod ends there, in the words of one that nobody released and that is well elsewhere",
        snapshot(
            canary(),
            dying("fees", 2),
            logs=[*logs("shop", INOTIFY, 2), *logs("fees", INOTIFY, 2)],
        ),
        ("Node/n3", "resource_exhaustion", "page_human"),
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
        alone=True,
        harmful=("rollback_workload", "restart_workload"),
    ),
]
FULL_DISK = 'PANIC:  could not write to file "pg_wal/xlogtemp.31": No space left on device'
JAVA_FULL = "java.io.IOException: No space left on device"


def keeper(name: str, image: str, port: int, number: int = 0) -> list[Obj]:
    """Return a data service of which one server ends again and again; each has a volume of its own."""
    made = dying(name, number, kind="StatefulSet", image=image, port=port, code=1)
    for each in pods_of(made):
        claim = {"claimName": f"data-{each['metadata']['name']}"}
        each["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": claim}]
    return made


def used(share: float, claim: str) -> tuple[str, Series]:
    return figure("volume_used_share", share, share, persistentvolumeclaim=claim)


HOLDS += [
    Holds(
        "a server that keeps data ends for want of room, and its volume has plenty",
        snapshot(
            keeper("ledger", "registry.example/ledger:1", 8080),
            figures=[used(0.3, "data-ledger-0")],
            logs=[log("ledger-0", *[JAVA_FULL] * 9)],
        ),
        ("Node/n1", "resource_exhaustion", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "one of three servers of PostgreSQL has no room on its own volume, as figures and its last words tell",
        snapshot(
            keeper("postgres", "postgres:16", 5432),
            figures=[used(0.999, "data-postgres-0")],
            logs=[log("postgres-0", *[FULL_DISK] * 3, previous=True)],
        ),
        ("StatefulSet/postgres", "resource_exhaustion", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
    DoesNotHold(
        "a server of Kafka has no room on its own volume, and nobody measures it",
        snapshot(
            keeper("kafka", "apache/kafka:3.9.0", 9092, 1),
            logs=[log("kafka-1", *[JAVA_FULL] * 3)],
        ),
        ("StatefulSet/kafka", "resource_exhaustion", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
    DoesNotHold(
        "the volume of a server that ends is full, and nobody read its last words; its client ends on the same node",
        snapshot(
            keeper("mysql", "mysql:8", 3306, 2),
            dying("shop", 2),
            figures=[used(1.0, "data-mysql-2")],
        ),
        ("StatefulSet/mysql", "resource_exhaustion", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
    DoesNotHold(
        "a release whose only pod ends there, and nobody else",
        snapshot(canary(), logs=logs("shop", INOTIFY, 2)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "a release whose only pod ends there, as one that is well elsewhere does, and nobody read what they say",
        snapshot(canary(), dying("fees", 2)),
        (SHOP, "dependency_failure", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "a release whose only pod ends there, as one that is well elsewhere does, and their logs are empty",
        snapshot(canary(), dying("fees", 2), logs=[log(pod(name, 2)) for name in ("shop", "fees")]),
        (SHOP, "dependency_failure", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "a release whose only pod is killed there for its memory, and so is another that is well elsewhere",
        snapshot(canary(**KILLED), dying("fees", 2, **KILLED)),
        ("Deployment/fees", "resource_exhaustion", "page_human"),
        harmful=("rollback_workload",),
    ),
    *(
        DoesNotHold(
            f"a release whose only pod ends there, as one that is well elsewhere does, and both {what}",
            snapshot(canary(reason=reason, code=code), dying("fees", 2, reason=reason, code=code)),
            (SHOP, "code_defect", "rollback_workload"),
        )
        for what, reason, code in (("have done their work", "Completed", 0), ("were asked to end", "Error", 143))
    ),
    DoesNotHold(
        "a release whose only pod ends there, and another one elsewhere, and nobody read what they say",
        snapshot(canary(), dying("fees", 1)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "a release whose only pod ends there, and another lacks something else",
        snapshot(canary(), dying("fees", 2), logs=[*logs("shop", INOTIFY, 2), *logs("fees", HEAP, 2)]),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "a release whose only pod ends there in words of its own, and another that lacks something",
        snapshot(canary(), dying("fees", 2), logs=[*logs("shop", OWN, 2), *logs("fees", INOTIFY, 2)]),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "two releases whose only pods end there, and nobody of whom another is well",
        snapshot(
            canary(),
            dying("fees", 2, pods=3, nodes=("n3", "n3", "n3"), before=IMAGE, ready=2),
            logs=[*logs("shop", INOTIFY, 2), *logs("fees", INOTIFY, 2)],
        ),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "it ends on two nodes",
        snapshot(dying("shop", 1, 2), logs=logs("shop", INOTIFY, 1, 2)),
        (SHOP, "service_crash", "page_human"),
    ),
    DoesNotHold(
        "no pod of that template is well anywhere",
        snapshot(shop(pods=1, ready=0, status=looping(code=134)), logs=logs("shop", INOTIFY)),
        (SHOP, "service_crash", "page_human"),
    ),
    DoesNotHold(
        "its words are of its own code",
        snapshot(dying("shop", 2), logs=logs("shop", OWN, 2)),
        (SHOP, "service_crash", "page_human"),
    ),
]
