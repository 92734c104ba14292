"""Limits that no curve of CPU or memory shows: FPM children, inotify instances of one node."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.events import restarting
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import config_map, hpa, nodes, secret
from tests.diagnosis.casemaker.pods import P, terminated
from tests.diagnosis.casemaker.scene import alert, postgres, redis, taken, well
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "all-children-busy-and-the-autoscaler-sees-idle-cores",
    "allotment-shop",
    "2026-03-21T09:24:00",
    title="A newsletter brings three times the visitors; every FPM child is busy while CPU stays at a third",
    drawn_from="server reached pm.max_children setting, with an autoscaler that counts CPU of children that wait",
    why="Requests tripled at nine, errors are the full listen queue of three pods, and each answer waits for the same "
    "slow-as-ever search. CPU is far below the autoscaler's target, so nothing is added; nodes have room. The theme "
    "that was released twenty minutes before the letter worked well until then.",
    expect=[Fault("Deployment/webshop-php", "capacity", "scale_workload")],
    acceptable=[
        ("resource_exhaustion", "scale_workload"),
        ("configuration_error", "scale_workload"),
        ("capacity", "page_human"),
        ("capacity", "page_human", "HorizontalPodAutoscaler/webshop-php"),
        ("configuration_error", "page_human", "HorizontalPodAutoscaler/webshop-php"),
    ],
    forbidden=["rollback_workload", "restart_workload", "no_action", "scale_database", "isolate_workload"],
)
def children_busy(w: World) -> None:
    nodes(w, "as-1", "as-2", "as-3", cpu="8")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(200))
    pool = "[www]\npm = static\npm.max_children = 12\npm.max_requests = 500\nlisten = 9000\nlisten.backlog = 64\n"
    config_map(w, "fpm-pool", {"www.conf": pool}, age=days(200))
    base = postgres(w, "shop-db")
    cache = redis(w, "shop-redis")
    image = "registry.allotment.example"
    specs = [
        pod_spec(container("fpm", f"{image}/webshop-php:{v}", port=9000, cpu=("500m", "2"), memory=("768Mi", "1Gi"),
                 ready={"exec": {"command": ["php-fpm-healthcheck"]}, "periodSeconds": 10, "timeoutSeconds": 5,
                        "failureThreshold": 6}, mounts={"pool": "/usr/local/etc/php-fpm.d"},
                 env={"SEARCH_URL": "http://search"}), volumes={"pool": "configmap/fpm-pool"})
        for v in ("2026.11", "2026.12-spring-theme")
    ]  # fmt: skip
    php = deployment(w, "webshop-php", [Rev(specs[0], days(14)), Rev(specs[1], minutes(45))], 3)
    service(w, "webshop-php", port=9000, target=9000)
    web = well(w, "webshop-nginx", "nginx:1.27.3-alpine", pods=2, age=days(60), port=8080)
    find = well(w, "search", f"{image}/search:4.4.0", pods=2, age=days(28))
    ingress(w, "shop", "www.allotment.example", [("/", "webshop-nginx", 80)])
    hpa(w, php, low=3, high=10, now=3, used=34, target=70, limited="TooFewReplicas")
    for index in range(3):
        lines = []
        for number, age in enumerate(range(1440 - 9 * index, 3, -88)):
            stamp = w.time(age).strftime("%d-%b-%Y %H:%M:%S")
            lines.append(L(age, "", f"[{stamp}] WARNING: [pool www] server reached pm.max_children setting (12), "
                           "consider raising it"))  # fmt: skip
            for _ in range(3):
                ago = age - 20 - 19 * (number % 3)
                when = w.time(ago).strftime("%d/%b/%Y:%H:%M:%S +0000")
                lines.append(L(ago, "", f'10.244.1.{40 + number} -  {when} "GET /index.php" 200'))
        log(w, php, index, "plain", lines)
    for index in range(2):
        log(w, web, index, "nginx_error", often(16, 1420, 2, "error", [
            "connect() to webshop-php:9000 failed (111: Connection refused) while connecting to upstream, client: "
            '10.244.0.3, server: _, request: "GET /category/seeds?page=2 HTTP/1.1", upstream: "fastcgi://webshop-php:9000"',
            "upstream timed out (110: Operation timed out) while reading response header from upstream, client: "
            '10.244.0.3, server: _, request: "GET /search?q=dahlia&utm_source=newsletter HTTP/1.1"']))  # fmt: skip
        log(
            w, find, index, "logfmt", often(8, 600, 1, "info", ["query q=dahlia hits=41 ms=604", "query hits=7 ms=588"])
        )
    log(w, cache, 0, "redis", often(600, 3400, 9, "info", ["Background saving terminated with success"]))
    log(w, base, 0, "postgres", often(300, 3400, 9, "log", ["checkpoint starting: time"]))
    at = minutes(24)
    requests(w, "webshop-nginx", rate=step(21, 68, at, over=180), errors=step(0.001, 0.22, at, over=200),
             p95=step(1.1, 14, at, over=200))  # fmt: skip
    requests(w, "search", rate=step(14, 36, at), errors=flat(0.0004), p95=flat(0.62))
    measured(w, php, step(0.04, 0.085, at), 0.58, prior=0.04)
    measured(w, web, step(0.05, 0.14, at), 0.2)
    measured(w, find, step(0.18, 0.41, at), 0.5)
    measured(w, base, step(0.1, 0.22, at))
    measured(w, cache, 0.05, 0.2)
    calls(w, "webshop-php", "search", 0.62)
    exact(w, "hpa_replicas", {"component": "webshop-php"}, flat(3))
    exact(w, "hpa_max", {"component": "webshop-php"}, flat(10))
    exact(w, "hpa_utilisation", {"component": "webshop-php"}, ramp(16, 34, at, minutes(20)))
    machines(w, step(0.18, 0.27, at))
    alert(w, "ShopfrontHttpErrors", minutes(19), "www.allotment.example: 5xx above 5 % for 5 minutes",
          ingress="shop", severity="critical")  # fmt: skip


@case(
    "no-inotify-instance-left-on-one-node",
    "permit-office",
    "2026-10-13T11:36:00",
    title="New .NET pods die at their start on one node only; of two services, one of which nobody released",
    drawn_from="The configured user limit (128) on the number of inotify instances has been reached",
    why="The intake's release crashes on po-node-3 and is well on the others; the fee service's pod, of a template "
    "that is two months old, dies there with the same words since it was moved. Processes of all pods of one user "
    "share the node's instances: the node has to be mended or emptied, the release is innocent.",
    expect=[Fault("Node/po-node-3", "resource_exhaustion", "page_human")],
    acceptable=[
        ("configuration_error", "page_human"),
        ("capacity", "page_human"),
        ("resource_exhaustion", "page_human", "Deployment/permit-intake"),
        ("resource_exhaustion", "page_human", "Deployment/fee-service"),
        ("configuration_error", "page_human", "Deployment/permit-intake"),
    ],
    forbidden=["rollback_workload", "scale_workload", "scale_database", "no_action", "restart_connection_pool"],
)
def inotify(w: World) -> None:
    nodes(w, "po-node-1", "po-node-2", "po-node-3", "po-node-4", cpu="16", memory="65806732Ki")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(600))
    base = postgres(w, "permits-db", image="postgres:15.8")
    image = "crpermit.azurecr.io"
    env = {"ASPNETCORE_ENVIRONMENT": "Production", "ConnectionStrings__Host": "permits-db"}

    def spec(name: str, tag: str) -> dict[str, Any]:
        return pod_spec(
            container(name, f"{image}/{name}:{tag}", env=env, ready="/health/ready", memory=("256Mi", "512Mi"))
        )

    died = terminated(134, "Error", started=201, finished=198)
    fell = terminated(134, "Error", started=95, finished=92)
    pods = [
        P(node="po-node-1"),
        P(node="po-node-2"),
        P(node="po-node-3", age=minutes(26), restarts=9, backoff="5m0s", last=died, unready=minutes(26)),
        P(rev=0, node="po-node-4", age=days(21)),
    ]
    revs = [Rev(spec("permit-intake", "20260922.4"), days(21)), Rev(spec("permit-intake", "20261013.1"), minutes(27))]
    top = deployment(w, "permit-intake", revs, pods, replicas=3)
    service(w, "permit-intake")
    pods = [
        P(node="po-node-2"),
        P(node="po-node-3", age=minutes(41), restarts=12, backoff="5m0s", last=fell, unready=minutes(41)),
    ]
    fees = deployment(w, "fee-service", [Rev(spec("fee-service", "20260811.2"), days(63))], pods)
    service(w, "fee-service")
    docs = deployment(w, "document-store", [Rev(spec("document-store", "20260903.1"), days(40))],
                      [P(node="po-node-3"), P(node="po-node-4")])  # fmt: skip
    service(w, "document-store")
    well(w, "notifier", f"{image}/notifier:88", pods=1, age=days(17), talk=True)
    front = well(w, "citizen-portal", f"{image}/citizen-portal:6.2.0", pods=2, age=hours(5),
                 before=f"{image}/citizen-portal:6.1.4", port=3000)  # fmt: skip
    trace = (
        "Unhandled exception. System.IO.IOException: "
        "The configured user limit (128) on the number of inotify instances "
        "has been reached, or the per-process limit on the number of open file descriptors has been reached.\n"
        "   at System.IO.FileSystemWatcher.StartRaisingEvents()\n"
        "   at System.IO.FileSystemWatcher.StartRaisingEventsIfNotDisposed()\n"
        "   at System.IO.FileSystemWatcher.set_EnableRaisingEvents(Boolean value)\n"
        "   at Microsoft.Extensions.FileProviders.Physical.PhysicalFilesWatcher.TryEnableFileSystemWatcher()\n"
        "   at Microsoft.Extensions.FileProviders.Physical.PhysicalFilesWatcher.CreateFileChangeToken(String filter)\n"
        "   at Microsoft.Extensions.Configuration.FileConfigurationProvider..ctor(FileConfigurationSource source)\n"
        "   at Microsoft.Extensions.Hosting.HostBuilder.InitializeAppConfiguration()\n"
    )
    for made, index, app in ((top, 3, "Permit.Intake"), (fees, 1, "Permit.Fees")):
        for older in (True, False):
            log(w, made, index, "plain", [L(9, "", f"{trace}   at {app}.Program.Main(String[] args)")], previous=older)
    restarting(w, top.pods[3], first=minutes(25.6), last=14, count=112)
    restarting(w, fees.pods[1], first=minutes(40.7), last=31, count=181)
    fine = "info: Microsoft.AspNetCore.Hosting.Diagnostics[2]\n      Request finished HTTP/1.1 {} - 200 {}ms"
    for made, index, path in ((top, 1, "POST /intake"), (top, 2, "POST /intake"), (top, 0, "GET /intake/71"),
                              (fees, 0, "GET /fees"), (docs, 0, "GET /docs/4"), (docs, 1, "PUT /docs/4")):  # fmt: skip
        log(
            w,
            made,
            index,
            "plain",
            [L(a, "", fine.format(path, f"{7 + a % 31}.{1000 + a}")) for a in range(900, 5, -43)],
        )
    log(w, front, 0, "pino", often(14, 900, 2, "info", ["GET /permits 200 84ms", "POST /permits 200 132ms"]))
    log(w, base, 0, "postgres", often(300, 3400, 9, "log", ["checkpoint starting: time"]))
    alert(w, "DeploymentRolloutStuck", minutes(16), "permit-intake: rollout exceeded its progress deadline",
          deployment="permit-intake", severity="warning")  # fmt: skip
    taken(w, ("objects", True, ""), ("logs", True, ""), ("metrics", False, "no Prometheus was named"))
