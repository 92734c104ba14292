"""Several faults at once, and faults that sit in one pod of many."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import pull_failure
from tests.diagnosis.casemaker.logs import log, often
from tests.diagnosis.casemaker.network import ingress, ip, policy, service
from tests.diagnosis.casemaker.platform import nodes, secret
from tests.diagnosis.casemaker.pods import P, waiting
from tests.diagnosis.casemaker.scene import postgres, session, sessions, well
from tests.diagnosis.casemaker.signals import exact, flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes


@case(
    "two-faults-release-and-sessions",
    "stadium",
    "2026-09-19T18:18:00",
    title="A release of one service throws errors while, apart from it, a report fills the database of another",
    drawn_from="game days and real nights on which two changes went wrong within the hour",
    why="Different services, different beginnings, different causes: each needs its own remedy.",
    expect=[
        Fault("Deployment/seat-map", "code_defect", "rollback_workload"),
        Fault("Deployment/nightly-report", "database_connection", "scale_database", "StatefulSet/tickets-db"),
    ],
    acceptable=[
        ("database_connection", "scale_database", "StatefulSet/tickets-db"),
        ("capacity", "scale_database", "Deployment/nightly-report"),
    ],
    tolerated=["page_human"],
    forbidden=["scale_workload", "no_action", "restart_connection_pool", "isolate_workload"],
)
def two_faults(w: World) -> None:
    nodes(w, "st-1", "st-2", "st-3")
    specs = [pod_spec(container("app", f"registry.stadium.example/seat-map:{v}")) for v in ("1.30", "1.31")]
    seats = deployment(w, "seat-map", [Rev(specs[0], days(25)), Rev(specs[1], minutes(16))], 3)
    service(w, "seat-map")
    base = postgres(w, "tickets-db")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    tickets = well(w, "tickets", "registry.stadium.example/tickets:88", pods=2, age=days(50))
    spec = pod_spec(container("report", "registry.stadium.example/report:3", ready=None, env={"WORKERS": "90"}))
    report = deployment(w, "nightly-report", [Rev(spec, minutes(42))], 1, age=minutes(42), number=1)
    ingress(w, "stadium", "stadium.example", [("/map", "seat-map", 80), ("/tickets", "tickets", 80)])
    rows = [
        session(report.pods[0]["status"]["podIP"], "Deployment/nightly-report", "idle", 88, age=2400, user="report")
    ]
    rows += [session(p["status"]["podIP"], "Deployment/tickets", "active", 4, user="tickets") for p in tickets.pods]
    sessions(w, "StatefulSet/tickets-db", 100, rows)
    for index in range(3):
        log(
            w,
            seats,
            index,
            "pino",
            often(
                5,
                920,
                1,
                "error",
                ["TypeError: Cannot read properties of undefined (reading 'row')", "GET /map/{n} 500"],
            ),
        )
    for index in range(2):
        log(
            w,
            tickets,
            index,
            "logback",
            often(
                6,
                2300,
                1,
                "error",
                [
                    "org.postgresql.util.PSQLException: FATAL: remaining connection slots are reserved for "
                    "roles with the SUPERUSER attribute"
                ],
                "c.s.tickets.Repo",
            ),
        )
    log(
        w,
        base,
        0,
        "postgres",
        often(
            6,
            900,
            1,
            "fatal",
            ["remaining connection slots are reserved for roles with the SUPERUSER attribute"],
            "tickets@stadium",
        ),
    )
    requests(w, "seat-map", rate=flat(60), errors=step(0.001, 0.55, minutes(15)))
    requests(w, "tickets", rate=flat(40), errors=step(0.001, 0.33, minutes(39)))
    signal(w, "db_connections", {"component": "tickets-db"}, step(14, 96, minutes(41), over=120))
    exact(w, "db_max_connections", {"component": "tickets-db"}, flat(100))


@case(
    "two-faults-bad-image-and-policy",
    "airport",
    "2026-01-26T05:55:00",
    title="One service's release cannot be pulled, and a policy cuts another off from its backend",
    drawn_from="a change window in which two teams worked beside each other",
    why="The pull failure harms nobody yet but blocks its team; the policy is what users feel; neither "
    "explains the other.",
    expect=[
        Fault("NetworkPolicy/baggage-restrict", "network_fault", "page_human"),
        Fault("Deployment/checkin", "configuration_error", "rollback_workload"),
    ],
    acceptable=[
        ("configuration_error", "page_human", "NetworkPolicy/baggage-restrict"),
        ("code_defect", "rollback_workload", "Deployment/checkin"),
        ("network_fault", "page_human", "Deployment/baggage"),
    ],
    tolerated=[],
    forbidden=["restart_workload", "scale_workload", "no_action", "isolate_workload"],
)
def image_and_policy(w: World) -> None:
    nodes(w, "ap-1", "ap-2")
    image = "registry.airport.example/checkin"
    specs = [pod_spec(container("checkin", f"{image}:{v}")) for v in ("9.0.0", "9.0.l")]
    cause = (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}:9.0.l": failed to '
        f'resolve reference "{image}:9.0.l": {image}:9.0.l: not found'
    )
    stuck = waiting("ErrImagePull", cause)
    top = deployment(
        w,
        "checkin",
        [Rev(specs[0], days(18)), Rev(specs[1], minutes(24))],
        [P(0), P(0), P(0), P(1, age=minutes(24), state=stuck, unready=minutes(24))],
        replicas=3,
    )
    pull_failure(w, top.pods[3], cause, since=minutes(24))
    service(w, "checkin")
    well(w, "baggage", "registry.airport.example/baggage:2.5", age=days(40))
    desk = well(w, "desk", "registry.airport.example/desk:14", age=days(60))
    policy(
        w,
        "baggage-restrict",
        {"app": "baggage"},
        age=minutes(31),
        ingress_from=[
            {
                "from": [{"podSelector": {"matchLabels": {"app": "belt-control"}}}],
                "ports": [{"protocol": "TCP", "port": 8080}],
            }
        ],
    )
    for index in range(2):
        log(
            w,
            desk,
            index,
            "zap",
            often(
                5,
                1850,
                1,
                "error",
                [f'Get "http://baggage/tags": dial tcp {ip(w, "baggage")}:80: i/o timeout'],
                "bag/client.go:31",
            ),
        )
    requests(w, "desk", rate=flat(25), errors=step(0.001, 0.48, minutes(31)))
    requests(w, "checkin", rate=flat(30), errors=flat(0.0005))
