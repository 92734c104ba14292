"""Faults of processes, not of templates: a stuck replica, a full heap, mere load."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import probe_failure
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import nodes
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, well
from tests.diagnosis.casemaker.signals import flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes


@case(
    "one-replica-stuck",
    "forum",
    "2026-03-22T17:03:00",
    title="One of five replicas answers nothing but errors; the others, same image and age, are well",
    drawn_from="a deadlocked worker pool in a single process that its probes do not see",
    why="Same template, four pods well: the instance is stuck, not the release; a fresh process is well.",
    expect=[Fault("Deployment/threads", "service_crash", "restart_workload")],
    acceptable=[
        ("code_defect", "restart_workload"),
        ("resource_exhaustion", "restart_workload"),
        ("unknown", "restart_workload"),
        ("database_connection", "restart_workload"),
    ],
    tolerated=["page_human"],
    forbidden=["rollback_workload", "scale_database", "no_action", "isolate_workload"],
)
def stuck_replica(w: World) -> None:
    nodes(w, "fo-1", "fo-2", "fo-3")
    specs = [
        pod_spec(container("threads", f"registry.forum.example/threads:{v}", live="/ping")) for v in ("6.1", "6.2")
    ]
    top = deployment(
        w,
        "threads",
        [Rev(specs[0], days(55)), Rev(specs[1], days(23))],
        5,
        labels={"app.kubernetes.io/name": "threads", "app.kubernetes.io/component": "api"},
    )
    service(w, "threads", {"app.kubernetes.io/name": "threads"})
    well(w, "avatars", "registry.forum.example/avatars:3")
    for index in range(5):
        labels = {"pod": top.pod(index)}
        bad = index == 3
        signal(w, "error_ratio_by_pod", labels, step(0.001, 0.97, minutes(33)) if bad else flat(0.001))
        signal(w, "latency_p95_by_pod", labels, step(0.07, 10, minutes(33)) if bad else flat(0.07))
        signal(w, "request_rate_by_pod", labels, flat(12))
        signal(w, "cpu_share", labels | {"container": "threads"}, step(0.3, 0.01, minutes(33)) if bad else flat(0.3))
    log(
        w,
        top,
        3,
        "logback",
        [
            L(1990, "warn", "Thread starvation or clock leap detected", "c.z.hikari.pool.HikariPool"),
            *often(
                10,
                1950,
                1,
                "error",
                ["request timed out after 10000 ms waiting for worker (pool size=50, active=50, queued={n})"],
                "c.f.threads.WorkerPool",
            ),
        ],
    )
    log(w, top, 0, "logback", often(10, 900, 1, "info", ["GET /t/{n} 200 41ms"], "c.f.threads.Access"))
    requests(w, "threads", rate=flat(60), errors=step(0.001, 0.195, minutes(33)))
    alert(w, "ThreadsErrors", minutes(28), "19% of requests to threads fail", service="threads")


@case(
    "release-is-innocent-traffic-is-not",
    "lottery",
    "2026-12-24T16:40:00",
    title="There was a release three days ago, but what changed this afternoon is the traffic",
    drawn_from="reviews in which the last deploy was rolled back in vain while load was the cause",
    why="The release ran three days without an error; rate, CPU and latency rise together now; more replicas fit.",
    expect=[Fault("Deployment/draws", "capacity", "scale_workload")],
    acceptable=[("resource_exhaustion", "scale_workload")],
    tolerated=["page_human"],
    forbidden=["rollback_workload", "restart_workload", "no_action", "scale_database"],
)
def innocent(w: World) -> None:
    nodes(w, "lo-1", "lo-2", cpu="16")
    specs = [
        pod_spec(container("app", f"registry.lottery.example/draws:{v}", cpu=("250m", "500m"))) for v in ("41", "42")
    ]
    top = deployment(w, "draws", [Rev(specs[0], days(31)), Rev(specs[1], days(3))], 3)
    service(w, "draws")
    well(w, "results", "registry.lottery.example/results:17")
    for index in range(3):
        labels = {"pod": top.pod(index), "container": "app"}
        signal(w, "cpu_share", labels, ramp(0.4, 0.99, minutes(35), minutes(10)))
        signal(w, "throttled_share", labels, ramp(0.01, 0.55, minutes(35), minutes(10)))
        log(w, top, index, "zap", often(7, 700, 1, "warn", ["request took 2.9s path=/draws/{n}"], "http/slow.go:20"))
    requests(
        w,
        "draws",
        rate=ramp(40, 118, minutes(36), minutes(8)),
        errors=flat(0.002),
        p95=ramp(0.12, 3.0, minutes(30), minutes(6)),
    )
    for name in ("lo-1", "lo-2"):
        signal(w, "node_cpu_share", {"node": name}, flat(0.28))


@case(
    "readiness-flaps-under-garbage-collection",
    "exchange",
    "2026-02-14T14:14:00",
    title="All replicas of a memory-starved service flap in and out of readiness; nothing was released",
    drawn_from="JVM services near their heap limit: long collections, probe timeouts, errors in waves",
    why="Heap is full for a day on a revision of a month; the collector takes the processor; fresh processes "
    "run free again for long.",
    expect=[Fault("Deployment/order-book", "resource_exhaustion", "restart_workload")],
    acceptable=[("code_defect", "restart_workload")],
    tolerated=["page_human", "scale_workload"],
    forbidden=["rollback_workload", "no_action", "scale_database", "isolate_workload"],
)
def garbage(w: World) -> None:
    nodes(w, "ex-1", "ex-2", "ex-3")
    spec = pod_spec(
        container(
            "book",
            "registry.exchange.example/order-book:77",
            memory=("2Gi", "2Gi"),
            cpu=("1", "2"),
            env={"JAVA_TOOL_OPTIONS": "-Xmx1600m"},
        )
    )
    top = deployment(w, "order-book", [Rev(spec, days(34))], [P(unready=45), P(ready=False, unready=12), P(unready=80)])
    service(w, "order-book")
    for pod in top.pods:
        probe_failure(
            w,
            pod,
            "Readiness",
            f'Get "http://{pod["status"]["podIP"]}:8080/healthz": context deadline exceeded (Client.Timeout '
            "exceeded while awaiting headers)",
            first=minutes(55),
            last=13,
            count=71,
        )
    for index in range(3):
        labels = {"pod": top.pod(index), "container": "book"}
        signal(w, "memory_share", labels, ramp(0.955, 0.981), noise=0.003)
        signal(w, "cpu_share", labels, ramp(0.7, 0.97))
        log(
            w,
            top,
            index,
            "logback",
            often(
                14,
                1300,
                1,
                "warn",
                [
                    "GC pause (G1 Compaction Pause) 1598M->1571M(1600M) 4213ms",
                    "java.lang.OutOfMemoryError: GC overhead limit exceeded",
                ],
                "gc",
            ),
        )
    requests(w, "order-book", rate=flat(220), errors=ramp(0.002, 0.14), p95=ramp(0.3, 4.6))
    well(w, "quotes", "registry.exchange.example/quotes:5")
