"""All workers are busy, and a proxy in their own pod waits for them in vain: it speaks of nobody else."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import API, OLD, latency, logs, rate
from tests.diagnosis.rules.tiny import DAY, figure, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

NGINX = (
    "[error] 29#29: *8749 upstream timed out (110: Connection timed out) while reading response header from upstream, "
    'client: 10.0.0.7, server: _, request: "GET /cart HTTP/1.1", upstream: "{}", host: "shop.example"'
)
FPM = NGINX.format("fastcgi://127.0.0.1:9000")
APACHE = (
    "[proxy_http:error] [pid 9:tid 14] (70007)The timeout specified has expired: [client 10.0.0.7:4431] AH01102: error "
    "reading status line from remote server 127.0.0.1:8000"
)
IN_VAIN = "ERROR connect to http://cart:8080: connection timed out"
BUSY = (0.5, 1.0)


def waits(
    *lines: str,
    busy: tuple[float, float] = BUSY,
    served: tuple[float, float] = (20, 38),
    took: tuple[float, float] | None = (0.4, 0.41),
    asked: float = 150,
    released: float = 9 * DAY,
    beside: Any = (),
) -> Snapshot:
    """Return a service that is asked for more than its workers serve, and what its pods log of it."""
    counts: list[Any] = []
    for name in (pod("api", n) for n in range(2)):
        counts += [figure("workers_busy_share", *busy, pod=name), figure("request_rate_by_pod", *served, pod=name)]
        counts += [figure("latency_p95_by_pod", *took, pod=name)] if took else []
    return snapshot(
        workload("api", before=OLD, released=released, env={"CART_URL": "http://cart:8080"}),
        workload("cart"),
        figures=[rate("api", 50, asked), latency("api", 0.4, 9.0), *counts, *beside],
        logs=[each for line in lines for each in logs("api", line, 0, 1)],
    )


HOLDS = [
    Holds(
        f"it is asked for three times as much, and its own proxy waits for it: {of}",
        waits(line),
        (API, "capacity", "scale_workload"),
        excludes=no("rollback_workload", at=API),
    )
    for of, line in (
        ("nginx before PHP-FPM", FPM),
        ("nginx before a server of HTTP", NGINX.format("http://localhost:8000/cart")),
        ("nginx before a socket", NGINX.format("uwsgi://unix:/run/app.sock")),
        ("Apache", APACHE),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(f"its own proxy waits for it, but {why}", scene, (), harmful=("scale_workload",))
    for why, scene in (
        ("each request takes longer: something behind is slow", waits(FPM, took=(0.4, 1.1), served=(20, 22))),
        ("it serves no more: workers hang, and those that do not are as quick", waits(FPM, served=(20, 21))),
        ("nobody knows how long its requests take", waits(FPM, took=None)),
        ("it waits in vain for what it asks as well", waits(FPM, IN_VAIN)),
        (
            "what it asks is slow",
            waits(FPM, beside=[figure("dependency_latency_p95", 0.05, 2.5, component="api", dependency="cart")]),
        ),
        ("the proxy leads to another", waits(NGINX.format("http://10.0.0.9:8080/cart"))),
        ("it is asked for as much as ever", waits(FPM, asked=52)),
        ("some of its workers are free", waits(FPM, busy=(0.3, 0.6))),
        ("that since its own release", waits(FPM, released=660)),
    )
]
