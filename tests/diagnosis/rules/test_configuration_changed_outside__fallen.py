"""An older pod was started again since an edit and ends at each start since, and so do those of a later release."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, looping, pods_of, put, rollout
from tests.diagnosis.rules.scenes import IMAGE, SHOP
from tests.diagnosis.rules.tiny import Obj, at, event, log, pod, snapshot, thing
from tuheg_ir.diagnosis.model import Snapshot

FALLEN = pod("shop", 1)
GO = "panic: runtime error: index out of range [2] with length 2"
JAVA = (
    'Exception in thread "main" java.lang.NullPointerException: Cannot invoke "Rate.cents()" because "rate" is null\n'
    "\tat shop.Rates.load(Rates.java:48)"
)
PYTHON = "Traceback (most recent call last):\n  File '/app/tax.py', line 31, in load\nKeyError: 'reduced'"
CONF: dict[str, Any] = {"volumes": [{"name": "c", "configMap": {"name": "conf"}}]}
KEPT: dict[str, Any] = {"volumes": [{"name": "c", "secret": {"secretName": "conf"}}]}
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
) -> Snapshot:
    """Return a roll-out that ends at each start, and an older pod that served until it was started again.

    ``again``: how long ago another older one was started again, which serves.
    """
    made = rollout("shop", looping(), before=IMAGE, old=3, released=released, spec=KEPT if kind == "Secret" else CONF)
    put(pods_of(made)[1], status or looping(), unready=fell)
    if again:
        put(pods_of(made)[2], {"restartCount": 1, "state": {"running": {"startedAt": at(again)}}}, ready=True)
    told = ((FALLEN, theirs, 90), (pod("shop", 3), ours, 70))
    return snapshot(
        made,
        thing(kind, "conf", written=edit, data={"conf.yaml": ""}),
        *more,
        logs=[log(n, "INFO up", *said.splitlines(), since=since, previous=True) for n, said, since in told if said],
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
        )
    ),
    *(
        DoesNotHold(what, world, (SHOP, "code_defect", "rollback_workload"))
        for what, world in (
            ("those of the release end by something else", fallen(ours=JAVA)),
            ("nobody knows by what the older pod ends", fallen(theirs="")),
            ("another older one was started again since, and serves", fallen(again=1800)),
            ("the older pod was started again once only", fallen(status=looping(restarts=1))),
            ("the older pod ran for long after it was started again", fallen(status=looping(lived=2 * HOUR))),
            ("the older pod is killed by its probe", fallen(more=(event(f"Pod/{FALLEN}", "Killing", PROBED),))),
        )
    ),
]
