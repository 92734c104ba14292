"""A shop whose pod ended again and again for want of its database, which came back: what the rules of crashes share."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.pods import again, pods_of
from tests.diagnosis.rules.scenes import IMAGE, URL, alert, shop
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, at, event, pod, postgres, redis, series, snapshot
from tuheg_ir.diagnosis.model import Log, Snapshot

UNKNOWN = 'OperationalError: could not translate host name "postgres" to address: Name or service not known'
REFUSED = 'connection to server at "postgres" (10.96.0.7), port 5432 failed: Connection refused'
OWN = "panic: runtime error: invalid memory address or nil pointer dereference"
ELSEWHERE = 'OperationalError: could not translate host name "pay.example" to address: Name or service not known'
NOBODY = "ERROR dial tcp 10.9.8.7:5432: connect: connection refused"
CACHE = "ERROR dial tcp redis:6379: connect: connection refused"
TRACE = ("Traceback (most recent call last):", '  File "/app/start.py", line 31, in connect')
WORKS = "INFO order stored"
PROBE = "Liveness probe failed: HTTP probe failed with statuscode: 503"


def outlasted(
    *said: str,
    back: float = 1210,
    serves: float = 1190,
    ended: tuple[str, int] = ("Error", 1),
    now: str = WORKS,
    fails: float = 0.0,
    pods: int = 1,
) -> Snapshot:
    """Return a shop, released hours ago, of which a new pod ended five times and serves again; errors were many then.

    ``said``: its last words. ``back``, ``serves``: since when its database and it are ready again; it ended a while
    before, as ``ended`` says; by the kubelet for its probe, if without an error. ``now``: what it told last; ``fails``:
    what share of requests fails still. ``pods``: how many the database has; the others were there all the time.
    """
    made = shop(before=IMAGE, released=3 * 3600, env=URL)
    young = pods_of(made)[0]
    young["metadata"]["creationTimestamp"] = at(1560)
    held = young["status"]["containerStatuses"][0]
    held.update(again(*ended, age=1400, restarts=5, lived=5))
    held["state"] = {"running": {"startedAt": at(serves + 10)}}
    _ready(young, serves)
    store = postgres(pods=pods)
    _anew(pods_of(store)[0], back)
    probed = () if ended[1] else (event(f"Pod/{pod('shop')}", "Unhealthy", PROBE, age=1420, count=17),)
    lines = (f"{at(serves)} INFO starting", *(f"{at(age)} {WORKS}" for age in range(int(serves) - 10, 40, -20)))
    failed = series({"component": "shop"}, (3600, 0.0), (1560, 0.4), (1180, fails))
    return snapshot(
        made,
        store,
        redis(),
        probed,
        logs=[
            Log(pod("shop"), "shop", tuple(said or (*TRACE, UNKNOWN)), previous=True),
            Log(pod("shop"), "shop", (*lines, f"{at(30)} {now}")),
        ],
        figures=[("error_ratio", failed)],
        alerts=[alert("ShopErrors", service="shop")._replace(starts_at=NOW - timedelta(seconds=1500))],
    )


def _anew(made: Obj, age: float) -> None:
    """Make a pod one that started, and became ready, at an age."""
    made["metadata"]["creationTimestamp"] = at(min(age + 300, 30 * DAY))
    made["status"]["containerStatuses"][0]["state"] = {"running": {"startedAt": at(age + 5)}}
    _ready(made, age)


def _ready(made: Obj, age: float) -> None:
    condition: dict[str, Any] = {"type": "Ready", "status": "True", "lastTransitionTime": at(age)}
    made["status"]["conditions"] = [condition]
