"""Who refuses to start over the file of a former process: a new pod has it not, if it lies in a scratch volume."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import looping, pods_of, put
from tests.diagnosis.rules.scenes import OLD, errors
from tests.diagnosis.rules.tiny import Obj, log, pod, postgres, redis, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

ORDERS = "Deployment/orders"
FOUND = (ORDERS, "service_crash", "restart_workload")
PERSON = (ORDERS, "service_crash", "page_human")
SCRATCH = {"name": "tmp", "emptyDir": {}}
CLAIM = {"name": "tmp", "persistentVolumeClaim": {"claimName": "orders-tmp"}}
SETTINGS = {"name": "settings", "configMap": {"name": "orders"}}
RAILS = "A server is already running. Check /app/tmp/pids/server.pid."
RAILS_8 = "A server is already running (pid: 1, file: /app/tmp/pids/server.pid)."
BEAT = "ERROR: Pidfile (celerybeat.pid) already exists."
REFUSED = 'GET "http://orders:8080/orders": dial tcp 10.96.0.9:8080: connect: connection refused'


def orders(*volumes: Obj, at: str = "/app/tmp", ill: int = 2, unready: float = 1500, **more: Any) -> list[Obj]:
    """Return a program of two pods that end at each start, long after they came."""
    kept = volumes or (SCRATCH,)
    mounts = [{"name": each["name"], "mountPath": at if each["name"] == "tmp" else "/etc/orders"} for each in kept]
    made = workload(
        "orders",
        spec={"volumes": list(kept)},
        **{"ready": 2 - ill, "volumeMounts": mounts, **more},
    )
    for each in pods_of(made)[:ill]:
        put(each, looping(restarts=9), ready=False, unready=unready)
    return made


def world(own: list[Obj] | None = None, said: str = RAILS, *others: list[Obj], **more: Any) -> Snapshot:
    """Return such a program, what its last start said, and a shop that asks it."""
    return snapshot(
        own or orders(),
        workload("shop", env={"ORDERS_URL": "http://orders:8080"}),
        *others,
        logs=[
            *(log(pod("orders", number), "=> Booting", said, "Exiting", since=60) for number in (0, 1)),
            log(pod("shop"), *[REFUSED] * 30, since=900),
        ],
        figures=[errors("shop", 0.5, 900)],
        **more,
    )


def scratch_store() -> Snapshot:
    """Return a database whose data lie in a scratch volume, and which finds the file of its former process there."""
    made = postgres(
        ready=0,
        spec={"volumes": [{"name": "data", "emptyDir": {}}]},
        volumeMounts=[{"name": "data", "mountPath": "/var/lib/postgresql"}],
    )
    put(pods_of(made)[0], looping(), ready=False, unready=1500)
    return snapshot(made, logs=[log("postgres-0", 'FATAL:  lock file "postmaster.pid" already exists', of="postgres")])


NEVER = no("rollback_workload", at=ORDERS)
USERS = no("restart_workload", "rollback_workload", at="Deployment/shop")
KEEPS = no("restart_workload", "rollback_workload", at=ORDERS)

HOLDS = [
    *(
        Holds(f"a pid file in a scratch volume: {what}", made, FOUND, excludes=(*NEVER, *USERS), alone=True)
        for what, made in (
            ("Rails", world()),
            ("Rails 8", world(said=RAILS_8)),
            ("it is told by no path, and there is no other volume", world(said=BEAT)),
            ("it is told by no path, beside settings", world(orders(SCRATCH, SETTINGS), BEAT)),
            (
                "nginx, whose socket is there still",
                world(
                    orders(at="/run"),
                    "[emerg] 1#1: bind() to unix:/var/run/nginx.sock failed (98: Address already in use)",
                ),
            ),
            (
                "squid",
                world(
                    orders(at="/var/run"),
                    "FATAL: Squid is already running: Found fresh instance PID file (/run/squid.pid) with PID 1",
                ),
            ),
            ("in memory", world(orders({"name": "tmp", "emptyDir": {"medium": "Memory"}}))),
        )
    ),
    Holds("one pod of two, and nobody asks it", snapshot(orders(ill=1), logs=world().logs[:1]), FOUND),
    Holds("a caller was released shortly before", world(orders(), RAILS, redis(before=OLD, released=1700)), FOUND),
    *(
        Holds(f"the file is there for the next pod too: {what}", world(own, said), PERSON, excludes=KEEPS)
        for what, own, said in (
            ("a claim", orders(CLAIM), RAILS),
            ("the node", orders({"name": "tmp", "hostPath": {"path": "/srv/orders"}}), RAILS),
            ("a new pod met it already", orders(CLAIM, unready=10 * 86400), RAILS),
        )
    ),
    Holds(
        "it lies in scratch of a set, which makes no pod anew before another is ready",
        snapshot(
            orders(kind="StatefulSet"),
            logs=[log(f"orders-{n}", "=> Booting", RAILS, "Exiting", since=60, of="orders") for n in (0, 1)],
        ),
        ("StatefulSet/orders", "service_crash", "page_human"),
        excludes=no("restart_workload", at="StatefulSet/orders"),
    ),
    Holds(
        "the data of a store may lie there",
        scratch_store(),
        ("StatefulSet/postgres", "service_crash", "page_human"),
        excludes=no("restart_workload", at="StatefulSet/postgres"),
    ),
]
RUNS_BESIDE = workload("writer", spec={"volumes": [CLAIM]}, volumeMounts=[{"name": "tmp", "mountPath": "/data"}])
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, made, (ORDERS, *answer), harmful=("restart_workload",))
        for what, made, answer in (
            ("no volume keeps the file", world(orders(SETTINGS)), ("service_crash", "page_human")),
            ("it lies elsewhere", world(orders(at="/cache")), ("service_crash", "page_human")),
            (
                "another pod has the volume",
                world(orders(CLAIM), RAILS, RUNS_BESIDE),
                ("service_crash", "page_human"),
            ),
            (
                "it says something else",
                world(said="Cleaning up /app/tmp/pids/server.pid of the process before."),
                ("dependency_failure", "page_human"),
            ),
        )
    ),
    DoesNotHold(
        "pods of a release never came up, and left it at their first try",
        world(orders(before=OLD, released=1500, unready=1490)),
        (ORDERS, "code_defect", "rollback_workload"),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "it got over it and runs",
        snapshot(workload("orders", spec={"volumes": [SCRATCH]}), logs=[log(pod("orders"), RAILS, previous=True)]),
        (ORDERS, "unknown", "page_human"),
    ),
]
