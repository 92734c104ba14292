"""What fails by itself behind the service that the alert names."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import event, probe_failure, restarting
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import node, nodes, secret
from tests.diagnosis.casemaker.pods import P, oom, running, terminated
from tests.diagnosis.casemaker.scene import alert, postgres, redis, well
from tests.diagnosis.casemaker.signals import exact, flat, requests, saw, signal, step
from tests.diagnosis.casemaker.templates import container, http, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes


@case(
    "database-killed-for-memory",
    "learning",
    "2026-03-19T13:27:00",
    title="PostgreSQL is killed for memory every few minutes; the gateway in front shows the errors",
    drawn_from="backends killed by the OOM killer, server process was terminated by signal 9, recovery, again",
    why="The gateway only passes on what its database does; the database fails by itself; its limit or its queries need a person.",
    expect=[Fault("StatefulSet/course-db", "resource_exhaustion", "page_human")],
    acceptable=[("dependency_failure", "page_human")],
    tolerated=[],
    forbidden=["rollback_workload", "scale_workload", "restart_connection_pool", "no_action", "isolate_workload"],
)
def database_oom(w: World) -> None:
    nodes(w, "le-1", "le-2", "le-3")
    pods = [P(restarts=6, state=running(70), last=oom(started=460, finished=74), ready=True, unready=60)]
    base = postgres(w, "course-db", pods=pods)
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    restarting(w, base.pods[0], first=minutes(26), last=80, count=9)
    lines = [
        L(95, "log", "server process (PID 812) was terminated by signal 9: Killed"),
        L(
            94,
            "detail",
            "Failed process was running: SELECT * FROM submissions s JOIN answers a ON a.submission_id = s.id ORDER BY s.created",
        ),
        L(93, "log", "terminating any other active server processes"),
        L(90, "log", "all server processes terminated; reinitializing"),
    ]
    log(w, base, 0, "postgres", lines, previous=True)
    log(
        w,
        base,
        0,
        "postgres",
        [
            L(69, "log", "database system was interrupted; last known up at 2026-03-19 13:22:41 UTC"),
            L(60, "log", "database system is ready to accept connections"),
        ],
    )
    gateway = well(
        w,
        "gateway",
        "registry.learn.example/gateway:6.6",
        pods=3,
        before="registry.learn.example/gateway:6.5",
        age=days(4),
    )
    ingress(w, "learn", "learn.example", [("/", "gateway", 80)])
    for index in range(3):
        log(
            w,
            gateway,
            index,
            "logback",
            often(
                5,
                1600,
                1,
                "error",
                [
                    "org.postgresql.util.PSQLException: FATAL: the database system is in recovery mode",
                    "org.postgresql.util.PSQLException: An I/O error occurred while sending to the backend.",
                    "org.postgresql.util.PSQLException: Connection to course-db:5432 refused.",
                ],
                "c.l.gateway.ErrorAdvice",
            ),
        )
    labels = {"pod": "course-db-0", "container": "postgres"}
    signal(w, "memory_share", labels, saw(0.45, 1.0, 420))
    exact(w, "restarts", labels, lambda age: max(0.0, (2700 - age) // 420))
    requests(w, "gateway", rate=flat(48), errors=step(0.001, 0.31, minutes(27)))
    alert(w, "GatewayErrorRate", minutes(22), "31% of the requests to gateway fail", service="gateway")


@case(
    "database-evicted-cannot-return",
    "parking",
    "2026-10-08T04:44:00",
    title="The database was evicted from its node and no other node may mount its volume",
    drawn_from="evicted stateful pods that stay pending: volume node affinity conflict, disk-pressure taint",
    why="The database cannot be scheduled until its node has room again; restarting its clients or itself changes nothing.",
    expect=[Fault("StatefulSet/postgres", "resource_exhaustion", "page_human")],
    acceptable=[
        ("resource_exhaustion", "page_human", "Node/pk-2"),
        ("dependency_failure", "page_human"),
        ("dependency_failure", "page_human", "Node/pk-2"),
        ("capacity", "page_human"),
    ],
    tolerated=[],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "restart_connection_pool",
        "scale_database",
        "no_action",
    ],
)
def database_evicted(w: World) -> None:
    nodes(w, "pk-1", "pk-3")
    node(
        w,
        "pk-2",
        conditions={"DiskPressure": ("True", "KubeletHasDiskPressure", "kubelet has disk pressure")},
        since=minutes(31),
        taints=("node.kubernetes.io/disk-pressure:NoSchedule",),
    )
    text = "0/3 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }, 2 node(s) had volume node affinity conflict. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
    base = postgres(w, pods=[P(age=minutes(28), unschedulable=text)])
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    event(w, base.pods[0], "FailedScheduling", text, first=minutes(28), last=minutes(3), count=6)
    event(
        w,
        base.pods[0],
        "Evicted",
        "The node was low on resource: ephemeral-storage. Threshold quantity: 6272562380, available: 5908944Ki. ",
        last=minutes(29),
        writer="kubelet",
    )
    spots = well(w, "spots", "registry.parking.example/spots:2.0", pods=3, age=days(33))
    for index in range(3):
        log(
            w,
            spots,
            index,
            "golang",
            often(
                6,
                1700,
                1,
                "error",
                [
                    "list spots: dial tcp: lookup postgres on 10.96.0.10:53: no such host",
                    "list spots: dial tcp 10.244.1.23:5432: connect: no route to host",
                ],
            ),
        )
    requests(w, "spots", rate=flat(7), errors=step(0, 1, minutes(28)))


@case(
    "redis-blocked-by-a-script",
    "auctions",
    "2026-07-15T16:16:00",
    title="A Lua script does not end; Redis answers BUSY and every bid waits for it",
    drawn_from="BUSY Redis is busy running a script: one stuck script stops all clients",
    why="The callers are unchanged and wait for the cache; the stuck process is Redis; it is a cache, and a restart ends the script.",
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
                "Slow script detected: still in execution after 5001 milliseconds. You can try killing the script using the SCRIPT KILL command. Script name is: 9f3c1a7be2.",
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
    why="The callers' own time is unchanged, the cache's latency is what rose, with a client that started when it did; stopping that client is a person's decision.",
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
    why="Every failing line names the provider's host; all inside is well and unchanged; nothing here can be restarted into health.",
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
    text = 'charge failed: Post "https://api.pay-provider.example/v1/charges": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
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


@case(
    "liveness-asks-the-database",
    "clinic",
    "2026-08-11T07:29:00",
    title="The database is down and liveness probes that ask it kill every service in front",
    drawn_from="cascading restarts in postmortems where a health endpoint checked a dependency",
    why="Three services restart in the same minute without a release, all for a probe that asks the database; the database cannot start: its Secret is gone.",
    expect=[Fault("StatefulSet/postgres", "configuration_error", "page_human")],
    acceptable=[
        ("configuration_error", "page_human", "Secret/postgres-auth"),
        ("dependency_failure", "page_human"),
        ("service_crash", "page_human"),
    ],
    tolerated=[],
    forbidden=[
        "rollback_workload",
        "scale_workload",
        "restart_workload",
        "restart_connection_pool",
        "scale_database",
        "no_action",
    ],
)
def cascade(w: World) -> None:
    nodes(w, "cn-1", "cn-2")
    base = postgres(
        w,
        pods=[
            P(
                age=minutes(25),
                state=(
                    "waiting",
                    {"reason": "CreateContainerConfigError", "message": 'secret "postgres-auth" not found'},
                ),
                unready=minutes(25),
            )
        ],
    )
    event(
        w,
        base.pods[0],
        "Failed",
        'Error: secret "postgres-auth" not found',
        first=minutes(25),
        last=8,
        count=114,
        container="postgres",
    )
    for number, name in enumerate(("appointments", "patients", "letters")):
        killed = terminated(143, "Error", started=150, finished=60 + number)
        spec = pod_spec(
            container(
                name,
                f"registry.clinic.example/{name}:4.{number}",
                ready="/health/full",
                live=http("/health/full", 8080),
            )
        )
        pods = [P(restarts=9, state=running(50), ready=False, last=killed, unready=minutes(24)) for _ in range(2)]
        made = deployment(w, name, [Rev(spec, days(17 + number))], pods)
        for pod in made.pods:
            probe_failure(
                w,
                pod,
                "Liveness",
                "HTTP probe failed with statuscode: 503",
                first=minutes(24),
                last=62,
                count=28,
                killed=9,
            )
        service(w, name)
        log(
            w,
            made,
            0,
            "logback",
            often(
                8,
                48,
                1,
                "warn",
                ["Health check db: DOWN {error=org.postgresql.util.PSQLException: The connection attempt failed.}"],
                "o.s.b.a.health",
            ),
        )
        log(
            w,
            made,
            0,
            "logback",
            often(
                9,
                145,
                62,
                "warn",
                ["Health check db: DOWN {error=java.net.UnknownHostException: postgres}"],
                "o.s.b.a.health",
            ),
            previous=True,
        )
        requests(w, name, rate=flat(10), errors=step(0, 1, minutes(24)))
