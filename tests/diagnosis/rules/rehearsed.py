"""A load test of the house's own that has ended, what it says that it made, and a shop's traffic around its end."""

from __future__ import annotations

from tests.diagnosis.rules.scenes import WELL, alert, rate, shop
from tests.diagnosis.rules.tiny import Obj, at, container, log, snapshot, thing
from tuheg_ir.diagnosis.model import Alert, Series, Snapshot

K6 = "     http_reqs......................: 622543 117.282/s"
SAYS = (
    K6,
    "Requests/sec:    117.28",
    "Requests per second:    117.28 [#/sec] (mean)",
    "Requests      [total, rate, throughput]         622543, 117.28, 117.26",
    "All done 622543 calls (plus 8 warmup) 40.1 ms avg, 117.2 qps",
    "summary = 622543 in 01:28:28 =  117.3/s Avg:    40 Min:    14 Max:  1210 Err:   122 (0.02%)",
    "> mean requests/sec                                 117.28 (OK=117.1  KO=0.18  )",
    "         Aggregated   622543  122(0.02%) |     40      14    1210     37 |  117.28        0.02",
    "http.request_rate: ............................................................. 117/sec",
    "  Reqs/sec       117.28      12.10     140",
)
"""How generators of load sum up what they made."""
LESS = Alert("TrafficDropped", {"service": "shop", "severity": "critical"}, {}, "firing", alert().starts_at)
ENDED_S = 1200.0


def rehearsed(
    says: str = K6,
    *,
    now: float = 39,
    before: float = 156,
    fell: float = ENDED_S - 60,
    ended: float = ENDED_S,
    image: str = "grafana/k6:0.51.0",
    code: int = 0,
    fires: Alert = LESS,
    traffic: tuple[str, Series] | None = None,
) -> Snapshot:
    """Return a shop whose traffic fell, and a test that ended so long ago."""
    status = {"startTime": at(5400), "completionTime": at(ended), "succeeded": 1}
    job = thing("Job", "rehearsal", age=5400, status=status)
    ran: Obj = thing("Pod", "rehearsal-x", age=5400, spec={"containers": [container("load", image)]})
    ran["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "rehearsal", "controller": True}]
    over = {
        "exitCode": code,
        "reason": "Error" if code else "Completed",
        "startedAt": at(5400),
        "finishedAt": at(ended),
    }
    ran["status"] = {
        "phase": "Failed" if code else "Succeeded",
        "containerStatuses": [{"name": "load", "ready": False, "restartCount": 0, "state": {"terminated": over}}],
    }
    return snapshot(
        shop(),
        job,
        ran,
        logs=[log("rehearsal-x", "running", says, "done", since=ended + 1, of="load")],
        figures=[WELL, traffic or rate("shop", before, now, fell)],
        alerts=[fires],
    )
