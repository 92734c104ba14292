"""What fails by itself behind the service that the alert names."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import probe_failure
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.platform import nodes
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, redis, well
from tests.diagnosis.casemaker.signals import exact, flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes


@case(
    "redis-blocked-by-a-script",
    "auctions",
    "2026-07-15T16:16:00",
    title="A Lua script does not end; Redis answers BUSY and every bid waits for it",
    drawn_from="BUSY Redis is busy running a script: one stuck script stops all clients",
    why="The callers are unchanged and wait for the cache; the stuck process is Redis; it is a cache, and a "
    "restart ends the script.",
    expect=[Fault("Deployment/redis", "dependency_failure", "restart_workload")],
    acceptable=[
        ("resource_exhaustion", "restart_workload"),
        ("service_crash", "restart_workload"),
        ("dependency_failure", "page_human"),
    ],
    tolerated=["page_human"],
    forbidden=["rollback_workload", "scale_workload", "scale_database", "no_action", "isolate_workload"],
)
def redis_busy(w: World) -> None:
    nodes(w, "au-1", "au-2")
    cache = redis(w, pods=[P(ready=False, unready=875)])
    bids = well(
        w, "bids", "registry.auctions.example/bids:55", pods=3, age=days(12), before="registry.auctions.example/bids:54"
    )
    text = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
    for index in range(3):
        log(
            w,
            bids,
            index,
            "python",
            often(
                3,
                880,
                1,
                "error",
                [f"redis.exceptions.ResponseError: {text}", "POST /bid 503 after 5001ms"],
                "bids.store",
            ),
        )
    log(
        w,
        cache,
        0,
        "redis",
        [
            L(days(3), "info", "Ready to accept connections tcp"),
            L(
                885,
                "warn",
                "Slow script detected: still in execution after 5001 milliseconds. You can try killing the "
                "script using the SCRIPT KILL command. Script name is: 9f3c1a7be2.",
            ),
        ],
    )
    probe_failure(w, cache.pods[0], "Readiness", text, first=minutes(14), last=4, count=160)
    signal(w, "cache_latency_p95", {"component": "redis"}, step(0.0011, 5.0, 885))
    exact(w, "cache_up", {"component": "redis"}, flat(1))
    signal(w, "dependency_latency_p95", {"component": "bids", "dependency": "redis"}, step(0.002, 5.0, 885))
    signal(w, "cpu_share", {"pod": cache.pod(0), "container": "redis"}, step(0.2, 1.0, 885))
    requests(w, "bids", rate=flat(150), errors=step(0.001, 0.98, 880), p95=step(0.03, 5.0, 880))
    alert(w, "BidsLatency", minutes(11), "bids p95 above 1 s", service="bids")


@case(
    "slow-cache-behind-callers",
    "radio",
    "2026-02-27T06:14:00",
    title="Another job scans the whole cache; each command waits and all callers are slow",
    drawn_from="KEYS * and big LRANGE calls by a batch client that hold a single-threaded cache",
    why="The callers' own time is unchanged, the cache's latency is what rose, with a client that started when "
    "it did; stopping that client is a person's decision.",
    expect=[Fault("Deployment/redis", "dependency_failure", "page_human")],
    acceptable=[
        ("dependency_failure", "page_human", "Deployment/playlist-export"),
        ("resource_exhaustion", "page_human"),
        ("capacity", "page_human"),
    ],
    tolerated=[],
    forbidden=["rollback_workload", "scale_workload", "scale_database", "no_action", "restart_connection_pool"],
)
def slow_cache(w: World) -> None:
    nodes(w, "ra-1", "ra-2")
    cache = redis(w)
    stream = well(w, "stream-api", "registry.radio.example/stream-api:18", pods=2, age=days(28))
    spec = pod_spec(
        container(
            "export",
            "registry.radio.example/playlist-export:2",
            env={"REDIS_ADDR": "redis:6379", "SCAN_ALL": "true"},
            ready=None,
        )
    )
    tool = deployment(w, "playlist-export", [Rev(spec, minutes(35))], 1, age=minutes(35), number=1)
    log(
        w,
        tool,
        0,
        "python",
        often(4, 2080, 1, "info", ["KEYS * returned {n} keys in 1388 ms", "dumped {n} entries"], "export"),
    )
    log(w, cache, 0, "redis", [L(days(2), "info", "Background saving terminated with success")])
    for index in range(2):
        log(
            w,
            stream,
            index,
            "zap",
            often(
                5,
                2000,
                1,
                "warn",
                ["slow redis command cmd=GET took=1391ms", "request slow path=/now took=1.4s"],
                "cache/client.go:55",
            ),
        )
    signal(w, "cache_latency_p95", {"component": "redis"}, step(0.0009, 1.39, minutes(34)))
    exact(w, "cache_up", {"component": "redis"}, flat(1))
    signal(w, "cpu_share", {"pod": cache.pod(0), "container": "redis"}, step(0.12, 0.97, minutes(34)))
    signal(w, "cpu_share", {"pod": stream.pod(0), "container": "stream-api"}, flat(0.22))
    signal(
        w, "dependency_latency_p95", {"component": "stream-api", "dependency": "redis"}, step(0.001, 1.4, minutes(34))
    )
    requests(w, "stream-api", rate=flat(65), errors=flat(0.001), p95=step(0.04, 1.46, minutes(34)))


@case(
    "payment-provider-times-out",
    "cinema",
    "2026-12-18T19:40:00",
    title="The payment provider outside answers too late; only the calls to it fail",
    drawn_from="outages of payment APIs seen from their clients: context deadline exceeded, 504 from a host outside",
    why="Every failing line names the provider's host; all inside is well and unchanged; nothing here can be "
    "restarted into health.",
    expect=[Fault("Deployment/payments", "dependency_failure", "page_human")],
    acceptable=[("dependency_failure", "page_human", "*"), ("network_fault", "page_human")],
    tolerated=["switch_traffic"],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "no_action",
        "restart_connection_pool",
        "scale_database",
    ],
)
def provider(w: World) -> None:
    nodes(w, "ci-1", "ci-2")
    pay = well(
        w,
        "payments",
        "registry.cinema.example/payments:7.3",
        pods=2,
        age=days(26),
        before="registry.cinema.example/payments:7.2",
    )
    box = well(
        w,
        "box-office",
        "registry.cinema.example/box-office:31",
        pods=3,
        age=days(2),
        before="registry.cinema.example/box-office:30",
    )
    text = (
        'charge failed: Post "https://api.pay-provider.example/v1/charges": context deadline exceeded '
        "(Client.Timeout exceeded while awaiting headers)"
    )
    for index in range(2):
        log(
            w,
            pay,
            index,
            "zap",
            often(
                4,
                1300,
                1,
                "error",
                [text, "provider answered 504 Gateway Timeout host=api.pay-provider.example"],
                "provider/client.go:112",
            ),
        )
    for index in range(3):
        log(w, box, index, "pino", often(6, 1290, 1, "error", ["POST http://payments/charge 504"]))
    signal(
        w,
        "dependency_error_ratio",
        {"component": "payments", "dependency": "api.pay-provider.example"},
        step(0.002, 0.93, minutes(22)),
    )
    signal(
        w,
        "dependency_latency_p95",
        {"component": "payments", "dependency": "api.pay-provider.example"},
        step(0.4, 10, minutes(22)),
    )
    requests(w, "payments", rate=flat(8), errors=step(0.002, 0.93, minutes(22)), p95=step(0.5, 10, minutes(22)))
    requests(w, "box-office", rate=flat(70), errors=step(0.001, 0.12, minutes(22)))
    alert(w, "BoxOfficeErrors", minutes(17), "12% of requests to box-office fail", service="box-office")
