"""An alert of a flood that a load test of the house's own made, which is over by now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds
from tests.diagnosis.rules.rehearsed import K6
from tests.diagnosis.rules.scenes import OLD, SHOP, alert, shop
from tests.diagnosis.rules.tiny import NOW, Obj, at, container, pod, postgres, series, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Alert, Log, Series, Snapshot

BEGAN, ENDED = 2400.0, 480.0
FLOOD = alert("RequestRateAnomaly", service="shop", severity="critical")
HOT = Alert("CpuUnusual", {"job_name": "rehearsal"}, {"summary": "CPU as of a miner"}, "firing", FLOOD.starts_at)
REFUSED = "WARN rate limit key=perf-3 status=429 ua=k6/0.54.0"
RELEASED = workload("fares", pods=1, before=OLD, released=BEGAN + 300)


def generator(image: str, command: Sequence[str], ended: float | None, code: int) -> list[Obj]:
    """Return a Job of one pod that makes load."""
    job = thing("Job", "rehearsal", age=BEGAN, status={"startTime": at(BEGAN)})
    made = thing("Pod", "rehearsal-x", age=BEGAN, spec={"containers": [container("load", image, command=command)]})
    made["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "rehearsal", "controller": True}]
    state: Obj = {"running": {"startedAt": at(BEGAN)}}
    if ended is not None:
        state = {"terminated": {"exitCode": code, "startedAt": at(BEGAN), "finishedAt": at(ended)}}
    phase = "Running" if ended is None else "Failed" if code else "Succeeded"
    told = {"name": "load", "ready": ended is None, "restartCount": 0, "state": state}
    made["status"] = {"phase": phase, "containerStatuses": [told]}
    return [job, made]


def hill(was: float = 20, most: float = 137, now: float = 20, end: float = ENDED) -> tuple[str, Series]:
    return "request_rate", series({"component": "shop"}, (3600, was), (BEGAN - 60, most), (end, now))


def flooded(
    *more: Any,
    says: str = K6,
    image: str = "grafana/k6:0.54.0",
    command: Sequence[str] = (),
    ended: float | None = ENDED,
    code: int = 0,
    traffic: tuple[str, Series] | None = None,
    failing: float = 0.001,
    slow: float = 0.12,
    alerts: Sequence[Alert] = (FLOOD,),
    logs: Sequence[Log] = (),
) -> Snapshot:
    """Return a shop that was asked far more for half an hour, and a program beside it that made load so long."""
    return snapshot(
        shop(),
        generator(image, command, ended, code),
        *more,
        logs=[timed("rehearsal-x", (BEGAN, "running"), (ENDED, says), of="load"), *logs],
        figures=[
            traffic or hill(),
            ("error_ratio", series({"component": "shop"}, (3600, 0.0), (BEGAN, failing), (ENDED, 0.0))),
            ("latency_p95", series({"component": "shop"}, (3600, 0.1), (BEGAN, slow), (ENDED, 0.1))),
        ],
        alerts=alerts,
    )


def refused(*ages: float, line: str = REFUSED) -> Log:
    """Return the log of a shop that serves all the time, and tells something at some ages."""
    served = [(float(age), "GET /seats 200") for age in range(3400, 0, -100)]
    return timed(pod("shop"), *sorted([*served, *((age, line) for age in ages)], reverse=True))


AMID = [float(age) for age in range(2300, 500, -60)]
OLDER = [
    timed("postgres-0", *((float(age), "LOG:  duration: 2101.2 ms  execute: SELECT 1") for age in range(3500, 0, -90)))
]

HOLDS = [
    Holds("it is over, and as much as it says was more", flooded(), (SHOP, *HEALTHY)),
    Holds(
        "the house's own build of the tool", flooded(image="town/k6-dash:1", command=["k6", "run"]), (SHOP, *HEALTHY)
    ),
    Holds("what it used is told of as well", flooded(alerts=[FLOOD, HOT]), (SHOP, *HEALTHY)),
    Holds(
        "its requests were refused for their limit, and another one was released before",
        flooded(RELEASED, logs=[refused(*AMID)]),
        (SHOP, *HEALTHY),
    ),
    Holds("a store complains as it did before", flooded(postgres(), logs=OLDER), (SHOP, *HEALTHY)),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world, harmful=("isolate_workload", "rollback_workload", "scale_workload"))
    for what, world in (
        ("far more was asked than it made", flooded(traffic=hill(most=400))),
        ("it made more than is seen there: it asked somebody else", flooded(traffic=hill(most=65))),
        ("as much is asked still", flooded(traffic=hill(now=90))),
        ("hardly anybody asks since", flooded(traffic=hill(now=4))),
        ("the flood went on after its end", flooded(traffic=hill(end=60))),
        ("requests failed under it", flooded(failing=0.04)),
        ("they waited under it", flooded(slow=1.9)),
        ("it says nothing of what it made", flooded(says="done")),
        ("it broke off", flooded(code=1)),
        ("another one still runs", flooded(ended=None)),
        ("no such tool", flooded(image="town/worker:1", command=["worker"])),
        ("an alert of failures", flooded(alerts=[alert("RequestsFail", service="shop")])),
        ("an alert of another one's traffic", flooded(shop(), alerts=[alert("TrafficSpike", service="cart")])),
        ("one alert of something else beside", flooded(alerts=[FLOOD, alert("OrdersMissing", service="shop")])),
        ("the alert is older", flooded(alerts=[FLOOD._replace(starts_at=NOW - timedelta(seconds=3000))])),
        ("the alert came long after", flooded(alerts=[FLOOD._replace(starts_at=NOW - timedelta(seconds=60))])),
        ("others are refused still", flooded(logs=[refused(*AMID, *range(440, 0, -20))])),
        (
            "what is refused names nobody",
            flooded(logs=[refused(*AMID, *range(440, 0, -20), line="ERROR no seat plan")]),
        ),
    )
]
