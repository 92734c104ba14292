"""A strange hand or our own, dead sessions of a store that is back, and a start that dies where the last one died."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_b import stamped
from tests.diagnosis.casemaker.cases.fresh_n2 import PROM, replay, store_spec
from tests.diagnosis.casemaker.events import event, restarting
from tests.diagnosis.casemaker.logs import L, log, nginx, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import claim, config_map, node, nodes, secret
from tests.diagnosis.casemaker.pods import P, oom
from tests.diagnosis.casemaker.rolled import rolled
from tests.diagnosis.casemaker.scene import alert, postgres, redis, session, sessions, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import exact, flat, pulse, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

Obj = dict[str, Any]


@case(
    "each-start-dies-at-the-same-segment",
    "telemetry",
    "2026-12-02T21:57:00",
    title="Prometheus outgrew its memory and now dies while it reads its log, again and again at the same place",
    drawn_from="Prometheus killed for memory in its WAL replay, where each start needs more than the run before it",
    why="No release for weeks; memory crept up to its limit, and each of seven starts died at segment 655 of 901. "
    "Another start will too, and the older template allows even less memory. The limit or the log needs a person.",
    expect=[Fault("StatefulSet/prometheus", "resource_exhaustion", "page_human")],
    acceptable=[("capacity", "page_human"), ("configuration_error", "page_human"), ("service_crash", "page_human")],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "isolate_workload"],
)
def same_segment(w: World) -> None:
    nodes(w, "tm-1", "tm-2", memory="65843040Ki", cpu="16")
    revs = [Rev(store_spec("v3.5.0", "6Gi"), days(130)), Rev(store_spec("v3.5.0", "8Gi"), days(75))]
    end = oom(started=468, finished=198)
    pods = [P(age=days(40), restarts=7, backoff="5m0s", last=end, ready=False, unready=minutes(50))]
    store = rolled(w, "StatefulSet", "prometheus", revs, pods, claim="data")
    claim(w, "data-prometheus-0", size="300Gi")
    service(w, "prometheus", port=9090, target=9090)
    restarting(w, store.pods[0], first=minutes(45), last=9, count=96)
    stamped(w, store, 0, PROM, replay(468, 200, 602, 655, 901))
    gone = [L(x.age + 570, x.level, x.text, x.logger) for x in replay(468, 200, 602, 655, 901)]
    log(w, store, 0, "plain", [
        L(x.age, "", PROM.format(at=w.at(x.age)[:-1], level="INFO", logger=x.logger, text=x.text)) for x in gone
    ], previous=True)  # fmt: skip
    grafana = well(w, "grafana", "docker.io/grafana/grafana:12.2.0", pods=1, age=days(2), port=3000,
                   before="docker.io/grafana/grafana:12.1.1")  # fmt: skip
    text = (
        'failed to query data: Post "http://prometheus:9090/api/v1/query_range": dial tcp: connect: connection refused'
    )
    log(w, grafana, 0, "logfmt", often(20, minutes(50), 2, "error", [text]))
    well(w, "blackbox", "quay.io/prometheus/blackbox-exporter:v0.26.0", pods=1, age=days(200))
    labels = {"pod": "prometheus-0", "container": "prometheus"}
    climb, starts = ramp(0.955, 1, 3600, minutes(50)), (2988, 2698, 2388, 2038, 1608, 1038, 468)

    def held(age: float) -> float:
        if age > minutes(50):
            return climb(age)
        return next((0.2 + 0.8 * (begun - age) / 270 for begun in starts if 0 <= begun - age <= 270), 0)

    signal(w, "memory_share", labels, held)
    row = w.metrics["memory_share"][-1]
    row["values"] = [value for value in row["values"] if float(value[1])]
    exact(w, "restarts", labels, lambda age: sum(age <= begun for begun in starts))
    signal(w, "volume_used_share", {"persistentvolumeclaim": "data-prometheus-0"}, flat(0.46), noise=0.001)
    signal(w, "node_memory_share", {"node": "tm-1"}, flat(0.41))
    text = "no heartbeat of Watchdog for 45 minutes, expected one each minute"
    alert(w, "DeadMansSwitch", minutes(4), text, cluster="telemetry-eu")


@case(
    "page-among-the-uploads-runs-commands",
    "sporting-goods",
    "2026-05-17T02:38:00",
    title="Somebody uploaded a PHP page to the shop's media and runs commands through it; MySQL sees the guesses",
    drawn_from="web shells in pub/media of Magento shops after an upload hole; the volume is shared by all replicas",
    why="No template changed for weeks; since 02:03 a stranger posts to a .php among uploaded pictures, a shell "
    "packs the configuration and tries passwords at MySQL from the shop's own pod. The page lies on the volume: new "
    "pods have it too, and would lose what there is to see.",
    expect=[Fault("Deployment/shop", "security_incident", "isolate_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "restart_connection_pool"],
)
def uploads(w: World) -> None:
    nodes(w, "sg-1", "sg-2", "sg-3")
    image = "registry.sporting-goods.example"
    spec = pod_spec(
        container(
            "apache", f"{image}/shop:2.4.7-p4", memory=("512Mi", "2Gi"), env_from=("secret/shop-env",),
            mounts={"media": "/var/www/html/pub/media"}, ready="/health_check.php",
        ),
        volumes={"media": "pvc/shop-media"},
    )  # fmt: skip
    shop = deployment(w, "shop", [Rev(spec, days(51))], 3)
    service(w, "shop")
    claim(w, "shop-media", size="200Gi")["spec"]["accessModes"] = ["ReadWriteMany"]
    secret(w, "shop-env", ["MYSQL_PASSWORD", "CRYPT_KEY"], changed=days(90))
    ingress(w, "shop", "www.sporting-goods.example", [("/", "shop", 80)])
    base = statefulset(w, "mysql", pod_spec(container("mysql", "mysql:8.4.5", port=3306, ready=None)), claim="data")
    claim(w, "data-mysql-0")
    service(w, "mysql", port=3306, target=3306, headless=True)
    redis(w)
    sync = well(w, "erp-sync", f"{image}/erp-sync:5.2.0", pods=1, age=hours(5), before=f"{image}/erp-sync:5.1.7")
    page, agent = "/media/customer_address/8/f/8f31c0.php", '"-" "python-requests/2.31.0"'
    usual = ['"GET /running/shoes-{n}.html HTTP/1.1" 200 48120 "-" "Mozilla/5.0"',
             '"GET /media/catalog/product/cache/{n}.jpg HTTP/1.1" 304 - "-" "Mozilla/5.0"']  # fmt: skip
    shut = f'"POST {page} HTTP/1.1" 200 {{n}} {agent}'
    log(w, shop, 0, "nginx", often(50, minutes(58), 3, "", usual) + often(190, minutes(33), 50, "", [shut]))
    log(w, shop, 2, "nginx", often(48, minutes(57), 2, "", usual))
    lines = often(60, minutes(56), 2, "", usual) + often(140, minutes(32), 30, "", [shut])
    lines.append(L(minutes(35), "", f'"POST /customer/address_file/upload HTTP/1.1" 200 214 {agent}'))
    lines.append(L(minutes(34.8), "", f'"GET {page} HTTP/1.1" 200 12 {agent}'))
    heard = [
        (29.2, "tar: Removing leading `/' from member names"),
        (28.4, "sh: 1: wget: not found"),
        (27.9, "sh: 1: mysqldump: not found"),
        (12.4, "bash: cannot set terminal process group (1): Inappropriate ioctl for device"),
        (12.3, "bash: no job control in this shell"),
    ]
    said = [L(line.age, "", nginx(w, line)) for line in lines] + [L(minutes(age), "", text) for age, text in heard]
    log(w, shop, 1, "plain", said)
    here = shop.pods[1]["status"]["podIP"]
    tried = [f"Access denied for user '{who}'@'{here}' (using password: YES)" for who in ("root", "admin", "magento")]
    lines = often(9, minutes(12), 3, "note", tried)
    stamped(w, base, 0, "{at}.204913Z 61 [Note] [MY-010926] [Server] {text}", lines)
    log(w, sync, 0, "python", often(60, 3400, 10, "info", ["stock of {n} written", "orders fetched: 0"], "erp.sync"))
    for index in range(3):
        labels = {"pod": shop.pod(index), "container": "apache"}
        signal(w, "cpu_share", labels, pulse(0.07, 0.22, minutes(30), minutes(26)) if index == 1 else flat(0.07))
    requests(w, "shop", rate=flat(2.4), errors=flat(0.001), p95=flat(0.4))
    alert(w, "MySQLAccessDenied", minutes(6), "more than 5 refused log-ins a minute at mysql", severity="warning")


@case(
    "own-debugger-in-a-pod-trips-the-shell-rule",
    "clearing",
    "2026-08-11T14:49:00",
    title="A rule on shells fires: the colleague who looked for slow answers of the acquirer had a debugger in a pod",
    drawn_from="Falco's Terminal shell in container on each kubectl debug of one's own people",
    why="The container came by kubectl debug, of the house's own tool image, with ticket and name as the rules of the "
    "namespace want it, while the acquirer was slow. It ended half an hour ago; nothing else changed, all is well.",
    expect=[Fault("", "no_fault", "no_action")],
    acceptable=[("no_fault", "page_human")],
    tolerated=["page_human"],
    forbidden=["isolate_workload", "restart_workload", "rollback_workload", "scale_workload", "switch_traffic"],
)
def debugger(w: World) -> None:
    nodes(w, "cl-a", "cl-b")
    image = "registry.clearing.example"
    top = well(w, "settlement", f"{image}/settlement:12.7.1", pods=3, age=days(8), before=f"{image}/settlement:12.7.0")
    gate = well(w, "card-gateway", f"{image}/card-gateway:4.4.0", age=days(30), port=8443)
    postgres(w, "settlement-db")
    rules = (
        "image: only registry.clearing.example/tools/*\nannotation: clearing.example/debug = ticket, name, until when\n"
    )
    config_map(w, "debugging-rules", {"rules.yaml": rules}, age=days(220), changed=days(140), by="argocd-controller")
    pod, tool, name = top.pods[1], f"{image}/tools/netshoot:v0.13", "debugger-7x2kq"
    pod["metadata"].setdefault("annotations", {})["clearing.example/debug"] = "INC-20714, r.okafor, until 15:00"
    w.changed(pod, minutes(44), "kubectl-annotate", {"f:metadata": {"f:annotations": {}}})
    w.changed(pod, minutes(43), "kubectl-debug", {"f:spec": {"f:ephemeralContainers": {}}})
    pod["metadata"]["managedFields"][-1]["subresource"] = "ephemeralcontainers"
    one: Obj = {"name": name, "image": tool, "imagePullPolicy": "IfNotPresent", "command": ["bash"]}
    one |= {"stdin": True, "tty": True, "targetContainerName": "settlement", "resources": {}}
    pod["spec"]["ephemeralContainers"] = [one]
    ended = {"exitCode": 0, "reason": "Completed", "startedAt": w.at(minutes(43)), "finishedAt": w.at(minutes(31))}
    status: Obj = {
        "name": name,
        "image": tool,
        "imageID": f"{tool.split(':', maxsplit=1)[0]}@sha256:0c11ab94",
        "ready": False,
    }
    status |= {
        "restartCount": 0,
        "state": {"terminated": ended | {"containerID": "containerd://77ab01"}},
        "lastState": {},
    }
    pod["status"]["ephemeralContainerStatuses"] = [status]
    for reason, text in (
        (
            "Pulled",
            f'Container image "{tool}" already present on machine',
        ),
        ("Created", f"Created container: {name}"),
        ("Started", f"Started container {name}"),
    ):
        event(w, pod, reason, text, kind="Normal", last=minutes(43))
        w.objects[-1]["involvedObject"]["fieldPath"] = f"spec.ephemeralContainers{{{name}}}"
    late = "I/O error on POST request for acquirer.bank.example: Read timed out"
    for index in range(3):
        lines = often(45, minutes(59) - index, 2, "info", ["batch {n} settled"], "c.clearing.Batch")
        lines += often(100, minutes(58) - index, minutes(38), "warn", [late], "c.clearing.Acquirer")
        log(w, top, index, "logback", lines)
    log(w, gate, 0, "zap", often(20, 1500, 2, "info", ["authorised", "captured"]))
    slow = pulse(0.31, 4.8, minutes(58), minutes(38))
    signal(w, "dependency_latency_p95", {"component": "settlement", "dependency": "acquirer.bank.example"}, slow)
    requests(w, "settlement", rate=flat(14), errors=pulse(0.001, 0.03, minutes(58), minutes(38)), p95=flat(0.2))
    text = (
        f"A shell was spawned in a container with an attached terminal (evt_type=execve user=root process=bash "
        f"parent=containerd-shim command=bash terminal=34816 container_name={name} container_image={tool[:-6]} "
        f"k8s_ns=clearing k8s_pod_name={top.pod(1)})"
    )
    alert(w, "TerminalShellInContainer", minutes(43), text, priority="Notice", severity="warning")


@case(
    "pool-hands-out-connections-from-before-the-drain",
    "claims-office",
    "2026-02-24T11:37:00",
    title="Three of four pods hand out dead connections since PostgreSQL moved to a new node; the fourth is younger",
    drawn_from="pools without validation after a restart of the database: This connection has been closed, for hours",
    why="The store is back since 32 minutes, has free slots and serves its other client; no session of the three older "
    "pods is in it, only those of the one that was started afterwards, which is well. The release lies before, was "
    "well for a quarter of an hour, and the pod that is well is of it too.",
    expect=[Fault("Deployment/claims", "database_connection", "restart_connection_pool")],
    acceptable=[
        ("database_connection", "restart_workload"),
        ("configuration_error", "restart_connection_pool"),
        ("configuration_error", "restart_workload"),
        ("code_defect", "restart_connection_pool"),
        ("code_defect", "restart_workload"),
    ],
    tolerated=["page_human"],
    forbidden=["rollback_workload", "scale_database", "scale_workload", "no_action", "isolate_workload"],
)
def closed(w: World) -> None:
    nodes(w, "co-1", "co-2")
    node(w, "co-4", age=minutes(41))
    moved = minutes(33)
    store = postgres(w, "claims-db", image="postgres:16.9", pods=[P(age=moved, node="co-4")])
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    image = "registry.claims-office.example"
    env = {"SPRING_DATASOURCE_TYPE": "org.apache.tomcat.jdbc.pool.DataSource", "DB_HOST": "claims-db"}
    specs = [pod_spec(container("claims", f"{image}/claims:{v}", env=env)) for v in ("6.9.2", "6.10.0")]
    born = [minutes(47.5), minutes(47), minutes(46.5), minutes(31)]
    pods = [P(age=age, node="co-4" if age == born[-1] else f"co-{1 + n % 2}") for n, age in enumerate(born)]
    claims = deployment(w, "claims", [Rev(specs[0], days(20)), Rev(specs[1], minutes(48))], pods)
    service(w, "claims")
    policies = well(w, "policies", f"{image}/policies:3.31", age=days(33))
    well(w, "letters", f"{image}/letters:1.8", pods=1, age=days(66), talk=True)
    ingress(w, "claims", "claims.office.example", [("/claims", "claims", 80), ("/policies", "policies", 80)])
    log(w, store, 0, "postgres", [
        L(moved - 21, "log", "starting PostgreSQL 16.9 (Debian 16.9-1.pgdg120+1) on x86_64-pc-linux-gnu"),
        L(moved - 22, "log", "database system was shut down at 2026-02-24 11:03:41 UTC"),
        L(moved - 23, "log", "database system is ready to accept connections"),
        *often(300, moved - 320, 20, "log", ["checkpoint complete: wrote {n} buffers (0.2%)"]),
    ])  # fmt: skip
    jdbc, rows = "PostgreSQL JDBC Driver", []
    names = ("o.h.e.jdbc.spi.SqlExceptionHelper", "c.claims.web.RequestLog")
    for index, age in enumerate(born):
        old, after = index < 3, moved - 30 - index
        until = moved + 40 if old else 2
        lines = often(30, age - 25, until, "info", ["GET /claims/{n} 200"], names[1])
        if old:
            lines.append(L(moved + 39, "warn", "SQL Error: 0, SQLState: 57P01", names[0]))
            text = "FATAL: terminating connection due to administrator command"
            lines.append(L(moved + 38.5, "error", text, names[0]))
            lines += often(75, after, 3, "warn", ["SQL Error: 0, SQLState: 08003"], names[0])
            lines += often(75, after, 3, "error", ["This connection has been closed."], names[0])
            lines += often(75, after - 1, 3, "error", ["GET /claims/{n} 500"], names[1])
        else:
            ip = claims.pods[index]["status"]["podIP"]
            rows.append(session(ip, "Deployment/claims", "idle", 10, age=age - 40, application=jdbc))
        log(w, claims, index, "logback", lines)
        labels = {"pod": claims.pod(index)}
        signal(w, "error_ratio_by_pod", labels, step(0.001, 0.97, moved) if old else flat(0.001), since=age - 30)
    for index in range(2):
        said = "HikariPool-1 - Failed to validate connection org.postgresql.jdbc.PgConnection@{n} "
        said += "(This connection has been closed.). Possibly consider using a shorter maxLifetime value."
        lines = often(5, moved - 24 - index, moved - 60, "warn", [said], "com.zaxxer.hikari.pool.PoolBase")
        lines += often(25, moved - 62 - index, 2, "info", ["GET /policies/{n} 200"], "c.p.web.RequestLog")
        log(w, policies, index, "logback", lines)
        ip = policies.pods[index]["status"]["podIP"]
        rows.append(session(ip, "Deployment/policies", "idle", 10, age=moved - 70, application=jdbc))
    sessions(w, "StatefulSet/claims-db", 100, rows)
    requests(w, "claims", rate=flat(18), errors=step(0.001, 0.73, moved), p95=flat(0.14))
    requests(w, "policies", rate=flat(9), errors=pulse(0.001, 0.5, moved + 40, moved - 60), p95=flat(0.1))
    alert(
        w, "ClaimsErrorBudgetBurn", minutes(26), "claims burns its error budget 14 times too fast", severity="critical"
    )
