"""A release took a database's connections: an older pod that was started again since gets none, and clears it not."""

from __future__ import annotations

from tests.diagnosis.rules.cases import Holds
from tests.diagnosis.rules.pods import looping, pods_of, put, rollout
from tests.diagnosis.rules.scenes import SHOP, URL
from tests.diagnosis.rules.tiny import Obj, at, database, log, pod, postgres, session, snapshot
from tuheg_ir.diagnosis.model import Snapshot

FULL = "ERROR FATAL: sorry, too many clients already"


def taken(*, fell: float = 400, anew: float = 0) -> Snapshot:
    """Return a release of larger pools whose first pod is ready and whose next one, as an older one, gets no session.

    ``anew``: how long ago the older one was made anew; it has never served since.
    """
    made = rollout(
        "shop",
        looping(),
        before={"env": {**URL, "POOL_SIZE": "10"}},
        old=3,
        new=2,
        released=600,
        env={**URL, "POOL_SIZE": "45"},
    )
    older, first = pods_of(made)[1], pods_of(made)[3]
    put(older, looping(), unready=fell)
    if anew:
        older["metadata"]["creationTimestamp"] = older["status"]["startTime"] = at(anew)
        for each in older["status"]["conditions"]:
            each["lastTransitionTime"] = at(anew)
    runs: Obj = {"ready": True, "restartCount": 0, "state": {"running": {"startedAt": at(590)}}, "lastState": {}}
    put(first, runs, ready=True)
    return snapshot(
        made,
        postgres(),
        logs=[log(pod("shop", n), "INFO up", FULL, since=90, previous=True) for n in (1, 4)],
        databases=[database(*(session(SHOP, "idle", n) for n in (45, 45, 10)), most=100)],
    )


HOLDS = [
    Holds(what, world, (SHOP, "configuration_error", "rollback_workload"), spares=[("rollback_workload", SHOP)])
    for what, world in (
        ("the older one had served, and was started again since", taken()),
        ("the older one was made anew since", taken(anew=300)),
    )
]
