"""What a database told before a release came, and tells a new image now, that one only passes on."""

from __future__ import annotations

import copy
from typing import Any

from tests.diagnosis.rules.cases import Holds
from tests.diagnosis.rules.scenes import IMAGE, SHOP, URL, errors, shop
from tests.diagnosis.rules.tiny import Obj, at, log, pod, postgres, snapshot
from tuheg_ir.diagnosis.model import Snapshot

TRACE, HEAD = "ERROR orders.views failed", "Traceback (most recent call last):"
LOST = 'could not read block 70 in file "base/16401/24612": read only 0 of 8192 bytes'
OTHER = 'could not open file "base/16401/90": Interrupted system call'
SPILLS = "temporary file size exceeds temp_file_limit (1048576kB)"
KEY = 'duplicate key value violates unique constraint "orders_pkey"'
CODE, OUTER = "code_defect", "dependency_failure"


def passes(
    told: str, before: str, *, age: float = 9000, own: int = 12, tried: float | None = None, **more: Any
) -> Snapshot:
    """Return a shop that breaks since its release with what its database tells it, which had told that before.

    ``tried``: when another release came, which was taken back.
    """
    lines = [
        line for _ in range(12) for line in (TRACE, "Traceback (most recent call last):", f"psycopg.Error: {told}")
    ]
    lines += ["KeyError: 'total'", "Traceback (most recent call last):"] * (own - 12)
    server = [f"UTC [31] shop@shop ERROR:  {before}", *["UTC [27] LOG:  checkpoint starting: time"] * 40]
    return snapshot(
        postgres(**more),
        between(shop(env=URL, before=IMAGE, released=700), tried),
        figures=[errors("shop", since=690)],
        logs=[
            *(log(pod("shop", n), *lines, since=680) for n in (0, 1)),
            log("postgres-0", *server, since=age),
        ],
    )


def between(made: list[Obj], tried: float | None) -> list[Obj]:
    """Return a Deployment with a release that was taken back before its newest one."""
    if tried is None:
        return made
    sets = [each for each in made if each["kind"] == "ReplicaSet"]
    second = copy.deepcopy(sets[1])
    second["metadata"] |= {"name": "shop-r9", "creationTimestamp": at(tried)}
    second["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "2"
    second["spec"]["replicas"] = 0
    second["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example/shop:0.9"
    for number, each in zip(("3", "4"), sets, strict=True):
        each["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = number
    return [*made, second]


HOLDS = [
    Holds(
        "the database told it hours ago: a person looks at that one",
        passes(LOST, LOST),
        (SHOP, OUTER, "page_human"),
        believed="not_well",
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "the database tells it only since then",
        passes(LOST, LOST, age=600),
        (SHOP, CODE, "rollback_workload"),
    ),
    Holds(
        "the database told of something else",
        passes(LOST, OTHER),
        (SHOP, CODE, "rollback_workload"),
    ),
    Holds(
        "each client has some of these, and a release may have many",
        passes(KEY, KEY),
        (SHOP, CODE, "rollback_workload"),
    ),
    Holds(
        "the database told it days ago",
        passes(LOST, LOST, age=3 * 86400),
        (SHOP, CODE, "rollback_workload"),
    ),
    Holds(
        "what a release asks for spills beyond a limit of its database, as a report did once",
        passes(SPILLS, SPILLS),
        (SHOP, CODE, "rollback_workload"),
    ),
    Holds(
        "the release before the last one, which was taken back, had the database tell the same",
        passes(LOST, LOST, tried=9050),
        (SHOP, CODE, "rollback_workload"),
    ),
    Holds(
        "most of what it repeats is its own",
        passes(LOST, LOST, own=60),
        (SHOP, CODE, "rollback_workload"),
    ),
]
