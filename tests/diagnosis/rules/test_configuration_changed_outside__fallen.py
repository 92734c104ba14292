"""An older pod was started again since an edit and ends at each start since, and so do those of a later release."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, looping, pods_of, put, rollout
from tests.diagnosis.rules.scenes import IMAGE, SHOP
from tests.diagnosis.rules.tiny import DAY, Obj, at, event, log, pod, snapshot, thing, timed
from tuheg_ir.diagnosis.model import Log, Snapshot

FALLEN = pod("shop", 1)
GO = "panic: runtime error: index out of range [2] with length 2"
JAVA = (
    'Exception in thread "main" java.lang.NullPointerException: Cannot invoke "Rate.cents()" because "rate" is null\n'
    "\tat shop.Rates.load(Rates.java:48)"
)
PYTHON = "Traceback (most recent call last):\n  File '/app/tax.py', line 31, in load\nKeyError: 'reduced'"
CONF: dict[str, Any] = {"volumes": [{"name": "c", "configMap": {"name": "conf"}}]}
KEPT: dict[str, Any] = {"volumes": [{"name": "c", "secret": {"secretName": "conf"}}]}
FULL = "ERROR FATAL: sorry, too many clients already"
OTEL = "ERROR otel exporter: traces export: connection refused to otel:4317"
NODE = "ERROR cannot read /data/rates: input/output error"
MISSES = "Error: missing required environment variable TAX_URL"
HEAP = 'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space'
PROBED = "Container shop failed liveness probe, will be restarted"


def fallen(
    theirs: str = GO,
    ours: str = GO,
    *,
    kind: str = "ConfigMap",
    edit: float | None = 2 * HOUR,
    fell: float = HOUR,
    released: float = 600,
    status: Obj | None = None,
    again: float = 0,
    more: tuple[Obj, ...] = (),
    told: tuple[Log, ...] = (),
) -> Snapshot:
    """Return a roll-out that ends at each start, and an older pod that served until it was started again.

    ``again``: how long ago another older one was started again, which serves.
    """
    made = rollout("shop", looping(), before=IMAGE, old=3, released=released, spec=KEPT if kind == "Secret" else CONF)
    put(pods_of(made)[1], status or looping(), unready=fell)
    if again:
        put(pods_of(made)[2], {"restartCount": 1, "state": {"running": {"startedAt": at(again)}}}, ready=True)
    ends = ((FALLEN, theirs, 90), (pod("shop", 3), ours, 70))
    return snapshot(
        made,
        thing(kind, "conf", written=edit, data={"conf.yaml": ""}),
        *more,
        logs=[
            *(log(n, "INFO up", *said.splitlines(), since=since, previous=True) for n, said, since in ends if said),
            *told,
        ],
    )


HOLDS = [
    Holds(
        what,
        world,
        (f"{kind}/conf", "configuration_error", "page_human"),
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
        alone=True,
        harmful=("rollback_workload", "restart_workload", "scale_workload"),
    )
    for what, kind, world in (
        ("a program in Go, in front of a release", "ConfigMap", fallen()),
        ("one in Java that was started again after the release", "ConfigMap", fallen(JAVA, JAVA, fell=400)),
        (
            "each start and each end misses what takes traces",
            "ConfigMap",
            fallen(f"{OTEL}\n{GO}\n{OTEL}", f"{GO}\n{OTEL}"),
        ),
        (
            "what ended is told last in words that tell nothing",
            "ConfigMap",
            fallen(f"{GO}\nERROR shop: exit status 2", f"{GO}\nERROR shop: exit status 1"),
        ),
        ("one that has no room in its own heap since", "ConfigMap", fallen(HEAP, HEAP, fell=400)),
        ("a program in Python, by a Secret", "Secret", fallen(PYTHON, PYTHON, kind="Secret", edit=5 * HOUR)),
    )
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"the one before would end as well, and it is not for the edit: {what}",
            world,
            (SHOP, "code_defect", "page_human"),
            harmful=("rollback_workload", "restart_workload", "scale_workload"),
        )
        for what, world in (
            ("nothing was written", fallen(edit=None)),
            ("the older pod ended so before it was written", fallen(edit=1800)),
            ("a database was full for the older pod before the release", fallen(FULL, FULL, edit=None)),
        )
    ),
    *(
        DoesNotHold(what, world, (SHOP, "code_defect", "rollback_workload"))
        for what, world in (
            ("those of the release end by something else", fallen(ours=JAVA)),
            ("nobody knows by what the older pod ends", fallen(theirs="")),
            ("the database is full, and the older pod fell after the release", fallen(FULL, FULL, edit=None, fell=400)),
            (
                "each start misses what takes traces, and the older pod ends by its node",
                fallen(f"{OTEL}\n{NODE}", f"{OTEL}\n{GO}"),
            ),
            (
                "each end misses what takes traces, and the older pod ends by its node",
                fallen(f"{NODE}\n{OTEL}", f"{GO}\n{OTEL}"),
            ),
            (
                "both failed to start, each for another reason",
                fallen("ERROR failed to start\nOSError: [Errno 5] Input/output error", f"ERROR failed to start\n{GO}"),
            ),
            ("both tell no more than that they end", fallen("ERROR shop: exit status 1", "ERROR shop: exit status 2")),
            (
                "the older pod ends by its disk, and the release misses a variable that it dropped",
                fallen(f"{OTEL}\npanic: disk", f"{OTEL}\n{MISSES}"),
            ),
            (
                "pods that serve told at their start what both tell last",
                fallen(OTEL, OTEL, told=(timed(pod("shop", 2), (30 * DAY + 595, OTEL), (60, "INFO up")),)),
            ),
            ("another older one was started again since, and serves", fallen(again=1800)),
            ("the older pod was started again once only", fallen(status=looping(restarts=1))),
            ("the older pod ran for long after it was started again", fallen(status=looping(lived=2 * HOUR))),
            ("the older pod is killed by its probe", fallen(more=(event(f"Pod/{FALLEN}", "Killing", PROBED),))),
        )
    ),
]
