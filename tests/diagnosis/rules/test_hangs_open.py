"""A service takes connections and answers none: a new process does."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import API, OLD, alert, errors, latency, policy
from tests.diagnosis.rules.tiny import Obj, at, figure, log, pod, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

SCANNER = "Deployment/scanner"
GO = 'level=error msg="scan: read tcp 10.1.1.1:50626->10.96.0.9:3310: i/o timeout"'
PYTHON = "WARNING scan: clamd.ConnectionError: Error while reading from socket: ('timed out',)"
JAVA = "ERROR java.net.SocketTimeoutException: Read timed out"
NO_WAY = 'level=error msg="scan: dial tcp 10.96.0.9:3310: i/o timeout"'


def scanner(**more: Any) -> list[Obj]:
    return workload("scanner", **{"pods": 1, "port": 3310, **more})


def hung(
    *more: Any,
    line: str = GO,
    used: tuple[float, float] = (0.34, 0.002),
    last: float = 1480,
    said: str = "instream: OK",
    **of: Any,
) -> Snapshot:
    """Return a scanner that stands still since 1500 seconds; ``last``: how old its last line is."""
    words = tuple(f"{at(last + 60 * n)} {said}" for n in range(9, -1, -1))
    return snapshot(
        scanner(**of),
        workload("api", env={"SCANNER_ADDR": "scanner:3310"}),
        *more,
        figures=[
            figure("dependency_latency_p95", 0.6, 30.0, 1500, component="api", dependency="scanner"),
            figure("cpu_share", *used, 1500, pod=pod("scanner"), container="scanner"),
            errors("api", 0.6, 1500),
            latency("api", 0.7, 30.0, 1500),
        ],
        logs=[Log(pod("scanner"), "scanner", words), log(pod("api"), *[line] * 20, since=1400)],
        alerts=[alert("UploadsFailing", service="api")],
    )


HOLDS = [
    *(
        Holds(
            f"its callers wait for an answer ({line[:30]}), and it does and says nothing since",
            hung(line=line),
            (SCANNER, "dependency_failure", "restart_workload"),
            excludes=(*no("rollback_workload", at=SCANNER), *no("restart_workload", "rollback_workload", at=API)),
            harmful=("rollback_workload", "scale_workload"),
            began=1500,
        )
        for line in (GO, PYTHON, JAVA)
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, (), harmful=("restart_workload",))
        for what, world in (
            ("nobody reaches it: it is idle for that", hung(line=NO_WAY)),
            ("it works, and is slow", hung(used=(0.34, 0.3))),
            ("it does little, and tells of it", hung(last=20)),
            ("it was idle before as well", hung(used=(0.002, 0.002))),
            ("a policy was made in that minute", hung(policy("deny", "scanner", age=1500, ingress=[]))),
            ("it waits for a database itself", hung(postgres(), env={"DATABASE_URL": "postgres://x@postgres:5432/x"})),
            ("it was released before", hung(before=OLD, released=1800)),
            ("it keeps data", hung(image="elasticsearch:8.15.0")),
            ("it complains of somebody itself", hung(said="WARN call to https://api.example.org: read timed out")),
        )
    ),
]
