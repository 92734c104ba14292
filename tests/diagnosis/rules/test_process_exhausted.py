"""A process that has no files, threads or ports left is started anew."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import API, OLD, errors, logs
from tests.diagnosis.rules.tiny import DAY, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

FILES = "accept tcp [::]:8080: accept4: too many open files; retrying in 1s"
THREADS = (
    "java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory or "
    "process/resource limits reached"
)


def told(line: str, times: int = 9, ratio: float = 0.6, released: float = 20 * DAY) -> Snapshot:
    return snapshot(
        workload("api", before=OLD, released=released),
        figures=[errors("api", ratio)],
        logs=logs("api", line, 0, 1, times=times),
    )


HOLDS = [
    *(
        Holds(
            what,
            told(line),
            (API, "resource_exhaustion", "restart_workload"),
            excludes=no("rollback_workload", at=API),
            harmful=("rollback_workload",),
        )
        for what, line in (("files", FILES), ("threads", THREADS))
    ),
    Holds("files that a release leaves open", told(FILES, released=900), (API, "code_defect", "rollback_workload")),
]
DOES_NOT_HOLD = [
    DoesNotHold("a line while nobody suffers", told(FILES, ratio=0.001), (API, "no_fault", "no_action")),
    DoesNotHold("other failures", told("ERROR cannot read cart"), (API, "unknown", "page_human")),
]
