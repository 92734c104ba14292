"""Databases that are down, seen through the services in front of them."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import event, probe_failure, restarting
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import node, nodes, secret
from tests.diagnosis.casemaker.pods import P, oom, running, terminated
from tests.diagnosis.casemaker.scene import alert, postgres, well
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
    why="The gateway only passes on what its database does; the database fails by itself; its limit or its "
    "queries need a person.",
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
            "Failed process was running: SELECT * FROM submissions s JOIN answers a ON a.submission_id = s.id "
            "ORDER BY s.created",
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
    why="The database cannot be scheduled until its node has room again; restarting its clients or itself "
    "changes nothing.",
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
    text = (
        "0/3 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }, 2 "
        "node(s) had volume node affinity conflict. preemption: 0/3 nodes are available: 3 Preemption is not "
        "helpful for scheduling."
    )
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
                    "list spots: dial tcp 10.244.1.99:5432: connect: no route to host",
                ],
            ),
        )
    requests(w, "spots", rate=flat(7), errors=step(0, 1, minutes(28)))


@case(
    "liveness-asks-the-database",
    "clinic",
    "2026-08-11T07:29:00",
    title="The database is down and liveness probes that ask it kill every service in front",
    drawn_from="cascading restarts in postmortems where a health endpoint checked a dependency",
    why="Three services restart in the same minute without a release, all for a probe that asks the database; "
    "the database cannot start: its Secret is gone.",
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
