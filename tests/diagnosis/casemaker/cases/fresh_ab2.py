"""Load that is none: one silent pool of four, batch nodes at work."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_p import machines, measured
from tests.diagnosis.casemaker.events import event, probe_failure
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import nodes, secret
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, postgres, redis, session, sessions, well
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, Workload, deployment
from tests.diagnosis.casemaker.world import World, days, minutes

EVERY_ACT = (
    "restart_workload",
    "rollback_workload",
    "scale_workload",
    "restart_connection_pool",
    "scale_database",
    "isolate_workload",
    "switch_traffic",
)


@case(
    "pool-of-one-replica-waits-since-its-node-fell-silent",
    "cinema",
    "2026-02-06T19:46:00",
    title="A quarter of all seat plans fails: one of four pods holds ten connections that the database has long ended",
    drawn_from="a pool whose ten connections hang in a read without a timeout after a short cut of the network",
    why="The errors are those of one pod of four, whose node was away for a minute at the moment in which they began; "
    "the database gave its ten connections up then and has no session of it since, while the pod counts ten of ten as "
    "active. Its sisters of the same template work, and so do others on that node. The release of the ticket page was "
    "out and well before. A start of that pod makes a new pool.",
    expect=[Fault("Deployment/seat-plans", "database_connection", "restart_workload")],
    acceptable=[
        ("database_connection", "restart_connection_pool"),
        ("network_fault", "restart_workload"),
        ("service_crash", "restart_workload"),
        ("code_defect", "restart_workload"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "rollback_workload",
        "scale_workload",
        "scale_database",
        "no_action",
        {"remedy": "restart_workload", "target": "StatefulSet/seats-db"},
        {"remedy": "restart_workload", "target": "Deployment/ticket-page"},
    ],
)
def silent_pool(w: World) -> None:
    cut, again = minutes(37.6), minutes(36.3)
    silent_nodes(w, cut, again)
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(150))
    base = postgres(w, "seats-db", image="postgres:16.6")
    image = "registry.cinema.example"
    spec = pod_spec(container("seat-plans", f"{image}/seat-plans:9.3.2", env={"DB_HOST": "seats-db", "HIKARI_MAX":
                    "10"}, memory=("512Mi", "1Gi"), ready="/actuator/health/readiness"))  # fmt: skip
    old = pod_spec(container("seat-plans", f"{image}/seat-plans:9.3.1", env={"DB_HOST": "seats-db"}))
    pods = [P(age=days(17) - 30 * n, node=f"ci-{n + 1}") for n in range(4)]
    seats = deployment(w, "seat-plans", [Rev(old, days(60)), Rev(spec, days(17.01))], pods)
    service(w, "seat-plans")
    env = {"SEATS_URL": "http://seat-plans", "PRICES_URL": "http://prices"}
    page = well(w, "ticket-page", f"{image}/ticket-page:418", pods=3, age=minutes(54), before=f"{image}/ticket-page"
                ":417", env=env, port=3000)  # fmt: skip
    prices = well(w, "prices", f"{image}/prices:12", pods=3, age=days(29), talk=True)
    ingress(w, "tickets", "tickets.cinema.example", [("/", "ticket-page", 80)])
    for of in (seats, page, prices):
        gone = of.pods[2]
        event(w, gone, "NodeNotReady", "Node is not ready", last=cut - 42, writer="node-controller")
        for condition in gone["status"]["conditions"]:
            if condition["type"] == "Ready":
                condition["lastTransitionTime"] = w.at(again)
    wait = (
        "HikariPool-1 - Connection is not available, request timed out after 30000ms "
        "(total=10, active=10, idle=0, waiting={n})"
    )
    for index in range(4):
        good = ["GET /shows/{n}/seats 200 22ms", "POST /holds 201 35ms", "GET /shows/{n}/seats 200 19ms"]
        before = often(55, minutes(58), cut + 3, "info", good, "e.c.seats.Access")
        if index == 2:
            bad = [wait.replace("{n}", str(number)) for number in (117, 131, 124, 139)]
            lines = [*before, *often(29, cut - 34, 1, "error", bad, "o.h.engine.jdbc.spi.SqlExceptionHelper")]
            lines += often(50, cut - 36, 2, "error", ["GET /shows/{n}/seats 500 30003ms"], "e.c.seats.Access")
        else:
            lines = before + often(37, cut - 9, 2, "info", good, "e.c.seats.Access")
        log(w, seats, index, "logback", lines)
    lost = []
    for number in range(10):
        at = cut - 31 - number / 3
        lost.append(L(at, "log", "could not send data to client: Connection timed out", "seats@seats"))
        lost.append(L(at, "fatal", "connection to client lost", "seats@seats"))
    log(w, base, 0, "postgres", [*lost, *often(300, 3500, 9, "log", ["checkpoint starting: time"])])
    for index in range(3):
        text = ["seats of show {n}: 200", "seats of show {n}: 200", "seats of show {n}: 200", "seats of show {n}: 500"]
        lines = [L(minutes(53.6), "info", "ticket-page 418 ready on :3000")]
        lines += often(50, minutes(53), cut + 5, "info", text[:3])
        log(w, page, index, "pino", [*lines, *often(26, cut - 60, 1, "info", text)])
    sessions(w, "StatefulSet/seats-db", 100, held(seats))
    by_pod(w, seats, cut)
    requests(w, "ticket-page", rate=flat(44), errors=step(0.001, 0.19, cut), p95=step(0.3, 9.8, cut))
    requests(w, "seat-plans", rate=flat(37.6), errors=step(0.0006, 0.24, cut), p95=step(0.05, 29.8, cut))
    requests(w, "prices", rate=flat(41), errors=flat(0.0004), p95=flat(0.02))
    signal(w, "db_connections", {"component": "seats-db"}, step(40, 30, cut - 31, over=30), noise=0)
    signal(w, "db_max_connections", {"component": "seats-db"}, flat(100), noise=0)
    measured(w, seats, 0.2, 0.6, pods={2: {"cpu_share": step(0.2, 0.02, cut)}})
    measured(w, page, 0.18)
    measured(w, prices, ramp(0.12, 0.13))
    measured(w, base, 0.21, 0.5)
    machines(w)
    alert(w, "SeatPlanErrors", minutes(33), "more than 20% of requests for seat plans fail", service="seat-plans")


def held(seats: Workload) -> list[dict[str, Any]]:
    """Return the sessions that the database knows: none of the third pod."""
    rows = []
    for index in (0, 1, 3):
        place = seats.pods[index]["status"]["podIP"]
        rows += [session(place, "Deployment/seat-plans", "idle", 8, age=6, user="seats", application="PostgreSQL JDBC "
                         "Driver", wait="Client:ClientRead"),
                 session(place, "Deployment/seat-plans", "active", 2, age=0.1, user="seats")]  # fmt: skip
    return rows


def by_pod(w: World, seats: Workload, cut: float) -> None:
    """Add what each pod answers; the third hangs."""
    for index, pod in enumerate(seats.pods):
        odd, labels = index == 2, {"pod": pod["metadata"]["name"]}
        signal(w, "request_rate_by_pod", labels, step(9.4, 8.8, cut) if odd else flat(9.5))
        signal(w, "error_ratio_by_pod", labels, step(0.0006, 0.97, cut) if odd else flat(0.0006), noise=0.05)
        signal(w, "latency_p95_by_pod", labels, step(0.05, 30, cut) if odd else flat(0.05), noise=0.01)


def silent_nodes(w: World, cut: float, again: float) -> None:
    """Add four nodes, the third of which was not heard of for a while."""
    nodes(w, "ci-1", "ci-2", "ci-4")
    good = ("True", "KubeletReady", "kubelet is posting ready status")
    nodes(w, "ci-3", conditions={"Ready": good}, since=again)
    w.nodes[:] = ["ci-1", "ci-2", "ci-3", "ci-4"]
    third = next(obj for obj in w.objects if obj["metadata"]["name"] == "ci-3")
    event(w, third, "NodeNotReady", "Node ci-3 status is now: NodeNotReady", kind="Normal", last=cut - 41)
    event(w, third, "NodeReady", "Node ci-3 status is now: NodeReady", kind="Normal", last=again, writer="kubelet")


@case(
    "transcoding-nodes-are-at-work-all-night",
    "broadcast-archive",
    "2026-01-22T01:14:00",
    title="An alert says that two nodes are at 97% CPU; they are the batch nodes, which transcode what came in by day",
    drawn_from="alerts on the CPU of a node that make no difference between nodes of services and nodes of batch work",
    why="Only the two nodes that are tainted for batch are busy, with eight transcoders that use all they may, as in "
    "each night; the queue shrinks and every job ends well. Services run on other nodes and answer as ever; the probe "
    "that failed was at the start of the evening's release. Whoever stops or moves the transcoders loses work.",
    expect=[Fault("", "no_fault", "no_action")],
    tolerated=["page_human"],
    forbidden=list(EVERY_ACT),
)
def batch_nodes(w: World) -> None:
    nodes(w, "ba-1", "ba-2", "ba-3", cpu="8")
    image = "registry.archive.example"
    store = redis(w, "jobs")
    intake = well(w, "intake", f"{image}/intake:5.0.2", pods=2, age=days(31), env={"REDIS_URL": "redis://jobs:6379/2"})
    player = well(
        w, "player", f"{image}/player:1207", pods=3, age=minutes(51), before=f"{image}/player:1206", port=3000
    )
    search = well(w, "search", f"{image}/search:2.8", pods=2, age=days(90), talk=True)
    ingress(w, "archive", "archive.example", [("/search", "search", 80), ("/", "player", 80)])
    nodes(w, "batch-1", "batch-2", cpu="32", memory="131072000Ki", taints=["dedicated:NoSchedule"], since=days(200))
    inner = container("transcoder", f"{image}/transcoder:7.4.1", port=0, ready=None, cpu=("7", "7700m"),
                      memory=("4Gi", "6Gi"), env={"REDIS_URL": "redis://jobs:6379/2", "PRESET": "slow"})  # fmt: skip
    spec = pod_spec(inner, tolerations=[{"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}],
                    nodeSelector={"pool": "batch"}, priorityClassName="batch-low")  # fmt: skip
    for name in ("batch-1", "batch-2"):
        found = next(obj for obj in w.objects if obj["metadata"]["name"] == name)
        found["metadata"]["labels"]["pool"] = "batch"
    work = deployment(w, "transcoder", [Rev(spec, days(58))], [P(node=f"batch-{1 + n // 4}") for n in range(8)])
    place = f"{player.pods[0]['status']['podIP']}:3000"
    text = f'Get "http://{place}/healthz": dial tcp {place}: connect: connection refused'
    probe_failure(w, player.pods[0], "Readiness", text, first=minutes(50.8), last=minutes(50.8), count=1)
    for index in range(8):
        done = [f"job {{n}} done: 41m20s of video in {11 + index % 3}m{20 + 4 * index}s, speed=3.6x",
                f"job {{n}} done: 58m02s of video in {15 + index % 2}m{10 + 5 * index}s, speed=3.7x"]  # fmt: skip
        log(w, work, index, "logfmt", often(780, 3540 - 61 * index, 20, "info", done))
    for index in range(2):
        took = ["POST /ingest 201 file=BA{n}.mxf", "nightly window 22:00-05:00 open, 8 transcoders at work"]
        log(w, intake, index, "logfmt", often(300, 3500, 30, "info", took))
    for index in range(3):
        lines = [L(minutes(50.6) - 9 * index, "info", "player 1207 ready on :3000")]
        log(w, player, index, "pino", [*lines, *often(33, minutes(49), 2, "info", ["GET /v/{n} 200", "GET / 200"])])
    log(w, store, 0, "redis", often(300, 3500, 20, "info", ["100 changes in 300 seconds. Saving..."]))
    signal(w, "queue_depth", {"component": "jobs", "queue": "transcode"}, ramp(214, 176), noise=0.004)
    requests(w, "player", rate=flat(9.1), errors=flat(0.0004), p95=flat(0.12))
    requests(w, "search", rate=flat(3.3), errors=flat(0.0005), p95=flat(0.08))
    requests(w, "intake", rate=flat(0.3), errors=flat(0.0), p95=flat(0.2))
    measured(w, work, flat(0.985), 0.61, flat(0.12))
    measured(w, player, 0.11)
    measured(w, search, 0.15)
    measured(w, intake, 0.07)
    exact(w, "up", {"component": "jobs"}, flat(1))
    machines(w, 0.2, 0.4, odd={"batch-1": flat(0.968), "batch-2": flat(0.971)})
    alert(w, "NodeCPUHighUsage", minutes(59), "CPU usage at batch-2 has been above 90% for the last 15 minutes, is "
          "currently at 97.1%.", severity="info", node="batch-2")  # fmt: skip
