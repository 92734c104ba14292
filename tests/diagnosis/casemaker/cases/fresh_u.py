"""Memory that is not what its curve says: a full heap, killed children, a wanderer between nodes."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_p import machines, measured
from tests.diagnosis.casemaker.events import event, probe_failure
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import node, nodes, secret
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, postgres, redis, taken, well
from tests.diagnosis.casemaker.signals import Shape, exact, flat, ramp, requests, saw, signal, step
from tests.diagnosis.casemaker.templates import container, http, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes


@case(
    "heap-is-full-under-a-flat-memory-curve",
    "policies",
    "2026-04-14T10:26:00",
    title="Two of three JVMs collect all day long; the container's memory has been flat for a week",
    drawn_from="GC overhead limit exceeded and Pause Full above 99 % of the heap, while RSS stands still at -Xmx",
    why="The heap is as large as it may be and full of what lives, in the two processes that are seven weeks old; the "
    "third came with a drain five days ago, is of the same template and well. Requests are as ever and nothing of it "
    "was released. The gateway's release of the morning came after the first slow answers.",
    expect=[Fault("Deployment/contract-service", "resource_exhaustion", "restart_workload")],
    acceptable=[("code_defect", "restart_workload"), ("service_crash", "restart_workload")],
    tolerated=["page_human"],
    forbidden=[
        "rollback_workload",
        "scale_database",
        "no_action",
        "isolate_workload",
        {"remedy": "restart_workload", "target": "StatefulSet/contracts-pg"},
    ],
)
def heap_full(w: World) -> None:
    nodes(w, "pol-1", "pol-2")
    nodes(w, "pol-5", age=days(5.2))
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(300))
    base = postgres(w, "contracts-pg")
    image = "harbor.policies.example/life"
    env = {"JAVA_TOOL_OPTIONS": "-Xms2g -Xmx2g -XX:+UseG1GC -Xlog:gc:stdout", "DB_HOST": "contracts-pg"}
    specs = [
        pod_spec(container("contract-service", f"{image}/contract-service:{v}", env=env, cpu=("500m", "2"),
                 memory=("3Gi", "3Gi"), ready=http("/actuator/health/readiness", 8080, timeout=3, failures=6)))
        for v in ("9.11.0", "9.12.1")
    ]  # fmt: skip
    pods = [P(node="pol-1", age=days(49)), P(node="pol-2", age=days(49)), P(node="pol-5", age=days(5))]
    top = deployment(w, "contract-service", [Rev(specs[0], days(90)), Rev(specs[1], days(49))], pods)
    service(w, "contract-service")
    gate = well(w, "broker-gateway", f"{image}/broker-gateway:2.71", pods=2, age=minutes(34),
                before=f"{image}/broker-gateway:2.70", env={"CONTRACTS_URL": "http://contract-service"})  # fmt: skip
    letters = well(w, "letters", f"{image}/letters:140", age=days(20), talk=True)
    ingress(w, "brokers", "brokers.policies.example", [("/", "broker-gateway", 80)])
    for index in range(2):
        lines = []
        for number, age in enumerate(range(430 - 2 * index, 2, -6)):
            gc, used = 81_204 + 310 * index + 2 * number, 2040 + number % 7
            lines.append(L(age, "", f"[{w.at(age)[:-1]}.{311 + number}+0000][info][gc] GC({gc}) Pause Full (G1 "
                           f"Compaction Pause) {used + 1}M->{used - 2}M(2048M) {2811 + 37 * (number % 9)}"
                           f".{100 + 7 * number}ms"))  # fmt: skip
            if number % 6 == 2:
                stamp = w.at(age)[:-1]
                lines.append(L(age, "", f"{stamp}.902Z ERROR 1 --- [nio-8080-exec-{1 + number % 9}] o.a.c.c.C.[.[.[/]."
                               "[dispatcherServlet] : Servlet.service() for servlet [dispatcherServlet] threw exception"
                               " [Handler dispatch failed: java.lang.OutOfMemoryError: GC overhead limit "
                               "exceeded]"))  # fmt: skip
            if number % 9 == 5:
                stamp = w.at(age)[:-1]
                lines.append(L(age, "", f"{stamp}.118Z  WARN 1 --- [l-1 housekeeper] com.zaxxer.hikari.pool.HikariPool "
                               ": HikariPool-1 - Thread starvation or clock leap detected (housekeeper delta=47s"
                               f"{200 + number}ms)."))  # fmt: skip
        log(w, top, index, "plain", lines)
        url = f"http://{top.pods[index]['status']['podIP']}:8080/actuator/health/readiness"
        probe_failure(w, top.pods[index], "Readiness", f'Get "{url}": context deadline exceeded '
                      "(Client.Timeout exceeded while awaiting headers)", first=minutes(51),
                      last=70.0 + 30 * index, count=23 - 4 * index)  # fmt: skip
    fine = [
        L(age, "", f"[{w.at(age)[:-1]}.207+0000][info][gc] GC({9100 + 1600 - age}) Pause Young (Normal) (G1 Evacuation "
          f"Pause) {1480 + age % 31}M->{402 + age % 17}M(2048M) 11.{100 + age % 800}ms")
        for age in range(1600, 3, -29)
    ]  # fmt: skip
    log(w, top, 2, "plain", fine)
    said = ["GET /v1/contracts/{n} upstream contract-service timed out after 10000ms", "GET /v1/contracts/{n} 200 91ms",
            "GET /v1/contracts/{n} 200 88ms", "POST /v1/offers 500 upstream contract-service answered 500"]  # fmt: skip
    for index in range(2):
        log(w, gate, index, "pino", often(9, minutes(33) - index, 1, "warn", said))
    log(w, base, 0, "postgres", often(300, 3400, 9, "log", ["checkpoint starting: time"]))
    at = minutes(58)
    requests(w, "contract-service", rate=flat(17), errors=ramp(0.06, 0.29, at), p95=ramp(2.1, 9.8, at))
    requests(w, "broker-gateway", rate=flat(24), errors=ramp(0.04, 0.27, at), p95=ramp(1.7, 10, at))
    requests(w, "letters", rate=flat(3), errors=flat(0), p95=flat(0.4))
    odd = {n: {"cpu_share": ramp(0.71, 0.98, at)} for n in (0, 1)}
    measured(w, top, 0.16, 0.79, 0.01, odd)
    measured(w, gate, 0.12)
    measured(w, letters)
    measured(w, base, 0.09)
    machines(w)
    alert(w, "BrokerPortalErrorBudgetBurn", minutes(31), "26 % of requests to brokers.policies.example fail (1 h burn "
          "rate 14.4)", service="broker-gateway", severity="page")  # fmt: skip


@case(
    "children-are-killed-and-no-pod-restarts",
    "clinic-booking",
    "2026-08-20T14:07:00",
    title="Bookings break off with empty answers; gunicorn's children are killed and no pod counts a restart",
    drawn_from="Worker was sent SIGKILL! Perhaps out of memory?; a process of the container dies, its first one lives",
    why="Memory of three old pods has crept to the limit in weeks without a release; the kernel takes one child of "
    "four at a time, so that restarts stay at zero. The youngest pod has the same template and a third of the memory.",
    expect=[Fault("Deployment/booking", "resource_exhaustion", "restart_workload")],
    acceptable=[("code_defect", "restart_workload"), ("service_crash", "restart_workload")],
    tolerated=["page_human"],
    forbidden=[
        "rollback_workload",
        "no_action",
        "scale_database",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/reminders"},
    ],
)
def children_killed(w: World) -> None:
    nodes(w, "ip-10-4-11-18", "ip-10-4-27-90", "ip-10-4-40-3")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(400))
    base = postgres(w, "booking-db", image="postgres:14.13")
    store = redis(w, "redis-sessions")
    image = "514201.dkr.ecr.eu-west-1.amazonaws.com"
    start = ("gunicorn", "booking.wsgi:application", "--workers=4", "--timeout=60", "--bind=0.0.0.0:8000")
    env = {"DJANGO_SETTINGS_MODULE": "booking.settings.production", "DB_HOST": "booking-db"}
    specs = [
        pod_spec(container("django", f"{image}/booking:{v}", port=8000, command=start, env=env, cpu=("500m", "2"),
                 memory=("1Gi", "1Gi"), ready="/ht/"))
        for v in ("2026.7.1", "2026.7.3")
    ]  # fmt: skip
    pods = [P(), P(), P(), P(age=days(3.4), node="ip-10-4-40-3")]
    top = deployment(w, "booking", [Rev(specs[0], days(44)), Rev(specs[1], days(27))], pods)
    service(w, "booking", target=8000)
    mind = well(w, "reminders", f"{image}/reminders:77", pods=1, age=minutes(49), before=f"{image}/reminders:76")
    front = well(w, "patient-web", f"{image}/patient-web:5.20.0", pods=2, age=days(8), port=3000)
    ingress(w, "patients", "termin.clinic-booking.example", [("/api", "booking", 80), ("/", "patient-web", 80)])
    for index in range(3):
        lines = often(31, 3400, 2, "info", ["GET /api/slots/{n} 200", "POST /api/appointments 201"], "booking.access")
        log(w, top, index, "python", lines)
        told = []
        for number, age in enumerate(range(3290 - 140 * index, 30, -470)):
            stamp = f"[{w.at(age)[:10]} {w.at(age)[11:19]} +0000]"
            pid = 4120 + 91 * number + 13 * index
            told.append(L(age, "", f"{stamp} [1] [ERROR] Worker (pid:{pid}) was sent SIGKILL! Perhaps out of memory?"))
            told.append(L(age, "", f"{stamp} [{pid + 40}] [INFO] Booting worker with pid: {pid + 40}"))
            about = w.objects[index]
            if number > 3:
                event(w, about, "OOMKilling", f"Memory cgroup out of memory: Killed process {pid + 900_000} (gunicorn) "
                      "total-vm:684212kB, anon-rss:271044kB, file-rss:11020kB, shmem-rss:512kB, UID:1000 "
                      "pgtables:1004kB oom_score_adj:937", last=age, writer="kernel-monitor")  # fmt: skip
        log(w, top, index, "plain", told)
    for index in range(3):
        path = f"{top.pod(index)}/django.log"
        w.logs[path].sort(key=lambda line: line.lstrip("[")[:19])
    log(w, top, 3, "python", often(23, 2000, 2, "info", ["GET /api/slots/{n} 200", "POST /api/appointments 201"]))
    said = ["POST /api/appointments failed: socket hang up (ECONNRESET)", "GET /api/slots/{n} failed: socket hang up"]
    log(w, front, 0, "pino", [*often(160, 3300, 20, "error", said), *often(40, 3200, 2, "info", ["GET / 200 21ms"])])
    log(w, mind, 0, "logfmt", often(60, 2800, 2, "info", ["sent 14 reminders", "sent 9 reminders"]))
    log(w, store, 0, "redis", often(900, 3400, 9, "info", ["Background saving terminated with success"]))
    log(w, base, 0, "postgres", often(300, 3400, 9, "log", ["checkpoint complete: wrote 212 buffers (1.3%)"]))
    requests(w, "booking", rate=flat(31), errors=flat(0.012), p95=flat(0.24))
    requests(w, "patient-web", rate=flat(22), errors=flat(0.009), p95=flat(0.19))
    odd = {n: {"memory_share": saw(0.77, 0.995, 470 + 20 * n)} for n in range(3)}
    measured(w, top, 0.22, 0.36, 0.004, odd)
    measured(w, mind, 0.05, prior=0.05)
    measured(w, front, 0.2)
    measured(w, base, 0.15)
    measured(w, store, 0.03, 0.2)
    machines(w)


@case(
    "evicted-from-node-to-node-since-a-release",
    "freight-quotes",
    "2026-02-25T17:41:00",
    title="One node after another reports memory pressure; a worker without a limit is what is evicted from each",
    drawn_from="The node was low on resource: memory, of a pod whose release keeps all it has parsed and has no limit",
    why="Every evicted pod but one is of the tariff importer, on three nodes in turn, each about half an hour after "
    "its start; the revision before ran for a month on the same nodes. The nodes' new kubelets are a day old and were "
    "well before the release.",
    expect=[Fault("Deployment/tariff-importer", "code_defect", "rollback_workload")],
    acceptable=[("resource_exhaustion", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "scale_workload",
        "restart_workload",
        "no_action",
        "scale_database",
        {"remedy": "rollback_workload", "target": "Deployment/quote-api"},
    ],
)
def wanderer(w: World) -> None:
    pressed = {"MemoryPressure": ("True", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available")}
    for number in range(1, 4):
        odd = pressed if number == 2 else {}
        name = f"fq-pool-{number}"
        made = node(w, name, age=days(310), conditions=odd, since=minutes(3),
                    taints=["node.kubernetes.io/memory-pressure:NoSchedule"] if odd else ())  # fmt: skip
        made["status"]["nodeInfo"]["kubeletVersion"] = "v1.33.6"
    image = "europe-docker.pkg.dev/fq/prod"
    api = well(w, "quote-api", f"{image}/quote-api:v318", pods=3, age=days(6), before=f"{image}/quote-api:v317")
    specs = [
        pod_spec(container("importer", f"{image}/tariff-importer:{v}", port=0, ready=None, cpu=("250m", ""),
                 memory=("512Mi", ""), env={"NATS_URL": "nats://nats:4222", "CARRIERS": "41"}))
        for v in ("v77", "v80")
    ]  # fmt: skip
    low = (
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: {free}Ki. Container importer was "
    )
    low += "using {used}Ki, request is 512Mi, has larger consumption of memory. "
    gone = [(145, 1, 81_204, 11_502_336, 33), (112, 2, 90_432, 10_920_104, 31), (81, 3, 77_900, 11_203_912, 46),
            (35, 2, 62_180, 11_811_020, 32)]  # fmt: skip
    pods = [
        P(
            age=minutes(age),
            node=f"fq-pool-{n}",
            phase="Failed",
            reason="Evicted",
            message=low.format(free=free, used=used),
        )
        for age, n, free, used, _ in gone
    ]
    pods.append(P(age=minutes(2.9), node="fq-pool-1"))
    top = deployment(w, "tariff-importer", [Rev(specs[0], days(31)), Rev(specs[1], minutes(146))], pods, replicas=1)
    for each, (age, _, free, used, lasted) in zip(top.pods, gone, strict=False):
        text = low.format(free=free, used=used)
        event(w, each, "Evicted", text, last=minutes(age - lasted))
        event(w, each, "Killing", "Stopping container importer", kind="Normal", last=minutes(age - lasted))
    for name, ago in (("fq-pool-3", 35.3), ("fq-pool-2", 3.2)):
        about = next(obj for obj in w.objects if obj["kind"] == "Node" and obj["metadata"]["name"] == name)
        event(w, about, "EvictionThresholdMet", "Attempting to reclaim memory", last=minutes(ago), writer="kubelet")
        event(w, about, "NodeHasInsufficientMemory", f"Node {name} status is now: NodeHasInsufficientMemory",
              kind="Normal", last=minutes(ago - 0.1), writer="kubelet")  # fmt: skip
    victim = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 58012Ki. Container map was "
    victim += "using 402220Ki, request is 256Mi, has larger consumption of memory. "
    spec = pod_spec(container("map", f"{image}/map-tiles:v12", memory=("256Mi", "768Mi")))
    tiles = deployment(w, "map-tiles", [Rev(spec, days(75))], [
        P(age=days(2), node="fq-pool-2", phase="Failed", reason="Evicted", message=victim),
        P(age=days(2), node="fq-pool-3"), P(age=minutes(3), node="fq-pool-1")])  # fmt: skip
    service(w, "map-tiles")
    event(w, tiles.pods[0], "Evicted", victim, last=minutes(3.1))
    bus = well(w, "nats", "nats:2.10.22-alpine", pods=1, age=days(120), port=4222)
    lines = [L(170, "", "tariff-importer v80 starting: 41 carriers, zone matrix now resolved in memory")]
    for number, age in enumerate(range(160, 2, -13)):
        lines.append(L(age, "", f"carrier {number + 1}/41: {4100 + 211 * number} tariffs, {(number + 1) * 187_400} "
                       f"lanes expanded, heap_alloc={410 + 96 * number}MiB"))  # fmt: skip
    log(w, top, 4, "golang", lines)
    for index in range(3):
        log(w, api, index, "zap", often(12, 900, 1, "info", ["quote {n} priced from tariffs of 13:00", "GET /q 200"]))
    log(w, tiles, 1, "golang", often(30, 900, 2, "", ["GET /t/9/{n}.pbf 200"]))
    log(w, bus, 0, "golang", [L(2000, "", "[1] [INF] Filestore snapshot done")])
    for index, (age, _, _, used, lasted) in enumerate(gone):
        labels = {"pod": top.pod(index), "container": "importer"}
        until = minutes(age - lasted)
        if until < 3600:
            signal(
                w,
                "memory_bytes",
                labels,
                ramp(3e8, used * 1024.0, minutes(age), until),
                since=minutes(age),
                until=until,
            )
    signal(w, "memory_bytes", {"pod": top.pod(4), "container": "importer"}, ramp(3e8, 1.6e9, 170), since=170)
    full = ramp(0.62, 0.99, 3600, minutes(35))
    shapes: list[Shape] = [
        step(0.33, 0.37, 170),
        ramp(0.31, 0.99, minutes(35), minutes(3)),
        lambda age: full(age) if age > minutes(35) else 0.34,
    ]
    for index, name in enumerate(w.nodes):
        signal(w, "node_memory_share", {"node": name}, shapes[index])
        signal(w, "node_disk_share", {"node": name}, flat(0.38), noise=0)
    measured(w, api, 0.3)
    exact(w, "replicas_wanted", {"component": "tariff-importer"}, flat(1))
    alert(w, "KubeNodePressure", minutes(2), "fq-pool-2 has active condition MemoryPressure", node="fq-pool-2",
          condition="MemoryPressure", severity="warning")  # fmt: skip
    taken(w, ("objects", True, ""), ("logs", True, ""), ("metrics", True, ""))
