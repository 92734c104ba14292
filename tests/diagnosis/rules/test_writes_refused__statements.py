"""Who keeps most of the prepared statements that a MySQL allows gives them back with its sessions."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import Holds, no
from tests.diagnosis.rules.scenes import IMAGE, OLD, SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import Obj, figure, log, pod, snapshot, thing, workload

STORE, EXPORT = "StatefulSet/mysql", "Deployment/export"
FULL = "Error 1461 (42000): Can't create more than max_prepared_stmt_count statements (current value: 16382)"
TO = {"DB_HOST": "mysql:3306"}
CODE, CAPACITY = "code_defect", "capacity"


def keeper(**more: Any) -> list[Obj]:
    return workload("export", env={"MYSQL_HOST": "mysql", **more.pop("env", {})}, **more)


def run_of_it() -> list[Obj]:
    """Return the keeper as a Job, of which two pods work."""
    made = keeper(service=False)
    owner = {"kind": "Job", "name": "export", "controller": True}
    pods = [each for each in made if each["kind"] == "Pod"]
    for each in pods:
        each["metadata"]["ownerReferences"] = [owner]
    template = made[0]["spec"]["template"]
    return [thing("Job", "export", spec={"template": template}, status={"active": 2}), *pods]


def kept(*counts: float, of: str = "export") -> list[Any]:
    """Return how many statements each pod keeps."""
    return [figure("statements_kept", 100, count, 2000, pod=pod(of, n)) for n, count in enumerate(counts)]


def full(*beside: Any, figures: Any = (), told: Any = (), line: str = FULL) -> Any:
    """Return a shop that is refused statements since minutes after its release."""
    return snapshot(
        workload("mysql", "mysql:8.0.42", kind="StatefulSet", pods=1, port=3306),
        shop(env=TO, before=IMAGE, released=1500),
        *beside,
        figures=[errors("shop"), *figures],
        logs=[*logs("shop", f"ERROR store: {line}", 0, 1, since=600), *told],
    )


HOLDS = [
    Holds(
        "its pods count them",
        full(keeper(), figures=kept(8000, 7000)),
        (EXPORT, CODE, "restart_workload"),
        excludes=(
            *no("scale_workload", at=EXPORT),
            *no("rollback_workload", "restart_workload", at=SHOP),
            *no("restart_workload", "scale_database", at=STORE),
        ),
        alone=True,
    ),
    Holds(
        "its logs count them",
        full(keeper(), told=[log(pod("export", n), f'{{"msg":"pool","cachedStatements":{6000 + n}}}') for n in (0, 1)]),
        (EXPORT, CODE, "restart_workload"),
    ),
    Holds(
        "it was released in these days: a person looks whether to take that back",
        full(keeper(before=OLD, released=80000), figures=kept(8000, 7000)),
        (EXPORT, CODE, "page_human"),
    ),
    Holds(
        "its share is what it may always have kept, and another client was released: a person looks at both",
        full(keeper(), figures=kept(5000, 4500)),
        (EXPORT, CODE, "page_human"),
        spares=no("rollback_workload", at=SHOP),
        harmful=("restart_workload",),
    ),
    Holds(
        "it is a run, which would begin anew",
        full(run_of_it(), figures=kept(8000, 7000)),
        (STORE, CAPACITY, "page_human"),
        harmful=("restart_workload",),
    ),
    Holds(
        "nobody counts, and a client was released before: that may be taken back",
        full(keeper()),
        (STORE, CAPACITY, "page_human"),
        excludes=(*no("rollback_workload", at=EXPORT), *no("restart_workload", at=SHOP)),
        spares=no("rollback_workload", at=SHOP),
    ),
    *(
        Holds(f"nobody is told to let go: {what}", world, (STORE, CAPACITY, "page_human"), alone=True)
        for what, world in (
            ("nobody counts", full(keeper())),
            ("what it counts is a small part", full(keeper(), figures=kept(900, 800))),
            ("it counts far more than there are: of another database", full(keeper(), figures=kept(40000, 7000))),
            (
                "it asks another database as well",
                full(
                    keeper(env={"PG": "postgres://postgres:5432/a"}),
                    workload("postgres", "postgres:16", kind="StatefulSet", pods=1, port=5432),
                    figures=kept(8000, 7000),
                ),
            ),
            (
                "two keep as many",
                full(keeper(), workload("import", env=TO), figures=[*kept(5000, 4500), *kept(5000, 4400, of="import")]),
            ),
            (
                "what it counts are statements for customers",
                full(keeper(), told=[log(pod("export", n), f"INFO open statements: {7000 + n}") for n in (0, 1)]),
            ),
            (
                "it counted them hours ago",
                full(
                    keeper(),
                    told=[
                        log(pod("export", n), "cachedStatements: 7000", *["INFO export done"] * 30, since=9000)
                        for n in (0, 1)
                    ],
                ),
            ),
            (
                "a table has no numbers left as well",
                full(
                    keeper(),
                    figures=kept(8000, 7000),
                    told=logs("export", "ERROR pymysql: Duplicate entry '2147483647' for key 'PRIMARY'", 0, 1),
                ),
            ),
            ("who counts does not ask it", full(workload("export"), figures=kept(8000, 7000))),
            (
                "how many there may be is not told",
                full(keeper(), figures=kept(8000, 7000), line="code: 'ER_MAX_PREPARED_STMT_COUNT_REACHED'"),
            ),
        )
    ),
]
