"""A program without files left whose pods try names at others: a restart would wipe away who does."""

from __future__ import annotations

from collections.abc import Sequence

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import API, errors, logs
from tests.diagnosis.rules.test_process_exhausted import FILES
from tests.diagnosis.rules.tiny import log, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

WRONG = '[77] %s(58957) FATAL:  password authentication failed for user "%s"'
KEPT = ("restart_workload", "rollback_workload", "scale_workload")


def tried(*names: str, by: str = "api", ratio: float = 0.4) -> Snapshot:
    """Return a service that has no files left, and the names that a database refused to a pod."""
    objects = [*workload("api"), *workload("jobs")]
    address = {each["metadata"]["name"]: each["status"]["podIP"] for each in objects if each["kind"] == "Pod"}
    told: Sequence[str] = [WRONG % (address[f"{by}-pod0"], name) for name in names]
    refused = [log("postgres-0", *told, of="postgres")] if told else []
    return snapshot(
        objects, postgres(), figures=[errors("api", ratio, 600)], logs=[*logs("api", FILES, 0, 1), *refused]
    )


HOLDS = [
    Holds(
        "its pod tries many names at a database",
        tried("postgres", "root", "admin"),
        (API, "resource_exhaustion", "page_human"),
        excludes=no("restart_workload", at=API),
        harmful=KEPT,
    ),
    *(
        Holds(what, world, (API, "resource_exhaustion", "restart_workload"))
        for what, world in (
            ("it lost its own login", tried("api", "api", "api")),
            ("it has two logins, and lost both", tried("api", "api_ro", "api")),
            ("another program tries many names", tried("postgres", "root", "admin", by="jobs")),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("nobody suffers", tried(ratio=0.001), ("no_fault", "no_action")),
]
