"""A load test of the house's own rings the bell for an attack: all who ask are the test, and all is served."""

from __future__ import annotations

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, alert, errors, latency, rate, shop
from tests.diagnosis.rules.tiny import Obj, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Alert, Snapshot

LINE = '10.1.9.1 - - [04/Mar/2026:11:59:00 +0000] "GET /seats HTTP/1.1" {} 611 "-" "{}"'
K6, GUEST = "k6/0.54.0 (https://k6.io/)", "Mozilla/5.0 (X11; Linux x86_64)"
FLOOD = alert("RequestRateAnomaly", service="shop")


def asked(
    image: str = "grafana/k6:0.54.0",
    *,
    started: float = 1200,
    guests: int = 0,
    failing: float = 0.001,
    slow: float = 0.5,
    rings: Alert = FLOOD,
) -> Snapshot:
    """Return a shop whose requests grew ten minutes ago, a program beside it, and who asks by its access log."""
    generator: list[Obj] = workload("rehearsal", image, pods=1, age=started, service=False)
    lines = [LINE.format(200, K6)] * 40 + [LINE.format(200, GUEST)] * guests
    return snapshot(
        shop(),
        generator,
        logs=[log(pod("shop"), *lines)],
        figures=[errors("shop", failing), latency("shop", 0.15, slow), rate("shop", 9, 400)],
        alerts=[rings],
    )


HOLDS = [
    Holds(
        "all that is asked comes from a test that runs here, and answers take somewhat longer",
        asked(),
        (SHOP, *HEALTHY),
        excludes=no("isolate_workload", "restart_workload", "rollback_workload", at=SHOP),
    ),
    Holds("and answers come as fast as ever", asked(slow=0.15), (SHOP, *HEALTHY)),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world, ("capacity", "scale_workload"), harmful=("isolate_workload",))
    for what, world in (
        ("guests ask as well, and wait", asked(guests=15)),
        ("requests fail under it", asked(failing=0.2)),
        ("the test began after the requests had grown", asked(started=120)),
        ("the test runs since yesterday", asked(started=80000)),
        ("nothing that makes load runs here, whoever names it", asked("registry.example/worker:1")),
        ("an alert speaks of something else", asked(rings=alert("OrdersMissing", service="shop"))),
    )
]
