"""Files that a release leaves open in each of its pods, of which one has none left by now: the others are younger."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import HOUR, younger
from tests.diagnosis.rules.scenes import API, OLD, errors, failing, logs, rate
from tests.diagnosis.rules.tiny import DAY, Obj, figure, log, pod, series, snapshot, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

GO = "http: Accept error: accept tcp [::]:8080: accept4: too many open files; retrying in 5ms"
NODE = "Error: EMFILE: too many open files, open '/srv/tiles/a.bin'"
PYTHON = "OSError: [Errno 24] Too many open files: '/tmp/report.pdf'"
JAVA = "java.net.SocketException: Too many open files (Accept failed)"
THREADS = "RuntimeError: can't start new thread"


def climbing(low: float, high: float, since: float = 3600, until: float = 0) -> list[tuple[float, float]]:
    """Return the steps of a straight line that stands at last."""
    steps = int((since - until) // 30)
    return [(since - n * 30, low + (high - low) * n / steps) for n in range(steps + 1)]


def held(number: int, *steps: tuple[float, float]) -> tuple[str, Series]:
    return "pod_open_files", series({"pod": pod("api", number)}, *steps)


FIRST = climbing(3600, 4096, until=300)
ANEW = [(3600, 3996.0), *climbing(3996, 4096, until=2100)[1:], *climbing(30, 300, 2000)]
YOUNG = climbing(30, 300, 1980)


def left(
    *others: list[tuple[float, float]],
    first: list[tuple[float, float]] = FIRST,
    line: str = GO,
    began: float = 2000,
    more: Any = (),
    reads_only: bool = False,
    started_last: float = 0,
    claim: bool = False,
    block: bool = False,
    **made: Any,
) -> Snapshot:
    """Return a service of three pods whose first one has no files left; the others were started lately.

    ``started_last``: when its last pod was started, if later than the other.
    ``claim``: it mounts one, ``reads_only``: which it may not write to; ``block``: as a raw device.
    """
    told: dict[str, Any] = {"pods": 3, "age": 20 * DAY, "before": OLD, "released": 8 * HOUR, **made}
    if claim:
        told["volumeDevices"] = [{"name": "data", "devicePath": "/dev/xvda"}] if block else []
        told["volumeMounts"] = [] if block else [{"name": "data", "mountPath": "/data", "readOnly": reads_only}]
        told["spec"] = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}
    objects: list[Obj] = younger(workload("api", **told), 2, age=began)
    if started_last:
        younger(objects, 1, age=started_last)
    return snapshot(
        objects,
        logs=[
            *logs("api", line, 0),
            *(log(pod("api", n), *["INFO tile drawn"] * 20, since=min(began, 1800)) for n in (1, 2)),
        ],
        figures=[
            errors("api", 0.2, 240),
            rate("api"),
            *failing(0.9, 0.0, 0.0, of="api", since=240),
            held(0, *first),
            *(held(n, *each) for n, each in enumerate(others or (ANEW, YOUNG), 1) if each),
            *more,
        ],
    )


ROLLED_BACK = (API, "code_defect", "rollback_workload")
HOLDS = [
    *(
        Holds(
            f"each pod of a release holds the more files the older it is, and the oldest has none left: {whose}",
            left(line=line),
            ROLLED_BACK,
            harmful=("restart_workload", "scale_workload"),
        )
        for whose, line in (("Go", GO), ("Node", NODE), ("Python", PYTHON), ("Java", JAVA))
    ),
    Holds(
        "those that were started anew hold a few hundred of sixty thousand",
        left(climbing(400, 4200, 1980), climbing(390, 4100, 1950), first=climbing(58500, 65500, until=240)),
        ROLLED_BACK,
        harmful=("restart_workload",),
    ),
    Holds(
        "one was started anew minutes ago, and holds too few to tell",
        left(ANEW, [(3600, 3990.0), *climbing(3990, 4096, until=600)[1:], (240, 40.0)], started_last=240),
        ROLLED_BACK,
        harmful=("restart_workload",),
    ),
    Holds(
        "it only reads what is on its claim",
        left(claim=True, reads_only=True),
        ROLLED_BACK,
        harmful=("restart_workload",),
    ),
    Holds(
        "it writes to its claim as a raw device, which the release before may not read",
        left(claim=True, block=True),
        (API, "code_defect", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
    Holds(
        "it writes to its claim, which the release before may not read",
        left(claim=True),
        (API, "code_defect", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
    *(
        Holds(
            f"one pod has none left, {what}",
            world,
            ROLLED_BACK,
            believed="odd_replica",
            harmful=("rollback_workload",),
        )
        for what, world in (
            ("and the others hold as few as ever", left([(3600, 31.0)], [(3600, 33.0)])),
            ("and nobody counts what the others hold", left([], [])),
            ("and one of the others holds as few as ever", left(ANEW, [(3600, 33.0)])),
            (
                "since a quarter of an hour, in which it took them all",
                left(first=[(3600, 60.0), *climbing(60, 4096, 900, 300)]),
            ),
            (
                "and the others fill many times as fast, with what they are asked",
                left(climbing(30, 3000, 1980), climbing(30, 2900, 1950)),
            ),
            ("and the template before served no longer", left(age=16 * HOUR)),
            ("and all are of one age: something may have come to them at one time", left(FIRST, FIRST, began=8 * HOUR)),
            ("of threads", left(line=THREADS)),
        )
    ),
    Holds(
        "one pod has none left, and whom they ask is slow",
        left(
            more=[figure("dependency_latency_p95", 0.1, 8.0, 3000, component="api", dependency="api.pay.example")],
        ),
        ROLLED_BACK,
        believed="odd_replica",
        harmful=("rollback_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "each pod holds the more files the older it is, and has enough of them",
        left(line="INFO tile drawn"),
        (API, "service_crash", "restart_workload"),
        harmful=("rollback_workload",),
    ),
]
